"""Stand-ins for what a test machine lacks; each keeps the contract of the real thing."""

from __future__ import annotations

import threading
import time

import numpy as np

from edge.errors import NoSoundDevice
from edge.pcm import Samples

BLOCK_S = 0.010


class FakeSink:
    """A sound card that only remembers: `heard` is what an ear would have heard.

    `paced` plays in real time with a buffer of `latency_s`, and abort loses what waits in it;
    else a write returns at once. The next `failures` writes raise NoSoundDevice.
    """

    name = "paced"

    def __init__(
        self, rate: int, paced: bool = False, latency_s: float = 0.06, failures: int = 0
    ) -> None:
        self.rate = rate
        self.failures = failures
        self.closed = False
        self._paced = paced
        self._latency_s = latency_s
        self._changed = threading.Condition()
        self._life = object()
        self._blocks: list[Samples] = []  # played or on its way
        self._end = 0.0  # when all of it will have been played, monotonic seconds

    @property
    def latency_s(self) -> float:
        return self._latency_s

    @property
    def heard(self) -> Samples:
        """float32 (frames,) since the beginning."""
        with self._changed:
            return np.concatenate([np.zeros(0, np.float32), *self._blocks])

    def write(self, samples: Samples) -> bool:
        life, underrun = self._life, False
        size = max(1, round(BLOCK_S * self.rate))
        for start in range(0, len(samples), size):
            block = np.array(samples[start : start + size], np.float32)
            with self._changed:
                if self.failures:
                    self.failures -= 1
                    raise NoSoundDevice("the sound device cannot be used: fake", "Try again.")
                if not self._wait(self._latency_s, life):
                    return underrun
                now = time.monotonic()
                underrun |= self._paced and 0 < self._end < now
                self._end = max(self._end, now) + len(block) / self.rate
                self._blocks.append(block)
        return underrun

    def finish(self) -> None:
        life = self._life
        with self._changed:
            if self._wait(0.0, life):
                self._end = 0.0

    def interrupt(self) -> None:
        self.abort()

    def abort(self) -> None:
        with self._changed:
            self._life = object()
            if self._paced:
                self._forget_unheard()
            self._end = 0.0
            self._changed.notify_all()

    def close(self) -> None:
        self.abort()
        self.closed = True

    def _wait(self, most_s: float, life: object) -> bool:
        """Until at most `most_s` of sound waits; False if aborted meanwhile."""
        while self._life is life:
            waiting = self._end - time.monotonic() - most_s if self._paced else 0.0
            if waiting <= 0:
                return True
            self._changed.wait(waiting)
        return False

    def _forget_unheard(self) -> None:
        waiting = max(0, round((self._end - time.monotonic()) * self.rate))
        everything = np.concatenate([np.zeros(0, np.float32), *self._blocks])
        self._blocks = [everything[: max(0, len(everything) - waiting)]]
