"""Speak the evaluation sentences with every variant, by the code that the board runs, and measure.

Sounds are compared with equal noises and equal durations, so that a difference is the graphs'
own; people's judges hear each variant as it speaks by itself.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from edge.bundler.evaluate.judges import (
    Dnsmos,
    MosScore,
    SpeakerSimilarity,
    WordErrorRate,
    WordErrors,
    mean_mos,
    word_error_rate,
)
from edge.bundler.metrics import (
    clipped_fraction,
    log_mel_distance_db,
    loudness_lufs,
    noise_in_pauses_db,
    snr_db,
    true_peak_db,
)
from edge.pcm import Samples
from edge.synth import Segment, Style, Synthesizer

T = TypeVar("T")
Told = Callable[[int, int], None]
"""told(done, total) while sentences are spoken; in characters, since they are of many lengths."""

SPEED_ROUNDS = 3
"""The least of them counts, so what warms up or is disturbed in one does no harm."""
SPEED_PLACES = (0.1, 0.5, 0.9)
"""Sentences that are timed: a short, a medium and a long one, by their place among the evaluation
sentences in order of length."""


@dataclass(frozen=True)
class Sound:
    """How two variants that speak the same differ: means over sentences, by the names of
    edge.bundler.evaluate.quality; `seconds` of sound in them."""

    snr_db: float
    log_mel_db: float
    noise_in_pauses_db: float
    duration_change: float
    clipped_fraction: float
    loudness_lufs: float
    true_peak_db: float
    seconds: float


@dataclass(frozen=True)
class Opinion:
    """The verdict of the judges of the `quality` extra on a variant by itself."""

    dnsmos_ovrl: float
    dnsmos_sig: float
    dnsmos_bak: float
    dnsmos_p808: float
    word_error_rate: float
    speaker_similarity: float


@dataclass(frozen=True)
class Speed:
    """CPU seconds, of this process, the least of several rounds for each sentence."""

    rtf: float
    first_audio_ms: float
    cpu_ratio: float


@dataclass(frozen=True)
class Spoken:
    """One text as the reference says it: its segments with their durations, its samples."""

    text: str
    segments: tuple[Segment, ...]
    samples: Samples


def untold(done: int, total: int) -> None:
    """Nobody watches."""


def _telling(items: Sequence[T], texts: Sequence[str], told: Told) -> Iterator[T]:
    """Each of `items`, whose work is as long as its text."""
    ends = list(itertools.accumulate(map(len, texts), initial=0))
    for item, done in zip(items, ends, strict=False):
        told(done, ends[-1])
        yield item


def speak_all(reference: Synthesizer, texts: Sequence[str], told: Told = untold) -> list[Spoken]:
    """Speak the texts that every variant is held against."""
    spoken = []
    for text in _telling(texts, texts, told):
        fixed = tuple(
            replace(segment, durations=reference.durations(segment))
            for segment in reference.plan(text, Style())
        )
        spoken.append(Spoken(text, fixed, say(reference, fixed)))
    return spoken


def say(synthesizer: Synthesizer, segments: Sequence[Segment]) -> Samples:
    """float32 (frames,), without gain."""
    return np.concatenate(
        [chunk.samples for segment in segments for chunk in synthesizer.speak(segment)]
    )


def compare(
    variant: Synthesizer, references: Sequence[Spoken], gain: float, told: Told = untold
) -> Sound:
    """The variant's sound beside the reference's, in the reference's rhythm."""
    return _sound(variant, references, lambda spoken: say(variant, spoken.segments), gain, told)


def as_reference(
    reference: Synthesizer, references: Sequence[Spoken], gain: float, told: Told = untold
) -> Sound:
    """Return what `compare` finds of the reference itself, which need not speak again."""
    return _sound(reference, references, lambda spoken: spoken.samples, gain, told)


def _sound(
    variant: Synthesizer,
    references: Sequence[Spoken],
    sound_of: Callable[[Spoken], Samples],
    gain: float,
    told: Told,
) -> Sound:
    rate = variant.rate
    sounds, pairs = list[Samples](), list[tuple[float, float, float, float]]()
    for spoken in _telling(references, [spoken.text for spoken in references], told):
        sound, reference = sound_of(spoken), spoken.samples
        sounds.append(sound)
        pairs.append(
            (
                snr_db(reference, sound),
                log_mel_distance_db(reference, sound, rate),
                noise_in_pauses_db(reference, sound, rate),
                _rhythm(variant, spoken),
            )
        )
    heard = np.concatenate(sounds) * np.float32(gain)
    snr, log_mel, noise, rhythm = (_mean(column) for column in zip(*pairs, strict=True))
    return Sound(
        snr_db=snr,
        log_mel_db=log_mel,
        noise_in_pauses_db=noise,
        duration_change=rhythm,
        clipped_fraction=clipped_fraction(heard),
        loudness_lufs=loudness_lufs(heard, rate),
        true_peak_db=true_peak_db(heard, rate),
        seconds=len(heard) / rate,
    )


def _rhythm(variant: Synthesizer, spoken: Spoken) -> float:
    """How much longer or shorter the variant's own durations are, as a fraction."""
    own = sum(sum(variant.durations(replace(s, durations=()))) for s in spoken.segments)
    theirs = sum(sum(segment.durations) for segment in spoken.segments)
    return abs(own - theirs) / theirs if theirs else 0.0


def judge(
    variant: Synthesizer,
    references: Sequence[Spoken],
    language: str,
    cache: Path,
    told: Told = untold,
) -> Opinion:
    """The variant in its own rhythm. Raises MissingPackage without the `quality` extra."""
    rate = variant.rate
    listener = WordErrorRate(cache, language)
    similarity = SpeakerSimilarity([spoken.samples for spoken in references[:10]], rate)
    dnsmos = Dnsmos()
    scores, errors, alike = list[MosScore](), list[WordErrors](), list[float]()
    for spoken in _telling(references, [spoken.text for spoken in references], told):
        samples = say(variant, variant.plan(spoken.text, Style()))
        scores.append(dnsmos.judge(samples, rate, spoken.text))
        errors.append(listener.judge(samples, rate, spoken.text))
        alike.append(similarity.judge(samples, rate, spoken.text))
    mos = mean_mos(scores)
    return Opinion(
        dnsmos_ovrl=mos.ovrl,
        dnsmos_sig=mos.sig,
        dnsmos_bak=mos.bak,
        dnsmos_p808=mos.p808,
        word_error_rate=word_error_rate(errors),
        speaker_similarity=_mean(alike),
    )


def time_variants(
    variants: Mapping[str, Synthesizer],
    reference: str,
    texts: Sequence[str],
    told: Told = untold,
) -> dict[str, Speed]:
    """All variants in turn, round after round, so that a drifting machine drifts for all."""
    ordered = sorted(texts, key=len)
    chosen = dict.fromkeys(ordered[int(place * len(ordered))] for place in SPEED_PLACES)
    best: dict[tuple[str, str], tuple[float, float]] = {}
    seconds: dict[str, float] = {}
    for round_ in range(SPEED_ROUNDS):
        for number, (name, synthesizer) in enumerate(variants.items()):
            told(round_ * len(variants) + number, SPEED_ROUNDS * len(variants))
            seconds[name] = 0.0
            for text in chosen:
                whole, first, length = _timed(synthesizer, text)
                seconds[name] += length
                old = best.get((name, text), (whole, first))
                best[name, text] = (min(old[0], whole), min(old[1], first))
    rtf = {name: sum(best[name, t][0] for t in chosen) / seconds[name] for name in variants}
    return {
        name: Speed(
            rtf=rtf[name],
            first_audio_ms=1000 * _mean(best[name, text][1] for text in chosen),
            cpu_ratio=rtf[name] / rtf[reference],
        )
        for name in variants
    }


def peak_memory(bundle: Path, variant: str) -> int:
    """Peak resident bytes of a process that loads the variant and speaks; a process of its own."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from edge import synth\n"
        "from edge.bundle import open_bundle\n"
        "from edge.synth import Style\n"
        "s = synth.load(open_bundle(Path(sys.argv[1]), None), sys.argv[2])\n"
        "text = 'This is a sentence of some length, with a pause in it, to fill the memory.'\n"
        "for _ in range(3):\n"
        "    for segment in s.plan(text, Style()):\n"
        "        for chunk in s.speak(segment): pass\n"
        # getrusage would count what the parent held when it forked
        "status = Path('/proc/self/status').read_text()\n"
        "print(int(status.split('VmHWM:')[1].split()[0]) * 1024)\n"
    )
    command = [sys.executable, "-c", code, str(bundle), variant]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _timed(synthesizer: Synthesizer, text: str) -> tuple[float, float, float]:
    """CPU seconds of all and until the first chunk, and seconds of sound."""
    began, first, length = time.process_time(), 0.0, 0.0
    for segment in synthesizer.plan(text, Style()):
        for chunk in synthesizer.speak(segment):
            if len(chunk.samples):
                first = first or time.process_time() - began
            length += chunk.seconds
    return time.process_time() - began, first, length


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
