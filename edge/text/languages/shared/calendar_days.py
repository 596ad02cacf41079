"""Read dates, days of the week and months."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge.text.claims import How, Rule, after, before
from edge.text.languages.tables import Table
from edge.text.languages.vocabulary import DASH, DIGITS, Vocabulary, any_of, whole_stop

_ANY = r"0?[1-9]|[12]\d|3[01]"
_DAY, _MONTH = r"(?P<d>0?[1-9]|[12]\d|3[01])", r"(?P<m>0?[1-9]|1[0-2])"
_YEAR = r"(?P<y>\d{4}|\d{2})"
_ARTICLE = r"(?:(?<=\bam\s)|(?<=\ble\s)|(?<=\bel\s)|(?<=\bil\s)|(?<=\bop\s))"
"""Words before a day of the week, in any of the languages: none is a short day in another."""
_LEAD = 24
"""Characters before a date that tell its case."""


@dataclass(frozen=True)
class Dates:
    """How a language says days."""

    say: Callable[[int, int, str, str], str]
    """Says a date: day, month, year in digits or "", and what stands before it."""
    month_numbers: Mapping[str, int]
    """Every way to write a month, in small letters -> its number."""
    named_example: tuple[str, str]
    say_range: Callable[[int, str, str], str] = lambda day, date, lead: f"{day} – {date}"
    """Puts a first day before a date that was said."""
    say_year: Callable[[str], str] = str
    """Says a year behind a month."""
    day_ending: str = ""
    """Pattern of what may follow the number of a day: a stop, "er"."""
    month_link: str = ""
    """Pattern between day, month and year: "de "."""
    day_and_month: str | None = None
    """Sign between day and month where no year stands, "." or "/"."""
    date_lead: str = "(?!)"
    """Pattern of words that stand before such a date if its sign is that of a fraction, too."""
    day_example: tuple[str, str] = ("", "")
    weekday_links: str = (
        r"(?:de(?=\s\d)|den|der|bis|und|au|à|et|a|al|y|e|i|do|até|t/m|tot|geschlossen|geöffnet|fermé|ouvert|"
        r"cerrado|abierto|chiuso|aperto|fechado|aberto|gesloten|open)\b"
    )
    """Pattern of words that follow a shortened day of the week."""


def numbered_months(table: Table, more: Mapping[str, int] | None = None) -> dict[str, int]:
    """Collect the ways to write the months."""
    found = dict(more or {})
    for names in (table.months, table.months_short):
        for number, name in enumerate(names, 1):
            found[name.lower()] = found[name.lower().rstrip(".")] = number
            if len(name) <= 5 and names is table.months_short:
                found[name.lower().rstrip(".") + "."] = number
    return found


def _short_weekdays(table: Table) -> dict[str, str]:
    """Map the short names of the days, without their full stops, to the whole ones."""
    pairs = zip(table.weekdays_short, table.weekdays, strict=True)
    return {short.rstrip(".").lower(): name for short, name in pairs}


def dates(v: Vocabulary, words: Dates) -> tuple[Rule, ...]:
    """Make the rules of a language's dates."""
    rules = [*_numeric(v, words), *_named(v, words), *_weekdays(v, words)]
    rules.append(
        Rule(
            "date",
            re.compile(r"(?<![\w.,/-])(?P<m>0[1-9]|1[0-2])/(?P<y>(?:19|20)\d\d)(?![\w/]|[.,-]\d)"),
            lambda match, how: (
                f"{v.table.months[int(match['m']) - 1]} {words.say_year(match['y'])}"
            ),
            ("01/2024", f"{v.table.months[0]} {words.say_year('2024')}"),
            frozenset("/"),
        )
    )
    return tuple(rules)


def _numeric(v: Vocabulary, words: Dates) -> list[Rule]:
    def placed(match: re.Match[str], how: How) -> tuple[int, int] | None:
        """Tell day and month, in the owner's order where it can be that one; full stops only stand
        between a day and a month."""
        first, second = int(match["a"]), int(match["b"])
        swapped = how.dates == "mdy" and match["s"] != "."
        for day, month in ((first, second), (second, first))[:: -1 if swapped else 1]:
            if month <= 12:
                return day, month
        return None

    def say(match: re.Match[str], how: How) -> str | None:
        short = len(match["y"]) == 2
        if short and match["s"] == "." and len(match["a"] + match["b"]) < 4:
            return None  # a version, like 2.4.11
        if (place := placed(match, how)) is None:
            return None
        return words.say(*place, full_year(match["y"]), before(match, _LEAD))

    def iso(match: re.Match[str], how: How) -> str:
        return words.say(int(match["d"]), int(match["m"]), match["y"], before(match, _LEAD)) + (
            " " if match["t"] else ""
        )

    rules = [
        Rule(
            "date",
            re.compile(
                rf"(?<![\w.,/-])(?P<a>{_ANY})(?P<s>[./-])(?P<b>{_ANY})(?P=s){_YEAR}"
                r"(?![\d/]|-\d|[.,]\d|[^\W\d_])"
            ),
            say,
            ("15.08.2025", words.say(15, 8, "2025", "")),
            DIGITS,
        ),
        Rule(
            "date",
            re.compile(
                r"(?<![\w.,/-])(?P<y>[12]\d{3})[-/.](?P<m>0[1-9]|1[0-2])[-/.]"
                r"(?P<d>0[1-9]|[12]\d|3[01])(?:(?P<t>T)(?=\d\d:)|(?![\w/-]))"
            ),
            iso,
            ("2025-08-15", words.say(15, 8, "2025", "")),
            DIGITS,
        ),
    ]
    if words.day_and_month is not None:
        sign = re.escape(words.day_and_month)
        lead_words = re.compile(rf"\b(?:{words.date_lead})\s$", re.IGNORECASE)
        weekday = re.compile(rf"\b(?:{any_of(_short_weekdays(v.table))})\.?,?\s$", re.IGNORECASE)
        tail = sign if sign == r"\." else r"(?![\d/-]|\.\d)"

        def without_year(match: re.Match[str], how: How) -> str | None:
            lead = before(match)
            if sign != r"\." and not (lead_words.search(lead) or weekday.search(lead)):
                return None
            if (place := placed(match, how)) is None:
                return None
            said = words.say(*place, "", before(match, _LEAD))
            return f"{said} {v.until} " if "dash" in match.groupdict() and match["dash"] else said

        rules.append(
            Rule(
                "date",
                re.compile(
                    rf"(?<![\w.,/-])(?P<a>{_ANY})(?P<s>{sign})(?P<b>{_ANY})(?:{tail})(?!\s?[%€$])"
                    if sign != r"\."
                    else rf"(?<![\w.,/-])(?P<a>{_ANY})(?P<s>\.){_MONTH.replace('<m>', '<b>')}(?:\."
                    rf"(?P<dash>\s?[{DASH}]\s?(?=\d{{1,2}}\.\d))"
                    rf"|\.(?!\d|\s?$)|(?=\.\s?$)"
                    rf"|(?<=0\d)(?=\s(?:um|o|kl|ob)\b))"
                ),
                without_year,
                words.day_example,
                DIGITS,
            )
        )
    return rules


def full_year(digits: str) -> str:
    """Complete a year of two digits: people mean the last thirty years, or the next seventy."""
    if len(digits) == 4:
        return digits
    return ("19" if int(digits) > 69 else "20") + digits


def _named(v: Vocabulary, words: Dates) -> list[Rule]:
    months = any_of(words.month_numbers)
    ending = words.day_ending
    of = words.month_link

    def say(match: re.Match[str], how: How) -> str | None:
        day, month = int(match["d"]), words.month_numbers[match["month"].lower()]
        year = (match["y"] or "")[-4:]
        lead = before(match, _LEAD)
        said = words.say(day, month, year, lead)
        if match["d0"]:
            said = words.say_range(int(match["d0"]), said, lead)
        if match["month"].endswith(".") and not year and not after(match).split("\n")[0].strip():
            said += "."
        return said

    return [
        Rule(
            "date",
            re.compile(
                rf"(?<![\w.,/:-])(?:(?P<d0>[12]?\d|3[01]){ending}\s?[{DASH}]\s?)?"
                rf"(?P<d>0?[1-9]|[12]\d|3[01]){ending}\s?{of}(?P<month>{months})"
                rf"(?!\w|\.\w)(?P<y>,?\s{of}[12]\d{{3}}(?![\w]|[.,:]\d))?",
                re.IGNORECASE,
            ),
            say,
            words.named_example,
            DIGITS,
        )
    ]


def _weekdays(v: Vocabulary, words: Dates) -> list[Rule]:
    short = _short_weekdays(v.table)
    capitals = [day.capitalize() for day in short]
    days = any_of(capitals if v.language == "de" else [*short, *capitals])
    stop = r"\.?"
    months = any_of(words.month_numbers)

    def day(match: re.Match[str], how: How) -> str:
        return whole_stop(match, short[match["it"].rstrip(".").lower()])

    def span(match: re.Match[str], how: How) -> str:
        first, last = (match[part].rstrip(".").lower() for part in ("a", "b"))
        dot = "." if match["b"].endswith(".") and not after(match).strip() else ""
        joint = v.signs["&"] if match["sign"] == "/" else v.until
        return f"{short[first]} {joint} {short[last]}{dot}"

    first, *_, last, _, _ = short
    written = (first.capitalize(), last.capitalize()) if v.language == "de" else (first, last)
    names = short[first], short[last]
    return [
        Rule(
            "date",
            re.compile(
                rf"(?<![\w.-])(?P<a>(?:{days}){stop})\s?(?P<sign>[{DASH}/])\s?"
                rf"(?P<b>(?:{days}){stop})(?!\w)"
            ),
            span,
            (f"{written[0]}–{written[1]} 9", f"{names[0]} {v.until} {names[1]} 9"),
        ),
        Rule(
            "date",
            # Without its stop it may be a word, like so, zo, mar: a date or a time must follow.
            re.compile(
                rf"(?<![\w.-])(?P<it>(?:{days})\.(?=,?\s(?:\d|{words.weekday_links}))"
                rf"|{_ARTICLE}(?:{days})\."
                rf"|(?:{days})(?=,?\s\d{{1,2}}(?:[./:h]\d|\.\s|\s?[{DASH}]\s?\d|\s?(?i:{months})\b)))"
            ),
            day,
            (f"{written[0]}., 10 x", f"{names[0]}, 10 x"),
            DIGITS,
        ),
    ]
