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
from edge.errors import EdgeError
from edge.pcm import PcmChunk
from edge.protocol import Priority
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
class Started:
    """The first sample has been handed to the sound card."""

    id: str


@dataclass(frozen=True)
class WordHeard:
    """A word is heard now (to = speaker), or begins in a Sound (to = client).

    The text's characters `text_start` to `text_end`; `start_s` and `seconds` in the utterance.
    """

    id: str
    text_start: int
    text_end: int
    start_s: float
    seconds: float
    estimated: bool


WordMarks = tuple[tuple[int, WordHeard], ...]
"""Words with the frame of a chunk at which each begins, in order."""


@dataclass(frozen=True)
class Sound:
    """A stretch of an utterance that goes back to its client, and the words that begin in it."""

    id: str
    chunk: PcmChunk
    words: WordMarks = ()


@dataclass(frozen=True)
class Finished:
    """The last sample has been heard (to = speaker) or made (to = client)."""

    id: str
    seconds: float


CancelReason = Literal["stopped", "client-gone", "shutdown", "expired", "replaced"]


@dataclass(frozen=True)
class Cancelled:
    id: str
    reason: CancelReason


@dataclass(frozen=True)
class Failed:
    id: str
    error: EdgeError


Event = TextTaken | Started | WordHeard | Sound | Finished | Cancelled | Failed
Notify = Callable[[Event], None]
