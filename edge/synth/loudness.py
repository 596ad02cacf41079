"""Loudness by ITU-R BS.1770-4, in numpy alone: boards have nothing else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.pcm import PcmChunk, Samples

TARGET_LUFS = -18.0
"""Speech beside music and alerts on one small speaker; as podcasts have it."""
PEAK_DB = -1.0
"""Peaks stay below this, so a small converter does not clip."""
FLOOR_LUFS = -70.0
"""The absolute gate: what is softer is silence."""
_BLOCK_S, _STEP_S, _GATE_LU = 0.4, 0.1, 10.0
_OFFSET_DB = -0.691  # so that a sine of 997 Hz at full scale has -3.01
# The recommendation's two filters for any rate: Hz, Q, dB. Its own table is for 48 kHz.
_SHELF = (1681.974450955533, 0.7071752369554196, 3.999843853973347)
_HIGH_PASS = (38.13547087602444, 0.5003270373238773)


def loudness_lufs(clip: PcmChunk) -> float:
    """Measure the integrated loudness, in LUFS; FLOOR_LUFS where nothing is louder."""
    heard = _weighted(clip.samples, clip.rate)
    block, step = round(_BLOCK_S * clip.rate), round(_STEP_S * clip.rate)
    heard = np.pad(heard, (0, max(0, block - len(heard))))
    blocks = np.lib.stride_tricks.sliding_window_view(heard**2, block)[::step]
    power = blocks.mean(axis=1)
    power = power[_level(power) > FLOOR_LUFS]
    if len(power):
        power = power[_level(power) > _level(power.mean()) - _GATE_LU]
    return float(_level(power.mean())) if len(power) else FLOOR_LUFS


def levelled(clip: PcmChunk) -> PcmChunk:
    """Bring a clip to TARGET_LUFS, less where its peaks forbid it: a model that is given a soft
    clip speaks softly."""
    peak = float(np.abs(clip.samples).max(initial=1e-6))
    decibels = min(TARGET_LUFS - loudness_lufs(clip), PEAK_DB - 20 * float(np.log10(peak)))
    return PcmChunk(clip.samples * np.float32(10 ** (decibels / 20)), clip.rate)


def _level(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    levels: npt.NDArray[np.float64] = _OFFSET_DB + 10 * np.log10(power + 1e-20)
    return levels


def _weighted(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    """Filter as the recommendation has it: by the magnitudes alone, which is all that a power
    depends on, and numpy has no recursive filter."""
    size = len(samples) + rate // 10
    spectrum = np.fft.rfft(samples, size)
    z = np.exp(-2j * np.pi * np.arange(len(spectrum)) / size)
    for b, a in (_shelf(rate), _high_pass(rate)):
        spectrum = spectrum * np.abs(
            (b[0] + z * (b[1] + z * b[2])) / (a[0] + z * (a[1] + z * a[2]))
        )
    return np.fft.irfft(spectrum, size)[: len(samples)]


_Filter = tuple[tuple[float, float, float], tuple[float, float, float]]


def _shelf(rate: int) -> _Filter:
    frequency, q, gain = _SHELF
    k, high = np.tan(np.pi * frequency / rate), 10 ** (gain / 20)
    middle = high**0.4996667741545416
    b = (high + middle * k / q + k * k, 2 * (k * k - high), high - middle * k / q + k * k)
    return b, (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k)


def _high_pass(rate: int) -> _Filter:
    frequency, q = _HIGH_PASS
    k = np.tan(np.pi * frequency / rate)
    whole = 1 + k / q + k * k
    return (whole, -2 * whole, whole), (whole, 2 * (k * k - 1), 1 - k / q + k * k)
