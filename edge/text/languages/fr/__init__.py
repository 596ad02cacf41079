"""Read French."""

from __future__ import annotations

import re

from edge.text.claims import Rule
from edge.text.languages.fr.grammar import (
    KINGS,
    PARTS,
    QUEENS,
    TABLE,
    count,
    ordinal,
    say_century,
    say_date,
    say_date_range,
    say_fraction,
    say_ordinal,
    say_ruler,
    say_time,
    say_time_range,
)
from edge.text.languages.fr.words import SHORTENED, VOCABULARY
from edge.text.languages.shared.arithmetic import Fractions
from edge.text.languages.shared.assembly import make_language
from edge.text.languages.shared.calendar_days import Dates, numbered_months
from edge.text.languages.shared.clock import Clock
from edge.text.languages.shared.codes import Codes, paired_phone
from edge.text.languages.shared.enumerations import Ordinals, Romans
from edge.text.languages.vocabulary import DIGITS, whole_stop

_SPANS = {"j": "jour", "sem": "semaine"}
_OWN = (
    Rule(
        "duration",
        re.compile(r"(?<![\w.,°])(?P<m>\d{1,3})['’′](?P<s>[0-5]\d)(?:[\"”″]|''|(?!\w))"),
        lambda match, how: (
            f"{count(match['m'], 'minute')} minute{'s' * (match['m'] != '1')} "
            f"{match['s'].lstrip('0') or '0'}"
        ),
        ("en 42'30\"", "en 42 minutes 30"),
        frozenset("'’′"),
    ),
    Rule(
        "unit",
        re.compile(r"(?<![\w.,/])1 c\. à (?=soupe|café)"),
        lambda match, how: "une cuillère à ",
        ("1 c. à soupe", "une cuillère à soupe"),
        DIGITS,
    ),
    Rule(
        "unit",
        re.compile(r"(?<![\w/])1/2 c\. à (?=s|c)"),
        lambda match, how: "une demi-cuillère à ",
        ("1/2 c. à soupe", "une demi-cuillère à soupe"),
        frozenset("/"),
    ),
    Rule(
        "abbreviation",
        re.compile(r"(?<!\w)[nN][°º](?=\s?:)"),
        lambda match, how: "numéro",
        ("Mon n° : 12", "Mon numéro : 12"),
        frozenset("°º"),
    ),
    Rule(
        "unit",
        re.compile(r"(?<=\w)\s?/\s?(?=(?:jour|mois|an|semaine|heure|personne|nuit|pers)\b)"),
        lambda match, how: " par ",
        ("3 verres d'eau/jour", "3 verres d'eau par jour"),
        frozenset("/"),
    ),
    Rule(
        "duration",
        re.compile(r"(?<=\d)(?:e|è|ème)\s(?P<it>min\.?)(?!\w)"),
        lambda match, how: whole_stop(match, "minute"),
        ("la 75e min. de jeu", "la soixante-quinzième minute de jeu"),
        DIGITS,
    ),
    Rule(
        "unit",
        re.compile(r"(?<![\w.,])(?P<m>[1-9])m(?P<cm>\d\d)(?!\w)"),
        lambda match, how: (
            f"{count(match['m'], 'mètre')} mètre{'s' * (match['m'] != '1')} {match['cm']}"
        ),
        ("1m85", "un mètre 85"),
        frozenset("m"),
    ),
    Rule(
        "abbreviation",
        re.compile(r"(?<!\w)S(?P<e>te?)(?=-[A-ZÀ-Ý])"),
        lambda match, how: "Sainte" if match["e"] == "te" else "Saint",
        ("St-Denis", "Saint-Denis"),
        frozenset("S"),
    ),
    Rule(
        "duration",
        re.compile(r"(?<![\d.,:])(?P<n>[1-9])\s?[x×]\s?/\s?(?P<per>j|jour|sem|semaine|mois)\b"),
        lambda match, how: f"{match['n']} fois par {_SPANS.get(match['per'], match['per'])}",
        ("3x/j", "3 fois par jour"),
        frozenset("/"),
    ),
    Rule(
        "duration",
        re.compile(r"(?<!\w)(?P<a>24|7)\s?(?P<unit>h|j)\s?/\s?(?P<b>24|7)(?!\d)"),
        lambda match, how: (
            f"{match['a']} {'heures' if match['unit'] == 'h' else 'jours'} sur {match['b']}"
        ),
        ("24h/24", "24 heures sur 24"),
        frozenset("/"),
    ),
    Rule(
        "duration",
        re.compile(r"(?<![\d.,:])(?P<n>[1-9]\d{0,2})\s?[x×](?=\s[^\W\d_]{2})"),
        lambda match, how: f"{match['n']} fois",
        ("2x par jour", "2 fois par jour"),
        frozenset("x×"),
    ),
)

LANGUAGE = make_language(
    VOCABULARY,
    shortened=SHORTENED,
    dates_as=Dates(
        say_date,
        numbered_months(TABLE, {"sep.": 9, "fev.": 2, "aout": 8, "dec.": 12}),
        ("le 1er oct. 1989", "le premier octobre 1989"),
        say_date_range,
        day_ending="(?:er)?",
        day_and_month="/",
        date_lead=(
            r"le|du|au|dès|depuis|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|"
            r"avant|jusqu['’]au|lun\.|mar\.|mer\.|jeu\.|ven\.|sam\.|dim\."
        ),
        day_example=("le 12/03 ici", "le 12 mars ici"),
    ),
    clock=Clock(say_time, say_time_range, marks=("h", "heures"), letter="hH"),
    codes_as=Codes(
        phone=(
            r"0[1-9](?:[ \u00a0\u202f.-]\d\d){4}|0[1-9]\d{8}|"
            r"(?:08\d\d|0 8\d\d|3\d)(?: \d{2,3}){1,3}"
        ),
        phone_words=r"tél|tel|téléphone|fax|portable|mobile|appelez\sle|numéro\svert",
        phone_example=("+33 6 12 34 56", "plus 33, 6, 12, 34, 56"),
        local_phone_example=(
            "01 23 45 67 89",
            "zéro un, 23, 45, 67, 89",
        ),
        say_phone=paired_phone,
        code_words=r"pin|code|mot\sde\spasse|identifiant|digicode",
        code_links="est",
        version_said="version",
    ),
    fractions_as=Fractions(say_fraction, frozenset({2, *PARTS})),
    ordinals_as=Ordinals(
        say_ordinal,
        r"ers?\b|ères?\b|eres?\b|res?\b|èmes?\b|emes?\b|ièmes?\b|es?\b|nde?s?\b|ᵉʳ|ᵉ",
        ("la 3e fois", "la troisième fois"),
    ),
    romans_as=Romans(
        r"chapitres?|tomes?|livres?|volumes?|actes?|scènes?|articles?|titres?|parties?|phases?|"
        r"zones?|types?|classes?|niveaux?|groupes?|annexes?|guerre|paris",
        ("chapitre IV", "chapitre 4"),
        KINGS | QUEENS,
        say_ruler,
        ("Louis XIV vint", "Louis 14 vint"),
        century=r"(?<!\w)(?P<it>(?P<n>ROMAN)(?:ème|e|ᵉ))(?!\w)",
        say_century=say_century,
        century_example=("au XIXe siècle", "au dix-neuvième siècle"),
    ),
    first=_OWN,
    before_ranges=(
        Rule(
            "roman",
            re.compile(r"(?<=[^\W\d_]\s)I(?:er|ᵉʳ)\b"),
            lambda match, how: "premier",
            ("François Ier", "François premier"),
            frozenset("I"),
        ),
        Rule(
            "roman",
            re.compile(r"(?<=[^\W\d_]\s)I(?:re|ère)\b"),
            lambda match, how: "première",
            ("Élisabeth Ire", "Élisabeth première"),
            frozenset("I"),
        ),
    ),
    ordinal=ordinal,
)
