"""Read a stretch of English as SSML's say-as asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from edge.text.claims import Forced, How
from edge.text.languages.en.amounts import mixed
from edge.text.languages.en.dates import MONTHS, date
from edge.text.languages.en.numbers import (
    NUM,
    by_digit,
    cardinal,
    letters,
    number,
    ordinal,
    year,
)
from edge.text.languages.en.times import clock
from edge.text.languages.roman import ROMAN, from_roman

_SIGNS = {
    ".": "dot", ",": "comma", "-": "dash", "–": "dash", "−": "minus", "/": "slash", "@": "at",
    "\\": "backslash", "_": "underscore", ":": "colon", ";": "semicolon", "#": "hash",
    "+": "plus", "&": "and", "*": "star", "%": "percent", "=": "equals", "!": "exclamation mark",
    "?": "question mark", "(": "open parenthesis", ")": "close parenthesis", "'": "apostrophe",
    '"': "quote", "$": "dollar", "€": "euro", "£": "pound", "<": "less than",
    ">": "greater than", "~": "tilde", "°": "degree",
}  # fmt: skip
_NUMBER = re.compile(rf"[-−–+±]?\s?{NUM}")
_ROMAN = re.compile(ROMAN)
_ORDINAL = re.compile(r"([\d,]{1,24})(?:st|nd|rd|th)?", re.IGNORECASE)
_FRACTION = re.compile(r"(?:\d{1,4}[\s+-]{1,3})?\d{1,4}/\d{1,4}")
_TIME = re.compile(
    r"(\d{1,2})(?::(\d{2})(?::(\d{2}))?)?\s?(?:([AaPp])\.?[Mm]\.?)?(?:\s?[Zz])?", re.ASCII
)
_LASTED = re.compile(r"(?:(\d{1,3})\s?(?:'|′|m|min)\s?)?(?:(\d{1,3})\s?(?:\"|″|''|s|sec)?)?")
_MONTH = {name[:3].lower(): number for number, name in enumerate(MONTHS, 1)}


def _spelled(text: str, form: str, how: How) -> str | None:
    """Name each character; spaces between words are heard as pauses."""
    words = (
        " ".join(letters(c) if c.isalnum() and c.isascii() else _SIGNS.get(c, c) for c in word)
        for word in text.split()
    )
    return ", ".join(words)


def _digits(text: str, form: str, how: How) -> str | None:
    return by_digit(text) if any(c.isdigit() for c in text) else None


def _number(text: str, form: str, how: How) -> str | None:
    if _NUMBER.fullmatch(text):
        return number(text)
    if _FRACTION.fullmatch(text):
        return _fraction(text, form, how)
    return cardinal(from_roman(text)) if _is_roman(text) else None


def _ordinal(text: str, form: str, how: How) -> str | None:
    if found := _ORDINAL.fullmatch(text):
        return ordinal(found[1])
    return ordinal(from_roman(text)) if _is_roman(text) else None


def _is_roman(text: str) -> bool:
    return bool(text) and _ROMAN.fullmatch(text.upper()) is not None


def _fraction(text: str, form: str, how: How) -> str | None:
    if _FRACTION.fullmatch(text) is None:
        return None
    return mixed(re.sub(r"[\s+-]{1,3}", " ", text))


def _telephone(text: str, form: str, how: How) -> str | None:
    groups = re.findall(r"\+|[0-9]{1,20}|[^\W\d_]{1,20}", text)
    if not any(group.isdigit() for group in groups):
        return None
    said = [
        "plus" if group == "+" else by_digit(group) if group.isdigit() else letters(group)
        for group in groups
    ]
    return ", ".join(said).replace("plus, ", "plus ")


def _date(text: str, form: str, how: How) -> str | None:
    parts = re.findall(r"\d{1,4}|[^\W\d_]{3,12}", text)
    usual = how.dates or "mdy"
    form = form or ("ymd" if parts and len(parts[0]) == 4 else usual if len(parts) > 2 else "")
    if len(form) == 1 and len(parts) == 1:
        return _part(form, parts[0])
    if not form or len(parts) != len(form) or set(form) - set("dmy"):
        return None
    of = dict(zip(form, parts, strict=True))
    month = _month(of["m"]) if "m" in of else None
    if month is None or not all(of[key].isdigit() for key in of if key != "m"):
        return None
    if "d" not in of:
        return f"{MONTHS[month - 1]} {year(of['y'])}" if "y" in of else None
    return date(int(of["d"]), month, of.get("y", ""), form.index("d") < form.index("m"))


def _part(form: str, text: str) -> str | None:
    if form == "y" and text.isdigit():
        return year(text)
    if form == "d" and text.isdigit():
        return ordinal(text)
    month = _month(text) if form == "m" else None
    return None if month is None else MONTHS[month - 1]


def _month(text: str) -> int | None:
    if not text.isdigit():
        return _MONTH.get(text[:3].lower())
    return int(text) if 1 <= int(text) <= 12 else None


def _time(text: str, form: str, how: How) -> str | None:
    if found := _TIME.fullmatch(text):
        hours, minutes, seconds, half = found.groups()
        if int(hours) > 24 or int(minutes or 0) > 59 or int(seconds or 0) > 59:
            return None
        if half is None and form == "hms12" and int(hours) > 12:
            half, hours = "p", str(int(hours) - 12)
        said = {"a": "A M", "p": "P M"}.get((half or "").lower(), "")
        return clock(hours, minutes or "00", seconds or "", said)
    if found := _LASTED.fullmatch(text):
        parts = [
            f"{cardinal(count)} {unit}{'' if int(count) == 1 else 's'}"
            for count, unit in zip(found.groups(), ("minute", "second"), strict=True)
            if count
        ]
        return " and ".join(parts) or None
    return None


def _bleeped(text: str, form: str, how: How) -> str | None:
    return "beep"


FORCED: Mapping[str, Forced] = {
    "characters": _spelled,
    "spell-out": _spelled,
    "verbatim": _spelled,
    "digits": _digits,
    "number": _number,
    "cardinal": _number,
    "ordinal": _ordinal,
    "fraction": _fraction,
    "telephone": _telephone,
    "date": _date,
    "time": _time,
    "expletive": _bleeped,
}
"""Kind of say-as -> how it is read; units, money and addresses are read by their rules."""
