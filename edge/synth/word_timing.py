"""Tell when the words of a text sound, from the frames that a model gives their ids."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from edge.pcm import PcmChunk, Word
from edge.text.words import WordSpan


def at_frames(spans: Iterable[WordSpan], durations: Sequence[int], hop: int) -> tuple[Word, ...]:
    """Tell when the words sound: `durations` in frames of each id, `hop` samples in a frame."""
    ends = np.cumsum([0, *durations])
    return tuple(
        Word(
            text_start=span.text_start,
            text_end=span.text_end,
            start=min(int(ends[span.first]), max(0, int(ends[-1]) - 1)) * hop,
            length=int(ends[span.last] - ends[span.first]) * hop,
            estimated=span.estimated,
        )
        for span in spans
    )


def with_words(chunks: Iterable[PcmChunk], words: Sequence[Word]) -> Iterator[PcmChunk]:
    """Put each word, placed in the sound of all chunks together, into the chunk it begins in."""
    place, rest = 0, list(words)
    for chunk in chunks:
        end = place + len(chunk.samples)
        mine = [word for word in rest if word.start < end]
        rest = rest[len(mine) :]
        moved = tuple(word.moved(-place) for word in mine)
        yield dataclasses.replace(chunk, words=moved)
        place = end
