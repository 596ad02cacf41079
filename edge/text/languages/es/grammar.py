"""Say Spanish ordinals, dates, times and fractions."""

from __future__ import annotations

import re

from edge.text.languages.tables import require_table
from edge.text.languages.vocabulary import listed

TABLE = require_table("es")
_ONES = listed(
    """cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince
    dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro
    veinticinco veintiséis veintisiete veintiocho veintinueve"""
)
_TENS = listed("treinta cuarenta cincuenta sesenta setenta ochenta noventa")
_HUNDREDS = listed(
    """ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos
    novecientos"""
)
_ORDINALS = listed(
    """primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo undécimo
    duodécimo"""
)
_ORDINAL_TENS = listed(
    """décimo vigésimo trigésimo cuadragésimo quincuagésimo sexagésimo septuagésimo octogésimo
    nonagésimo"""
)


def cardinal(number: int) -> str:
    """Say a number up to 999,999."""
    if number >= 1000:
        thousands, rest = divmod(number, 1000)
        head = "mil" if thousands == 1 else f"{shortened_one(cardinal(thousands))} mil"
        return f"{head} {cardinal(rest)}" if rest else head
    if number == 100:
        return "cien"
    if number > 100:
        hundreds, rest = divmod(number, 100)
        return _HUNDREDS[hundreds - 1] + (f" {cardinal(rest)}" if rest else "")
    if number < 30:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 3] + (f" y {_ONES[ones]}" if ones else "")


def shortened_one(said: str) -> str:
    """Shorten one at the end, as before a masculine noun: veintiuno -> veintiún."""
    if said.endswith("veintiuno"):
        return said[:-3] + "ún"
    return re.sub(r"\buno$", "un", said)


def count(number: str, noun: str) -> str:
    """Say a number before a noun: un euro, veintiuna libras, doscientas horas."""
    if noun.startswith("por ") or not number.isdigit() or len(number) > 6 or number[0] == "0":
        return number
    value = int(number)
    feminine = noun.split()[0].rstrip("s").endswith("a") and noun.split()[0] not in _MASCULINE
    if feminine and (value % 10 == 1 or value % 1000 >= 200):
        said = cardinal(value)
        return re.sub(r"uno$", "una", re.sub(r"(?<=[ei]nt)os\b", "as", said))
    if value % 10 == 1 and value % 100 != 11:
        return shortened_one(cardinal(value))
    return number


_MASCULINE = frozenset(listed("día días kilovatio kilovatios"))


def ordinal(number: int, feminine: bool = False, short: bool = False) -> str:
    """Say a place in an order up to 99: 21 -> vigésimo primero."""
    if number <= 12:
        said = _ORDINALS[number - 1]
    else:
        tens, ones = divmod(number, 10)
        said = _ORDINAL_TENS[tens - 1]
        if ones and tens == 1:
            said = f"decimo{_ORDINALS[ones - 1]}".replace("oo", "o")
        elif ones:
            said = f"{said} {_ORDINALS[ones - 1]}"
    if feminine:
        return re.sub(r"o\b", "a", said) if number > 12 or number < 11 else said[:-1] + "a"
    return re.sub(r"(primer|tercer)o$", r"\1", said) if short else said


def say_ordinal(number: int, mark: str, lead: str, rest: str) -> str | None:
    """Say a number with a sign of order: 3.ª -> tercera, 1.er -> primer."""
    if not 0 < number < 100:
        return None
    feminine = "ª" in mark or mark.rstrip("s").endswith("a")
    noun_follows = re.match(r"\s(?!izq|izda|dcha)[a-záéíóúñ]{3}", rest) is not None
    short = "er" in mark or (noun_follows and not feminine and not mark.endswith("s"))
    said = ordinal(number, feminine, short)
    return said + ("s" if mark.endswith("s") else "")


def say_date(day: int, month: int, year: str, lead: str) -> str:
    """Say a date: 3 de mayo de 2024."""
    said = f"{day} de {TABLE.months[month - 1]}"
    return f"{said} de {year}" if year else said


def say_date_range(day: int, date: str, lead: str) -> str:
    """Put a first day before a date."""
    return f"{day} al {date}"


def say_time(hours: int, minutes: int, seconds: int | None, lead: str) -> str:
    """Say a time: 14:37 -> 14 37; a full hour without an article has its noun."""
    said = "una" if hours == 1 else count(str(hours), "horas")
    if minutes:
        said += f" y {minutes}" if minutes < 10 else f" {minutes}"
    elif not re.search(r"\b(?:las?|de|a|entre|desde|hasta|y)\s$", lead):
        said += " hora" if hours == 1 else " horas"
    if seconds:
        said += f" y {count(str(seconds), 'segundos')} segundo{'s' if seconds != 1 else ''}"
    return said


def say_time_range(first: str, last: str) -> str:
    """Join two times."""
    return f"{first.removesuffix(' horas')} a {last}"


def say_half(half: str | None) -> str:
    """Say the half of the day."""
    if half is None:
        return ""
    return " de la mañana" if half[0] in "aA" else " de la tarde"


PARTS = {
    3: "tercio",
    4: "cuarto",
    5: "quinto",
    6: "sexto",
    7: "séptimo",
    8: "octavo",
    9: "noveno",
    10: "décimo",
    12: "doceavo",
    16: "dieciseisavo",
    20: "veinteavo",
    100: "centésimo",
    1000: "milésimo",
}


def say_fraction(whole: str, top: int, bottom: int, rest: str) -> str | None:
    """Say a fraction: 3/4 -> tres cuartos."""
    if bottom == 2:
        noun = re.match(r"\s?([^\W\d_]+)", rest)
        feminine = noun is not None and noun[1].rstrip("s").endswith("a")
        half = "media" if feminine else "medio"
        return f"{whole} y {half}" if whole else half
    said = f"{'un' if top == 1 else top} {PARTS[bottom]}" + ("s" if top > 1 else "")
    return f"{whole} y {said}" if whole else said


def say_ruler(number: int, name: str, lead: str) -> str:
    """Say the number of a ruler: in order up to the tenth."""
    return ordinal(number, name in QUEENS) if number <= 10 else str(number)


def say_century(number: int, lead: str, rest: str) -> str:
    """Say a century: siglo XIX -> siglo 19."""
    return str(number)


QUEENS = frozenset(listed("Isabel Catalina María Margarita Cristina Juana Sofía Urraca"))
KINGS = frozenset(
    listed(
        """Felipe Carlos Alfonso Fernando Enrique Juan Pablo Jaime Pedro Sancho Luis Amadeo
        Napoleón Guillermo Federico Benedicto Pío León Gregorio Inocencio Alberto Leopoldo
        Jorge Eduardo Jacobo Ricardo Nicolás Alejandro Iván José Francisco Ramsés Maximiliano
        Rodolfo Otón Sixto Urbano Clemente Bonifacio Julio Manuel Ramiro García Ordoño Bermudo
        Wifredo Hassan Mohamed Harald Gustavo Balduino Moctezuma Tolomeo Ptolomeo"""
    )
)
