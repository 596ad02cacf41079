"""A text in segments that one inference speaks, checked before any inference."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.errors import TextTooLong
from edge.text.cutting import MAX_TOKENS, sentences
from edge.text.words import WordSpan

MAX_OUTPUT_S = 10.0
"""Seconds of one segment's sound, as far as its text tells: bounds memory, which grows with its
square."""
SPEECH_PER_TEXT_TOKEN = 7.0
"""Speech tokens for a token of text: 6 to 8 as people speak."""

# White space and what follows it: a word, or one character of a script that writes without spaces.
_ATOM = re.compile(r"\s*(?:[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f]|"
                   r"[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f]+)")  # fmt: skip
_CLAUSE_END = tuple(",;:—–.!?…，。！？；：、")


@dataclass(frozen=True)
class Stretch:
    """Characters `start` to `end` of a text, their ids, and the words that begin there."""

    start: int
    end: int
    ids: tuple[int, ...]
    words: tuple[WordSpan, ...]


@dataclass(frozen=True)
class _Atom:
    start: int
    end: int
    tokens: int
    ends_clause: bool


def seconds(tokens: float, token_rate: int, speed: float) -> float:
    """How long so many text tokens will sound."""
    return tokens * SPEECH_PER_TEXT_TOKEN / token_rate / speed


def most_tokens(token_rate: int, speed: float) -> int:
    """Text tokens of a segment: those of MAX_OUTPUT_S, and no more than one inference may have."""
    most = int(MAX_OUTPUT_S * token_rate * speed / SPEECH_PER_TEXT_TOKEN)
    return min(MAX_TOKENS, most)


def cut(
    text: str, encode: Callable[[str], tuple[int, ...]], token_rate: int, speed: float
) -> list[Stretch]:
    """Sentences, short neighbours together, long ones cut at a clause or else between words.

    Raises TextTooLong where one word passes the limit.
    """
    limit = most_tokens(token_rate, speed)
    pieces: list[list[_Atom]] = []
    place = 0
    for sentence in sentences(text):
        begin = text.index(sentence, place)
        place = begin + len(sentence)
        atoms = [
            _Atom(begin + m.start(), begin + m.end(), len(encode(m[0])), m[0][-1] in _CLAUSE_END)
            for m in _ATOM.finditer(sentence)
        ]
        for atom in atoms:
            if atom.tokens > limit:
                raise TextTooLong(
                    f"one word of {atom.end - atom.start} characters has {atom.tokens} text "
                    f"tokens, about {seconds(atom.tokens, token_rate, speed):.0f} s of sound; "
                    f"the limit for one segment is {limit} tokens, {MAX_OUTPUT_S:g} s",
                    "Put a space or a comma into the word.",
                )
        for piece in _pieces(atoms, limit):
            if pieces and _size(pieces[-1]) + _size(piece) <= limit:
                pieces[-1].extend(piece)
            else:
                pieces.append(list(piece))
    return [_stretch(text, piece, encode) for piece in pieces]


def _pieces(atoms: Sequence[_Atom], limit: int) -> list[Sequence[_Atom]]:
    """Cut as evenly as the text allows, behind the clause nearest to an even share."""
    found: list[Sequence[_Atom]] = []
    while (size := _size(atoms)) > limit:
        share = size / -(-size // limit)
        ends, total = [], 0
        for number, atom in enumerate(atoms, 1):
            total += atom.tokens
            if total > limit:
                break
            ends.append((number, total, atom.ends_clause))
        good = [end for end in ends if end[2] and end[1] >= share / 3] or ends
        cut = min(good, key=lambda end: abs(end[1] - share))[0]
        found.append(atoms[:cut])
        atoms = atoms[cut:]
    return [*found, atoms] if atoms else found


def _size(atoms: Sequence[_Atom]) -> int:
    return sum(atom.tokens for atom in atoms)


def _stretch(
    text: str, atoms: Sequence[_Atom], encode: Callable[[str], tuple[int, ...]]
) -> Stretch:
    start, end = atoms[0].start, atoms[-1].end
    words: list[WordSpan] = []
    ids = encode(text[start:end].strip())
    before = 0
    for atom in atoms:
        after = before + atom.tokens
        for match in re.finditer(r"\S+", text[atom.start : atom.end]):
            first = atom.start + match.start()
            if first == 0 or text[first - 1].isspace():
                whole = re.compile(r"\S+").match(text, first)
                assert whole is not None
                words.append(WordSpan(first, whole.end(), before, after, estimated=True))
        before = after
    return Stretch(start, end, ids, tuple(words))
