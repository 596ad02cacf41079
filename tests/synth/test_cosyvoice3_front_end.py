"""The three spectrograms of a clip, beside their formulas written out. 1 s."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.pcm import Samples
from edge.synth.cosyvoice3.front_end import (
    kaldi_fbank,
    kaldi_filters,
    prompt_mel,
    slaney_filters,
    whisper_mel,
)


def chirp(rate: int, seconds: float = 1.0) -> Samples:
    """Rises from 100 Hz; nothing random, so that recorded values stay true."""
    t = np.arange(round(rate * seconds)) / rate
    sound = 0.3 * np.sin(2 * np.pi * (100 * t + 900 * t * t)) + 0.05 * np.sin(2 * np.pi * 3100 * t)
    return sound.astype(np.float32)


def slaney(hertz: float) -> float:
    return hertz * 3 / 200 if hertz < 1000 else 15 + 27 * math.log(hertz / 1000) / math.log(6.4)


def test_slaney_filters_are_triangles_of_one_area() -> None:
    filters = slaney_filters(24_000, 1920, 80)
    assert filters.shape == (80, 961) and (filters >= 0).all()
    peaks = filters.argmax(axis=1) * 24_000 / 1920
    mels = [slaney(peak) for peak in peaks]
    np.testing.assert_allclose(np.diff(mels)[40:], slaney(12_000) / 81, rtol=0.15)
    areas = filters.sum(axis=1) * 24_000 / 1920
    np.testing.assert_allclose(areas[30:], 1.0, rtol=0.02)


def test_slaney_filters_equal_those_of_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    for rate, n_fft, mels in ((16_000, 400, 128), (24_000, 1920, 80)):
        theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=mels)
        np.testing.assert_allclose(slaney_filters(rate, n_fft, mels), theirs, atol=1e-8)


def test_whisper_mel_is_its_formula() -> None:
    samples = chirp(16_000)
    mel = whisper_mel(samples)
    assert mel.shape == (1, 128, 100) and mel.dtype == np.float32
    padded = np.concatenate([samples[200:0:-1], samples, samples[-2:-202:-1]]).astype(np.float64)
    n = np.arange(400)
    window = np.sin(np.pi * n / 400) ** 2
    waves = np.exp(-2j * np.pi * np.outer(np.arange(201), n) / 400)
    power = np.array(
        [np.abs(waves @ (window * padded[i * 160 : i * 160 + 400])) ** 2 for i in range(100)]
    )
    log = np.log10(np.maximum(slaney_filters(16_000, 400, 128) @ power.T, 1e-10))
    expected = (np.maximum(log, log.max() - 8) + 4) / 4
    np.testing.assert_allclose(mel[0], expected, atol=1e-5)
    assert mel.max() - mel.min() <= 2.0 + 1e-6  # 8 powers of ten, in quarters


def test_prompt_mel_is_its_formula() -> None:
    samples = chirp(24_000)
    mel = prompt_mel(samples, 24_000, 1920, 480, 80)
    assert mel.shape == (80, 50)  # two frames a token, and none at the edges
    padded = np.pad(samples.astype(np.float64), 720, mode="reflect")
    n = np.arange(1920)
    waves = (
        np.exp(-2j * np.pi * np.outer(np.arange(961), n) / 1920) * np.sin(np.pi * n / 1920) ** 2
    )
    for frame in (0, 7, 49):
        spectrum = waves @ padded[frame * 480 : frame * 480 + 1920]
        size = np.sqrt(np.abs(spectrum) ** 2 + 1e-9)
        expected = np.log(np.maximum(slaney_filters(24_000, 1920, 80) @ size, 1e-5))
        np.testing.assert_allclose(mel[:, frame], expected, atol=1e-5)
    assert prompt_mel(np.zeros(24_000, np.float32), 24_000, 1920, 480, 80).min() == pytest.approx(
        math.log(1e-5), abs=1.0
    )


def test_kaldi_filters_are_even_in_mel() -> None:
    filters = kaldi_filters(16_000, 512, 80)
    assert filters.shape == (80, 256)
    peaks = filters.argmax(axis=1) * 16_000 / 512
    mels = 1127 * np.log(1 + peaks / 700)
    step = (1127 * math.log(1 + 8000 / 700) - 1127 * math.log(1 + 20 / 700)) / 81
    np.testing.assert_allclose(np.diff(mels)[40:], step, rtol=0.4)
    assert filters.max() <= 1.0


def test_kaldi_fbank_equals_kaldi() -> None:
    """Recorded from kaldi-native-fbank 1.23.0, with dither 0 and 80 bins."""
    bands = kaldi_fbank(chirp(16_000))
    assert bands.shape == (1, 98, 80)  # no frame reaches over an edge
    np.testing.assert_allclose(bands.mean(axis=1), 0, atol=1e-4)
    for (frame, band), value in KALDI.items():
        assert bands[0, frame, band] == pytest.approx(value, abs=2e-3), (frame, band)


KALDI = {
    (0, 0): 6.352,
    (0, 5): 12.5445,
    (0, 20): -4.998,
    (0, 50): -0.0007,
    (0, 79): -0.0,
    (30, 0): 2.7582,
    (30, 5): -1.1637,
    (30, 20): 14.0631,
    (30, 50): -0.0093,
    (30, 79): -0.0,
    (97, 0): -0.474,
    (97, 5): -3.1393,
    (97, 20): -4.4969,
    (97, 50): -0.402,
    (97, 79): -0.0,
}
"""By frame and band."""
