"""How texts are read: the answers to `explain` and `pronunciations`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "Explained",
    "ExplainedBreak",
    "ExplainedChange",
    "ExplainedMark",
    "ExplainedSentence",
    "Pronounced",
    "Pronunciation",
]


@dataclass(frozen=True)
class ExplainedChange:
    """A stretch that is read otherwise than it was written; places count in the text as sent."""

    start: int
    end: int
    written: str
    said: str
    rule: str


@dataclass(frozen=True)
class ExplainedSentence:
    """A sentence as it is read, and its phonemes in the signs of the voice's family."""

    text: str
    phonemes: str


@dataclass(frozen=True)
class ExplainedBreak:
    """Silence that SSML asks for, at a place in the text as sent."""

    place: int
    seconds: float


@dataclass(frozen=True)
class ExplainedMark:
    """A mark of SSML, at a place in the text as sent."""

    place: int
    name: str


@dataclass(frozen=True)
class Explained:
    """The answer to Explain."""

    TYPE = "explained"
    language: str
    voice: str
    spoken: str
    """The whole text as it is read; phonemes stand in [[ ]]."""
    changes: tuple[ExplainedChange, ...] = ()
    sentences: tuple[ExplainedSentence, ...] = ()
    breaks: tuple[ExplainedBreak, ...] = ()
    marks: tuple[ExplainedMark, ...] = ()
    warnings: tuple[str, ...] = ()
    """Sentences on what will not be spoken, and why."""


@dataclass(frozen=True)
class Pronunciation:
    """A word of the owner's lexicon: `kind` is what `said` is written in, "say", "ipa" or
    "phonemes"."""

    language: str
    word: str
    kind: str
    said: str


@dataclass(frozen=True)
class Pronounced:
    """The answer to Pronunciations: some of the lexicon's words, and how many it has."""

    TYPE = "pronounced"
    total: int
    entries: tuple[Pronunciation, ...] = ()
