"""Read Dutch: numbers, signs, units, money, dates, times and abbreviations."""

from __future__ import annotations

import re

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

TABLE = require_table("nl")
_ORDINALS = listed(
    """nulde eerste tweede derde vierde vijfde zesde zevende achtste negende tiende elfde twaalfde
    dertiende veertiende vijftiende zestiende zeventiende achttiende negentiende"""
)
_ONES = listed("een twee drie vier vijf zes zeven acht negen")
_TENS = listed("twintig dertig veertig vijftig zestig zeventig tachtig negentig")


def ordinal(number: int) -> str:
    """Say a place in an order: 21 -> eenentwintigste."""
    if number >= 100:
        hundreds, rest = number - number % 100, number % 100
        return f"{hundreds} {ordinal(rest)}" if rest else f"{hundreds}ste"
    if number < 20:
        return _ORDINALS[number]
    tens, ones = divmod(number, 10)
    joint = "" if not ones else _ONES[ones - 1] + ("ën" if ones in (2, 3) else "en")
    return f"{joint}{_TENS[tens - 2]}ste"


def _date(day: int, month: int, year: str, lead: str) -> str:
    said = f"{day} {TABLE.months[month - 1]}"
    return f"{said} {year}" if year else said


def _time(hours: int, minutes: int, seconds: int | None, lead: str) -> str:
    said = f"{hours} uur" + (f" {minutes}" if minutes else "")
    return said + (f" en {seconds} seconde{'n' if seconds != 1 else ''}" if seconds else "")


_PARTS = {
    3: ("derde", "derde"),
    4: ("kwart", "kwart"),
    5: ("vijfde", "vijfde"),
    6: ("zesde", "zesde"),
    7: ("zevende", "zevende"),
    8: ("achtste", "achtste"),
    9: ("negende", "negende"),
    10: ("tiende", "tiende"),
    100: ("honderdste", "honderdste"),
}


def _fraction(whole: str, top: int, bottom: int, rest: str) -> str | None:
    if bottom == 2:
        if whole:
            return "anderhalf" if whole == "1" else f"{whole} en een half"
        return (
            "een halve"
            if re.match(r"\s?(?:liter|uur|kilometer|theelepel|eetlepel)", rest)
            else "een half"
        )
    said = f"{'een' if top == 1 else top} {_PARTS[bottom][0]}"
    return f"{whole} en {said}" if whole else said


_VOCABULARY = Vocabulary(
    "nl",
    TABLE,
    signs=sign_names("nl") | {"²": "in het kwadraat", "³": "tot de derde"},
    names=listed("nul één twee drie vier vijf zes zeven acht negen"),
    until="tot",
    units={
        "mAh": "milliampère-uur",
        "Ah": "ampère-uur",
        "dB": "decibel",
        "pk": "pee kaa",
        "ct": "cent",
        "h": "uur",
        "l/100 km": "liter per 100 kilometer",
        "mmHg": "millimeter kwik",
        "km/h": "kilometer per uur",
    },
    symbols={
        "u": "h",
        "u.": "h",
        "km/u": "km/h",
        "km/uur": "km/h",
        "min.": "min",
        "sec.": "s",
        "w": "",
        "jr": "",
        "b": "",
        "dag": "",
        "uur": "",
        "per km²": "",
        "per m²": "",
        "per cm²": "",
        "gr": "g",
        "ltr": "l",
        "cm.": "cm",
    },
    rates={"maand": "per maand", "l": "per liter"},
    currencies={
        "USD": "dollar",
        "GBP": "pond",
        "JPY": "yen",
        "CNY": "yuan",
        "CHF": "Zwitserse frank",
        "INR": "roepie",
    },
    currency_signs={"euro": "EUR"},
    minor={"EUR": "cent", "USD": "cent", "GBP": "pence", "CHF": "rappen"},
    amount="{whole} {cents}",
    scales={
        "mln.": "miljoen",
        "mln": "miljoen",
        "mld.": "miljard",
        "mld": "miljard",
        "mrd.": "miljard",
        "miljoen": "miljoen",
        "miljard": "miljard",
        "duizend": "duizend",
    },
    ratio="tegen",
    hashtag="hashtag",
    code_block="een blok code",
    over="over",
)

_SHORTENED = Shortened(
    before_number={
        "blz.": "bladzijde",
        "p.": "pagina",
        "pag.": "pagina",
        "nr.": "nummer",
        "nrs.": "nummers",
        "art.": "artikel",
        "hfst.": "hoofdstuk",
        "afb.": "afbeelding",
        "tel.": "telefoon",
        "Tel.": "Telefoon",
        "lid.": "lid",
        "#": "nummer",
    },
    before_name={
        "dhr.": "de heer",
        "Dhr.": "De heer",
        "mevr.": "mevrouw",
        "Mevr.": "Mevrouw",
        "mw.": "mevrouw",
        "Mw.": "Mevrouw",
        "dr.": "dokter",
        "Dr.": "Dokter",
        "drs.": "doctorandus",
        "prof.": "professor",
        "Prof.": "Professor",
        "ir.": "ingenieur",
        "ing.": "ingenieur",
        "mr.": "meester",
        "ds.": "dominee",
        "St.": "Sint",
        "fam.": "familie",
        "Fam.": "Familie",
    },
    after_number={
        "el": "eetlepels",
        "tl": "theelepels",
        "pers.": "personen",
        "st.": "stuks",
        "jr.": "jaar",
        "wk.": "weken",
    },
    anywhere={
        "d.w.z.": "dat wil zeggen",
        "o.a.": "onder andere",
        "m.a.w.": "met andere woorden",
        "t/m": "tot en met",
        "i.p.v.": "in plaats van",
        "i.v.m.": "in verband met",
        "m.b.t.": "met betrekking tot",
        "n.a.v.": "naar aanleiding van",
        "t.o.v.": "ten opzichte van",
        "a.u.b.": "alstublieft",
        "s.v.p.": "alstublieft",
        "z.s.m.": "zo snel mogelijk",
        "v. Chr.": "voor Christus",
        "n. Chr.": "na Christus",
        "v.Chr.": "voor Christus",
        "n.Chr.": "na Christus",
        "bijv.": "bijvoorbeeld",
        "bv.": "bijvoorbeeld",
        "b.v.": "bijvoorbeeld",
        "enz.": "enzovoort",
        "etc.": "et cetera",
        "ca.": "circa",
        "evt.": "eventueel",
        "incl.": "inclusief",
        "excl.": "exclusief",
        "max.": "maximaal",
        "min.": "minimaal",
        "resp.": "respectievelijk",
        "vgl.": "vergelijk",
        "zgn.": "zogenaamde",
        "jl.": "jongstleden",
        "a.s.": "aanstaande",
        "nl.": "namelijk",
        "ong.": "ongeveer",
        "tel.": "telefoon",
        "Tel.": "Telefoon",
        "afd.": "afdeling",
        "str.": "straat",
        "gem.": "gemiddeld",
        "btw": "b t w",
        "vs.": "versus",
    },
    closing=frozenset(listed("enz. etc. a.u.b. s.v.p. max. min. jl.")),
    units_too=frozenset(("min.",)),
    acronym_example=("de NS", "de N S"),
    acronyms={"USA": "U S A", "OK": "oké", "WW": "W W"},
    read_as_words=frozenset(
        listed(
            """NAVO NATO VARA HAVO VUT KEMA FIFA UEFA NASA UNESCO PIN SIM RAM ROM AIVD GAK CITO COA
            TNO RIVM VOC DE HET EEN EN OF IN OP TE IS NIET VAN VOOR MET JE IK WE ZE ER DIT DAT"""
        )
    )
    - {"TNO", "RIVM", "VOC", "AIVD", "COA"},
    shortest_word=3,
)

LANGUAGE = make_language(
    _VOCABULARY,
    shortened=_SHORTENED,
    dates_as=Dates(
        _date,
        numbered_months(TABLE, {"sept.": 9, "mrt.": 3}),
        ("op 7 okt. 1989", "op 7 oktober 1989"),
        lambda day, date, lead: f"{day} tot {date}",
        day_and_month="-",
        date_lead=(
            r"op|tot|vanaf|voor|per|maandag|dinsdag|woensdag|donderdag|vrijdag|"
            r"zaterdag|zondag"
        ),
        day_example=("op 12-03 hier", "op 12 maart hier"),
    ),
    clock=Clock(
        _time,
        lambda first, last: f"{first.removesuffix(' uur')} tot {last}",
        marks=("uur", "u.", "u"),
        duration_marks=("u", "uur", "h"),
    ),
    codes_as=Codes(
        phone=r"0\d{1,3}[ \u00a0-]\d{6,8}|0\d{1,3}(?:[ \u00a0-]\d{2,4}){2,4}|0\d{9}",
        phone_words=r"tel|telefoon|fax|mobiel|bel",
        phone_example=("+31 20 12", "plus drie één, twee nul, één twee"),
        local_phone_example=(
            "020 123 4567",
            "nul twee nul, één twee drie, vier vijf zes zeven",
        ),
        code_words=r"pin|pincode|code|wachtwoord|postcode",
        code_links="is",
        version_said="versie",
    ),
    fractions_as=Fractions(_fraction, frozenset({2, *_PARTS})),
    ordinals_as=Ordinals(
        lambda number, mark, lead, rest: ordinal(number),
        r"ste\b|de\b|e\b|º",
        ("de 3e keer", "de derde keer"),
    ),
    romans_as=Romans(
        r"hoofdstuk|deel|band|boek|akte|artikel|fase|type|klasse|groep|tafel",
        ("hoofdstuk IV", "hoofdstuk 4"),
        frozenset(
            listed(
                """Willem Karel Filips Lodewijk Hendrik Johannes Paulus Benedictus Pius Leo
                Albert Leopold Boudewijn George Eduard Frederik Otto Napoleon Jan Floris
                Elizabeth Margaretha Catharina Christina Richard Alexander Nicolaas Peter
                Frans Jozef Gregorius"""
            )
        ),
        lambda number, name, lead: f"de {ordinal(number).capitalize()}",
        ("Willem II kwam", "Willem de Tweede kwam"),
    ),
    ordinal=ordinal,
)
