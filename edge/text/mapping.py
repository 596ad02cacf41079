"""Keep where each stretch of a text that is read stood in the text as it was written."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter


@dataclass(frozen=True, order=True)
class Change:
    """A stretch that is read otherwise than it was written."""

    start: int
    end: int
    """Characters of the text that is read, end exclusive."""
    was_start: int
    was_end: int
    """Characters of the text that was written, end exclusive."""

    @property
    def back(self) -> Change:
        """The same, seen from the text that was written."""
        return Change(self.was_start, self.was_end, self.start, self.end)


@dataclass(frozen=True)
class Spoken:
    """A text as it is read, and how it came from the text that was written."""

    text: str
    changes: tuple[Change, ...] = ()
    """In order, none over another; between them both texts are the same."""

    def before(self, start: int, end: int) -> tuple[int, int]:
        """Find where a stretch was in the written text; in a change, all that was changed."""
        return _stretch(self.changes, start, end)

    def after(self, start: int, end: int) -> tuple[int, int]:
        """Find what became of a stretch of the written text; in a change, all it became."""
        return _stretch([change.back for change in self.changes], start, end)

    def then(self, later: Spoken) -> Spoken:
        """Join two steps: `later` says what became of this one's text."""
        if not self.changes:
            return later
        steps = [
            Change(change.start, change.end, *self.before(change.was_start, change.was_end))
            for change in later.changes
        ]
        for change in self.changes:
            start, end = later.after(change.start, change.end)
            step = Change(start, end, *self.before(*later.before(start, end)))
            steps.append(_union(step, Change(start, end, change.was_start, change.was_end)))
        found: list[Change] = []
        for step in sorted(steps):
            while found and (step.start < found[-1].end or step.was_start < found[-1].was_end):
                step = _union(found.pop(), step)
            found.append(step)
        return Spoken(later.text, tuple(found))


_start: Callable[[Change], int] = attrgetter("start")


def _union(one: Change, other: Change) -> Change:
    return Change(
        min(one.start, other.start),
        max(one.end, other.end),
        min(one.was_start, other.was_start),
        max(one.was_end, other.was_end),
    )


def _stretch(changes: Sequence[Change], start: int, end: int) -> tuple[int, int]:
    # An empty stretch in the place of what was left out has its end before its start.
    first, last = sorted((_place(changes, start, False), _place(changes, end, True)))
    return first, last


def _place(changes: Sequence[Change], place: int, is_end: bool) -> int:
    # The last change that begins before it, or with it where a stretch begins.
    number = bisect.bisect_left(changes, place + (not is_end), key=_start) - 1
    if number < 0:
        return place
    change = changes[number]
    if is_end:
        return change.was_end if place <= change.end else change.was_end + place - change.end
    return change.was_start if place < change.end else change.was_end + place - change.end
