"""Texts that come piece by piece: one of each kind per connection, each with its limits.

A client that sends faster than is spoken waits: its connection is not read until there is room.
One that falls silent may do so for as long as it is connected, unless the configuration says
otherwise; a chunk that comes after its text was ended is answered, and never swallowed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edge.daemon.connection import Connection
from edge.daemon.synthesis import Synthesis
from edge.errors import BadMessage, EdgeError, StreamEnded, TextTooLong
from edge.protocol import MAX_STREAM

Kind = Literal["speak", "synthesize"]

MAX_WAITING_TEXT = 20_000
"""Characters that may wait for synthesis; with more, the connection is not read any further."""


@dataclass
class _Stream:
    """`id` is None where the start was refused: its chunks then mean nothing."""

    id: str | None
    """Its ticket."""
    received: int = 0
    silence_s: float = 0.0
    """Seconds of silence that ended it; 0 while it is open."""
    timer: asyncio.TimerHandle | None = None

    def stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()


class TextStreams:
    """Not thread-safe: the sockets' loop owns it."""

    def __init__(self, synthesis: Synthesis, silence_s: Callable[[], float] = lambda: 0.0) -> None:
        """`silence_s()` is how long a stream may be silent, 0 without end."""
        self._synthesis, self._silence_s = synthesis, silence_s
        self._open: dict[tuple[Connection, Kind], _Stream] = {}

    def is_open(self, connection: Connection, kind: Kind) -> bool:
        stream = self._open.get((connection, kind))
        return stream is not None and not stream.silence_s

    def check_none(self, connection: Connection, kind: Kind) -> None:
        if self.is_open(connection, kind):
            raise BadMessage(
                f"{kind}-start: a stream is open already", f"End it first: {kind}-stop"
            )

    def open(self, connection: Connection, kind: Kind, id: str | None) -> None:
        stream = self._open[connection, kind] = _Stream(id)
        self._restart_timer(connection, kind, stream)

    def chunk(self, connection: Connection, kind: Kind, text: str) -> None:
        """Pass text on. Raises BadMessage without a stream, TextTooLong over its limit."""
        stream = self._find(connection, kind, "chunk")
        if stream.silence_s:
            raise StreamEnded(
                f"{kind}-chunk: the stream ended when nothing came for {stream.silence_s:g} s, "
                "and this is not spoken",
                f"Begin another with {kind}-start; access.stream_silence_s sets how long.",
            )
        self._restart_timer(connection, kind, stream)
        if stream.received + len(text) > MAX_STREAM:
            raise TextTooLong(
                f"{kind}-chunk: the stream has {stream.received:,} characters and gets "
                f"{len(text):,}; the limit is {MAX_STREAM:,}",
                f"End it with {kind}-stop, and start the next.",
            )
        stream.received += len(text)
        if stream.id is not None and self._synthesis.feed(stream.id, text) > MAX_WAITING_TEXT:
            connection.hold()
            stream.stop_timer()

    def close(self, connection: Connection, kind: Kind) -> None:
        """Take a stream's text as whole. Raises BadMessage without a stream."""
        self._end(connection, kind, self._find(connection, kind, "stop"))

    def took(self, id: str, waiting: int) -> None:
        """Read on where a client was held, once synthesis leaves few enough characters waiting."""
        for (connection, kind), stream in self._open.items():
            if stream.id == id and connection.held and waiting <= MAX_WAITING_TEXT:
                connection.release()
                self._restart_timer(connection, kind, stream)

    def over(self, id: str) -> None:
        """Pass over whatever more is sent of the text of an utterance that has ended."""
        self.took(id, 0)
        for stream in self._open.values():
            if stream.id == id:
                stream.id = None  # somebody else may use it now

    def end_all(self, connection: Connection) -> None:
        """Take the texts of a connection as whole from which nothing more comes."""
        for kind in ("speak", "synthesize"):
            stream = self._open.get((connection, kind))
            if stream is not None:
                self._end(connection, kind, stream)

    def break_off(self, connection: Connection, error: EdgeError) -> None:
        """Fail the texts of a connection on which some of it was lost: they are not whole."""
        for kind in ("speak", "synthesize"):
            stream = self._open.get((connection, kind))
            if stream is not None and stream.id is not None:
                self._synthesis.break_off(stream.id, error)

    def _find(self, connection: Connection, kind: Kind, what: str) -> _Stream:
        if (connection, kind) not in self._open:
            raise BadMessage(
                f"{kind}-{what}: no stream is open",
                f"Begin with {kind}-start.",
            )
        return self._open[connection, kind]

    def _end(self, connection: Connection, kind: Kind, stream: _Stream) -> None:
        stream.stop_timer()
        del self._open[connection, kind]
        if stream.id is not None:
            self._synthesis.end_text(stream.id)

    def _restart_timer(self, connection: Connection, kind: Kind, stream: _Stream) -> None:
        stream.stop_timer()
        if silence_s := self._silence_s():
            loop = asyncio.get_running_loop()
            stream.timer = loop.call_later(silence_s, self._fall_silent, stream, silence_s)

    def _fall_silent(self, stream: _Stream, silence_s: float) -> None:
        """End a text of which nothing more came; its place is kept, so that what comes all the
        same is answered."""
        stream.silence_s = silence_s
        if stream.id is not None:
            self._synthesis.end_text(stream.id)
