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
    "|Vatican|Quarter|Iron Man|Shrek|Toy Story|Rambo|GTA|OS|Elder Scrolls|WrestleMania|Diablo"
    "|Clause|Wars|Starcraft|StarCraft|Hearts of Iron|Europa Universalis|Street Fighter|Halo|Mafia"
    "|Mortal Kombat|Resident Evil|Dragon Quest|Dark Souls|Modern Warfare|Black Ops|Saw|Fast"
    "|Kingdom Hearts|Persona|Ultima|Gladiator|Terminator|Olympiad|Mk\\.|Panel|Plate|Sonnet"
    "|Sector|Region|Zone|Wave|Cohort|Battlefield|Warcraft|Borderlands|Mass Effect|Test"
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
    "|Muhammad|Naruhito|Rama|Bonaparte|Paul|Sultan|Antiochus|Seleucus|Ramses|Seti|Ludwig"
    "|Elisabeth|Willem|Afonso|João|Oscar|Erik|Eric|Valdemar|Sigismund|Casimir|Michael|Vladimir"
    "|Basil|Cosimo|Adrian|Hadrian|Celestine|Honorius|Callixtus|Eugene|Nikolai|Kamehameha|Akbar"
    "|Ahmed|Mustafa|Osman|Bayezid|Faisal|Hussein|Farouk|Fuad|Edmund|Harold|Henri|Ernst|Augustus"
    "|Manuel|Alexios|Leonidas|Charlemagne|Jean|Hussain|Tupac Amaru|Duke|Archduke Franz"
)


_NUMERAL = rf"(?P<it>{ROMAN})(?<=[IVXLCDM])"
_LOW = r"(?=[ivxl])(?:xl|x{0,3})(?:ix|iv|v?i{0,3})(?<=[ivxl])"
"""Pattern of a numeral in small letters, as pages have it."""
_LETTERS = frozenset("CDLM")
"""Alone they are letters: Schedule C, Part D."""
_BIBLE = "Corinthians|Samuel|Kings|Chronicles|Thessalonians|Timothy|Peter|John|Maccabees"
_TURNS = (
    r"\s(?:century|centuries|c\.|dynasty|Olympiad|Amendment|Corps|Airborne|Army|Legion|Congress)"
)
"""Behind a numeral that is an ordinal."""
_TITLES = re.compile(
    r"(?:Fighter|Wars|Souls|Warfare|Craft|Quest|Kombat|Evil|Effect|Duty|Hearts|Trek|Redemption"
    r"|Auto|Kart|Creed|Gear|Saga|Empires|Cry|Park|Story|Strike|Tournament|Man|Bowl|Project|Plan"
    r"|Class|Act|Program|System|Series|Model|Edition|Council|Conference|Kings|Scrolls)\s$"
)
"""Words before a numeral that is no person's."""


_WORDS_OF_NUMERALS = (
    "XL XXL XXXL MD CD DC MC CC DI MI CV DVI MM CM LCD ID IV CI DL ML LL LI CDI MIX "
    "DIM VC CL LC DX "
    "MV LV CIVIL MILD VIVID LIVID CIVIC DILL MILL"
)


def _roman_cardinal(match: re.Match[str], how: How) -> str | None:
    if match["it"] in _LETTERS and "Bowl" not in match[0]:
        return None
    return cardinal(from_roman(match["it"]))


def _romans(match: re.Match[str], how: How) -> str | None:
    parts = re.split(r"([^IVXLCDM]+)", match["it"])
    values = [from_roman(part) for part in parts[::2]]
    if values != sorted(set(values)) or {*parts[::2]} & _LETTERS:
        return None
    said = [cardinal(value) for value in values]
    links = [" to " if link.strip() in ("-", "–") else link for link in parts[1::2]]
    return "".join(word + link for word, link in zip(said, [*links, ""], strict=True))


def _pages(match: re.Match[str], how: How) -> str:
    first = cardinal(from_roman(match["n"]))
    if match["m"] is None:
        return f"page {first}"
    return f"pages {first} to {cardinal(from_roman(match['m']))}"


def _listed(match: re.Match[str], how: How) -> str | None:
    if len(match[0]) == 1 and "(ii)" not in match.string:
        return None
    return cardinal(from_roman(match[0]))


def _roman_ordinal(match: re.Match[str], how: How) -> str:
    return f"the {ordinal(from_roman(match['it']))}"


_PERSON = re.compile(
    r"(?:(?<![.!?]\s)|^)\b[A-Z][a-z]{1,20}\s(?:[A-Z]\.\s){0,2}[A-Z][a-z]{2,20},?\s$"
)
_PART_IV = re.compile(
    r"\b(?!Start|Begin|Place|Insert|Give|New|The|Her|His|Your|Remove)[A-Z][a-z]+\.?\s$"
)
_END_IV = re.compile(r"[.,:;!?)]|$|\s(?:is|was|came|launched|and|of|in|has|will|on)\b")
_HEAD_IV = re.compile(r"(?:^|\n)[#*\s]{0,6}$")
"""Before IV that is a numeral: elsewhere it drips."""
_NO_NUMERALS = frozenset(_WORDS_OF_NUMERALS.split())


def _roman_alone(match: re.Match[str], how: How) -> str | None:
    text = match["it"]
    value, lead, rest = from_roman(text), before(match), after(match)
    if text in _NO_NUMERALS and not (
        text == "IV" and ((_PART_IV.search(lead) and _END_IV.match(rest)) or _HEAD_IV.search(lead))
    ):
        return None
    if re.match(_TURNS, rest):
        return ordinal(value)
    if value > 1000:
        return year(str(value)) if 1100 <= value <= 2099 else cardinal(value)
    if value <= 4 and _PERSON.search(lead) and not _TITLES.search(lead):
        return f"the {ordinal(value)}"
    return cardinal(value)


ROMANS: tuple[Rule, ...] = (
    Rule(
        "roman",
        re.compile(rf"\b(?P<it>pp?\.\s?(?P<n>{_LOW})(?:\s?[–-]\s?(?P<m>{_LOW}))?)(?!\w)"),
        _pages,
        ("see pp. iv–xii", "see pages four to twelve"),
        frozenset("ivxl"),
    ),
    Rule(
        "roman",
        re.compile(rf"(?<=\(){_LOW}(?=\))"),
        _listed,
        ("(i) tea, (ii) milk", "(one) tea, (two) milk"),
        frozenset("("),
    ),
    Rule(
        "roman",
        re.compile(
            rf"(?<!\w)(?:{_CARDINAL_BEFORE})s?\s(?P<it>{ROMAN}(?<=[IVXLCDM])"
            rf"(?:(?:,?\s(?:and|or|to|through|&)\s|\s?[–-]\s?|,\s){ROMAN}(?<=[IVXLCDM])){{1,3}})"
            r"(?![\w'’-]|\.\w)"
        ),
        _romans,
        ("Chapters I–III and V", "Chapters one to three and five"),
        frozenset("IVX"),
    ),
    Rule(
        "roman",
        re.compile(rf"(?<!\w)(?P<it>I{{1,3}})(?=\s(?:{_BIBLE})\b)"),
        lambda match, how: ordinal(from_roman(match["it"])).capitalize(),
        ("II Corinthians", "Second Corinthians"),
        frozenset("I"),
    ),
    Rule(
        "roman",
        re.compile(rf"(?<!\w)(?P<it>(?=[IVXLCDM]{{2,15}}th)(?P<n>{ROMAN})th)\b"),
        lambda match, how: ordinal(from_roman(match["n"])),
        ("the XVIIIth century", "the eighteenth century"),
        frozenset("IVXLCDM"),
    ),
    Rule(
        "roman",
        re.compile(rf"(?<!\w)(?:{_CARDINAL_BEFORE})s?\s{_NUMERAL}(?![\w'’-]|\.\w)"),
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
            rf"\b(?!Malcolm\sX\b)(?:(?:{_KINGS})|(?:King|Queen|Pope|Emperor|Tsar|Prince|Sultan"
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
