"""Say dates, times of day, durations, time zones and decades in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, before
from edge.text.languages.en.numbers import (
    DASH,
    DIGITS,
    cardinal,
    ends_sentence,
    letters,
    number,
    stop,
    two_digits,
)


def offset(text: str) -> str:
    hours, _, minutes = text.replace(":", "").partition(" ")
    if len(hours) > 2:
        hours, minutes = hours[:-2], hours[-2:]
    return cardinal(hours) + (f" {cardinal(minutes)}" if int(minutes or 0) else "")


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
    r"\b(?:record|time|lasted|lasts|duration|finish\w{0,3}|took|takes|ran|run|length"
    r"|long|in)\b[^.\d]{0,24}$",
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
        said += f" {'plus' if shift[0] == '+' else 'minus'} {offset(shift[1:])}"
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
    return " ".join(said) + stop(match)


_PART = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s?(d|hrs?|h|mins?\b|min|m|secs?|s)(?![a-z])\.?")


def _h_min(match: re.Match[str], how: How) -> str:
    return f"{_amount(match[1], 'h')} {_amount(str(int(match[2])), 'm')}"


def _military(match: re.Match[str], how: How) -> str:
    hours, minutes = match[1][:2], match[1][2:]
    first = f"oh {cardinal(hours)}" if hours[0] == "0" else cardinal(hours)
    if hours == "00":
        first = "zero"
    last = "hundred" if minutes == "00" else two_digits(minutes)
    return f"{first} {last} hours"


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
)


DURATIONS: tuple[Rule, ...] = (
    Rule(
        "duration",
        re.compile(
            r"(?<![\w.,:])\d{1,4}\s?(?:d|hrs?|h)\.?,?\s?(?:and\s)?\d{1,2}\s?(?:hrs?|h"
            r"|mins?|m)\b\.?"
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
)
