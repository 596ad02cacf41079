"""The generator's source and its spectra: from pitch to harmonics, and from spectra to samples.

Both work place by place with what a stretch owes to its neighbours kept between the calls, so the
samples do not depend on how a sentence is cut. The source's noise is drawn place by place, too.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.pcm import Samples
from edge.synth.kokoro.settings import HOP, PLACE, RATE, Settings

FFT = 20
"""Samples of a window."""
_AMPLITUDE = 0.1
_VOICED_HZ = 10.0
_VOICED_NOISE, _UNVOICED_NOISE = 0.003, _AMPLITUDE / 3
"""Deviations of the noise that each harmonic gets."""
_WINDOW = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)).astype(np.float32)
_OVERLAP = FFT // HOP - 1

Array = npt.NDArray[np.float32]


class Source:
    """The harmonics of one sentence, as magnitudes and angles of their spectrum."""

    def __init__(self, settings: Settings, noise: np.random.Generator) -> None:
        self._weights = np.array(settings.harmonics, np.float32)[:, None]
        self._offset, self._noise = np.float32(settings.offset), noise
        self._turns = np.arange(1, len(settings.harmonics) + 1)[:, None] / RATE
        self._f0: Samples = np.zeros(0, np.float32)
        self._phase = np.zeros((len(settings.harmonics), 1))  # turns at the middle of a place
        self._waves: Samples | None = None

    def spectra(self, f0: Samples, last: bool) -> Array:
        """Take the next f0 (places,) in Hz; return all spectra (22, n) that are known by then.

        Phases are linear between the middles of places, so the last half place waits for the next
        one; the last spectrum of a sentence lies at its end.
        """
        waves = self._excitation(f0, last)
        half = FFT // 2
        if self._waves is None:
            self._waves = np.concatenate([waves[half:0:-1], waves])
        else:
            self._waves = np.concatenate([self._waves, waves])
        if last:
            self._waves = np.concatenate([self._waves, self._waves[-2 : -half - 2 : -1]])
        count = max(0, (len(self._waves) - FFT) // HOP + 1)
        windows = np.lib.stride_tricks.sliding_window_view(self._waves, FFT)[::HOP][:count]
        spectrum = np.fft.rfft(windows * _WINDOW, axis=1)
        self._waves = self._waves[count * HOP :]
        return np.concatenate([np.abs(spectrum), np.angle(spectrum)], 1).T.astype(np.float32)

    def _excitation(self, f0: Samples, last: bool) -> Samples:
        """Make the sound up to the middle of the newest place, or to its end if it is the last."""
        first = not self._f0.size
        known = np.concatenate([self._f0, f0])
        steps = (known.astype(np.float64) * self._turns) % 1  # turns in a sample
        turns = self._phase + np.cumsum(steps if first else steps[:, 1:], axis=1)
        turns = turns if first else np.concatenate([self._phase, turns], axis=1)
        self._f0, self._phase = known[-1:], turns[:, -1:]
        middles = turns * PLACE
        between = (np.arange(PLACE) + 0.5) / PLACE
        # Half a place on either side of each middle: held flat before the first, after the last.
        rising = middles[:, :-1, None] + (middles[:, 1:] - middles[:, :-1])[:, :, None] * between
        parts = [rising.reshape(len(turns), -1)]
        half = PLACE // 2
        places = np.repeat(known[:, None], PLACE, 1).reshape(-1)
        begin, end = (0 if first else half), len(places) - (0 if last else half)
        if first:
            parts.insert(0, np.repeat(middles[:, :1], half, axis=1))
        if last:
            parts.append(np.repeat(middles[:, -1:], half, axis=1))
        phase = np.concatenate(parts, axis=1)
        voiced = places[begin:end] > _VOICED_HZ
        waves = np.sin((phase % 1) * (2 * np.pi)).astype(np.float32)
        waves *= np.float32(_AMPLITUDE) * voiced
        deviation = np.where(voiced, np.float32(_VOICED_NOISE), np.float32(_UNVOICED_NOISE))
        drawn = self._noise.standard_normal((waves.shape[1], len(waves)), np.float32).T
        waves += drawn * deviation
        made: Samples = np.tanh((waves * self._weights).sum(0, np.float32) + self._offset)
        return made


class Overlap:
    """Spectra to samples: windows that overlap, divided by what the windows add up to."""

    def __init__(self) -> None:
        self._windows = np.zeros((_OVERLAP, FFT), np.float32)
        self._real = np.zeros(_OVERLAP, np.float32)
        self._trim = FFT // 2 // HOP  # blocks before the first sample

    def samples(self, spectra: Array, last: bool) -> Samples:
        """Return the samples that the next spectra (22, n) finish."""
        bins = len(spectra) // 2
        angle = np.sin(spectra[bins:])
        polar = np.exp(spectra[:bins]) * (np.cos(angle) + 1j * np.sin(angle))
        made = np.fft.irfft(polar.T, FFT, axis=1).astype(np.float32) * _WINDOW
        real = np.ones(len(made), np.float32)
        if last:  # the sentence ends where a window would begin that is not there
            made, real = np.pad(made, ((0, 1), (0, 0))), np.pad(real, (0, 1))
        windows = np.concatenate([self._windows, made])
        real = np.concatenate([self._real, real])
        count = len(windows) - _OVERLAP
        parts = windows.reshape(len(windows), -1, HOP)
        weights = (_WINDOW * _WINDOW).reshape(-1, HOP)
        blocks = np.zeros((count, HOP), np.float32)
        weight = np.zeros((count, HOP), np.float32)
        for k in range(_OVERLAP + 1):
            rows = slice(_OVERLAP - k, _OVERLAP - k + count)
            blocks += parts[rows, k]
            weight += real[rows, None] * weights[k]
        self._windows, self._real = windows[count:], real[count:]
        blocks /= np.maximum(weight, np.float32(1e-11))
        skipped, self._trim = min(self._trim, count), max(0, self._trim - count)
        return blocks[skipped:].reshape(-1)
