"""Family `tone`: a short beep per word. Needs no model; for tests and for checking a speaker."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from edge.bundle import Bundle, Variant
from edge.bundle.measured import Cost
from edge.errors import BadStyle
from edge.pcm import PcmChunk, Word
from edge.synth import Segment, Style
from edge.text.cleaning import clean
from edge.text.cutting import MAX_TOKENS, sentences
from edge.text.words import WordSpan

RATE = 22_050
_BEEP_S, _GAP_S, _FADE_S = 0.12, 0.06, 0.01
_LEVEL = 0.25
_SCALE_HZ = (440.0, 494.0, 554.0, 587.0, 659.0)  # A major, from A4


class ToneSynthesizer:
    """Deterministic: the n-th letter of a word chooses nothing, its length chooses the pitch."""

    rate = RATE
    provider = "none"

    def __init__(self, variant: Variant) -> None:
        self.variant = variant.name

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        if style.speaker is not None:
            raise BadStyle(f"tone has no speaker {style.speaker!r}", "Leave the speaker out.")
        cleaned = clean(text)
        places = [match.span() for match in re.finditer(r"\S+", cleaned)]
        segments: list[Segment] = []
        spoken = 0
        for sentence in sentences(cleaned):
            lengths = [min(len(word), 64) for word in sentence.split()]
            for start in range(0, len(lengths), MAX_TOKENS):
                ids = tuple(lengths[start : start + MAX_TOKENS])
                mine = places[spoken : spoken + len(ids)] if words else []
                spans = tuple(WordSpan(*place, i, i + 1) for i, place in enumerate(mine))
                segments.append(Segment(ids, style, len(segments), words=spans))
                spoken += len(ids)
        return segments

    def durations(self, segment: Segment) -> tuple[int, ...]:
        return ()

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        for number, length in enumerate(segment.ids):
            speed = segment.style.speed * (segment.rates[number] if segment.rates else 1.0)
            beep_frames = round(_BEEP_S * RATE / speed)
            gap = np.zeros(round(_GAP_S * RATE / speed), np.float32)
            t = np.arange(beep_frames) / RATE
            fade = np.minimum(1, np.minimum(t, t[::-1]) / _FADE_S)
            pitch = _SCALE_HZ[length % len(_SCALE_HZ)]
            pitch *= segment.pitches[number] if segment.pitches else 1.0
            beep = (_LEVEL * fade * np.sin(2 * np.pi * pitch * t)).astype(np.float32)
            words = tuple(
                Word(span.text_start, span.text_end, 0, beep_frames)
                for span in segment.words
                if span.first == number
            )
            yield PcmChunk(np.concatenate([beep, gap]), RATE, words)


def load(bundle: Bundle, variant: Variant, cost: Cost | None) -> ToneSynthesizer:
    return ToneSynthesizer(variant)
