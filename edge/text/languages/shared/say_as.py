"""Read a stretch in the one way that SSML's say-as asks for."""

from __future__ import annotations

import re
from collections.abc import Callable

from edge.text.claims import Forced, How, Language, Rule, claim, spoken
from edge.text.languages.shared.calendar_days import Dates, full_year
from edge.text.languages.shared.clock import Clock
from edge.text.languages.shared.codes import Codes
from edge.text.languages.vocabulary import Vocabulary


def forced(
    v: Vocabulary,
    rules: tuple[Rule, ...],
    *,
    dates: Dates,
    clock: Clock,
    codes: Codes,
    ordinal: Callable[[int], str],
) -> dict[str, Forced]:
    """Make the table of what can be asked for; each reads a whole stretch, or nothing of it."""

    def characters(text: str, form: str, how: How) -> str:
        return " ".join(_character(v, c) for c in text if not c.isspace())

    def digits(text: str, form: str, how: How) -> str | None:
        return v.spell(text) if any(c.isdecimal() for c in text) else None

    def cardinal(text: str, form: str, how: How) -> str | None:
        return v.signed(text) if re.fullmatch(rf"[-+±−–]?\s?{v.number}", text) else None

    def place(text: str, form: str, how: How) -> str | None:
        number = re.fullmatch(r"(\d{1,4})\D{0,4}", text)
        return ordinal(int(number[1])) if number and int(number[1]) else None

    def telephone(text: str, form: str, how: How) -> str | None:
        groups = re.findall(r"\d{1,20}", text)
        plus = f"{v.signs['+']} " if text.startswith("+") else ""
        return plus + ", ".join(codes.say_phone(v, group) for group in groups) if groups else None

    def date(text: str, form: str, how: How) -> str | None:
        parts = re.findall(r"\d{1,4}", text)
        order = form or ("ymd" if parts and len(parts[0]) == 4 else "dmy")
        if len(parts) != len(order) or not set(order) <= set("dmy"):
            return None
        value = dict(zip(order, parts, strict=True))
        return _date(v, dates, value)

    def time(text: str, form: str, how: How) -> str | None:
        parts = [int(part) for part in re.findall(r"\d{1,2}", text)][:3]
        if not parts or parts[0] > 24 or any(part > 59 for part in parts[1:]):
            return None
        hours, minutes, seconds = (*parts, None, None)[:3]
        half = re.search(r"[ap]\.?\s?m", text, re.IGNORECASE)
        said = clock.say(hours or 0, minutes or 0, seconds, "")
        return said + clock.say_half(half[0] if half else None)

    def by_rules(*names: str) -> Forced:
        language = Language(v.language, tuple(rule for rule in rules if rule.name in names))

        def read(text: str, form: str, how: How) -> str | None:
            claims = claim(text, language, how)
            return spoken(text, claims).text if claims else None

        return read

    return {
        "characters": characters,
        "spell-out": characters,
        "verbatim": characters,
        "digits": digits,
        "number": cardinal,
        "cardinal": cardinal,
        "ordinal": place,
        "fraction": by_rules("fraction"),
        "unit": by_rules("unit"),
        "telephone": telephone,
        "date": date,
        "time": time,
        "currency": by_rules("money"),
        "address": by_rules("address", "abbreviation", "code", "range"),
        "expletive": lambda text, form, how: "",
    }


def _character(v: Vocabulary, character: str) -> str:
    if character.isdecimal():
        return v.names[int(character)]
    return v.signs.get(character, character.upper())


def _date(v: Vocabulary, dates: Dates, value: dict[str, str]) -> str | None:
    year = value.get("y", "")
    year = full_year(year) if len(year) in (2, 4) else year
    day, month = int(value.get("d", "0")), int(value.get("m", "0"))
    if day > 31 or month > 12:
        return None
    if day and month:
        return dates.say(day, month, year, "")
    if month:
        return f"{v.table.months[month - 1]} {dates.say_year(year)}".strip()
    return dates.say_year(year) if year else str(day)
