"""A voice whose every word says whose it is: three tones, for the utterance and the word's place.

`zq17x3` is the fourth word of utterance 17. The ear takes it from the sound card's samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle, Variant
from edge.bundle.measured import Cost
from edge.pcm import PcmChunk, Word
from edge.synth import Segment, Style
from edge.text.words import WordSpan

RATE = 22_050
BEEP, GAP = 1024, 300  # frames: 46 and 14 ms
DIGITS = 16
UTTERANCES, WORDS = DIGITS * DIGITS, DIGITS
SHORTEST = 400  # frames of a beep that still tell it
BREAKS = "boom"
"""A word at which the model raises."""
MODEL_BYTES = 48 << 20
"""What a loaded voice holds, so that there can be too little memory for a second one."""

_SPACING = 3 * RATE / BEEP
_LOWEST = 12 * RATE / BEEP
_MARK = re.compile(r"zq(\d+)x(\d+)")


def text_of(utterance: int, words: int, breaks_at: int | None = None) -> str:
    """Words with a full stop after every fifth, so that a text has several sentences."""
    marks = [f"zq{utterance}x{i}" + ("." if i % 5 == 4 else "") for i in range(words)]
    if breaks_at is not None:
        marks.insert(breaks_at, BREAKS)
    return " ".join(marks)


class MarkingVoice:
    rate, provider, variant = RATE, "none", "fp32"

    def __init__(self) -> None:
        self._model = np.ones(MODEL_BYTES, np.uint8)

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        places = [(m.group(), *m.span()) for m in re.finditer(r"\S+", text)]
        ids = tuple(_id(word) for word, _, _ in places)
        spans = tuple(
            WordSpan(start, end, i, i + 1) for i, (_, start, end) in enumerate(places) if words
        )
        return [Segment(ids, style, words=spans)] if ids else []

    def durations(self, segment: Segment) -> tuple[int, ...]:
        return ()

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        for place, id in enumerate(segment.ids):
            if id < 0:
                raise RuntimeError(f"the model breaks at {BREAKS}")
            words = tuple(
                Word(span.text_start, span.text_end, 0, BEEP)
                for span in segment.words[place : place + 1]
            )
            yield PcmChunk(beep(*divmod(id, WORDS)), RATE, words)


def _id(word: str) -> int:
    mark = _MARK.match(word)
    return -1 if mark is None else int(mark[1]) * WORDS + int(mark[2])


def _frequencies() -> npt.NDArray[np.float64]:
    """(3, DIGITS): the utterance's high and low digit, the word."""
    return (_LOWEST + _SPACING * np.arange(3 * DIGITS)).reshape(3, DIGITS)


def beep(utterance: int, word: int) -> npt.NDArray[np.float32]:
    """Tones, and the silence behind them."""
    t = np.arange(BEEP) / RATE
    digits = (*divmod(utterance, DIGITS), word)
    tones = [
        np.sin(2 * np.pi * row[digit] * t)
        for row, digit in zip(_frequencies(), digits, strict=True)
    ]
    return np.concatenate([0.2 * np.sum(tones, axis=0), np.zeros(GAP)]).astype(np.float32)


def told_by(samples: npt.NDArray[np.float32]) -> tuple[int, int] | None:
    """Utterance and word of a beep or the greater part of one; None if it is not clear."""
    if len(samples) < SHORTEST:
        return None
    window = samples * np.hanning(len(samples))
    t = np.arange(len(samples)) / RATE
    digits = []
    for row in _frequencies():
        power = np.abs(np.exp(-2j * np.pi * np.outer(row, t)) @ window)
        first, second = np.argsort(power)[:-3:-1]
        if power[first] < 1.5 * power[second]:
            return None
        digits.append(int(first))
    return digits[0] * DIGITS + digits[1], digits[2]


def load(bundle: Bundle, variant: Variant, cost: Cost | None) -> MarkingVoice:
    return MarkingVoice()
