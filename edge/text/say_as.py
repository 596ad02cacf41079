"""Read a stretch as one kind of thing, in any language: by the language's own way, else by its
rules for things of the kind, else as every language does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from edge.text.claims import How, Language, claim, force, spoken

_RULES: Mapping[str, frozenset[str]] = {
    "ordinal": frozenset({"ordinal"}),
    "fraction": frozenset({"fraction"}),
    "unit": frozenset({"unit", "temperature", "percent", "duration", "medical"}),
    "date": frozenset({"date", "year"}),
    "time": frozenset({"time", "time zone", "duration"}),
    "currency": frozenset({"money"}),
}
"""Kind -> names of the rules that read things of it."""
_DATE = re.compile(r"(\d{1,4})[\s./-]{1,3}(\d{1,4})[\s./-]{1,3}(\d{1,4})")


def say_as(language: Language, kind: str, text: str, form: str, how: How) -> str | None:
    """Return what is said; None if the text is nothing of the kind."""
    said = force(language, kind, text, form, how)
    if said is not None:
        return said
    if kind in _ALIKE:
        return _ALIKE[kind](text)
    if kind == "date" and (found := _DATE.fullmatch(text)) is not None:
        text, how = _in_order(found, form), _dated(how, form)
    claims = claim(text, language, how)
    # An address holds words, too, and digits may be read as they stand.
    plain = kind == "address" or (kind in ("number", "cardinal") and any(map(str.isdigit, text)))
    fits = any(made.rule in _RULES.get(kind, frozenset()) for made in claims)
    return spoken(text, claims).text if fits or plain else None


def _in_order(found: re.Match[str], form: str) -> str:
    """Write a date as the rules of a language know it: the year last, unless it comes first."""
    if len(form) != 3 or sorted(form) != ["d", "m", "y"]:
        return found[0]
    of = dict(zip(form, found.groups(), strict=True))
    if form.startswith("y"):
        return f"{of['y']}-{of['m']:0>2}-{of['d']:0>2}"
    return found[0]


def _dated(how: How, form: str) -> How:
    if form.startswith("m"):
        return replace(how, dates="mdy")
    return replace(how, dates="dmy") if form.startswith("d") else how


def _spelled(text: str) -> str | None:
    """Give each character by itself: a phonemizer names single ones."""
    return ", ".join(" ".join(word.upper()) for word in text.split())


def _digits(text: str) -> str | None:
    groups = re.findall(r"\d{1,40}", text)
    return ", ".join(" ".join(group) for group in groups) or None


def _bleeped(text: str) -> str | None:
    return "bip"


_ALIKE: Mapping[str, Callable[[str], str | None]] = {
    "characters": _spelled,
    "spell-out": _spelled,
    "verbatim": _spelled,
    "digits": _digits,
    "telephone": _digits,
    "expletive": _bleeped,
}
