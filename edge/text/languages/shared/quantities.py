"""Read numbers with units, money, percentages and temperatures."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, before
from edge.text.languages.vocabulary import DASH, DIGITS, Vocabulary, any_of, whole_stop

SIGN = r"(?:(?<![\w.,)\]°%€])[-+±–]|−\s?)?"
"""A sign before a number; what stands before a hyphen tells that it is none."""
_APART = frozenset("AVWKNJmglhstu")
"""Units of one letter that want a space or a decimal sign before them: 3 A, not 3A."""
_CLOSE = frozenset("mglh%°‰′″'\"¢")
"""Units of one character that may stand close behind a whole number: 5m."""
_PRESSURE = (
    r"\bRR|\bTA|\bPA|blutdruck|tension|tensión|presión|pression[ei]|pressão|tensão|"
    r"bloeddruk|ciśnieni[ea]"
)
"""Pattern of what stands before a blood pressure without its unit."""
_HOUSE = re.compile(
    r"(?:str(?:\.|aße|asse)?|weg|platz|allee|gasse|rue|calle|via|rua|nr\.?|gleis|gate|tor|klasse|"
    r"zimmer|raum|wohnung|sitz|reihe|artikel|art\.|§|abs\.|puerta|piso|porte|quai|voie|linie)\s$",
    re.IGNORECASE,
)


def quantities(v: Vocabulary) -> tuple[Rule, ...]:
    """Make the rules of money first, since its codes are no units."""
    return (*_money(v), *_scaled(v), *_pressure(v), *_measured(v))


def _pressure(v: Vocabulary) -> tuple[Rule, ...]:
    """Blood pressure, before its stroke is that of a rate."""
    name = v.unit("mmHg", "80")
    return (
        Rule(
            "medical",
            re.compile(r"(?<![\d.,/])(?P<a>\d{2,3})/(?P<b>\d{2,3})\s?mm\s?Hg(?!\w)"),
            lambda match, how: f"{match['a']} {v.over} {match['b']} {name}",
            ("120/80 mmHg", f"120 {v.over} 80 {name}"),
            frozenset("/"),
        ),
        Rule(
            "medical",
            re.compile(
                rf"(?i:{_PRESSURE})[^\d\n]{{1,24}}(?P<it>(?P<a>\d{{1,3}})/(?P<b>\d{{1,3}}))(?![\w/]|[.,]\d)"
            ),
            lambda match, how: f"{match['a']} {v.over} {match['b']}",
            ("RR 120/80", f"R R 120 {v.over} 80"),
            frozenset("/"),
        ),
    )


def _measured(v: Vocabulary) -> tuple[Rule, ...]:
    units = any_of(v.all_units)

    def say(match: re.Match[str], how: How) -> str | None:
        unit = match["unit"].replace("\u00a0", " ")
        if unit not in v.all_units:
            unit = next(u for u in v.all_units if u.replace(" ", "") == unit.replace(" ", ""))
        if len(unit) == 1 and unit.isalpha():
            close = not match["gap"] and not match["to"]
            if close and unit not in _CLOSE and not _is_decimal(match["a"]):
                return None
            if unit.isupper() and _HOUSE.search(before(match)):
                return None
        last = match["b"] or match["a"]
        name = v.unit(unit, last)
        rate = f" {v.rate(match['per'])}" if match["per"] else ""
        if match["b"]:
            start = v.signed(match["a"], name)
            said = f"{start} {v.until} {v.signed(match['b'], name)}"
        else:
            said = v.signed(match["a"], name)
        return whole_stop(match, placed(said, name) + rate)

    return (
        Rule(
            "unit",
            re.compile(
                rf"(?<![\w/:^])(?<!\d[.,])(?P<a>{SIGN}{v.number})"
                rf"(?:\s?(?P<to>[{DASH}])\s?(?P<b>{SIGN}{v.number}))?"
                rf"(?P<gap>[\s-]?)(?P<unit>{units})"
                rf"(?:\s?/\s?(?P<per>{units}|[^\W\d_]{{3,14}}))?(?![\w²³/]|\.\w)"
            ),
            say,
            v.example("5 km", "5 {km}"),
            DIGITS,
        ),
        Rule(
            "unit",
            re.compile(r"(?<=\d)\s?/\s?(?P<per>min|h|s|kg|m²|km|l|d)(?![\w²³/]|\.\w)"),
            lambda match, how: v.rate(match["per"]),
            ("72/min", f"72 {v.rate('min')}"),
            frozenset("/"),
        ),
    )


def placed(number: str, name: str) -> str:
    """Put a number and the name of what it counts together."""
    return name.replace("{0}", number) if "{0}" in name else f"{number} {name}"


def _is_decimal(number: str) -> bool:
    return "," in number or "." in number


def _money(v: Vocabulary) -> tuple[Rule, ...]:
    signs, scales = any_of(v.money_signs), any_of(v.scales)
    numbers = (
        rf"(?P<a>{SIGN}{v.number})(?:\s?(?P<to>[{DASH}])\s?(?P<b>{v.number}))?(?:,[-–—]{{1,2}})?"
        rf"(?:\s?(?P<scale>{scales})(?![^\W_]))?"
    )
    per = r"(?:\s?/\s?(?P<per>100 km|[^\W\d_]{1,14}²?|[€$£]))?"

    def say(match: re.Match[str], how: How) -> str:
        said = amount(v, match["a"], match["b"], match["scale"], match["sign"])
        return f"{said} {v.rate(match['per'])}" if match["per"] else said

    return (
        Rule(
            "money",
            re.compile(rf"(?<![\w/]){numbers}\s?(?P<sign>{signs}){per}(?!\w)"),
            say,
            v.example("5 €", "5 {€}"),
            DIGITS,
        ),
        Rule(
            "money",
            re.compile(rf"(?<!\w)(?P<neg>[-−–]?)(?P<sign>{signs})\s?{numbers}{per}(?!\w)"),
            lambda match, how: (f"{v.signs['−']} " if match["neg"] else "") + say(match, how),
            v.example("$5", "5 {$}"),
            DIGITS,
        ),
    )


def amount(v: Vocabulary, first: str, last: str | None, scale: str | None, sign: str) -> str:
    """Say an amount of money, or a range of amounts."""
    forms, code = v.currency(sign), v.money_signs[sign]
    start = f"{v.signed(first)} {v.until} " if last else ""
    shown = last or first
    number = v.plain(shown.lstrip("-−–+± "))
    if scale:
        noun = v.table.form(v.scales[scale], number)
        many = v.table.form(forms, "1000000")
        said = f"{v.signed(shown, noun)} {joined(v, noun, many)}"
        return start + said
    whole, _, cents = number.partition(v.table.decimal)
    name = v.table.form(forms, whole if len(cents) == 2 else number)
    if len(cents) != 2 or code not in v.minor:
        return start + placed(v.signed(shown, name), name)
    # The sign belongs to the whole, the hundredths have none.
    lead = shown[: len(shown) - len(shown.lstrip("-−–+± "))].strip()
    minor = v.table.form(v.minor[code], str(int(cents)))
    said_minor = f"{v.count(str(int(cents)), minor)} {minor}"
    if int(cents) == 0:
        return start + placed(v.signed(lead + whole, name), name)
    if int(whole) == 0 and not last:
        return f"{v.signs[lead if lead in '+±' else '−']} {said_minor}" if lead else said_minor
    said_whole = placed(v.signed(lead + whole, name), name)
    return start + v.amount.format(whole=said_whole, cents=str(int(cents)), minor=said_minor)


_THOUSANDS = frozenset(("mille", "mil", "tausend", "mila", "duizend"))
"""Nothing joins these to a currency: 45 mille euros, but 45 millions d'euros."""


def joined(v: Vocabulary, scale: str, currency: str) -> str:
    """Put a large number's name and a currency together: millions d'euros."""
    if scale in _THOUSANDS:
        return f"{scale} {currency}"
    said = v.of.format(scale=scale, currency=currency)
    return re.sub(r"(?<=\bd)e (?=[aeiouhé])", "'", said) if v.language == "fr" else said


def _scaled(v: Vocabulary) -> tuple[Rule, ...]:
    """Numbers of millions without a currency: 1,2 Mio."""
    short = [scale for scale in v.scales if scale.endswith(".")]
    if not short:
        return ()

    def say(match: re.Match[str], how: How) -> str:
        noun = v.table.form(v.scales[match["scale"]], v.plain(match["a"].lstrip("-−–+± ")))
        return whole_stop(match, f"{v.signed(match['a'], noun)} {noun}")

    return (
        Rule(
            "number",
            re.compile(rf"(?<!\w)(?P<a>{SIGN}{v.number})\s?(?P<scale>{any_of(short)})(?!\w)"),
            say,
            v.example(f"5 {short[0]}", f"5 {v.table.form(v.scales[short[0]], '5')}", stop=True),
            DIGITS,
        ),
    )
