"""Run a family: text -> segments -> PCM, from the graphs of one bundle.

`plan` does everything that can fail for a reason the caller can mend, before any inference.
`speak` is a generator: dropping it between two chunks is how speech is cancelled, and one
synthesizer may have several generators open at a time.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from edge.bundle import Bundle
from edge.errors import BadStyle
from edge.pcm import PcmChunk
from edge.synth.words import WordSpan

MIN_SPEED, MAX_SPEED = 0.5, 3.0


@dataclass(frozen=True)
class Style:
    """How to speak: `speed` is a factor (2 = twice as fast), `speaker` a name of the voice's own.

    `seed` fixes every noise, so equal requests give equal audio, bit for bit.
    """

    speed: float = 1.0
    speaker: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not MIN_SPEED <= self.speed <= MAX_SPEED:
            raise BadStyle(
                f"speed {self.speed:g} is outside {MIN_SPEED:g} to {MAX_SPEED:g}",
                "Choose a speed in that range; 1 is the voice's own.",
            )


@dataclass(frozen=True)
class Segment:
    """A stretch of text that one inference speaks: at most MAX_TOKENS tokens, as model ids.

    `durations`, frames of each id, are the model's own unless they are given. `words` say which
    ids speak which word of the text.
    """

    ids: tuple[int, ...]
    style: Style
    index: int = 0
    speaker: int | None = None
    durations: tuple[int, ...] = ()
    words: tuple[WordSpan, ...] = ()

    @property
    def seed(self) -> tuple[int, int]:
        """One noise stream per segment, so that a segment sounds the same wherever it is cut."""
        return (self.style.seed, self.index)


class Synthesizer(Protocol):
    """A loaded voice. Not thread-safe: the synthesis thread owns it."""

    @property
    def rate(self) -> int:
        """Of every chunk, in Hz."""
        ...

    @property
    def provider(self) -> str:
        """The execution provider really in use, for instance CPUExecutionProvider."""
        ...

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        """Cleaned text to segments, with their words if asked for.

        Raises EmptyText, TextTooLong, BadStyle.
        """
        ...

    def durations(self, segment: Segment) -> tuple[int, ...]:
        """Frames that the model gives each id; empty where the family has none."""
        ...

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        """Chunks without gain, with the segment's words in them. Raises ModelFailed."""
        ...


FAMILIES = {
    "piper": "edge.synth.piper",
    "hibari": "edge.synth.hibari",
    "tone": "edge.synth.tone",
}
"""Family -> the module whose `load(bundle, variant)` makes its Synthesizer; loaded on demand,
because a board has only the packages of the families that it speaks with."""


def load(bundle: Bundle, variant: str | None = None) -> Synthesizer:
    """The bundle's synthesizer: its first variant, or the named one."""
    module = importlib.import_module(FAMILIES[bundle.manifest.family])
    synthesizer: Synthesizer = module.load(bundle, bundle.variant(variant))
    return synthesizer
