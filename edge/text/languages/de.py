"""Read German."""

from __future__ import annotations

import re

from edge.text.claims import How, Language, Rule, before
from edge.text.languages.shared.arithmetic import Fractions
from edge.text.languages.shared.assembly import in_order
from edge.text.languages.shared.calendar_days import Dates, full_year, numbered_months
from edge.text.languages.shared.clock import Clock
from edge.text.languages.shared.codes import VERSIONED, Codes
from edge.text.languages.shared.enumerations import Ordinals, Romans
from edge.text.languages.shared.shortened import Shortened
from edge.text.languages.sign_names import sign_names
from edge.text.languages.tables import require_table
from edge.text.languages.vocabulary import DASH, DIGITS, Vocabulary, listed

TABLE = require_table("de")
_ORDINALS = listed("""nullte erste zweite dritte vierte fünfte sechste siebte achte neunte zehnte elfte
zwölfte dreizehnte vierzehnte fünfzehnte sechzehnte siebzehnte achtzehnte neunzehnte""")
_ONES = listed("ein zwei drei vier fünf sechs sieben acht neun")
_TENS = listed("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
_HUNDREDS = listed("""elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn""")


def ordinal(number: int) -> str:
    """Say a place in an order, as behind "die": 21 -> einundzwanzigste. What comes before the
    last two digits stays in digits, which espeak reads better than long words."""
    if number >= 1000 and number % 100:
        return f"{number - number % 100} {ordinal(number % 100)}"
    if number % 1000 == 0 and number:
        return f"{'' if number == 1000 else number // 1000} tausendste".strip()
    if number >= 100:
        hundreds = f"{_ONES[number // 100 - 1]} hundert" if number >= 200 else "hundert"
        return f"{hundreds} {ordinal(number % 100)}" if number % 100 else f"{hundreds}ste"
    if number < 20:
        return _ORDINALS[number]
    tens, ones = divmod(number, 10)
    return (f"{_ONES[ones - 1]}und" if ones else "") + _TENS[tens - 2] + "ste"


def year(digits: str) -> str:
    """Say a year as people do: 1989 -> neunzehnhundert 89. Others are plain numbers."""
    number = int(digits)
    if not 1100 <= number < 2000:
        return digits
    rest = number % 100
    return f"{_HUNDREDS[number // 100 - 11]}hundert" + (f" {rest}" if rest else "")


_DATIVE = re.compile(
    r"\b(?:am|vom|zum|bis|dem|den|seit|ab|im|beim|nach|vor|des|und|oder|spätestens|mit|von|zur|"
    r"einem|einen|meinem|seinem|ihrem|unserem|meinen|seinen|ihren|unseren|diesem|diesen|jeden|"
    r"jedem|(?:in|an|zu|mit|aus|auf|von|bei|nach|seit|vor|während|ab)\sder|letzten|nächsten|kommenden|ihrer|seiner|unserer|meiner|dieser|einer|der\s\w+n)"
    r"(?:\s(?:zum|[A-Z]\w{1,9}tag|Mittwoch|M[oi]|D[io]|Fr|S[ao])[.,]{0,2})?,?\s?$",
    re.IGNORECASE,
)
_DEFINITE = re.compile(
    r"\b(?:der|die|das|dieser|diese|dieses|jede|jedes|jene|eine|meine|seine|ihre|unsere|keine)\s?$",
    re.IGNORECASE,
)
_INDEFINITE = re.compile(
    r"\b(?:ein|kein|mein|dein|sein|ihr|unser|euer|jeder|Ihr)\s?$", re.IGNORECASE
)
_COUNTED = frozenset(
    listed("""Stock Stockwerk Etage Platz Klasse Mal Tag Geburtstag Jahrhundert Jh Jhd Jahrtausend
    Weltkrieg Liga Bundesliga Runde Kapitel OG UG Obergeschoss Untergeschoss Quartal Halbzeit
    Semester Woche Lebensjahr Auflage Min Minute Advent Akt Sinfonie Symphonie Satz Gang Hälfte
    Versuch Teil Staffel Folge Schritt Stunde Rang Preis Spieltag Etappe Kreis Ebene Reihe Spiel
    Schicht Grad Ordnung Person Generation Hand Wahl Drittel Viertel Buch Band Vorsitzende
    Bürgermeister Senat Strafsenat Zivilsenat Reich Republik Armee Division Kompanie FC SC SV VfB im in am auf bei""")
)
_FEMININE = re.compile(r"(?:e|ung|heit|keit|ion|tät|schaft|ik|Liga|liga|Hand|Wahl)$")
_NEUTER = re.compile(
    r"(?:Mal|Jahr|Jahrhundert|Jh|Jhd|Jahrtausend|Kapitel|OG|UG|geschoss|Quartal|Semester|Jahr|Spiel|"
    r"Stockwerk|Buch|Drittel|Viertel|Reich|chen)$"
)


def _inflected(number: int, lead: str, noun: str = "") -> str:
    said = ordinal(number)
    if _DATIVE.search(lead):
        return f"{said}n"
    if _DEFINITE.search(lead):
        return said
    if _FEMININE.search(noun):
        return said
    return f"{said}s" if _NEUTER.search(noun) else f"{said}r"


def _ordinal(number: int, mark: str, lead: str, rest: str) -> str | None:
    follows = re.match(r"\s?([-–]?\s?\d{1,4}\.\s)?([^\W\d_]+)", rest)
    if follows is None or not rest[:1].isspace():
        return None
    noun = follows[2]
    known = noun in _COUNTED or noun[0].islower()
    article = any(p.search(lead) for p in (_DEFINITE, _DATIVE, _INDEFINITE))
    if not known and not article:
        return None
    if not known and re.search(r"\b(?:am|im|ab|seit|bis|vor|nach|und|von|mit)\s?$", lead):
        # "Wir kamen bis 3. Dann": a sentence begins more often than a noun follows.
        if noun in ("Dann", "Da", "Das", "Der", "Die", "Es", "Wir", "Er", "Sie", "Ich", "Und"):
            return None
    return _inflected(number, lead, noun)


def _date(day: int, month: int, year_digits: str, lead: str) -> str:
    said = f"{_inflected(day, lead)} {TABLE.months[month - 1]}"
    return f"{said} {year(year_digits)}" if year_digits else said


def _date_range(day: int, date: str, lead: str) -> str:
    first = _inflected(day, lead)
    ending = first[len(ordinal(day)) :]
    if ending == "n":
        date = re.sub(r"^(\w+?e)[rn]?\b", r"\1n", date)
    return f"{first} bis {date}"


def _time(hours: int, minutes: int, seconds: int | None, lead: str) -> str:
    said = f"{'ein' if hours == 1 else hours} Uhr" + (f" {minutes}" if minutes else "")
    if not seconds:
        return said
    return f"{said} und {'eine Sekunde' if seconds == 1 else f'{seconds} Sekunden'}"


def _time_range(first: str, last: str) -> str:
    return f"{first.removesuffix(' Uhr')} bis {last}"


def _count(number: str, noun: str) -> str:
    if number != "1":
        return number
    return "eine" if noun.split()[0].endswith(("e", "Lira", "Million", "rupie")) else "ein"


_PARTS = {
    3: "Drittel",
    4: "Viertel",
    5: "Fünftel",
    6: "Sechstel",
    7: "Siebtel",
    8: "Achtel",
    9: "Neuntel",
    10: "Zehntel",
    12: "Zwölftel",
    16: "Sechzehntel",
    20: "Zwanzigstel",
    100: "Hundertstel",
    1000: "Tausendstel",
}


def _fraction(whole: str, top: int, bottom: int, rest: str) -> str | None:
    if bottom == 2:
        if whole:
            return "eineinhalb" if whole == "1" else f"{whole} ein halb"
        noun = re.match(r"\s?([A-ZÄÖÜ][^\W\d_]*)", rest)
        if noun is None or top != 1:
            return "ein halb"
        name = noun[1]
        if name.endswith("e"):
            return "eine halbe"
        if re.search(r"Kilo|Gramm|gramm|Jahr|Pfund|Dutzend|Glas|Prozent|Bund|Hähnchen", name):
            return "ein halbes"
        return "ein halber" if name.endswith(("r", "l", "g", "t")) else "ein halb"
    said = f"{'ein' if top == 1 else top} {_PARTS[bottom]}"
    return f"{whole} {said}" if whole else said


def _ruler(number: int, name: str, lead: str) -> str:
    said = ordinal(number).capitalize()
    if re.search(r"\b(?:von|mit|unter|nach|bei|seit|zu|dem)\s?$", lead):
        return f"dem {said}n"
    if re.search(r"\b(?:des|Kaisers|Königs|Papstes)\s?$", lead):
        return f"des {said}n"
    return f"{'die' if name in _QUEENS else 'der'} {said}"


_QUEENS = frozenset(listed("Elisabeth Katharina Maria Margarethe Margrethe Christina Anna"))
_KINGS = frozenset(
    listed("""Wilhelm Ludwig Friedrich Karl Heinrich Otto Paul Benedikt Franz Georg Johannes Leo Pius
    Philipp Leopold Maximilian Albert August Konrad Rudolf Ferdinand Joseph Josef Napoleon
    Alexander Nikolaus Peter Iwan Gregor Innozenz Urban Klemens Clemens Eduard Richard Jakob
    Gustav Christian Harald Erik Adolf Ramses Ptolemaios Charles Willem Albrecht Ernst Ottokar
    Sigismund Lothar Alfons Juan Felipe""")
)


def _year_alone(match: re.Match[str], how: How) -> str | None:
    first = year(match["a"])
    last = match["b"]
    if not last:
        return None if first == match["a"] else first
    return f"{first} bis {year(full_year(last) if len(last) == 4 else last)}"


def _decade(match: re.Match[str], how: How) -> str:
    tens, ones = divmod(int(match["d"]), 10)
    if tens == 1:
        said = _ORDINALS[10 + ones].removesuffix("te")
    else:
        said = (f"{_ONES[ones - 1]}und" if ones else "") + _TENS[tens - 2]
    tens = f"{said}er{match['end'] or ''}"
    if not match["c"]:
        return tens
    return (f"{_HUNDREDS[int(match['c']) - 11]}hundert" if match["c"] < "20" else "20 ") + tens


def _one(match: re.Match[str], how: How) -> str | None:
    if re.search(r"[A-ZÄÖÜ]\w{2,30}\s$", lead := before(match)) and not re.search(
        r"^\w+\s$", lead
    ):
        return None  # Gleis 1, Seite 1
    return "eine" if _FEMININE.search(match["noun"]) else "ein"


def _times(match: re.Match[str], how: How) -> str:
    return {"1": "einmal", "2": "zweimal", "3": "dreimal"}.get(match["n"], f"{match['n']} mal")


_OWN = (
    Rule(
        "percent",
        re.compile(r"(?<=\d)\s?%ige?[rnms]?\b"),
        lambda match, how: "prozent" + match[0].strip()[1:],
        ("100%ig", "100 prozentig"),
        frozenset("%"),
    ),
    Rule(
        "duration",
        re.compile(r"(?<![\d.,:])(?P<n>[1-9]\d{0,2})\s?[x×](?=\s[^\W\d_])"),
        _times,
        ("3x täglich", "dreimal täglich"),
        frozenset("x×"),
    ),
    Rule(
        "address",
        re.compile(r"(?<![\w-])(?P<name>[A-ZÄÖÜ][\wäöüß-]{1,40}[sS])tr\.(?!\w)"),
        lambda match, how: f"{match['name']}traße",
        ("Hauptstr. 12", "Hauptstraße 12"),
        frozenset("."),
    ),
    Rule(
        "ordinal",
        re.compile(r"(?<=\d\.\s)Min\."),
        lambda match, how: "Minute",
        ("in der 75. Min. traf er", "in der fünfundsiebzigsten Minute traf er"),
        DIGITS,
    ),
)

_VOCABULARY = Vocabulary(
    "de",
    TABLE,
    signs=sign_names("de"),
    names=listed("null eins zwei drei vier fünf sechs sieben acht neun"),
    until="bis",
    units={
        "mAh": ("Milliamperestunde", "Milliamperestunden"),
        "Ah": ("Amperestunde", "Amperestunden"),
        "dB": "Dezibel",
        "U": ("Umdrehung", "Umdrehungen"),
        "PS": "P S",
        "ccm": "Kubikzentimeter",
        "ct": "Cent",
        "ppm": "P P M",
        "in": "Zoll",
        "W/m²": "Watt pro Quadratmeter",
        "l/100 km": "Liter auf 100 Kilometer",
        "psi": "P S I",
        "dpi": "D P I",
    },
    symbols={
        "qm": "m²",
        "m^2": "m²",
        "cbm": "m³",
        "qkm": "km²",
        "Std": "h",
        "Stdn.": "h",
        "Sek": "s",
        "sec": "s",
        "Min": "min",
        "min.": "min",
        "Wo.": "",
        "T": "",
        "Tg.": "",
        "b": "",
        "sm": "",
        "″": "in",
        "Cent": "ct",
        "dB(A)": "dB",
        "kmh": "km/h",
        "Mbit/s": "Mbit/s",
        "bar": "bar",
    },
    rates={"Monat": "pro Monat", "l": "pro Liter", "Tag": "am Tag"},
    currencies={
        "USD": "Dollar",
        "GBP": "Pfund",
        "JPY": "Yen",
        "CNY": "Yuan",
        "INR": ("Rupie", "Rupien"),
        "RUB": "Rubel",
        "TRY": "Lira",
        "PLN": "Złoty",
        "CZK": ("Krone", "Kronen"),
        "SEK": ("Krone", "Kronen"),
        "UAH": ("Hrywnja", "Hrywnja"),
        "KRW": "Won",
        "ILS": "Schekel",
        "BTC": "Bitcoin",
    },
    currency_signs={"Fr.": "CHF", "SFr.": "CHF", "Euro": "EUR", "Dollar": "USD", "TL": "TRY"},
    minor={
        "EUR": "Cent",
        "USD": "Cent",
        "GBP": ("Penny", "Pence"),
        "CHF": "Rappen",
        "CAD": "Cent",
        "AUD": "Cent",
    },
    scales={
        "Mio.": ("Million", "Millionen"),
        "Mrd.": ("Milliarde", "Milliarden"),
        "Bio.": ("Billion", "Billionen"),
        "Tsd.": "tausend",
        "Mio": ("Million", "Millionen"),
        "Mrd": ("Milliarde", "Milliarden"),
        "Millionen": "Millionen",
        "Million": "Million",
        "Milliarden": "Milliarden",
        "Milliarde": "Milliarde",
        "k": "tausend",
    },
    ratio="zu",
    hashtag="Hashtag",
    code_block="ein Block Programmcode",
    over="zu",
    count=_count,
)

_DATES = Dates(
    _date,
    numbered_months(TABLE, {"jänner": 1, "feber": 2, "mrz": 3, "mrz.": 3, "sep.": 9, "jun.": 6}),
    ("am 7. Okt. 1989", "am siebten Oktober neunzehnhundert 89"),
    _date_range,
    say_year=year,
    day_ending=r"\.",
    day_and_month=".",
    day_example=("am 14.10. früh", "am vierzehnten Oktober früh"),
    short_weekdays={
        day.rstrip(".").lower(): name
        for day, name in zip(TABLE.weekdays_short, TABLE.weekdays, strict=True)
    },
)

_ABBREVIATED = Shortened(
    before_number={
        "S.": "Seite",
        "Nr.": "Nummer",
        "Nrn.": "Nummern",
        "Kap.": "Kapitel",
        "Bd.": "Band",
        "Abb.": "Abbildung",
        "Tab.": "Tabelle",
        "Art.": "Artikel",
        "Abs.": "Absatz",
        "Pkt.": "Punkt",
        "Ziff.": "Ziffer",
        "Zi.": "Zimmer",
        "Tel.": "Telefon",
        "Tel.:": "Telefon:",
        "Bj.": "Baujahr",
        "Jg.": "Jahrgang",
        "Ausg.": "Ausgabe",
        "geb.": "geboren",
        "gest.": "gestorben",
        "Az.": "Aktenzeichen",
        "Bl.": "Blatt",
        "Rn.": "Randnummer",
        "zw.": "zwischen",
        "KW": "Kalenderwoche",
        "§§": "Paragrafen",
        "§": "Paragraf",
        "#": "Nummer",
        "a.": "am",
    },
    before_name={
        "Dr.": "Doktor",
        "Dr. med.": "Doktor",
        "Dr. jur.": "Doktor",
        "Dr. phil.": "Doktor",
        "Dr. rer. nat.": "Doktor",
        "Dr. h. c.": "Doktor ehrenhalber",
        "Dr.-Ing.": "Doktoringenieur",
        "Prof.": "Professor",
        "Hr.": "Herr",
        "Hrn.": "Herrn",
        "Fr.": "Frau",
        "St.": "Sankt",
        "Dipl.-Ing.": "Diplomingenieur",
        "Ing.": "Ingenieur",
        "Mag.": "Magister",
        "Fam.": "Familie",
        "Gebr.": "Gebrüder",
        "Frl.": "Fräulein",
        "Kard.": "Kardinal",
        "hl.": "heilige",
        "Pf.": "Pfarrer",
        "geb.": "geborene",
        "Firma": "Firma",
        "Fa.": "Firma",
        "Univ.": "Universität",
    },
    after_number={
        "ff.": "fortfolgende",
        "f.": "folgende",
        "EL": "Esslöffel",
        "TL": "Teelöffel",
        "Zi.": "Zimmer",
        "Stk.": "Stück",
        "St.": "Stück",
        "Pers.": "Personen",
        "J.": "Jahre",
        "Jh.": "Jahrhundert",
        "OG": "Obergeschoss",
        "UG": "Untergeschoss",
        "Pck.": "Päckchen",
        "Tsd.": "tausend",
        "Mon.": "Monate",
        "Wo.": "Wochen",
        "Std.": "Stunden",
        "Pkt.": "Punkte",
        "Aufl.": "Auflage",
        "Wdh.": "Wiederholungen",
        "Msp.": "Messerspitzen",
    },
    anywhere={
        "z. B.": "zum Beispiel",
        "d. h.": "das heißt",
        "u. a.": "unter anderem",
        "u. Ä.": "und Ähnliches",
        "o. Ä.": "oder Ähnliches",
        "u. U.": "unter Umständen",
        "i. d. R.": "in der Regel",
        "z. T.": "zum Teil",
        "z. Zt.": "zur Zeit",
        "z. Z.": "zur Zeit",
        "s. o.": "siehe oben",
        "s. u.": "siehe unten",
        "i. A.": "im Auftrag",
        "i. V.": "in Vertretung",
        "v. a.": "vor allem",
        "u. v. m.": "und vieles mehr",
        "u. s. w.": "und so weiter",
        "v. Chr.": "vor Christus",
        "n. Chr.": "nach Christus",
        "o. g.": "oben genannt",
        "u. g.": "unten genannt",
        "a. D.": "außer Dienst",
        "a. M.": "am Main",
        "i. e. S.": "im engeren Sinne",
        "m. E.": "meines Erachtens",
        "e. V.": "eingetragener Verein",
        "b. w.": "bitte wenden",
        "GmbH": "G m b H",
        "PLZ": "Postleitzahl",
        "m²": "Quadratmeter",
        "usw.": "und so weiter",
        "etc.": "et cetera",
        "bzw.": "beziehungsweise",
        "ca.": "circa",
        "evtl.": "eventuell",
        "ggf.": "gegebenenfalls",
        "inkl.": "inklusive",
        "exkl.": "exklusive",
        "einschl.": "einschließlich",
        "zzgl.": "zuzüglich",
        "abzgl.": "abzüglich",
        "vgl.": "vergleiche",
        "bspw.": "beispielsweise",
        "sog.": "sogenannte",
        "insb.": "insbesondere",
        "insbes.": "insbesondere",
        "mind.": "mindestens",
        "max.": "maximal",
        "min.": "minimal",
        "zw.": "zwischen",
        "gem.": "gemäß",
        "lt.": "laut",
        "Str.": "Straße",
        "Hbf": "Hauptbahnhof",
        "Hbf.": "Hauptbahnhof",
        "Bhf.": "Bahnhof",
        "Bf.": "Bahnhof",
        "MwSt.": "Mehrwertsteuer",
        "Mwst.": "Mehrwertsteuer",
        "MwSt": "Mehrwertsteuer",
        "Tel.": "Telefon",
        "Hrsg.": "Herausgeber",
        "Jh.": "Jahrhundert",
        "Jhd.": "Jahrhundert",
        "Abt.": "Abteilung",
        "allg.": "allgemein",
        "Anm.": "Anmerkung",
        "Bsp.": "Beispiel",
        "bes.": "besonders",
        "dt.": "deutsch",
        "engl.": "englisch",
        "entspr.": "entsprechend",
        "Forts.": "Fortsetzung",
        "gez.": "gezeichnet",
        "ggü.": "gegenüber",
        "jmd.": "jemand",
        "Kfm.": "Kaufmann",
        "Min.": "Minuten",
        "Std.": "Stunden",
        "Sek.": "Sekunden",
        "Mrd.": "Milliarden",
        "Mio.": "Millionen",
        "Nr.": "Nummer",
        "od.": "oder",
        "u.": "und",
        "zus.": "zusammen",
        "zzt.": "zurzeit",
        "m/w/d": "männlich, weiblich, divers",
    },
    closing=frozenset(listed("usw. etc. MwSt. Mwst. Min. Std. Sek. Mio. Mrd. Hbf. Jh. Str.")),
    units_too=frozenset(listed("min. Min. Std. Sek. Mio. Mrd.")),
    acronym_example=("die EU", "die E U"),
    acronyms={
        "ADAC": "A D A C",
        "BASF": "B A S F",
        "WLAN": "W Lan",
        "HNO": "H N O",
        "TÜV": "Tüff",
        "AG": "A G",
        "OK": "okay",
        "EUR": "Euro",
        "ESSA": "Essa",
        "IHK": "I H K",
        "IBAN": "Iban",
        "SUV": "S U V",
        "UKW": "U K W",
        "ISBN": "I S B N",
        "EDEKA": "Edeka",
    },
    read_as_words=frozenset(
        listed(
            "NATO UNO DAX PIN TAN SIM RAM ROM PISA DIN ISO ASEAN ALDI IKEA LIDL KITA DAK BIP ZIP "
            "GAU SARS UFO UFOS ELSTER NASA FIFA UEFA OPEC AIDS VISA GEMA JUSOS JUSO BAMF TAZ DER DIE "
            "DAS UND IST IM AM IN AN ES ER SO WO WIR IHR DU ZU OB UM AB BIS VON MIT AUF AUS BEI NUR "
            "EIN KEIN NICHT JA NEIN ICH SIE"
        )
    ),
    shortest_word=3,
)

LANGUAGE = Language(
    "de",
    in_order(
        _VOCABULARY,
        shortened=_ABBREVIATED,
        dates_as=_DATES,
        clock=Clock(_time, _time_range, marks=("Uhr",), duration_marks=("h", "Std.", "Stunden")),
        codes_as=Codes(
            phone=r"\(?0\d{1,5}\)?[ \u00a0/-]{1,3}\d{2,9}(?:[ \u00a0/-]{1,3}\d{1,7}){0,4}|0\d{8,12}",
            phone_words=r"tel|telefon|fax|mobil|handy|hotline|telefonnummer|rufnummer|nummer\slautet",
            phone_example=(
                "+49 171 23",
                "plus vier neun, eins sieben eins, zwei drei",
            ),
            local_phone_example=("030 123456", "null drei null, eins zwei drei vier fünf sechs"),
            versioned=VERSIONED + r"|raum|zimmer|saal|kapitel|abschnitt|punkt|update auf",
            code_words=r"pin|tan|code|zugangscode|passwort|kennwort|postleitzahl|plz|notruf",
            code_links="lautet|ist|heißt",
        ),
        fractions_as=Fractions(_fraction, frozenset({2, *_PARTS})),
        ordinals_as=Ordinals(_ordinal, r"\.", ("im 12. Stock", "im zwölften Stock")),
        romans_as=Romans(
            r"kapitel|band|teil|akt|abschnitt|artikel|stufe|phase|szene|buch|klasse|gruppe|typ|"
            r"liga|faust|folge|nummer|tafel|satz|zone|block",
            ("Kapitel IV", "Kapitel 4"),
            _KINGS | _QUEENS,
            _ruler,
            ("Ludwig XIV. kam", "Ludwig der Vierzehnte kam"),
            roman_dot=r"\.?",
            century=r"(?<!\w)(?P<it>(?P<n>ROMAN)\.)(?=\s(?:Jahrhundert|Internationale|Weltkrieg))",
            say_century=lambda number, lead, rest: _inflected(number, lead),
            century_example=("im XIX. Jahrhundert", "im neunzehnten Jahrhundert"),
        ),
        first=_OWN,
        before_ranges=(
            Rule(
                "year",
                re.compile(
                    rf"(?<![\w.,:/-])(?P<a>1[1-9]\d\d)(?:\s?[{DASH}]\s?(?P<b>1\d\d\d|20\d\d))?"
                    r"(?![\w]|[.,:/-]\d)"
                ),
                _year_alone,
                ("1989", "neunzehnhundert 89"),
                frozenset("1"),
            ),
            Rule(
                "year",
                re.compile(r"(?<![\w.,:/-])['’]?(?P<c>1[1-9]|20)?(?P<d>[1-9]\d)er(?P<end>n|s)?\b"),
                _decade,
                ("die 90er", "die neunziger"),
                DIGITS,
            ),
            Rule(
                "number",
                re.compile(r"(?<![\w.,:/§-])(?P<it>1)(?=\s(?P<noun>[A-ZÄÖÜ][a-zäöüß]{2,30}))"),
                _one,
                ("1 Zwiebel", "ein Zwiebel"),
                frozenset("1"),
            ),
            Rule(
                "address",
                re.compile(r"(?<=, )\d{5}(?=\s[A-ZÄÖÜ])"),
                lambda match, how: _VOCABULARY.spell(match[0]),
                ("Weg 5, 80331 Ulm", "Weg 5, acht null drei drei eins Ulm"),
                DIGITS,
            ),
        ),
    ),
    code_block=_VOCABULARY.code_block,
    abbreviations=frozenset(
        word.rstrip(".").split(" ")[-1].lower()
        for words in (
            _ABBREVIATED.before_number,
            _ABBREVIATED.before_name,
            _ABBREVIATED.after_number,
            _ABBREVIATED.anywhere,
        )
        for word in words
        if word.endswith(".")
    )
    - {"a", "u"},
    open_end=re.compile(r"(?<!\d)\d{1,3}\.$"),
)
