"""The sockets' thread: one asyncio loop, in which clients come and go, and the daemon's life."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

from edge import systemd
from edge.bundle import Bundle
from edge.config import Config
from edge.daemon.access import MAX_CLIENTS, admit
from edge.daemon.connection import LAST_WORDS_S, RELOAD, Connection
from edge.daemon.events import Event
from edge.daemon.listener import KEEP_THE_FILE, listening
from edge.daemon.phrase_cache import PhraseCache
from edge.daemon.phrase_store import PhraseStore
from edge.daemon.reloading import Reread, Setup
from edge.daemon.requests import Requests
from edge.daemon.status import report
from edge.daemon.synthesis import Synthesis
from edge.daemon.voices import Voices
from edge.daemon.watchdog import keep_alive
from edge.errors import EdgeError, NotAllowed
from edge.protocol import ErrorReply, Reloaded, StatusReport
from edge.sound.playback import Player
from edge.sound.sink import Sink

log = logging.getLogger(__name__)


class Server:
    """Ties the three threads together, and belongs to the sockets' loop.

    `open_sink(rate)` opens the sound card; `store` keeps phrases on the disk; `reread()` gives the
    bundles and the configuration anew.
    """

    def __init__(
        self,
        bundles: Sequence[Bundle],
        open_sink: Callable[[int], Sink],
        store: PhraseStore | None = None,
        config: Config | None = None,
        reread: Reread | None = None,
    ) -> None:
        self.voices = Voices(bundles)
        self.setup = Setup(self.voices, config or Config(), reread)
        self.player = Player(
            open_sink,
            notify=lambda event: self.synthesis.on_played(event),
            on_room=lambda: self.synthesis.nudge(),
        )
        self.player.volume = self.setup.config.audio.volume / 100
        self.phrases = PhraseCache(store, self.setup.config.cache.memory_mb << 20)
        self.synthesis = Synthesis(self.voices, self.player, self._from_thread, self.phrases)
        self._requests = Requests(
            self.voices, self.setup, self.synthesis, self.player, self._status, self.begin_reload
        )
        self._connections: dict[int, Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # one for each connection and each reload
        self._numbers = itertools.count(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loaded, self._stopping = asyncio.Event(), asyncio.Event()
        self._since = time.monotonic()

    async def run(
        self,
        path: Path,
        ready: Callable[[], None] = lambda: None,
        listener: socket.socket | None = None,
    ) -> None:
        """Serve on `path`, or on `listener` that stands for it, until stop().

        Raises SocketInUse, ModelFailed."""
        self._loop = asyncio.get_running_loop()
        with listening(path) if listener is None else listener as listener:
            server = await asyncio.start_unix_server(
                self._accept, sock=listener, backlog=MAX_CLIENTS, **KEEP_THE_FILE
            )
            # Home Assistant gives a second for `info`, which needs no model; speech waits for it.
            try:
                await asyncio.to_thread(self.voices.synthesizer, self.voices.default)
            except BaseException as error:
                self._loop.remove_reader(listener)
                server.close()
                await self._hang_up(error)
                raise
            self._loaded.set()
            self.player.start()
            self.synthesis.start()
            alive = asyncio.create_task(keep_alive([self.synthesis, self.player]))
            log.info("ready on %s", path)
            systemd.notify("READY=1", f"STATUS=Speaks {self.voices.default}")
            ready()
            try:
                await self._stopping.wait()
            finally:
                log.info("stopping")
                systemd.notify("STOPPING=1")
                alive.cancel()
                # Accept nobody more, and let in whoever was just accepted: until 3.12 asyncio
                # loses the socket of one that arrives in a server that is closed.
                self._loop.remove_reader(listener)
                await asyncio.sleep(0)
                server.close()
                await asyncio.to_thread(self.synthesis.close)
                await asyncio.to_thread(self.player.close)
                await asyncio.sleep(0)  # the last events, sent by the threads just joined
                await self._hang_up()
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=LAST_WORDS_S)

    async def _hang_up(self, why: BaseException | None = None) -> None:
        connections = list(self._connections.values())
        for connection in connections:
            if isinstance(why, EdgeError):
                connection.send(ErrorReply.of(why))
        await asyncio.gather(*(connection.close() for connection in connections))

    def stop(self) -> None:
        """Ask run() to end; called in its event loop."""
        self._stopping.set()

    def begin_reload(self, connection: Connection | None = None) -> None:
        """Read everything again, called in the event loop; a client that asked for it is answered
        at the end."""
        if connection is not None:
            connection.expect(RELOAD)
        self._run(self._answer_reload(connection))

    async def _answer_reload(self, connection: Connection | None) -> None:
        answer: Reloaded | ErrorReply
        volume = self.setup.config.audio.volume
        await self._loaded.wait()
        try:
            answer = Reloaded(await self.setup.reload())
            if self.setup.config.audio.volume != volume:  # else `edge volume` has the last word
                self.player.volume = self.setup.config.audio.volume / 100
            self._release()
        except EdgeError as error:
            answer = ErrorReply.of(error)
        if connection is not None:
            connection.send(answer)
            connection.settle(RELOAD)

    def _release(self) -> None:
        self.voices.release({utterance.voice for utterance in self.synthesis.live()})

    # One client

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Not a coroutine: cancelled before its first step, one would leave the socket open.
        connection = Connection(next(self._numbers), reader, writer)
        self._run(self._serve(connection))

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: Connection) -> None:
        peer = connection.peer
        log.debug("client %d: uid %d, pid %d", connection.number, peer.uid, peer.pid)
        try:
            admit(peer, self.setup.config.access, [c.peer for c in self._connections.values()])
        except EdgeError as error:
            level = logging.WARNING if isinstance(error, NotAllowed) else logging.DEBUG
            log.log(level, "client %d: %s", connection.number, error.message)
            connection.send(ErrorReply.of(error))
            await connection.close()
            return
        self._connections[connection.number] = connection
        try:
            await connection.serve(self._requests.handle, self._requests.end_streams)
        finally:
            del self._connections[connection.number]
            self._requests.forget(connection)

    def _status(self) -> StatusReport:
        return report(
            self.voices,
            self.player,
            self.synthesis,
            self.phrases,
            self.setup.warnings(),
            len(self._connections),
            time.monotonic() - self._since,
        )

    # What the other threads tell

    def _from_thread(self, event: Event) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is left to tell
            self._loop.call_soon_threadsafe(self._on_event, event)

    def _on_event(self, event: Event) -> None:
        if self._requests.tell(event) and self.voices.has_former:
            self._release()
