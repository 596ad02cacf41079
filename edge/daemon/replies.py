"""An utterance's events as its client hears them: the answers to `speak` and to `synthesize`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from edge.daemon.connection import Connection
from edge.daemon.events import Cancelled, Event, Sound
from edge.errors import Busy, ConnectionLost, EdgeError, StoppedEarly
from edge.pcm import to_int16
from edge.protocol import (
    AudioChunk,
    AudioMark,
    AudioStart,
    AudioStop,
    AudioWord,
    ErrorReply,
    SpeakCancelled,
    SpeakFinished,
    SpeakInterrupted,
    SpeakMark,
    SpeakResumed,
    SpeakStarted,
    SpeakWord,
    SynthesizeStopped,
)
from edge.sound.events import (
    Cue,
    Failed,
    Finished,
    Interrupted,
    MarkHeard,
    Resumed,
    Started,
    WordHeard,
)

CHUNK_FRAMES = 8192
"""Frames of one audio-chunk: 16 kB, well under any reader's limit for one payload."""


class Reply(Protocol):
    """The one who hears of an utterance."""

    connection: Connection

    def tell(self, event: Event) -> None:
        """Send what this event means to the client."""
        ...


@dataclass
class SpokenReply:
    """Answers `speak`: tells what the sound card does."""

    connection: Connection
    id: str
    """The client's name of the utterance; events have its ticket."""

    def tell(self, event: Event) -> None:
        id, send = self.id, self.connection.send
        match event:
            case Started():
                send(SpeakStarted(id=id))
            case WordHeard():
                send(SpeakWord(id=id, **_word_fields(event)))
            case MarkHeard():
                send(SpeakMark(id=id, name=event.name, start_s=round(event.start_s, 3)))
            case Interrupted():
                send(SpeakInterrupted(id=id, reason=event.reason))
            case Resumed():
                send(SpeakResumed(id=id))
            case Finished():
                send(SpeakFinished(id=id, seconds=round(event.seconds, 3)))
            case Cancelled():
                heard_s = round(event.seconds, 3)
                send(SpeakCancelled(id, event.reason, heard_s, event.text_end))
            case Failed():
                told = ErrorReply.of(event.error, id)
                if event.seconds:
                    told = replace(told, seconds=round(event.seconds, 3), text_end=event.text_end)
                send(told)


@dataclass
class AudioReply:
    """Answers `synthesize` with the sound; calls `sent(client, seconds)` as it is taken."""

    connection: Connection
    rate: int
    sent: Callable[[int, float], None]
    _begun: bool = field(default=False, init=False)

    def tell(self, event: Event) -> None:
        match event:
            case Sound(chunk=chunk, cues=cues):
                self._begin()
                pcm = to_int16(chunk.samples)
                for start in range(0, len(pcm), CHUNK_FRAMES):
                    part = pcm[start : start + CHUNK_FRAMES]
                    for frame, cue in cues:
                        if start <= frame < start + len(part):
                            self.connection.send(_told_in_sound(cue))
                    self.connection.send(
                        AudioChunk(rate=chunk.rate, width=2, channels=1, payload=part.tobytes()),
                        partial(self.sent, self.connection.number, len(part) / chunk.rate),
                    )
                for frame, cue in cues:
                    if frame >= len(pcm):
                        self.connection.send(_told_in_sound(cue))
            case Finished():
                self.end()
            # Not an audio-stop: half a sentence must not be taken for the whole.
            case Cancelled(reason="shutdown"):
                error: EdgeError = ConnectionLost(
                    "the daemon was stopped before the sound was whole",
                    "Ask again once it runs: edge status",
                )
                self.connection.send(ErrorReply.of(error))
            case Cancelled(reason="replaced"):
                error = Busy(
                    "the queue was full, and urgent speech took the place", "Ask again later."
                )
                self.connection.send(ErrorReply.of(error))
            case Cancelled():
                error = StoppedEarly(
                    "somebody stopped the speech before the sound was whole", "Ask again."
                )
                self.connection.send(ErrorReply.of(error))
            case Failed():
                self.connection.send(ErrorReply.of(event.error))

    def end(self) -> None:
        """Send the audio-stop, behind exactly one audio-start, also for no sound at all."""
        self._begin()
        self.connection.send(AudioStop())

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self.connection.send(AudioStart(rate=self.rate, width=2, channels=1))


@dataclass
class StreamedAudioReply(AudioReply):
    """Answers `synthesize-start`: one sound for the whole stream, then a word that it is over."""

    def end(self) -> None:
        super().end()
        self.connection.send(SynthesizeStopped())


def _told_in_sound(cue: Cue) -> AudioWord | AudioMark:
    if isinstance(cue, MarkHeard):
        return AudioMark(name=cue.name, start_s=round(cue.start_s, 3))
    return AudioWord(**_word_fields(cue))


def _word_fields(word: WordHeard) -> dict[str, Any]:
    return {
        "text_start": word.text_start,
        "text_end": word.text_end,
        "start_s": round(word.start_s, 3),
        "seconds": round(word.seconds, 3),
        "estimated": word.estimated,
    }
