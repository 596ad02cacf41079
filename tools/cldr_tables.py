"""Write the tables of edge/text/languages/cldr/, one a language, from the CLDR that Babel carries.

python -m tools.cldr_tables          (pip install babel; never needed on a board)
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "edge/text/languages/cldr"
_LANGUAGES = (
    "ar bg bn ca cs cy da de el en es et eu fa fi fr he hi hu hy id is it ja ka kk ko ku lb lv ml "
    "mr ne nl no pl pt ro ru sk sl sq sr sv sw te th tr uk ur vi zh"
)
LANGUAGES = _LANGUAGES.split()
"""Languages of Piper's catalogue."""
BY_COUNTRY = ("es",)
"""Languages of which a country's numbers or money are read otherwise than the others'."""

UNITS = {
    "km": "length-kilometer",
    "m": "length-meter",
    "dm": "length-decimeter",
    "cm": "length-centimeter",
    "mm": "length-millimeter",
    "µm": "length-micrometer",
    "nm": "length-nanometer",
    "mi": "length-mile",
    "yd": "length-yard",
    "ft": "length-foot",
    "in": "length-inch",
    "nmi": "length-nautical-mile",
    "km²": "area-square-kilometer",
    "m²": "area-square-meter",
    "cm²": "area-square-centimeter",
    "ha": "area-hectare",
    "ac": "area-acre",
    "ft²": "area-square-foot",
    "km³": "volume-cubic-kilometer",
    "m³": "volume-cubic-meter",
    "cm³": "volume-cubic-centimeter",
    "hl": "volume-hectoliter",
    "l": "volume-liter",
    "dl": "volume-deciliter",
    "cl": "volume-centiliter",
    "ml": "volume-milliliter",
    "gal": "volume-gallon",
    "t": "mass-tonne",
    "kg": "mass-kilogram",
    "g": "mass-gram",
    "mg": "mass-milligram",
    "µg": "mass-microgram",
    "lb": "mass-pound",
    "oz": "mass-ounce",
    "y": "duration-year",
    "wk": "duration-week",
    "d": "duration-day",
    "h": "duration-hour",
    "min": "duration-minute",
    "s": "duration-second",
    "ms": "duration-millisecond",
    "µs": "duration-microsecond",
    "ns": "duration-nanosecond",
    "km/h": "speed-kilometer-per-hour",
    "m/s": "speed-meter-per-second",
    "mph": "speed-mile-per-hour",
    "kn": "speed-knot",
    "°": "angle-degree",
    "°C": "temperature-celsius",
    "°F": "temperature-fahrenheit",
    "K": "temperature-kelvin",
    "kWh": "energy-kilowatt-hour",
    "J": "energy-joule",
    "kJ": "energy-kilojoule",
    "cal": "energy-calorie",
    "kcal": "energy-kilocalorie",
    "GW": "power-gigawatt",
    "MW": "power-megawatt",
    "kW": "power-kilowatt",
    "W": "power-watt",
    "mW": "power-milliwatt",
    "hp": "power-horsepower",
    "V": "electric-volt",
    "A": "electric-ampere",
    "mA": "electric-milliampere",
    "Ω": "electric-ohm",
    "GHz": "frequency-gigahertz",
    "MHz": "frequency-megahertz",
    "kHz": "frequency-kilohertz",
    "Hz": "frequency-hertz",
    "bit": "digital-bit",
    "kbit": "digital-kilobit",
    "Mbit": "digital-megabit",
    "Gbit": "digital-gigabit",
    "B": "digital-byte",
    "kB": "digital-kilobyte",
    "MB": "digital-megabyte",
    "GB": "digital-gigabyte",
    "TB": "digital-terabyte",
    "PB": "digital-petabyte",
    "px": "graphics-pixel",
    "MP": "graphics-megapixel",
    "dpi": "graphics-dot-per-inch",
    "bar": "pressure-bar",
    "mbar": "pressure-millibar",
    "Pa": "pressure-pascal",
    "hPa": "pressure-hectopascal",
    "kPa": "pressure-kilopascal",
    "MPa": "pressure-megapascal",
    "mmHg": "pressure-millimeter-ofhg",
    "psi": "pressure-pound-force-per-square-inch",
    "N": "force-newton",
    "Nm": "torque-newton-meter",
    "lm": "light-lumen",
    "lx": "light-lux",
    "mol": "concentr-mole",
    "ppm": "concentr-part-per-1e6",
    "%": "concentr-percent",
    "‰": "concentr-permille",
    "mpg": "consumption-mile-per-gallon",
    "l/100 km": "consumption-liter-per-100-kilometer",
}
"""Sign of a unit -> its name in CLDR."""

PREFIXED = {
    "mV": ("V", "10p-3"),
    "kV": ("V", "10p3"),
    "µA": ("A", "10p-6"),
    "kΩ": ("Ω", "10p3"),
    "MΩ": ("Ω", "10p6"),
    "MJ": ("J", "10p6"),
    "kN": ("N", "10p3"),
    "mmol": ("mol", "10p-3"),
    "Tbit": ("bit", "10p12"),
}
"""Units that CLDR has no name for, by the unit and the prefix that make it."""

WATT_HOURS = {"Wh": None, "MWh": "10p6", "GWh": "10p9", "TWh": "10p12"}
"""Their names are that of the kilowatt-hour with another prefix."""

_CURRENCIES = (
    "EUR USD GBP JPY CNY CHF CAD AUD NZD SEK NOK DKK ISK PLN CZK HUF RON BGN RSD UAH RUB TRY ILS "
    "INR PKR BDT NPR IDR VND THB KRW PHP MYR SGD HKD TWD BRL MXN ARS CLP COP PEN UYU ZAR NGN KES "
    "EGP MAD JOD SAR AED IRR KZT GEL AMD ALL CDF TZS BTC"
)
CURRENCIES = _CURRENCIES.split()


def main() -> int:
    """Write every table."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        (FOLDER / f"{language}.json").write_text(written(table(language)), encoding="utf-8")
    for language in BY_COUNTRY:
        path = FOLDER / f"{language}-countries.json"
        path.write_text(written(dict(countries(language))), encoding="utf-8")
    return 0


def countries(language: str) -> Iterator[tuple[str, object]]:
    """Yield the countries that write numbers or money otherwise than the language's own table: in
    Mexico 1,250.50 is a number, and $ are pesos."""
    from babel import localedata
    from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol
    from babel.numbers import get_territory_currencies as money_of

    own = get_decimal_symbol(language), get_group_symbol(language)
    for name in sorted(localedata.locale_identifiers()):
        country = name.removeprefix(f"{language}_")
        if name == country or not re.fullmatch("[A-Z]{2}", country):
            continue
        marks = get_decimal_symbol(name), get_group_symbol(name)
        found: dict[str, object] = {}
        if marks == own[::-1]:
            found |= {"decimal": marks[0], "group": marks[1]}
        if money := money_of(country):
            sign = get_currency_symbol(money[0], name)
            if sign == "$" and money[0] in CURRENCIES and money[0] != "USD":
                found["money"] = {sign: money[0]}
        if found:
            yield country, found


def source() -> str:
    """Name what the tables are made from."""
    from babel.core import get_cldr_version

    return f"Unicode CLDR {get_cldr_version()}, Unicode License v3"


def written(table: Mapping[str, object]) -> str:
    """Return a table as its file holds it: a line for each key."""
    lines = (f'"{key}": {json.dumps(table[key], ensure_ascii=False)}' for key in table)
    return "{\n" + ",\n".join(lines) + "\n}\n"


def table(language: str) -> dict[str, object]:
    """Collect what CLDR knows of a language."""
    from babel import Locale

    locale = Locale.parse(language)
    data: Any = locale._data
    rules = locale.plural_form.rules
    categories = [*sorted(rules), "other"]
    latin = data["number_symbols"]["latn"]
    units, symbols = _units(data, categories)
    return {
        "source": source(),
        "decimal": latin["decimal"],
        "group": latin["group"],
        "date": data["date_formats"]["long"].pattern,
        "months": [data["months"]["format"]["wide"][n] for n in range(1, 13)],
        "months_short": [data["months"]["format"]["abbreviated"][n] for n in range(1, 13)],
        "weekdays": [data["days"]["format"]["wide"][n] for n in range(7)],
        "weekdays_short": [data["days"]["format"]["abbreviated"][n] for n in range(7)],
        "plurals": [[name, _rule(rules[name])] for name in sorted(rules)],
        "per": data["compound_unit_patterns"]["per"]["long"]["compound"],
        "units": units,
        "symbols": symbols,
        "per_unit": dict(_per_units(data)),
        "currencies": dict(_currencies(data, categories)),
    }


def _rule(text: str) -> list[list[list[object]]]:
    """Parse a plural rule: any of these lists, all conditions of it: operand, modulus (0: none),
    whether it lies in one of the ranges or in none, ranges."""
    return [[_condition(part) for part in either.split(" and ")] for either in text.split(" or ")]


def _condition(text: str) -> list[object]:
    match = re.fullmatch(r"([nivwftec])(?: mod (\d+))? (not )?in (\S+)", text)
    if match is None:
        raise ValueError(f"a plural rule is not understood: {text!r}")
    operand, modulus, outside, ranges = match.groups()
    pairs = [[int(end) for end in span.split("..")] for span in ranges.split(",")]
    return [operand, int(modulus or 0), not outside, [[p[0], p[-1]] for p in pairs]]


def _units(data: Any, categories: list[str]) -> tuple[dict[str, object], dict[str, str]]:
    """Return the names of units, and the signs that this language writes for them."""
    patterns, compounds = data["unit_patterns"], data["compound_unit_patterns"]
    units: dict[str, object] = {}
    symbols: dict[str, str] = {}
    for sign, name in UNITS.items():
        unit = patterns.get(name)
        if unit is None:
            continue
        if (forms := _forms(unit["long"], categories)) is None:
            continue
        units[sign] = forms
        for width in ("narrow", "short"):
            for pattern in dict(unit[width]).values() if width in unit else ():
                symbol = re.sub(r"[{}01]", "", pattern).strip("\u200e\u200f\u202f\u00a0 ")
                if symbol not in ("", sign) and "/" not in symbol and _is_sure(symbol, sign):
                    symbols.setdefault(symbol, sign)
    for sign, (stem, prefix) in PREFIXED.items():
        if stem in units and prefix in compounds:
            units[sign] = _prefixed(units[stem], compounds[prefix]["long"]["prefix"])
    kilo = compounds["10p3"]["long"]["prefix"].replace("{0}", "") if "10p3" in compounds else ""
    for sign, power in WATT_HOURS.items():
        put = compounds[power]["long"]["prefix"].replace("{0}", "") if power else ""
        named = _exchanged(units.get("kWh"), kilo, put)
        if kilo and units.get("kWh") and named != units["kWh"]:
            units[sign] = named
    return units, {symbol: sign for symbol, sign in symbols.items() if symbol not in units}


def _is_sure(symbol: str, sign: str) -> bool:
    """Tell whether a sign behind a number is that of a unit: "7 a", "3 M" and "5 j" are more."""
    return len(symbol) > 1 or sign not in ("y", "wk", "d", "nmi")


def _forms(patterns: Mapping[str, str], categories: list[str]) -> object:
    """Return a unit's name in each category of number, or one name that holds in all: {0} stands
    where the number does not come first. None where CLDR has but a sign."""
    if _is_sign(patterns["other"]):
        return None
    chosen = (patterns.get(category, patterns["other"]) for category in categories)
    forms = [
        re.sub(r"^\{0\}[\s\u00a0]?", "", patterns["other"] if _is_sign(each) else each)
        for each in chosen
    ]
    return forms[0] if len(set(forms)) == 1 else forms


def _is_sign(pattern: str) -> bool:
    return re.search(r"[%‰٪°²³/]", pattern) is not None


def _prefixed(forms: object, prefix: str) -> object:
    if isinstance(forms, list):
        return [_prefixed(form, prefix) for form in forms]
    stem = str(forms)
    return prefix.replace("{0}", stem.lower() if prefix[0].isupper() else stem)


def _exchanged(forms: object, kilo: str, put: str) -> object:
    if isinstance(forms, list):
        return [_exchanged(form, kilo, put) for form in forms]
    changed = re.sub(re.escape(kilo), put, str(forms), flags=re.IGNORECASE)
    return changed if str(forms)[0].islower() else changed[:1].upper() + changed[1:]


def _per_units(data: Any) -> Iterator[tuple[str, str]]:
    for sign, name in UNITS.items():
        unit = data["unit_patterns"].get(name)
        if unit is not None and "per" in unit["long"]:
            yield sign, unit["long"]["per"].replace("{0}", "").strip()


def _currencies(data: Any, categories: list[str]) -> Iterator[tuple[str, object]]:
    for code in CURRENCIES:
        plural = dict(data["currency_names_plural"].get(code, {}))
        plain = data["currency_names"].get(code)
        if plural or plain:
            forms = [plural.get(each) or plural.get("other") or plain for each in categories]
            yield code, forms[0] if len(set(forms)) == 1 else forms


if __name__ == "__main__":
    sys.exit(main())
