"""Say dates, times of day, durations, time zones and decades in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, after, before
from edge.text.languages.en.numbers import (
    DASH,
    DIGITS,
    cardinal,
    ends_sentence,
    letters,
    number,
    ordinal,
    year,
)

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
        return f"{said} U T C {ahead} {_offset(zone[1:])}"
    return said


def _offset(text: str) -> str:
    hours, _, minutes = text.replace(":", "").partition(" ")
    if len(hours) > 2:
        hours, minutes = hours[:-2], hours[-2:]
    return cardinal(hours) + (f" {cardinal(minutes)}" if int(minutes or 0) else "")


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
    return said + (f", {year(match['y'])}" if match["y"] else "") + _stop(match)


def _day_month(match: re.Match[str], how: How) -> str:
    days = ordinal(match["d"])
    if match["last"]:
        days += f" to {ordinal(match['last'])}"
    said = f"the {days} of {_month(match['m'])}"
    return said + (f", {year(match['y'])}" if match["y"] else "") + _stop(match)


def _stop(match: re.Match[str]) -> str:
    return "." if ends_sentence(match) else ""


def _month_year(match: re.Match[str], how: How) -> str:
    return f"{_month(match['m'])} {year(match['y'])}"


def _month_alone(match: re.Match[str], how: How) -> str:
    return _month(match[0]) + _stop(match)


def _weekday(match: re.Match[str], how: How) -> str:
    first = _DAYS[match["a"]]
    return f"{first} to {_DAYS[match['b']]}" if match["b"] else first + (match["comma"] or "")


def clock(hours: str, minutes: str, seconds: str = "", half: str = "") -> str:
    """Say a time of day: 9:05 -> nine oh five; `half` is A M or P M."""
    said = cardinal(hours)
    if int(minutes):
        said += f" oh {cardinal(minutes)}" if int(minutes) < 10 else f" {cardinal(minutes)}"
    elif int(seconds or 0):
        said += " hundred" if int(hours) > 12 else " o'clock"
    elif not half:
        said += " hundred" if int(hours) > 12 or int(hours) == 0 else " o'clock"
    if seconds and int(seconds):
        said += f" and {cardinal(seconds)} second" + ("" if int(seconds) == 1 else "s")
    return f"{said} {half}" if half else said


def _said_half(match: re.Match[str], group: str = "half") -> str:
    text = match[group]
    if not text:
        return ""
    half = "eh M" if text[0] in "aA" else "P M"
    if ends_sentence(match) and text.endswith("."):
        half += "."
    return half


_LASTED = re.compile(
    r"\b(?:record|time|lasted|lasts|duration|finish\w{0,3}|took|takes|ran|run|length|long|in)\b[^.\d]{0,24}$",
    re.IGNORECASE,
)
_MIXED = re.compile(
    r"\b(?:ratio|mix|mixed|dilute\w?|odds|scale|proportion)\b[^.\d]{0,16}$", re.IGNORECASE
)


def _time(match: re.Match[str], how: How) -> str | None:
    if match["s"] and not match["half"] and not match["zone"] and _LASTED.search(before(match)):
        parts = [(match["h"], "h"), (match["m"], "m"), (match["s"], "s")]
        return " ".join(_amount(str(int(n)), unit) for n, unit in parts if int(n))
    if not match["half"] and _MIXED.search(before(match)):
        return f"{cardinal(match['h'])} to {cardinal(match['m'])}"
    zone = f" {_zone(match['zone'])}" if match["zone"] else ""
    return clock(match["h"], match["m"], match["s"] or "", _said_half(match)) + zone


def _hour(match: re.Match[str], how: How) -> str:
    zone = f" {_zone(match['zone'])}" if match["zone"] else ""
    return f"{cardinal(match['h'])} {_said_half(match)}{zone}"


def _time_range(match: re.Match[str], how: How) -> str:
    first_half = _said_half(match, "half1").rstrip(".")
    half = _said_half(match)
    first = (
        clock(match["h1"], match["m1"], "", first_half or (" " if half else ""))
        if match["m1"]
        else f"{cardinal(match['h1'])} {first_half}".strip()
    )
    last = (
        clock(match["h2"], match["m2"], "", half)
        if match["m2"]
        else f"{cardinal(match['h2'])} {half}".strip()
    )
    zone = f" {_zone(match['zone'])}" if match["zone"] else ""
    return f"{first.strip()} to {last}{zone}"


_ZONES = (
    "ACST|ACDT|ADT|AEDT|AEST|AKDT|AKST|AST|AWST|BRT|BST|CAT|CDT|CEST|CET|CST|CT|EAT|EDT|EEST|EET"
    "|EST|ET|GMT|HKT|HST|IST|JST|KST|MDT|MSK|MST|MT|NST|NZDT|NZST|PDT|PHT|PKT|PST|PT|SAST|SGT|UTC"
    "|WAT|WEST|WET|WIB|Z"
)
_ZONE = rf"(?:(?:{_ZONES})(?:[+\-−–]\d{{1,2}}(?::?\d\d)?)?(?!\w))"


def _zone(text: str) -> str:
    name = re.match("[A-Z]{1,4}", text)
    assert name is not None
    said, shift = letters(name[0]), text[name.end() :]
    if shift:
        said += f" {'plus' if shift[0] == '+' else 'minus'} {_offset(shift[1:])}"
    return said


_HALF = r"(?:[aA]\.?[mM]\b\.?|[pP]\.?[mM]\b\.?)"
_HOUR = r"(?:[01]?\d|2[0-4])"
_UNITS = {
    "d": "day",
    "day": "day",
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
    "hour": "hour",
    "m": "minute",
    "min": "minute",
    "mins": "minute",
    "s": "second",
    "sec": "second",
    "secs": "second",
    "ms": "millisecond",
}


def _amount(digits: str, unit: str) -> str:
    return f"{number(digits)} {_UNITS[unit]}" + ("" if digits in ("1",) else "s")


def _duration(match: re.Match[str], how: How) -> str:
    said = [_amount(digits, unit.rstrip(".")) for digits, unit in _PART.findall(match[0])]
    return " ".join(said) + _stop(match)


_PART = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s?(d|hrs?|h|mins?\b|min|m|secs?|s)(?![a-z])\.?")


def _h_min(match: re.Match[str], how: How) -> str:
    return f"{_amount(match[1], 'h')} {_amount(str(int(match[2])), 'm')}"


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
    return f"{year(match['a'])} to {_two(last) if len(last) == 2 else year(last)}"


def _two(digits: str) -> str:
    return f"oh {cardinal(digits[1])}" if digits[0] == "0" else cardinal(digits)


def _season(match: re.Match[str], how: How) -> str | None:
    if int(match["b"]) != (int(match["a"][2:]) + 1) % 100:
        return None
    return f"{year(match['a'])} {_two(match['b'])}"


def _quarter(match: re.Match[str], how: How) -> str:
    said = f"{letters(match['q'][:-1])} {cardinal(match['q'][-1])}"
    return said + (f" {year(match['y'])}" if match["y"] else "")


def _fiscal(match: re.Match[str], how: How) -> str:
    digits = match[2]
    return f"{letters(match[1])} {year(digits) if len(digits) == 4 else _two(digits)}"


def _era(match: re.Match[str], how: How) -> str:
    return f"{_year_or_number(match[1])} {letters(match[2])}"


def _era_first(match: re.Match[str], how: How) -> str:
    return f"{letters(match[1])} {_year_or_number(match[2])}"


def _year_or_number(digits: str) -> str:
    bare = digits.replace(",", "")
    return year(bare) if len(bare) == 4 and "," not in digits else cardinal(bare)


def _military(match: re.Match[str], how: How) -> str:
    hours, minutes = match[1][:2], match[1][2:]
    first = f"oh {cardinal(hours)}" if hours[0] == "0" else cardinal(hours)
    if hours == "00":
        first = "zero"
    last = "hundred" if minutes == "00" else _two(minutes)
    return f"{first} {last} hours"


def _expiry(match: re.Match[str], how: How) -> str:
    return f"{MONTHS[int(match['m']) - 1]} twenty {_two(match['y'])}"


def _verses(match: re.Match[str], how: How) -> str:
    last = f" to {cardinal(match[3])}" if match[3] else ""
    return f"{cardinal(match[1])} {cardinal(match[2])}{last}"


DATES: tuple[Rule, ...] = (
    Rule(
        "date",
        re.compile(
            r"\b(?:[Ee]xp(?:\.|ires?|iry|iration)?|[Vv]alid|[Gg]ood|[Tt]hru|[Tt]hrough)(?:\s\w{1,8}){0,2}:?\s"
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
            r"(?P<y>(?:19|20)\d\d|\d\d)(?![\w/]|[.-]\d)"
        ),
        _numeric,
        ("3/4/2026", "March fourth, twenty twenty-six"),
        DIGITS,
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
            rf"(?<![\w.,:$€£-])(?:the\s)?(?P<d>{_DAY}){_TH}(?:{DASH}(?P<last>{_DAY}){_TH})?"
            rf"(?:\sof\s|\s|-)(?P<m>{_MONTH_ANY})(?:(?:,?\s|-)(?P<y>{_YEAR})(?!\w|[.,]\d))?(?!\w)"
        ),
        _day_month,
        ("5 March 2026", "the fifth of March, twenty twenty-six"),
        DIGITS,
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
            r"(?:\.?\s?(?:-|–|—|to)\s?(?P<b>Mon|Tues?|Wed|Thur?s?|Fri|Sat|Sun)\b(?:\.(?=\s[\da-z]))?|"
            rf"\.?(?P<comma>,?)(?=\s(?:{_MONTH_ANY}\b|\d|at\s\d|noon|and\s(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)))"
            r"|(?P<dot>\.)(?=\s[a-z&])|(?=[:/]\s?\d))"
        ),
        _weekday,
        ("Mon-Fri", "Monday to Friday"),
    ),
    Rule(
        "date",
        re.compile(r"(?<![\w-])(?:Jan|Feb|Aug|Sept?|Oct|Nov|Dec)\b\.?(?=[\s,;:)]|$)"),
        _month_alone,
        ("last Sept.", "last September."),
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

TIMES: tuple[Rule, ...] = (
    Rule(
        "time",
        re.compile(
            rf"(?<![\w:.,])(?P<h1>{_HOUR})(?:[:.](?P<m1>[0-5]\d))?\s?(?P<half1>{_HALF})?{DASH}"
            rf"(?P<h2>{_HOUR})(?:[:.](?P<m2>[0-5]\d))?\s?(?P<half>{_HALF})(?:\s(?P<zone>{_ZONE}))?"
            r"(?!\w)"
        ),
        _time_range,
        ("9-11 am", "nine to eleven eh M"),
        DIGITS,
    ),
    Rule(
        "time",
        re.compile(
            rf"(?<![\w:.,])(?P<h1>{_HOUR}):(?P<m1>[0-5]\d)\s?(?P<half1>{_HALF})?{DASH}"
            rf"(?P<h2>{_HOUR}):(?P<m2>[0-5]\d)\s?(?P<half>{_HALF})?(?:\s(?P<zone>{_ZONE}))?"
            r"(?![\w:]|[.,]\d)"
        ),
        _time_range,
        ("08:30-17:15", "eight thirty to seventeen fifteen"),
        DIGITS,
    ),
    Rule(
        "time",
        re.compile(
            rf"(?<![\w:.,])(?P<h>{_HOUR}):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?"
            rf"\s?(?P<half>{_HALF})?(?:\s?(?P<zone>{_ZONE}))?(?![\w:]|[.,]\d)"
        ),
        _time,
        ("at 9:05", "at nine oh five"),
        DIGITS,
    ),
    Rule(
        "time",
        re.compile(
            rf"(?<![\w:.,])(?P<h>{_HOUR})\.(?P<m>[0-5]\d)(?P<s>)\s?(?P<half>{_HALF})"
            rf"(?:\s(?P<zone>{_ZONE}))?(?!\w)"
        ),
        _time,
        ("7.30 pm", "seven thirty P M"),
        DIGITS,
    ),
    Rule(
        "time",
        re.compile(
            rf"(?<![\w:.,])(?P<h>{_HOUR})\s?(?P<half>{_HALF})(?:\s(?P<zone>{_ZONE}))?(?!\w)"
        ),
        _hour,
        ("5 p.m. EST", "five P M E S T"),
        DIGITS,
    ),
    Rule(
        "time",
        re.compile(r"(?<![\w:.,])((?:[01]\d|2[0-3])[0-5]\d)\s?(?:hours|hrs|h)\b"),
        _military,
        ("0600 hours", "oh six hundred hours"),
        DIGITS,
    ),
    Rule(
        "time",
        re.compile(r"\b(?:[Nn]oon|[Mm]idnight)(?P<it>\s?[-–—]\s?)(?=\d)"),
        lambda match, how: " to ",
        ("noon–1 p.m. today", "noon to one P M today"),
        frozenset("-–—"),
    ),
    Rule(
        "time zone",
        re.compile(r"(?<!\w)(?:UTC|GMT)\s?[+\-−–±]\s?\d{1,2}(?::?\d\d)?(?!\w)"),
        lambda match, how: _zone(match[0].replace(" ", "")),
        ("GMT-5", "G M T minus five"),
        DIGITS,
    ),
    Rule(
        "duration",
        re.compile(
            r"(?<![\w.,:])\d{1,4}\s?(?:d|hrs?|h)\.?,?\s?(?:and\s)?\d{1,2}\s?(?:hrs?|h|mins?|m)\b\.?"
            r"(?:,?\s?\d{1,2}\s?(?:mins?|m|secs?|s)\b\.?)?(?:,?\s?\d{1,2}\s?(?:secs?|s)\b\.?)?"
        ),
        _duration,
        ("2h 30m", "two hours thirty minutes"),
        DIGITS,
    ),
    Rule(
        "duration",
        re.compile(r"(?<![\w.,:])\d{1,3}\s?(?:mins?|m)\.?,?\s?\d{1,2}\s?(?:secs?|s)\b\.?"),
        _duration,
        ("5m30s", "five minutes thirty seconds"),
        DIGITS,
    ),
    Rule(
        "duration",
        re.compile(r"(?<![\w.,:])(\d{1,2})h([0-5]\d)(?!\w)"),
        _h_min,
        ("1h05", "one hour five minutes"),
        DIGITS,
    ),
    Rule(
        "duration",
        re.compile(r"(?<![\w/.])24/7(?![\w/])"),
        lambda match, how: "twenty-four seven",
        ("24/7", "twenty-four seven"),
        DIGITS,
    ),
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
