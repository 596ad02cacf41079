"""Read what holds in every language: signs, units, money, addresses, and no digit is lost."""

from __future__ import annotations

import functools
import re

from edge.text.claims import How, Language, Rule
from edge.text.languages.shared.addresses import addresses
from edge.text.languages.shared.arithmetic import (
    fractions,
    numbers,
    ranges,
    say_as_decimal,
    signs,
)
from edge.text.languages.shared.codes import dotted, zeros
from edge.text.languages.shared.quantities import quantities
from edge.text.languages.sign_names import sign_names
from edge.text.languages.tables import load_table
from edge.text.languages.vocabulary import Vocabulary, listed
from edge.text.markdown import MARKDOWN


def _as_it_is(match: re.Match[str], how: How) -> str:
    return match[0]


GIVEN = Rule(
    "given",
    re.compile(r"\[\[.{1,400}?\]\]"),
    _as_it_is,
    ("[[həˈloʊ]]", "[[həˈloʊ]]"),
    frozenset("["),
)
"""Phonemes in a text are nobody's to read otherwise: every language's first rule."""

LOST_DECIMALS = frozenset(listed("ja ka kk ko ku lb th uk"))
"""Languages in which espeak-ng (of piper-tts 1.8.0) reads 3,75 like 3 75 or less: the decimal sign
and the places are said in words."""

_UNITS: dict[str, dict[str, str]] = {
    "ar": {"kWh": "كيلوواط ساعة"},
    "cy": {"°C": "gradd Celsius"},
    "kk": {"km/h": "километр сағатына"},
    "ko": {"%": "퍼센트", "‰": "퍼밀"},
    "ku": {
        "%": "ji sedî",
        "‰": "ji hezarî",
        "°C": "pile",
        "kg": "kîlogram",
        "kWh": "kîlowatsaet",
        "km/h": "kîlometre di saetê de",
        "GB": "gîgabayt",
    },
    "lb": {"%": "Prozent", "‰": "Promill"},
    "ml": {"%": "ശതമാനം", "km/h": "കിലോമീറ്റർ മണിക്കൂറിൽ", "kWh": "കിലോവാട്ട് അവർ"},
    "te": {"‰": "పర్ మిల్లె"},
    "tr": {"km/h": "kilometre saatte"},
    "vi": {"%": "phần trăm", "‰": "phần nghìn", "km/h": "ki lô mét trên giờ"},
    "zh": {"%": "百分之{0}", "‰": "千分之{0}"},
}
"""Names of units that CLDR has only signs for."""
_MONEY: dict[str, dict[str, str]] = {
    "bg": {"лв": "BGN", "лв.": "BGN"},
    "cs": {"Kč": "CZK"},
    "da": {"kr": "DKK", "kr.": "DKK"},
    "hu": {"Ft": "HUF"},
    "id": {"Rp": "IDR"},
    "is": {"kr": "ISK", "kr.": "ISK"},
    "no": {"kr": "NOK", "kr.": "NOK"},
    "ro": {"lei": "RON", "leu": "RON"},
    "ru": {"руб.": "RUB", "руб": "RUB"},
    "sr": {"дин.": "RSD", "din.": "RSD"},
    "sv": {"kr": "SEK", "kr.": "SEK"},
    "sw": {"TSh": "TZS"},
    "tr": {"TL": "TRY"},
    "uk": {"грн": "UAH", "грн.": "UAH"},
    "vi": {"đ": "VND", "₫": "VND"},
}
"""Signs of money that are words elsewhere."""


@functools.cache
def language_without_rules(name: str) -> Language:
    """Make the rules of a language that has none of its own, from CLDR and the names of signs."""
    table, names = load_table(name), sign_names(name)
    if table is None or not names:
        return Language(name, (GIVEN, *MARKDOWN))
    v = Vocabulary(
        name,
        table,
        signs=names,
        until=names["–"],
        units=_UNITS.get(name, {}),
        currency_signs=_MONEY.get(name, {}),
        ratio=names[":"],
        over=names["/"],
        decimal_word=names[","] if name in LOST_DECIMALS else None,
    )
    return Language(
        name,
        (
            GIVEN,
            *addresses(v),
            *dotted(v),
            *fractions(v, say_as_decimal(v)),
            *quantities(v),
            *ranges(v),
            *numbers(v),
            *zeros(v),
            *signs(v),
        ),
    )
