"""Read what CLDR knows of a language: names of units, currencies, months and days, and which form
of a noun follows which number.

The files in cldr/ are made by: python -m tools.cldr_tables
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "cldr"

Forms = str | Sequence[str]
"""A noun: one form for every number, or one for each category of the language's numbers."""
_Condition = tuple[str, int, bool, Sequence[Sequence[int]]]
"""Operand, modulus (0: none), whether it lies in the ranges or outside, the ranges."""


@dataclass(frozen=True)
class Table:
    """CLDR's words of one language."""

    source: str
    decimal: str
    group: str
    date: str
    """CLDR's pattern of a long date, like d. MMMM y."""
    months: Sequence[str]
    months_short: Sequence[str]
    weekdays: Sequence[str]
    """From Monday."""
    weekdays_short: Sequence[str]
    plurals: Sequence[tuple[str, Sequence[Sequence[_Condition]]]]
    """Categories of numbers, each with its rule: any list, all conditions of it."""
    per: str
    """How a rate is said: {0} pro {1}."""
    units: Mapping[str, Forms]
    """Sign of a unit -> its names. {0} in a name is the place of the number."""
    symbols: Mapping[str, str]
    """Sign that this language writes -> the sign in `units`."""
    per_unit: Mapping[str, str]
    """Sign of a unit -> what is said for one of it under a stroke: pro Stunde."""
    currencies: Mapping[str, Forms] = field(default_factory=dict)
    """ISO 4217 code -> names."""

    def form(self, forms: Forms, number: str) -> str:
        """Choose the form of a noun that follows a number, written in digits with at most one
        decimal sign."""
        return forms if isinstance(forms, str) else forms[self._category(number)]

    @functools.cached_property
    def singular(self) -> int:
        """Which of a noun's forms is that of one."""
        return self._category("1")

    def one(self, forms: Forms) -> str:
        """Return the form of a noun that follows one."""
        return forms if isinstance(forms, str) else forms[self.singular]

    def _category(self, number: str) -> int:
        whole, _, places = number.replace(",", ".").partition(".")
        i, visible = int(whole or "0"), places.rstrip("0")
        operands = {
            "n": i if not visible else -1,  # no rule names a number that is not whole
            "i": i,
            "v": len(places),
            "w": len(visible),
            "f": int(places or "0"),
            "t": int(visible or "0"),
            "e": 0,
            "c": 0,
        }
        for place, (_, rule) in enumerate(self.plurals):
            if any(all(_holds(one, operands) for one in every) for every in rule):
                return place
        return len(self.plurals)


def _holds(condition: _Condition, operands: Mapping[str, int]) -> bool:
    operand, modulus, inside, ranges = condition
    value = operands[operand]
    if value >= 0 and modulus:
        value %= modulus
    return any(first <= value <= last for first, last in ranges) == inside


@functools.cache
def load_table(language: str) -> Table | None:
    """Read a language's table; None where there is none."""
    path = _FOLDER / f"{language}.json"
    if not (language.isalpha() and path.exists()):
        return None
    return Table(**json.loads(path.read_text(encoding="utf-8")))


@functools.cache
def load_countries(language: str) -> Mapping[str, Mapping[str, Any]]:
    """Read which countries of a language write numbers or money in a way of their own: MX ->
    {"decimal": ".", "group": ",", "money": {"$": "MXN"}}."""
    path = _FOLDER / f"{language}-countries.json"
    if not (language.isalpha() and path.exists()):
        return {}
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def require_table(language: str) -> Table:
    """Read the table of a language that is known to have one."""
    table = load_table(language)
    assert table is not None, language
    return table
