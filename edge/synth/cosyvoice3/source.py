"""The vocoder's source signal: sines at the pitch and its harmonics, and noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge.pcm import Samples
from edge.synth.cosyvoice3.settings import SourceNumbers


class Source:
    """One segment's signal, in stretches; its samples do not depend on how it is cut.

    `wrapped` keeps the phase within one turn, frame by frame. Without, it grows and is rounded as
    in the released code: bit for bit its equal, and worse the longer a sentence is.
    """

    def __init__(
        self, numbers: SourceNumbers, rate: int, seed: Sequence[int], wrapped: bool = True
    ) -> None:
        self._numbers, self._rate, self._wrapped = numbers, rate, wrapped
        self._random = np.random.default_rng(seed)
        self._turns = np.zeros(numbers.harmonics, np.float64)

    def make(self, f0: npt.NDArray[np.float64]) -> Samples:
        """Pitch in Hz of the next frames (frames,), 0 where there is none, to `frame` samples
        each."""
        numbers, frame = self._numbers, self._numbers.frame
        # A sine stands still within a frame: the released code holds the phase, not the pitch.
        pitch = f0.astype(np.float32)
        each = np.arange(1, numbers.harmonics + 1, dtype=np.float32)
        turns = (pitch[:, None] * each / np.float32(self._rate)) % np.float32(1)
        sines = np.float32(numbers.sine) * np.sin(self._phase(turns))
        voiced = (pitch > numbers.voiced_hz)[:, None]
        # Uniform noise in [0, 1), and not around zero: so the model was trained.
        noise = self._random.random((len(pitch) * frame, numbers.harmonics), np.float32)
        loudness = np.where(voiced, numbers.noise, numbers.sine / 3).astype(np.float32)
        waves = np.repeat(sines * voiced, frame, axis=0)
        waves += np.repeat(loudness, frame, axis=0) * noise
        mixed = waves @ np.array(numbers.weight, np.float32) + np.float32(numbers.bias)
        signal: Samples = np.tanh(mixed)
        return signal

    def _phase(self, turns: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        frame = self._numbers.frame
        ends = self._turns + np.cumsum(turns, axis=0, dtype=np.float64)
        if not len(turns):
            return turns
        self._turns = ends[-1]
        if self._wrapped:
            self._turns = self._turns % 1.0
            return np.asarray(2 * np.pi * ((ends * frame) % 1.0), np.float32)
        return ends.astype(np.float32) * np.float32(2) * np.float32(np.pi) * np.float32(frame)
