"""The frames of a segment, drawn one by one; those of a text of a word or two are looked at first.

So short a text the model may garble, or not end. It is drawn whole before it is heard, which takes
less time than a longer text's first words last, and drawn anew where it did not end by itself or
its attention never came to the last word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge.synth.pocket.language_model import LanguageModel
from edge.synth.pocket.segments import SpokenSegment
from edge.synth.pocket.settings import LATENT
from edge.synth.pocket.speaker import Speaker
from edge.synth.pocket.word_times import Attention, WordClock
from edge.synth.session import Array

FIRST_END = 6
"""Step before which the end of speech is not believed: some voices tell it before they begin."""
LOOKED_AT = 2
"""Words of a text that is looked at before it is heard."""
TRIES = 3


@dataclass(frozen=True)
class Draw:
    """One frame."""

    latent: Array
    """(1, 32)."""
    word: int
    """Number of the segment's word that it belongs to."""
    last: bool = False


class Drawer:
    def __init__(self, model: LanguageModel, segment: SpokenSegment, voice: Speaker) -> None:
        self._model, self._segment, self._voice = model, segment, voice
        self._settings = model.settings

    def frames(self) -> Iterator[Draw | None]:
        """Yield the frames; None where work was done and there is none yet."""
        if len(self._segment.spans) > LOOKED_AT:
            yield from self._draw(0)
            return
        kept: list[Draw] = []
        for attempt in range(TRIES):
            drawn: list[Draw] = []
            for one in self._draw(attempt):
                drawn.append(one)
                yield None
            ended = len(drawn) < self._segment.frames
            if not kept or ended:
                kept = drawn
            if ended and self._whole(drawn):
                break
        yield from kept

    def _whole(self, drawn: list[Draw]) -> bool:
        """True if the last word had its turn, as far as anybody watched."""
        return not self._settings.watched or drawn[-1].word == len(self._segment.spans) - 1

    def _draw(self, attempt: int) -> Iterator[Draw]:
        segment, settings = self._segment, self._settings
        speech = self._model.begin(self._voice, segment.ids, segment.frames)
        clock, attention = WordClock(segment.spans), Attention(settings, speech)
        last = segment.frames - 1
        ended = False
        for number in range(segment.frames):
            # By its place alone, so that no cut of a text into requests changes a frame.
            random = np.random.default_rng((*segment.seed, number, attempt))
            noise = random.standard_normal((1, LATENT)) * np.sqrt(settings.temperature)
            step = speech.step(noise.astype(np.float32))
            if not ended and number >= FIRST_END and step.eos > settings.eos_threshold:
                ended, last = True, min(last, number + max(1, segment.after) - 1)
            word = clock.hear(attention.shares(step)) if segment.spans else 0
            yield Draw(step.latent, word, number == last)
            if number == last:
                return
