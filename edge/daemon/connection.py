"""One client: its bytes decoded in, its messages sent out, without ever holding up the others."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import select
import socket
import time
from collections.abc import Callable, Iterator

from edge.daemon.access import Peer
from edge.daemon.loop_time import LoopTime
from edge.daemon.outbox import OnSent, Outbox
from edge.errors import BadFrame, EdgeError, Internal
from edge.protocol import ErrorReply, Reply, Request, RequestDecoder, encode

log = logging.getLogger(__name__)

READ_BYTES = 1 << 16
SEND_TIMEOUT_S = 30.0
"""Seconds after which a reader that takes nothing is dead or stopped."""
RELOAD = " reload"
"""Stands for a reload among the ids that a connection waits for; no utterance's has a space."""
LAST_WORDS_S = 1.0
"""Seconds that a closing connection may take to send what was promised."""
LOOK_S = 0.1
"""Seconds between two looks whether a client that sends nothing more is still there to listen."""

Handle = Callable[["Connection", Request], None]


class Connection:
    """Not thread-safe: the sockets' loop owns it."""

    def __init__(
        self,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        loop_time: LoopTime | None = None,
    ) -> None:
        self.number = number
        self._socket: socket.socket = writer.get_extra_info("socket")
        self.peer = Peer.of(self._socket)
        self._reader, self._writer = reader, writer
        self._loop_time = LoopTime() if loop_time is None else loop_time
        self._decoder = RequestDecoder()
        self._outbox, self._closing = Outbox(), False
        self._to_send, self._sent = asyncio.Event(), asyncio.Event()
        self._sender = asyncio.create_task(self._send_all())
        self._requests = 0
        self._pending: set[str] = set()
        self._settled = asyncio.Event()
        self._may_read = asyncio.Event()
        self._may_read.set()
        self.failure: EdgeError | None = None  # what ended it, unless the client did

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

    async def serve(self, handle: Handle, at_end: Callable[[Connection], None]) -> None:
        """Decode and hand over messages until the client leaves, breaks the framing, or a handler
        fails in a way that nobody foresaw; then hang up.

        `at_end` is called when no more messages come, before the answers are waited for.
        """
        try:
            while data := await self._reader.read(READ_BYTES):
                await self._take(data, handle)
            # A shell that sends one line and shuts its half still reads the answer, so what is
            # under way is waited for, unless the client is gone altogether.
            at_end(self)
            if self._pending:
                await self._unless_gone(self._settled, look=True)
        except BadFrame as error:
            log.info("client %d: %s", self.number, error.message)
            self.failure = error
            self.send(ErrorReply.of(error))
        except OSError as error:
            log.debug("client %d left: %s", self.number, error)
            _forget_frames(error)
        except Exception as error:
            self._fail(error)
        finally:
            await self.close()

    async def first(self, within_s: float) -> Request | None:
        """Read the first message, for a client that is refused; None if none comes in time."""
        with contextlib.suppress(OSError, asyncio.TimeoutError, BadFrame):
            data = await asyncio.wait_for(self._reader.read(READ_BYTES), within_s)
            message = next(self._decoder.messages(data), None)
            return None if isinstance(message, ErrorReply) else message
        return None

    async def _take(self, data: bytes, handle: Handle) -> None:
        """Act on the messages that these bytes complete, giving way to the others after each."""
        messages = self._decoder.messages(data)
        used_s, acted = 0.0, 0
        while True:
            began = time.thread_time()
            more = self._act_on_one(messages, handle)
            used_s += time.thread_time() - began
            if not more:
                return
            acted += 1
            if self.held:
                await self._unless_gone(self._may_read)
            while self._outbox.is_full and not self._sender.done():
                self._sent.clear()
                await self._unless_gone(self._sent)
            if rest_s := self._loop_time.rest_s(used_s, many=acted > 1):
                used_s = 0.0
                self._loop_time.resting += 1
                try:
                    await asyncio.sleep(rest_s)
                finally:
                    self._loop_time.resting -= 1
            else:
                await asyncio.sleep(0)

    def _act_on_one(self, messages: Iterator[Request | ErrorReply], handle: Handle) -> bool:
        """Do what the next message asks for; False if there is none."""
        message = next(messages, None)
        if isinstance(message, ErrorReply):
            self.send(message)
        elif message is not None:
            try:
                handle(self, message)
            except Exception as error:
                self._fail(error, getattr(message, "id", None))
                raise _Failed from error
        return message is not None

    def _fail(self, error: Exception, id: str | None = None) -> None:
        """Tell a failure that nobody foresaw, once: the log gets its kind, for its words could
        quote a text."""
        if isinstance(error, _Failed):
            return
        log.error("client %d: unexpected %s; hung up", self.number, type(error).__name__)
        log.debug("the failure", exc_info=error)
        self.failure = internal(error)
        self.send(ErrorReply.of(self.failure, id))

    async def _unless_gone(self, event: asyncio.Event, look: bool = False) -> None:
        """Wait for the event, or until nothing can be sent to the client any more."""
        came = asyncio.create_task(event.wait())
        try:
            while not (came.done() or self._sender.done() or (look and self._has_hung_up())):
                await asyncio.wait(
                    [came, self._sender],
                    timeout=LOOK_S if look else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
        finally:
            came.cancel()

    def _has_hung_up(self) -> bool:
        """True if both halves are shut: the client is gone, and will hear nothing more."""
        if self._socket.fileno() < 0:
            return True
        look = select.poll()
        look.register(self._socket.fileno(), 0)
        return bool(look.poll(0))  # POLLHUP and POLLERR come unasked

    def send(self, message: Reply, on_sent: OnSent | None = None) -> None:
        """Queue a message; `on_sent` is called once the client has room for more. Never waits."""
        if self._sender.done():
            return
        if not self._outbox.put(encode(message), on_sent):
            log.warning("client %d does not read; dropped", self.number)
            self._writer.transport.abort()
            self._sender.cancel()
            return
        self._to_send.set()

    def break_off(self, error: Exception) -> None:
        """Hang up at once, because a message could not be told."""
        log.error("client %d: unexpected %s; hung up", self.number, type(error).__name__)
        log.debug("the failure", exc_info=error)
        self._writer.transport.abort()

    async def close(self) -> None:
        """Send what is queued, briefly, and hang up."""
        self._closing = True
        self._to_send.set()
        done, _ = await asyncio.wait([self._sender], timeout=LAST_WORDS_S)
        if not done:
            self._sender.cancel()
        self._writer.close()
        try:
            await asyncio.wait_for(self._writer.wait_closed(), LAST_WORDS_S)
        except (OSError, asyncio.TimeoutError) as error:  # two classes before 3.11
            _forget_frames(error)

    async def _send_all(self) -> None:
        while True:
            while not self._outbox:
                if self._closing:
                    return
                self._to_send.clear()
                await self._to_send.wait()
            data, on_sent = self._outbox.take()
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
                _forget_frames(error)
                return
            self._sent.set()
            if on_sent is not None:
                on_sent()


class _Failed(Exception):
    """A handler failed, and the client was told so."""


def _forget_frames(error: Exception) -> None:
    """Let go of what a lost connection holds: asyncio keeps the failure in the very objects to
    which the failure's frames lead, a circle that lives until the collector comes by."""
    error.__traceback__ = None


def internal(error: Exception) -> Internal:
    """Put a failure that nobody foresaw as a client is told it, without the failure's words."""
    return Internal(
        f"the daemon failed at this request: {type(error).__name__}",
        "It speaks on; connect again. The log has the kind of failure: journalctl -u edge-voice",
    )
