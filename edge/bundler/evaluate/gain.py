"""One gain for the whole voice, measured once: sentences keep their own loudness among each
other, and a stream does not have to know its peak before it begins."""

from __future__ import annotations

from edge.bundler.metrics import loudness_lufs, true_peak_db
from edge.pcm import Samples

TARGET_LUFS = -18.0
"""Speech beside music and alerts on one small speaker; as podcasts have it."""
PEAK_DBTP = -1.0
"""True peaks stay below this on the measured sentences, so a small converter does not clip."""


def measure_gain(spoken: Samples, rate: int) -> float:
    """The linear gain that brings what a voice spoke, float32 (frames,) without gain, to
    TARGET_LUFS, less where its peaks forbid it."""
    by_loudness = TARGET_LUFS - loudness_lufs(spoken, rate)
    by_peak = PEAK_DBTP - true_peak_db(spoken, rate)
    return round(float(10 ** (min(by_loudness, by_peak) / 20)), 4)
