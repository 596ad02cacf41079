"""Say German ordinals, years, dates, times and fractions."""

from __future__ import annotations

import re

from edge.text.languages.tables import require_table
from edge.text.languages.vocabulary import listed

TABLE = require_table("de")
ORDINALS = listed(
    """nullte erste zweite dritte vierte fünfte sechste siebte achte neunte zehnte elfte zwölfte
    dreizehnte vierzehnte fünfzehnte sechzehnte siebzehnte achtzehnte neunzehnte"""
)
ONES = listed("ein zwei drei vier fünf sechs sieben acht neun")
TENS = listed("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
HUNDREDS = listed("""elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn""")


def ordinal(number: int) -> str:
    """Say a place in an order, as behind "die": 21 -> einundzwanzigste. What comes before the
    last two digits stays in digits, which espeak reads better than long words."""
    if number >= 1000 and number % 100:
        return f"{number - number % 100} {ordinal(number % 100)}"
    if number % 1000 == 0 and number:
        return f"{'' if number == 1000 else number // 1000} tausendste".strip()
    if number >= 100:
        hundreds = f"{ONES[number // 100 - 1]} hundert" if number >= 200 else "hundert"
        return f"{hundreds} {ordinal(number % 100)}" if number % 100 else f"{hundreds}ste"
    if number < 20:
        return ORDINALS[number]
    tens, ones = divmod(number, 10)
    return (f"{ONES[ones - 1]}und" if ones else "") + TENS[tens - 2] + "ste"


def year(digits: str) -> str:
    """Say a year as people do: 1989 -> neunzehnhundert 89. Others are plain numbers."""
    number = int(digits)
    if not 1100 <= number < 2000:
        return digits
    rest = number % 100
    return f"{HUNDREDS[number // 100 - 11]}hundert" + (f" {rest}" if rest else "")


_DATIVE = re.compile(
    r"\b(?:am|vom|zum|bis|dem|den|seit|ab|im|beim|nach|vor|des|spätestens|mit|von|zur|"
    r"einem|einen|meinem|seinem|ihrem|unserem|meinen|seinen|ihren|unseren|diesem|diesen|jeden|"
    r"jedem|letzten|nächsten|kommenden|ihrer|seiner|unserer|meiner|dieser|einer|der\s\w+n|"
    r"(?:in|an|zu|mit|aus|auf|von|bei|nach|seit|vor|während|ab)\sder)"
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
    listed(
        """Stock Stockwerk Etage Platz Klasse Mal Tag Geburtstag Jahrhundert Jh Jhd Jahrtausend
        Weltkrieg Liga Bundesliga Runde Kapitel OG UG Obergeschoss Untergeschoss Quartal Halbzeit
        Semester Woche Lebensjahr Auflage Min Minute Advent Akt Sinfonie Symphonie Satz Gang
        Hälfte Versuch Teil Staffel Folge Schritt Stunde Rang Preis Spieltag Etappe Kreis Ebene
        Reihe Spiel Schicht Grad Ordnung Person Generation Hand Wahl Drittel Viertel Buch Band
        Vorsitzende Bürgermeister Senat Strafsenat Zivilsenat Reich Republik Armee Division
        Kompanie FC SC SV VfB im in am auf bei"""
    )
)
_ROW = re.compile(r"\d{1,2}\.(?:\d{1,2}\.)?,?\s?(?:und|oder|bis|/|[-–])\s?$")
_OPENERS = frozenset(listed("Dann Da Das Der Die Es Wir Er Sie Ich Und Aber Doch Denn"))
FEMININE = re.compile(r"(?:e|ung|heit|keit|ion|tät|schaft|ik|Liga|liga|Hand|Wahl)$")
_NEUTER = re.compile(
    r"(?:Mal|Jahr|Jahrhundert|Jh|Jhd|Jahrtausend|Kapitel|OG|UG|geschoss|Quartal|Semester|Jahr|Spiel|"
    r"Stockwerk|Buch|Drittel|Viertel|Reich|chen)$"
)


def inflected(number: int, lead: str, noun: str = "") -> str:
    """Say a place in an order with the ending that the words around it want."""
    said = ordinal(number)
    # In a row, the first tells the ending of all: der 3. und 4., vom 1.1. bis 3.1.
    while (row := _ROW.search(lead)) is not None:
        lead = lead[: row.start()]
    if _DATIVE.search(lead):
        return f"{said}n"
    if _DEFINITE.search(lead):
        return said
    if FEMININE.search(noun):
        return said
    return f"{said}s" if _NEUTER.search(noun) else f"{said}r"


def say_ordinal(number: int, mark: str, lead: str, rest: str) -> str | None:
    """Say a number with a stop; None if the stop ends a sentence."""
    follows = re.match(
        r"(?=[\s/–-])[\s/–-]{0,3}(?:(?:und|oder|bis)\s)?(?:\d{1,4}\.\s)?([^\W\d_]+)", rest
    )
    if follows is None:
        return None
    noun = follows[1]
    known = noun in _COUNTED or noun[0].islower()
    article = any(p.search(lead) for p in (_DEFINITE, _DATIVE, _INDEFINITE))
    if not known and not article:
        return None
    if not known and noun in _OPENERS:
        return None  # "Wir kamen bis 3. Dann": a sentence begins
    return inflected(number, lead, noun)


def say_date(day: int, month: int, year_digits: str, lead: str) -> str:
    """Say a date: am 3.5.2024 -> am dritten Mai 2024."""
    said = f"{inflected(day, lead)} {TABLE.months[month - 1]}"
    return f"{said} {year(year_digits)}" if year_digits else said


def say_date_range(day: int, date: str, lead: str) -> str:
    """Put a first day before a date: vom dritten bis fünften Juni."""
    first = inflected(day, lead)
    ending = first[len(ordinal(day)) :]
    if ending == "n":
        date = re.sub(r"^(\w+?e)[rn]?\b", r"\1n", date)
    return f"{first} bis {date}"


def say_time(hours: int, minutes: int, seconds: int | None, lead: str) -> str:
    """Say a time: 14:37 -> 14 Uhr 37."""
    said = f"{'ein' if hours == 1 else hours} Uhr" + (f" {minutes}" if minutes else "")
    if not seconds:
        return said
    return f"{said} und {'eine Sekunde' if seconds == 1 else f'{seconds} Sekunden'}"


def say_time_range(first: str, last: str) -> str:
    """Join two times: 9 bis 17 Uhr."""
    return f"{first.removesuffix(' Uhr')} bis {last}"


def count(number: str, noun: str) -> str:
    """Say one before a noun, which may be feminine."""
    if number != "1":
        return number
    return "eine" if noun.split()[0].endswith(("e", "Lira", "Million", "rupie")) else "ein"


PARTS = {
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


def say_fraction(whole: str, top: int, bottom: int, rest: str) -> str | None:
    """Say a fraction: 3/4 -> 3 Viertel."""
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
    said = f"{'ein' if top == 1 else top} {PARTS[bottom]}"
    return f"{whole} {said}" if whole else said


def say_ruler(number: int, name: str, lead: str) -> str:
    """Say the number of a ruler: der Zweite."""
    said = ordinal(number).capitalize()
    if re.search(r"\b(?:von|mit|unter|nach|bei|seit|zu|dem)\s?$", lead):
        return f"dem {said}n"
    if re.search(r"\b(?:des|Kaisers|Königs|Papstes)\s?$", lead):
        return f"des {said}n"
    return f"{'die' if name in QUEENS else 'der'} {said}"


QUEENS = frozenset(listed("Elisabeth Katharina Maria Margarethe Margrethe Christina Anna"))
KINGS = frozenset(
    listed(
        """Wilhelm Ludwig Friedrich Karl Heinrich Otto Paul Benedikt Franz Georg Johannes Leo Pius
        Philipp Leopold Maximilian Albert August Konrad Rudolf Ferdinand Joseph Josef Napoleon
        Alexander Nikolaus Peter Iwan Gregor Innozenz Urban Klemens Clemens Eduard Richard Jakob
        Gustav Christian Harald Erik Adolf Ramses Ptolemaios Charles Willem Albrecht Ernst Ottokar
        Sigismund Lothar Alfons Juan Felipe"""
    )
)
