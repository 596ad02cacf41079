"""A text in segments that one run of the model speaks, checked before any inference."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from edge.errors import EmptyText, TextTooLong
from edge.synth import Segment
from edge.synth.pocket.preparation import chunks, frames_after
from edge.synth.pocket.settings import Settings
from edge.synth.pocket.speaker import Speaker
from edge.synth.pocket.tokenizer import Tokenizer
from edge.text.cutting import MAX_TOKENS
from edge.text.words import WordSpan

TOKENS_PER_SECOND, PADDING_S = 3.0, 2.0
"""Speech that has not ended after a second for each 3 tokens, and 2 more, never will."""


@dataclass(frozen=True)
class SpokenSegment(Segment):
    """`voice` is whose, from planning on: a print may be replaced or wiped meanwhile. `frames` is
    the most that it may have; `after` sound behind the end that the model tells."""

    voice: Speaker | None = field(default=None, compare=False, repr=False)
    frames: int = 0
    after: int = 0
    spans: tuple[WordSpan, ...] = ()
    """All its words, whether they were asked for or not."""


@dataclass(frozen=True)
class Piece:
    ids: tuple[int, ...]
    words: tuple[WordSpan, ...]
    frames: int
    after: int


def cut(text: str, tokenizer: Tokenizer, settings: Settings) -> list[Piece]:
    """Raises EmptyText, and TextTooLong where one word passes the limit."""
    prepared = chunks(text, tokenizer, settings.text)
    if not prepared:
        raise EmptyText(f"the text of {len(text)} characters has no words", "Give words to speak.")
    encoded = [tokenizer.encode(chunk) for chunk in prepared]
    for ids in encoded:
        if len(ids) > MAX_TOKENS:
            raise TextTooLong(
                f"one word has {len(ids)} tokens, the limit for one segment is {MAX_TOKENS}",
                "Put a space or a comma into the word.",
            )
    words = _words(text, encoded, tokenizer)
    return [
        Piece(
            tuple(ids), spans, most_frames(len(ids), settings), frames_after(chunk, settings.text)
        )
        for chunk, ids, spans in zip(prepared, encoded, words, strict=True)
    ]


def most_frames(tokens: int, settings: Settings) -> int:
    """Count the frames that a text of so many tokens may have."""
    return math.ceil((tokens / TOKENS_PER_SECOND + PADDING_S) / settings.frame_s)


def _words(
    text: str, encoded: Sequence[Sequence[int]], tokenizer: Tokenizer
) -> list[tuple[WordSpan, ...]]:
    """Find the ids of each word. Preparing a text changes its marks and not its letters, so they
    are counted."""
    ends: list[tuple[int, int, int]] = []  # of each word: letters up to its end, and its place
    letters = 0
    for match in re.finditer(r"\S+", text):
        mine = sum(map(str.isalnum, match[0]))
        if mine:
            letters += mine
            ends.append((letters, match.start(), match.end()))
    found: list[tuple[WordSpan, ...]] = []
    done = word = 0
    for ids in encoded:
        spans: list[WordSpan] = []
        first = 0
        counts = [sum(map(str.isalnum, tokenizer.decode(ids[: i + 1]))) for i in range(len(ids))]
        for place, count in enumerate(counts, 1):
            whole = word < len(ends) and done + count >= ends[word][0]
            following = counts[place] if place < len(counts) else None
            if not whole or following == count:  # marks belong to the word before them
                continue
            _, start, end = ends[word]
            spans.append(WordSpan(start, end, first, place))
            first, word = place, word + 1
            while word < len(ends) and done + count >= ends[word][0]:
                spans.append(WordSpan(*ends[word][1:], place - 1, place))
                word += 1
        done += counts[-1] if counts else 0
        found.append(tuple(spans))
    count = len(encoded[-1])
    rest = (
        WordSpan(start, end, count - 1, count, estimated=True) for _, start, end in ends[word:]
    )
    found[-1] = (*found[-1], *rest)
    return found
