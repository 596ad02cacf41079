"""Hold the words of a language that the shared rules speak with."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edge.text.languages.tables import Forms, Table

DIGITS = frozenset("0123456789")
MINUS = "-−–"
"""Signs that stand for a minus before a number: the hyphen, U+2212, the en dash."""
DASH = "-–—−‐‑"
"""Signs that stand between the ends of a range."""
_SPACES = " \u00a0\u202f\u2009"
_APOSTROPHES = "'’"

CURRENCY_SIGNS = {
    "€": "EUR",
    "$": "USD",
    "US$": "USD",
    "£": "GBP",
    "¥": "JPY",
    "R$": "BRL",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "MX$": "MXN",
    "₹": "INR",
    "₽": "RUB",
    "₩": "KRW",
    "₺": "TRY",
    "₴": "UAH",
    "₪": "ILS",
    "₫": "VND",
    "฿": "THB",
    "₱": "PHP",
    "₦": "NGN",
    "₸": "KZT",
    "₾": "GEL",
    "֏": "AMD",
    "৳": "BDT",
    "₿": "BTC",
    "zł": "PLN",
    "Kč": "CZK",
    "元": "CNY",
    "円": "JPY",
    "원": "KRW",
}
"""Signs of money; where a sign is that of many, the most usual."""

UNIT_SPELLINGS = {
    "μm": "µm",
    "μg": "µg",
    "μs": "µs",
    "km2": "km²",
    "m2": "m²",
    "cm2": "cm²",
    "km3": "km³",
    "m3": "m³",
    "cm3": "cm³",
    "Km": "km",
    "KM": "km",
    "Kg": "kg",
    "KG": "kg",
    "kg.": "kg",
    "Km/h": "km/h",
    "kmh": "km/h",
    "KB": "kB",
    "L": "l",
    "mL": "ml",
    "mL.": "ml",
    "cL": "cl",
    "dL": "dl",
    "ºC": "°C",
    "° C": "°C",
    "º C": "°C",
    "℃": "°C",
    "ºF": "°F",
    "° F": "°F",
    "℉": "°F",
    "º": "°",
    "Ω": "Ω",
    "kΩ": "kΩ",
    "MΩ": "MΩ",
    "Kcal": "kcal",
    "mm Hg": "mmHg",
    "MBit": "Mbit",
    "GBit": "Gbit",
    "kBit": "kbit",
    "l/100km": "l/100 km",
    "L/100 km": "l/100 km",
    "％": "%",
}
"""How people write units -> the sign in the tables. Two of the ohms are U+2126."""


def listed(text: str) -> list[str]:
    """Return the words of a list that is written as a text."""
    return text.split()


_UNSURE = frozenset(listed("in y d wk ac B T C F hp ft mi"))
"""Signs of units that are words or names as often; a language that writes them says so."""

Count = Callable[[str, str], str]
"""Says a number, in digits or words, before a noun: ("21", "libras") -> veintiuna."""


def just_digits(number: str, noun: str) -> str:
    """Leave the number to the phonemizer: the noun changes nothing in it."""
    return number


@dataclass(frozen=True)
class Vocabulary:
    """The words of one language."""

    language: str
    table: Table
    signs: Mapping[str, str] = field(default_factory=dict)
    """Sign -> how it is said: "<" -> kleiner als."""
    names: Sequence[str] = tuple("0123456789")
    """Digits by name, from zero, for codes."""
    until: str = "–"
    """Word between the ends of a range."""
    units: Mapping[str, Forms] = field(default_factory=dict)
    """Names of units that CLDR lacks or that people say otherwise."""
    symbols: Mapping[str, str] = field(default_factory=dict)
    """Signs that are written here for units -> the sign in the tables; "" drops CLDR's."""
    rates: Mapping[str, str] = field(default_factory=dict)
    """Words under a stroke -> how they are said: "mes" -> al mes."""
    currencies: Mapping[str, Forms] = field(default_factory=dict)
    """Code -> names that are shorter than CLDR's."""
    currency_signs: Mapping[str, str] = field(default_factory=dict)
    """Signs of money -> codes, before those of all languages."""
    minor: Mapping[str, Forms] = field(default_factory=dict)
    """Code -> names of its hundredth."""
    amount: str = "{whole} {cents}"
    """How an amount with hundredths is said: whole (3 Euro), cents (50), minor (50 Cent)."""
    scales: Mapping[str, Forms] = field(default_factory=dict)
    """Shortened or full names of large numbers -> how they are said: Mio. -> Millionen."""
    of: str = "{scale} {currency}"
    """How a currency is joined to a large number: {scale} de {currency}."""
    ratio: str = ":"
    """Word between the parts of a score or a scale, 3:1."""
    by: str = ""
    """Word between the sides of a thing, 10 x 15 cm, if it is not that of a product."""
    over: str = "/"
    """Word between the two numbers of a blood pressure."""
    decimal_word: str | None = None
    """Name of the decimal sign where the phonemizer loses it."""
    count: Count = just_digits
    hashtag: str = "hashtag"
    code_block: str = "code"
    """Said for a block of program code."""

    def of_country(self, country: Mapping[str, Any]) -> Vocabulary:
        """Return the words as a country of CLDR's writes numbers and money."""
        marks = {key: country[key] for key in ("decimal", "group") if key in country}
        return replace(
            self,
            table=replace(self.table, **marks),
            currency_signs={**self.currency_signs, **country.get("money", {})},
        )

    @functools.cached_property
    def number(self) -> str:
        """A pattern of a number without a sign."""
        return self._number(self._groups)

    @functools.cached_property
    def plain_number(self) -> str:
        """A pattern of a number that counts nothing: a space parts its thousands only where the
        language writes them so, for "room 12 250 people" are two numbers."""
        spaced = self.table.group in _SPACES
        return self._number(self._groups if spaced else self._groups.replace(" ", ""))

    def _number(self, groups: str) -> str:
        other = "," if self.table.decimal == "," else "."
        return (
            rf"(?:\d{{1,3}}(?:{re.escape(other)}\d{{3}}){{1,4}}(?=[.,]\d{{1,2}}(?!\d))"
            rf"|\d{{1,3}}(?:[{re.escape(groups)}]\d{{3}}){{1,4}}(?!\d)|\d{{1,18}})"
            r"(?:[.,]\d{1,12})?(?!\d)"
        )

    @property
    def _groups(self) -> str:
        own = "." if self.table.decimal == "," else ","
        return own + _SPACES + _APOSTROPHES

    def plain(self, number: str) -> str:
        """Return a number without signs of thousands, its decimal sign that of the language."""
        both = re.fullmatch(r"(\d{1,3}(?:([.,])\d{3}){1,4})([.,])(\d{1,12})", number)
        if both and both[2] != both[3]:  # in the way of another language: 1,500.50
            whole = both[1].replace(both[2], "")
            return f"{whole}{self.table.decimal}{both[4]}"
        joined = re.sub(rf"[{re.escape(self._groups)}](?=\d{{3}}(?!\d))", "", number)
        other = "." if self.table.decimal == "," else ","
        return joined.replace(other, self.table.decimal)

    def signed(self, number: str, noun: str = "") -> str:
        """Say a number that may have a sign before it."""
        bare = number.lstrip(MINUS + "+±" + _SPACES)
        before = number[:1]
        plain = self.plain(bare)
        said = self.said_decimal(self.count(plain, noun) if noun else plain)
        if before in MINUS and before:
            return f"{self.signs['−']} {said}"
        if before in "+±" and before:
            return f"{self.signs[before]} {said}"
        return said

    def said_decimal(self, number: str) -> str:
        """Say a plain number, with its decimal sign in words where the phonemizer loses it."""
        whole, sign, places = number.partition(self.table.decimal)
        if not sign or self.decimal_word is None:
            return number
        return f"{whole} {self.decimal_word} {self.spell(places)}"

    @property
    def number_example(self) -> tuple[str, str]:
        """A number with a sign of thousands and a decimal sign."""
        group = self._groups[0]
        written = f"1{group}234{self.table.decimal}5"
        return written, self.said_decimal(f"1234{self.table.decimal}5")

    def spell(self, digits: str) -> str:
        """Say digit by digit."""
        return " ".join(self.names[int(c)] for c in digits if c.isdecimal())

    @functools.cached_property
    def all_units(self) -> dict[str, Forms]:
        """Names of units, by every way to write them."""
        known = {**self.table.units, **self.units}
        found = {
            sign: forms
            for sign, forms in known.items()
            if sign not in _UNSURE or sign in self.units
        }
        for bits in ("kbit", "Mbit", "Gbit"):
            if bits in known and "s" in self.table.per_unit:
                second = self.table.per_unit["s"]
                forms = known[bits]
                rates = [
                    f"{form} {second}" for form in ([forms] if isinstance(forms, str) else forms)
                ]
                found[f"{bits}/s"] = found[f"{bits[0]}bps"] = (
                    rates[0] if len(rates) == 1 else rates
                )
        spellings = {**UNIT_SPELLINGS, **self.table.symbols, **self.symbols}
        for symbol, sign in spellings.items():
            if sign in known and symbol not in _UNSURE - self.symbols.keys():
                found.setdefault(symbol, known[sign])
            elif not sign:
                found.pop(symbol, None)
        return found

    @functools.cached_property
    def unit_signs(self) -> dict[str, str]:
        """Every way to write a unit -> its sign in the tables."""
        return {
            **{sign: sign for sign in (*self.table.units, *self.units)},
            **UNIT_SPELLINGS,
            **self.table.symbols,
            **self.symbols,
        }

    def unit(self, symbol: str, number: str) -> str:
        """Say a unit behind a number."""
        return self.table.form(self.all_units[symbol], self.plain(number.lstrip(MINUS + "+±")))

    def rate(self, under: str) -> str:
        """Say what stands under a stroke: h -> pro Stunde."""
        sign = self.unit_signs.get(under, under)
        if found := self.rates.get(under) or self.table.per_unit.get(sign):
            return found
        if under in CURRENCY_SIGNS:
            return self.table.per.format("", self.table.one(self.currency(under))).strip()
        known = {**self.table.units, **self.units}.get(sign)
        name = self.table.one(known) if known is not None else under
        return self.table.per.format("", name).strip()

    @functools.cached_property
    def money_signs(self) -> dict[str, str]:
        """Every sign and code of money -> its code."""
        codes = {code: code for code in (*self.table.currencies, *self.currencies)}
        return {**codes, **CURRENCY_SIGNS, **self.currency_signs}

    def currency(self, sign: str) -> Forms:
        """Return the names of a currency, by a sign or a code."""
        code = self.money_signs[sign]
        known = self.currencies.get(code) or self.table.currencies.get(code)
        return known or ("Bitcoin" if code == "BTC" else code)

    def example(self, written: str, said: str, stop: bool = False) -> tuple[str, str]:
        """Make a rule's example: {km} and {€} in what is said are the words for five of them."""
        said = re.sub(r"\{(\S+)\}", lambda sign: self._named(sign[1]), said)
        return written, f"{said}." if stop else said

    def _named(self, sign: str) -> str:
        forms = self.all_units[sign] if sign in self.all_units else self.currency(sign)
        return self.table.form(forms, "5")


def any_of(words: Iterable[str]) -> str:
    """Write a pattern for any of some words, the longest first."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return "|".join(re.escape(word).replace(r"\ ", r"\s?") for word in ordered) or "(?!)"


def whole_stop(match: re.Match[str], said: str) -> str:
    """Keep the full stop of an abbreviation that ends the text or its paragraph, too."""
    ends = (
        match[0].rstrip().endswith(".") and not match.string[match.end() :].split("\n")[0].strip()
    )
    return f"{said}." if ends and not said.endswith(".") else said
