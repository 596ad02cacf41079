"""Say Roman numerals in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, after, before
from edge.text.languages.en.numbers import (
    cardinal,
    ordinal,
    year,
)
from edge.text.languages.roman import ROMAN, from_roman

_CARDINAL_BEFORE = (
    "Chapter|Part|Act|Scene|Volume|Vol\\.|Book|Section|Article|Title|Appendix|War"
    "|Phase|Type|Stage|Grade"
    "|Level|Class|Figure|Fig\\.|Table|Bowl|Rocky|Fantasy|Episode|Season|Round|Mark|Mk"
    "|Apollo|Gemini|Unit"
    "|Category|Tier|Group|Schedule|Roman|Corps|Division|Step|Lesson|Module|Canto"
    "|Sonata|Symphony|Quartet|Concerto"
    "|Opus|Psalm|Verse|Exhibit|Annex|Factor|Theft Auto|Godfather|Saturn|Titan"
    "|Amendment|Age of Empires|Civilization"
    "|Kings|Samuel|Corinthians|Playstation|iPhone|iPad|Windows|Study|Trial|Plan"
    "|Vatican|Quarter|Iron Man|Shrek|Toy Story|Rambo"
    "|chapter|part|act|scene|volume|book|section|article|appendix|phase|type|stage"
    "|grade|level|class|figure|table|step|episode|round"
)


_KINGS = (
    "Henry|Louis|George|Elizabeth|Edward|Richard|James|William|Charles|John|Paul|Pius"
    "|Benedict|Napoleon"
    "|Wilhelm|Frederick|Friedrich|Nicholas|Catherine|Philip|Philippe|Felipe|Leo"
    "|Gregory|Alexander|Ivan|Peter|Innocent|Urban|Clement"
    "|Francis|Ferdinand|Carl|Karl|Gustav|Gustaf|Christian|Haakon|Harald|Olav|Margrethe"
    "|Mary|Anne|Ramesses|Rameses|Thutmose|Mehmed"
    "|Murad|Selim|Suleiman|Ptolemy|Darius|Xerxes|Artaxerxes|Otto|Rudolf|Rudolph"
    "|Leopold|Albert|Alfonso|Pedro|Sixtus|Boniface|Julius"
    "|Constantine|Justinian|Theodosius|Stephen|Robert|David|Malcolm|Baldwin|Joseph"
    "|Maximilian|Victoria|Isabella|Juan Carlos|Umberto|Humbert"
    "|Victor Emmanuel|Franz Joseph|Cleopatra|Amenhotep|Abdullah|Hassan|Mohammed"
    "|Muhammad|Naruhito|Rama|Bonaparte|Paul|Sultan|Antiochus|Seleucus"
)


_NUMERAL = rf"(?P<it>{ROMAN})(?<=[IVXLCDM])"


_WORDS_OF_NUMERALS = (
    "XL XXL XXXL MD CD DC MC CC DI MI CV DVI MM CM LCD ID IV CI DL ML LL LI CDI MIX "
    "DIM VC CL LC DX "
    "MV LV CIVIL MILD VIVID LIVID CIVIC DILL MILL"
)


def _roman_cardinal(match: re.Match[str], how: How) -> str:
    return cardinal(from_roman(match["it"]))


def _roman_ordinal(match: re.Match[str], how: How) -> str:
    return f"the {ordinal(from_roman(match['it']))}"


_NO_NUMERALS = frozenset(_WORDS_OF_NUMERALS.split())


def _roman_alone(match: re.Match[str], how: How) -> str | None:
    text = match["it"]
    if text in _NO_NUMERALS:
        return None
    value = from_roman(text)
    if re.match(r"\s(?:century|centuries|c\.|dynasty)", after(match)):
        return ordinal(value)
    if value > 1000:
        return year(str(value)) if 1100 <= value <= 2099 else cardinal(value)
    if (
        re.search(r"[A-Z][a-z]{2,20}\s$", before(match))
        and value <= 4
        and re.search(r"[A-Z][a-z]{1,20}\s[A-Z][a-z]{1,20}\s$", before(match))
    ):
        return f"the {ordinal(value)}"
    return cardinal(value)


ROMANS: tuple[Rule, ...] = (
    Rule(
        "roman",
        re.compile(rf"(?<!\w)(?:{_CARDINAL_BEFORE})\s{_NUMERAL}(?![\w'’-]|\.\w)"),
        _roman_cardinal,
        ("Chapter IV", "Chapter four"),
        frozenset("IVXLCDM"),
    ),
    Rule(
        "roman",
        re.compile(
            r"\b(?:[Ss]cene|[Aa]ct|[Pp]age|[Pp]p?\.|[Cc]hapter|[Pp]art|[Ll]ine"
            r"|[Ss]ection)\s(?P<it>(?=[ivxl])(?:x{0,3})(?:ix|iv"
            r"|v?i{0,3}))(?<=[ivx])(?!\w)"
        ),
        _roman_cardinal,
        ("Act II, Scene iv", "Act two, Scene four"),
        frozenset("ivxl"),
    ),
    Rule(
        "roman",
        re.compile(
            rf"\b(?:(?:{_KINGS})|(?:King|Queen|Pope|Emperor|Tsar|Prince|Sultan"
            rf"|Kaiser)\s[A-Z][a-z]{{1,20}})\s{_NUMERAL}(?![\w-]|\.\w)"
        ),
        _roman_ordinal,
        ("Henry VIII", "Henry the eighth"),
        frozenset("IVXLCDM"),
    ),
    Rule(
        "roman",
        re.compile(rf"(?<![\w.'’&/-])(?P<it>(?=[IVXLCDM]{{2,15}}\b){ROMAN})(?![\w'’&/-]|\.\w)"),
        _roman_alone,
        ("the XIX century", "the nineteenth century"),
        frozenset("IVXLCDM"),
    ),
)
