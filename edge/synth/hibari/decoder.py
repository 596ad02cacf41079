"""The decoder of a hibari voice: frames in chunks -> pitch and spectra.

Its two halves look ahead: pitch comes of 1.35 s of prosody beyond its place, a spectrum of 0.34 s
of content and pitch. So a run is given more of the prosody than of the content, and the first
spectra of a short sentence do not wait for all of them. Bundles of format 1 have one half, which
is given as much of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from edge.bundle import Bundle
from edge.pcm import Samples
from edge.synth.gpu.windows import WindowDecoder
from edge.synth.session import Array

WINDOWS = (160, 384)
"""Frames of a window on a GPU: 4 s, which most sentences do not fill, and 9.6 s. 68 frames at
either edge are heard from the neighbour."""


@dataclass(frozen=True)
class Made:
    """The work of one run. `spectra` has the session's outputs."""

    f0: Samples
    """Hz, the next ones, some way ahead of the spectra."""
    pitch_ends: bool
    """True if the sentence has no more of them."""
    spectra: Mapping[str, Array]
    ends: bool


class Graph(Protocol):
    """A loaded decoder: a bundle's, which is a Session, or one that a build has just written."""

    @property
    def inputs(self) -> Mapping[str, Any]: ...

    @property
    def metadata(self) -> Mapping[str, str]: ...

    def run(self, inputs: dict[str, Array]) -> dict[str, Array]: ...


class SpectraDecoder:
    def __init__(self, graph: Graph) -> None:
        self._graph, metadata = graph, graph.metadata
        self.spectra_per_frame = int(metadata["spectra_per_frame"])
        self.look_ahead = int(metadata["min_first_frames"])
        self.granularity = int(metadata.get("granularity", 1))
        self._ahead = int(metadata.get("ahead", 0))
        self._step = int(metadata.get("ahead_granularity", self.granularity))
        self._apart = "waiting" in graph.inputs
        self._states: dict[str, Array] = {
            name: np.zeros([n if isinstance(n, int) else 0 for n in shape], np.float32)
            for name, shape in graph.inputs.items()
            if name.startswith("state_") or name == "waiting"
        }
        least = int(metadata.get("least_ahead", 1))
        self._nothing = np.zeros((1, int(graph.inputs["prosody"][1]), least), np.float32)

    def run(self, frames: Mapping[str, Array], lengths: Sequence[int]) -> Iterator[Made]:
        """Make what follows from content and prosody (1, channels, frames), so many frames of the
        content in each run; the lengths add up to all."""
        content, prosody = frames["content"], frames["prosody"]
        count, stop, fed, states = content.shape[2], 0, 0, self._states
        for length in lengths:
            start, stop, begin = stop, stop + length, fed
            fed = min(count, -(-(stop + self._ahead) // self._step) * self._step)
            fed = fed if self._apart else stop
            over = begin == count  # the half that looks further ahead is done
            flags = {"first": start == 0, "last": fed == count and not over}
            if self._apart:
                flags["ends"] = stop == count
            outputs = self._graph.run(
                {
                    "content": content[:, :, start:stop],
                    "prosody": self._nothing if over else prosody[:, :, begin:fed],
                    **{name: np.array([flag]) for name, flag in flags.items()},
                    **states,
                }
            )
            states = {name: outputs[f"next_{name}"] for name in states}
            f0 = outputs["f0"][0]
            yield Made(f0[:0] if over else f0, fed == count, outputs, stop == count)


class WindowedSpectra:
    """The same on a GPU: without state, in windows of two lengths."""

    def __init__(self, bundle: Bundle, graph: str) -> None:
        self._windows = WindowDecoder(bundle, graph, {}, WINDOWS)
        self.provider, self.spectra_per_frame = self._windows.provider, self._windows.hop

    def run(self, frames: Mapping[str, Array]) -> Iterator[Made]:
        """Make what follows from content and prosody (1, channels, frames)."""
        count, known, hop = frames["content"].shape[2], 0, self.spectra_per_frame
        for window, outputs in self._windows.decode(frames, {}):
            begin, end = window.begin - window.start, window.end - window.start
            ends = window.end == count
            # Pulses are made between two f0: one frame more than there are spectra.
            first, known = known, window.end if ends else window.end + 1
            f0 = outputs.pop("f0")[0, (first - window.start) * hop : (known - window.start) * hop]
            spectra = {name: value[:, begin * hop : end * hop] for name, value in outputs.items()}
            yield Made(f0, ends, spectra, ends)
