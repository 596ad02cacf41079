"""A text in segments that one inference speaks, checked before any inference."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.errors import TextTooLong
from edge.synth.cosyvoice3.punctuation import finished
from edge.text.cutting import sentences
from edge.text.words import WordSpan

USUAL_TOKENS, MOST_TOKENS = 35, 80
"""Text tokens that short sentences share a segment up to, about 10 s of sound, which nobody waits
longer for than they must; and that one sentence may have before it is cut inside, where the
released code cuts too, about 22 s. A joint within a sentence is the part that is heard. A
character of Chinese or Japanese counts as one, as there."""
SPEECH_PER_TEXT_TOKEN = 7.0
"""Speech tokens for a token of text: 6 to 8 as people speak."""

# White space and what follows it: a word, or one character of a script that writes without spaces.
_ATOM = re.compile(r"\s*(?:[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f]|"
                   r"[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f]+)")  # fmt: skip
# Behind these marks no space follows.
_WIDE = re.compile("[^。！？]*[。！？]*(?:[\"'”’）」』】]|\\[[a-z_-]+\\]|</\\w+>)*")
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


def cut(text: str, encode: Callable[[str], tuple[int, ...]]) -> list[Stretch]:
    """Cut at the ends of sentences: short neighbours stay together, and one that is longer than
    MOST_TOKENS is cut at a clause or else between words. Each ends with a closing mark.

    Raises TextTooLong where one word passes the limit.
    """
    pieces: list[list[_Atom]] = []
    whole: list[bool] = []  # whether the sentence ends with the piece
    place = 0
    every = [part for whole in sentences(text) for part in _WIDE.findall(whole) if part.strip()]
    for sentence in every:
        begin = text.index(sentence, place)
        place = begin + len(sentence)
        atoms = [
            _Atom(
                begin + m.start(), begin + m.end(), _count(m[0], encode), m[0][-1] in _CLAUSE_END
            )
            for m in _ATOM.finditer(sentence)
        ]
        for atom in atoms:
            if atom.tokens > MOST_TOKENS:
                raise TextTooLong(
                    f"one word of {atom.end - atom.start} characters has {atom.tokens} text "
                    f"tokens; the limit for one segment is {MOST_TOKENS}",
                    "Put a space or a comma into the word.",
                )
        parts = _pieces(atoms, MOST_TOKENS)
        for number, part in enumerate(parts, 1):
            ends = number == len(parts)
            if pieces and whole[-1] and ends and _size(pieces[-1]) + _size(part) <= USUAL_TOKENS:
                pieces[-1].extend(part)
            else:
                pieces.append(list(part))
                whole.append(ends)
    return [
        _stretch(text, piece, encode, joins=not ends)
        for piece, ends in zip(pieces, whole, strict=True)
    ]


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


def _count(atom: str, encode: Callable[[str], tuple[int, ...]]) -> int:
    one = atom.strip()
    return 1 if len(one) == 1 and not one.isascii() else len(encode(atom))


def _size(atoms: Sequence[_Atom]) -> int:
    return sum(atom.tokens for atom in atoms)


def _stretch(
    text: str, atoms: Sequence[_Atom], encode: Callable[[str], tuple[int, ...]], joins: bool
) -> Stretch:
    start, end = atoms[0].start, atoms[-1].end
    words: list[WordSpan] = []
    ids = encode(finished(text[start:end], joins))
    scale = len(ids) / max(1, _size(atoms))
    before = 0.0
    for atom in atoms:
        after = before + atom.tokens * scale
        for match in re.finditer(r"\S+", text[atom.start : atom.end]):
            first = atom.start + match.start()
            if first == 0 or text[first - 1].isspace():
                whole = re.compile(r"\S+").match(text, first)
                assert whole is not None
                words.append(
                    WordSpan(first, whole.end(), round(before), round(after), estimated=True)
                )
        before = after
    return Stretch(start, end, ids, tuple(words))
