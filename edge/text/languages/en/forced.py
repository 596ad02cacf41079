"""Read a stretch of English in the one way that SSML's say-as asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from edge.text.claims import Forced, How, Language, claim, spoken
from edge.text.languages.en.addresses import ADDRESSES
from edge.text.languages.en.amounts import AMOUNTS, mixed
from edge.text.languages.en.codes import PHONES
from edge.text.languages.en.dates import MONTHS, date
from edge.text.languages.en.fractions import FRACTIONS
from edge.text.languages.en.measures import MEASURES
from edge.text.languages.en.money import MONEY
from edge.text.languages.en.numbers import (
    DIGITS_LEFT,
    NUMBERS,
    ROMAN,
    by_digit,
    cardinal,
    letters,
    number,
    ordinal,
    roman,
    year,
)
from edge.text.languages.en.signs import SIGNS
from edge.text.languages.en.times import DURATIONS, TIMES, clock

_MEASURED = Language("en", (*AMOUNTS, *MEASURES, *FRACTIONS, *DURATIONS, *NUMBERS, *DIGITS_LEFT))
_PAID = Language("en", (*MONEY, *NUMBERS, *DIGITS_LEFT))
_PHONED = Language("en", PHONES)
_PLACED = Language("en", (*ADDRESSES, *NUMBERS, *DIGITS_LEFT))
_TIMED = Language("en", (*TIMES, *DURATIONS, *NUMBERS, *DIGITS_LEFT))


def _by(language: Language, text: str, how: How) -> str:
    return spoken(text, claim(text, language, how)).text


def _characters(text: str, form: str, how: How) -> str:
    return ", ".join(
        " ".join(letters(c) if c.isalnum() else _NAMES.get(c, SIGNS.get(c, "")) for c in word)
        for word in text.split()
    )


_NAMES = {
    ".": "dot",
    ",": "comma",
    "-": "dash",
    "_": "underscore",
    "/": "slash",
    ":": "colon",
    ";": "semicolon",
    "*": "star",
    "#": "hash",
    "!": "exclamation mark",
    "?": "question mark",
    "'": "apostrophe",
    '"': "quote",
    "(": "open parenthesis",
    ")": "close parenthesis",
    "~": "tilde",
    "^": "caret",
    "|": "bar",
}


def _whole(text: str) -> str | None:
    bare = text.replace(",", "").replace(" ", "")
    return bare if re.fullmatch(r"[-+−]?\d{1,40}(?:\.\d{1,40})?", bare) else None


def _cardinal(text: str, form: str, how: How) -> str | None:
    bare = _whole(text)
    if bare is None:
        return cardinal(roman(text)) if _is_roman(text) else None
    whole = bare.lstrip("-+−")
    sign = number(bare[: len(bare) - len(whole)] + "0").removesuffix("zero")
    return sign + (number(whole) if "." in whole else cardinal(whole))


def _ordinal(text: str, form: str, how: How) -> str | None:
    bare = re.sub(r"(?i)(?<=\d)(?:st|nd|rd|th)$", "", text.replace(",", ""))
    if _is_roman(text):
        return ordinal(roman(text))
    return ordinal(bare) if re.fullmatch(r"\d{1,21}", bare) else None


def _is_roman(text: str) -> bool:
    return re.fullmatch(ROMAN, text.upper()) is not None


def _digits(text: str, form: str, how: How) -> str | None:
    return by_digit(text) if re.search(r"\d", text) else None


def _fraction(text: str, form: str, how: How) -> str | None:
    text = text.replace("+", " ").strip()
    if not re.fullmatch(r"(?:\d{1,4}[\s-]{1,3})?\d{1,4}/\d{1,4}", text):
        return None
    return mixed(text)


def _phone(text: str, form: str, how: How) -> str | None:
    if not re.search(r"\d", text):
        return None
    said = _by(_PHONED, text, how)
    if not re.search(r"\d", said):
        return said
    return f"{'plus ' if text.lstrip().startswith('+') else ''}{by_digit(text)}"


def _date(text: str, form: str, how: How) -> str | None:
    parts = [part for part in re.split(r"[^\w]{1,3}", text.strip()) if part]
    order = form or ("ymd" if len(parts[0]) == 4 else how.dates) if parts else ""
    if len(parts) == 1 and len(parts[0]) == 8 and parts[0].isdecimal() and len(order) == 3:
        digits, parts = parts[0], []
        for letter in order:
            size = 4 if letter == "y" else 2
            parts.append(digits[:size])
            digits = digits[size:]
    if not parts or len(parts) != len(order) or set(order) - set("dmy"):
        return None
    found = dict(zip(order, parts, strict=True))
    the_year, day, month = found.get("y", ""), found.get("d"), found.get("m")
    if not (the_year or "0").isdecimal() or (day is not None and not day.isdecimal()):
        return None
    number_of = _month(month) if month is not None else None
    if month is not None and number_of is None:
        return None
    if day is not None and number_of is not None:
        return date(int(day), number_of, the_year, order.startswith("d"))
    if number_of is not None:
        return MONTHS[number_of - 1] + (f" {year(the_year)}" if the_year else "")
    return ordinal(day) if day is not None else year(the_year)


def _month(text: str) -> int | None:
    if text.isdecimal():
        return int(text) if 1 <= int(text) <= 12 else None
    names = [name[:3].lower() for name in MONTHS]
    return names.index(text[:3].lower()) + 1 if text[:3].lower() in names else None


def _time(text: str, form: str, how: How) -> str | None:
    match = re.fullmatch(
        r"(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?\s?([aApP])?\.?[mM]?\.?", text.strip()
    )
    if lasted := re.fullmatch(r"(\d{1,3})['′](?:(\d{1,2})(?:\"|″|''))?", text):
        return _by(_TIMED, f"{lasted[1]} min" + (f" {lasted[2]} s" if lasted[2] else ""), how)
    if match is None:
        said = _by(_TIMED, text, how)
        return said if said != text and not re.search(r"\d", said) else None
    hours, half = int(match[1]), (match[4] or "").lower()
    if hours > 24 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        return None
    if form == "hms12" and not half and hours > 12:
        hours, half = hours - 12, "p"
    said = {"": "", "a": "eh M", "p": "P M"}[half]
    return clock(str(hours), match[2], match[3] or "", said)


def _measure(text: str, form: str, how: How) -> str | None:
    said = _by(_MEASURED, text, how)
    return said if said != text else None


def _currency(text: str, form: str, how: How) -> str | None:
    said = _by(_PAID, text, how)
    return said if said != text else None


def _address(text: str, form: str, how: How) -> str | None:
    return _by(_PLACED, text, how)


def _beep(text: str, form: str, how: How) -> str:
    return "beep"


FORCED: Mapping[str, Forced] = {
    "characters": _characters,
    "spell-out": _characters,
    "verbatim": _characters,
    "digits": _digits,
    "number": _cardinal,
    "cardinal": _cardinal,
    "ordinal": _ordinal,
    "fraction": _fraction,
    "unit": _measure,
    "telephone": _phone,
    "date": _date,
    "time": _time,
    "currency": _currency,
    "address": _address,
    "expletive": _beep,
}
"""Kind of say-as -> how it is read."""
