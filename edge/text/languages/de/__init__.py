"""Read German."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, before
from edge.text.languages.de.grammar import (
    FEMININE,
    HUNDREDS,
    KINGS,
    ONES,
    ORDINALS,
    PARTS,
    QUEENS,
    TABLE,
    TENS,
    inflected,
    ordinal,
    say_date,
    say_date_range,
    say_fraction,
    say_ordinal,
    say_ruler,
    say_time,
    say_time_range,
    year,
)
from edge.text.languages.de.words import SHORTENED, VOCABULARY
from edge.text.languages.shared.arithmetic import Fractions
from edge.text.languages.shared.assembly import make_language
from edge.text.languages.shared.calendar_days import (
    Dates,
    full_year,
    numbered_months,
)
from edge.text.languages.shared.clock import Clock
from edge.text.languages.shared.codes import VERSIONED, Codes
from edge.text.languages.shared.enumerations import Ordinals, Romans
from edge.text.languages.vocabulary import DASH, DIGITS


def _year_alone(match: re.Match[str], how: How) -> str | None:
    first = year(match["a"])
    last = match["b"]
    if not last:
        return None if first == match["a"] else first
    return f"{first} bis {year(full_year(last) if len(last) == 4 else last)}"


def _decade(match: re.Match[str], how: How) -> str:
    tens, ones = divmod(int(match["d"]), 10)
    if tens == 1:
        said = ORDINALS[10 + ones].removesuffix("te")
    else:
        said = (f"{ONES[ones - 1]}und" if ones else "") + TENS[tens - 2]
    said += f"er{match['end'] or ''}"
    century = int(match["c"] or "0")
    if not century:
        return said
    return (f"{HUNDREDS[century - 11]}hundert" if century < 20 else "2000 ") + said


def _one(match: re.Match[str], how: How) -> str | None:
    if re.search(r"[A-ZÄÖÜ]\w{2,30}\s$", lead := before(match)) and not re.search(
        r"^\w+\s$", lead
    ):
        return None  # Gleis 1, Seite 1
    return "eine" if FEMININE.search(match["noun"]) else "ein"


def _times(match: re.Match[str], how: How) -> str:
    return {"1": "einmal", "2": "zweimal", "3": "dreimal"}.get(match["n"], f"{match['n']} mal")


_OWN = (
    Rule(
        "unit",
        re.compile(r"(?<=\w)\s?/\s?(?=(?:Tag|Woche|Monat|Jahr|Stunde|Person|Nacht|Stück)\b)"),
        lambda match, how: " pro ",
        ("3 Glas Wasser/Tag", "3 Glas Wasser pro Tag"),
        frozenset("/"),
    ),
    Rule(
        "abbreviation",
        re.compile(r"(?<=[a-zäöüß]-)/(?=[A-ZÄÖÜ])"),
        lambda match, how: " ",
        ("Ober-/Unterhitze", "Ober- Unterhitze"),
        frozenset("/"),
    ),
    Rule(
        "abbreviation",
        re.compile(r"(?<!\w)(?P<name>[A-ZÄÖÜ][a-zäöüß]{2,20})nr\.(?!\w)"),
        lambda match, how: f"{match['name']}nummer",
        ("Hausnr. 5", "Hausnummer 5"),
        frozenset("."),
    ),
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

_DATES = Dates(
    say_date,
    numbered_months(TABLE, {"jänner": 1, "feber": 2, "mrz": 3, "mrz.": 3, "sep.": 9, "jun.": 6}),
    ("am 7. Okt. 1989", "am siebten Oktober neunzehnhundert 89"),
    say_date_range,
    say_year=year,
    day_ending=r"\.",
    day_and_month=".",
    day_example=("am 14.10. früh", "am vierzehnten Oktober früh"),
)

LANGUAGE = make_language(
    VOCABULARY,
    shortened=SHORTENED,
    dates_as=_DATES,
    clock=Clock(
        say_time,
        say_time_range,
        marks=("Uhr",),
        duration_marks=("h", "Std.", "Stunden"),
        scores=re.compile(
            r"(?:stand|ergebnis|spiel|endete?|gewann|gewinnt|gewonnen|siegte?|verlor|verliert|führte?|"
            r"führen|schlug|satz|halbfinale|finale)\W{1,3}(?:mit\s)?(?:\d{1,2}:\d{1,2},?\s){0,4}$",
            re.IGNORECASE,
        ),
    ),
    codes_as=Codes(
        phone=(
            r"\(?0\d{1,5}\)?[ \u00a0/-]{1,3}\d{2,9}(?:[ \u00a0/-]{1,3}\d{1,7}){0,4}"
            r"|0\d{8,12}"
        ),
        phone_words=r"tel|telefon|fax|mobil|handy|hotline|telefonnummer|rufnummer|nummer\slautet",
        phone_example=(
            "+49 171 23",
            "plus vier neun, eins sieben eins, zwei drei",
        ),
        local_phone_example=("030 123456", "null drei null, eins zwei drei vier fünf sechs"),
        versioned=VERSIONED
        + r"|raum|zimmer|saal|kapitel|kap\.|abb\.|tab\.|abschnitt|punkt|update auf",
        code_words=r"pin|tan|code|zugangscode|passwort|kennwort|postleitzahl|plz|notruf",
        code_links="lautet|ist|heißt",
    ),
    fractions_as=Fractions(say_fraction, frozenset({2, *PARTS})),
    ordinals_as=Ordinals(say_ordinal, r"\.", ("im 12. Stock", "im zwölften Stock")),
    romans_as=Romans(
        r"kapitel|band|teil|akt|abschnitt|artikel|stufe|phase|szene|buch|klasse|gruppe|typ|"
        r"liga|faust|folge|nummer|tafel|satz|zone|block",
        ("Kapitel IV", "Kapitel 4"),
        KINGS | QUEENS,
        say_ruler,
        ("Ludwig XIV. kam", "Ludwig der Vierzehnte kam"),
        roman_dot=r"\.?",
        century=r"(?<!\w)(?P<it>(?P<n>ROMAN)\.)(?=\s(?:Jahrhundert|Internationale|Weltkrieg))",
        say_century=lambda number, lead, rest: inflected(number, lead),
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
            lambda match, how: VOCABULARY.spell(match[0]),
            ("Weg 5, 80331 Ulm", "Weg 5, acht null drei drei eins Ulm"),
            DIGITS,
        ),
    ),
    ordinal=ordinal,
    open_end=re.compile(r"(?<!\d)\d{1,3}\.$"),
)
