"""One gain for the whole voice, measured once: sentences keep their own loudness among each
other, and a stream does not have to know its peak before it begins."""

from __future__ import annotations

import numpy as np

from edge.build import corpus
from edge.build.metrics import loudness_lufs, true_peak_db
from edge.synth import Style, Synthesizer

TARGET_LUFS = -18.0
"""Speech beside music and alerts on one small speaker; as podcasts have it."""
PEAK_DBTP = -1.0
"""True peaks stay below this on the measured sentences, so a small converter does not clip."""
SENTENCES = 60
_FALLBACK_LANGUAGE = "en"  # any words measure a voice's level


def measure_gain(synthesizer: Synthesizer, language: str) -> float:
    """The linear gain that brings the voice to TARGET_LUFS, less where its peaks forbid it."""
    short = language.split("_")[0]
    if short not in corpus.languages("calibration"):
        short = _FALLBACK_LANGUAGE
    spoken = [
        chunk.samples
        for text in corpus.sentences("calibration", short)[:SENTENCES]
        for segment in synthesizer.plan(text, Style())
        for chunk in synthesizer.speak(segment)
    ]
    samples = np.concatenate(spoken)
    by_loudness = TARGET_LUFS - loudness_lufs(samples, synthesizer.rate)
    by_peak = PEAK_DBTP - true_peak_db(samples, synthesizer.rate)
    return round(float(10 ** (min(by_loudness, by_peak) / 20)), 4)
