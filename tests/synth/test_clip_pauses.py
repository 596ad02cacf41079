"""Where a clip is cut and how it ends. 1 s."""

from __future__ import annotations

import numpy as np
import pytest

from edge.pcm import PcmChunk, Samples
from edge.synth.clip_pauses import (
    contrast_db,
    cut_at_pause,
    end_on_pause,
    ends_in_speech,
    speech_s,
)

RATE = 24_000


def spoken(*parts: tuple[float, float]) -> Samples:
    """Noise of these seconds and levels in dB, one after the other."""
    levels = np.concatenate([np.full(round(RATE * s), 10 ** (db / 20)) for s, db in parts])
    noise = np.random.default_rng(0).uniform(-1, 1, len(levels))
    return (noise * levels).astype(np.float32)


def clip(*parts: tuple[float, float]) -> PcmChunk:
    return PcmChunk(spoken(*parts), RATE)


def test_it_ends_on_80_ms_of_silence_behind_the_last_sound() -> None:
    samples = spoken((1.0, -10), (0.1, -40), (0.5, -60))  # the -40 is within 35 dB, the -60 not
    ended = end_on_pause(samples, RATE)
    assert len(ended) == round(1.1 * RATE) + 1920
    assert not ended[-1920:].any()
    fade = slice(round(1.08 * RATE), round(1.1 * RATE))
    np.testing.assert_array_equal(ended[: fade.start], samples[: fade.start])
    expected = samples[fade] * np.linspace(1, 0, 480, dtype=np.float32)
    np.testing.assert_array_equal(ended[fade], expected)
    np.testing.assert_array_equal(samples, spoken((1.0, -10), (0.1, -40), (0.5, -60)))


def test_a_clip_that_ends_in_speech_loses_no_more_than_a_part_of_a_frame() -> None:
    samples = spoken((1.015, -10))
    assert len(end_on_pause(samples, RATE)) == RATE + 1920
    assert len(end_on_pause(samples[:100], RATE)) == 100


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [
        # 0.1 s before the pause ends
        (((8, -10), (0.4, -60), (8, -10), (0.1, -60), (30, -10)), 8.3),  # 0.1 s is no pause
        (((3, -10), (0.4, -60), (30, -10)), 30.0),  # before the half: too much would be lost
        (((25, -10), (0.4, -60), (4, -10), (0.4, -60), (8, -10)), 29.7),
    ],
)
def test_a_long_clip_is_cut_at_its_last_pause(
    parts: tuple[tuple[float, float], ...], seconds: float
) -> None:
    longest = 15.0 if seconds < 15 else 30.0
    cut = cut_at_pause(clip(*parts), longest)
    assert cut.seconds <= longest
    if seconds < longest:
        assert cut.seconds == pytest.approx(seconds, abs=0.03)
        assert not ends_in_speech(cut)
    else:
        assert cut.seconds >= longest / 2


def test_a_cut_off_word_is_noticed() -> None:
    assert ends_in_speech(clip((2, -10)))
    assert not ends_in_speech(clip((2, -10), (0.2, -60)))


def test_noise_is_told_from_speech() -> None:
    talk = clip((1, -10), (0.3, -50), (1, -10), (0.3, -50))
    assert contrast_db(talk) == pytest.approx(40, abs=1)
    assert speech_s(talk) == pytest.approx(2, abs=0.05)
    assert contrast_db(clip((3, -10))) < 2
