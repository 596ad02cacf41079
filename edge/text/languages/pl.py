"""Read Polish: numbers, signs, units, money, dates, times and abbreviations."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule
from edge.text.languages.roman import from_roman
from edge.text.languages.shared.arithmetic import Fractions
from edge.text.languages.shared.assembly import make_language
from edge.text.languages.shared.calendar_days import Dates, numbered_months
from edge.text.languages.shared.clock import Clock
from edge.text.languages.shared.codes import Codes
from edge.text.languages.shared.enumerations import Ordinals, Romans
from edge.text.languages.shared.shortened import Shortened
from edge.text.languages.sign_names import sign_names
from edge.text.languages.tables import require_table
from edge.text.languages.vocabulary import Vocabulary, listed

TABLE = require_table("pl")
_ORDINALS = listed(
    """zerowy pierwszy drugi trzeci czwarty piąty szósty siódmy ósmy dziewiąty dziesiąty jedenasty
    dwunasty trzynasty czternasty piętnasty szesnasty siedemnasty osiemnasty dziewiętnasty"""
)
_TENS = listed("""dwudziesty trzydziesty czterdziesty pięćdziesiąty sześćdziesiąty siedemdziesiąty
osiemdziesiąty dziewięćdziesiąty""")
_HUNDREDS = listed(
    """setny dwusetny trzechsetny czterechsetny pięćsetny sześćsetny siedemsetny osiemsetny
    dziewięćsetny"""
)


def ordinal(number: int, case: str = "m") -> str:
    """Say a place in an order: case m, f or n (nominative), g (genitive masculine), l (locative
    and genitive feminine), ym (locative masculine)."""
    number, rest = (0, number) if number < 100 else (number - number % 100, number % 100)
    if not rest and number:
        if number < 1000:
            return _inflected(_HUNDREDS[number // 100 - 1], case)
        if number % 1000:
            return f"{number - number % 1000} {ordinal(number % 1000, case)}"
        thousands = {1000: "tysięczny", 2000: "dwutysięczny", 3000: "trzytysięczny"}
        return _inflected(thousands.get(number, "tysięczny"), case)
    head = f"{number} " if number else ""
    if rest < 20:
        return head + _inflected(_ORDINALS[rest], case)
    tens, ones = divmod(rest, 10)
    parts = [_TENS[tens - 2], *([_ORDINALS[ones]] if ones else [])]
    return head + " ".join(_inflected(part, case) for part in parts)


def _inflected(said: str, case: str) -> str:
    soft = said[-1] == "i"  # drugi, trzeci
    stem = said[:-1] if said != "trzeci" else "trzeci"
    hard = said.endswith("drugi")
    if case == "m":
        return said
    if case == "f":
        return f"{stem}a"
    if case == "n":
        return f"{stem}{'ie' if hard else 'e'}"
    if case == "g":
        return f"{stem}{'iego' if hard else 'ego'}"
    if case == "l":
        return f"{stem}{'iej' if hard else 'ej'}"
    return f"{stem}{'im' if soft else 'ym'}"


def _ordinal(number: int, mark: str, lead: str, rest: str) -> str | None:
    noun = re.match(r"\s(?!i\b|a\b|w\b|z\b|o\b)([a-ząćęłńóśźż]{2,20})", rest)
    if noun is None or number == 0:
        return None
    word = noun[1]
    if word.endswith(("ego", "iego")) or word in ("roku", "wieku", "dnia", "miejsca", "piętra"):
        return ordinal(number, "g")
    if word.endswith(("a", "ść")):
        return ordinal(number, "f")
    if word.endswith(("o", "ie", "ce")):
        return ordinal(number, "n")
    if word.endswith(("y", "ej")):
        return ordinal(number, "l")
    return ordinal(number)


def _count(number: str, noun: str) -> str:
    if not number.isdigit():
        return number
    first = noun.split()[0]
    feminine = first.endswith(
        ("a", "ny", "dy", "ki", "ty", "ony", "ony", "iny", "uty", "ny", "je")
    )
    feminine = feminine and not first.endswith(("metry", "waty", "bity", "amy", "wolty", "bajty"))
    if number == "1":
        return "jedna" if first.endswith("a") else "jedno" if first.endswith("o") else "jeden"
    if number[-1] == "2" and not number.endswith("12") and feminine:
        return "dwie" if number == "2" else f"{int(number) - 2} dwie"
    return number


def _date(day: int, month: int, year: str, lead: str) -> str:
    said = f"{ordinal(day, 'g')} {TABLE.months[month - 1]}"
    return f"{said} {ordinal(int(year), 'g')}" if year else said


def _time(hours: int, minutes: int, seconds: int | None, lead: str) -> str:
    case = (
        "l"
        if re.search(r"\b(?:o|do|od|po|przed|około|ok\.|godz\.|godzinie|godziny)\s$", lead)
        else "f"
    )
    said = ordinal(hours, case) if hours else ("zerowej" if case == "l" else "zero")
    if minutes:
        said += f" {'0 ' if minutes < 10 else ''}{minutes}"
    if seconds:
        said += f" i {seconds} {TABLE.form(TABLE.units['s'], str(seconds))}"
    return said


_PARTS = {
    3: ("jedna trzecia", "trzecie", "trzecich"),
    4: ("jedna czwarta", "czwarte", "czwartych"),
    5: ("jedna piąta", "piąte", "piątych"),
    6: ("jedna szósta", "szóste", "szóstych"),
    8: ("jedna ósma", "ósme", "ósmych"),
    10: ("jedna dziesiąta", "dziesiąte", "dziesiątych"),
    100: ("jedna setna", "setne", "setnych"),
}


def _fraction(whole: str, top: int, bottom: int, rest: str) -> str | None:
    if bottom == 2:
        return f"{whole} i pół" if whole else "pół"
    one, few, many = _PARTS[bottom]
    said = one if top == 1 else f"{'dwie' if top == 2 else top} {few if top < 5 else many}"
    return f"{whole} i {said}" if whole else said


_VOCABULARY = Vocabulary(
    "pl",
    TABLE,
    signs=sign_names("pl") | {"²": "do kwadratu", "³": "do sześcianu"},
    names=listed("zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć"),
    until="do",
    units={
        "mAh": ("miliamperogodziny", "miliamperogodzin", "miliamperogodzina", "miliamperogodziny"),
        "Ah": ("amperogodziny", "amperogodzin", "amperogodzina", "amperogodziny"),
        "dB": ("decybele", "decybeli", "decybel", "decybela"),
        "hp": (
            "konie mechaniczne",
            "koni mechanicznych",
            "koń mechaniczny",
            "konia mechanicznego",
        ),
        "%": "procent",
    },
    symbols={
        "KM": "hp",
        "godz.": "h",
        "godz": "h",
        "min.": "min",
        "sek.": "s",
        "sek": "s",
        "szt.": "",
        "b": "",
    },
    rates={"mies.": "miesięcznie", "miesiąc": "na miesiąc", "l": "za litr", "h": "na godzinę"},
    currencies={
        "PLN": ("złote", "złotych", "złoty", "złotego"),
        "USD": ("dolary", "dolarów", "dolar", "dolara"),
        "GBP": ("funty", "funtów", "funt", "funta"),
        "JPY": ("jeny", "jenów", "jen", "jena"),
        "CHF": ("franki", "franków", "frank", "franka"),
    },
    currency_signs={"zł": "PLN", "euro": "EUR"},
    minor={
        "PLN": ("grosze", "groszy", "grosz", "grosza"),
        "EUR": ("centy", "centów", "cent", "centa"),
        "USD": ("centy", "centów", "cent", "centa"),
        "GBP": ("pensy", "pensów", "pens", "pensa"),
    },
    amount="{whole} {minor}",
    scales={
        "tys.": "tysięcy",
        "mln": ("miliony", "milionów", "milion", "miliona"),
        "mln.": ("miliony", "milionów", "milion", "miliona"),
        "mld": ("miliardy", "miliardów", "miliard", "miliarda"),
        "mld.": ("miliardy", "miliardów", "miliard", "miliarda"),
    },
    ratio="do",
    hashtag="hasztag",
    code_block="blok kodu",
    over="na",
    count=_count,
)

_SHORTENED = Shortened(
    before_number={
        "str.": "strona",
        "s.": "strona",
        "nr": "numer",
        "Nr": "Numer",
        "art.": "artykuł",
        "ust.": "ustęp",
        "pkt": "punkt",
        "rozdz.": "rozdział",
        "rys.": "rysunek",
        "tab.": "tabela",
        "tel.": "telefon",
        "Tel.": "Telefon",
        "godz.": "godzina",
        "poz.": "pozycja",
        "m.": "mieszkania",
        "#": "numer",
    },
    before_name={
        "dr": "doktor",
        "Dr": "Doktor",
        "dr.": "doktora",
        "prof.": "profesor",
        "Prof.": "Profesor",
        "mgr": "magister",
        "inż.": "inżynier",
        "płk": "pułkownik",
        "gen.": "generał",
        "ks.": "ksiądz",
        "św.": "święty",
        "ul.": "ulica",
        "al.": "aleja",
        "pl.": "plac",
        "os.": "osiedle",
        "p.": "pan",
        "red.": "redaktor",
        "woj.": "województwo",
    },
    after_number={
        "szt.": "sztuk",
        "os.": "osób",
        "r.": "roku",
        "w.": "wieku",
        "pkt": "punktów",
        "str.": "stron",
        "mies.": "miesięcy",
        "tyg.": "tygodni",
        "dni.": "dni",
    },
    anywhere={
        "m.in.": "między innymi",
        "p.n.e.": "przed naszą erą",
        "n.e.": "naszej ery",
        "b.r.": "bieżącego roku",
        "np.": "na przykład",
        "Np.": "Na przykład",
        "itd.": "i tak dalej",
        "itp.": "i tym podobne",
        "tzn.": "to znaczy",
        "tj.": "to jest",
        "tzw.": "tak zwany",
        "ok.": "około",
        "Ok.": "Około",
        "zob.": "zobacz",
        "Zob.": "Zobacz",
        "por.": "porównaj",
        "wg": "według",
        "max.": "maksymalnie",
        "maks.": "maksymalnie",
        "min.": "minimalnie",
        "br.": "bieżącego roku",
        "ub.": "ubiegły",
        "ww.": "wyżej wymieniony",
        "tel.": "telefon",
        "Tel.": "Telefon",
        "godz.": "godzina",
        "pt.": "pod tytułem",
        "ds.": "do spraw",
        "im.": "imienia",
        "jw.": "jak wyżej",
        "cdn.": "ciąg dalszy nastąpi",
        "ew.": "ewentualnie",
        "dot.": "dotyczy",
        "tys.": "tysięcy",
        "mln": "milionów",
        "mld": "miliardów",
    },
    closing=frozenset(listed("itd. itp. r. br. max. min. p.n.e. n.e.")),
    units_too=frozenset(("min.", "godz.", "tys.", "mln", "mld")),
    acronym_example=("firma PKP", "firma P K P"),
    acronyms={"USA": "U S A", "UE": "U E", "OK": "okej"},
    read_as_words=frozenset(
        listed(
            """NATO ONZ PIT CIT VAT FIFA UEFA NASA UNESCO PIN SIM RAM ROM NIK GUS ZUS KRUS SANEPID
            LOT ORLEN PESEL NIP I W Z O NA DO NIE SIĘ TO JEST JAK PO ZA OD TAK ALE CO"""
        )
    )
    - {"ONZ"},
    shortest_word=3,
)


def _century(match: re.Match[str], how: How) -> str:
    number = from_roman(match["it"])
    if match["k"] == "wiek":
        return ordinal(number)
    return ordinal(number, "ym" if match["w"] else "g")


LANGUAGE = make_language(
    _VOCABULARY,
    shortened=_SHORTENED,
    dates_as=Dates(
        _date,
        numbered_months(TABLE),
        ("7 paź 1989", "siódmego października 1900 osiemdziesiątego dziewiątego"),
        lambda day, date, lead: f"{ordinal(day, 'g')} do {date}",
        day_and_month=".",
        day_example=("dnia 14.10. rano", "dnia czternastego października rano"),
    ),
    clock=Clock(_time, lambda first, last: f"{first} do {last}"),
    codes_as=Codes(
        phone=(
            r"\d\d[ \u00a0-]\d{3}[ \u00a0-]\d\d[ \u00a0-]\d\d|"
            r"\d{3}[ \u00a0-]\d{3}[ \u00a0-]\d{3}"
        ),
        phone_words=r"tel|telefon|faks|fax|kom|komórka|numer|zadzwoń\spod",
        phone_example=("+48 22 12", "plus cztery osiem, dwa dwa, jeden dwa"),
        local_phone_example=(
            "22 123 45 67",
            "dwa dwa, jeden dwa trzy, cztery pięć, sześć siedem",
        ),
        code_words=r"pin|kod|hasło",
        code_links="to",
        version_said="wersja",
    ),
    fractions_as=Fractions(_fraction, frozenset({2, *_PARTS})),
    ordinals_as=Ordinals(_ordinal, r"\.", ("już 3. raz", "już trzeci raz")),
    romans_as=Romans(
        r"rozdział|tom|księga|akt|scena|artykuł|część|faza|typ|klasa|grupa|etap",
        ("rozdział IV", "rozdział 4"),
        frozenset(
            listed("""Zygmunt Kazimierz Władysław Bolesław Mieszko August Stanisław Jan Paweł
                Benedykt Pius Leon Grzegorz Ludwik Filip Henryk Karol Fryderyk Wilhelm Jerzy
                Elżbieta Katarzyna Napoleon Aleksander Mikołaj Stefan Michał Przemysł Wacław
                Leszek Konrad Edward Ryszard Albert Małgorzata Iwan Piotr""")
        ),
        lambda number, name, lead: ordinal(number, "f" if name.endswith("a") else "m").title(),
        ("Zygmunt III panował", "Zygmunt Trzeci panował"),
    ),
    first=(
        Rule(
            "roman",
            re.compile(
                r"(?<!\w)(?:(?P<w>[wW])\s)?(?P<it>XVIII|XVII|XVI|XV|XIV|XIII|XIX|XXI|XII|XI|XX|X)"
                r"(?=\s(?P<k>wieku|wiek)\b)"
            ),
            _century,
            ("XIX wiek", "dziewiętnasty wiek"),
            frozenset("X"),
        ),
    ),
    ordinal=ordinal,
)
