"""The meaning of SSML beside its words: how to speak them, and where pauses and marks are."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, replace

MIN_RATE, MAX_RATE = 0.5, 3.0
"""Factor of the tempo, of all elements together; edge.text's limits for a whole text."""
MIN_DECIBELS, MAX_DECIBELS = -96.0, 6.0
"""The most is a volume of 2: speech near full scale only distorts beyond it. The least is
silence."""
MAX_SEMITONES = 12.0
"""An octave up or down: beyond it a voice is no voice."""
MAX_BREAK_S = 10.0
"""Seconds of one break: Amazon Polly's limit."""


@dataclass(frozen=True)
class Manner:
    """How a stretch of text is spoken; what elements say multiplies, or adds up."""

    rate: float = 1.0
    """Factor of the tempo: 2 is twice as fast."""
    decibels: float = 0.0
    """How much louder, dB."""
    semitones: float = 0.0
    """How much higher."""
    language: str | None = None
    """Language of the text, as en_US."""
    document: bool = False
    """True if only the whole document says its language: a voice that was named goes before."""
    voice: str | None = None
    """Name of the voice."""

    def with_rate(self, factor: float) -> Manner:
        return replace(self, rate=min(MAX_RATE, max(MIN_RATE, self.rate * factor)))

    def louder(self, decibels: float) -> Manner:
        sum = self.decibels + decibels
        return replace(self, decibels=min(MAX_DECIBELS, max(MIN_DECIBELS, sum)))

    def higher(self, semitones: float) -> Manner:
        sum = self.semitones + semitones
        return replace(self, semitones=min(MAX_SEMITONES, max(-MAX_SEMITONES, sum)))

    @property
    def gain(self) -> float:
        """Factor of the amplitude."""
        return 0.0 if self.decibels <= MIN_DECIBELS else 10.0 ** (self.decibels / 20)

    @property
    def speaker(self) -> tuple[str | None, str | None]:
        """Return what must be one for a whole sentence: who speaks, and in which language."""
        return self.voice, self.language


PLAIN = Manner()


@dataclass(frozen=True)
class SayAs:
    """A stretch is to be read as one kind of thing."""

    kind: str
    """interpret-as, for instance date."""
    format: str = ""
    """For instance dmy."""


@dataclass(frozen=True)
class Phonemes:
    """A stretch is to be spoken with these sounds."""

    sounds: str
    alphabet: str
    """ipa, x-sampa, or own: the voice's own signs."""


Given = SayAs | Phonemes


@dataclass(frozen=True)
class Run:
    """Text in one manner."""

    text: str
    start: int
    end: int
    """Places in the source. If the text is not as long as that, all of it means all of them."""
    manner: Manner = PLAIN
    given: Given | None = None
    """The reading of all runs with the same `given` object, together."""


@dataclass(frozen=True)
class Break:
    """Silence of exactly so many seconds."""

    seconds: float
    place: int


@dataclass(frozen=True)
class Pause:
    """A break by its strength: silence, less what a mark of punctuation before it pauses."""

    seconds: float
    place: int


@dataclass(frozen=True)
class Mark:
    """A place of which the listener is told when it is reached."""

    name: str
    place: int


@dataclass(frozen=True)
class End:
    """A sentence ends here."""

    place: int


@dataclass(frozen=True)
class Warned:
    """Something that was asked for at this place of the source and is not done."""

    place: int
    what: str


Item = Run | Break | Pause | Mark | End | Warned


@dataclass(frozen=True)
class Stretch:
    """The manner of the characters of a piece from `start` to `end`, end exclusive."""

    start: int
    end: int
    manner: Manner = PLAIN
    given: Given | None = None
    was_start: int = 0
    was_end: int = 0
    """Places in the source. Character by character, if there are as many; else all mean all."""


@dataclass(frozen=True)
class Markup:
    """The meaning of the tags in a piece of text, in places of the piece."""

    stretches: tuple[Stretch, ...]
    """In order; together they are the piece."""
    marks: tuple[tuple[int, str], ...] = ()
    """(characters before the mark, its name), in order."""

    def before(self, start: int, end: int) -> tuple[int, int]:
        """Find where a stretch of the piece was in the source."""
        return self._place(start, is_end=False), self._place(end, is_end=True)

    def _place(self, place: int, is_end: bool) -> int:
        number = bisect.bisect_right(self.stretches, place - is_end, key=_start) - 1
        of = self.stretches[max(0, number)]
        if of.end - of.start == of.was_end - of.was_start:
            return of.was_start + place - of.start
        return of.was_end if is_end else of.was_start

    @property
    def manner(self) -> Manner:
        """How the piece begins; all of it has one voice and one language."""
        return self.stretches[0].manner

    @property
    def is_even(self) -> bool:
        """True if all of it is spoken in one manner, without marks inside."""
        inside = any(place > 0 for place, _ in self.marks)
        return not inside and len({stretch.manner for stretch in self.stretches}) == 1


def _start(stretch: Stretch) -> int:
    return stretch.start


@dataclass(frozen=True)
class Gap:
    """Silence between pieces of a text, with the marks that lie in it."""

    seconds: float
    place: int
    """Where it is asked for in the source."""
    marks: tuple[str, ...] = ()
    """Reached where it begins."""
