"""Say percentages, measures, temperatures, fractions and ranges in English."""

from __future__ import annotations

import re
from collections.abc import Iterable

from edge.text.claims import CAPITALS, INNER_DOT, How, Rule, after, before
from edge.text.languages.en.numbers import (
    DASH,
    DIGITS,
    MINUS,
    NUM,
    SIGN,
    cardinal,
    is_one,
    number,
    ordinal,
)
from edge.text.languages.en.units import PER, UNITS

VULGAR = {
    "½": "1/2",
    "⅓": "1/3",
    "⅔": "2/3",
    "¼": "1/4",
    "¾": "3/4",
    "⅕": "1/5",
    "⅖": "2/5",
    "⅗": "3/5",
    "⅘": "4/5",
    "⅙": "1/6",
    "⅚": "5/6",
    "⅐": "1/7",
    "⅛": "1/8",
    "⅜": "3/8",
    "⅝": "5/8",
    "⅞": "7/8",
    "⅑": "1/9",
    "⅒": "1/10",
}


VULGAR_SIGNS = "".join(VULGAR)


def any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


PER_END = (
    rf"(?:\s?/\s?(?P<per>{any_of({*PER, *UNITS} - {'x', '×'})})"
    r"(?:/(?P<per2>day|d|hour|hr|h|min|week|dose|year|yr))?)?"
)


MIXED = (
    rf"(?:\d{{1,4}}[\s-]\d{{1,2}}/\d{{1,2}}|\d{{1,4}}\s?[{VULGAR_SIGNS}]|[{VULGAR_SIGNS}]"
    rf"|\d{{1,2}}/\d{{1,2}})"
)


_SCALES = {"C": " Celsius", "F": " Fahrenheit", "K": " kelvin"}


ARTICLE = re.compile(
    r"(?:^|[\s(])(?:an?|another|one|this|every|each|the\sfirst)\s(?:\w{1,12}\s)?$", re.IGNORECASE
)


def _digits(text: str) -> str:
    return number(text.replace(",", ""))


def fraction(top: str, bottom: str) -> str:
    """Say a fraction: 3/4 -> three quarters."""
    above, below = int(top), int(bottom)
    if below == 0 or (below > 100 and below % 100) or below == 1 or above > 999:
        return f"{cardinal(top)} over {cardinal(bottom)}"
    name = {2: "half", 4: "quarter"}.get(below) or ordinal(bottom)
    if above != 1:
        name = "halves" if below == 2 else f"{name}s"
    return f"{cardinal(top)} {name}"


def mixed(text: str) -> str:
    """Say a whole number and a fraction: 2½ -> two and a half."""
    for sign, plain in VULGAR.items():
        text = text.replace(sign, f" {plain}")
    *whole, part = re.split(r"[\s-]{1,4}", text.strip())
    top, bottom = part.split("/")
    if not whole:
        return fraction(top, bottom)
    said = fraction(top, bottom)
    if said.startswith("one "):
        said = ("an " if said[4:].startswith("eigh") else "a ") + said[4:]
    return f"{cardinal(whole[0])} and {said}"


def value(text: str) -> str:
    """Say a measure's number, with its fraction if it has one."""
    text = text.strip()
    if not re.search(rf"[/{VULGAR_SIGNS}]", text):
        return _digits(text)
    bare = text.lstrip(f"{MINUS}+±~≈ ")
    sign = number(text[: len(text) - len(bare)] + "0").removesuffix("zero")
    return sign + mixed(bare)


def _percent(match: re.Match[str], how: How) -> str:
    first = f"{value(match['first'])} to " if match["first"] else ""
    word = "per mille" if match["sign2"] == "‰" else "percent"
    return f"{first}{value(match['num'])} {word}"


def _temperature(match: re.Match[str], how: How) -> str:
    first = f"{value(match['first'])} to " if match["first"] else ""
    text = match["num"]
    single = (is_one(text) and not first) or _TURNED.match(after(match))
    unit = "degree" if single else "degrees"
    per = f" per {PER.get(match['per']) or UNITS[match['per']][0]}" if match["per"] else ""
    return f"{first}{value(text)} {unit}{_SCALES.get(match['scale'] or '', '')}{per}"


_PLACES = re.compile(
    r"\b(?:seats?|rows?|gates?|rooms?|units?|apartment|apt|suite|platform|class|section|grade|bay"
    r"|stand|table|pier|hall|building|block|form|line|bus|route|exit|zone|berth|cabin|track|level"
    r"|number|no|step|case|part|article|page|model|type|locker|desk)\.?\s$",
    re.IGNORECASE,
)
"""Words before a number with a letter that is no temperature, as in "seat 14C"."""
_TURNED = re.compile(r"\s(?:angle|turn|rotation|bend|view|video|day|heat|weather|water)s?\b")


def _angle(match: re.Match[str], how: How) -> str:
    said = f"{value(match['d'])} degrees"
    if match["m"]:
        said += f" {value(match['m'])} minutes"
    if match["s"]:
        said += f" {value(match['s'])} seconds"
    side = {"N": "north", "S": "south", "E": "east", "W": "west"}.get(match["side"] or "", "")
    return f"{said} {side}".rstrip()


def _pressure(match: re.Match[str], how: How) -> str:
    unit = " millimeters of mercury" if match["unit"] else ""
    return f"{cardinal(match[1])} over {cardinal(match[2])}{unit}"


_DOSES = {
    "BID": "twice a day",
    "b.i.d.": "twice a day",
    "TID": "three times a day",
    "t.i.d.": "three times a day",
    "QID": "four times a day",
    "q.i.d.": "four times a day",
    "q.d.": "every day",
    "PRN": "as needed",
    "p.r.n.": "as needed",
    "p.o.": "by mouth",
    "q.h.s.": "at bedtime",
}


def _every(match: re.Match[str], how: How) -> str:
    last = f" to {cardinal(match[2])}" if match[2] else ""
    return f"every {cardinal(match[1])}{last} hours"


_SPACED = r"(?:\d{1,3}(?:[\u00a0\u202f]\d{3}){1,5}|[1-9]\d{0,2}(?:\s\d{3}){0,4}\s000)"


PRESSURES: tuple[Rule, ...] = (
    Rule(
        "medical",
        re.compile(
            r"(?<![\w/.,$])(1?\d{2}|2[0-4]\d)/(\d{2}|1[0-4]\d)(?:\s?(?P<unit>mm\s?Hg))(?!\w)"
        ),
        _pressure,
        ("120/80 mmHg", "one hundred twenty over eighty millimeters of mercury"),
        DIGITS,
    ),
    Rule(
        "medical",
        re.compile(
            r"(?:(?:BP|[Bb]lood pressure)[^.\d]{0,24})(?P<it>(1?\d{2}|2[0-4]\d)/(\d{2}"
            r"|1[0-4]\d))(?![\w/])"
        ),
        lambda match, how: f"{cardinal(match[2])} over {cardinal(match[3])}",
        ("BP 118/76", "BP one hundred eighteen over seventy-six"),
        DIGITS,
    ),
)
"""Blood pressures, before the rules of fractions."""


AMOUNTS: tuple[Rule, ...] = (
    Rule(
        "medical",
        re.compile(r"(?<!\w)q\s?(\d{1,2})(?:[-–](\d{1,2}))?\s?h(?:rs?|ours?)?(?!\w)"),
        _every,
        ("q4-6h", "every four to six hours"),
        DIGITS,
    ),
    Rule(
        "medical",
        re.compile(rf"(?<!\w)(?:{any_of(_DOSES)})(?!\w)"),
        lambda match, how: _DOSES[match[0]],
        ("one tablet BID", "one tablet twice a day"),
        frozenset((CAPITALS, INNER_DOT)),
    ),
    Rule(
        "medical",
        re.compile(r"(?<=\d)(?:\s|-)?(?:y/o|y\.o\.|yo)(?!\w)"),
        lambda match, how: " year old",
        ("a 72 y/o man", "a seventy-two year old man"),
        DIGITS,
    ),
    Rule(
        "number",
        re.compile(rf"(?<![\w.,]){_SPACED}(?![\w]|[.,]\d|\s\d)"),
        lambda match, how: cardinal(re.sub(r"\s", "", match[0])),
        ("1 000 000 people", "one million people"),
        DIGITS,
    ),
    Rule(
        "percent",
        re.compile(
            rf"(?<![\w.,])(?:(?P<first>{SIGN}?{NUM})\s?%?{DASH}|"
            rf"(?=\S))(?P<num>(?:{SIGN}|[+−](?=\d))?(?:{MIXED}|{NUM}))\s?(?P<sign2>[%‰])"
        ),
        _percent,
        ("-2.5% to 5-10%", "minus two point five percent to five to ten percent"),
        frozenset("%‰"),
    ),
    Rule(
        "temperature",
        re.compile(
            r"(?<![\w.,])(?P<d>\d{1,3}(?:\.\d{1,6})?)\s?°\s?(?:(?P<m>\d{1,2}(?:\.\d{1,4})?)"
            r"\s?['′’]\s?)?(?:(?P<s>\d{1,2}(?:\.\d{1,4})?)\s?[\"″”]\s?)?(?P<side>[NSEW])(?!\w)"
        ),
        _angle,
        ("48°12'N", "forty-eight degrees twelve minutes north"),
        frozenset("°"),
    ),
    Rule(
        "temperature",
        re.compile(
            rf"(?<![\w.,])(?:(?P<first>{SIGN}?{NUM})\s?(?:°\s?[CF]?)?(?:{DASH}|\sto\s|…)|(?=\S))"
            rf"(?P<num>(?:{SIGN}|[-−](?=[\d.]))?{NUM})\s?(?:°(?:\s?(?P<scale>[CFK])(?!\w))?"
            rf"|º(?:\s?(?P<scale1>[CF])(?!\w))?|℃|℉)(?:\s?/\s?(?P<per>min|h|km|s|m)(?!\w))?"
        ),
        lambda match, how: (
            _temperature(match, how)
            + (_SCALES.get(match["scale1"] or "", ""))
            + (" Celsius" if "℃" in match[0] else " Fahrenheit" if "℉" in match[0] else "")
        ),
        ("−5 °C", "minus five degrees Celsius"),
        frozenset("°º℃℉"),
    ),
    Rule(
        "temperature",
        re.compile(
            r"(?<![\w.,])(?P<num>[-−]?\d{2,3}(?:\.\d)?)(?P<first>)(?P<per>)\s?(?P<scale>"
            r"[FC])(?=[\s.,;:!?)]|$)"
        ),
        lambda match, how: None if _PLACES.search(before(match)) else _temperature(match, how),
        ("72F", "seventy-two degrees Fahrenheit"),
        DIGITS,
    ),
)
