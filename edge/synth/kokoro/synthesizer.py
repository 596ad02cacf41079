"""Speak with a Kokoro voice: signs -> encoder -> frames -> source and generator -> spectra -> PCM.

The generator norms its channels over the whole sentence. So a sentence is made as a whole, and is
heard when that is done; or in runs, with the norms that the build learnt to foresee of its
speaker, and is heard from the first run on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge.bundle import Bundle, Variant
from edge.errors import ModelFailed
from edge.pcm import PcmChunk, Samples
from edge.synth import Segment, Style, damaged_if_unreadable
from edge.synth.kokoro.front_end import open_front_end
from edge.synth.kokoro.generator import Generator, SourceInPlaces, whole
from edge.synth.kokoro.norms import features_of, read_foresight
from edge.synth.kokoro.settings import (
    CONFIG,
    FRAME,
    PLACE,
    PLACES,
    RATE,
    Styles,
    read_settings,
)
from edge.synth.kokoro.source import Overlap
from edge.synth.schedule import Cost, Decoder, Plan, plan_runs
from edge.synth.session import Array, Session
from edge.synth.signs import SignPlanner
from edge.synth.time_stretch import check_speed, paced, quicker, stretched
from edge.synth.variants import on_cpu
from edge.synth.word_timing import at_frames, with_words
from edge.text.cutting import MAX_TOKENS

MAX_SEGMENT_S = 60.0
"""Seconds of a segment. A sane model gives about 13 for MAX_TOKENS; far more is a damaged one, not
a slow speaker."""
_QUIET = -4.0
"""Energy below which nothing is heard: the sound there is 55 dB under the loudest and falls."""
_SOON = 60
"""Signs of 4 s of speech. The front end makes all of a segment before the first sound."""
_CONTEXT = 6
"""Places that the generator is given beyond what is heard, at either end: it sees 11 around
it, and what lies there is silence."""
_TIMES_PIPER = 3.0
"""How many times the work of the voice that a profile's real_time_factor is meant for; `edge tune`
measures it."""
_BEFORE, _AFTER = 2, 4
"""Places kept around what is heard, of 12.5 ms. The model makes 0.3 s of silence before each
sentence and 0.5 s after it; the pauses of a text are the daemon's to make."""


@dataclass(frozen=True)
class Framed:
    """A segment as the front end leaves it."""

    x: Array
    """The generator's input, float32 (1, channels, places)."""
    f0: Samples
    """Hz, (places,)."""
    energy: Samples
    """(places,)"""
    style: Samples
    """The speaker's row, (1, style)."""
    repeats: list[int]
    """Frames of each id."""
    factor: float
    """The sound is so many times as long as it should be."""
    heard: tuple[int, int]
    """Places between the silences at both ends; all of them where a build gives the rhythm, so
    that two variants can be laid side by side."""


class KokoroSynthesizer:
    def __init__(self, bundle: Bundle, variant: Variant, cost: Cost | None = None) -> None:
        read = open_front_end(bundle.manifest.language)
        with damaged_if_unreadable(bundle, CONFIG):
            self._settings = read_settings(bundle)
            self._styles = Styles(bundle, self._settings)
            self._foresight = read_foresight(bundle)
        self._planner = SignPlanner(
            read.sentences, read.phonemes, self._settings.vocabulary, _has_sound, _SOON
        )
        self.rate = RATE
        providers = bundle.profile.runtime.providers
        self._encoder = Session(bundle, variant.graphs["encoder"], providers.encoder)
        self._frames = Session(bundle, variant.graphs["frames"], providers.encoder)
        decoder = Session(bundle, variant.graphs["decoder"], on_cpu(providers.decoder))
        self.generator = Generator(decoder)
        self.variant = variant.name
        self.provider = decoder.provider
        self._safety = bundle.profile.budget.safety
        if self._foresight is not None and self.generator.streams:
            frame_s = PLACE / RATE
            goal = bundle.profile.budget.real_time_factor
            self.decoder = Decoder(
                frame_s,
                look_ahead=self.generator.look_ahead + _CONTEXT + 1,  # spectra that overlap
                granularity=self.generator.granularity,
                cost=cost or Cost(fixed_s=0.003, per_frame_s=_TIMES_PIPER * goal * frame_s),
            )

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        check_speed(style.speed)
        self._styles.weights(style.speaker)  # refuses a speaker that is not there
        limit = min(MAX_TOKENS, round(MAX_TOKENS * style.speed), self._styles.most_tokens)
        return self._planner.plan(text, style, limit, words)

    def durations(self, segment: Segment) -> tuple[int, ...]:
        frames = self._encode(segment)["durations"].reshape(-1)
        return tuple(int(n) for n in np.maximum(np.rint(frames), 1))

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        if not hasattr(self, "decoder"):
            return self._speak(segment, lambda places: None)
        decoder = quicker(self.decoder, segment.style.speed)

        def cut(places: int) -> Plan | None:
            plan = plan_runs(places, decoder, self._safety)
            # Where all of it is made before any is heard, its norms may as well be its own.
            return plan if plan.held < len(plan.lengths) else None

        return self._speak(segment, cut)

    def speak_in(self, segment: Segment, cut: Callable[[int], Plan]) -> Iterator[PcmChunk]:
        return self._speak(segment, cut)

    def _speak(self, segment: Segment, cut: Callable[[int], Plan | None]) -> Iterator[PcmChunk]:
        framed = self.frame(segment)
        begin, _ = framed.heard
        words = tuple(
            dataclasses.replace(word, start=max(0, word.start - begin * PLACE))
            for word in at_frames(segment.words, framed.repeats, FRAME)
        )
        norms = self.foreseen(segment, framed)
        plan = None if norms is None else cut(self.places(framed))
        if norms is None or plan is None:
            chunks = iter([PcmChunk(self.whole(segment, framed)[0], self.rate)])
        else:
            chunks = self.in_runs(segment, framed, norms, plan)
        yield from stretched(with_words(chunks, words), framed.factor)

    def frame(self, segment: Segment) -> Framed:
        """Make all that comes before the generator."""
        encoded, style = self._encode(segment), self._row(segment)
        repeats, factor = self._paced(segment, encoded["durations"].reshape(-1))
        spread = {n: np.repeat(encoded[n], repeats, 2) for n in ("prosody", "content")}
        made = self._frames.run({**spread, "style": style, **whole(self._frames)})
        energy = made["energy"][0]
        ends = (0, len(energy)) if segment.durations else heard(energy)
        return Framed(made["x"], made["f0"][0], energy, style, repeats, factor, ends)

    def whole(self, segment: Segment, framed: Framed) -> tuple[Samples, Array | None]:
        """Make the sound of a segment with its own norms; and these, if they can be told."""
        source = SourceInPlaces(self._settings, _f0(segment, framed), segment.seed, 0)
        taken = source.take(framed.x.shape[2], last=True)
        spectra, norms = self.generator.whole(framed.x, taken, framed.style)
        begin, end = framed.heard
        return Overlap().samples(spectra, last=True)[begin * PLACE : end * PLACE], norms

    def foreseen(self, segment: Segment, framed: Framed) -> Array | None:
        """Return the norms that a segment will have; None where nobody learnt them: of a mix, or
        of a graph that takes none."""
        shares = self._styles.weights(segment.style.speaker)
        if self._foresight is None or not self.generator.streams or len(shares) != 1:
            return None
        features = features_of(framed.x, framed.f0, framed.energy)
        return self._foresight.norms(next(iter(shares)), features)

    def places(self, framed: Framed) -> int:
        """Count the places that runs are made of."""
        return _stretch(framed)[2]

    def in_runs(
        self, segment: Segment, framed: Framed, norms: Array, plan: Plan
    ) -> Iterator[PcmChunk]:
        """Make the sound of a segment in runs, with these norms, without the silence around it."""
        start, early, places = _stretch(framed)
        begin, end = framed.heard
        source = SourceInPlaces(self._settings, _f0(segment, framed), segment.seed, start)
        x = framed.x[:, :, start : start + places]
        overlap, waiting = Overlap(), list[Samples]()
        skip, left = early * PLACE, (end - begin) * PLACE
        made = self.generator.chunks(x, source.take, framed.style, norms, plan.lengths)
        for number, spectra in enumerate(made, 1):
            samples = overlap.samples(spectra, last=number == len(plan.lengths))
            dropped = min(skip, len(samples))
            skip -= dropped
            waiting.append(samples[dropped : dropped + left])
            left -= len(waiting[-1])
            if number < plan.held:
                yield PcmChunk(np.zeros(0, np.float32), self.rate)
                continue
            yield PcmChunk(np.concatenate(waiting), self.rate)
            waiting.clear()

    def _paced(self, segment: Segment, frames: Samples) -> tuple[list[int], float]:
        """Return each id's frames, and by how much the sound is too long."""
        durations = np.array(segment.durations or frames, np.float64)
        if segment.rates:
            durations /= segment.rates
        seconds = float(durations.sum()) / segment.style.speed * FRAME / self.rate
        if not 0 < seconds <= MAX_SEGMENT_S:
            raise ModelFailed(
                f"the voice wants {seconds:g} s for {len(segment.ids)} tokens; "
                f"the limit is {MAX_SEGMENT_S:g} s",
                "Build the voice again: edge build; if it stays, use another variant.",
            )
        if segment.style.speed == 1:  # as the model means it: each id rounded by itself
            return [max(1, round(n)) for n in durations.tolist()], 1.0
        return paced(durations, segment.style.speed, least=1)

    def _row(self, segment: Segment) -> Samples:
        shares = self._styles.weights(segment.style.speaker)
        return self._styles.row(shares, len(segment.ids) - 2)

    def _encode(self, segment: Segment) -> dict[str, Array]:
        return self._encoder.run(
            {"ids": np.array([segment.ids], np.int64), "style": self._row(segment)}
        )


def _has_sound(signs: Sequence[str]) -> bool:
    return any(sign.isalpha() for sign in signs)


def heard(energy: Samples) -> tuple[int, int]:
    """Find the places between the silences at both ends, from the energy of each; all of them
    where nothing is quiet."""
    loud = np.flatnonzero(energy > _QUIET)
    if not loud.size:
        return 0, len(energy)
    return max(0, int(loud[0]) - _BEFORE), min(len(energy), int(loud[-1]) + 1 + _AFTER)


def _stretch(framed: Framed) -> tuple[int, int, int]:
    """Return the first place that runs are made of, how many of them come before what is heard,
    and how many there are."""
    begin, end = framed.heard
    start = max(0, begin - _CONTEXT)
    return start, begin - start, min(len(framed.energy), end + _CONTEXT) - start


def _f0(segment: Segment, framed: Framed) -> Samples:
    if not segment.pitches:
        return framed.f0
    places = np.array(framed.repeats) * PLACES
    made: Samples = framed.f0 * np.repeat(np.array(segment.pitches, np.float32), places)
    return made
