"""When words sound: some heads of the language model look at the word that it is speaking.

Their attention over the rows of the text, frame by frame, is summed word by word (after
pocket-tts-timestamped, which says that it misses a recogniser's ends of words by 51 to 60 ms).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edge.pcm import PcmChunk, Samples, Word
from edge.synth.pocket.caches import turns
from edge.synth.pocket.language_model import Speech, Step
from edge.synth.pocket.settings import Settings
from edge.synth.session import Array
from edge.text.words import WordSpan

LEAST_SHARE = 0.001
"""A word that holds less of the attention is over as soon as a later one holds any."""
VOICED = 1e-3
"""Root mean square of a frame that sounds."""


class Attention:
    """The watched heads of one segment. Their keys of the text are known after its first step."""

    def __init__(self, settings: Settings, speech: Speech) -> None:
        self._settings, self._speech = settings, speech
        self._keys: list[Array] = []

    def shares(self, step: Step) -> Array | None:
        """How much the last row looks at each row of the text (rows,); None if nobody watches."""
        settings, speech = self._settings, self._speech
        if step.watched is None:
            return None
        if not self._keys:
            serves = settings.heads // settings.kv_heads
            self._keys = [speech.text_keys(w.layer, w.head // serves) for w in settings.watched]
        queries = step.watched.reshape(-1, settings.head).view(np.complex64)
        queries = (queries * turns(settings.head, speech.row)).view(np.float32)
        found = np.zeros(speech.text_rows)
        for query, keys in zip(queries, self._keys, strict=True):
            scores = (keys @ query).astype(np.float64) * settings.head**-0.5
            powers = np.exp(scores - scores.max())
            found += powers / powers.sum()
        return found / len(self._keys)


class WordClock:
    """Tells which word is spoken, frame by frame; it never goes back."""

    def __init__(self, spans: Sequence[WordSpan]) -> None:
        self._spans = spans
        self.now = -1
        """Number of the word that is spoken; -1 before the first frame."""

    def hear(self, shares: Array | None) -> int:
        """Take a frame's shares; return the word that it belongs to."""
        if self.now < 0:
            self.now = 0
            return 0
        if shares is None:
            return self.now
        words = np.array([shares[span.first : span.last].sum() for span in self._spans])
        while self.now + 1 < len(words):
            later = words[self.now + 1 :].max()
            mine = words[self.now]
            over = later > mine if mine >= LEAST_SHARE else later > 0
            if not over:
                break
            self.now += 1
        return self.now


class WordPlacer:
    """Gives each word to the chunk that it begins in, in samples."""

    def __init__(self, spans: Sequence[WordSpan], settings: Settings) -> None:
        self._spans, self._settings = spans, settings
        self._starts: list[int | None] = [None] * len(spans)
        self._told = 0
        self._silent = True
        self._frames = 0
        self._letters = [max(1, span.text_end - span.text_start) for span in spans]

    def place(self, samples: Samples, words: Sequence[int], last: bool) -> PcmChunk:
        """`words`: the word of each of the chunk's frames. All that is left is in the last."""
        frame, begin = self._settings.frame, self._frames
        chunk = PcmChunk(samples, self._settings.rate)
        if not self._spans:
            return chunk
        for place, word in enumerate(words):
            part = samples[place * frame : (place + 1) * frame]
            if self._silent and float(np.sqrt(np.mean(part * part))) < VOICED:
                continue  # a word begins with its sound
            self._silent = False
            for number in range(self._told, word + 1):
                if self._starts[number] is None:
                    self._starts[number] = begin + place
        self._frames += len(words)
        found = []
        while self._told < len(self._spans):
            start = self._starts[self._told]
            sure = start is not None and self._settings.watched_known
            if start is None:
                if not last:
                    break
                start = self._frames - 1
            found.append(self._word(self._told, (start - begin) * frame, sure))
            self._told += 1
        return replace(chunk, words=tuple(found))

    def _word(self, number: int, start: int, sure: bool) -> Word:
        """Its end is the next one's beginning where that is known; else so long as its letters
        want, at the pace of those before."""
        frame, span = self._settings.frame, self._spans[number]
        first = self._starts[number]
        after = self._starts[number + 1] if number + 1 < len(self._spans) else None
        if first is not None and after is not None and after > first:
            length = (after - first) * frame
        else:
            began = self._starts[0]
            heard = sum(self._letters[:number])
            pace = (self._frames - 1 - began) / heard if heard and began is not None else 1.0
            length = max(1, round(self._letters[number] * max(pace, 0.25))) * frame
        return Word(span.text_start, span.text_end, start, length, not sure)
