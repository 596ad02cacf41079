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
from typing import Any

from edge import systemd
from edge.bundle import Bundle
from edge.config import Config
from edge.daemon.connection import LAST_WORDS_S, RELOAD, Connection, internal
from edge.daemon.events import Event
from edge.daemon.listener import listening, place_of, renewed, serve_on
from edge.daemon.loop_time import REST, LoopTime
from edge.daemon.memory import LET_GO_S, let_go
from edge.daemon.phrase_cache import PhraseCache
from edge.daemon.phrase_store import PhraseStore
from edge.daemon.reloading import Reread, Setup
from edge.daemon.requests import Requests
from edge.daemon.status import report
from edge.daemon.synthesis import Synthesis
from edge.daemon.voices import Voices
from edge.daemon.watchdog import keep_alive
from edge.errors import Busy, EdgeError, NotAllowed
from edge.protocol import ErrorReply, Reloaded, StatusReport, Stop
from edge.sound.playback import Player
from edge.sound.sink import Sink

log = logging.getLogger(__name__)

MAX_RELOADS_ASKED = 16
"""Reloads of one connection that are not answered yet; they are all one."""
LONGEST_RELOAD_REST_S = 10.0
REFUSED_S = 1.0
"""Seconds for which a client that finds no place is listened to: its `stop` is taken."""
MAX_REFUSED, REFUSED_MORE_S = 256, 0.05
"""Clients without a place that are listened to for so long at a time; of more, what they have sent
already is read."""
LOOK_S = 60.0
"""Seconds between two looks whether the socket's file is still there."""
SAID_AGAIN_S = 60.0
"""Seconds before the same trouble of the loop is written to the log again."""


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
        self._loop_time, self._refused = LoopTime(), 0
        # Who waits for the next reload, and how often it asked; None is a signal.
        self._asking: dict[Connection | None, int] = {}
        self._reloads = False
        self._lets_go = False  # soon: a timer runs
        self._said: dict[str, float] = {}
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
        self._loop.set_exception_handler(self._on_trouble)
        with listening(path) if listener is None else listener as listener:
            server = await serve_on(listener, self._accept)
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
            watch = asyncio.create_task(self._keep_listening(path, place_of(path)))
            log.info("ready on %s", path)
            systemd.notify("READY=1", f"STATUS=Speaks {self.voices.default}")
            ready()
            try:
                await self._stopping.wait()
            finally:
                log.info("stopping")
                systemd.notify("STOPPING=1")
                alive.cancel()
                watch.cancel()
                # Accept nobody more, and let in whoever was just accepted: until 3.12 asyncio
                # loses the socket of one that arrives in a server that is closed.
                self._loop.remove_reader(listener)
                await asyncio.sleep(0)
                server.close()
                await asyncio.to_thread(self.synthesis.close)
                await asyncio.to_thread(self.player.close)
                await asyncio.to_thread(self.phrases.close)
                await asyncio.sleep(0)  # the last events, sent by the threads just joined
                await self._hang_up()
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=LAST_WORDS_S)

    async def _keep_listening(self, path: Path, place: tuple[int, int] | None) -> None:
        """Make the socket anew where somebody removed its file, which would leave us deaf."""
        with contextlib.ExitStack() as sockets:
            while place is not None:
                await asyncio.sleep(LOOK_S)
                if place_of(path) == place:
                    continue
                try:
                    await serve_on(sockets.enter_context(renewed(path)), self._accept)
                except OSError as error:
                    log.error("the socket %s is gone: %s", path, error.strerror)
                else:
                    log.warning("the socket %s was removed; made anew", path)
                    place = place_of(path)

    def _on_trouble(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Write a trouble of the loop to the log, once a minute, without its words, which could
        quote a text."""
        what, error = str(context.get("message")), context.get("exception")
        now = loop.time()
        if now - self._said.get(what, -SAID_AGAIN_S) < SAID_AGAIN_S:
            return
        self._said[what] = now
        log.error("%s: %s", what, type(error).__name__)
        log.debug("the failure", exc_info=error)

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
        at the end. Whoever asks during a reload joins the next one. Raises Busy."""
        if connection is not None:
            if self._asking.get(connection, 0) >= MAX_RELOADS_ASKED:
                raise Busy(
                    f"{MAX_RELOADS_ASKED} reloads of this connection are not answered yet, which "
                    "is the limit",
                    "Wait for the answers: the next reload is for all of them.",
                )
            connection.expect(RELOAD)
        self._asking[connection] = self._asking.get(connection, 0) + 1
        if not self._reloads:
            self._reloads = True
            self._run(self._reload_for_all())

    async def _reload_for_all(self) -> None:
        """Reload until nobody asks for it any more, resting between two."""
        assert self._loop is not None
        await self._loaded.wait()
        try:
            while self._asking:
                asking, self._asking = self._asking, {}
                began = self._loop.time()
                answer = await self._reload()
                for connection, times in asking.items():
                    if connection is not None:
                        for _ in range(times):
                            connection.send(answer)
                        if connection not in self._asking:
                            connection.settle(RELOAD)
                rest_s = REST * (self._loop.time() - began)
                await asyncio.sleep(min(rest_s, LONGEST_RELOAD_REST_S) if self._asking else 0)
        finally:
            self._reloads = False

    async def _reload(self) -> Reloaded | ErrorReply:
        volume = self.setup.config.audio.volume
        try:
            answer = Reloaded(await self.setup.reload())
            if self.setup.config.audio.volume != volume:  # else `edge volume` has the last word
                self.player.volume = self.setup.config.audio.volume / 100
            self._release()
        except EdgeError as error:
            return ErrorReply.of(error)
        except Exception as error:
            log.error("unexpected %s in a reload", type(error).__name__)
            log.debug("the failure", exc_info=error)
            return ErrorReply.of(internal(error))
        return answer

    def _release(self) -> None:
        self.voices.release({utterance.voice for utterance in self.synthesis.live()})

    # One client

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Not a coroutine: cancelled before its first step, one would leave the socket open.
        connection = Connection(next(self._numbers), reader, writer, self._loop_time)
        self._run(self._serve(connection))

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: Connection) -> None:
        peer, rules = connection.peer, self.setup.rules
        log.debug("client %d: uid %d, pid %d", connection.number, peer.uid, peer.pid)
        try:
            rules.check_listed(peer)
            try:
                rules.check_places(peer, [c.peer for c in self._connections.values()])
            except Busy as error:
                await self._refuse(connection, error)
                return
            self._connections[connection.number] = connection
            await connection.serve(self._requests.handle, self._requests.end_streams)
        except NotAllowed as error:
            log.warning("client %d: %s", connection.number, error.message)
            connection.send(ErrorReply.of(error))
        except Exception as error:
            log.error("client %d: unexpected %s", connection.number, type(error).__name__)
            log.debug("the failure", exc_info=error)
            connection.send(ErrorReply.of(internal(error)))
        finally:
            self._connections.pop(connection.number, None)
            self._asking.pop(connection, None)
            try:
                self._requests.forget(connection)
            finally:
                await connection.close()
                self._let_go_soon()

    async def _refuse(self, connection: Connection, error: Busy) -> None:
        """Tell a client that there is no place for it, unless all that it wants is to stop."""
        log.debug("client %d: %s", connection.number, error.message)
        self._refused += 1
        try:
            within_s = REFUSED_S if self._refused <= MAX_REFUSED else REFUSED_MORE_S
            message = await connection.first(within_s)
        finally:
            self._refused -= 1
        if isinstance(message, Stop):
            self._requests.handle(connection, message)
        else:
            connection.send(ErrorReply.of(error))

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
        if self._requests.tell(event):
            self._let_go_soon()
            if self.voices.has_former:
                self._release()

    def _let_go_soon(self) -> None:
        """Give the memory of what has ended back to the system, once for all that end by then."""
        if not self._lets_go:
            self._lets_go = True
            asyncio.get_running_loop().call_later(LET_GO_S, self._let_go)

    def _let_go(self) -> None:
        self._lets_go = False
        let_go()
