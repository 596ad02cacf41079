"""Clips to clone from: what is refused, with value, limit and remedy. 1 s."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from edge.errors import BadClip
from edge.pcm import PcmChunk, Samples
from edge.synth.clip import check_clip, resampled


def voice(seconds: float = 2.0, rate: int = 24_000, level: float = 0.3) -> Samples:
    """A hum with syllables, which is what the checks look at."""
    t = np.arange(round(seconds * rate)) / rate
    syllables = 0.2 + 0.8 * np.abs(np.sin(2 * np.pi * 2 * t))
    return (level * syllables * np.sin(2 * np.pi * 150 * t)).astype(np.float32)


def write(
    path: Path, samples: Samples, rate: int = 24_000, width: int = 2, channels: int = 1
) -> Path:
    whole = np.rint(samples.astype(np.float64) * ((1 << (8 * width - 1)) - 1)).astype("<i4")
    raw = (whole + 128 * (width == 1)).astype("<i4").tobytes()
    pieces = np.frombuffer(raw, np.uint8).reshape(-1, 4)[:, :width]
    pieces = np.repeat(pieces[:, None], channels, axis=1)
    with path.open("wb") as file, wave.open(file, "wb") as clip:
        clip.setnchannels(channels)
        clip.setsampwidth(width)
        clip.setframerate(rate)
        clip.writeframes(pieces.tobytes())
    return path


def refusal(clip: PcmChunk, longest: float = 3.0) -> BadClip:
    with pytest.raises(BadClip) as caught:
        check_clip(clip, longest)
    assert caught.value.remedy
    return caught.value


def test_too_short_silent_distorted_and_empty_sounds_are_refused() -> None:
    assert "0.50 s; at least 1 s" in refusal(PcmChunk(voice(0.5), 24_000)).message
    assert "0.00 s" in refusal(PcmChunk(voice(0.0), 24_000)).message
    silent = refusal(PcmChunk(voice(level=0.001), 24_000)).message
    assert "-60 dB" in silent and "-34 dB" in silent
    assert "silent" in refusal(PcmChunk(np.zeros(48_000, np.float32), 24_000)).message
    loud = np.clip(voice(level=3.0), -1, 1)
    assert "cut off at full scale, the limit is 0.1 %" in refusal(PcmChunk(loud, 24_000)).message
    broken = voice()
    broken[7] = np.nan
    assert "no numbers" in refusal(PcmChunk(broken, 24_000)).message


def test_an_even_noise_is_no_voice() -> None:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 48_000).astype(np.float32)
    assert "at least 6 dB" in refusal(PcmChunk(noise, 24_000)).message


@pytest.mark.parametrize("level", [0.3, -0.9])
def test_a_constant_is_silence(level: float) -> None:
    assert "silent" in refusal(PcmChunk(np.full(48_000, level, np.float32), 24_000)).message
    shifted = PcmChunk(voice() + np.float32(0.1), 24_000)
    check_clip(shifted)


def test_a_click_is_no_speech() -> None:
    click = np.full(48_000, 1e-4, np.float32)
    click[10_000:10_500] = voice()[:500]
    assert "at least 0.5 s" in refusal(PcmChunk(click, 24_000)).message


def test_a_few_peaks_at_full_scale_are_no_distortion() -> None:
    samples = voice()
    samples[::4000] = 1.0
    check_clip(PcmChunk(samples, 24_000))


def test_resampling_keeps_length_and_pitch() -> None:
    clip = PcmChunk(voice(2.0, 44_100), 44_100)
    low = resampled(clip, 16_000)
    assert len(low) == 32_000
    peak = np.abs(np.fft.rfft(low)).argmax() * 16_000 / len(low)
    assert peak == pytest.approx(150, abs=5)
    assert resampled(clip, 44_100) is clip.samples
