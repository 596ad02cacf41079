"""Say decades, eras and spans of years in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, after
from edge.text.languages.en.numbers import (
    DIGITS,
    cardinal,
    letters,
    two_digits,
    year,
)


def _decade(match: re.Match[str], how: How) -> str | None:
    digits = match["it"][:-1].strip("'’‘")
    if len(digits) == 2:
        said = cardinal(digits)
        behind = after(match)
        if match["it"][0] not in "'’‘" and re.match(r"\s(?:timer|timeout|delay|ago)", behind):
            return f"{said} seconds"
    elif digits.endswith("000"):
        said = cardinal(digits)
    else:
        said = year(digits)
    return said[:-1] + "ies" if said.endswith("y") else said + "s"


def _short_year(match: re.Match[str], how: How) -> str:
    digits = match[1]
    return f"oh {cardinal(digits[1])}" if digits[0] == "0" else cardinal(digits)


def _year_range(match: re.Match[str], how: How) -> str:
    last = match["b"]
    return f"{year(match['a'])} to {two_digits(last) if len(last) == 2 else year(last)}"


def _season(match: re.Match[str], how: How) -> str | None:
    if int(match["b"]) != (int(match["a"][2:]) + 1) % 100:
        return None
    return f"{year(match['a'])} {two_digits(match['b'])}"


def _era(match: re.Match[str], how: How) -> str:
    return f"{_year_or_number(match[1])} {letters(match[2])}"


def _era_first(match: re.Match[str], how: How) -> str:
    return f"{letters(match[1])} {_year_or_number(match[2])}"


def _year_or_number(digits: str) -> str:
    bare = digits.replace(",", "")
    return year(bare) if len(bare) == 4 and "," not in digits else cardinal(bare)


YEARS: tuple[Rule, ...] = (
    Rule(
        "year",
        re.compile(
            r"(?<![\w.,/-])(?P<a>1[1-9]\d\d|20\d\d)(?:-|–|—|/)(?P<b>1[1-9]\d\d|20\d\d|\d\d)"
            r"(?![\w/]|[.,-]\d)(?!\s?(?:km|kg|mg|g|m|ml|W|calories|people|points|words)\b)"
        ),
        lambda match, how: _season(match, how) if "/" in match[0] else _year_range(match, how),
        ("1990-2000", "nineteen ninety to two thousand"),
        DIGITS,
    ),
    Rule(
        "year",
        re.compile(
            r"(?<![\w.,$€£])(?P<it>(?:1[1-9]|20)\d0['’]?s|['’‘]?[2-9]0s|['’‘][01]0s)(?!\w)"
        ),
        _decade,
        ("the 1990s and '80s", "the nineteen nineties and eighties"),
        DIGITS,
    ),
    Rule(
        "year",
        re.compile(r"(?<!\w)['’‘](\d\d)(?![\w%\"”'’])"),
        _short_year,
        ("class of '98", "class of ninety-eight"),
        DIGITS,
    ),
    Rule(
        "year",
        re.compile(r"(?<![\w.,])(\d{1,2},\d{3}|\d{1,4})\s(BCE|BC|CE|AD|B\.C\.|A\.D\.)(?!\w)"),
        _era,
        ("44 BC", "forty-four B C"),
        DIGITS,
    ),
    Rule(
        "year",
        re.compile(r"(?<!\w)(AD|A\.D\.)\s(\d{1,4})(?!\w)"),
        _era_first,
        ("AD 79", "eh D seventy-nine"),
        DIGITS,
    ),
)
