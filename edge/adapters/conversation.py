"""One connection to the daemon, for a program that waits for many at once.

    async with conversation(path) as daemon:
        daemon.send(Describe())
        reply = await daemon.receive()

What is under way at the end is stopped: a client that has gone is not spoken for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

from edge.client import READ_BYTES
from edge.errors import ConnectionLost, NoDaemon
from edge.protocol import ErrorReply, Reply, ReplyDecoder, Request, Stop, encode


class Conversation:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._decoder = ReplyDecoder()
        self._received: deque[Reply] = deque()

    def send(self, message: Request) -> None:
        self._writer.write(encode(message))

    async def receive(self) -> Reply:
        """Raises ConnectionLost, and the daemon's own errors by code."""
        while not self._received:
            try:
                data = await self._reader.read(READ_BYTES)
            except OSError:
                data = b""
            if not data:
                raise ConnectionLost(
                    "the daemon went away in the middle of an answer", "Ask again."
                )
            self._received.extend(self._decoder.messages(data))
        message = self._received.popleft()
        if isinstance(message, ErrorReply):
            raise message.error()
        return message


@contextlib.asynccontextmanager
async def conversation(path: Path) -> AsyncIterator[Conversation]:
    """Raises NoDaemon."""
    try:
        reader, writer = await asyncio.open_unix_connection(path)
    except OSError as error:
        raise NoDaemon(
            f"no daemon answers on {path}: {error.strerror or error}", "Start it: edge serve"
        ) from None
    try:
        yield Conversation(reader, writer)
    finally:
        # Closing alone is not enough: a shell that shuts its half still waits for its answer, so
        # the daemon would find out only when it has more to send.
        with contextlib.suppress(OSError):
            writer.write(encode(Stop()))
        writer.close()
