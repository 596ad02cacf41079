"""Say amounts of money in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, after, before
from edge.text.languages.en.numbers import (
    DASH,
    DIGITS,
    MINUS,
    NUM,
    cardinal,
    is_one,
    number,
)

_UNITS = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "US$": ("U S dollar", "U S dollars", "cent", "cents"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "NZ$": ("New Zealand dollar", "New Zealand dollars", "cent", "cents"),
    "HK$": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "S$": ("Singapore dollar", "Singapore dollars", "cent", "cents"),
    "MX$": ("Mexican peso", "Mexican pesos", "centavo", "centavos"),
    "R$": ("real", "reais", "centavo", "centavos"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "", ""),
    "₽": ("ruble", "rubles", "kopek", "kopeks"),
    "₺": ("lira", "lira", "kurush", "kurush"),
    "₴": ("hryvnia", "hryvnias", "kopiyka", "kopiykas"),
    "₪": ("shekel", "shekels", "agora", "agorot"),
    "₫": ("dong", "dong", "", ""),
    "฿": ("baht", "baht", "satang", "satang"),
    "₱": ("peso", "pesos", "centavo", "centavos"),
    "₦": ("naira", "naira", "kobo", "kobo"),
    "₿": ("bitcoin", "bitcoin", "", ""),
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
    "zł": ("zloty", "zlotys", "grosz", "groszy"),
    "Kč": ("koruna", "koruna", "haler", "halers"),
    "kr": ("krona", "kronor", "ore", "ore"),
    "CNY": ("yuan", "yuan", "", ""),
    "DKK": ("Danish krone", "Danish kroner", "ore", "ore"),
    "NOK": ("Norwegian krone", "Norwegian kroner", "ore", "ore"),
    "SEK": ("Swedish krona", "Swedish kronor", "ore", "ore"),
    "ZAR": ("rand", "rand", "cent", "cents"),
    "AED": ("dirham", "dirhams", "fils", "fils"),
    "BTC": ("bitcoin", "bitcoin", "", ""),
}
_SAME = {
    "USD": "US$",
    "US $": "US$",
    "AUD": "A$",
    "AU$": "A$",
    "CAD": "C$",
    "CA$": "C$",
    "NZD": "NZ$",
    "HKD": "HK$",
    "SGD": "S$",
    "MXN": "MX$",
    "BRL": "R$",
    "GBP": "£",
    "EUR": "€",
    "JPY": "¥",
    "INR": "₹",
    "Rs": "₹",
    "Rs.": "₹",
    "KRW": "₩",
    "RUB": "₽",
    "TRY": "₺",
    "PLN": "zł",
    "CZK": "Kč",
    "RMB": "CNY",
    "THB": "฿",
    "PHP": "₱",
    "ILS": "₪",
}
_MAGNITUDES = {
    "hundred": "hundred",
    "thousand": "thousand",
    "grand": "thousand",
    "million": "million",
    "billion": "billion",
    "trillion": "trillion",
    "k": "thousand",
    "K": "thousand",
    "m": "million",
    "M": "million",
    "mn": "million",
    "mil": "million",
    "MM": "million",
    "b": "billion",
    "B": "billion",
    "bn": "billion",
    "t": "trillion",
    "T": "trillion",
    "tn": "trillion",
}
_PER = {
    "hr": "hour",
    "h": "hour",
    "hour": "hour",
    "day": "day",
    "night": "night",
    "week": "week",
    "wk": "week",
    "mo": "month",
    "month": "month",
    "yr": "year",
    "year": "year",
    "kg": "kilogram",
    "lb": "pound",
    "oz": "ounce",
    "g": "gram",
    "gal": "gallon",
    "L": "liter",
    "l": "liter",
    "kWh": "kilowatt hour",
    "MWh": "megawatt hour",
    "GB": "gigabyte",
    "min": "minute",
    "person": "person",
    "user": "user",
    "seat": "seat",
    "unit": "unit",
    "item": "item",
    "piece": "piece",
    "share": "share",
    "barrel": "barrel",
    "bbl": "barrel",
    "mile": "mile",
    "mi": "mile",
    "km": "kilometer",
    "sqft": "square foot",
    "sq ft": "square foot",
    "m²": "square meter",
    "ton": "ton",
    "t": "ton",
}


def _any(words: object) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))  # type: ignore[call-overload]


_FRONT = _any([c for c in {*_UNITS, *_SAME} if c not in ("kr", "Kč", "zł")])
_BACK = _any([c for c in {*_UNITS, *_SAME} if c not in ("Rs", "Rs.")])
_MAG = (
    rf"(?:[\s-]?(?:hundred|thousand|grand|million|billion|trillion|mil)\b"
    rf"|\s?(?:{_any(k for k in _MAGNITUDES if len(k) < 3)})(?![\w$€£]))"
)
_PER_END = rf"(?:\s?/\s?(?P<per>{_any(_PER)})(?!\w))?"
_ADJECTIVE = re.compile(
    r"[\s-](?!(?:and|or|in|on|at|for|to|from|per|is|was|are|were|that|which|of|with|as|by|but|if"
    r"|when|while|a|an|the|more|less|each|every|off|back|now|today|cash|extra|worth|until|after"
    r"|before|because|so|than)\b)[a-z]{2}"
)
_ARTICLE = re.compile(r"(?:^|\s|\()(?:a|an|another|one|this|every|each)\s$", re.IGNORECASE)


def _attributive(match: re.Match[str]) -> bool:
    """True in "a $5 bill", where the unit has no plural."""
    behind = after(match)
    if re.match(r"-[a-z]|\s(?:bill|bills|note|notes|coin|gift card|question)\b", behind):
        return True
    return bool(_ARTICLE.search(before(match)) and _ADJECTIVE.match(behind))


def amount(digits: str, currency: str, magnitude: str = "", single: bool = False) -> str:
    """Say an amount: 5.50 $ -> five dollars and fifty cents."""
    one, many, part, parts = _UNITS[_SAME.get(currency, currency)]
    bare = digits.replace(",", "").replace(" ", "")
    if magnitude:
        word = _MAGNITUDES[magnitude.strip(" -")]
        return f"{number(bare)} {word} {one if single else many}"
    whole, _, places = bare.partition(".")
    unsigned = whole.lstrip(MINUS + "+~±≈")
    if len(places) == 2 and part:
        sign = number(whole[: len(whole) - len(unsigned)] + "0")[: -len("zero")]
        cents = f"{cardinal(places)} {part if int(places) == 1 else parts}"
        if int(unsigned or "0") == 0 and int(places):
            return sign + cents
        unit = one if single or unsigned == "1" else many
        said = f"{sign}{cardinal(unsigned)} {unit}"
        return f"{said} and {cents}" if int(places) else said
    return f"{number(bare)} {one if single or is_one(bare) else many}"


def _per(match: re.Match[str]) -> str:
    return f" per {_PER[match['per']]}" if match["per"] else ""


def _front(match: re.Match[str], how: How) -> str | None:
    sign = (match["sign"] or "") + (match["sign2"] or "")
    currency = match["cur"]
    if currency == "PHP" and re.fullmatch(r"\d(?:\.\d{1,2})?", match["num"]):
        return None  # the language, of a version
    said = amount(sign + match["num"], currency, match["mag"] or "", _attributive(match))
    return said + _per(match)


def _front_range(match: re.Match[str], how: How) -> str:
    last, magnitude = match["last"], match["mag"] or ""
    first = number(match["num"].replace(",", ""))
    if match["mag1"] and match["mag1"].strip() != magnitude.strip():
        first = amount(match["num"], match["cur"], match["mag1"])
    elif "." in match["num"] and not magnitude:
        first = amount(match["num"], match["cur"])
    return f"{first} to {amount(last, match['cur'], magnitude, _attributive(match))}{_per(match)}"


def _back(match: re.Match[str], how: How) -> str:
    first = f"{number(match['first'].replace(',', ''))} to " if match["first"] else ""
    said = amount((match["sign"] or "") + _plain(match["num"]), match["cur"], match["mag"] or "")
    return first + said + _per(match)


def _plain(digits: str) -> str:
    """Read the decimal comma of the continent: 5,50 € -> 5.50."""
    return re.sub(r"^(\d{1,12}),(\d{1,2})$", r"\1.\2", digits)


def _cents(match: re.Match[str], how: How) -> str:
    parts = ("penny", "pence") if match["unit"] == "p" else ("cent", "cents")
    return f"{number(match['num'])} {parts[0] if is_one(match['num']) else parts[1]}"


_MONEY = frozenset("$€£¥₹₩₽₺₴₪₫฿₱₦₿")

MONEY: tuple[Rule, ...] = (
    Rule(
        "money",
        re.compile(
            rf"(?<![\w.])(?P<cur>{_FRONT})\s?(?P<num>{NUM})(?P<mag1>{_MAG})?{DASH}"
            rf"(?:(?P=cur)\s?)?(?P<last>{NUM})(?P<mag>{_MAG})?{_PER_END}(?![\w]|[.,-]\d)"
        ),
        _front_range,
        ("$5-10", "five to ten dollars"),
        DIGITS,
    ),
    Rule(
        "money",
        re.compile(rf"(?<![\w.])(?P<cur>{_FRONT})\s?(?P<num>\d{{1,9}},\d{{2}})(?![\w]|[.,]\d)"),
        lambda match, how: amount(_plain(match["num"]), match["cur"]),
        ("€45,50", "forty-five euros and fifty cents"),
        DIGITS,
    ),
    Rule(
        "money",
        re.compile(
            rf"(?P<sign>(?<![\w.)-])[{MINUS}+~≈]\s?)?(?<![A-Za-z0-9])(?P<cur>{_FRONT})"
            rf"\s?(?P<sign2>[-−])?(?P<num>{NUM})(?P<mag>{_MAG})?{_PER_END}(?![a-z\d]|[.,]\d)"
        ),
        _front,
        ("$1.2M", "one point two million dollars"),
        DIGITS,
    ),
    Rule(
        "money",
        re.compile(
            rf"(?<![\w.,$€£])(?:(?P<first>{NUM}){DASH})?(?P<sign>(?<![\w)])[{MINUS}+~≈])?"
            rf"(?P<num>{NUM})(?P<mag>{_MAG})?\s?(?P<cur>{_BACK})(?![\w]){_PER_END}"
        ),
        _back,
        ("50 EUR", "fifty euros"),
        DIGITS,
    ),
    Rule(
        "money",
        re.compile(
            rf"(?<![\w.,])(?P<num>\d{{1,3}}(?:[.\s\u00a0\u202f]\d{{3}}){{0,4}},\d{{2}})\s"
            rf"?(?P<cur>{_BACK})(?!\w)"
        ),
        lambda match, how: amount(
            re.sub(r"[.\s]", "", match["num"]).replace(",", "."), match["cur"]
        ),
        ("1.250,50 €", "one thousand two hundred fifty euros and fifty cents"),
        DIGITS,
    ),
    Rule(
        "number",
        re.compile(
            r"(?<![\w.,])(?P<num>\d{1,4}(?:\.\d{1,3})?)\s?(?P<mag>k|K|M|B|bn|mn)(?:\+"
            r"|(?=\s[a-z]{2,20}s\b|\s(?:people|more|less)\b))(?!\w)"
        ),
        lambda match, how: (
            f"{number(match['num'])} {_MAGNITUDES[match['mag']]}"
            + (" plus" if match[0].endswith("+") else "")
            if not re.match(r"\s(?:displays|monitors|screens|videos|runs|races|TVs)", after(match))
            else None
        ),
        ("1.2k likes", "one point two thousand likes"),
        DIGITS,
    ),
    Rule(
        "money",
        re.compile(rf"(?<![\w.,])(?P<num>{NUM})\s?(?P<unit>¢|p(?=\b)(?!\.m))"),
        _cents,
        ("99p", "ninety-nine pence"),
        DIGITS,
    ),
)
