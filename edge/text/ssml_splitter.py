"""Turn SSML, cut anywhere on its way, into pieces to speak and the silence between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edge.errors import BadSsml, EmptyText
from edge.text.cleaning import Piece, clean_piece, printable
from edge.text.cutting import FIRST_CLAUSE, LATER_CLAUSE, LOOK_BACK, Unfinished, piece_length
from edge.text.markup import (
    Break,
    End,
    Gap,
    Given,
    Item,
    Mark,
    Markup,
    Pause,
    Run,
    Stretch,
    Warned,
)
from edge.text.ssml import SsmlReader

Part = Piece | Gap | BadSsml
"""A piece, a gap, or the mistake at which a text ends."""

_SENTENCE_S, _CLAUSE_S = 0.5, 0.3
"""Pauses that voices make at marks of punctuation; a break by strength adds what is missing."""


class SsmlSplitter:
    """Knows the elements that are open, so no piece is cut inside a tag, or inside what an element
    says of a stretch. With `whole`, pieces end where an element says so, else at clauses too."""

    def __init__(
        self, lenient: bool, limit: int, whole: bool, unfinished: Unfinished | None = None
    ) -> None:
        self._reader = SsmlReader(lenient, limit)
        self._whole, self._unfinished = whole, unfinished
        self._runs: list[Run] = []
        self._marks: list[tuple[int, str]] = []
        self._text = ""  # of the runs, joined
        self._before = ""  # what was said before that
        self._failed = False
        self._place = 0  # of the last mark
        self.warnings: list[Warned] = []

    @property
    def waiting(self) -> int:
        """Characters that are in no piece yet."""
        return len(self._text)

    def feed(self, chunk: str) -> list[Part]:
        """Take a chunk; return what it completes."""
        return self._read(self._reader.feed(chunk))

    def finish(self) -> list[Part]:
        """Return what is left when the text is at its end."""
        found = self._read(self._reader.finish())
        return found if self._failed else [*found, *self._flush()]

    def _read(self, items: Iterator[Item]) -> list[Part]:
        if self._failed:
            return []
        found: list[Part] = []
        try:
            for item in items:
                found += self._add(item)
        except BadSsml as error:
            self._failed = True
            return [*found, *self._complete(), error]
        return [*found, *self._complete()]

    def _add(self, item: Item) -> Iterator[Part]:
        if isinstance(item, Run):
            if self._runs and item.manner.speaker != self._runs[0].manner.speaker:
                yield from self._flush()
            if self._runs or item.text.strip():
                self._runs.append(item)
                self._text += item.text
        elif isinstance(item, Mark):
            self._marks.append((len(self._text), item.name))
            self._place = item.place
        elif isinstance(item, Break):
            yield from self._flush()
            yield Gap(item.seconds, item.place)
        elif isinstance(item, Pause):
            if (missing := item.seconds - self._paused()) > 0:
                yield from self._flush()
                yield Gap(missing, item.place)
        elif isinstance(item, End):
            said = self._text.rstrip()
            if said[-1:].isalnum():
                # A mark of its own: a voice lets the sentence fall, and pauses.
                runs, _ = _cut(self._runs, len(said))
                at = runs[-1].end
                stop = replace(runs[-1], text=".", start=at, end=at, given=None)
                self._runs, self._text = [*runs, stop], f"{said}."
            yield from self._flush()
        else:
            self.warnings.append(item)

    def _paused(self) -> float:
        """Tell how long a voice pauses at the mark of punctuation that was said last."""
        last = (self._before + self._text).rstrip()[-1:]
        if last and last in ".!?…。！？":
            return _SENTENCE_S
        return _CLAUSE_S if last and last in ",;:—–" else 0.0

    def _complete(self) -> Iterator[Part]:
        """Take the pieces that can be spoken before the rest comes."""
        while not self._whole and self._text:
            clause = LATER_CLAUSE if self._before else FIRST_CLAUSE
            length = piece_length(self._text, clause, self._is_open)
            if length is None:
                return
            yield from self._take(length)

    def _is_open(self, text: str) -> bool:
        """True if a piece must not end with `text`, the beginning of what waits."""
        at = len(self._text) - len(self._text.lstrip()) + len(text)
        given = self._given_at(at - 1)
        if given is not None and given is self._given_at(at):
            return True
        return self._unfinished is not None and self._unfinished(text)

    def _given_at(self, place: int) -> Given | None:
        for run in self._runs:
            if place < len(run.text):
                return run.given
            place -= len(run.text)
        return None

    def _flush(self) -> Iterator[Part]:
        """Take all that waits: a sentence ends here."""
        yield from self._complete()
        if self._text or self._marks:
            yield from self._take(len(self._text), last=True)

    def _take(self, length: int, last: bool = False) -> Iterator[Part]:
        text = self._text[:length]
        runs, rest = _cut(self._runs, length)
        marks = [mark for mark in self._marks if last or mark[0] < length]
        self._marks = [(place - length, name) for place, name in self._marks[len(marks) :]]
        self._runs, self._text = rest, self._text[length:]
        try:
            yield _piece(text, runs, marks, self._before)
        except EmptyText:
            if marks:
                yield Gap(0.0, self._place, tuple(name for _, name in marks))
        self._before = (self._before + text)[-LOOK_BACK:]


def _cut(runs: list[Run], length: int) -> tuple[list[Run], list[Run]]:
    """Cut runs behind so many characters."""
    first: list[Run] = []
    for number, run in enumerate(runs):
        if length >= len(run.text):
            first.append(run)
            length -= len(run.text)
            continue
        if not length:
            return first, runs[number:]
        even = len(run.text) == run.end - run.start
        middle = run.start + length if even else run.end
        first.append(replace(run, text=run.text[:length], end=middle))
        # What is given was for all of it, and is said.
        later = replace(run, text=run.text[length:], given=None)
        return first, [replace(later, start=middle) if even else later, *runs[number + 1 :]]
    return first, []


def _piece(text: str, runs: list[Run], marks: list[tuple[int, str]], before: str) -> Piece:
    """Make a piece of runs. Raises EmptyText."""
    cleaned = printable(text)
    blank, end = len(cleaned) - len(cleaned.lstrip()), len(cleaned.rstrip())
    stretches: list[Stretch] = []
    start = 0
    for run in runs:
        first, last = max(start, blank), min(start + len(run.text), end)
        even = len(run.text) == run.end - run.start
        if first < last:
            was = (run.start + first - start, run.start + last - start) if even else (
                run.start, run.end)  # fmt: skip
            stretches.append(Stretch(first - blank, last - blank, run.manner, run.given, *was))
        start += len(run.text)
    placed = tuple((min(max(0, place - blank), end - blank), name) for place, name in marks)
    markup = Markup(tuple(stretches), placed)
    return clean_piece(Piece(cleaned[blank:end], before=before + cleaned[:blank], markup=markup))
