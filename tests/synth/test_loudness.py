"""Loudness by the numbers of ITU-R BS.1770-4 and EBU Tech 3341, and beside pyloudnorm. 1 s."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest

from edge.pcm import PcmChunk, Samples
from edge.synth.loudness import FLOOR_LUFS, PEAK_DB, TARGET_LUFS, levelled, loudness_lufs
from tests.synth.test_clip import voice


def sine(seconds: float, decibels: float, rate: int = 48_000, hertz: float = 997.0) -> Samples:
    t = np.arange(round(seconds * rate)) / rate
    return (10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * t)).astype(np.float32)


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000, 192_000])
def test_a_sine_at_full_scale_has_3_01_less(rate: int) -> None:
    assert loudness_lufs(PcmChunk(sine(3, 0, rate), rate)) == pytest.approx(-3.01, abs=0.05)


def test_soft_stretches_do_not_count() -> None:
    """Case 3 of EBU Tech 3341, for one channel: 3 dB less than its stereo."""
    parts = (sine(10, -36), sine(60, -23), sine(10, -36))
    measured = loudness_lufs(PcmChunk(np.concatenate(parts), 48_000))
    assert measured == pytest.approx(-23 - 3.01, abs=0.1)


@pytest.mark.parametrize("hertz", [40, 100, 1000, 2000, 8000])
def test_it_is_pyloudnorms(hertz: float) -> None:
    samples = sine(2, -20, hertz=hertz)
    expected = pyloudnorm.Meter(48_000).integrated_loudness(samples)
    assert loudness_lufs(PcmChunk(samples, 48_000)) == pytest.approx(expected, abs=0.1)


def test_silence_and_short_clips_have_a_level() -> None:
    assert loudness_lufs(PcmChunk(np.zeros(48_000, np.float32), 24_000)) == FLOOR_LUFS
    assert loudness_lufs(PcmChunk(np.zeros(0, np.float32), 24_000)) == FLOOR_LUFS
    assert -40 < loudness_lufs(PcmChunk(voice(0.2), 24_000)) < -10


@pytest.mark.parametrize("level", [0.02, 0.3, 0.9])
def test_every_clip_is_brought_to_one_loudness(level: float) -> None:
    brought = levelled(PcmChunk(voice(level=level), 24_000))
    assert loudness_lufs(brought) == pytest.approx(TARGET_LUFS, abs=0.05)


def test_peaks_are_not_brought_above_full_scale() -> None:
    samples = voice(level=0.02)
    samples[100] = 0.5
    brought = levelled(PcmChunk(samples, 24_000))
    assert np.abs(brought.samples).max() == pytest.approx(10 ** (PEAK_DB / 20), rel=1e-3)
