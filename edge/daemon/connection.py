"""One client: its bytes decoded in, its messages sent out, without ever holding up the others."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from edge.daemon.access import Peer
from edge.errors import BadFrame
from edge.protocol import ErrorReply, Reply, Request, RequestDecoder, encode

log = logging.getLogger(__name__)

READ_BYTES = 1 << 16
MAX_UNSENT_MESSAGES = 2048
"""Messages that may wait for a client to read; short ones: sound waits in the synthesis thread."""
SEND_TIMEOUT_S = 30.0
"""Seconds after which a reader that takes nothing is dead or stopped."""
RELOAD = " reload"
"""Stands for a reload among the ids that a connection waits for; no utterance's has a space."""
LAST_WORDS_S = 1.0
"""Seconds that a closing connection may take to send what was promised."""

OnSent = Callable[[], None]


class Connection:
    """Not thread-safe: the sockets' loop owns it."""

    def __init__(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.number = number
        self.peer = Peer.of(writer.get_extra_info("socket"))
        self._reader, self._writer = reader, writer
        self._decoder = RequestDecoder()
        self._outbox: asyncio.Queue[tuple[bytes, OnSent | None] | None] = asyncio.Queue()
        self._sender = asyncio.create_task(self._send_all())
        self._requests = 0
        self._pending: set[str] = set()
        self._settled = asyncio.Event()
        self._may_read = asyncio.Event()
        self._may_read.set()

    def next_id(self) -> str:
        """Make an id for a request that came without one."""
        self._requests += 1
        return f"u{self.number}-{self._requests}"

    def expect(self, id: str) -> None:
        """Note that this utterance's end is still to be told."""
        self._pending.add(id)
        self._settled.clear()

    def settle(self, id: str) -> None:
        """Note that this utterance's end has been told."""
        self._pending.discard(id)
        if not self._pending:
            self._settled.set()

    @property
    def held(self) -> bool:
        return not self._may_read.is_set()

    def hold(self) -> None:
        """Take nothing more from the client until release()."""
        self._may_read.clear()

    def release(self) -> None:
        self._may_read.set()

    async def serve(
        self, handle: Callable[[Connection, Request], None], at_end: Callable[[Connection], None]
    ) -> None:
        """Decode and hand over messages until the client leaves or breaks the framing.

        `at_end` is called when no more messages come, before the answers are waited for.
        """
        try:
            while data := await self._reader.read(READ_BYTES):
                for message in self._decoder.messages(data):
                    if isinstance(message, ErrorReply):
                        self.send(message)
                    else:
                        handle(self, message)
                    if self.held:
                        await self._unless_gone(self._may_read)
        except BadFrame as error:
            log.info("client %d: %s", self.number, error.message)
            self.send(ErrorReply.of(error))
        except OSError as error:
            log.debug("client %d left: %s", self.number, error)
        else:
            # A shell that sends one line and shuts its half still reads the answer, so what is
            # under way is waited for; a client that is gone altogether makes the sender fail.
            at_end(self)
            if self._pending:
                await self._unless_gone(self._settled)
        await self.close()

    async def _unless_gone(self, event: asyncio.Event) -> None:
        """Wait for the event, or until nothing can be sent to the client any more."""
        came = asyncio.create_task(event.wait())
        await asyncio.wait([came, self._sender], return_when=asyncio.FIRST_COMPLETED)
        came.cancel()

    def send(self, message: Reply, on_sent: OnSent | None = None) -> None:
        """Queue a message; `on_sent` is called once the client has room for more. Never waits."""
        if self._sender.done():
            return
        if self._outbox.qsize() >= MAX_UNSENT_MESSAGES:
            log.warning("client %d does not read; dropped", self.number)
            self._writer.transport.abort()
            self._sender.cancel()
            return
        self._outbox.put_nowait((encode(message), on_sent))

    async def close(self) -> None:
        """Send what is queued, briefly, and hang up."""
        self._outbox.put_nowait(None)
        done, _ = await asyncio.wait([self._sender], timeout=LAST_WORDS_S)
        if not done:
            self._sender.cancel()
        self._writer.close()
        with contextlib.suppress(OSError, asyncio.TimeoutError):  # two classes before 3.11
            await asyncio.wait_for(self._writer.wait_closed(), LAST_WORDS_S)

    async def _send_all(self) -> None:
        while (item := await self._outbox.get()) is not None:
            data, on_sent = item
            try:
                self._writer.write(data)
                await asyncio.wait_for(self._writer.drain(), SEND_TIMEOUT_S)
            except asyncio.TimeoutError:  # an OSError too, from 3.11 on
                log.warning(
                    "client %d took nothing for %.0f s; dropped", self.number, SEND_TIMEOUT_S
                )
                self._writer.transport.abort()
                return
            except OSError as error:
                log.info("client %d: %s", self.number, type(error).__name__)
                self._writer.transport.abort()
                return
            if on_sent is not None:
                on_sent()
