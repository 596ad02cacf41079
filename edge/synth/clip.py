"""A clip to clone a voice from: whether a voice can be had from it, and its samples at a rate."""

from __future__ import annotations

import numpy as np

from edge.errors import BadClip, MissingPackage
from edge.pcm import PcmChunk, Samples
from edge.remedies import add_packages
from edge.synth.clip_pauses import contrast_db, speech_s

MOST_S = 30.0
"""The longest clip in seconds that models were made for; a family may want less on its card."""
MIN_S, MIN_SPEECH_S = 1.0, 0.5
MIN_RATE, MAX_RATE = 16_000, 192_000
"""Hz. Below the least the half of what tells voices apart is missing."""
MAX_USEFUL_RATE = 48_000
"""Hz. What is above belongs to no voice, and only takes memory."""
MIN_CONTRAST_DB = 6.0
"""From the softest to the loudest 20 ms; speech has 30 and more, a steady noise 1."""

_PEAK = 0.02  # -34 dB: what is softer is noise once it is made louder
_FULL = 0.999
_CLIPPED_RUN = 3  # samples at full scale in a row: one may be a peak, three are a cut
_MAX_CLIPPED = 0.001  # of all samples


def check_clip(clip: PcmChunk, longest: float = MOST_S) -> None:
    """Whether a voice can be had from it. Raises BadClip naming the value and the limit."""
    samples = clip.samples
    check_rate(clip.rate)
    check_length(clip.seconds, longest)
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
    speech = speech_s(clip)
    if speech < MIN_SPEECH_S:
        raise BadClip(
            f"the clip has {speech:.1f} s of sound above its pauses, at least {MIN_SPEECH_S:g} s "
            "is needed",
            "Give a clip in which somebody speaks without long pauses.",
        )
    contrast = contrast_db(clip)
    if contrast < MIN_CONTRAST_DB:
        raise BadClip(
            f"the clip is one even noise: its loudest and softest moments are {contrast:.0f} dB "
            f"apart, at least {MIN_CONTRAST_DB:g} dB are needed",
            "Record somebody who speaks, in a quiet room.",
        )


def resampled(clip: PcmChunk, rate: int) -> Samples:
    """The clip's samples at another rate. Raises MissingPackage."""
    if clip.rate == rate:
        return clip.samples
    try:
        import soxr
    except ImportError as error:
        raise MissingPackage(
            f"to clone a voice the package soxr is needed: {error}", add_packages("clips")
        ) from None
    return np.asarray(soxr.resample(clip.samples, clip.rate, rate, "VHQ"), np.float32)


def check_rate(rate: int) -> None:
    if not MIN_RATE <= rate <= MAX_RATE:
        raise BadClip(
            f"the clip has {rate} Hz; {MIN_RATE:,} to {MAX_RATE:,} Hz can be used",
            "Record it anew, best at 24000 Hz: arecord -f S16_LE -r 24000 -d 3 clip.wav",
        )


def check_length(seconds: float, longest: float, shortest: float = MIN_S) -> None:
    if seconds < shortest:
        raise BadClip(
            f"the clip has {seconds:.2f} s; at least {shortest:g} s are needed",
            f"Record {shortest:g} to {longest:g} s: arecord -f S16_LE -r 24000 -d 3 clip.wav",
        )
    if seconds > longest:
        more = (
            f"Allow more, up to {MOST_S:g}: --max-seconds. Or cut" if longest < MOST_S else "Cut"
        )
        raise BadClip(
            f"the clip has {seconds:.2f} s; the limit is {longest:g} s",
            f"{more} it at a pause, and give only the words that are left: "
            f"ffmpeg -i CLIP.wav -t {longest:g} short.wav",
        )


def _clipped(samples: Samples) -> float:
    """The share of samples in runs at full scale."""
    full = np.abs(samples) >= _FULL
    windows = np.lib.stride_tricks.sliding_window_view(full, _CLIPPED_RUN).all(axis=1)
    inside = np.convolve(windows, np.ones(_CLIPPED_RUN)) > 0
    return float(inside.mean())


def _db(level: float) -> float:
    return 20 * float(np.log10(max(level, 1e-6)))
