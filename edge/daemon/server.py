"""The sockets' loop: clients in, utterances out; events back to the client they belong to."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from edge import systemd
from edge.bundle import Bundle
from edge.config import Config
from edge.daemon.access import MAX_CLIENTS, admit, admit_more
from edge.daemon.connection import LAST_WORDS_S, Connection
from edge.daemon.events import Event, Sound, TextTaken, Utterance
from edge.daemon.listener import listening
from edge.daemon.outcomes import Outcomes
from edge.daemon.phrase_cache import PhraseCache
from edge.daemon.phrase_store import PhraseStore
from edge.daemon.queue import SpeechQueue
from edge.daemon.reloading import Reread, Setup
from edge.daemon.replies import AudioReply, Reply, SpokenReply, StreamedAudioReply
from edge.daemon.status import info, playback, report
from edge.daemon.synthesis import Speaker
from edge.daemon.text_feed import TextFeed
from edge.daemon.text_streams import Kind, TextStreams
from edge.daemon.voices import Voices
from edge.daemon.watchdog import keep_alive
from edge.errors import BadMessage, EdgeError, NotAllowed
from edge.protocol import (
    Describe,
    ErrorReply,
    Pause,
    Ping,
    Pong,
    Reload,
    Reloaded,
    Request,
    Resume,
    Speak,
    SpeakAccepted,
    SpeakChunk,
    SpeakStart,
    SpeakStop,
    Status,
    StatusReport,
    Stop,
    Stopped,
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    Volume,
)
from edge.sound.events import Started, WordHeard
from edge.sound.playback import Player
from edge.sound.sink import Sink
from edge.synth import Style

log = logging.getLogger(__name__)

# From 3.13 on asyncio removes the socket's file when it closes; who made the file removes it here.
_KEEP_THE_FILE: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
_RELOAD = " reload"
"""What a connection waits for that asked for one; no utterance's id has a space."""


class Server:
    """Ties the three threads together. `open_sink(rate)` opens the sound card; `store` keeps
    phrases on the disk; `reread()` gives the bundles and the configuration anew."""

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
        self._player = Player(
            open_sink,
            notify=lambda event: self._speaker.on_played(event),
            on_room=lambda: self._speaker.nudge(),
        )
        self._player.volume = self.setup.config.audio.volume / 100
        self._phrases = PhraseCache(store, self.setup.config.cache.memory_mb << 20)
        self._speaker = Speaker(
            self.voices, self._player, SpeechQueue(), self._from_thread, self._phrases
        )
        self._streams = TextStreams(self._speaker)
        self._connections: dict[int, Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # of connections and reloads
        self._replies: dict[str, Reply] = {}  # live utterance -> who hears of it
        self._outcomes = Outcomes()
        self._numbers = itertools.count(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loaded, self._stopping = asyncio.Event(), asyncio.Event()
        self._since = time.monotonic()

    async def run(self, path: Path, ready: Callable[[], None] = lambda: None) -> None:
        """Serve on `path` until stop(). Raises SocketInUse, ModelFailed."""
        self._loop = asyncio.get_running_loop()
        with listening(path) as listener:
            server = await asyncio.start_unix_server(
                self._accept, sock=listener, backlog=MAX_CLIENTS, **_KEEP_THE_FILE
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
            self._player.start()
            self._speaker.start()
            alive = asyncio.create_task(keep_alive([self._speaker, self._player]))
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
                await asyncio.to_thread(self._speaker.close)
                await asyncio.to_thread(self._player.close)
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
        """Called in the event loop; the client, if one asked for it, is answered at the end."""
        if connection is not None:
            connection.expect(_RELOAD)
        self._run(self._answer_reload(connection))

    async def _answer_reload(self, connection: Connection | None) -> None:
        answer: Reloaded | ErrorReply
        volume = self.setup.config.audio.volume
        await self._loaded.wait()
        try:
            answer = Reloaded(await self.setup.reload())
            if self.setup.config.audio.volume != volume:  # else `edge volume` has the last word
                self._player.volume = self.setup.config.audio.volume / 100
            self._release()
        except EdgeError as error:
            answer = ErrorReply.of(error)
        if connection is not None:
            connection.send(answer)
            connection.settle(_RELOAD)

    def _release(self) -> None:
        self.voices.release({utterance.voice for utterance in self._speaker.live()})

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
            await connection.serve(self._handle, self._streams.end_all)
        finally:
            del self._connections[connection.number]
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        """Sound for a client that is gone is not worth making; its speech goes on."""
        self._streams.end_all(connection)
        mine = [id for id, reply in self._replies.items() if reply.connection is connection]
        for id in mine:
            if isinstance(self._replies.pop(id), AudioReply):
                self._speaker.cancel(None, id, "client-gone")

    def _handle(self, connection: Connection, message: Request) -> None:
        try:
            match message:
                case Synthesize():
                    # Home Assistant sends the whole text too, for servers that know no streams.
                    if not self._streams.is_open(connection, "synthesize"):
                        self._synthesize(connection, message, TextFeed.words_of(message.text))
                case SynthesizeStart():
                    begin = partial(self._synthesize, connection, message)
                    self._begin_stream(connection, "synthesize", begin)
                case SynthesizeChunk():
                    self._streams.chunk(connection, "synthesize", message.text)
                case SynthesizeStop():
                    self._streams.close(connection, "synthesize")
                case Speak():
                    if not self._told_again(connection, message):
                        self._speak(connection, message, TextFeed.whole(message.text))
                case SpeakStart():
                    begin = partial(self._speak, connection, message)
                    self._begin_stream(connection, "speak", begin)
                case SpeakChunk():
                    self._streams.chunk(connection, "speak", message.text)
                case SpeakStop():
                    self._streams.close(connection, "speak")
                case Stop():
                    client = connection.number if message.scope == "mine" else None
                    ids = self._speaker.cancel(client, message.id)
                    connection.send(Stopped(ids=tuple(ids)))
                case Pause() | Resume():
                    self._player.pause(isinstance(message, Pause))
                    connection.send(playback(self._player))
                case Volume():
                    self._player.volume = message.percent / 100
                    connection.send(playback(self._player))
                case Status():
                    connection.send(self._status())
                case Reload():
                    self.begin_reload(connection)
                case Describe():
                    connection.send(info(self.voices))
                case Ping():
                    connection.send(Pong(text=message.text))
        except EdgeError as error:
            connection.send(ErrorReply.of(error, getattr(message, "id", None)))

    def _begin_stream(
        self, connection: Connection, kind: Kind, begin: Callable[[TextFeed], str]
    ) -> None:
        self._streams.check_none(connection, kind)
        id = None
        try:
            id = begin(TextFeed())
        finally:  # the chunks of a refused one come all the same
            self._streams.open(connection, kind, id)

    def _speak(self, connection: Connection, message: Speak | SpeakStart, text: TextFeed) -> str:
        now = time.monotonic()
        utterance = Utterance(
            id=message.id or self._new_id(connection),
            text=text,
            client=connection.number,
            to="speaker",
            voice=self.voices.choose(message.voice, message.language),
            style=Style(
                speed=message.speed, speaker=self.voices.speaker(message.voice, message.speaker)
            ),
            volume=message.volume,
            words=message.words,
            priority=message.priority,
            key=message.key,
            user=connection.peer.uid,
            accepted=now,
            expires=None if message.ttl is None else now + message.ttl,
        )
        self._check_share(connection)
        if self._speaker.is_live(utterance.id):
            raise BadMessage(
                f"id {utterance.id!r} is still being spoken", "Use an id that is not in use."
            )
        ahead = self._speaker.submit(utterance)
        if message.id is not None:
            self._outcomes.begin(utterance)
        self._expect(SpokenReply(connection), utterance.id)
        connection.send(SpeakAccepted(id=utterance.id, ahead=ahead))
        return utterance.id

    def _told_again(self, connection: Connection, message: Speak) -> bool:
        """Tell what became of what may have been sent before, and join it; False if it is to be
        spoken. Raises UnknownUtterance."""
        told = self._outcomes.of(connection.peer.uid, message)
        if told is None:
            return False
        assert message.id is not None
        reply = SpokenReply(connection)
        connection.send(SpeakAccepted(id=message.id, ahead=0))
        for event in told:
            reply.tell(event)
        if self._outcomes.is_live(message.id):
            if (before := self._replies.get(message.id)) is not None:
                before.connection.settle(message.id)
            self._expect(reply, message.id)
        return True

    def _synthesize(
        self, connection: Connection, message: Synthesize | SynthesizeStart, text: TextFeed
    ) -> str:
        choice = message.voice
        name = choice.name if choice else None
        voice = self.voices.choose(name, choice.language if choice else None)
        rate = self.voices.bundle(voice).manifest.rate
        utterance = Utterance(
            id=self._new_id(connection),
            text=text,
            client=connection.number,
            to="client",
            voice=voice,
            style=Style(
                speed=message.speed,
                speaker=self.voices.speaker(name, choice.speaker if choice else None),
                seed=message.seed or 0,
            ),
            words=message.words,
        )
        self._check_share(connection)
        self._speaker.submit(utterance)
        streamed = isinstance(message, SynthesizeStart)
        kind = StreamedAudioReply if streamed else AudioReply
        self._expect(kind(connection, rate, self._speaker.sent), utterance.id)
        return utterance.id

    def _check_share(self, connection: Connection) -> None:
        """Raises Busy."""
        under_way = [reply.connection.peer for reply in self._replies.values()]
        admit_more(connection.peer, self.setup.config.access, under_way)

    def _new_id(self, connection: Connection) -> str:
        """An id of ours; a client may have chosen one that looks like it."""
        while self._speaker.is_live(id := connection.next_id()):
            pass
        return id

    def _expect(self, reply: Reply, id: str) -> None:
        self._replies[id] = reply
        reply.connection.expect(id)

    def _status(self) -> StatusReport:
        return report(
            self.voices,
            self._player,
            self._speaker,
            self._phrases,
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
        if isinstance(event, TextTaken):
            self._streams.took(event.id, event.waiting)
            return
        goes_on = isinstance(event, (Started, WordHeard, Sound))
        reply = self._replies.get(event.id) if goes_on else self._replies.pop(event.id, None)
        self._outcomes.note(event, ends=not goes_on)
        if not goes_on:
            self._streams.over(event.id)
            if self.voices.has_former:
                self._release()
        if reply is not None:
            reply.tell(event)
            if not goes_on:
                reply.connection.settle(event.id)
