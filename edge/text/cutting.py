"""Cut a text where speech may pause: into pieces as it arrives, sentences, and clauses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from edge.errors import TextTooLong
from edge.text.cleaning import Piece

MAX_TOKENS = 200
"""Tokens of one segment: about ten seconds of speech, which bounds the memory of one inference."""

_CLAUSE_END = frozenset(",;:—–.!?…")
FIRST_CLAUSE, LATER_CLAUSE = 24, 120
"""Characters of a clause that need not wait for the end of its sentence, in a text that comes
piece by piece. The first clause may be short, because somebody waits for it; the later ones have
the sound before them, and whole sentences sound better."""

LONGEST_PIECE = 600
"""Characters of a piece. A text without any marks is cut between words."""

LOOK_BACK = 64
"""Characters before a piece that are kept for the rules that read it."""

FENCE = "```"
"""Mark around a block of code in Markdown."""

_CLOSERS = "\"'”’)\\]」』"
_PIECE_END = re.compile(
    rf"(?P<sentence>[.!?…]{{1,20}}[{_CLOSERS}]{{,9}}(?=\s))"
    # No space follows these.
    rf"|(?P<wide>[。！？]{{1,20}}[{_CLOSERS}]{{,9}}(?=[^{_CLOSERS}。！？]))"
    r"|(?P<paragraph>\n[^\S\n]*\n)"
    rf"|(?P<clause>[,;:—–][{_CLOSERS}]{{,9}}(?=\s))"
)
# Behind these a full stop rarely ends a sentence: initials, "e.g.", "3. item", and titles.
SHORTENED = re.compile(
    r"(?:^|[^\w])(?:[^\W\d_]|\d\d?|mrs?|ms|dr|prof|st|jr|sr|vs|no|etc|approx|fig|bzw|ca|nr)\.$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+(?=\S)|\n\s*\n")


Unfinished = Callable[[str], bool]
"""True if a text must not be cut at its end, although it ends with a mark."""


def _shortened(text: str) -> bool:
    """True at an abbreviation of any language; for texts that are read as written."""
    return SHORTENED.search(text, max(0, len(text) - 8)) is not None


def piece_length(text: str, clause: int, unfinished: Unfinished = _shortened) -> int | None:
    """Count the characters of the first piece of `text` that can be spoken before the rest comes.

    None if more must come first. A clause of fewer than `clause` characters waits for its
    sentence. More text never changes an answer, so the pieces of a text are the same however it
    was cut on its way.
    """
    begin = len(text) - len(text.lstrip())
    # Bounded, like the repetitions in the pattern: a client may send nothing but full stops.
    for end in _PIECE_END.finditer(text, begin, LONGEST_PIECE + 1):
        if end.end() > LONGEST_PIECE:
            break
        if end["clause"] and end.end() - begin < clause:
            continue
        # One stop is enough to look at: an ellipsis ends no abbreviation.
        at = end.end()
        looks = end["sentence"] == "." or unfinished is not _shortened
        if looks and unfinished(text[begin:at]):
            continue
        return at
    if len(text) <= LONGEST_PIECE:
        return None
    spaces = (i + 1 for i in range(begin, LONGEST_PIECE) if text[i].isspace())
    return max(spaces, default=LONGEST_PIECE)


class Splitter:
    """Turns a text that comes in chunks, cut anywhere, into the pieces to speak. Together they are
    the text, character for character."""

    def __init__(self, unfinished: Unfinished = _shortened) -> None:
        self._rest, self._start, self._before = "", 0, ""
        self._unfinished, self._in_code = unfinished, False

    @property
    def waiting(self) -> int:
        """Characters that are in no piece yet."""
        return len(self._rest)

    def feed(self, chunk: str) -> list[Piece]:
        """Take a chunk; return the pieces that it completes."""
        self._rest += chunk
        pieces: list[Piece] = []
        while True:
            clause = LATER_CLAUSE if self._start else FIRST_CLAUSE
            length = piece_length(self._rest, clause, self._unfinished)
            if length is None:
                return pieces
            pieces.append(self._take(length))

    def finish(self) -> list[Piece]:
        """Return what is left when the text is at its end."""
        return [self._take(len(self._rest))] if self._rest else []

    def _take(self, length: int) -> Piece:
        piece = Piece(self._rest[:length], self._start, self._before, self._in_code)
        self._in_code ^= piece.text.count(FENCE) % 2 == 1
        self._before = (self._before + piece.text)[-LOOK_BACK:]
        self._rest, self._start = self._rest[length:], self._start + length
        return piece


def sentences(text: str) -> list[str]:
    """Cut at end punctuation and at blank lines; for families that do not cut themselves."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def first_clause(tokens: Sequence[str], longest: int, least: int) -> int:
    """Count the tokens of a sentence's first clause, for a voice whose first sound waits for all
    of a piece; 0 if the sentence has at most `longest`, or no clause that leaves `least` on either
    side of its end."""
    if len(tokens) <= longest:
        return 0
    for i in range(least, len(tokens) - least + 1):
        if tokens[i - 1] == " " and tokens[i - 2] in _CLAUSE_END:
            return i
    return 0


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
