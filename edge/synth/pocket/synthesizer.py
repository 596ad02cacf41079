"""Family `pocket`: text -> latents -> sound, frame by frame, in the voice of a print.

A frame is 80 ms. Each is one step of the language model, and the codec turns one, then two, then
four of them into sound at once: the first is heard as soon as it is there, and longer runs cost a
third less. How frames are cut does not depend on a clock, so equal requests give equal bits.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge.bundle import Bundle, Variant
from edge.errors import BadStyle
from edge.pcm import PcmChunk
from edge.synth import Segment, Style
from edge.synth.pocket.codec import SoundStream
from edge.synth.pocket.drawing import Draw, Drawer
from edge.synth.pocket.language_model import LanguageModel
from edge.synth.pocket.lead import Lead, Pace
from edge.synth.pocket.segments import SpokenSegment, cut
from edge.synth.pocket.settings import LATENT, read_settings
from edge.synth.pocket.speaker import (
    NOBODY,
    Speaker,
    from_print,
    nobody,
    read_default,
)
from edge.synth.pocket.tokenizer import read_tokenizer
from edge.synth.pocket.word_times import WordPlacer
from edge.synth.print_cache import PrintCache
from edge.synth.session import Session
from edge.synth.time_stretch import check_speed, stretched
from edge.synth.variants import on_cpu
from edge.synth.voice_print import find_print
from edge.text.cleaning import clean

RUNS = (1, 2, 4)
"""Frames of the codec's first runs; the last is that of all that follow."""


class PocketSynthesizer:
    def __init__(self, bundle: Bundle, variant: Variant) -> None:
        settings = read_settings(bundle)
        providers = bundle.profile.runtime.providers
        self._bundle, self._settings = bundle, settings
        self._tokenizer = read_tokenizer(bundle)
        self._model = LanguageModel(bundle, variant, settings)
        self._codec = Session(bundle, variant.graphs["codec"], on_cpu(providers.decoder))
        self._default = read_default(bundle, settings.inner)
        self._prints = PrintCache(bundle)
        self._safety = bundle.profile.budget.safety
        self._pace = Pace(self._warm_up())
        self._nothing = PcmChunk(np.zeros(0, np.float32), settings.rate)
        self.rate, self.provider = settings.rate, self._codec.provider
        self.variant = variant.name

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        check_speed(style.speed, alone=1.0)
        voice = self._speaker(style.speaker)
        pieces = cut(clean(text), self._tokenizer, self._settings)
        return [
            SpokenSegment(
                piece.ids,
                style,
                index,
                words=piece.words if words else (),
                voice=voice,
                frames=piece.frames,
                after=piece.after,
                spans=piece.words,
            )
            for index, piece in enumerate(pieces)
        ]

    def durations(self, segment: Segment) -> tuple[int, ...]:
        return ()

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        if not isinstance(segment, SpokenSegment) or segment.voice is None:
            raise TypeError("segments of this family come from plan()")
        yield from stretched(self._paced(segment, segment.voice), segment.style.speed)

    def _paced(self, segment: SpokenSegment, voice: Speaker) -> Iterator[PcmChunk]:
        """Yield chunks as they may be heard, and an empty one where work was done: a stop is heard
        there."""
        lead = Lead(self._pace, self._settings.frame_s, self._safety, len(segment.ids))
        runs = self._runs(segment, voice)
        while True:
            began = time.perf_counter()
            run = next(runs, _Run(last=True))
            lead.worked(time.perf_counter() - began)
            if run.chunk is not None:
                ready = lead.take(run.chunk, run.frames, run.coming, run.last)
                yield from ready or [self._nothing]
            elif not run.last:
                yield self._nothing
            if run.last:
                return

    def _runs(self, segment: SpokenSegment, voice: Speaker) -> Iterator[_Run]:
        sound = SoundStream(self._codec, self._settings)
        placer = WordPlacer(segment.words, self._settings)
        waiting: list[Draw] = []
        sizes = itertools.chain(RUNS[:-1], itertools.repeat(RUNS[-1]))
        size = next(sizes)
        for frame in Drawer(self._model, segment, voice).frames():
            if frame is not None:
                waiting.append(frame)
            if frame is None or (len(waiting) < size and not frame.last):
                yield _Run()
                continue
            samples = sound.push(np.concatenate([one.latent for one in waiting]))
            chunk = placer.place(samples, [one.word for one in waiting], frame.last)
            size = next(sizes)
            yield _Run(chunk, len(waiting), size, frame.last)
            waiting.clear()

    def _warm_up(self) -> float:
        """Seconds of a frame on this machine: the second one, since the first takes memory."""
        speech = self._model.begin(nobody(self._settings.inner), (), 2)
        sound = SoundStream(self._codec, self._settings)
        began = time.perf_counter()
        for _ in range(2):
            began = time.perf_counter()
            sound.push(speech.step(np.zeros((1, LATENT), np.float32)).latent)
        return time.perf_counter() - began

    def _speaker(self, name: str | None) -> Speaker:
        if name == NOBODY:
            return nobody(self._settings.inner)
        if name is None and self._default is not None:
            return self._default
        if name is None:
            raise BadStyle(
                f"{self._bundle.voice.name} speaks with the voice of a clip, and none was named",
                "Make one: edge clone NAME CLIP.wav; then: edge say --voice NAME 'Hello.'",
            )
        path = find_print(name)
        if path is None:
            raise BadStyle(
                f"this voice has no speaker {name!r}",
                f"Make one: edge clone {name} CLIP.wav; or leave it out.",
            )
        return from_print(self._prints.load(path), self._settings.inner)


@dataclass(frozen=True)
class _Run:
    """What the codec made of some frames; nothing, if they were only drawn. `coming`: frames of
    the next run."""

    chunk: PcmChunk | None = None
    frames: int = 0
    coming: int = 0
    last: bool = False
