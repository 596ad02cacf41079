"""Known values: a metric that is off by a little would pack a voice that hisses. Under 3 s."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bundler import metrics
from edge.bundler.packages import require
from edge.errors import MissingPackage
from edge.pcm import Samples

RATE = 22050


def noise(seed: int, level: float, seconds: float = 1.0) -> Samples:
    frames = round(seconds * RATE)
    return (level * np.random.default_rng(seed).standard_normal(frames)).astype(np.float32)


def sine(hertz: float, amplitude: float, rate: int, seconds: float = 3.0) -> Samples:
    time = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


@pytest.mark.parametrize("wanted", [0.0, 12.0, 40.0, 90.0])
def test_snr_of_white_noise_at_a_known_level(wanted: float) -> None:
    clean, dirt = noise(1, 0.1).astype(np.float64), noise(2, 0.1).astype(np.float64)
    dirt *= np.sqrt(np.sum(clean**2) / np.sum(dirt**2)) * 10 ** (-wanted / 20)
    assert metrics.snr_db(clean, clean + dirt) == pytest.approx(wanted, abs=1e-6)


def test_snr_is_finite_for_equal_sounds_and_refuses_silence() -> None:
    sound = noise(1, 0.1)
    assert metrics.snr_db(sound, sound) == metrics.SNR_CEILING_DB
    with pytest.raises(ValueError, match="silent"):
        metrics.snr_db(np.zeros_like(sound), sound)


@pytest.mark.parametrize("gain_db", [3.0, -3.0, 0.5])
def test_log_mel_distance_of_a_gain_is_the_gain(gain_db: float) -> None:
    sound = noise(3, 0.05)  # white, so every band is far above the floor
    louder = (sound * 10 ** (gain_db / 20)).astype(np.float32)
    assert metrics.log_mel_distance_db(sound, louder, RATE) == pytest.approx(
        abs(gain_db), rel=1e-3
    )


def test_log_mel_distance_hears_hiss_in_a_pause_that_snr_hardly_counts() -> None:
    speech = noise(4, 0.2)
    speech[RATE // 2 :] *= 1e-4
    hiss = noise(5, 0.0005)
    assert metrics.snr_db(speech, speech + hiss) > 45
    assert metrics.log_mel_distance_db(speech, speech + hiss, RATE) > 5
    quiet = metrics.noise_in_pauses_db(speech, speech, RATE)
    assert metrics.noise_in_pauses_db(speech, speech + hiss, RATE) == pytest.approx(-66, abs=0.5)
    assert quiet == pytest.approx(20 * np.log10(0.2e-4), abs=0.5)


sounds = st.integers(0, 2**32 - 1).map(lambda seed: noise(seed, 0.1, 0.2))


@settings(max_examples=30, deadline=None)
@given(sounds, st.floats(-30, 30), st.integers(0, 2**32 - 1))
def test_log_mel_distance_is_zero_only_for_equal_colours(
    sound: Samples, snr: float, seed: int
) -> None:
    dirt = noise(seed + 1, 0.1 * 10 ** (-snr / 20), 0.2)
    assert metrics.log_mel_distance_db(sound, sound, RATE) == 0.0
    assert metrics.log_mel_distance_db(sound, -sound, RATE) == 0.0
    assert metrics.log_mel_distance_db(sound, sound + dirt, RATE) > 0.05


def test_mel_spectrogram_shows_a_sine_in_its_band_at_zero_db() -> None:
    mel = metrics.mel_db(sine(1000.0, 0.5, RATE, 1.0), RATE)
    assert mel.shape == (metrics.MELS, 1 + RATE // metrics.HOP)
    assert mel.dtype == np.float32
    assert mel.max() == 0.0
    assert mel.min() >= -metrics.MEL_FLOOR_DB
    # 1 kHz is 15 of the 49.9 Slaney mels below 11,025 Hz, which 81 steps divide.
    assert abs(int(np.argmax(mel[:, 40])) - 24) <= 1


def test_mel_spectrogram_of_half_the_amplitude_is_six_db_below_its_reference() -> None:
    full = sine(1000.0, 0.5, RATE, 1.0)
    assert metrics.mel_db(full / 2, RATE, full).max() == pytest.approx(-6.02, abs=0.01)


@pytest.mark.quality
@pytest.mark.parametrize("rate", [16000, 22050, 24000])
def test_mel_spectrogram_equals_librosa(rate: int) -> None:
    librosa = pytest.importorskip("librosa", reason="librosa is in the quality extra")
    sound = noise(6, 0.1).astype(np.float64)
    theirs = librosa.feature.melspectrogram(
        y=sound, sr=rate, n_fft=1024, hop_length=256, n_mels=80
    )
    np.testing.assert_allclose(metrics.mel_power(sound, rate), theirs, rtol=1e-6)


@pytest.mark.parametrize("rate", [22050, 48000])
def test_loudness_of_the_ebu_reference_tone(rate: int) -> None:
    # EBU Tech 3341, case 1: a 1 kHz sine at -23 dBFS in two channels reads -23 LUFS; one
    # channel holds half of that energy.
    tone = sine(1000.0, 10 ** (-23 / 20), rate)
    assert metrics.loudness_lufs(tone, rate) == pytest.approx(-23.0 - 3.01, abs=0.1)


def test_loudness_of_silence_is_the_gate_and_a_blip_is_refused() -> None:
    assert metrics.loudness_lufs(np.zeros(RATE, np.float32), RATE) == metrics.LUFS_FLOOR
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    syllable, long = tone[: RATE // 10], metrics.loudness_lufs(tone, RATE)
    assert metrics.loudness_lufs(syllable, RATE) == pytest.approx(long, abs=0.1)


def test_true_peak_finds_what_lies_between_the_samples() -> None:
    # A quarter of the rate at 45 degrees: samples at 0.707 of a peak that none of them meets.
    time = np.arange(RATE)
    tone = np.sin(np.pi / 2 * time + np.pi / 4).astype(np.float32)
    tone *= np.hanning(len(tone)).astype(np.float32)
    assert 20 * np.log10(np.abs(tone).max()) == pytest.approx(-3.01, abs=0.01)
    assert metrics.true_peak_db(tone, RATE) == pytest.approx(0.0, abs=0.05)
    assert metrics.true_peak_db(np.zeros(RATE, np.float32), RATE) == metrics.SILENCE_DB


def test_clipped_fraction_counts_what_becomes_the_largest_integer() -> None:
    sound = np.array([0.0, 0.999, 1.0, -1.3], np.float32)
    assert metrics.clipped_fraction(sound) == 0.5


def test_duration_change_is_relative_and_signed() -> None:
    ten = np.zeros(1000, np.float32)
    assert metrics.duration_change(ten, ten[:950]) == pytest.approx(-0.05)


@pytest.mark.parametrize(
    "metric",
    [
        metrics.snr_db,
        lambda a, b: metrics.log_mel_distance_db(a, b, RATE),
        lambda a, b: metrics.noise_in_pauses_db(a, b, RATE),
    ],
)
def test_sounds_of_other_lengths_are_never_compared(metric) -> None:  # type: ignore[no-untyped-def]
    sound = noise(7, 0.1)
    with pytest.raises(ValueError, match="lengths differ: 22050 and 22049"):
        metric(sound, sound[:-1])
    with pytest.raises(ValueError, match="NaN"):
        metric(sound, np.where(sound > 0.2, np.nan, sound).astype(np.float32))
    with pytest.raises(ValueError, match=r"\(0,\)"):
        metric(sound[:0], sound[:0])


def test_a_missing_package_says_what_to_type() -> None:
    with pytest.raises(MissingPackage, match="hearing needs the Python package 'no_ears'") as info:
        require("no_ears", "hearing", "pip install no-ears")
    assert info.value.remedy == "Run: pip install no-ears"
