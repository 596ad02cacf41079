"""What is said of clips that can be used, but could be better. 1 s."""

from __future__ import annotations

import numpy as np

from edge.families import Family
from edge.pcm import PcmChunk, Samples
from edge.synth.clip_advice import advise, measure
from tests.synth.test_clip_pauses import RATE, spoken

FAMILY = Family("some", enough_s=5.0)
GOOD = spoken((2, -15), (0.4, -60), (3, -15), (0.5, -60))


def told(samples: Samples, rate: int = RATE) -> str:
    clip = PcmChunk(samples, rate)
    return "\n".join(advise(clip, measure(clip), FAMILY))


def test_a_good_clip_is_not_criticized() -> None:
    assert told(GOOD) == ""
    assert measure(PcmChunk(GOOD, RATE)).line.startswith("5.9 s, -1")


def test_each_fault_is_named_with_what_to_do() -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, len(GOOD)).astype(np.float32)
    assert "switch off fans" in told(GOOD + 0.02 * noise)
    peaks = GOOD.copy()
    peaks[::4_000] = 1.0
    assert "a little softer" in told(peaks)
    assert "a hand's breadth" in told(GOOD * np.float32(0.05))
    assert "from 5 s on" in told(GOOD[-3 * RATE :])
    assert "nothing above 8000 Hz" in told(GOOD, 16_000)
    assert "half a second of silence" in told(GOOD[: -RATE // 2])
