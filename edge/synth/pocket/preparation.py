"""A text as this model was trained to see it, cut into the chunks that it speaks one by one.

The rules are those of Kyutai's own package, so that a checkpoint gets what it learnt. One is ours:
a sentence that is far too long and has no mark inside is cut between words, because a whole one
skips words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence, Set

from edge.synth.pocket.settings import Preparation
from edge.synth.pocket.tokenizer import Tokenizer

MOST_TOKENS = 50
"""Tokens of a chunk, as far as marks allow."""
LONGEST = 75
"""Tokens of a chunk at the most, half as many again: beyond, words are skipped for sure."""
SHORT_WORDS = 4
"""Words of a text that gets more frames behind its end, and perhaps spaces before it."""
FRAMES_AFTER, FRAMES_AFTER_SHORT = 3, 5
"""Frames that sound after the model has told the end."""
_END = ".!?…"
_WEAK = ",;:-–—"
_CLOSERS = "\"'”’)]»"
_MARK_TWICE = re.compile(r"([.!?…])\s*[,;:]")


def prepare(text: str, how: Preparation) -> str:
    """Write a text as the model reads it; empty if nothing is left."""
    text = text.strip()
    if how.replace:
        text = " ".join(text.translate({ord(c): to for c, to in how.replace.items()}).split())
        # A quote that is gone leaves "Hi?, she said".
        text = _MARK_TWICE.sub(r"\1", text)
    text = text.replace("\n", " ").replace("\r", " ").replace("  ", " ")
    if how.commas_for_semicolons:
        text = text.replace(";", ",")
    if not text:
        return ""
    if how.capital and not text[0].isupper():
        text = text[0].upper() + text[1:]
    if how.end_mark:
        text = _ended(text)
    if how.spaces_before_short and len(text.split()) <= SHORT_WORDS:
        text = " " * how.spaces_before_short + text
    return text


def frames_after(text: str, how: Preparation) -> int:
    """Count the frames that sound behind the end of a prepared text."""
    if how.frames_after is not None:
        return how.frames_after
    return FRAMES_AFTER_SHORT if len(text.split()) <= SHORT_WORDS else FRAMES_AFTER


def chunks(text: str, tokenizer: Tokenizer, how: Preparation) -> list[str]:
    """Cut a text at the ends of its sentences into prepared chunks of up to MOST_TOKENS."""
    whole = prepare(text, how).strip()
    if not whole:
        return []
    ends = frozenset(tokenizer.encode(".!...?")[1:])  # the first is that of the leading space
    marks = frozenset(tokenizer.encode(",;:")[1:])
    parts: list[tuple[int, str]] = []
    for ids in _split(tokenizer.encode(whole), ends, tokenizer):
        sentence = tokenizer.decode(ids)
        if len(ids) <= MOST_TOKENS:
            parts.append((len(ids), sentence))
            continue
        inner = _split(tokenizer.encode(sentence.strip()), marks)
        pieces = [(len(p), tokenizer.decode(p)) for p in inner] if len(inner) > 1 else []
        for count, piece in pieces or [(len(ids), sentence)]:
            parts += [(count, piece)] if count <= LONGEST else _by_words(piece, tokenizer)
    packed = (prepare(chunk, how) for chunk in _packed(parts))
    return [chunk for chunk in packed if any(c.isalnum() for c in chunk)]


def _ended(text: str) -> str:
    """Give a text its mark at the end, inside the quotes and brackets that close it."""
    core = text.rstrip(_CLOSERS + " ")
    if not core or core[-1] in _END:
        return text
    if core[-1] in _WEAK:
        return core.rstrip(_WEAK + " ") + "." + text[len(core) :].strip()
    return text + "."


def _split(
    ids: Sequence[int], marks: Set[int], decimals: Tokenizer | None = None
) -> list[Sequence[int]]:
    """Cut behind each run of `marks`; with `decimals`, not behind the point of a number."""
    cuts = [0]
    after_mark = False
    for place, id_ in enumerate(ids):
        if id_ in marks:
            after_mark = True
            continue
        if after_mark and not (decimals and _inside_number(ids, place, decimals)):
            cuts.append(place)
        after_mark = False
    cuts.append(len(ids))
    return [ids[a:b] for a, b in itertools.pairwise(cuts)]


def _inside_number(ids: Sequence[int], place: int, tokenizer: Tokenizer) -> bool:
    before, after = tokenizer.decode(ids[:place]), tokenizer.decode(ids[place:])
    return re.search(r"\d\.$", before) is not None and after[:1].isdigit()


def _by_words(piece: str, tokenizer: Tokenizer) -> list[tuple[int, str]]:
    """Cut a piece without marks into shares of words that are about equal."""
    sizes = [(len(tokenizer.encode(word)), word) for word in piece.split()]
    total = sum(size for size, _ in sizes)
    share = total / -(-total // MOST_TOKENS)
    found: list[tuple[int, str]] = []
    words: list[str] = []
    so_far = 0
    for size, word in sizes:
        if words and so_far + size > share + 1:
            found.append((so_far, " ".join(words)))
            words, so_far = [], 0
        words.append(word)
        so_far += size
    return [*found, (so_far, " ".join(words))]


def _packed(parts: Sequence[tuple[int, str]]) -> list[str]:
    """Put neighbours together while they fit."""
    found: list[str] = []
    current, room = "", 0
    for count, part in parts:
        if current and count > room:
            found.append(current.strip())
            current, room = part, MOST_TOKENS - count
        else:
            room = (room if current else MOST_TOKENS) - count
            current = f"{current} {part}" if current else part
    return [*found, current.strip()]
