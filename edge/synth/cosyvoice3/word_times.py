"""When words sound, roughly: the model does not say, so each has its share of the text."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from edge.pcm import PcmChunk, Word
from edge.text.words import WordSpan


class WordTimes:
    """Gives each word of a segment to the chunk that it begins in."""

    def __init__(self, words: Sequence[WordSpan], ids: int) -> None:
        self._rest, self._ids = list(words), ids
        self._heard = 0  # samples in the chunks before

    def place(self, chunk: PcmChunk, total: int, last: bool = False) -> PcmChunk:
        """`total`: samples that the segment has, or is expected to have. All that is left of the
        words is in the last chunk."""
        length = len(chunk.samples)
        scale = max(total, self._heard + length) / max(1, self._ids)
        found: list[Word] = []
        while self._rest and length:
            span = self._rest[0]
            start = int(span.first * scale) - self._heard
            if start >= length and not last:
                break
            start = min(max(start, 0), length - 1)
            size = max(1, int((span.last - span.first) * scale))
            found.append(Word(span.text_start, span.text_end, start, size, estimated=True))
            self._rest.pop(0)
        self._heard += length
        return dataclasses.replace(chunk, words=tuple(found))
