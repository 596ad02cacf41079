"""Where a clip speaks and where it is still: by the levels of its 20 ms frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.pcm import PcmChunk, Samples

FRAME_S = 0.02
PAUSE_DB = 30.0
"""Below the loudest frame: a pause, and not speech."""
CUT_S = 0.2
"""The least pause to cut a clip at: stops inside words are shorter."""
END_DB, END_S = 35.0, 0.08
"""Pocket TTS was trained on clips that end so: behind the last frame that is no further below the
loudest one, with so much silence (pocket_tts 4.0.1, `end_on_pause`)."""
_EVEN = 1e-12  # power that is added, so that silence has a level: -120 dB


def levels_db(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    """Measure whole frames of 20 ms, in dB of full scale, shape (frames,)."""
    length = max(1, int(FRAME_S * rate))
    frames = samples[: len(samples) // length * length].reshape(-1, length).astype(np.float64)
    levels: npt.NDArray[np.float64] = 10 * np.log10((frames**2).mean(axis=1) + _EVEN)
    return levels


def speech_s(clip: PcmChunk) -> float:
    """Count the seconds of frames that are no pauses."""
    levels = levels_db(clip.samples, clip.rate)
    return float((levels > levels.max() - PAUSE_DB).sum()) * FRAME_S


def contrast_db(clip: PcmChunk) -> float:
    """Tell how far the softest twentieth of the frames lies below the loudest: in a clip with
    pauses that is how far its noise lies below its speech."""
    soft, loud = np.percentile(levels_db(clip.samples, clip.rate), (5, 95))
    return float(loud - soft)


def ends_in_speech(clip: PcmChunk) -> bool:
    """Tell whether the last 60 ms are as loud as speech: somebody was cut off, and a model that
    goes on from there goes on with that word."""
    levels = levels_db(clip.samples, clip.rate)
    return bool((levels[-3:] > levels.max() - PAUSE_DB).all())


def cut_at_pause(clip: PcmChunk, longest: float) -> PcmChunk:
    """Keep at most `longest` seconds, up to 0.1 s before the last pause in their second half ends;
    to the softest frame of that half where there is no pause."""
    samples = clip.samples[: int(longest * clip.rate)]
    levels = levels_db(samples, clip.rate)
    half, length = len(levels) // 2, max(1, int(FRAME_S * clip.rate))
    still = levels <= levels.max() - PAUSE_DB
    need = round(CUT_S / FRAME_S)
    windows = np.lib.stride_tricks.sliding_window_view(still[half:], need).all(axis=1)
    starts = np.flatnonzero(windows)
    end = int(starts[-1]) + need // 2 if len(starts) else int(levels[half:].argmin())
    return PcmChunk(samples[: (half + end + 1) * length], clip.rate)


def end_on_pause(samples: Samples, rate: int) -> Samples:
    """End on 80 ms of silence, right behind the last sound, whose last 20 ms are faded out."""
    length = max(1, int(FRAME_S * rate))
    if len(samples) < length:
        return samples
    levels = levels_db(samples, rate)
    end = (int(np.flatnonzero(levels > levels.max() - END_DB)[-1]) + 1) * length
    ended = np.zeros(end + int(END_S * rate), np.float32)
    ended[:end] = samples[:end]
    ended[end - length : end] *= np.linspace(1, 0, length, dtype=np.float32)
    return ended
