"""Say dates, weekdays, quarters and verses in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule
from edge.text.languages.en.numbers import (
    DASH,
    DIGITS,
    cardinal,
    letters,
    ordinal,
    stop,
    two_digits,
    year,
)
from edge.text.languages.en.times import clock, offset

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


_DAYS = {
    "Mon": "Monday",
    "Tue": "Tuesday",
    "Tues": "Tuesday",
    "Wed": "Wednesday",
    "Thu": "Thursday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}


_MONTH_BY = {name[:3].lower(): name for name in MONTHS}


_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)


_MONTH_ANY = rf"(?:{_MONTH}|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"


_DAY = r"(?:0?[1-9]|[12]\d|3[01])"


_YEAR = r"(?:1\d{3}|20\d\d)"


_TH = r"(?:st|nd|rd|th)?"


_WEEKDAY = r"(?:(?:Mon|Tues?|Wed|Thur?s?|Fri|Sat|Sun)(?:day|nesday|rsday|sday|urday)?)"


def _month(text: str) -> str:
    return _MONTH_BY[text[:3].lower()]


def date(day: int, month: int, the_year: str = "", dmy: bool = False) -> str | None:
    """Say a date; None if there is no such day."""
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    if len(the_year) == 2:
        the_year = ("19" if int(the_year) > 50 else "20") + the_year
    name = MONTHS[month - 1]
    said = f"the {ordinal(day)} of {name}" if dmy else f"{name} {ordinal(day)}"
    return f"{said}, {year(the_year)}" if the_year else said


def _iso(match: re.Match[str], how: How) -> str | None:
    said = date(int(match["d"]), int(match["m"]), match["y"])
    if said is None or match["h"] is None:
        return said
    zone = match["zone"] or ""
    said += f", {clock(match['h'], match['min'], match['s'] or '')}"
    if zone == "Z":
        return f"{said} U T C"
    if zone:
        ahead = "plus" if zone[0] == "+" else "minus"
        return f"{said} U T C {ahead} {offset(zone[1:])}"
    return said


def _numeric(match: re.Match[str], how: How) -> str | None:
    first, second, the_year = int(match["a"]), int(match["b"]), match["y"]
    dmy = how.dates == "dmy" or match["sep"] == "."
    day, month = (first, second) if dmy else (second, first)
    if month > 12:
        day, month = month, day
    return date(day, month, the_year, how.dates == "dmy")


def _month_day(match: re.Match[str], how: How) -> str:
    said = f"{_month(match['m'])} {ordinal(match['d'])}"
    if match["last"]:
        said += f" to {ordinal(match['last'])}"
    return said + (f", {year(match['y'])}" if match["y"] else "") + stop(match)


def _day_month(match: re.Match[str], how: How) -> str:
    days = ordinal(match["d"])
    if match["last"]:
        days += f" to {ordinal(match['last'])}"
    said = f"the {days} of {_month(match['m'])}"
    return said + (f", {year(match['y'])}" if match["y"] else "") + stop(match)


def _month_year(match: re.Match[str], how: How) -> str:
    return f"{_month(match['m'])} {year(match['y'])}"


def _month_alone(match: re.Match[str], how: How) -> str:
    return _month(match[0]) + stop(match)


def _weekday(match: re.Match[str], how: How) -> str:
    first = _DAYS[match["a"]]
    return f"{first} to {_DAYS[match['b']]}" if match["b"] else first + (match["comma"] or "")


def _quarter(match: re.Match[str], how: How) -> str:
    said = f"{letters(match['q'][:-1])} {cardinal(match['q'][-1])}"
    return said + (f" {year(match['y'])}" if match["y"] else "")


def _fiscal(match: re.Match[str], how: How) -> str:
    digits = match[2]
    return f"{letters(match[1])} {year(digits) if len(digits) == 4 else two_digits(digits)}"


def _expiry(match: re.Match[str], how: How) -> str:
    return f"{MONTHS[int(match['m']) - 1]} twenty {two_digits(match['y'])}"


def _verses(match: re.Match[str], how: How) -> str:
    last = f" to {cardinal(match[3])}" if match[3] else ""
    return f"{cardinal(match[1])} {cardinal(match[2])}{last}"


DATES: tuple[Rule, ...] = (
    Rule(
        "date",
        re.compile(
            r"\b(?:[Ee]xp(?:\.|ires?|iry|iration)?|[Vv]alid|[Gg]ood|[Tt]hru"
            r"|[Tt]hrough)(?:\s\w{1,8}){0,2}:?\s"
            r"(?P<it>(?P<m>0[1-9]|1[0-2])/(?P<y>\d\d))(?![\w/])"
        ),
        _expiry,
        ("expires 08/27", "expires August twenty twenty-seven"),
        DIGITS,
    ),
    Rule(
        "date",
        re.compile(
            r"(?<=[A-Za-z]\s)(\d{1,3}):(\d{1,3})[-–](\d{1,3})(?![\w:]|[ap]m|\s[ap]\.?m|[-–.]\d)"
        ),
        lambda match, how: _verses(match, how) if int(match[2]) < int(match[3]) else None,
        ("Psalm 23:1-4", "Psalm twenty-three one to four"),
        frozenset(":"),
    ),
    Rule(
        "date",
        re.compile(
            r"(?<![\w-])(?P<y>[12]\d{3})(?P<sep>[-/.])(?P<m>0[1-9]|1[0-2])(?P=sep)"
            r"(?P<d>0[1-9]|[12]\d|3[01])"
            r"(?:(?:T|\s|,\s)(?P<h>[01]\d|2[0-3]):(?P<min>[0-5]\d)(?::(?P<s>[0-5]\d)"
            r"(?:\.\d{1,9})?)?\s?(?P<zone>Z|[+-]\d\d:?\d\d)?)?(?![\w-])"
        ),
        _iso,
        ("2026-03-05", "March fifth, twenty twenty-six"),
        DIGITS,
    ),
    Rule(
        "date",
        re.compile(
            r"(?<![\w/.-])(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)"
            r"(?P<y>(?:19|20)\d\d|\d\d)(?![\w/]|[.-]\d(?!\d?[/.]\d))"
        ),
        _numeric,
        ("3/4/2026", "March fourth, twenty twenty-six"),
        DIGITS,
    ),
    Rule(
        "date",
        re.compile(rf"(?<=[/.]\d\d){DASH}(?=\d{{1,2}}[/.]\d{{1,2}}[/.]\d\d)"),
        lambda match, how: " to ",
        (
            "1/2/24–1/9/24",
            "January second, twenty twenty-four to January ninth, twenty twenty-four",
        ),
        frozenset("-–—‑"),
    ),
    Rule(
        "date",
        re.compile(
            rf"(?<![\w-])(?P<m>{_MONTH_ANY})\s(?P<d>{_DAY}){_TH}(?:{DASH}(?P<last>{_DAY}){_TH})?"
            rf"(?:,?\s(?P<y>{_YEAR})(?!\w|,\d|\.\d))?(?![\w%°:]|[.,]\d)"
        ),
        _month_day,
        ("Jan. 3, 1984", "January third, nineteen eighty-four"),
        DIGITS,
    ),
    Rule(
        "date",
        re.compile(
            rf"(?<![\w.,:$€£-])(?:[Tt]he\s)?(?P<d>{_DAY}){_TH}(?:{DASH}(?P<last>{_DAY}){_TH})?"
            rf"(?:\sof\s|\s|-)(?P<m>{_MONTH_ANY})(?:(?:,?\s|-)(?P<y>{_YEAR})(?!\w|[.,]\d))?(?!\w)"
        ),
        _day_month,
        ("5 March 2026", "the fifth of March, twenty twenty-six"),
        DIGITS,
    ),
    Rule(
        "date",
        re.compile(
            rf"(?<![\w-])(?P<a>{_MONTH_ANY}){DASH}(?P<m>{_MONTH_ANY})(?:,?\s(?P<y>{_YEAR}))?(?!\w)"
        ),
        lambda match, how: (
            f"{_month(match['a'])} to {_month(match['m'])}"
            + (f", {year(match['y'])}" if match["y"] else "")
            + ("" if match["y"] else stop(match))
        ),
        ("Jan-Mar 2024", "January to March, twenty twenty-four"),
        frozenset("JFMASOND"),
    ),
    Rule(
        "date",
        re.compile(rf"(?<![\w-])(?P<m>{_MONTH_ANY}),?\s(?P<y>{_YEAR})(?!\w|[.,]\d)"),
        _month_year,
        ("Sept 2026", "September twenty twenty-six"),
        DIGITS,
    ),
    Rule(
        "date",
        re.compile(
            r"(?<![\w-])(?P<a>Mon|Tues?|Wed|Thur?s?|Fri|Sat|Sun)\b"
            r"(?:\.?\s?(?:-|–|—|to)\s?(?P<b>Mon|Tues?|Wed|Thur?s?|Fri|Sat"
            r"|Sun)\b(?:\.(?=\s[\da-z]))?|"
            rf"\.?(?P<comma>,?)(?=\s(?:{_MONTH_ANY}\b|\d|at\s\d|noon|and\s(?:Mon|Tue|Wed"
            rf"|Thu|Fri|Sat|Sun)))"
            r"|(?P<dot>\.)(?=\s[a-z&])|(?=[:/]\s?\d))"
        ),
        _weekday,
        ("Mon-Fri", "Monday to Friday"),
    ),
    Rule(
        "date",
        re.compile(
            r"(?<![\w-])(?:(?:Jan|Feb|Aug|Sept?|Oct|Nov|Dec)\b\.?|(?:Mar|Apr|Jun|Jul)\.)"
            r"(?=[\s,;:)]|$)"
        ),
        _month_alone,
        ("last Sept.", "last September."),
        frozenset("JFMASOND"),
    ),
    Rule(
        "date",
        re.compile(rf"(?<!\w)(?P<q>[QH][1-4])(?:[\s/-](?P<y>{_YEAR}))?(?!\w)"),
        _quarter,
        ("Q3 2026", "Q three twenty twenty-six"),
        DIGITS,
    ),
    Rule(
        "date",
        re.compile(rf"(?<!\w)(FY|CY)\s?['’]?({_YEAR}|\d\d)(?!\w)"),
        _fiscal,
        ("FY2026", "F Y twenty twenty-six"),
        DIGITS,
    ),
)
