"""Text before any family sees it: cleaned, within the limits, cut where speech may pause."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from edge.errors import EmptyText, TextTooLong

MAX_CHARACTERS = 10_000
"""Per request: about ten minutes of speech; longer texts come in pieces."""

MAX_TOKENS = 200
"""Per segment: about ten seconds of speech, which bounds the memory of one inference."""

_CLAUSE_END = frozenset(",;:—–.!?…")
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+(?=\S)|\n\s*\n")


def clean(text: str) -> str:
    """The text without control characters, or an error before any work is done.

    Raises TextTooLong over MAX_CHARACTERS, EmptyText where nothing can be spoken.
    """
    if len(text) > MAX_CHARACTERS:
        raise TextTooLong(
            f"the text has {len(text):,} characters; the limit for one request is "
            f"{MAX_CHARACTERS:,}",
            "Send it in pieces, for instance: split -C 9000 FILE part- && "
            'for f in part-*; do edge say - < "$f"; done',
        )
    # A NUL would end the text inside espeak; the others are never spoken.
    cleaned = "".join(
        " " if unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") and c != "\n" else c
        for c in text
    ).strip()
    if not any(unicodedata.category(c)[0] in "LNS" for c in cleaned):
        raise EmptyText(
            f"nothing to speak in {_shape(text)}", 'Give words: edge say "Hello from the board."'
        )
    return cleaned


def sentences(text: str) -> list[str]:
    """Sentences at end punctuation and at blank lines; for families that do not cut themselves."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def cut_at_clauses(tokens: Sequence[str], limit: int) -> list[Sequence[str]]:
    """Cut one sentence's tokens (phonemes, with " " between words) into pieces of <= `limit`.

    The pieces are as even as the text allows: the cut falls behind the clause mark nearest to
    an even share, else behind the nearest word, and never inside a word.
    Raises TextTooLong where one word passes the limit.
    """
    pieces: list[Sequence[str]] = []
    rest = tokens
    while len(rest) > limit:
        share = len(rest) / -(-len(rest) // limit)
        words = [i + 1 for i in range(limit) if rest[i] == " "]
        clauses = [i for i in words if i >= 2 and rest[i - 2] in _CLAUSE_END]
        # A clause far shorter than its share would leave a stub that sounds cut off.
        good = [i for i in clauses if i >= share / 3] or words
        if not good:
            raise TextTooLong(
                f"one word has more than {limit} phonemes, the limit for one segment",
                "Put a space or a comma into the word.",
            )
        cut = min(good, key=lambda i: abs(i - share))
        pieces.append(rest[:cut])
        rest = rest[cut:]
    return [*pieces, rest] if len(rest) else pieces


def _shape(text: str) -> str:
    """What the text is made of, without quoting it: texts stay out of messages and logs."""
    return "an empty text" if not text.strip() else f"{len(text)} characters without words"
