"""Speak with a VITS voice: phonemes -> encoder -> expansion in numpy -> decoder -> PCM.

The graphs are the ones that edge.bundler.export makes: the noises are inputs, so equal seeds give
equal audio, and the sentence is cut where its durations become known.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edge.bundle import Bundle, Variant
from edge.errors import BadRecord, BadStyle, EmptyText, ModelFailed
from edge.pcm import PcmChunk, Samples
from edge.synth import Segment, Style, damaged_if_unreadable
from edge.synth.gpu.windows import WindowDecoder
from edge.synth.piper import read_config
from edge.synth.piper.foreign import make_foreign
from edge.synth.piper.phonemizers import open_phonemizer
from edge.synth.schedule import Cost, Decoder, Plan, longest_run, plan_runs
from edge.synth.session import Array, Session
from edge.synth.time_stretch import check_speed, paced, quicker, stretched
from edge.synth.variants import on_cpu, windowed
from edge.synth.word_timing import at_frames, with_words
from edge.text.cleaning import clean
from edge.text.cutting import MAX_TOKENS, cut_at_clauses
from edge.text.inline_phonemes import phonemize_given
from edge.text.words import WordSpan, find_words, in_piece

if TYPE_CHECKING:
    from piper.config import PiperConfig

Phonemize = Callable[[str], list[list[str]]]

MAX_KNOWN_WORDS = 4096
"""Words whose phonemes are kept: espeak takes a tenth of a millisecond for each on a PC."""
MAX_SEGMENT_S = 60.0
"""Seconds of a segment. A sane model gives about 10 for MAX_TOKENS; far more is a damaged one, not
a slow speaker."""


class Latent:
    """The decoder's input, drawn frame by frame as it is taken, so that the first sound waits for
    no noise but its own; how it is taken changes nothing.

        means, spread: float32 (1, channels, ids). repeats: the frames of each id.
    """

    def __init__(
        self, means: Array, spread: Array, repeats: list[int], noise: np.random.Generator
    ) -> None:
        self.durations = repeats
        self._means, self._spread, self._noise = means, spread, noise
        self._ids = np.repeat(np.arange(len(repeats)), repeats)
        self._taken = 0
        self.frames = len(self._ids)

    def take(self, frames: int) -> Samples:
        """Draw the next `frames`, float32 (1, channels, frames)."""
        ids = self._ids[self._taken : self._taken + frames]
        self._taken += frames
        latent: Samples = np.take(self._spread, ids, axis=2)
        latent *= self._noise.standard_normal((len(ids), latent.shape[1]), np.float32).T
        latent += np.take(self._means, ids, axis=2)
        return latent


class PiperSynthesizer:
    def __init__(self, bundle: Bundle, variant: Variant, cost: Cost | None = None) -> None:
        self.rate = bundle.manifest.rate
        with damaged_if_unreadable(bundle, "config.json"):
            self._text = open_phonemizer(read_config(bundle))
        self.config = self._text.config
        self._usual_speaker = _usual_speaker(bundle, self.config)
        # Not a method: it would tie a knot through this object and its models.
        alone = functools.partial(_phonemize_word, self._text.phonemize)
        self._sounds_alone = functools.lru_cache(MAX_KNOWN_WORDS)(alone)
        self._language, self._foreign = bundle.manifest.language, dict[str, Phonemize]()
        providers = bundle.profile.runtime.providers
        self.variant = variant.name
        self._encoder = Session(bundle, variant.graphs["encoder"], providers.encoder)
        self._windows: WindowDecoder | None = None
        if windowed(variant):
            extra = _speaker_input(0 if self.config.num_speakers > 1 else None)
            self._windows = WindowDecoder(bundle, variant.graphs["decoder"], extra)
            self._hop, self.provider = self._windows.hop, self._windows.provider
            return
        self._decoder = Session(bundle, variant.graphs["decoder"], on_cpu(providers.decoder))
        self._hop = int(self._decoder.metadata["hop"])
        self._states: dict[str, Array] = {
            name: np.zeros(shape, np.float32)
            for name, shape in self._decoder.inputs.items()
            if name.startswith("state_")
        }
        frame_s, budget = self._hop / self.rate, bundle.profile.budget
        self._safety = budget.safety
        self.decoder = Decoder(
            frame_s,
            look_ahead=int(self._decoder.metadata["min_first_frames"]) - 1,
            cost=cost or Cost(fixed_s=0.003, per_frame_s=budget.real_time_factor * frame_s),
            granularity=int(self._decoder.metadata.get("granularity", 1)),
            longest=longest_run(bundle.profile.runtime.threads),
        )
        self.provider = self._decoder.provider

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        speaker = self._speaker(style.speaker)
        check_speed(style.speed)
        # Slower speech is longer: fewer tokens fill the ten seconds of a segment.
        limit = min(MAX_TOKENS, round(MAX_TOKENS * style.speed))
        cleaned = clean(text)
        phonemize, alone = self._reader(style.language)
        sentences = phonemize_given(cleaned, phonemize)
        found: list[list[WordSpan]] = [[] for _ in sentences]
        if words:
            found = find_words(cleaned, sentences, alone)
        segments: list[Segment] = []
        for sentence, spans in zip(sentences, found, strict=True):
            start = 0
            for tokens in cut_at_clauses(sentence, limit):
                ids = tuple(self._text.phonemes_to_ids(list(tokens)))
                mine = self._id_spans(in_piece(spans, start, len(tokens)), tokens, len(ids))
                segments.append(Segment(ids, style, len(segments), speaker, words=mine))
                start += len(tokens)
        if not segments:
            raise EmptyText(
                f"the text of {len(text)} characters has no sound in {self.config.espeak_voice}",
                "Give words in the voice's own language; edge voices lists the languages.",
            )
        return segments

    def _reader(self, language: str | None) -> tuple[Phonemize, Callable[[str], str]]:
        """Return what phonemizes a text, and a word by itself."""
        if language is None:
            return self._text.phonemize, self._sounds_alone
        if (phonemize := self._foreign.get(language)) is None:
            known = frozenset(self.config.phoneme_id_map)
            phonemize = make_foreign(self._text, language, self._language, known)
            self._foreign[language] = phonemize
        return phonemize, functools.partial(_phonemize_word, phonemize)

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        if self._windows is None:
            decoder = quicker(self.decoder, segment.style.speed)
            return self.speak_in(segment, lambda n: plan_runs(n, decoder, self._safety))
        return self._speak_in_windows(segment, self._windows)

    def _speak_in_windows(self, segment: Segment, windows: WindowDecoder) -> Iterator[PcmChunk]:
        latent, factor = self._latent(segment)
        words = at_frames(segment.words, latent.durations, self._hop)
        frames, speaker = {"latent": latent.take(latent.frames)}, _speaker_input(segment.speaker)
        sound = (
            outputs["audio"].reshape(-1)[
                (window.begin - window.start) * self._hop : (window.end - window.start) * self._hop
            ]
            for window, outputs in windows.decode(frames, speaker)
        )
        chunks = with_words((PcmChunk(samples, self.rate) for samples in sound), words)
        yield from stretched(chunks, factor)

    def speak_in(self, segment: Segment, cut: Callable[[int], Plan]) -> Iterator[PcmChunk]:
        latent, factor = self._latent(segment)
        words = at_frames(segment.words, latent.durations, self._hop)
        yield from stretched(with_words(self._decode(segment, latent, cut), words), factor)

    def _decode(
        self, segment: Segment, latent: Latent, cut: Callable[[int], Plan]
    ) -> Iterator[PcmChunk]:
        start, states = 0, self._states
        plan = cut(latent.frames)
        waiting: list[Samples] = []
        for number, length in enumerate(plan.lengths, 1):
            stop = start + length
            outputs = self._decoder.run(
                {
                    "latent": latent.take(length),
                    "first": np.array([start == 0]),
                    "last": np.array([stop == latent.frames]),
                    **states,
                    **_speaker_input(segment.speaker),
                }
            )
            states = {name: outputs[f"next_{name}"] for name in states}
            start = stop
            waiting.append(outputs["audio"].reshape(-1))
            if number < plan.held:
                yield PcmChunk(np.zeros(0, np.float32), self.rate)
                continue
            yield PcmChunk(np.concatenate(waiting), self.rate)
            waiting.clear()

    def durations(self, segment: Segment) -> tuple[int, ...]:
        encoded = self._encode(segment, np.random.default_rng(segment.seed))
        return tuple(int(frames) for frames in encoded["durations"].reshape(-1))

    def encode(self, segment: Segment) -> Samples:
        """Turn token ids into the latent of every frame, float32 (1, channels, frames)."""
        latent, _ = self._latent(segment)
        return latent.take(latent.frames)

    def _latent(self, segment: Segment) -> tuple[Latent, float]:
        """Return the latent, and the factor by which it is too long."""
        noise = np.random.default_rng(segment.seed)
        encoded = self._encode(segment, noise)
        durations = np.array(segment.durations or encoded["durations"].reshape(-1), np.float64)
        if segment.rates:
            durations /= segment.rates
        speed = segment.style.speed
        seconds = float(durations.sum()) / speed * self._hop / self.rate
        if not 0 < seconds <= MAX_SEGMENT_S:  # NaN fails too
            raise ModelFailed(
                f"the voice wants {seconds:g} s for {len(segment.ids)} tokens; "
                f"the limit is {MAX_SEGMENT_S:g} s",
                "Build the voice again: edge build; if it stays, use another variant.",
            )
        repeats, factor = paced(durations, speed)
        spread = np.exp(encoded["log_scales"]) * np.float32(self.config.noise_scale)
        return Latent(encoded["means"], spread, repeats, noise), factor

    def _id_spans(
        self, spans: Iterable[WordSpan], phonemes: Sequence[str], count: int
    ) -> tuple[WordSpan, ...]:
        """Turn places among the phonemes into places among their `count` ids."""
        known = self.config.phoneme_id_map
        pad, end = len(known.get("_", ())), len(known.get("$", ()))
        lengths = [len(known[p]) + pad if p in known else 0 for p in phonemes]
        before = count - end - sum(lengths)
        places = list(itertools.accumulate(lengths, initial=before))
        if before < 0:  # not espeak's way of making ids: which are whose is not known
            return ()
        return tuple(
            dataclasses.replace(span, first=places[span.first], last=places[span.last])
            for span in spans
        )

    def _encode(self, segment: Segment, noise: np.random.Generator) -> dict[str, Array]:
        config = self.config
        duration_noise = noise.standard_normal((1, 2, len(segment.ids)), np.float32)
        return self._encoder.run(
            {
                "ids": np.array([segment.ids], np.int64),
                "duration_noise": duration_noise * np.float32(config.noise_w_scale),
                "length_scale": np.array([config.length_scale], np.float32),
                **_speaker_input(segment.speaker),
            }
        )

    def _speaker(self, name: str | None) -> int | None:
        if self.config.num_speakers <= 1:
            if name is not None:
                raise BadStyle(
                    f"this voice has one speaker, not {name!r}", "Leave the speaker out."
                )
            return None
        if name is None:
            return self._usual_speaker
        if name not in self.config.speaker_id_map:
            known = ", ".join(sorted(self.config.speaker_id_map)[:12])
            raise BadStyle(f"this voice has no speaker {name!r}", f"Choose one of: {known}")
        return int(self.config.speaker_id_map[name])


def _usual_speaker(bundle: Bundle, config: PiperConfig) -> int:
    """Find who speaks if nobody is named. Raises BadRecord if the model has no such speaker."""
    wanted = bundle.voice.default_speaker
    if wanted is None:
        return int(config.default_speaker_id)
    if wanted >= config.num_speakers:
        raise BadRecord(
            f"{bundle.voice.name}: default_speaker is {wanted}; the model's speakers are 0 to "
            f"{config.num_speakers - 1}",
            "Correct default_speaker in the voice's description, and build it again.",
        )
    return wanted


def _speaker_input(speaker: int | None) -> dict[str, Array]:
    return {} if speaker is None else {"speaker": np.array([speaker], np.int64)}


def _phonemize_word(phonemize: Callable[[str], list[list[str]]], word: str) -> str:
    return "".join(p for sentence in phonemize_given(word, phonemize) for p in sentence)
