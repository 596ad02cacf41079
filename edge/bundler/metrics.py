"""How far one sound is from another, and how loud it is: pure functions, no models.

Samples are float32 of shape (frames,), full scale 1.0; rates are in Hz; every level is in dB.
Results are finite, so that they can go into a report: what would be infinite stops at a bound.
Arrays that cannot be compared (empty, other lengths, not one-dimensional) raise ValueError.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from edge.bundler.packages import require
from edge.pcm import INT16_PEAK, Samples

MELS = 80
WINDOW = 1024
HOP = 256
MEL_FLOOR_DB = 80.0  # cells quieter than this below the reference's peak are inaudible beside it
SNR_CEILING_DB = 150.0  # past float32's own rounding (24 bits, 144 dB)
SILENCE_DB = -120.0  # below 16 bits' -96 dB with room to spare
LUFS_FLOOR = -70.0  # the absolute gate of ITU-R BS.1770-4
LUFS_BLOCK_SECONDS = 0.4  # its gating block

_EXTRA = "In the clone of Edge Voice: pip install '.[build]'"


def snr_db(reference: Samples, test: Samples) -> float:
    """Energy of `reference` over the energy of the difference; at most SNR_CEILING_DB.

    A silent reference has no ratio: ValueError.
    """
    a, b = _pair(reference, test)
    signal, noise = float(np.sum(a * a)), float(np.sum((a - b) ** 2))
    if signal == 0.0:
        raise ValueError("the reference is silent")
    if noise == 0.0:
        return SNR_CEILING_DB
    return min(10.0 * float(np.log10(signal / noise)), SNR_CEILING_DB)


def log_mel_distance_db(reference: Samples, test: Samples, rate: int) -> float:
    """How differently two sounds of equal length are coloured, in dB; 0 for equal spectra.

    Definition: `mel_db` of both, each against the peak of `reference` and with its floor
    MEL_FLOOR_DB below that peak; the root mean square of the difference over the MELS bands of
    a frame; the mean of that over the frames. It does not hear phase, so a resynthesis with
    other noise is compared fairly; a gain of g dB on a sound wholly above the floor gives g.
    """
    _pair(reference, test)
    power = mel_power(reference, rate)
    difference = _mel_level(mel_power(test, rate), power) - _mel_level(power, power)
    return float(np.sqrt(np.mean(difference.astype(np.float64) ** 2, axis=0)).mean())


def mel_db(samples: Samples, rate: int, reference: Samples | None = None) -> Samples:
    """Mel spectrogram, shape (MELS, 1 + frames // HOP), float32, lowest band first.

    In dB relative to the loudest cell of `reference` (or of `samples` itself), not below
    -MEL_FLOOR_DB. Periodic Hann window of WINDOW, hop HOP, ends padded with zeros, power,
    Slaney's mel scale and area norm from 0 to rate / 2 (librosa's defaults).
    """
    power = mel_power(samples, rate)
    return _mel_level(power, power if reference is None else mel_power(reference, rate))


def _mel_level(power: npt.NDArray[np.float64], reference: npt.NDArray[np.float64]) -> Samples:
    peak = float(reference.max())
    if peak == 0.0:
        raise ValueError("the reference is silent")
    floor = peak * 10.0 ** (-MEL_FLOOR_DB / 10.0)
    level: npt.NDArray[np.float64] = 10.0 * np.log10(np.maximum(power, floor) / peak)
    return level.astype(np.float32)


def mel_power(
    samples: Samples, rate: int, mels: int = MELS, window: int = WINDOW, hop: int = HOP
) -> npt.NDArray[np.float64]:
    """Mel power spectrogram, shape (mels, 1 + frames // hop), as `mel_db` defines it."""
    padded = np.pad(_line(samples), window // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(window) / window)
    power = np.abs(np.fft.rfft(frames * hann, axis=1)) ** 2
    result: npt.NDArray[np.float64] = _mel_filters(rate, mels, window) @ power.T
    return result


def clipped_fraction(samples: Samples) -> float:
    """The part, 0 to 1, of the samples that become the largest or smallest int16."""
    _line(samples)
    return float(np.mean(np.abs(samples) * INT16_PEAK >= INT16_PEAK - 0.5))


def noise_in_pauses_db(reference: Samples, test: Samples, rate: int) -> float:
    """RMS level of `test`, in dB of full scale, where `reference` is quietest.

    Over the tenth of the 20 ms stretches in which `reference` has the least energy (at least
    one): a coarse quantization's hiss shows here first. Not below SILENCE_DB. Compare it with
    `noise_in_pauses_db(reference, reference, rate)`.
    """
    a, b = _pair(reference, test)
    size = min(len(a), max(1, rate // 50))
    count = len(a) // size
    blocks = a[: count * size].reshape(count, size)
    quiet = np.argsort(np.mean(blocks**2, axis=1), kind="stable")[: max(1, count // 10)]
    power = float(np.mean(b[: count * size].reshape(count, size)[quiet] ** 2))
    return _db(power, 10.0)


def duration_change(reference: Samples, test: Samples) -> float:
    """How much longer `test` is, as a part of `reference`: 0.05 is five per cent longer."""
    return len(_line(test)) / len(_line(reference)) - 1.0


def loudness_lufs(samples: Samples, rate: int) -> float:
    """Integrated loudness, LUFS (ITU-R BS.1770-4, gated, mono); not below LUFS_FLOOR.

    A sound shorter than the gating block of 0.4 s, as a single syllable is, is repeated to that
    length.
    """
    line = np.resize(_line(samples), max(len(samples), round(LUFS_BLOCK_SECONDS * rate)))
    meter = require("pyloudnorm", "measuring loudness", _EXTRA).Meter(rate)
    if float(np.max(np.abs(line))) < 10.0 ** (SILENCE_DB / 20.0):
        return LUFS_FLOOR  # the meter would take the logarithm of zero
    return max(float(meter.integrated_loudness(line)), LUFS_FLOOR)


def true_peak_db(samples: Samples, rate: int) -> float:
    """The highest level between samples too, dBTP: the peak after 4 x oversampling by soxr."""
    soxr = require("soxr", "measuring the true peak", _EXTRA)
    dense = soxr.resample(_line(samples), rate, 4 * rate, "VHQ")
    return _db(float(np.max(np.abs(dense), initial=0.0)), 20.0)


def _db(value: float, factor: float) -> float:
    return max(factor * float(np.log10(max(value, 1e-30))), SILENCE_DB)


def _line(samples: Samples) -> npt.NDArray[np.float64]:
    if samples.ndim != 1 or not len(samples):
        raise ValueError(f"expected samples of shape (frames,), got {samples.shape}")
    if not np.all(np.isfinite(samples)):
        raise ValueError("the samples hold NaN or infinity")
    return samples.astype(np.float64)


def _pair(
    reference: Samples, test: Samples
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    a, b = _line(reference), _line(test)
    if len(a) != len(b):
        raise ValueError(f"lengths differ: {len(a)} and {len(b)} frames")
    return a, b


@functools.lru_cache(maxsize=4)
def _mel_filters(rate: int, mels: int, window: int) -> npt.NDArray[np.float64]:
    """Triangles of shape (mels, window // 2 + 1); linear below 1 kHz, logarithmic above."""
    step = 200.0 / 3.0  # Hz for one mel below 1 kHz
    ratio = np.log(6.4) / 27.0  # above, 27 mels take the frequency from 1 to 6.4 kHz
    knee = 1000.0 / step
    nyquist = rate / 2.0
    top = nyquist / step if nyquist < 1000.0 else knee + np.log(nyquist / 1000.0) / ratio
    marks = np.linspace(0.0, top, mels + 2)
    edges = np.where(marks < knee, marks * step, 1000.0 * np.exp(ratio * (marks - knee)))
    bins = np.fft.rfftfreq(window, 1.0 / rate)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    area = 2.0 / (edges[2:] - edges[:-2])
    filters: npt.NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    return filters * area[:, None]
