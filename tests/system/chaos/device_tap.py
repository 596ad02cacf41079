"""What a daemon gives to its sound device, to explain a word that nobody recorded: the daemon
never gave it, threw it away, or the sound server or its recorder lost it."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from typing import Any

from edge.sound import devices
from tests.system.chaos.ear import Ear

_HEAD = struct.Struct("=dcI")
"""When, on the clock that all processes share; what; bytes that follow."""
GIVEN = b"w"
CALLS = {b"s": "start", b"a": "abort", b"c": "close", b"e": "failed"}


class TappedStream:
    """A stream of PortAudio's, every call of which is told in a pipe. It asks for no memory to
    speak of, since the daemon's allocations may be failing."""

    def __init__(self, stream: Any, pipe: int) -> None:
        self._stream, self._pipe = stream, pipe

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, block: Any) -> Any:
        try:
            underrun = self._stream.write(block)
        except Exception:
            self._tell(b"e")
            raise
        self._tell(GIVEN, memoryview(block).cast("B"))
        return underrun

    def start(self) -> None:
        self._stream.start()
        self._tell(b"s")

    def abort(self) -> None:
        self._tell(b"a")
        self._stream.abort()

    def close(self) -> None:
        self._tell(b"c")
        self._stream.close()

    def _tell(self, what: bytes, data: bytes | memoryview = b"") -> None:
        os.writev(self._pipe, [_HEAD.pack(time.monotonic(), what, len(data)), data])


def tap(pipe: int) -> None:
    """Have this process tell in a pipe what it gives to its devices, which take one channel."""
    open_output = devices.open_output
    devices.open_output = lambda *args: TappedStream(open_output(*args), pipe)  # type: ignore[assignment]


def read_tap(
    pipe: int,
    heard: Callable[[float, int, int, int], None],
    called: Callable[[float, str], None],
) -> None:
    """Call `heard(time, utterance, word, frames)` and `called(time, what)` to the daemon's end."""
    at = 0.0
    ear = Ear(lambda utterance, word, frames: heard(at, utterance, word, frames))
    with os.fdopen(pipe, "rb") as stream:
        while len(head := stream.read(_HEAD.size)) == _HEAD.size:
            at, what, size = _HEAD.unpack(head)
            if what == GIVEN:
                ear.feed(stream.read(size))
            else:
                ear.cut()
                called(at, CALLS[what])
    ear.cut()
    called(time.monotonic(), "the daemon's end")
