"""Read ordinals, roman numerals and years."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from edge.text.claims import How, Rule, after, before
from edge.text.languages.roman import ROMAN, from_roman
from edge.text.languages.vocabulary import DIGITS, listed

_NO_NUMBERS = frozenset(listed("CD DC MC DM MM CC MD MI DI CM LI DIM MIX CIV CV CL MDC XL XXL"))
"""Letters that are roman numerals by form, and mean something else more often."""


@dataclass(frozen=True)
class Ordinals:
    """How a language says a place in an order."""

    say: Callable[[int, str, str, str], str | None]
    """Says one: the number, the sign behind it, what stands before and what follows; None if it
    is no ordinal."""
    marks: str
    """Pattern of the signs behind the number."""
    example: tuple[str, str]


@dataclass(frozen=True)
class Romans:
    """How a language says roman numerals."""

    chapters: str
    """Pattern of words before a number in roman numerals."""
    chapter_example: tuple[str, str]
    rulers: frozenset[str]
    """Names that a number follows."""
    say_ruler: Callable[[int, str, str], str]
    """Says the number of a ruler: number, name, what stands before."""
    ruler_example: tuple[str, str]
    roman_dot: str = ""
    """Pattern of a sign behind a ruler's number."""
    century: str = ""
    """Pattern of a century; ROMAN in it is the numeral, in the group n."""
    say_century: Callable[[int, str, str], str | None] = lambda number, lead, rest: None
    century_example: tuple[str, str] = ("", "")


def ordinals(words: Ordinals) -> tuple[Rule, ...]:
    """Make the rules of numbers that tell a place in an order."""

    def written(match: re.Match[str], how: How) -> str | None:
        return words.say(int(match["n"]), match["mark"], before(match), after(match))

    rules = []
    if words.marks:
        rules.append(
            Rule(
                "ordinal",
                re.compile(
                    rf"(?:(?<![\w.,:/-])|(?<=\d\./))(?P<it>(?P<n>\d{{1,4}})\s?(?P<mark>{words.marks}))(?!\w)"
                ),
                written,
                words.example,
                DIGITS,
            )
        )
    return tuple(rules)


def romans(words: Romans) -> tuple[Rule, ...]:
    """Make the rules of roman numerals: behind the names of rulers, of centuries, of parts."""

    def chapter(match: re.Match[str], how: How) -> str:
        return str(from_roman(match["it"]))

    def century(match: re.Match[str], how: How) -> str | None:
        return words.say_century(from_roman(match["n"]), before(match), after(match))

    def ruler(match: re.Match[str], how: How) -> str | None:
        numeral = match["n"]
        if numeral in _NO_NUMBERS or (len(numeral) == 1 and match["name"] not in words.rulers):
            return None
        if match["name"] in words.rulers:
            return words.say_ruler(from_roman(numeral), match["name"], before(match)) + (
                "." if match["dot"] and not after(match).strip() else ""
            )
        return str(from_roman(numeral)) + match["dot"]

    rules = [
        Rule(
            "roman",
            re.compile(rf"(?<!\w)(?i:{words.chapters})\s(?P<it>{ROMAN})(?![\w-])"),
            chapter,
            words.chapter_example,
            frozenset("IVXLCDM"),
        )
    ]
    if words.century:
        rules.append(
            Rule(
                "roman",
                re.compile(words.century.replace("ROMAN", f"(?=[IVX]){ROMAN}")),
                century,
                words.century_example,
                frozenset("IVX"),
            )
        )
    rules.append(
        Rule(
            "roman",
            re.compile(
                rf"(?<!\w)(?P<name>[^\W\d_]{{2,20}})\s(?P<it>(?P<n>{ROMAN})(?P<dot>{words.roman_dot}))"
                r"(?![\w'’.-]|\s?[IVX]\b)"
            ),
            lambda match, how: ruler(match, how) if match["name"][0].isupper() else None,
            words.ruler_example,
            frozenset("IVXLCDM"),
        )
    )
    return tuple(rules)
