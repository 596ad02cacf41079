"""Say French ordinals, dates, times and fractions."""

from __future__ import annotations

import re

from edge.text.languages.tables import require_table
from edge.text.languages.vocabulary import listed

TABLE = require_table("fr")
_ONES = listed(
    """zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze
    seize"""
)
_TENS = listed("vingt trente quarante cinquante soixante")


def cardinal(number: int) -> str:
    """Say a number up to 999."""
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        head = "cent" if hundreds == 1 else f"{_ONES[hundreds]} cent"
        return f"{head} {cardinal(rest)}" if rest else head
    if number < 17:
        return _ONES[number]
    if number < 20:
        return f"dix-{_ONES[number - 10]}"
    if number < 70:
        tens, ones = divmod(number, 10)
        joint = " et " if ones == 1 else "-"
        return _TENS[tens - 2] + (f"{joint}{_ONES[ones]}" if ones else "")
    if number < 80:
        return "soixante et onze" if number == 71 else f"soixante-{cardinal(number - 60)}"
    return "quatre-vingts" if number == 80 else f"quatre-vingt-{cardinal(number - 80)}"


def ordinal(number: int, feminine: bool = False) -> str:
    """Say a place in an order: 21 -> vingt et unième."""
    if number == 1:
        return "première" if feminine else "premier"
    if number >= 1000:
        rest = number % 1000
        return f"{number - rest} {ordinal(rest)}" if rest > 1 else f"{number}ième"
    said = cardinal(number)
    if said.endswith("cinq"):
        said += "u"
    elif said.endswith("neuf"):
        said = said[:-1] + "v"
    return (said[:-1] if said.endswith(("e", "vingts")) else said) + "ième"


def count(number: str, noun: str) -> str:
    """Say a number before a noun, which may be feminine: 21 -> vingt et une."""
    if number in ("1", "9") and not _FEMININE.match(noun):
        return "un" if number == "1" else number
    if number == "9" and noun.startswith("heure"):
        return "neuf"  # only the word is bound to what follows: neuv heures
    if not number.isdigit() or number[-1] != "1" or not _FEMININE.match(noun):
        return number
    value = int(number)
    if value % 100 in (11, 71, 91):
        return number
    if value == 1:
        return "une"
    rest = value % 100
    head = str(value - rest) if value >= 100 else ""
    tail = "une" if rest == 1 else f"{_TENS[rest // 10 - 2]} et une"
    if rest == 81:
        tail = "quatre-vingt-une"
    return f"{head} {tail}".strip()


_FEMININE = re.compile(
    r"(?:milli|micro|nano)?(?:heure|minute|seconde|semaine|année|tonne|livre|once|calorie|couronne|"
    r"roupie|hryvnia|page|fois|personne|pièce|cuillère|acre|verge|kilocalorie|tasse)"
)


def say_ordinal(number: int, mark: str, lead: str, rest: str) -> str | None:
    """Say a number with a sign of order."""
    if number == 0:
        return None
    if mark[:2] in ("nd", "ds"):
        said = "seconde" if mark.startswith("nde") else "second"
    else:
        said = ordinal(number, mark in ("re", "ère", "ere", "res", "ères"))
    return said + ("s" if mark.endswith("s") else "")


def say_date(day: int, month: int, year: str, lead: str) -> str:
    """Say a date: le 1er mai -> le premier mai."""
    said = f"{'premier' if day == 1 else day} {TABLE.months[month - 1]}"
    return f"{said} {year}" if year else said


def say_date_range(day: int, date: str, lead: str) -> str:
    """Put a first day before a date."""
    return f"{'premier' if day == 1 else day} au {date}"


def say_time(hours: int, minutes: int, seconds: int | None, lead: str) -> str:
    """Say a time: 14 h 37 -> 14 heures 37."""
    name = "heure" if hours < 2 else "heures"
    said = f"{count(str(hours), name)} {name}" + (f" {minutes}" if minutes else "")
    if not seconds:
        return said
    return (
        f"{said} et {count(str(seconds), 'seconde')} {'seconde' if seconds == 1 else 'secondes'}"
    )


def say_time_range(first: str, last: str) -> str:
    """Join two times."""
    return f"{first} à {last}"


PARTS = {
    3: "tiers",
    4: "quart",
    5: "cinquième",
    6: "sixième",
    7: "septième",
    8: "huitième",
    9: "neuvième",
    10: "dixième",
    12: "douzième",
    16: "seizième",
    20: "vingtième",
    100: "centième",
    1000: "millième",
}


def say_fraction(whole: str, top: int, bottom: int, rest: str) -> str | None:
    """Say a fraction: 3/4 -> trois quarts."""
    if bottom == 2:
        feminine = re.match(
            r"\s?(?:heure|journée|tasse|cuill|livre|douzaine|page|bouteille)", rest
        )
        if whole:
            return f"{whole} et demi{'e' if feminine else ''}"
        return f"{'une' if feminine else 'un'} demi" + ("e" if feminine else "")
    name = PARTS[bottom]
    said = f"{'un' if top == 1 else top} {name}" + ("s" if top > 1 and name != "tiers" else "")
    return f"{whole} et {said}" if whole else said


def say_ruler(number: int, name: str, lead: str) -> str:
    """Say the number of a ruler: only the first is counted in order."""
    if number == 1:
        return "première" if name in QUEENS else "premier"
    return str(number)


QUEENS = frozenset(listed("Élisabeth Elisabeth Catherine Marie Marguerite Christine Jeanne"))
KINGS = frozenset(
    listed(
        """Louis François Charles Henri Philippe Napoléon Guillaume Frédéric Jean Paul Benoît Pie
        Léon Grégoire Innocent Albert Léopold Baudouin Georges Édouard Edouard Jacques Richard
        Nicolas Alexandre Pierre Ivan Alphonse Ferdinand Joseph Robert Hugues Clovis Childéric
        Ramsès Ptolémée Maximilien Rodolphe Otton Conrad Sixte Urbain Clément Boniface Jules
        Rainier Félipe Juan Hassan Mohammed Mahomet Harald Gustave Christian Oscar"""
    )
)


def say_century(number: int, lead: str, rest: str) -> str:
    """Say a century: XIXe -> dix-neuvième."""
    return ordinal(number)
