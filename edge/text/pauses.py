"""Find where more silence is wished for than a voice makes by itself."""

from __future__ import annotations

_ENDS = frozenset(".!?…。！？")
_CLOSERS = "\"'”’)]*_»」』"
PARAGRAPH = 2
"""Sentences' pauses that one between paragraphs is as long as."""


def pause_before(text: str, end: int, start: int, seconds: float) -> float:
    """Tell the silence between a word that ends at `end` and one that begins at `start`: `seconds`
    behind a sentence, a line of a list or a row of a table, twice that behind a paragraph."""
    bare = text[:end].rstrip()
    if not bare:
        return 0.0
    lines = text[len(bare) : start].count("\n")
    if lines > 1:
        return PARAGRAPH * seconds
    return seconds if lines or bare.rstrip(_CLOSERS)[-1:] in _ENDS else 0.0
