"""Models that stand in for a listener: how good it sounds, what is understood, whose voice it is.

All of them run on this machine, from installed packages, and none asks a network for anything.
They agree with people on average over many sentences, not on one: judge a variant by the mean
over a whole evaluation set, against fp32 on the same sentences. Every `judge` takes float32
samples of shape (frames,), full scale 1.0, their rate in Hz, and the text that was spoken.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.bundler.evaluate import transcript, whisper
from edge.bundler.evaluate.speaker_encoder import SpeakerEncoder
from edge.bundler.packages import require
from edge.pcm import Samples

RATE = 16000  # what all three models hear
MIN_SECONDS = 0.1  # shorter than any word

_EXTRA = "In the clone of Edge Voice: pip install '.[build,quality]'"


@dataclass(frozen=True)
class MosScore:
    """DNSMOS P.835 (1 bad .. 5 excellent): overall, signal, background; and P.808 overall."""

    ovrl: float
    sig: float
    bak: float
    p808: float


@dataclass(frozen=True)
class WordErrors:
    """Substituted, inserted and deleted words, of how many spoken; and what was heard."""

    errors: int
    words: int
    heard: str


class Dnsmos:
    """Microsoft's DNSMOS through the package speechmos (MIT): no reference is needed."""

    def __init__(self) -> None:
        require("librosa", "DNSMOS", _EXTRA)  # speechmos does not declare that it needs it
        self._dnsmos = require("speechmos.dnsmos", "DNSMOS", _EXTRA)

    def judge(self, samples: Samples, rate: int, text: str) -> MosScore:
        """A clip shorter than 9 s is repeated to that length, as DNSMOS itself does."""
        heard = np.clip(_heard(samples, rate), -1.0, 1.0)
        with warnings.catch_warnings():
            # Its 120 mel bands are finer than its FFT: part of the model, nothing to act on.
            warnings.filterwarnings("ignore", "Empty filters detected", UserWarning)
            scores = self._dnsmos.run(heard, sr=RATE)
        return MosScore(*(float(scores[f"{key}_mos"]) for key in ("ovrl", "sig", "bak", "p808")))


class WordErrorRate:
    """Asks what Whisper base understands, through faster-whisper, in float32 with a beam of 5."""

    def __init__(self, cache: Path, language: str = "en", threads: int = 1) -> None:
        """The model is put together in `cache` on the first use (145 MB)."""
        os.environ["HF_HUB_OFFLINE"] = "1"  # faster-whisper would ask a hub for a missing file
        package = require("faster_whisper", "the word error rate", _EXTRA)
        logging.getLogger("faster_whisper").setLevel(logging.WARNING)  # it tells every sentence
        self._language = language
        self._model = package.WhisperModel(
            str(whisper.assemble(cache)),
            device="cpu",
            compute_type="float32",
            cpu_threads=threads,
            local_files_only=True,
        )

    def judge(self, samples: Samples, rate: int, text: str) -> WordErrors:
        # Temperature 0 alone: no sampling, so the same sound always gives the same words.
        segments, _ = self._model.transcribe(
            _heard(samples, rate),
            language=self._language,
            temperature=0.0,
            without_timestamps=True,  # a sentence fits one window, and they cost words
            condition_on_previous_text=False,
        )
        heard = " ".join(segment.text.strip() for segment in segments)
        spoken = transcript.words(text, self._language)
        errors = transcript.word_errors(spoken, transcript.words(heard, self._language))
        return WordErrors(errors, len(spoken), heard)


class SpeakerSimilarity:
    """Cosine, 0 to 1, between a sound's voice and that of some reference sounds."""

    def __init__(self, references: Iterable[Samples], rate: int) -> None:
        """`references`: fp32 sentences of the voice; their mean embedding is the voice."""
        self._encoder = SpeakerEncoder()
        embeddings = [self._encoder.embed(_heard(samples, rate)) for samples in references]
        if not embeddings:
            raise ValueError("a voice needs at least one reference sound")
        mean = np.mean(embeddings, axis=0)
        self._voice = mean / np.linalg.norm(mean)

    def judge(self, samples: Samples, rate: int, text: str) -> float:
        return float(np.dot(self._encoder.embed(_heard(samples, rate)), self._voice))


def mean_mos(scores: Iterable[MosScore]) -> MosScore:
    """The mean over sentences; raises ValueError if there is none."""
    table = np.array([(s.ovrl, s.sig, s.bak, s.p808) for s in scores], np.float64)
    if not len(table):
        raise ValueError("no scores")
    return MosScore(*(float(value) for value in table.mean(axis=0)))


def word_error_rate(results: Iterable[WordErrors]) -> float:
    """All errors over all words, 0 to 1 and above: a long sentence weighs more than a short."""
    rows = list(results)
    words = sum(row.words for row in rows)
    if not words:
        raise ValueError("no words")
    return sum(row.errors for row in rows) / words


def _heard(samples: Samples, rate: int) -> Samples:
    if samples.ndim != 1 or len(samples) < MIN_SECONDS * rate:
        raise ValueError(f"expected at least {MIN_SECONDS} s of mono sound, got {samples.shape}")
    soxr = require("soxr", "resampling for the judges", _EXTRA)
    resampled = soxr.resample(samples.astype(np.float32, copy=False), rate, RATE, "VHQ")
    return np.asarray(resampled, np.float32)
