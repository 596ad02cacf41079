"""Speak with a Kokoro voice: signs -> encoder -> frames -> source and generator -> spectra -> PCM.

The generator norms its channels over the whole sentence, so a sentence is made as a whole: exact,
and heard when it is done. A text is cut at clauses where that is too long.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from edge.bundle import Bundle, Variant
from edge.errors import ModelFailed
from edge.pcm import PcmChunk, Samples
from edge.synth import Segment, Style, damaged_if_unreadable
from edge.synth.kokoro.front_end import open_front_end
from edge.synth.kokoro.settings import (
    CONFIG,
    FRAME,
    PLACE,
    PLACES,
    RATE,
    Styles,
    read_settings,
)
from edge.synth.kokoro.source import Overlap, Source
from edge.synth.session import Array, Session
from edge.synth.signs import SignPlanner
from edge.synth.time_stretch import check_speed, paced, stretched
from edge.synth.variants import on_cpu
from edge.synth.word_timing import at_frames, with_words
from edge.text.cutting import MAX_TOKENS

MAX_SEGMENT_S = 60.0
"""Seconds of a segment. A sane model gives about 13 for MAX_TOKENS; far more is a damaged one, not
a slow speaker."""
_QUIET = -4.0
"""Energy below which nothing is heard: the sound there is 55 dB under the loudest and falls."""
_BEFORE, _AFTER = 2, 4
"""Places kept around what is heard, of 12.5 ms. The model makes 0.3 s of silence before each
sentence and 0.5 s after it; the pauses of a text are the daemon's to make."""


class KokoroSynthesizer:
    def __init__(self, bundle: Bundle, variant: Variant, cost: object = None) -> None:
        read = open_front_end(bundle.manifest.language)
        with damaged_if_unreadable(bundle, CONFIG):
            self._settings = read_settings(bundle)
            self._styles = Styles(bundle, self._settings)
        self._planner = SignPlanner(
            read.sentences, read.phonemes, self._settings.vocabulary, _has_sound
        )
        self.rate = RATE
        providers = bundle.profile.runtime.providers
        self._encoder = Session(bundle, variant.graphs["encoder"], providers.encoder)
        self._frames = Session(bundle, variant.graphs["frames"], providers.encoder)
        self._generator = Session(bundle, variant.graphs["decoder"], on_cpu(providers.decoder))
        self.variant = variant.name
        self.provider = self._generator.provider

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        check_speed(style.speed)
        self._styles.weights(style.speaker)  # refuses a speaker that is not there
        limit = min(MAX_TOKENS, round(MAX_TOKENS * style.speed), self._styles.most_tokens)
        return self._planner.plan(text, style, limit, words)

    def durations(self, segment: Segment) -> tuple[int, ...]:
        frames = self._encode(segment)["durations"].reshape(-1)
        return tuple(int(n) for n in np.maximum(np.rint(frames), 1))

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        encoded = self._encode(segment)
        repeats, factor = self._paced(segment, encoded["durations"].reshape(-1))
        style = self._row(segment)
        framed = self._frames.run(
            {
                **{name: np.repeat(encoded[name], repeats, 2) for name in ("prosody", "content")},
                **{"style": style, **_whole(self._frames)},
            }
        )
        f0, energy = framed["f0"][0], framed["energy"][0]
        if segment.pitches:
            places = np.array(repeats) * PLACES
            f0 = f0 * np.repeat(np.array(segment.pitches, np.float32), places)
        source = Source(self._settings, np.random.default_rng(segment.seed))
        given = {"x": framed["x"], "source": source.spectra(f0, last=True)[None], "style": style}
        spectra = self._generator.run(given | _whole(self._generator))["spectra"][0]
        samples = Overlap().samples(spectra, last=True)
        begin, end = heard(energy)
        words = tuple(
            dataclasses.replace(word, start=max(0, word.start - begin))
            for word in at_frames(segment.words, repeats, FRAME)
        )
        chunk = PcmChunk(samples[begin:end], self.rate)
        yield from stretched(with_words([chunk], words), factor)

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


def _whole(session: Session) -> dict[str, Array]:
    """Say to a graph that keeps states that it gets a whole sentence; nothing to others."""
    states = {n: s for n, s in session.inputs.items() if n.startswith("state_")}
    if "first" not in session.inputs:
        return {}
    flags = {name: np.array([True]) for name in ("first", "last")}
    return flags | {name: np.zeros(shape, np.float32) for name, shape in states.items()}


def heard(energy: Samples) -> tuple[int, int]:
    """Find the samples between the silences at both ends, from the energy of each place; all of
    them where nothing is quiet."""
    loud = np.flatnonzero(energy > _QUIET)
    if not loud.size:
        return 0, len(energy) * PLACE
    begin, end = int(loud[0]) - _BEFORE, int(loud[-1]) + 1 + _AFTER
    return max(0, begin) * PLACE, min(len(energy), end) * PLACE
