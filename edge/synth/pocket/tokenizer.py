"""Text to the ids of pieces and back: a unigram tokenizer, the likeliest way to cut a text.

The pieces lie in pieces.json, which the build makes of a SentencePiece model or a tokenizer.json.
The two kinds add likelihoods up with 32 and with 64 bits, and so differ where two ways are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edge import records
from edge.bundle import Bundle
from edge.errors import BadRecord, BundleDamaged

PIECES = "pieces.json"
SPACE = "▁"
UNKNOWN_COST = 10.0
"""An unknown character is so much less likely than the unlikeliest piece."""


@dataclass(frozen=True)
class Vocabulary:
    """`scores` are logarithms of likelihoods; those of `controls` are never found in a text.
    `bytes_from`: id of the byte 0, the other 255 behind it. `bits`: of the sums."""

    OPEN: ClassVar[bool] = True
    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    controls: tuple[int, ...]
    unknown: int
    bytes_from: int
    bits: int

    def __post_init__(self) -> None:
        count = len(self.pieces)
        if len(self.scores) != count or self.bits not in (32, 64):
            raise ValueError(f"{count} pieces with {len(self.scores)} scores of {self.bits} bits")
        if not 0 <= self.bytes_from <= count - 256 or not 0 <= self.unknown < count:
            raise ValueError(f"{count} pieces do not hold the bytes from {self.bytes_from} on")


class Tokenizer:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._float = np.float32 if vocabulary.bits == 32 else np.float64
        first, last = vocabulary.bytes_from, vocabulary.bytes_from + 256
        hidden = {*vocabulary.controls, vocabulary.unknown, *range(first, last)}
        shown = [i for i in range(len(vocabulary.pieces)) if i not in hidden]
        self._ids = {vocabulary.pieces[i]: i for i in shown}
        self._scores = [self._float(score) for score in vocabulary.scores]
        self._longest = max((len(piece) for piece in self._ids), default=1)
        least = min((vocabulary.scores[i] for i in shown), default=0.0)
        self._unknown = self._float(least - UNKNOWN_COST)

    def encode(self, text: str) -> list[int]:
        """Cut a text; each byte of a character that is in no piece has an id of its own."""
        if not text:
            return []
        marked = (SPACE + text).replace(" ", SPACE)
        count = len(marked)
        best: list[np.floating | None] = [None] * (count + 1)
        best[0] = self._float(0.0)
        came: list[tuple[int, int | None]] = [(0, None)] * (count + 1)
        for start in range(count):
            so_far = best[start]
            assert so_far is not None
            alone = False
            for end in range(start + 1, min(start + self._longest, count) + 1):
                id_ = self._ids.get(marked[start:end])
                if id_ is None:
                    continue
                alone |= end == start + 1
                score = self._float(so_far + self._scores[id_])
                known = best[end]
                if known is None or score > known:
                    best[end], came[end] = score, (start, id_)
            if not alone:
                score = self._float(so_far + self._unknown)
                known = best[start + 1]
                if known is None or score > known:
                    best[start + 1], came[start + 1] = score, (start, None)
        return self._read_back(marked, came)

    def decode(self, ids: Sequence[int]) -> str:
        """Make the text of ids again, without the space that stands before every text."""
        vocabulary, parts = self._vocabulary, bytearray()
        for id_ in ids:
            byte = id_ - vocabulary.bytes_from
            if 0 <= byte < 256:
                parts.append(byte)
            elif id_ not in vocabulary.controls and id_ != vocabulary.unknown:
                parts += vocabulary.pieces[id_].encode()
        text = parts.decode(errors="replace").replace(SPACE, " ")
        return text.removeprefix(" ")

    def _read_back(self, marked: str, came: Sequence[tuple[int, int | None]]) -> list[int]:
        found: list[int] = []
        end = len(marked)
        while end:
            start, id_ = came[end]
            if id_ is None:
                first = self._vocabulary.bytes_from
                found += [first + byte for byte in reversed(marked[start:end].encode())]
            else:
                found.append(id_)
            end = start
        return found[::-1]


def read_tokenizer(bundle: Bundle) -> Tokenizer:
    """Raises BundleDamaged."""
    try:
        return Tokenizer(records.load_json(bundle.file(PIECES), Vocabulary))
    except BadRecord as error:
        raise BundleDamaged(
            error.message, f"Build it again: edge build {bundle.voice.name}"
        ) from None
