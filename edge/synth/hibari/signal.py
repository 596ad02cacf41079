"""Turn a hibari voice's spectra and pitch into samples, chunk by chunk.

This is what hibari.dsp.synth computes for a whole clause (a pulse train from f0, filtered by one
branch, plus shaped noise, plus a branch with its own phase, through one inverse STFT), with what a
chunk owes to its neighbours kept between the calls: the phase of the pulses, the samples that the
next STFT window still needs, and the three windows that overlap the next block. Every sample is
the same sum of the same numbers however the clause is cut. Spectra lie one per HOP samples; arrays
are (spectra, bins), where the package has (bins, spectra).

The noise is drawn spectrum by spectrum, so it does not depend on the cut either; for one seed it
is not the package's own draw, which needs the clause's length first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.pcm import Samples

SPECTRA = ("harmonics", "angle", "noise", "rest", "phase")
"""Magnitude and angle of the pulses' filter, magnitude of the noise, magnitude and phase of the
branch of its own."""
_LOGS = ("lh", "theta", "ln", "lr", "phi")
_UNVOICED_HZ = 40.0
_HIGHEST_HZ = 11_000.0  # no harmonic above, so that none is folded back at 24 kHz
_SHORT_DEVIATION = np.float32(math.sqrt(12) / 65536)
"""Brings numbers that are even over all of int16 to a variance of 1."""
_FLAT = 2e-3  # of 2 sin(t / 2): below it the closed sum of cosines is taken at its limit

Array = npt.NDArray[Any]


class Signal:
    """One clause; feed its chunks in order."""

    def __init__(self, dsp: ModuleType, noise: np.random.Generator) -> None:
        self._dsp, self._noise = dsp, noise
        self._overlap: int = dsp.N_FFT // dsp.HOP - 1  # earlier windows that reach into a block
        self._ahead: Samples = np.zeros(0, np.float32)  # f0 that no pulse was made of yet
        self._ends = False  # whether the clause ends with it
        self._f0: Samples = np.zeros(0, np.float32)  # the latest two before
        self._cycles = np.zeros(1)  # of the pulses so far, times the rate
        self._source: Samples | None = None  # pulses that the next window begins with
        self._windows = np.zeros((self._overlap, dsp.N_FFT), np.float32)
        self._real = np.zeros(self._overlap, np.float32)  # 1 for each window that is no padding
        self._margin: int = dsp.N_FFT // 2 // dsp.HOP  # blocks before the first sample
        self._trim = self._margin  # of these, not yet dropped

    def pitch(self, f0: Samples, last: bool) -> None:
        """Take the next f0 (n,) in Hz: before the spectra of the same places, or further ahead."""
        self._ahead = np.concatenate([self._ahead, f0])
        self._ends = last

    def samples(self, spectra: Mapping[str, Array], last: bool) -> Samples:
        """Return the samples that the next spectra finish, SPECTRA (n, bins)."""
        dsp = self._dsp
        harmonics, angle, noise, rest, phase = (spectra[name] for name in SPECTRA)
        spectrum = self._sources(len(noise))
        spectrum *= _polar(harmonics, angle)
        spectrum += self._drawn(len(noise), noise.shape[1]) * noise
        spectrum += _polar(rest, phase)
        return self._overlapped(_float32(np.fft.irfft(spectrum, dsp.N_FFT, axis=1)), last)

    def _drawn(self, count: int, bins: int) -> Array:
        """Draw complex numbers of mean 0, both parts of variance 1 and even in their range: a
        sample sums 601 of them, so the noise is as normal as of normal ones, for a seventh of
        their work on ARM."""
        raw = self._noise.bit_generator.random_raw((count, -(-bins // 2)))
        shorts = raw.view(np.int16)[:, : 2 * bins]
        return (shorts * _SHORT_DEVIATION).view(np.complex64)

    def _sources(self, count: int) -> Array:
        """Compute the STFT of the pulses at the next `count` places, complex64 (count, bins)."""
        dsp = self._dsp
        pulses = self._source_of((count - 1) * dsp.HOP + dsp.N_FFT)
        windows = np.lib.stride_tricks.sliding_window_view(pulses, dsp.N_FFT)
        self._source = pulses[count * dsp.HOP :]
        return _float32(np.fft.rfft(windows[:: dsp.HOP][:count] * dsp.WIN_SRC, axis=1))

    def _source_of(self, length: int) -> Samples:
        """Make no more pulses than the next `length` samples of the source need: f0 is known far
        ahead of the spectra, and the first sound does not wait for it."""
        hop, half = self._dsp.HOP, self._dsp.N_FFT // 2
        there = half if self._source is None else len(self._source)
        places = max(0, -(-(length - there) // hop))
        if self._source is None:  # what the mirror image needs, and one more f0 than places
            places = max(places, half // hop + 1) + 1
        taken, self._ahead = self._ahead[:places], self._ahead[places:]
        if not taken.size:
            assert self._source is not None  # pitch comes first
            return self._source
        last = self._ends and not self._ahead.size
        source = self._pulses(taken, last)
        if self._source is None:  # the clause begins and ends with its mirror image
            source = np.pad(source, (half, 0), mode="reflect")
        else:
            source = np.concatenate([self._source, source])
        return np.pad(source, (0, half), mode="reflect") if last else source

    def _pulses(self, f0: Samples, last: bool) -> Samples:
        """Make every harmonic at equal strength, for all f0 but the newest, whose next is unknown.

        sum of cos(h t), h = 1..H, is sin((H + 1/2) t) / (2 sin(t / 2)) - 1/2.
        """
        rate, hop = self._dsp.SR, self._dsp.HOP
        known = np.concatenate(
            [self._f0 if self._f0.size else f0[:1], f0, f0[-1:] if last else f0[:0]]
        )
        self._f0 = known[-2:]
        # Sample j of a place lies (j + 1/2) / hop - 1/2 from its middle; f0 is linear between.
        share = ((np.arange(hop) + 0.5) / hop - 0.5) % 1.0
        rising, half = share.astype(np.float32), hop // 2
        falling = (1.0 - rising).astype(np.float32)
        before, here, after = (known[i : len(known) - 2 + i, None] for i in range(3))
        early = before * falling[:half] + here * rising[:half]
        late = here * falling[half:] + after * rising[half:]
        hertz: Samples = np.concatenate([early, late], axis=1).astype(np.float32).reshape(-1)
        voiced = hertz > _UNVOICED_HZ
        hertz = np.maximum(hertz, np.float32(_UNVOICED_HZ))
        cycles = np.cumsum(np.concatenate([self._cycles, hertz]), dtype=np.float64)
        self._cycles = cycles[-1:]
        turns = cycles[1:] * (1.0 / rate)
        turns -= np.floor(turns)
        phase = (turns * (2 * np.pi)).astype(np.float32)
        harmonics = np.floor(np.float32(_HIGHEST_HZ) / hertz) + np.float32(0.5)
        below = 2 * np.sin(phase * np.float32(0.5))
        flat = np.abs(below) <= _FLAT
        below[flat] = 1
        pulses: Samples = np.sin(harmonics * phase) / below
        pulses[flat] = harmonics[flat]
        pulses -= np.float32(0.5)
        pulses[~voiced] = 0
        return pulses

    def _overlapped(self, windows: Samples, last: bool) -> Samples:
        """Overlap-add; block r is the sum of the window at r and the `_overlap` before it."""
        dsp, reach = self._dsp, self._overlap
        end = self._margin if last else 0
        padding = np.zeros((end, dsp.N_FFT), np.float32)
        windows = np.concatenate([self._windows, windows * dsp.WIN, padding])
        real = np.concatenate([self._real, np.ones(len(windows) - reach - end), padding[:, 0]])
        weights = (dsp.WIN * dsp.WIN).reshape(-1, dsp.HOP)
        parts = windows.reshape(len(windows), -1, dsp.HOP)
        count = len(windows) - reach
        blocks = np.zeros((count, dsp.HOP), np.float32)
        weight = np.zeros((count, dsp.HOP), np.float32)
        for k in range(reach + 1):
            rows = slice(reach - k, reach - k + count)
            blocks += parts[rows, k]
            weight += real[rows, None].astype(np.float32) * weights[k]
        self._windows, self._real = windows[count:], real[count:].astype(np.float32)
        blocks *= 1.0 / np.maximum(weight, np.float32(1e-11))
        skipped, self._trim = min(self._trim, count), max(0, self._trim - count)
        return blocks[skipped:].reshape(-1)


def spectra_of(dsp: ModuleType, outputs: Mapping[str, Array]) -> dict[str, Array]:
    """Name the SPECTRA among a decoder's outputs; made of what bundles of before have, logarithms
    and an angle before tanh."""
    if SPECTRA[0] in outputs:
        return {name: outputs[name] for name in SPECTRA}
    lh, theta, ln, lr, phi = (outputs[name] for name in _LOGS)
    angle = np.tanh(theta) * np.float32(np.pi)
    made = (dsp.ex(lh), angle, dsp.ex(ln), dsp.ex(lr), phi)
    return dict(zip(SPECTRA, made, strict=True))


def _float32(value: Array) -> Array:
    """In single precision, as numpy gives it since version 2."""
    return value.astype(np.complex64 if np.iscomplexobj(value) else np.float32, copy=False)


def _polar(magnitude: Samples, angle: Samples) -> Array:
    value = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=value.real)
    np.sin(angle, out=value.imag)
    value *= magnitude
    return value
