"""A clip to clone a voice from: read, checked, brought to a rate."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import BinaryIO

import numpy as np

from edge.errors import BadClip, MissingPackage
from edge.pcm import PcmChunk, Samples

MAX_S, MOST_S = 3.0, 30.0
"""The longest clip in seconds: unless more is asked for, and what the models were made for. Every
second costs time and memory in all that is said."""
MIN_S, MIN_SPEECH_S = 1.0, 0.5
MIN_RATE, MAX_RATE = 16_000, 192_000
"""Hz. Below the least the half of what tells voices apart is missing."""
MAX_CHANNELS = 8

_PEAK = 0.02  # -34 dB: what is softer is noise once it is made louder
_FLOOR_DB = 30.0  # below the loudest frame: a pause, and not speech
_FULL = 0.999
_CLIPPED_RUN = 3  # samples at full scale in a row: one may be a peak, three are a cut
_MAX_CLIPPED = 0.001  # of all samples


def open_clip(path: Path) -> BinaryIO:
    """Open the file of a clip, of which nothing is read yet. Raises BadClip."""
    try:
        return path.open("rb")
    except OSError as error:
        raise BadClip(f"{path}: {error.strerror}", "Check the path.") from None


def read_clip(path: Path, longest: float = MAX_S, opened: BinaryIO | None = None) -> PcmChunk:
    """A WAV file of PCM, its channels mixed. Its length is checked before its sound is read.

    `opened` is that file, from open_clip(). Raises BadClip.
    """
    remedy = f"Convert it: ffmpeg -i {path.name} -ac 1 -ar 24000 -c:a pcm_s16le clip.wav"
    try:
        with opened or open_clip(path) as file, wave.open(file, "rb") as clip:
            channels, width = clip.getnchannels(), clip.getsampwidth()
            rate, frames = clip.getframerate(), clip.getnframes()
            if not (1 <= channels <= MAX_CHANNELS and 1 <= width <= 4):
                raise BadClip(
                    f"{path}: {channels} channels of {8 * width} bits; "
                    f"1 to {MAX_CHANNELS} of 8 to 32 can be read",
                    remedy,
                )
            _check_rate(rate)
            _check_length(frames / rate, longest)
            raw = clip.readframes(frames)
    except OSError as error:
        raise BadClip(f"{path}: {error.strerror}", "Check the path.") from None
    except (wave.Error, EOFError, ValueError, OverflowError, RuntimeError) as error:
        raise BadClip(f"{path}: not a WAV file of PCM ({error})", remedy) from None
    whole = len(raw) // (channels * width) * channels * width
    return PcmChunk(_mono(raw[:whole], channels, width), rate)


def check_clip(clip: PcmChunk, longest: float = MAX_S) -> None:
    """Whether a voice can be had from it. Raises BadClip naming the value and the limit."""
    samples = clip.samples
    _check_rate(clip.rate)
    _check_length(clip.seconds, longest)
    if not np.isfinite(samples).all():
        raise BadClip("the clip holds samples that are no numbers", "Record it anew.")
    # A microphone's constant offset is no sound.
    still = samples - samples.mean(dtype=np.float64).astype(np.float32)
    peak = float(np.abs(still).max())
    if peak < _PEAK:
        raise BadClip(
            f"the clip is silent: its peak is {_db(peak):.0f} dB, at least {_db(_PEAK):.0f} dB "
            "is needed",
            "Record it louder, or check the microphone: arecord -l",
        )
    clipped = _clipped(samples)
    if clipped > _MAX_CLIPPED:
        raise BadClip(
            f"the clip is distorted: {100 * clipped:.1f} % of its samples are cut off at full "
            f"scale, the limit is {100 * _MAX_CLIPPED:.1f} %",
            "Record it with less gain, or further from the microphone.",
        )
    speech = _speech_s(clip)
    if speech < MIN_SPEECH_S:
        raise BadClip(
            f"the clip has {speech:.1f} s of sound above its pauses, at least {MIN_SPEECH_S:g} s "
            "is needed",
            "Give a clip in which somebody speaks without long pauses.",
        )


def resampled(clip: PcmChunk, rate: int) -> Samples:
    """The clip's samples at another rate. Raises MissingPackage."""
    if clip.rate == rate:
        return clip.samples
    try:
        import soxr
    except ImportError as error:
        raise MissingPackage(
            f"to clone a voice the package soxr is needed: {error}",
            "In the clone of Edge Voice: python -m pip install '.[cosyvoice3-run]'",
        ) from None
    return np.asarray(soxr.resample(clip.samples, clip.rate, rate, "VHQ"), np.float32)


def _check_rate(rate: int) -> None:
    if not MIN_RATE <= rate <= MAX_RATE:
        raise BadClip(
            f"the clip has {rate} Hz; {MIN_RATE:,} to {MAX_RATE:,} Hz can be used",
            "Record it anew, best at 24000 Hz: arecord -f S16_LE -r 24000 -d 3 clip.wav",
        )


def _check_length(seconds: float, longest: float) -> None:
    if seconds < MIN_S:
        raise BadClip(
            f"the clip has {seconds:.2f} s; at least {MIN_S:g} s are needed",
            f"Record {MIN_S:g} to {longest:g} s: arecord -f S16_LE -r 24000 -d 3 clip.wav",
        )
    if seconds > longest:
        more = f", or allow more, up to {MOST_S:g}: --max-seconds" if longest < MOST_S else ""
        raise BadClip(
            f"the clip has {seconds:.2f} s; the limit is {longest:g} s",
            f"Cut it: ffmpeg -i CLIP.wav -t {longest:g} short.wav{more}",
        )


def _mono(raw: bytes, channels: int, width: int) -> Samples:
    if width == 1:  # the only width that WAV stores without a sign
        whole = np.frombuffer(raw, np.uint8).astype(np.float32) - 128.0
    elif width == 3:
        bytes_ = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        padded = np.zeros((len(bytes_), 4), np.uint8)
        padded[:, 1:] = bytes_
        whole = (padded.view("<i4")[:, 0] >> 8).astype(np.float32)
    else:
        whole = np.frombuffer(raw, f"<i{width}").astype(np.float32)
    mixed = whole.reshape(-1, channels).mean(axis=1) / np.float32(1 << (8 * width - 1))
    return np.asarray(mixed, np.float32)


def _clipped(samples: Samples) -> float:
    """The share of samples in runs at full scale."""
    full = np.abs(samples) >= _FULL
    windows = np.lib.stride_tricks.sliding_window_view(full, _CLIPPED_RUN).all(axis=1)
    inside = np.convolve(windows, np.ones(_CLIPPED_RUN)) > 0
    return float(inside.mean())


def _speech_s(clip: PcmChunk) -> float:
    """Seconds in which 20 ms frames are no more than _FLOOR_DB below the loudest."""
    length = clip.rate // 50
    frames = clip.samples[: len(clip.samples) // length * length].reshape(-1, length)
    levels = 10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=1) + 1e-12)
    return float((levels > levels.max() - _FLOOR_DB).sum()) / 50


def _db(level: float) -> float:
    return 20 * float(np.log10(max(level, 1e-6)))
