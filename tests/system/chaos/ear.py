"""What was heard, word by word, from int16 samples as they come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from tests.system.chaos.voice import BEEP, GAP, SHORTEST, told_by

SILENCE = GAP // 3
"""Frames of zeros that no beep holds."""
SLACK = 32


class Ear:
    """`heard(utterance, word, frames)` is called for each word, or stretch of one; `feed` takes
    bytes, from one thread."""

    def __init__(self, heard: Callable[[int, int, int], None]) -> None:
        self._heard = heard
        self._rest = np.zeros(0, np.int16)
        self._odd = b""
        self._lock = threading.Lock()
        self.frames = 0
        self.scraps: list[int] = []  # frames of what was too short or too mixed to tell

    def feed(self, data: bytes) -> None:
        data = self._odd + data
        self._odd = data[len(data) // 2 * 2 :]
        samples = np.frombuffer(data[: len(data) // 2 * 2], np.int16)
        with self._lock:
            self.frames += len(samples)
            self._rest = np.concatenate([self._rest, samples])
            self._take(ended=False)

    def cut(self) -> None:
        """What comes next is of another device, or another daemon."""
        with self._lock:
            self._take(ended=True)
            self._rest, self._odd = self._rest[:0], b""

    def _take(self, ended: bool) -> None:
        loud = np.flatnonzero(np.abs(self._rest) > 2)
        if not len(loud):
            self._rest = self._rest[-SILENCE:]
            return
        breaks = np.flatnonzero(np.diff(loud) > SILENCE)
        runs = np.split(loud, breaks + 1)
        last = runs[-1]
        if not ended and len(self._rest) - last[-1] <= SILENCE:
            runs.pop()
        for run in runs:
            for piece in pieces(self._rest[run[0] : run[-1] + 1]):
                self._tell(piece)
        kept = last[0] if len(runs) == 0 or runs[-1] is not last else last[-1] + 1
        self._rest = self._rest[kept:]

    def _tell(self, piece: npt.NDArray[np.int16]) -> None:
        told = told_by(piece.astype(np.float32))
        if told is None:
            self.scraps.append(len(piece))
        else:
            self._heard(*told, len(piece))


def pieces(run: npt.NDArray[np.int16]) -> Iterator[npt.NDArray[np.int16]]:
    """A whole beep is the last one; what stands before it without a gap was cut short."""
    if len(run) > BEEP + SLACK:
        before = run[: len(run) - BEEP]
        if len(before) >= SHORTEST:
            yield before[-BEEP:]
        run = run[len(run) - BEEP :]
    yield run
