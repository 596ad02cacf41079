"""The action of each message: text goes to synthesis, and events back to the client."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from functools import partial

from edge.daemon.connection import Connection
from edge.daemon.events import Answered, Event, Sound, TextTaken, Utterance
from edge.daemon.outcomes import Outcomes
from edge.daemon.reloading import Setup
from edge.daemon.replies import AudioReply, Reply, SpokenReply, StreamedAudioReply
from edge.daemon.status import info, playback, pronunciations
from edge.daemon.synthesis import Synthesis
from edge.daemon.text_streams import Kind, TextStreams
from edge.daemon.voices import Voices
from edge.errors import BadMessage, EdgeError, assert_never
from edge.protocol import (
    Describe,
    ErrorReply,
    Explain,
    Pause,
    Ping,
    Pong,
    Pronunciations,
    Reload,
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
    VoiceChoice,
    Volume,
)
from edge.sound.events import Interrupted, MarkHeard, Resumed, Started, WordHeard
from edge.sound.playback import Player
from edge.synth import Style
from edge.text import TextFormat
from edge.text.feed import TextFeed


class Requests:
    """Acts on every client's messages. Not thread-safe: the sockets' loop owns it.

    `status()` reports on the daemon; `reload(connection)` begins to read everything again.
    """

    def __init__(
        self,
        voices: Voices,
        setup: Setup,
        synthesis: Synthesis,
        player: Player,
        status: Callable[[], StatusReport],
        reload: Callable[[Connection], None],
    ) -> None:
        self._voices, self._setup = voices, setup
        self._synthesis, self._player = synthesis, player
        self._status, self._reload = status, reload
        self._streams = TextStreams(synthesis, lambda: setup.config.access.stream_silence_s)
        self._replies: dict[str, Reply] = {}  # by ticket: who hears of a live utterance
        self._askers: dict[str, Connection] = {}  # by the question's id
        self._serials = itertools.count(1)
        self._outcomes = Outcomes()

    def handle(self, connection: Connection, message: Request) -> None:
        """Do what a message asks for. Never waits; a mistake is answered, not raised."""
        try:
            self._act(connection, message)
        except EdgeError as error:
            connection.send(ErrorReply.of(error, getattr(message, "id", None)))

    def _act(self, connection: Connection, message: Request) -> None:
        match message:
            case Synthesize():
                # Home Assistant sends the whole text too, for servers that know no streams.
                if not self._streams.is_open(connection, "synthesize"):
                    text = TextFeed.words_of(message.text, message.text_format)
                    self._synthesize(connection, message, text)
            case SynthesizeStart():
                begin = partial(self._synthesize, connection, message)
                self._begin_stream(connection, "synthesize", message.text_format, begin)
            case SynthesizeChunk():
                self._streams.chunk(connection, "synthesize", message.text)
            case SynthesizeStop():
                self._streams.close(connection, "synthesize")
            case Speak():
                if not self._told_again(connection, message):
                    text = TextFeed.whole(message.text, message.text_format)
                    self._speak(connection, message, text)
            case SpeakStart():
                begin = partial(self._speak, connection, message)
                self._begin_stream(connection, "speak", message.text_format, begin)
            case SpeakChunk():
                self._streams.chunk(connection, "speak", message.text)
            case SpeakStop():
                self._streams.close(connection, "speak")
            case Stop():
                client = connection.number if message.scope == "mine" else None
                ids = self._synthesis.cancel(client, message.id)
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
                self._reload(connection)
            case Explain():
                self._explain(connection, message)
            case Pronunciations():
                connection.send(pronunciations(self._voices.lexicon, message.first))
            case Describe():
                connection.send(info(self._voices))
            case Ping():
                connection.send(Pong(text=message.text))
            case _:
                assert_never(message)

    def end_streams(self, connection: Connection) -> None:
        """Take the texts of a client as whole that sends nothing more."""
        self._streams.end_all(connection)

    def forget(self, connection: Connection) -> None:
        """End what is made for a client that is gone: nobody hears it. Its speech goes on, unless
        it wished otherwise."""
        if connection.failure is not None:
            self._streams.break_off(connection, connection.failure)
        self._streams.end_all(connection)
        self._askers = {id: who for id, who in self._askers.items() if who is not connection}
        mine = [t for t, reply in self._replies.items() if reply.connection is connection]
        for ticket in mine:
            del self._replies[ticket]
        self._synthesis.client_gone(connection.number)

    def tell(self, event: Event) -> bool:
        """Tell an event to the client that it belongs to; True if it ends its utterance."""
        if isinstance(event, Answered):
            if (asker := self._askers.pop(event.id, None)) is not None:
                asker.send(event.answer)
            return False
        if isinstance(event, TextTaken):
            self._streams.took(event.id, event.waiting)
            return False
        ends = not isinstance(event, (Started, WordHeard, MarkHeard, Interrupted, Resumed, Sound))
        reply = self._replies.pop(event.id, None) if ends else self._replies.get(event.id)
        self._outcomes.note(event, ends)
        if ends:
            self._streams.over(event.id)
        if reply is not None:
            try:
                reply.tell(event)
            except Exception as error:
                reply.connection.break_off(error)  # with a hole, it must not look whole
            if ends:
                reply.connection.settle(event.id)
        return ends

    # Speech

    def _begin_stream(
        self,
        connection: Connection,
        kind: Kind,
        format: TextFormat,
        begin: Callable[[TextFeed], str],
    ) -> None:
        self._streams.check_none(connection, kind)
        id = None
        try:
            id = begin(TextFeed(format))
        finally:  # the chunks of a refused one come all the same
            self._streams.open(connection, kind, id)

    def _speak(self, connection: Connection, message: Speak | SpeakStart, text: TextFeed) -> str:
        now = time.monotonic()
        speaker = self._voices.speaker(message.voice, message.speaker, message.language)
        voice = self._voices.choose(message.voice, message.language, message.speaker)
        language = self._voices.other_language(voice, message.language)
        self._voices.check_how(voice, message.how)
        utterance = Utterance(
            id=message.id or self._new_id(connection),
            text=text,
            client=connection.number,
            to="speaker",
            voice=voice,
            style=Style(message.speed, speaker, language, message.how),
            volume=message.volume,
            words=message.words,
            normalize=message.normalize == "on",
            pause=message.pause,
            voice_named=not (message.voice is None and message.language is None),
            priority=message.priority,
            key=message.key,
            user=connection.peer.uid,
            accepted=now,
            expires=None if message.ttl is None else now + message.ttl,
            serial=next(self._serials),
            while_connected=message.while_connected,
            interruptions=message.interruptions,
        )
        if message.priority != "urgent":
            self._check_share(connection)
        if self._synthesis.is_live(utterance.id):
            raise BadMessage(
                f"id {utterance.id!r} is still being spoken", "Use an id that is not in use."
            )
        self._prepare(utterance)
        ahead = self._synthesis.submit(utterance)
        if message.id is not None:
            self._outcomes.begin(utterance)
        self._expect(SpokenReply(connection, utterance.id), utterance.ticket)
        connection.send(SpeakAccepted(id=utterance.id, ahead=ahead))
        return utterance.ticket

    def _told_again(self, connection: Connection, message: Speak) -> bool:
        """Tell what became of what may have been sent before, and join it; False if it is to be
        spoken. Raises UnknownUtterance."""
        told = self._outcomes.of(connection.peer.uid, message)
        if told is None:
            return False
        assert message.id is not None
        reply = SpokenReply(connection, message.id)
        connection.send(SpeakAccepted(id=message.id, ahead=0))
        for event in told:
            reply.tell(event)
        if (ticket := self._outcomes.ticket(message.id)) is not None:
            if (before := self._replies.get(ticket)) is not None:
                before.connection.settle(ticket)
            self._expect(reply, ticket)
        return True

    def _synthesize(
        self, connection: Connection, message: Synthesize | SynthesizeStart, text: TextFeed
    ) -> str:
        choice = message.voice or VoiceChoice()
        name = choice.name
        voice = self._voices.choose(name, choice.language, choice.speaker)
        speaker = self._voices.speaker(name, choice.speaker, choice.language)
        language = self._voices.other_language(voice, choice.language)
        self._voices.check_how(voice, message.how)
        utterance = Utterance(
            id=self._new_id(connection),
            text=text,
            client=connection.number,
            to="client",
            voice=voice,
            style=Style(message.speed, speaker, language, message.how, message.seed or 0),
            words=message.words,
            normalize=message.normalize == "on",
            pause=message.pause,
            voice_named=not (name is None and choice.language is None),
            user=connection.peer.uid,
            serial=next(self._serials),
        )
        self._check_share(connection)
        self._prepare(utterance)
        self._synthesis.submit(utterance)
        kind = StreamedAudioReply if isinstance(message, SynthesizeStart) else AudioReply
        rate = self._voices.bundle(voice).manifest.rate
        self._expect(kind(connection, rate, self._synthesis.sent), utterance.ticket)
        return utterance.ticket

    def _prepare(self, utterance: Utterance) -> None:
        """Have a text that comes piece by piece cut where no claim of its language is."""
        if utterance.normalize and self._voices.wishes.normalize:
            reader = self._voices.reader(utterance.voice, utterance.style.language)
            utterance.text.cut_by(reader.unfinished)

    def _explain(self, connection: Connection, message: Explain) -> None:
        voice = self._voices.choose(message.voice, message.language)
        id, normalize = f"question {next(self._serials)}", message.normalize == "on"
        text, format = message.text, message.text_format
        self._synthesis.ask(id, lambda: self._voices.explain(voice, text, normalize, format))
        self._askers[id] = connection

    def _check_share(self, connection: Connection) -> None:
        """Raises Busy if the client's user has too many utterances under way."""
        under_way = [reply.connection.peer for reply in self._replies.values()]
        self._setup.rules.check_utterances(connection.peer, under_way)

    def _new_id(self, connection: Connection) -> str:
        """Make an id of ours; a client may have chosen one that looks like it."""
        while self._synthesis.is_live(id := connection.next_id()):
            pass
        return id

    def _expect(self, reply: Reply, ticket: str) -> None:
        self._replies[ticket] = reply
        reply.connection.expect(ticket)
