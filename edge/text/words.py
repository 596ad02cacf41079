"""Find which phonemes speak which word of a text.

Phonemizers do not say. Each word is phonemized by itself too, and its phonemes are aligned with
those of the sentence (least edits): numbers and abbreviations become several spoken words, and
espeak joins others ("of the" -> ʌvðə), so that counting words would not do.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MOST_PHONEMES = 1000
"""Phonemes of a sentence that is aligned: a matrix of 4 MB. In a longer one places are
estimated."""

_STRESS = "ˈˌ"
_SURE = 0.3
"""Share of a word's own phonemes that must be found in the sentence. An unstressed word keeps a
third of them, like "for" (fɔɹ) in fɚðə; "e.g." keeps none, since espeak says "for example"."""


@dataclass(frozen=True)
class WordSpan:
    """A word of a text, and the ids (or phonemes) that speak it."""

    text_start: int
    text_end: int
    """Characters of the text, end exclusive."""
    first: int
    last: int
    """Ids of the segment, or phonemes of the sentence, end exclusive."""
    estimated: bool = False
    """True if the place is only roughly so."""


@dataclass(frozen=True)
class _Token:
    start: int
    end: int
    sounds: str


def find_words(
    text: str, sentences: Sequence[Sequence[str]], phonemize: Callable[[str], str]
) -> list[list[WordSpan]]:
    """Find the words of each sentence (its phonemes, "ˈ", " " and marks among them), in order.

    `phonemize` gives the phonemes of one word by itself. A word without any is in no sentence.
    """
    tokens = [
        _Token(match.start(), match.end(), sounds)
        for match in re.finditer(r"\S+", text)
        if (sounds := "".join(p for p in phonemize(match[0]) if _is_sound(p)))
    ]
    found: list[list[WordSpan]] = []
    for number, sentence in enumerate(sentences):
        places = [i for i, phoneme in enumerate(sentence) if _is_sound(phoneme)]
        spoken = [sentence[i] for i in places]
        owners, sure = _owners(tokens, spoken, last=number == len(sentences) - 1)
        spans = _spans(tokens, owners, sure, places, sentence)
        found.append(spans)
        tokens = tokens[len(spans) :]
    return found


def in_piece(spans: Iterable[WordSpan], start: int, length: int) -> Iterator[WordSpan]:
    """Yield the words that begin in the `length` phonemes from `start`, counted from there."""
    for span in spans:
        if start <= span.first < start + length:
            yield dataclasses.replace(
                span, first=span.first - start, last=min(span.last - start, length)
            )


def as_written(
    spans: Iterable[WordSpan], before: Callable[[int, int], tuple[int, int]]
) -> tuple[WordSpan, ...]:
    """Place the words of a respelled text where its author wrote them: `before` gives the place
    of a stretch in the author's text. What one word became is one word again."""
    found: list[WordSpan] = []
    for span in spans:
        start, end = before(span.text_start, span.text_end)
        if found and start < found[-1].text_end:
            whole = found.pop()
            start, end = whole.text_start, max(end, whole.text_end)
            estimated = span.estimated or whole.estimated
            span = dataclasses.replace(span, first=whole.first, estimated=estimated)
        found.append(dataclasses.replace(span, text_start=start, text_end=end))
    return tuple(found)


def covering(segments: Sequence[Sequence[WordSpan]], text: str) -> list[tuple[WordSpan, ...]]:
    """Let each word reach over what stands beside it and has no sound, a mark or a sign: words and
    the white space between them are then the whole text."""
    flat = [span for spans in segments for span in spans]
    wide: list[WordSpan] = []
    done = len(text) - len(text.lstrip())
    for span in flat:
        gap = text[done : span.text_start]
        # What touches the word is its own; what stands before a space, the last word's.
        cuts = [at + 1 for at, character in enumerate(gap) if character.isspace()]
        start = done + (cuts[-1] if cuts else len(gap))
        if wide:
            end = max(wide[-1].text_end, len(text[:start].rstrip()))
            wide[-1] = dataclasses.replace(wide[-1], text_end=end)
        else:
            start = done
        wide.append(dataclasses.replace(span, text_start=start))
        done = max(done, span.text_end)
    if wide:
        end = max(wide[-1].text_end, len(text.rstrip()))
        wide[-1] = dataclasses.replace(wide[-1], text_end=end)
    rest = iter(wide)
    return [tuple(itertools.islice(rest, len(spans))) for spans in segments]


def _is_sound(phoneme: str) -> bool:
    """True unless it is a space, a mark, a stress, a length or an accent."""
    return all(unicodedata.category(c) in ("Ll", "Lu", "Lo") for c in phoneme)


def _spans(
    tokens: Sequence[_Token],
    owners: Sequence[int],
    sure: Sequence[bool],
    places: Sequence[int],
    sentence: Sequence[str],
) -> list[WordSpan]:
    spans: list[WordSpan] = []
    at = 0
    for number, token in enumerate(tokens[: len(sure)]):
        mine = [place for place, owner in zip(places, owners, strict=True) if owner == number]
        if mine:
            first, last = mine[0], mine[-1] + 1
            while first > at and sentence[first - 1] in _STRESS:
                first -= 1
            while last < len(sentence) and _belongs(sentence[last]):
                last += 1
            at = last
        else:
            first = last = min(at, max(0, len(sentence) - 1))
        spans.append(WordSpan(token.start, token.end, first, last, not sure[number]))
    return spans


def _belongs(phoneme: str) -> bool:
    """True for a length or an accent of the phoneme before it."""
    return phoneme not in _STRESS and all(unicodedata.category(c) in ("Lm", "Mn") for c in phoneme)


def _owners(
    tokens: Sequence[_Token], spoken: Sequence[str], last: bool
) -> tuple[list[int], list[bool]]:
    """Return the number of each spoken phoneme's token; and for each token of this sentence, which
    are the first ones, whether it is sure."""
    if last:
        within = list(tokens)
    else:
        room, within = 1.5 * len(spoken) + 20, []
        for token in tokens:
            if room <= 0:
                break
            within.append(token)
            room -= len(token.sounds)
    if not within:
        return [0] * len(spoken), []
    alone = "".join(token.sounds for token in within)
    if max(len(alone), len(spoken)) > MOST_PHONEMES:
        return _shared_out(within, len(spoken), last)
    of = [number for number, token in enumerate(within) for _ in token.sounds]
    edits = _edits(alone, spoken)
    ends = np.cumsum([0, *(len(token.sounds) for token in within)])
    count = len(within) if last else int(np.argmin(edits[-1, ends]))
    owners, hits = [0] * len(spoken), [0] * len(within)
    i, j = len(spoken), int(ends[count])
    while i > 0:
        owner = of[max(j, 1) - 1]
        same = j > 0 and alone[j - 1] == spoken[i - 1]
        if j > 0 and edits[i, j] == edits[i - 1, j - 1] + (not same):
            owners[i - 1], hits[owner] = owner, hits[owner] + same
            i, j = i - 1, j - 1
        elif j > 0 and edits[i, j] == edits[i, j - 1] + 1:
            j -= 1
        else:
            owners[i - 1] = owner
            i -= 1
    sure = [hits[n] >= _SURE * len(within[n].sounds) for n in range(count)]
    return owners, sure


def _edits(alone: str, spoken: Sequence[str]) -> npt.NDArray[np.int32]:
    """Compute the edit distances of all beginnings, int32 (spoken + 1, alone + 1)."""
    codes = np.array([ord(c) for c in alone])
    steps = np.arange(len(alone) + 1, dtype=np.int32)
    rows = np.empty((len(spoken) + 1, len(alone) + 1), np.int32)
    rows[0] = steps
    for i, phoneme in enumerate(spoken):
        before, row = rows[i], rows[i + 1]
        row[0] = before[0] + 1
        row[1:] = np.minimum(before[1:] + 1, before[:-1] + (codes != ord(phoneme[0])))
        row[:] = np.minimum.accumulate(row - steps) + steps
    return rows


def _shared_out(tokens: Sequence[_Token], count: int, last: bool) -> tuple[list[int], list[bool]]:
    """Share the phonemes out in proportion to the words' own; none is sure."""
    ends = np.cumsum([len(token.sounds) for token in tokens])
    if not last:
        ends = ends[: int(np.searchsorted(ends, count)) + 1]
    places = (np.arange(count) + 0.5) * (float(ends[-1]) / max(1, count))
    owners = np.searchsorted(ends, places, side="right").clip(0, len(ends) - 1)
    return [int(owner) for owner in owners], [False] * len(ends)
