"""Claim stretches of a text that are read otherwise than they are written.

A rule sees the text as its author wrote it, never what another rule made of it; earlier rules
claim first, and a claimed stretch is closed to the later ones. So no rule can eat another's
output, each change knows its place and the name of its rule, and `edge explain` can tell both.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from edge.text.cutting import LONGEST_PIECE, LOOK_BACK
from edge.text.mapping import Change, Spoken

SEEN = LOOK_BACK
"""Characters to each side that a rule may look at: enough for a sentence's half, and a bound to
the work that 10,000 hostile characters can make."""

MOST_CHOICES = 256
"""Choices of rules that a language keeps: everyday texts make some dozens, and hostile ones no
more than this."""
Policy = Literal["say", "host", "skip"]
Dates = Literal["mdy", "dmy"]
Emoji = Literal["say", "skip"]
Markdown = Literal["auto", "always", "never"]


@dataclass(frozen=True)
class How:
    """The owner's wishes and the needs of the voice's family."""

    digits: bool = False
    """True if the family reads plain digits better than words: espeak does, but for English."""
    dates: Dates | None = None
    """Order of a date that is written in digits alone; None is the language's own."""
    every_script: bool = False
    """True if the family reads all scripts, whatever its voice's language."""
    markdown: Markdown = "auto"
    """Whether Markdown's marks are marks, and not characters to read: "auto" takes those that
    cannot well be anything else, "always" a lone list item, too."""
    urls: Policy = "say"
    emoji: Emoji = "skip"


NOT_ASCII = "\x80"
INNER_DOT = "\x81"
CAPITALS = "\x82"
_SHAPES = ((INNER_DOT, re.compile(r"\.\w")), (CAPITALS, re.compile(r"[A-Z]{2}")))
Say = Callable[[re.Match[str], How], str | None]


@dataclass(frozen=True)
class Rule:
    """A row of a language: what it looks for, and what is said in its place."""

    name: str
    """Class of what it reads, as `edge explain` shows it: several rules may share one."""
    pattern: re.Pattern[str]
    """If it has a group `it`, only that group is claimed; what is around it must fit, too. Every
    repetition has a bound."""
    say: Say
    """Gives the words, "" for nothing, or None to leave the stretch to later rules."""
    example: tuple[str, str] = ("", "")
    """A text, and how it is read; the contract tests try it."""
    needs: frozenset[str] = frozenset()
    """Characters of which the text must hold one, or the pattern is not even tried. NOT_ASCII
    stands for every one that is none of ASCII's, INNER_DOT for a stop with a letter or a digit
    behind it, CAPITALS for two of A to Z side by side."""


@dataclass(frozen=True, order=True)
class Claim:
    """A stretch of the text, and what is said for it."""

    start: int
    end: int
    """Characters of the text as it was written, end exclusive."""
    said: str
    rule: str


Forced = Callable[[str, str, How], str | None]
"""Reads a whole stretch in one way: the stretch, a format ("mdy", "hms12" or "")."""


@dataclass(frozen=True)
class Language:
    """All that is known of reading one language."""

    name: str
    """The language of a voice, without a country: en."""
    rules: tuple[Rule, ...] = ()
    """Tried in this order."""
    forced: Mapping[str, Forced] = field(default_factory=dict)
    """Kind of SSML's say-as -> how a stretch of it is read."""
    abbreviations: frozenset[str] = frozenset()
    """In lower case and without their last stop: no sentence ends behind them."""
    code_block: str = ""
    """Said for a block of code of several lines."""
    homographs: Callable[[str], Iterable[tuple[int, int, str]]] | None = None
    """Finds words with two readings: their places, and the IPA of the one that is meant."""
    open_end: re.Pattern[str] | None = None
    """Ends of a text ("March 3,") that what comes next may belong to; tried on the last SEEN
    characters."""

    def rules_for(self, text: str) -> tuple[Rule, ...]:
        """Return the rules that the characters of a text leave to be tried. Most texts need the
        same few, and to choose them would cost a tenth of the reading: so the choice is kept."""
        shapes = "" if text.isascii() else NOT_ASCII
        for shape, pattern in _SHAPES:
            if pattern.search(text):
                shapes += shape
        present = self._needed.intersection(text + shapes)
        if (chosen := self._chosen.get(present)) is None:
            chosen = tuple(r for r in self.rules if not (r.needs and present.isdisjoint(r.needs)))
            if len(self._chosen) >= MOST_CHOICES:
                self._chosen.clear()
            self._chosen[present] = chosen
        return chosen

    @functools.cached_property
    def _needed(self) -> frozenset[str]:
        return frozenset().union(*(rule.needs for rule in self.rules))

    @functools.cached_property
    def _chosen(self) -> dict[frozenset[str], tuple[Rule, ...]]:
        return {}


def before(match: re.Match[str], length: int = SEEN) -> str:
    """Return what stands before a match, as far as a rule may see."""
    return match.string[max(0, match.start() - length) : match.start()]


def after(match: re.Match[str], length: int = SEEN) -> str:
    """Return what stands behind a match, as far as a rule may see."""
    return match.string[match.end() : match.end() + length]


def claim(
    text: str, language: Language, how: How, given: Iterable[Claim] = (), context: str = ""
) -> list[Claim]:
    """Find the claims of a text, in order.

    `given` come first of all: the owner's words, what SSML says. `context` is what was said
    before the text, if it came piece by piece.
    """
    context = context[-SEEN:]
    whole, shift = context + text, len(context)
    taken = bytearray(len(whole))
    found = sorted(given)
    for known in found:
        taken[known.start + shift : known.end + shift] = b"\1" * (known.end - known.start)
    start = shift
    while start < len(whole):
        end = min(len(whole), start + LONGEST_PIECE)
        window = max(0, start - SEEN), min(len(whole), end + SEEN)
        stretch, marks = whole[slice(*window)], taken[slice(*window)]
        for made in _claim_piece(
            stretch, marks, start - window[0], end - window[0], language, how
        ):
            first, last = made.start + window[0], made.end + window[0]
            taken[first:last] = b"\1" * (last - first)
            found.append(Claim(first - shift, last - shift, made.said, made.rule))
            start = max(start, last)
        start = max(start, end)
    return sorted(found)


def _claim_piece(
    text: str, taken: bytearray, start: int, end: int, language: Language, how: How
) -> list[Claim]:
    """Find the claims that begin between `start` and `end`, in the order of the rules."""
    found: list[Claim] = []
    for rule in language.rules_for(text):
        part = "it" if "it" in rule.pattern.groupindex else 0
        at = start
        while (match := rule.pattern.search(text, at)) is not None and match.start() < end:
            first, last = match.span(part)
            hit = taken.find(1, first, last)
            if hit >= 0:
                free = taken.find(0, hit)
                if free < 0:
                    break
                at = max(free, match.start() + 1)
                continue
            at = max(match.end(), match.start() + 1)
            if start <= first < last and (said := rule.say(match, how)) is not None:
                taken[first:last] = b"\1" * (last - first)
                found.append(Claim(first, last, said, rule.name))
                at = max(last, match.start() + 1)
    return found


def spoken(text: str, claims: Sequence[Claim]) -> Spoken:
    """Put what is said in the places of the claims. A space comes where two words would become
    one."""
    parts: list[str] = []
    changes: list[Change] = []
    done = length = 0
    for made in claims:
        parts.append(between := text[done : made.start])
        length += len(between)
        done = made.end
        if made.said == text[made.start : made.end]:
            said = made.said
        else:
            left = parts[-1][-1:] or next((p[-1] for p in reversed(parts) if p), "")
            right = text[made.end : made.end + 1]
            said = made.said
            if said and left.isalnum() and (said[0].isalnum() or said[0] == "["):
                said = f" {said}"
            if said and right.isalnum() and (said[-1].isalnum() or said[-1] == "]"):
                said = f"{said} "
            changes.append(Change(length, length + len(said), made.start, made.end))
        parts.append(said)
        length += len(said)
    return Spoken("".join([*parts, text[done:]]), tuple(changes))


def force(
    language: Language, kind: str, text: str, form: str = "", how: How | None = None
) -> str | None:
    """Read a stretch as SSML's say-as asks for; None if the language knows no such kind, or the
    stretch is not of it."""
    reads = language.forced.get(kind)
    return None if reads is None else reads(text, form, how or How())
