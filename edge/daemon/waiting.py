"""A service that cannot speak yet: it stays at its socket and tells everybody why, until it can.

There is no voice, or a file that people write is wrong. Ended, it would be started again by its
manager every few seconds, in vain, until somebody comes who puts it right.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
import socket
from collections.abc import Coroutine, Sequence

from edge import systemd
from edge.bundle import Bundle
from edge.config import Access, Config
from edge.daemon.access import Rules
from edge.daemon.connection import LAST_WORDS_S, RELOAD, Connection
from edge.daemon.listener import serve_on
from edge.daemon.reloading import Reread
from edge.daemon.watchdog import keep_alive
from edge.errors import EdgeError
from edge.protocol import ErrorReply, Ping, Pong, Reload, Reloaded, Request

log = logging.getLogger(__name__)

LOOK_S = 30.0
"""Between two looks, for a bundle or a mended file of which nobody tells us."""


async def wait_until_it_can_speak(
    read: Reread, listener: socket.socket, why: EdgeError
) -> tuple[Sequence[Bundle], Config] | None:
    """Answer at `listener` with `why`, and `read()` again when told to and every LOOK_S.

    Returns what it read at last, None if the daemon is to end. The listener stays open, and so do
    the signals: SIGHUP, which comes with each reload, ends a process that does not expect it.
    """
    return await _Waiting(read, why).run(listener)


class _Waiting:
    def __init__(self, read: Reread, why: EdgeError) -> None:
        self._read, self._why = read, why
        self._found: tuple[Sequence[Bundle], Config] | None = None
        self._look, self._stopping = asyncio.Event(), asyncio.Event()
        self._connections: dict[int, Connection] = {}
        self._asking: list[Connection] = []  # who waits for the outcome of a reload
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)

    async def run(self, listener: socket.socket) -> tuple[Sequence[Bundle], Config] | None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._look.set)
        ours = listener.dup()  # asyncio closes the one that it serves on
        server = await serve_on(ours, self._accept)
        alive = asyncio.create_task(keep_alive([]))
        self._tell()
        try:
            while self._found is None and not self._stopping.is_set():
                await self._turn()
        finally:
            alive.cancel()
            loop.remove_reader(ours)
            await asyncio.sleep(0)  # lets in whoever was just accepted
            server.close()
            for connection in list(self._connections.values()):
                self._run(connection.close())
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=2 * LAST_WORDS_S)
        return self._found

    async def _turn(self) -> None:
        """Wait for a reason to look, and look."""
        reasons = [asyncio.create_task(e.wait()) for e in (self._look, self._stopping)]
        await asyncio.wait(reasons, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
        for reason in reasons:
            reason.cancel()
        self._look.clear()
        if self._stopping.is_set():
            return
        asking, self._asking = self._asking, []
        answer: Reloaded | ErrorReply
        try:
            self._found = await asyncio.to_thread(self._read)
        except EdgeError as error:
            known, self._why = self._why.message, error
            answer = ErrorReply.of(error)
            if error.message != known:
                self._tell()
        else:
            names = [bundle.voice.name for bundle in self._found[0]]
            answer = Reloaded(tuple(f"voice {name} is new" for name in names))
            log.info("it can speak now: %s", ", ".join(names))
            systemd.notify(f"STATUS=Loads {names[0]}")
        for connection in asking:
            connection.send(answer)
            connection.settle(RELOAD)

    def _tell(self) -> None:
        """Say it once, to the journal and to the manager, which takes a daemon that waits for one
        that is up."""
        log.error("%s", self._why.message)
        log.error("%s", self._why.remedy)
        log.error("Until then it waits, and tells so at its socket.")
        status = f"Waits: {self._why.message}. {self._why.remedy}"
        systemd.notify("READY=1", "STATUS=" + " ".join(status.split()))

    # One client

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._run(self._serve(Connection(next(self._numbers), reader, writer)))

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: Connection) -> None:
        try:
            peers = [c.peer for c in self._connections.values()]
            Rules.of(Access()).check_places(connection.peer, peers)
            self._connections[connection.number] = connection
            await connection.serve(self._handle, lambda connection: None)
        except EdgeError as error:
            connection.send(ErrorReply.of(error))
        finally:
            self._connections.pop(connection.number, None)
            self._asking = [other for other in self._asking if other is not connection]
            await connection.close()

    def _handle(self, connection: Connection, message: Request) -> None:
        match message:
            case Ping():
                connection.send(Pong(text=message.text))
            case Reload():
                connection.expect(RELOAD)
                self._asking.append(connection)
                self._look.set()
            case _:
                connection.send(ErrorReply.of(self._why, getattr(message, "id", None)))
