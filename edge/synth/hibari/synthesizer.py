"""Speak with a hibari voice: phonemes -> encoder -> frames -> decoder -> spectra -> numpy -> PCM.

The English front end and the mathematics of the signal half are those of the package hibari-tts
(Apache-2.0). The decoder and the signal half work in chunks, exactly: a sentence's samples do
not depend on how it is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edge.bundle import Bundle, Variant
from edge.errors import BadStyle, MissingPackage, ModelFailed
from edge.pcm import PcmChunk, Samples
from edge.remedies import add_packages
from edge.synth import Segment, Style, damaged_if_unreadable
from edge.synth.hibari import read_vocabulary, without_scipy
from edge.synth.hibari.decoder import Made, SpectraDecoder, WindowedSpectra
from edge.synth.hibari.signal import SPECTRA, Signal, spectra_of
from edge.synth.schedule import Cost, Decoder, Plan, plan_runs
from edge.synth.session import Array, Session
from edge.synth.signs import SignPlanner
from edge.synth.time_stretch import check_speed, paced, quicker, stretched
from edge.synth.variants import on_cpu, windowed
from edge.synth.word_timing import at_frames, with_words
from edge.text.cutting import MAX_TOKENS

MAX_SEGMENT_S = 60.0
"""Seconds of a segment. A sane model gives about 10 for MAX_TOKENS; far more is a damaged one, not
a slow speaker."""

_FIRST_PART, _LONGEST_PART = 8, 96
"""Spectra made into sound at once: the sentence is heard from its first 75 ms on, and each next
part, of at most four times as many, takes far less time than the one before sounds."""


class HibariSynthesizer:
    def __init__(self, bundle: Bundle, variant: Variant, cost: Cost | None = None) -> None:
        cut, read = make_phonemizer(bundle.manifest.language)
        from hibari import dsp  # the line before has imported it

        self._dsp = dsp
        with damaged_if_unreadable(bundle, "vocab.json"):
            self._planner = SignPlanner(cut, read, read_vocabulary(bundle))
        self.rate = bundle.manifest.rate
        providers = bundle.profile.runtime.providers
        self._encoder = Session(bundle, variant.graphs["encoder"], providers.encoder)
        self.variant = variant.name
        self._windows: WindowedSpectra | None = None
        if windowed(variant):
            self._windows = WindowedSpectra(bundle, variant.graphs["decoder"])
            self.provider, self._fine = self._windows.provider, self._windows.spectra_per_frame
            self._frame_s = self._fine * dsp.HOP / self.rate
            return
        decoder = Session(bundle, variant.graphs["decoder"], on_cpu(providers.decoder))
        self._decoder = SpectraDecoder(decoder)
        self.provider, self._fine = decoder.provider, self._decoder.spectra_per_frame
        self._frame_s, budget = self._fine * dsp.HOP / self.rate, bundle.profile.budget
        self._safety = budget.safety
        self.decoder = Decoder(
            self._frame_s,
            look_ahead=self._decoder.look_ahead + 1,  # two spectra for the overlap
            granularity=self._decoder.granularity,
            cost=cost or Cost(fixed_s=0.003, per_frame_s=budget.real_time_factor * self._frame_s),
        )

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        if style.speaker is not None:
            raise BadStyle(
                f"this voice has one speaker, not {style.speaker!r}", "Leave the speaker out."
            )
        check_speed(style.speed)
        limit = min(MAX_TOKENS, round(MAX_TOKENS * style.speed))
        return self._planner.plan(text, style, limit, words)

    def durations(self, segment: Segment) -> tuple[int, ...]:
        return tuple(int(frames) for frames in self._encode(segment)["durations"].reshape(-1))

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        if (windows := self._windows) is not None:
            return self._speak(segment, lambda frames: (windows.run(frames), 1))
        decoder = quicker(self.decoder, segment.style.speed)
        return self.speak_in(segment, lambda n: plan_runs(n, decoder, self._safety))

    def speak_in(self, segment: Segment, cut: Callable[[int], Plan]) -> Iterator[PcmChunk]:
        def draw(frames: dict[str, Array]) -> tuple[Iterator[Made], int]:
            plan = cut(frames["content"].shape[2])
            return self._decoder.run(frames, plan.lengths), plan.held

        return self._speak(segment, draw)

    def _speak(
        self, segment: Segment, draw: Callable[[dict[str, Array]], tuple[Iterator[Made], int]]
    ) -> Iterator[PcmChunk]:
        """`draw` gives the spectra of frames in several runs, and how many of these are done
        before any sound is given out."""
        frames, durations, factor = self._frames(segment)
        hop = round(self._frame_s * self.rate)
        words = at_frames(segment.words, durations, hop)
        factors = np.array(segment.pitches or [1.0] * len(durations), np.float32)
        pitches = np.repeat(factors, np.array(durations) * self._fine)
        runs, held = draw(frames)
        sound = self._sound(segment.seed, runs, held, pitches)
        yield from stretched(with_words(sound, words), factor)

    def _sound(
        self, seed: tuple[int, int], runs: Iterator[Made], held: int, pitches: Samples
    ) -> Iterator[PcmChunk]:
        """`pitches`: factor of f0 at each spectrum."""
        signal = Signal(self._dsp, np.random.default_rng(seed))
        waiting: list[Samples] = []
        for number, made in enumerate(runs, 1):
            signal.pitch(made.f0 * pitches[: len(made.f0)], last=made.pitch_ends)
            pitches = pitches[len(made.f0) :]
            spectra = {n: part[0] for n, part in spectra_of(self._dsp, made.spectra).items()}
            for part, final in _parts(spectra, _LONGEST_PART if number > 1 else _FIRST_PART):
                waiting.append(signal.samples(part, last=final and made.ends))
                if number < held:
                    yield PcmChunk(np.zeros(0, np.float32), self.rate)
                    continue
                yield PcmChunk(np.concatenate(waiting), self.rate)
                waiting.clear()

    def encode(self, segment: Segment) -> dict[str, Array]:
        """Turn token ids into the decoder's two inputs, float32 (1, channels, frames)."""
        return self._frames(segment)[0]

    def _frames(self, segment: Segment) -> tuple[dict[str, Array], list[int], float]:
        """Return the decoder's inputs, each id's frames in them, and by how much they are too
        long."""
        encoded = self._encode(segment)
        durations = np.array(segment.durations or encoded["durations"].reshape(-1), np.float64)
        shortest = durations.min()
        if segment.rates:
            durations /= segment.rates
        speed = segment.style.speed
        seconds = float(durations.sum()) / speed * self._frame_s
        if not 0 < seconds <= MAX_SEGMENT_S or shortest < 1:
            raise ModelFailed(
                f"the voice wants {seconds:g} s for {len(segment.ids)} tokens; "
                f"the limit is {MAX_SEGMENT_S:g} s",
                "Build the voice again: edge build; if it stays, use another variant.",
            )
        repeats, factor = paced(durations, speed, least=1)
        inputs = {n: np.repeat(encoded[n], repeats, axis=2) for n in ("content", "prosody")}
        return inputs, repeats, factor

    def _encode(self, segment: Segment) -> dict[str, Array]:
        return self._encoder.run(
            {
                "ids": np.array([segment.ids], np.int64),
                "speed": np.ones(1, np.float32),
            }
        )


def make_phonemizer(
    language: str,
) -> tuple[Callable[[str], Sequence[str]], Callable[[str], str]]:
    """Make what cuts a text into sentences, and what reads one, of hibari-tts, without its
    model."""
    try:
        with without_scipy():
            from hibari.tts import Hibari

        from edge.synth.hibari.front_end import load_front_end
    except ImportError as error:
        raise MissingPackage(
            f"the hibari family needs the package hibari-tts: {error}", add_packages("hibari")
        ) from None
    return Hibari.split_sentences, load_front_end(british=language == "en_GB")


def _parts(spectra: dict[str, Array], first: int) -> Iterator[tuple[dict[str, Array], bool]]:
    """Yield pieces of `first` spectra and then more, and whether each is the last."""
    count, start, length = len(spectra[SPECTRA[0]]), 0, first
    while start < count:
        stop = start + length
        yield {name: value[start:stop] for name, value in spectra.items()}, stop >= count
        start, length = stop, min(_LONGEST_PART, 4 * length)
