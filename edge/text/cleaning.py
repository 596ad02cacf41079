"""Clean a text before any family sees it: control characters go, and the limits are checked."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from edge.errors import EmptyText, TextTooLong
from edge.text import MAX_CHARACTERS
from edge.text.markup import Markup


@dataclass(frozen=True)
class Piece:
    """A stretch of a text."""

    text: str
    start: int = 0
    """Characters of the whole text before it."""
    before: str = ""
    """The text before it, as far as a rule may look back."""
    in_code: bool = False
    """True if it begins inside a block of code."""
    markup: Markup | None = None
    """The meaning of its tags, if it is of SSML; then `start` is 0, and it knows its places."""


def clean(text: str) -> str:
    """Return the text without control characters, or raise before any work is done.

    Raises TextTooLong over MAX_CHARACTERS, EmptyText where nothing can be spoken.
    """
    return clean_piece(Piece(text)).text


def clean_piece(piece: Piece) -> Piece:
    """Clean like clean(), and tell where the rest starts. One character stays one character."""
    text = piece.text
    if len(text) > MAX_CHARACTERS:
        raise TextTooLong(
            f"the text has {len(text):,} characters; the limit for one request is "
            f"{MAX_CHARACTERS:,}",
            "Pipe it through: edge say -",
        )
    cleaned = printable(text)
    if not any(unicodedata.category(c)[0] in "LNS" for c in cleaned):
        # Texts stay out of messages and logs, so it is described and not quoted.
        shape = f"{len(text)} characters without words" if text.strip() else "an empty text"
        raise EmptyText(
            f"nothing to speak in {shape}", 'Give words: edge say "Hello from the board."'
        )
    blank = len(cleaned) - len(cleaned.lstrip())
    start, before = piece.start + blank, piece.before + cleaned[:blank]
    return Piece(cleaned.strip(), start, before, piece.in_code, piece.markup)


def printable(text: str) -> str:
    """Return the text with a space for each character that is never spoken."""
    # A NUL would end the text inside espeak.
    return "".join(
        " " if unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") and c != "\n" else c
        for c in text
    )
