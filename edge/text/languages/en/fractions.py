"""Say fractions and ranges of numbers in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, after, before
from edge.text.languages.en.amounts import MIXED, VULGAR_SIGNS, mixed, value
from edge.text.languages.en.dates import MONTHS
from edge.text.languages.en.numbers import (
    DIGITS,
    NUM,
    SIGN,
    cardinal,
    ordinal,
)


def _fraction(match: re.Match[str], how: How) -> str | None:
    if (plain := re.fullmatch(r"(\d{1,3})/(\d{1,3})", match[0])) is not None:
        top, bottom = plain.groups()
        if (top, bottom) == ("9", "11"):
            return "nine eleven"
        if how.dates != "dmy" and _is_day(match, top, bottom):
            return f"{MONTHS[int(top) - 1]} {ordinal(bottom)}"
        if len(top) > 1 and top[0] == "0":
            return None
        if top == bottom and int(top) > 9:
            return f"{cardinal(top)} {cardinal(bottom)}"
        if _SCORED.search(before(match)) or _STARS.match(after(match)):
            return f"{cardinal(top)} out of {cardinal(bottom)}"
        if int(top) > int(bottom) and int(bottom) > 10:
            return f"{cardinal(top)} over {cardinal(bottom)}"
    return mixed(match[0])


_DATED = re.compile(
    r"\b(?:by|before|after|until|since|due|through|thru|of|from|on)\s$", re.IGNORECASE
)


_USUAL = frozenset({2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 24})


def _is_day(match: re.Match[str], top: str, bottom: str) -> bool:
    if not (1 <= int(top) <= 12 and 1 <= int(bottom) <= 31):
        return False
    dated = _DATED.search(before(match)) is not None and not re.match(r"\sof\b", after(match))
    return dated or (int(bottom) > 12 and int(bottom) not in _USUAL)


_SCORED = re.compile(
    r"\b(?:score[ds]?|rat(?:ed|ing|ings)|got|gave|give|mark|grade|review|pain|scored "
    r"a)\b[^.]{0,24}$",
    re.IGNORECASE,
)


_STARS = re.compile(r"\s(?:stars?|points?|correct|questions|people|users|on the)\b")


def _out_of(match: re.Match[str], how: How) -> str:
    return f"{value(match[1])} out of {value(match[2])}"


def _range(match: re.Match[str], how: How) -> str | None:
    first, last = match["a"], match["b"]
    if _EQUATION.match(after(match)) or (first[0] == "0" and len(first) > 1 and "." not in first):
        return None
    if " - " in match[0] and float(first.replace(",", "")) > float(last.replace(",", "")):
        return f"{value(first)} minus {value(last)}"
    sign = match["sign"] or ""
    return f"{value(sign + first)} to {value((match['sign2'] or '') + last)}"


_EQUATION = re.compile(r"\s?[=+*×÷^]")


FRACTIONS: tuple[Rule, ...] = (
    Rule(
        "fraction",
        re.compile(r"(?<![\w.,/])(\d{1,2}\.\d)/(\d{1,3})(?![\w/])"),
        _out_of,
        ("4.5/5", "four point five out of five"),
        DIGITS,
    ),
    Rule(
        "fraction",
        re.compile(rf"(?<![\w.,/:])(?:{MIXED}|\d{{1,3}}/\d{{1,3}})(?![\w/]|[.,]\d)"),
        _fraction,
        ("2 3/4 and ½", "two and three quarters and one half"),
        DIGITS | set(VULGAR_SIGNS),
    ),
    Rule(
        "range",
        re.compile(
            rf"(?<![\w.,/:$€£])(?P<sign>{SIGN})?(?P<a>{NUM})(?:\s?[–—~‑]\s?|\s-\s|-|…|\.\.\.?)"
            rf"(?P<sign2>[-−])?(?P<b>{NUM})(?![\w/:]|[.,-]\d)"
        ),
        _range,
        ("pages 12–15", "pages twelve to fifteen"),
        DIGITS,
    ),
)

FRACTIONS_LEFT: tuple[Rule, ...] = (
    Rule(
        "fraction",
        re.compile(f"[{VULGAR_SIGNS}]"),
        lambda match, how: mixed(match[0]),
        ("½ price", "one half price"),
        frozenset(VULGAR_SIGNS),
    ),
)
"""Fractions that nobody else has claimed."""
