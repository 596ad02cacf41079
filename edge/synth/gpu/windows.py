"""A sentence decoded in overlapping windows of few fixed lengths, for a GPU.

CUDA and TensorRT plan, compile or record a graph for each shape that they meet: 100 ms and more
for a new one, minutes with TensorRT. So a GPU's decoder has no state and sees two lengths only,
both before the first sentence. What is within `context` frames of a window's edge is heard from
its neighbour; at the two ends of the sentence the edge is the sentence's own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from edge.bundle import Bundle
from edge.errors import ModelFailed, ProviderMissing
from edge.pcm import Samples
from edge.synth.session import Array, Session
from edge.synth.variants import on_gpu

log = logging.getLogger(__name__)

SIZES = (64, 256)
"""Frames of a Piper decoder: about 0.25 s of sound in the first window and 2 s in each of the
others."""


@dataclass(frozen=True)
class Window:
    """`size` frames from `start`, of whose sound the frames `begin` to `end` are used; all but
    `size` are counted in the sentence, behind whose end the window is filled and masked."""

    start: int
    size: int
    begin: int
    end: int


def plan_windows(frames: int, context: int, sizes: tuple[int, ...] = SIZES) -> Iterator[Window]:
    """Yield the windows of a sentence: a small one for the first sound, then large ones."""
    done = 0
    while done < frames:
        start = max(0, done - context)
        # The smallest that reaches the end of the sentence, if any does.
        last = next((size for size in sizes if start + size >= frames), None)
        if last is not None and (done or last == sizes[0]):
            yield Window(max(0, frames - last), last, done, frames)
            return
        size = sizes[-1] if done else sizes[0]
        end = start + size - context
        yield Window(start, size, done, end)
        done = end


class WindowDecoder:
    """The decoder of a variant made by one of the recipes *-window."""

    def __init__(
        self,
        bundle: Bundle,
        graph: str,
        extra: Mapping[str, Array],
        sizes: tuple[int, ...] = SIZES,
    ) -> None:
        """`extra` are inputs beside frames. Raises ProviderMissing, ModelFailed."""
        self._sizes = sizes
        chain = on_gpu(bundle.profile.runtime.providers.decoder)
        while True:
            self._session = Session(bundle, graph, chain, sizes)
            self.provider = self._session.provider
            self.hop = int(self._session.metadata["hop"])
            """Positions of each output in a frame."""
            self._context = int(self._session.metadata["context"])
            if not 0 < self._context < sizes[0]:
                raise ModelFailed(
                    f"{graph} needs {self._context} frames around a window of {sizes[0]}",
                    "Build the voice again: edge build",
                )
            # A provider counts once it has run: one that was not compiled for this GPU is offered,
            # loads, and has no code to run.
            try:
                self.warm_up(extra)
                return
            except ModelFailed as error:
                place = [provider.name for provider in chain].index(self.provider)
                if chain[place].require or not chain[place + 1 :]:
                    raise ProviderMissing(
                        f"{self.provider} was given for {graph} and cannot run it: "
                        + error.message,
                        "Run edge doctor: it names the onnxruntime build for this board.",
                    ) from None
                log.warning("not %s: %s", self.provider, error.message)
                chain = chain[place + 1 :]

    def warm_up(self, extra: Mapping[str, Array]) -> None:
        """Meet every length that there will be."""
        frames = {
            name: np.zeros((1, int(shape[1]), 1), np.float32)
            for name, shape in self._session.inputs.items()
            if name != "mask" and name not in extra
        }
        for size in self._sizes:
            self._run(frames, size, extra)

    def decode(
        self, frames: Mapping[str, Samples], extra: Mapping[str, Array]
    ) -> Iterator[tuple[Window, dict[str, Array]]]:
        """Run each window of the frames, float32 (1, channels, frames) each; gives its outputs
        whole, of which `begin` to `end` count."""
        count = next(iter(frames.values())).shape[2]
        for window in plan_windows(count, self._context, self._sizes):
            stop = window.start + window.size
            part = {name: value[:, :, window.start : stop] for name, value in frames.items()}
            yield window, self._run(part, window.size, extra)

    def _run(
        self, part: Mapping[str, Samples], size: int, extra: Mapping[str, Array]
    ) -> dict[str, Array]:
        filled = {
            name: np.zeros((1, value.shape[1], size), np.float32) for name, value in part.items()
        }
        mask = np.zeros((1, 1, 1, size), np.float32)
        for name, value in part.items():
            filled[name][:, :, : value.shape[2]] = value
            mask[..., : value.shape[2]] = 1
        shapes = {
            name: tuple(n if isinstance(n, int) else size * self.hop for n in shape)
            for name, shape in self._session.output_shapes.items()
        }
        return self._session.run_fixed({**filled, "mask": mask, **extra}, shapes)
