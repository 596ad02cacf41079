"""Judge the variants of a finished bundle, language by language, as a listener would: what is
understood, whose voice it is, how good it sounds; and how long one waits.

What the build's gate cannot do where a voice needs a clip, and for whoever has the weights:
`edge judge` tells whether a bundle is as good as the original.
"""

from __future__ import annotations

import time
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge import synth
from edge.bundle import Bundle
from edge.bundler import corpus
from edge.bundler.evaluate.judges import (
    MIN_SECONDS,
    Dnsmos,
    SpeakerSimilarity,
    WordErrorRate,
    mean_mos,
    word_error_rate,
)
from edge.bundler.evaluate.official import Official
from edge.bundler.evaluate.token_loss import token_loss
from edge.bundler.metrics import log_mel_distance_db
from edge.pcm import Samples, to_int16
from edge.synth import Style, Synthesizer
from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer

OFFICIAL = "official"
"""Name of the row of sounds that were made elsewhere."""


@dataclass(frozen=True)
class Score:
    """A variant in a language: means over its sentences."""

    variant: str
    language: str
    sentences: int
    errors: float
    """Word error rate, 0 to 1 and above; of characters where words are not parted by spaces."""
    similarity: float
    """Cosine of the speaker's embedding to the reference's, 0 to 1."""
    dnsmos: float
    """DNSMOS P.835 overall, 1 to 5."""
    first_sound_ms: float | None
    """Milliseconds to the first sound; None for sounds that were made elsewhere."""
    rtf: float | None
    """Seconds of work per second of speech; None for sounds that were made elsewhere."""
    kl: float | None = None
    """Nats a token, as in TokenLoss; None where nothing official has tokens of this language."""
    greedy: float | None = None
    """Share of the tokens, 0 to 1, as in TokenLoss."""
    mel_db: float | None = None
    """Distance from the official sounds, dB: of equal tokens, or, where the voice has none, of the
    sentences that are equally long; None where there are none."""


@dataclass(frozen=True)
class Plan:
    """Variants and sentences to judge, and what they are compared with."""

    variants: tuple[str, ...]
    languages: tuple[str, ...]
    sentences: int
    """Sentences of each language, of those that no build was calibrated with."""
    speaker: str | None
    """A cloned voice, or a speaker of the voice's own."""
    reference: tuple[Samples, int] | None
    """Sound of whom it should sound like, with its rate in Hz; None: the first variant's own."""
    against: Official | None
    """Sounds and tokens that were made elsewhere of the same sentences."""
    sounds: Path
    """Folder that the sounds are written to, VARIANT/LANGUAGE-NN.wav."""


Told = Callable[[str], None]


def texts(plan: Plan, language: str) -> tuple[str, ...]:
    """List the sentences of a language. Raises UnknownVoice if it has none."""
    return corpus.sentences("evaluation", language)[: plan.sentences]


def judge_bundle(bundle: Bundle, plan: Plan, cache: Path, told: Told) -> list[Score]:
    """Speak and judge everything, the first variant first. Raises what its models raise."""
    scores: list[Score] = []
    jury = _Jury(plan.reference, cache)
    for name in plan.variants:
        voice = _Ours(bundle, name, plan)
        for language in plan.languages:
            told(f"{name}, {language}")
            if made := list(voice.speak(language, texts(plan, language))):
                score = jury.judge(name, language, made)
                scores.append(voice.compared(score, made))
    if plan.against is not None:
        for language in plan.languages:
            told(f"{OFFICIAL}, {language}")
            if made := list(_theirs(plan.against, language, texts(plan, language))):
                scores.append(jury.judge(OFFICIAL, language, made))
    return scores


@dataclass(frozen=True)
class _Sound:
    text: str
    samples: Samples
    rate: int
    first_s: float | None = None
    whole_s: float | None = None


class _Ours:
    """A variant, loaded when it first speaks."""

    def __init__(self, bundle: Bundle, name: str, plan: Plan) -> None:
        self._bundle, self._name, self._plan = bundle, name, plan
        self._loaded: Synthesizer | None = None

    def speak(self, language: str, texts: Sequence[str]) -> Iterator[_Sound]:
        if self._loaded is None:
            self._loaded = synth.load(self._bundle, self._name)
        own = language == self._bundle.manifest.language.split("_")[0]
        style = Style(speaker=self._plan.speaker, language=None if own else language)
        for number, text in enumerate(texts):
            sound = _timed(self._loaded, text, style)
            write_sound(self._plan.sounds / self._name / f"{language}-{number:02}.wav", sound)
            yield sound

    def compared(self, score: Score, made: Sequence[_Sound]) -> Score:
        """Add to a score how far the variant is from what is official of the language."""
        against = self._plan.against
        if against is None:
            return score
        if isinstance(self._loaded, CosyVoice3Synthesizer):
            loss = token_loss(self._loaded, against.drawn(score.language, len(made)))
            if loss is None:
                return score
            return replace(score, kl=loss.kl, greedy=loss.greedy, mel_db=loss.mel_db)
        if synth.clones(self._bundle):
            return score  # it draws how long it speaks, so equal lengths are chance
        found = mel_distances(against, score.language, [(s.samples, s.rate) for s in made])
        return replace(score, mel_db=float(np.mean(found))) if found else score


def _theirs(official: Official, language: str, texts: Sequence[str]) -> Iterator[_Sound]:
    for number, text in enumerate(texts):
        if (found := official.sound(language, number)) is not None:
            samples, rate = found
            yield _Sound(text, _padded(samples, rate), rate)


def mel_distances(
    official: Official, language: str, made: Sequence[tuple[Samples, int]]
) -> list[float]:
    """Measure, in dB, the sounds that have an official one of their length and rate (Hz), which is
    not silent."""
    found = []
    for number, (samples, rate) in enumerate(made):
        wanted, wanted_rate = official.sound(language, number) or (samples[:0], rate)
        if wanted.any() and (len(wanted), wanted_rate) == (len(samples), rate):
            found.append(log_mel_distance_db(wanted, samples, rate))
    return found


def _timed(synthesizer: Synthesizer, text: str, style: Style) -> _Sound:
    began, first = time.perf_counter(), None
    parts: list[Samples] = []
    for segment in synthesizer.plan(text, style):
        for chunk in synthesizer.speak(segment):
            if len(chunk.samples):
                first = first or time.perf_counter() - began
                parts.append(chunk.samples)
    whole = time.perf_counter() - began
    samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return _Sound(text, _padded(samples, synthesizer.rate), synthesizer.rate, first, whole)


def _padded(samples: Samples, rate: int) -> Samples:
    """Add silence up to the least that a judge hears: who says next to nothing is judged too."""
    return np.pad(samples, (0, max(0, int(MIN_SECONDS * rate) + 1 - len(samples))))


def write_sound(path: Path, sound: _Sound) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes(to_int16(sound.samples).tobytes())


class _Jury:
    """The models that listen, each loaded once."""

    def __init__(self, reference: tuple[Samples, int] | None, cache: Path) -> None:
        """Without a reference the first sounds that are judged are it."""
        self._cache, self._dnsmos = cache, Dnsmos()
        self._listeners: dict[str, WordErrorRate] = {}
        self._similarity: SpeakerSimilarity | None = None
        if reference is not None:
            self._similarity = SpeakerSimilarity([reference[0]], reference[1])

    def judge(self, name: str, language: str, made: Sequence[_Sound]) -> Score:
        """Judge a variant by its sentences of a language."""
        if language not in self._listeners:
            self._listeners[language] = WordErrorRate(self._cache, language)
        if self._similarity is None:
            self._similarity = SpeakerSimilarity([s.samples for s in made], made[0].rate)
        listener, similarity = self._listeners[language], self._similarity
        first = [sound.first_s for sound in made if sound.first_s is not None]
        whole = [sound.whole_s for sound in made if sound.whole_s is not None]
        length = sum(len(sound.samples) / sound.rate for sound in made)
        alike = [similarity.judge(s.samples, s.rate, s.text) for s in made]
        return Score(
            variant=name,
            language=language,
            sentences=len(made),
            errors=word_error_rate(listener.judge(s.samples, s.rate, s.text) for s in made),
            similarity=float(np.mean(alike)),
            dnsmos=mean_mos(self._dnsmos.judge(s.samples, s.rate, s.text) for s in made).ovrl,
            first_sound_ms=1000 * float(np.mean(first)) if first else None,
            rtf=sum(whole) / length if whole else None,
        )
