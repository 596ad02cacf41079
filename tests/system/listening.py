"""What a recogniser hears of an emulated sound card's recording."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import numpy as np

from edge.bundler.evaluate.whisper import assemble
from edge.pcm import Samples

QUIET = 10 ** (-60 / 20)
GAP_S = 0.9
"""Shorter than the pause between sentences that are told apart, longer than one within them."""
WHISPER_HZ = 16_000


def heard(path: Path) -> list[Samples]:
    """What was played, mono at 16 kHz, cut where it is silent for long."""
    import soxr

    with wave.open(str(path)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        rate, channels = file.getframerate(), file.getnchannels()
    mono = frames.reshape(-1, channels).astype(np.float32).mean(axis=1) / 32768
    sound = soxr.resample(mono, rate, WHISPER_HZ)
    loud = np.flatnonzero(np.abs(sound) > QUIET)
    cuts = np.flatnonzero(np.diff(loud) > GAP_S * WHISPER_HZ)
    margin = WHISPER_HZ // 4  # a recogniser wants some silence around speech
    parts = np.split(loud, cuts + 1)
    return [np.pad(sound[part[0] : part[-1] + 1], margin) for part in parts if part.size]


def transcribed(samples: Samples, folder: Path) -> str:
    """Write down what is said, with a model that is kept in `folder`."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(assemble(folder)), device="cpu", compute_type="int8", cpu_threads=1)
    segments, _ = model.transcribe(samples, language="en", beam_size=5)
    return " ".join(segment.text.strip() for segment in segments)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())
