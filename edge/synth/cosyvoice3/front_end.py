"""A clip as the encoders want it: three spectrograms, in numpy, from samples in [-1, 1].

Each follows the function that the released model was trained with; they differ in window, mel
scale, edges and logarithm, so none can stand in for another.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.pcm import Samples

Floats = npt.NDArray[np.float64]

ENCODER_RATE = 16_000
"""Hz: of the clip for the speech tokenizer and for the speaker encoder."""
TOKENIZER_MELS, SPEAKER_MELS = 128, 80


def whisper_mel(samples: Samples) -> npt.NDArray[np.float32]:
    """16 kHz samples to (1, 128, T), 100 frames a second: log10, the highest 8 kept, scaled.

    Source: openai-whisper 20231117, audio.py, log_mel_spectrogram.
    """
    power = _power(np.pad(samples.astype(np.float64), 200, mode="reflect"), 400, 160, hann(400))
    mel = slaney_filters(ENCODER_RATE, 400, TOKENIZER_MELS) @ power[:-1].T  # the last is dropped
    log = np.log10(np.maximum(mel, 1e-10))
    log = (np.maximum(log, log.max() - 8.0) + 4.0) / 4.0
    mel32: npt.NDArray[np.float32] = log[None].astype(np.float32)
    return mel32


def kaldi_fbank(samples: Samples) -> npt.NDArray[np.float32]:
    """16 kHz samples to (1, T, 80), 100 frames a second, each band's mean over time taken away.

    Frames of 25 ms without dither, at no edge filled up. Source: kaldi feature-window.cc and
    mel-computations.cc, as torchaudio.compliance.kaldi.fbank calls for its defaults.
    """
    length, hop, n_fft = 400, 160, 512
    frames = _frames(samples.astype(np.float64), length, hop)
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    frames = frames - 0.97 * before
    povey = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / (length - 1))) ** 0.85
    power = np.abs(np.fft.rfft(frames * povey, n_fft)) ** 2
    mel = power[:, : n_fft // 2] @ kaldi_filters(ENCODER_RATE, n_fft, SPEAKER_MELS).T
    log = np.log(np.maximum(mel, np.finfo(np.float32).eps))
    bands: npt.NDArray[np.float32] = (log - log.mean(axis=0))[None].astype(np.float32)
    return bands


def prompt_mel(
    samples: Samples, rate: int, n_fft: int, hop: int, mels: int
) -> npt.NDArray[np.float32]:
    """Samples at the voice's rate to (mels, T), natural logarithms of magnitudes.

    No frame is centred on the first sample; the edges are mirrored instead. Source: Matcha-TTS,
    utils/audio.py, mel_spectrogram, with fmin 0 and no fmax.
    """
    padded = np.pad(samples.astype(np.float64), (n_fft - hop) // 2, mode="reflect")
    magnitude = np.sqrt(_power(padded, n_fft, hop, hann(n_fft)) + 1e-9)
    mel = slaney_filters(rate, n_fft, mels) @ magnitude.T
    log: npt.NDArray[np.float32] = np.log(np.maximum(mel, 1e-5)).astype(np.float32)
    return log


def hann(length: int) -> Floats:
    """The periodic window, as torch.hann_window gives."""
    window: Floats = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return window


def slaney_filters(rate: int, n_fft: int, mels: int) -> Floats:
    """(mels, n_fft // 2 + 1): triangles of equal area, even in Slaney's mel up to rate / 2.

    Slaney's scale is linear below 1 kHz (15 mel) and logarithmic above.
    """
    step = np.log(6.4) / 27.0
    top = 15.0 + np.log(rate / 2 / 1000.0) / step
    points = np.linspace(0.0, top, mels + 2)
    linear, log = points * 200.0 / 3.0, 1000.0 * np.exp(step * (points - 15.0))
    edges = np.where(points >= 15.0, log, linear)
    bins = np.arange(n_fft // 2 + 1) * (rate / n_fft)
    rise = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles: Floats = np.maximum(0.0, np.minimum(rise, fall))
    return triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]


def kaldi_filters(rate: int, n_fft: int, mels: int) -> Floats:
    """(mels, n_fft // 2): triangles in mel itself, from 20 Hz to rate / 2."""

    hertz = np.concatenate([[20.0, rate / 2], np.arange(n_fft // 2) * (rate / n_fft)])
    low, high, *bins = 1127.0 * np.log1p(hertz / 700.0)
    edges = np.linspace(low, high, mels + 2)
    rise = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles: Floats = np.maximum(0.0, np.minimum(rise, fall))
    return triangles


def _frames(samples: Floats, length: int, hop: int) -> Floats:
    return np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]


def _power(samples: Floats, n_fft: int, hop: int, window: Floats) -> Floats:
    """(T, n_fft // 2 + 1)."""
    spectrum = np.fft.rfft(_frames(samples, n_fft, hop) * window)
    power: Floats = spectrum.real**2 + spectrum.imag**2
    return power
