"""What becomes of an utterance, told once and in order to the sockets' loop.

Started -> WordHeard* -> Finished | Cancelled | Failed    (to the sound card)
Sound* -> Finished | Cancelled | Failed           (to the client)

and, of a text that comes piece by piece, a TextTaken whenever there is room for more of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edge.daemon.text_feed import TextFeed
from edge.pcm import PcmChunk
from edge.protocol import Priority
from edge.sound.events import PlaybackEvent, WordMarks
from edge.synth import Style


@dataclass(frozen=True, eq=False)
class Utterance:
    """One request to speak. `client` is the number of the connection it came from, `user` the
    uid behind it.

    `accepted` and `expires` are seconds of time.monotonic(): what has not begun to sound by
    `expires` is dropped. A newer one of the same user and `key` replaces it until it begins.
    """

    id: str
    text: TextFeed
    client: int
    to: Literal["speaker", "client"]
    voice: str
    style: Style
    volume: float = 1.0
    words: bool = False
    priority: Priority = "normal"
    key: str | None = None
    user: int = 0
    accepted: float = 0.0
    expires: float | None = None

    def is_stale(self, now: float) -> bool:
        return self.expires is not None and self.expires <= now

    def replaces(self, other: Utterance) -> bool:
        return self.key is not None and (self.key, self.user) == (other.key, other.user)

    def __repr__(self) -> str:
        """Without the text, which must not reach a log."""
        return f"Utterance({self.id!r}, {self.text.received} characters, to {self.to})"


@dataclass(frozen=True)
class TextTaken:
    """Synthesis took a piece of the text; `waiting` characters are left."""

    id: str
    waiting: int


@dataclass(frozen=True)
class Sound:
    """A stretch of an utterance that goes back to its client, and the words that begin in it."""

    id: str
    chunk: PcmChunk
    words: WordMarks = ()


CancelReason = Literal["stopped", "client-gone", "shutdown", "expired", "replaced"]


@dataclass(frozen=True)
class Cancelled:
    id: str
    reason: CancelReason


Event = PlaybackEvent | TextTaken | Sound | Cancelled
Notify = Callable[[Event], None]
