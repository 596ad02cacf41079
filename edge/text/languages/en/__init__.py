"""Read English."""

from __future__ import annotations

import re

from edge.text.claims import Language
from edge.text.languages.en.abbreviations import ABBREVIATIONS
from edge.text.languages.en.acronyms import ACRONYMS
from edge.text.languages.en.addresses import ADDRESSES
from edge.text.languages.en.amounts import AMOUNTS, PRESSURES
from edge.text.languages.en.codes import CODES, PHONES
from edge.text.languages.en.dates import DATES
from edge.text.languages.en.forced import FORCED
from edge.text.languages.en.fractions import FRACTIONS, FRACTIONS_LEFT
from edge.text.languages.en.games import GAMES
from edge.text.languages.en.homographs import homographs
from edge.text.languages.en.machines import MACHINES
from edge.text.languages.en.maths import LATEX, MATHS, POWERS_OF_TEN
from edge.text.languages.en.measures import MEASURES
from edge.text.languages.en.money import MONEY
from edge.text.languages.en.numbers import DIGITS_LEFT, NUMBERS, letters, number
from edge.text.languages.en.romans import ROMANS
from edge.text.languages.en.signs import SIGN_RULES
from edge.text.languages.en.times import DURATIONS, TIMES
from edge.text.languages.en.years import YEARS
from edge.text.languages.other import GIVEN
from edge.text.links import Signs, reading

SIGNS = Signs(letters=letters, digits=number)
_ABBREVIATIONS = """
mr mrs ms mx dr prof st ste mt ft rev hon gov sen rep pres gen col maj capt lt sgt cpl cmdr adm
pvt fr supt insp det jr sr vs no nos etc approx fig figs eq sec vol ch chap ed eds pp pg e.g
i.e cf ca al dept univ inst inc ltd co corp bros assn ave blvd rd ln ct pl sq hwy pkwy apt bldg
jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun
min hr hrs oz lb lbs yd tel ext attn est avg max misc incl excl a.m p.m u.s u.k
"""
_OPEN_END = re.compile(
    r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|January|February|March"
    r"|April|June|July"
    r"|August|September|October|November|December)\.? \d{1,2}(?:st|nd|rd|th)?,$"
    r"|\b(?:Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat|Sun),$"
)

LANGUAGE = Language(
    "en",
    rules=(
        GIVEN,
        *LATEX,
        *reading(SIGNS),
        *POWERS_OF_TEN,
        *DATES,
        *TIMES,
        *DURATIONS,
        *YEARS,
        *MONEY,
        *PRESSURES,
        *PHONES,
        *MACHINES,
        *GAMES,
        *AMOUNTS,
        *MEASURES,
        *FRACTIONS,
        *MATHS,
        *CODES,
        *ADDRESSES,
        *ROMANS,
        *ABBREVIATIONS,
        *ACRONYMS,
        *NUMBERS,
        *FRACTIONS_LEFT,
        *SIGN_RULES,
        *DIGITS_LEFT,
    ),
    forced=FORCED,
    code_block="a block of code",
    homographs=homographs,
    abbreviations=frozenset(_ABBREVIATIONS.split()),
    open_end=_OPEN_END,
)
