"""Family `tone`: a short beep per word. Needs no model; for tests and for checking a speaker."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge import text as words
from edge.bundle import Bundle, Variant
from edge.errors import BadStyle
from edge.pcm import PcmChunk
from edge.synth import Segment, Style
from edge.tuning import Cost

RATE = 22_050
_BEEP_S, _GAP_S, _FADE_S = 0.12, 0.06, 0.01
_LEVEL = 0.25
_SCALE_HZ = (440.0, 494.0, 554.0, 587.0, 659.0)  # A major, from A4


class ToneSynthesizer:
    """Deterministic: the n-th letter of a word chooses nothing, its length chooses the pitch."""

    rate = RATE
    provider = "none"

    def plan(self, text: str, style: Style) -> list[Segment]:
        if style.speaker is not None:
            raise BadStyle(f"tone has no speaker {style.speaker!r}", "Leave the speaker out.")
        segments: list[Segment] = []
        for sentence in words.sentences(words.clean(text)):
            lengths = [min(len(word), 64) for word in sentence.split()]
            for start in range(0, len(lengths), words.MAX_TOKENS):
                ids = tuple(lengths[start : start + words.MAX_TOKENS])
                segments.append(Segment(ids, style, len(segments)))
        return segments

    def durations(self, segment: Segment) -> tuple[int, ...]:
        return ()

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        beep_frames = round(_BEEP_S * RATE / segment.style.speed)
        gap = np.zeros(round(_GAP_S * RATE / segment.style.speed), np.float32)
        t = np.arange(beep_frames) / RATE
        fade = np.minimum(1, np.minimum(t, t[::-1]) / _FADE_S)
        for length in segment.ids:
            pitch = _SCALE_HZ[length % len(_SCALE_HZ)]
            beep = (_LEVEL * fade * np.sin(2 * np.pi * pitch * t)).astype(np.float32)
            yield PcmChunk(np.concatenate([beep, gap]), RATE)


def load(bundle: Bundle, variant: Variant, cost: Cost | None) -> ToneSynthesizer:
    return ToneSynthesizer()
