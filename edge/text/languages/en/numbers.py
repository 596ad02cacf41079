"""Say English numbers, always in words: espeak and misaki then agree to the letter."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule

DIGITS = frozenset("0123456789")

_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen"""
_ROUND = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES, _TENS = _SMALL.split(), _ROUND.split()
_SCALES = ("", " thousand", " million", " billion", " trillion", " quadrillion", " quintillion")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
LONGEST = 3 * len(_SCALES)
"""Digits of a number that is still said as one; longer ones are said digit by digit."""


def _below_hundred(number: int) -> str:
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _below_hundred(rest)
    return f"{_ONES[hundreds]} hundred" + (f" {_below_hundred(rest)}" if rest else "")


def cardinal(digits: str) -> str:
    """Say a whole number, written with or without commas: 1,204 -> one thousand two hundred
    four."""
    bare = digits.replace(",", "").lstrip("0")
    if not bare:
        return _ONES[0]
    if len(bare) > LONGEST:
        return spell_digits(bare)
    groups: list[str] = []
    number = int(bare)
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            groups.insert(0, _below_thousand(group) + scale)
    return " ".join(groups)


def ordinal(digits: str) -> str:
    """Say a place in an order: 23 -> twenty-third."""
    said = cardinal(digits)
    head, sep, last = said.rpartition(" ")
    tens, dash, ones = last.rpartition("-")
    if ones in _ORDINALS:
        ones = _ORDINALS[ones]
    elif ones.endswith("y"):
        ones = ones[:-1] + "ieth"
    else:
        ones += "th"
    return f"{head}{sep}{tens}{dash}{ones}"


def spell_digits(digits: str, zero: str = "zero") -> str:
    """Say digit by digit; what is no digit becomes a pause between words."""
    return " ".join((zero if c == "0" else _ONES[int(c)]) for c in digits if c in DIGITS)


def decimal(number: str) -> str:
    """Say a number that may have a decimal point and a sign: -3.05 -> minus three point zero
    five."""
    sign = "minus " if number[:1] in ("-", "−", "–") else "plus " if number[:1] == "+" else ""
    whole, point, places = number.lstrip("-−–+").partition(".")
    said = cardinal(whole or "0")
    return sign + said + (f" point {spell_digits(places)}" if point and places else "")


def year(digits: str) -> str:
    """Say a year of four digits as people do: 1905 -> nineteen oh five."""
    century, rest = int(digits[:2]), int(digits[2:])
    if rest == 0:
        if century % 10 == 0:
            return cardinal(digits)
        return f"{_below_hundred(century)} hundred"
    if century % 10 == 0 and rest < 10:
        return f"{_ONES[century // 10]} thousand {_ONES[rest]}"
    return f"{_below_hundred(century)} " + (
        f"oh {_ONES[rest]}" if rest < 10 else _below_hundred(rest)
    )


def _number(match: re.Match[str], how: How) -> str:
    return decimal(match[0].replace(",", ""))


NUMBERS: tuple[Rule, ...] = (
    Rule(
        "ordinal",
        re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3}){1,5}|\d{1,12})(?:st|nd|rd|th)\b"),
        lambda match, how: ordinal(match[1]),
        ("the 23rd", "the twenty-third"),
        DIGITS,
    ),
    Rule(
        "number",
        re.compile(
            r"(?<![\w.,])[-−]?(?:\d{1,3}(?:,\d{3}){1,6}|\d{1,40})(?:\.\d{1,40})?(?![\d.,]?\w)"
        ),
        _number,
        ("-3.05 and 1,204", "minus three point zero five and one thousand two hundred four"),
        DIGITS,
    ),
)
