"""Factors of tempo and pitch for each id of a segment, from those of stretches of its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.synth import Segment


@dataclass(frozen=True)
class Stretch:
    """How a stretch of a text is spoken."""

    start: int
    end: int
    """Characters of the text that was planned, end exclusive."""
    rate: float = 1.0
    """Factor of the tempo."""
    pitch: float = 1.0
    """Factor of the fundamental frequency."""


def spoken_so(segment: Segment, stretches: Sequence[Stretch]) -> Segment:
    """Say of each id how it is spoken: a word as the stretch that it begins in, with what follows
    up to the next word. The segment must have its words; without any, its first stretch counts."""
    if all(stretch.rate == stretch.pitch == 1.0 for stretch in stretches):
        return segment
    count = len(segment.ids)
    rates, pitches = [1.0] * count, [1.0] * count
    starts = [0, *(word.first for word in segment.words[1:])]
    owners = [_owner(stretches, word.text_start) for word in segment.words] or [stretches[0]]
    for first, last, owner in zip(starts, [*starts[1:], count], owners, strict=True):
        rates[first:last] = [owner.rate] * (last - first)
        pitches[first:last] = [owner.pitch] * (last - first)
    return replace(
        segment,
        rates=() if all(rate == 1.0 for rate in rates) else tuple(rates),
        pitches=() if all(pitch == 1.0 for pitch in pitches) else tuple(pitches),
    )


def _owner(stretches: Sequence[Stretch], place: int) -> Stretch:
    return next((s for s in stretches if place < s.end), stretches[-1])
