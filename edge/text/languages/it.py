"""Read Italian: numbers, signs, units, money, dates, times and abbreviations."""

from __future__ import annotations

import re

from edge.text.claims import Rule
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

TABLE = require_table("it")
_ORDINALS = listed("""primo secondo terzo quarto quinto sesto settimo ottavo nono decimo undicesimo
dodicesimo tredicesimo quattordicesimo quindicesimo sedicesimo diciassettesimo diciottesimo
diciannovesimo ventesimo""")
_TENS = listed("vent trent quarant cinquant sessant settant ottant novant")
_ONES = listed("un due tre quattro cinque sei sette otto nove")


def ordinal(number: int, feminine: bool = False) -> str:
    """Say a place in an order up to 100: 21 -> ventunesimo."""
    if number <= 20:
        said = _ORDINALS[number - 1]
    elif number == 100:
        said = "centesimo"
    else:
        tens, ones = divmod(number, 10)
        stem = _TENS[tens - 2]
        vowel = "i" if tens == 2 else "a"
        if not ones:
            said = f"{stem}esimo"
        else:
            unit = _ONES[ones - 1]
            joint = "" if unit[0] in "uo" else vowel
            ending = unit if unit in ("tre", "sei") else unit.rstrip("eo")
            said = f"{stem}{joint}{ending}esimo"
    return said[:-1] + "a" if feminine else said


def _ordinal(number: int, mark: str, lead: str, rest: str) -> str | None:
    if not 0 < number <= 100:
        return None
    return ordinal(number, mark[-1] in "ªa")


def _count(number: str, noun: str) -> str:
    if number != "1":
        return number
    first = noun.split()[0]
    if first.endswith("a") and first[:6] not in ("chilow", "megawa", "gigawa"):
        return "un'" if first[0] in "aeiou" else "una"
    return "uno" if re.match(r"s[^aeiou]|y|z", first) else "un"


def _date(day: int, month: int, year: str, lead: str) -> str:
    said = f"{'primo' if day == 1 else day} {TABLE.months[month - 1]}"
    return f"{said} {year}" if year else said


def _time(hours: int, minutes: int, seconds: int | None, lead: str) -> str:
    said = "una" if hours == 1 else str(hours)
    if minutes:
        said += f" e {minutes}"
    if seconds:
        said += f" e {seconds} second{'o' if seconds == 1 else 'i'}"
    return said


_PARTS = {n: ordinal(n) for n in (3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 100)}


def _fraction(whole: str, top: int, bottom: int, rest: str) -> str | None:
    if bottom == 2:
        noun = re.match(r"\s?([^\W\d_]+)", rest)
        if whole:
            return f"{whole} e mezzo"
        return "mezza" if noun is not None and noun[1].endswith("a") else "mezzo"
    name = _PARTS[bottom]
    said = f"un {name}" if top == 1 else f"{top} {name[:-1]}i"
    return f"{whole} e {said}" if whole else said


_VOCABULARY = Vocabulary(
    "it",
    TABLE,
    signs=sign_names("it") | {"²": "al quadrato", "³": "al cubo"},
    names=listed("zero uno due tre quattro cinque sei sette otto nove"),
    until="a",
    units={
        "mAh": "milliampere ora",
        "Ah": "ampere ora",
        "dB": "decibel",
        "%": "per cento",
        "hp": ("cavalli", "cavallo", "cavalli"),
        "l/100 km": "litri ogni 100 chilometri",
        "Wh": "wattora",
    },
    symbols={
        "CV": "hp",
        "cv": "hp",
        "mq": "m²",
        "mc": "m³",
        "cmq": "cm²",
        "kmq": "km²",
        "min.": "min",
        "sec": "s",
        "sec.": "s",
        "gg": "",
        "kmh": "km/h",
        "gr": "g",
        "lt": "l",
    },
    rates={"mese": "al mese", "anno": "all'anno", "notte": "a notte", "l": "al litro"},
    currencies={
        "EUR": "euro",
        "USD": ("dollari", "dollaro", "dollari"),
        "GBP": ("sterline", "sterlina", "sterline"),
        "JPY": "yen",
        "CNY": "yuan",
        "INR": ("rupie", "rupia", "rupie"),
    },
    currency_signs={"euro": "EUR", "Euro": "EUR"},
    minor={
        "EUR": ("centesimi", "centesimo", "centesimi"),
        "USD": ("centesimi", "centesimo", "centesimi"),
        "GBP": "pence",
        "CHF": ("centesimi", "centesimo", "centesimi"),
    },
    amount="{whole} e {cents}",
    scales={
        "mln": ("milioni", "milione", "milioni"),
        "mln.": ("milioni", "milione", "milioni"),
        "mld": ("miliardi", "miliardo", "miliardi"),
        "mld.": ("miliardi", "miliardo", "miliardi"),
        "milioni di": "milioni",
        "miliardi di": "miliardi",
        "mila": "mila",
    },
    of="{scale} di {currency}",
    ratio="a",
    hashtag="hashtag",
    code_block="un blocco di codice",
    over="su",
    count=_count,
)

_SHORTENED = Shortened(
    before_number={
        "pag.": "pagina",
        "pagg.": "pagine",
        "p.": "pagina",
        "pp.": "pagine",
        "n.": "numero",
        "N.": "numero",
        "n°": "numero",
        "nr.": "numero",
        "art.": "articolo",
        "artt.": "articoli",
        "cap.": "capitolo",
        "vol.": "volume",
        "fig.": "figura",
        "tel.": "telefono",
        "Tel.": "Telefono",
        "int.": "interno",
        "#": "numero",
    },
    before_name={
        "Sig.": "signor",
        "sig.": "signor",
        "Sig.ra": "signora",
        "sig.ra": "signora",
        "Sig.na": "signorina",
        "Sigg.": "signori",
        "Dott.": "dottor",
        "dott.": "dottor",
        "Dott.ssa": "dottoressa",
        "dott.ssa": "dottoressa",
        "Dr.": "dottor",
        "Prof.": "professor",
        "prof.": "professor",
        "Prof.ssa": "professoressa",
        "prof.ssa": "professoressa",
        "Ing.": "ingegner",
        "ing.": "ingegner",
        "Avv.": "avvocato",
        "avv.": "avvocato",
        "Arch.": "architetto",
        "Geom.": "geometra",
        "Rag.": "ragionier",
        "On.": "onorevole",
        "on.": "onorevole",
        "S.": "San",
        "Mons.": "monsignor",
        "Gen.": "generale",
        "C.so": "corso",
        "P.za": "piazza",
        "P.zza": "piazza",
        "V.le": "viale",
        "Spett.": "spettabile",
    },
    after_number={"pers.": "persone", "cucch.": "cucchiai", "ab.": "abitanti"},
    anywhere={
        "ad es.": "ad esempio",
        "Ad es.": "Ad esempio",
        "p. es.": "per esempio",
        "es.": "esempio",
        "a. C.": "avanti Cristo",
        "a.C.": "avanti Cristo",
        "d. C.": "dopo Cristo",
        "d.C.": "dopo Cristo",
        "p. v.": "prossimo venturo",
        "u. s.": "ultimo scorso",
        "S.p.A.": "società per azioni",
        "ecc.": "eccetera",
        "etc.": "eccetera",
        "ca.": "circa",
        "cfr.": "confronta",
        "max.": "massimo",
        "min.": "minimo",
        "tel.": "telefono",
        "Tel.": "Telefono",
        "gent.": "gentile",
        "Gent.mo": "gentilissimo",
        "Gent.ma": "gentilissima",
        "Egr.": "Egregio",
        "c.a.": "cortese attenzione",
        "prov.": "provincia",
        "tab.": "tabella",
        "incl.": "incluso",
        "escl.": "escluso",
        "approx.": "approssimativamente",
        "s.n.c.": "senza numero civico",
    },
    closing=frozenset(("ecc.", "etc.", "a.C.", "d.C.", "a. C.", "d. C.")),
    units_too=frozenset(("min.", "ca.")),
    acronym_example=("la RSI", "la R S I"),
    acronyms={"USA": "Usa", "UE": "U E", "IVA": "Iva", "OK": "okay"},
    read_as_words=frozenset(
        listed(
            """ONU NATO FIAT RAI ISTAT INPS IVA FIFA UEFA NASA UNESCO PIN SIM RAM ROM CGIL COOP IMU
            TARI TAR TASI ASL CAP TAV PIL ENI ENEL IL LA LO LE GLI UN UNA DI DA IN CON SU PER NON
            SI E HA"""
        )
    ),
    shortest_word=3,
)

LANGUAGE = make_language(
    _VOCABULARY,
    shortened=_SHORTENED,
    dates_as=Dates(
        _date,
        numbered_months(TABLE, {"sett.": 9}),
        ("il 1° ott. 1989", "il primo ottobre 1989"),
        lambda day, date, lead: f"{'primo' if day == 1 else day} al {date}",
        day_ending="[°º]?",
        day_and_month="/",
        date_lead=(
            r"il|al|dal|del|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|"
            r"entro\sil"
        ),
        day_example=("il 12/03 qui", "il 12 marzo qui"),
    ),
    clock=Clock(_time, lambda first, last: f"{first} a {last}"),
    codes_as=Codes(
        phone=(
            r"0\d{1,3}[ \u00a0/.-]\d{5,8}|0\d{1,3}(?:[ \u00a0.-]\d{2,4}){2,3}|"
            r"3\d\d[ \u00a0.-]\d{6,7}|3\d\d(?:[ \u00a0.-]\d{3,4}){2}"
        ),
        phone_words=r"tel|telefono|fax|cell|cellulare|numero\sverde",
        phone_example=("+39 06 12", "più tre nove, zero sei, uno due"),
        local_phone_example=("06 123456", "zero sei, uno due tre quattro cinque sei"),
        code_words=r"pin|codice|password",
        code_links="è",
        version_said="versione",
    ),
    fractions_as=Fractions(_fraction, frozenset({2, *_PARTS})),
    ordinals_as=Ordinals(_ordinal, r"\.?[ºª°]", ("la 3ª volta", "la terza volta")),
    romans_as=Romans(
        r"capitol[oi]|volume|libro|atto|scena|articolo|titolo|parte|fase|tipo|classe|tomo",
        ("capitolo IV", "capitolo 4"),
        frozenset(
            listed(
                """Vittorio Umberto Carlo Alberto Luigi Filippo Enrico Giovanni Paolo Benedetto
                Pio Leone Gregorio Innocenzo Napoleone Federico Guglielmo Giorgio Elisabetta
                Emanuele Amedeo Ferdinando Francesco Giacomo Riccardo Nicola Alessandro
                Clemente Bonifacio Giulio Sisto Urbano Caterina Margherita Cosimo Ottone"""
            )
        ),
        lambda number, name, lead: ordinal(number, name.endswith("a")),
        ("Vittorio Emanuele II venne", "Vittorio Emanuele secondo venne"),
        century=r"(?<!\w)(?:(?i:secol[oi])\s(?P<it>(?P<n>ROMAN))(?!\w)|(?!))",
        say_century=lambda number, lead, rest: ordinal(number),
        century_example=("il secolo XIX", "il secolo diciannovesimo"),
    ),
    first=(
        Rule(
            "roman",
            re.compile(r"(?<!\w)(?P<it>XX|XIX|XVIII|XVII|XVI|XV|XIV|XIII|XII|XI|XXI)(?=\ssecolo)"),
            lambda match, how: ordinal(from_roman(match["it"])),
            ("il XIX secolo", "il diciannovesimo secolo"),
            frozenset("X"),
        ),
    ),
    ordinal=ordinal,
)
