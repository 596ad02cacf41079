"""An utterance, and its events, told once and in order to the sockets' loop.

Started -> (WordHeard | MarkHeard | Interrupted | Resumed)* -> Finished | Cancelled | Failed
    where the sound goes to the sound card, and where it goes to the client
Sound* -> Finished | Cancelled | Failed

and, while its text comes piece by piece, a TextTaken whenever there is room for more of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edge.pcm import PcmChunk
from edge.protocol import Priority, Reply
from edge.sound.events import Cues, PlaybackEvent
from edge.synth import Style
from edge.text.feed import TextFeed


@dataclass(frozen=True, eq=False)
class Utterance:
    """One request to speak."""

    id: str
    text: TextFeed
    client: int
    """Number of the connection that it came from."""
    to: Literal["speaker", "client"]
    """Where its sound goes: to the sound card, or back to the client."""
    voice: str
    style: Style
    volume: float = 1.0
    words: bool = False
    normalize: bool = True
    """False to read it as it is written."""
    pause: float | None = None
    """Seconds of silence between sentences; None is what is configured."""
    voice_named: bool = False
    """True if the request named the voice or its language: what a document says of its own
    language does not change that."""
    priority: Priority = "normal"
    key: str | None = None
    """A newer utterance with the key, of the same user, replaces it until it begins to sound."""
    user: int = 0
    """The uid behind the connection."""
    accepted: float = 0.0
    """Seconds of time.monotonic()."""
    expires: float | None = None
    """Seconds of time.monotonic() at which it is dropped, if it has not begun to sound."""

    serial: int = 0
    """Tells it from others of its id: a client may use an id again as soon as it has ended."""
    while_connected: bool = False
    """Ends with its connection."""
    interruptions: bool = False
    """Its client is told of them."""

    @property
    def ticket(self) -> str:
        """Its name among the threads, and in events; no id holds a space."""
        return f"{self.id} {self.serial}" if self.serial else self.id

    def is_stale(self, now: float) -> bool:
        return self.expires is not None and self.expires <= now

    def replaces(self, other: Utterance) -> bool:
        return self.key is not None and (self.key, self.user) == (other.key, other.user)

    def __repr__(self) -> str:
        """Show all but the text, which must not reach a log."""
        return f"Utterance({self.id!r}, {self.text.received} characters, to {self.to})"


@dataclass(frozen=True)
class TextTaken:
    """Synthesis took a piece of the text."""

    id: str
    waiting: int
    """Characters that are left."""


@dataclass(frozen=True)
class Sound:
    """A stretch of an utterance that goes back to its client, and the words and marks in it."""

    id: str
    chunk: PcmChunk
    cues: Cues = ()


CancelReason = Literal["stopped", "client-gone", "shutdown", "expired", "replaced"]


@dataclass(frozen=True)
class Cancelled:
    """The utterance ends here, because somebody or something wanted it so."""

    id: str
    reason: CancelReason
    seconds: float = 0.0
    """Sound of it that was heard."""
    text_end: int | None = None
    """Character of its text behind the last word that was begun; None if there is none, or if
    nobody knows it."""


@dataclass(frozen=True)
class Answered:
    """A question that is no utterance was answered."""

    id: str
    answer: Reply


Event = PlaybackEvent | TextTaken | Sound | Cancelled | Answered
Notify = Callable[[Event], None]
"""Called from any thread; must not wait."""
