"""`edge serve` with the marking voice, a wall clock that jumps, and, unless it is the sound
server's turn, a sound card that is a pipe.

    python -m tests.system.chaos.daemon [--card DESCRIPTOR --lost FILE] serve ...
    python -m tests.system.chaos.daemon --tap DESCRIPTOR serve ... --device pulse
"""

from __future__ import annotations

import faulthandler
import os
import random
import sys
import threading
import time
from collections import deque
from pathlib import Path

from edge.cli import run
from edge.errors import NoSoundDevice
from edge.families import FAMILIES, Family
from edge.pcm import Samples, to_int16
from edge.sound import failover
from tests.system.chaos.device_tap import tap

FASTER = 4
"""Than a real card: more happens in a minute."""
LATENCY_S = 0.005
"""So little that what a loss may have swallowed is told as well as at the pace of a real card."""
JUMP_S = 400_000_000
"""A board without a clock of its own wakes up in 1970 and learns the year minutes later."""


class PipeSink:
    """The contract of edge.sound.sink.Sink. What it was given is heard, as bytes in a pipe, when
    its time has come; what has not been is lost by an abort, and with the device."""

    name, latency_s = "pipe", LATENCY_S * FASTER

    def __init__(self, descriptor: int, lost: Path, rate: int) -> None:
        self._descriptor, self._lost, self._rate = descriptor, lost, rate
        self._changed = threading.Condition()
        self._waiting: deque[tuple[float, bytes]] = deque()  # with when each has been heard
        self._end = 0.0
        self._life = 0

    def write(self, samples: Samples) -> bool:
        with self._changed:
            life = self._life
            self._check()
            self._end = max(self._end, time.monotonic()) + len(samples) / self._rate / FASTER
            self._waiting.append((self._end, to_int16(samples).tobytes()))
            self._wait(LATENCY_S, life)
        return False

    def finish(self) -> None:
        with self._changed:
            self._check()
            self._wait(0.0, self._life)

    def interrupt(self) -> None:
        self.abort()

    def abort(self) -> None:
        with self._changed:
            self._life += 1
            self._drop()
            self._changed.notify_all()

    def close(self) -> None:
        self.abort()

    def _check(self) -> None:
        if self._lost.exists():
            self._drop()
            raise NoSoundDevice("the pipe is lost", "Wait.")

    def _drop(self) -> None:
        self._play()
        self._waiting.clear()
        self._end = 0.0

    def _play(self) -> None:
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            os.write(self._descriptor, self._waiting.popleft()[1])

    def _wait(self, most_s: float, life: int) -> None:
        while self._life == life:
            self._play()
            left = self._end - time.monotonic() - most_s
            if left <= 0:
                return
            self._changed.wait(left)


def main(arguments: list[str]) -> int:
    faulthandler.enable()  # a crash says in the log where it was
    FAMILIES["tone"] = Family("tone", run="tests.system.chaos.voice")
    chance = random.Random(1)
    time.time = lambda: time.monotonic() + chance.uniform(0, JUMP_S)  # type: ignore[assignment]
    time.time_ns = lambda: int(1e9 * time.time())  # type: ignore[assignment]
    if arguments[0] == "--card":
        descriptor, lost = int(arguments[1]), Path(arguments[3])
        arguments = arguments[4:]

        def pipe_sink(device: str | None, rate: int, *_: object) -> PipeSink:
            if lost.exists():
                raise NoSoundDevice("the pipe is lost", "Wait.")
            return PipeSink(descriptor, lost, rate)

        failover.PortAudioSink = pipe_sink  # type: ignore[assignment, misc]
    elif arguments[0] == "--tap":
        tap(int(arguments[1]))
        arguments = arguments[2:]
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
