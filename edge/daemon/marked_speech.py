"""Sound as SSML wants it: louder and softer at the borders of words, with marks at their samples.

Pure: chunks in, chunks out. Places in a text are those of the piece that is spoken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from edge.pcm import Bookmark, PcmChunk, Samples, Word
from edge.sound.resampler import look_for_room
from edge.text.markup import Markup

RAMP_S = 0.01
"""Seconds in which the amplitude goes from one word's to the next one's: no click."""


def with_marks(chunks: Iterable[PcmChunk], marks: Sequence[tuple[int, str]]) -> Iterator[PcmChunk]:
    """Put each mark where the first word behind it begins; at the very start, if nothing is before
    it, and at the end, in a chunk without samples, if nothing is behind it."""
    waiting = deque(marks)
    at_start = True
    rate = 0
    for chunk in chunks:
        rate = chunk.rate
        found: list[Bookmark] = []
        while at_start and len(chunk.samples) and waiting and waiting[0][0] <= 0:
            found.append(Bookmark(waiting.popleft()[1], 0))
        at_start = at_start and not len(chunk.samples)
        for word in chunk.words:
            while waiting and waiting[0][0] <= word.text_start:
                found.append(Bookmark(waiting.popleft()[1], word.start))
        yield replace(chunk, bookmarks=tuple(found))
    if waiting and rate:
        ends = tuple(Bookmark(name, 0) for _, name in waiting)
        yield PcmChunk(np.zeros(0, np.float32), rate, bookmarks=ends)


def as_loud_as(chunks: Iterable[PcmChunk], markup: Markup) -> Iterator[PcmChunk]:
    """Make each word as loud as is said of it, with what follows up to the next one."""
    gains = [stretch.manner.gain for stretch in markup.stretches]
    if gains.count(gains[0]) == len(gains):
        for chunk in chunks:
            yield replace(chunk, samples=chunk.samples * np.float32(gains[0]))
        return
    gain = gains[0]
    ramp: Samples = np.zeros(0, np.float32)  # what is left of it
    for chunk in chunks:
        envelope = np.full(len(chunk.samples), gain, np.float32)
        envelope[: len(ramp)] = ramp[: len(envelope)]
        ramp = ramp[len(envelope) :]
        for word in chunk.words:
            wanted = _gain_of(word, markup)
            if wanted == gain or word.start >= len(envelope):
                continue
            length = max(1, round(RAMP_S * chunk.rate))
            ramp = np.linspace(gain, wanted, length, dtype=np.float32)
            envelope[word.start :] = wanted
            part = ramp[: len(envelope) - word.start]
            envelope[word.start : word.start + len(part)] = part
            ramp, gain = ramp[len(part) :], wanted
        yield replace(chunk, samples=chunk.samples * envelope)


def _gain_of(word: Word, markup: Markup) -> float:
    for stretch in markup.stretches:
        if word.text_start < stretch.end:
            return stretch.manner.gain
    return markup.stretches[-1].manner.gain


def in_source(chunks: Iterable[PcmChunk], markup: Markup) -> Iterator[PcmChunk]:
    """Place the words where the author wrote them, tags included. What one stretch of the source
    became is one word; its first chunk tells it."""
    last = -1
    for chunk in chunks:
        words: list[Word] = []
        for word in chunk.words:
            start, end = markup.before(word.text_start, word.text_end)
            if start < last:
                if words:
                    whole = words.pop()
                    length = word.start + word.length - whole.start
                    words.append(replace(whole, length=length, text_end=max(end, whole.text_end)))
                continue
            words.append(replace(word, text_start=start, text_end=end))
            last = end
        yield replace(chunk, words=tuple(words))


def resampled(chunks: Iterable[PcmChunk], rate: int) -> Iterator[PcmChunk]:
    """Bring a piece of another voice to the rate of the utterance, as one chunk."""
    import soxr

    parts: list[Samples] = []
    words: list[Word] = []
    length = was = 0
    for chunk in chunks:
        was = chunk.rate
        words += [word.moved(length) for word in chunk.words]
        parts.append(chunk.samples)
        length += len(chunk.samples)
    if not length:
        return
    look_for_room()
    samples = soxr.resample(np.concatenate(parts), was, rate).astype(np.float32)
    factor = rate / was
    moved = tuple(
        replace(w, start=round(w.start * factor), length=round(w.length * factor)) for w in words
    )
    yield PcmChunk(samples, rate, moved, begins=True)
