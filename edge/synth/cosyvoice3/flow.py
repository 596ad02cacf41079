"""Speech tokens to a mel spectrogram: ten guided Euler steps from a fixed noise."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle, Variant
from edge.synth.cosyvoice3.providers import CPU, heavy
from edge.synth.cosyvoice3.settings import Settings
from edge.synth.cosyvoice3.speaker import Speaker
from edge.synth.session import Array, Session

NOISE = "noise.npy"

Mel = npt.NDArray[np.float32]


class Flow:
    def __init__(self, bundle: Bundle, variant: Variant, settings: Settings) -> None:
        self._numbers = settings.flow
        self._front = Session(bundle, variant.graphs["flow_front"], CPU)  # 1 M weights
        self._step = Session(bundle, variant.graphs["flow_step"], heavy(bundle))
        self.provider = self._step.provider
        # The same in every request, as the released model does: its mel depends on nothing else.
        noise: Array = np.load(bundle.file(NOISE), allow_pickle=False)
        self._noise = noise.reshape(1, settings.flow.mels, -1).astype(np.float32)
        self._times = step_times(settings.flow.steps)

    @property
    def longest(self) -> int:
        """Tokens of prompt and speech together: there is no noise for more."""
        return self._noise.shape[2] // self._numbers.frames_per_token

    def run(
        self, tokens: Sequence[int], speaker: Speaker, blocks: bool, final: bool
    ) -> Generator[None, None, Mel]:
        """Returns the mel (mels, frames) of the tokens after the speaker's own; yields after each
        step, so that it can be dropped there.

        `blocks`: a frame sees its block and those before it, so that more tokens change no frame
        of a whole block; else every frame sees all. Unless `final`, the last tokens are only
        looked ahead to.
        """
        numbers = self._numbers
        every = np.array([[*speaker.tokens, *tokens]], np.int64)
        front = self._front.run({"token": every, "xvec": speaker.vector[None]})
        mu, spks = front["mu"], front["spks"]
        if not final:
            mu = mu[:, :, : mu.shape[2] - numbers.look_ahead_tokens * numbers.frames_per_token]
        length, begin = mu.shape[2], speaker.mel.shape[1]
        cond = np.zeros((1, numbers.mels, length), np.float32)
        cond[0, :, :begin] = speaker.mel
        mask = np.ones((1, 1, length, length), np.bool_)
        if blocks:
            mask[0, 0] = block_mask(length, numbers.block_frames)
        x = self._noise[:, :, :length].copy()
        t, fixed = self._times[0], {"mu": mu, "cond": cond, "spks": spks, "attn_mask": mask}
        for place, step in enumerate(np.diff(self._times)):
            v = self._step.run({"x": x, "t": np.array([t], np.float32), **fixed})["v"]
            x = x + step * v
            t = self._times[place + 1]
            yield
        mel: Mel = x[0, :, begin:]
        return mel


def step_times(steps: int) -> npt.NDArray[np.float32]:
    """Small steps first: 1 - cos of even ones. An even grid is a mistake that some ports made."""
    even = np.linspace(0, 1, steps + 1, dtype=np.float32)
    return np.asarray(1 - np.cos(even * np.float32(0.5 * np.pi)), np.float32)


def block_mask(frames: int, block: int) -> npt.NDArray[np.bool_]:
    """(frames, frames), true where a frame (row) sees another; blocks count from the prompt on."""
    numbers = np.arange(frames) // block
    seen: npt.NDArray[np.bool_] = numbers[:, None] >= numbers[None]
    return seen
