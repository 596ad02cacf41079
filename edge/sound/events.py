"""The playback thread's news of an utterance:
Started -> (WordHeard | MarkHeard | Interrupted | Resumed)* -> Finished | Failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edge.errors import EdgeError


@dataclass(frozen=True)
class Started:
    """The first sample has been handed to the sound card."""

    id: str


@dataclass(frozen=True)
class WordHeard:
    """A word is heard now; or, in sound that goes to a client, begins there."""

    id: str
    text_start: int
    """First character of the word in the utterance's text."""
    text_end: int
    """Character behind its last one."""
    start_s: float
    """Seconds from the utterance's beginning."""
    seconds: float
    estimated: bool
    """False if the voice itself told how long the word lasts."""


@dataclass(frozen=True)
class MarkHeard:
    """A mark in the text is reached now; or, in sound that goes to a client, lies there."""

    id: str
    name: str
    start_s: float
    """Seconds from the utterance's beginning."""


Interruption = Literal["urgent", "pause", "device", "text"]


@dataclass(frozen=True)
class Interrupted:
    """Silence, or other speech, begins in the middle of the utterance; it goes on later."""

    id: str
    reason: Interruption
    """Urgent speech, a pause, a lost device, or text that does not come."""


@dataclass(frozen=True)
class Resumed:
    """The utterance goes on."""

    id: str


Cue = WordHeard | MarkHeard
Cues = tuple[tuple[int, Cue], ...]
"""Words and marks with the frame of a chunk at which each begins, in order; what lies at its end
has the number of its frames."""


@dataclass(frozen=True)
class Finished:
    """The last sample has been heard; or, for a client, made."""

    id: str
    seconds: float
    """Length of the whole utterance."""


@dataclass(frozen=True)
class Failed:
    """The utterance ends here, unheard or half heard."""

    id: str
    error: EdgeError
    seconds: float = 0.0
    """Sound of it that was heard."""
    text_end: int | None = None
    """Place in the text, like that of Cancelled."""


PlaybackEvent = Started | Cue | Interrupted | Resumed | Finished | Failed
Tell = Callable[[PlaybackEvent], None]
"""Called from the playback thread; must not wait."""
