"""Say measures in English: a number and its unit."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, after, before
from edge.text.languages.en.amounts import ARTICLE, MIXED, PER_END, VULGAR_SIGNS, any_of, value
from edge.text.languages.en.numbers import (
    DASH,
    DIGITS,
    NUM,
    SIGN,
    cardinal,
    is_one,
    pairs,
    stop,
)
from edge.text.languages.en.units import GLUED, ONLY_SPACED, PER, UNITS

_UNIT = any_of(u for u in UNITS if u not in ONLY_SPACED)


_SHORT = any_of(ONLY_SPACED & set(UNITS))


_GLUED = any_of(GLUED)


_SEP = (
    rf"(?:[\s\u00a0\u202f-]?(?P<unit>{_UNIT})|[\s\u00a0\u202f-](?P<short>{_SHORT})"
    rf"|(?P<glued>{_GLUED}))"
)


_MAGNITUDE = r"(?:\s(?:hundred|thousand|million|billion|trillion))?"


_NOUN = re.compile(
    r"[\s-](?!(?:and|or|in|on|at|for|to|from|per|is|was|are|were|that|which|of|with|as|by|but|away"
    r"|long|wide|tall|high|deep|old|ago|later|more|less|each|if|when|a|an|the|off|back|into|above"
    r"|below|north|south|east|west|so|than|down|up|out|apart)\b)[a-z]{2}"
)


def _single(match: re.Match[str], text: str) -> bool:
    if is_one(text):
        return True
    if re.fullmatch(rf"\d{{1,2}}/\d{{1,2}}|[{VULGAR_SIGNS}]", text):
        return True  # half a cup
    behind = after(match)
    return bool(ARTICLE.search(before(match)) and _NOUN.match(behind))


def _named(match: re.Match[str], single: bool) -> str:
    sign = match["unit"] or match["short"] or match["glued"]
    said = UNITS[sign][0 if single else 1]
    if per := match["per"]:
        said += f" per {PER.get(per) or UNITS[per][0]}"
        if later := match["per2"]:
            said += f" per {PER.get(later, later)}"
    return said


def _unit_fits(match: re.Match[str]) -> bool:
    sign, behind = match["unit"] or match["short"] or match["glued"], after(match, 16)
    coded = re.search(r"[A-Z\d]-$", before(match)) and ("-" in match[0] or sign.isupper())
    if coded or ("-" in match[0] and re.match(r"-\w", behind)):
        return False  # "AX-4410-B", "2-in-1"
    if len(sign) == 1 and sign.isupper() and re.match(r"\.?\s[A-Z\d]", behind):
        return False  # a house in a street: "12 N. 5th St."
    if sign in ("in", "at") and re.match(
        r"\s(?!(?:long|wide|tall|high|deep|thick|of|and|x|by)\b)\w", behind
    ):
        return False  # "5 in total"
    if sign == "A" and match["short"] and not re.match(r"[\s,.;:!?)]|$", behind):
        return False
    if match["glued"] and match["glued"] in ("s",) and re.search(r"\d0$", match["num"]):
        return "." in match["num"] or bool(re.match(r"\s(?:timer|delay|left|ago|timeout)", behind))
    if sign == "x" and match["short"]:
        return not re.match(r"\s?\d", behind)
    if sign == "x":
        return not (  # a formula: "x² + 2x", "y = 2x"
            re.match(r"[²³^)(]|\s?[-+−–=*×÷<>≤≥≠]\s?[\dxyz(]", behind)
            or re.search(r"[-+−–=*×÷(<>≤≥≠]\s?$", before(match))
            or (match["sign"] and re.search(r"[\w²³)]\s$", before(match)))
        )
    return True


def _measure(match: re.Match[str], how: How) -> str | None:
    if not _unit_fits(match):
        return None
    text = match["num"]
    hyphened = bool(re.match(r".{0,24}\d-[A-Za-zµ]", match[0])) or after(match, 2)[:1] == "-"
    first = f"{value(match['first'])} to " if match["first"] else ""
    single = hyphened or (_single(match, text) and not first and not match["mag"])
    sign = match["sign"] or ""
    said = value(sign + text) if sign else value(text)
    return f"{first}{said}{match['mag'] or ''} {_named(match, single)}{stop(match)}"


def _height(match: re.Match[str], how: How) -> str:
    feet = "foot" if match[1] == "1" else "feet"
    return f"{cardinal(match[1])} {feet} {value(match[2])}" + (
        " inches" if match[3] and match[2] != "1" else ""
    )


def _inches(match: re.Match[str], how: How) -> str:
    behind = after(match)
    single = is_one(match[1]) or (
        ARTICLE.search(before(match)) is not None or re.match(r"\s[A-Za-z0-9]", behind) is not None
    )
    if re.match(r"\s(?:tall|wide|long|deep|high|thick|by|x|and|or|to|in|of|away|apart)\b", behind):
        single = is_one(match[1])
    unit = ("foot", "feet") if match[2] in "'′" else ("inch", "inches")
    return f"{value(match[1])} {unit[0 if single else 1]}"


_PRODUCT = re.compile(
    r"\b(?:multipl(?:y|ied|ying)|product of|calculate|compute|what is|what['’]s)\s$", re.IGNORECASE
)
"""Words before 6 × 12 that make it a product, and not the sides of a thing."""


def _by(match: re.Match[str], how: How) -> str | None:
    if match["unit"] in ("x", "×") or match["short"] == "x" or match["glued"] == "x":
        return None  # a product goes on: 3 × 3 × 3
    if _PRODUCT.search(before(match)):
        return None
    sizes = re.split(r"\s?[x×X]\s?", match["sizes"])
    said = " by ".join(pairs(s) if len(s) == 4 and "." not in s else value(s) for s in sizes)
    if match["unit"] or match["short"] or match["glued"]:
        said += f" {_named(match, False)}"
    return said


def _per_time(match: re.Match[str], how: How) -> str:
    return f"{value(match[1])} per {match[2]}"


def _bare_unit(match: re.Match[str], how: How) -> str:
    one, many = UNITS[match[1]]
    single = re.search(r"(?<![\d.,])1\s?$", before(match))
    return f"{one if single else many} per {PER.get(match[2]) or UNITS[match[2]][0]}"


MEASURES: tuple[Rule, ...] = (
    Rule(
        "unit",
        re.compile(r"(?<![\w.,])(\d{1,2})\s?['′’]\s?(\d{1,2}(?:\.5)?)\s?([\"″”]|'')?(?!\w)"),
        _height,
        ("5'11\"", "five feet eleven inches"),
        frozenset("'′’"),
    ),
    Rule(
        "unit",
        re.compile(rf"(?<![\w.,\"“])({MIXED}|\d{{1,4}}(?:\.\d{{1,3}})?)([\"″′])(?![\w])"),
        _inches,
        ("a 27″ screen", "a twenty-seven inch screen"),
        frozenset('"″′'),
    ),
    Rule(
        "unit",
        re.compile(
            rf"(?<![\w.,])(?P<sizes>{NUM}(?:\s?[x×X]\s?{NUM}){{1,2}})(?:{_SEP}{PER_END})"
            rf"?(?!\w|\s?[=*/÷]|\s[-−+]\s|\s?[x×X]\s?\d)"
        ),
        _by,
        ("10 x 12 ft", "ten by twelve feet"),
        frozenset("x×X"),
    ),
    Rule(
        "unit",
        re.compile(
            rf"(?<![\w.,])(?<!\d/)(?:(?P<first>{SIGN}?(?:{MIXED}|{NUM}))(?:{DASH}|\sto\s)|(?=\S))"
            rf"(?P<sign>{SIGN}\s?|[-−+](?=[\d.]))?(?P<num>{MIXED}"
            rf"|{NUM})(?P<mag>{_MAGNITUDE}){_SEP}{PER_END}"
            rf"(?!['’]?\w|[²³])(?:(?<=[a-z])\.(?=\s[a-z]|[,;)]))?"
        ),
        _measure,
        ("60 km/h", "sixty kilometers per hour"),
        DIGITS | frozenset(VULGAR_SIGNS),
    ),
    Rule(
        "unit",
        re.compile(r"(?<=[a-z\"″'′])\s[x×]\s(?=\d)"),
        lambda match, how: " by ",
        ("30 cm × 20 cm", "thirty centimeters by twenty centimeters"),
        frozenset("x×"),
    ),
    Rule(
        "unit",
        re.compile(
            rf"(?<![\w/.])(?:("
            rf"{any_of(u for u in UNITS if len(u) > 1 and u not in ('in', 'st', 'pt'))}"
            rf"|m)"
            rf"/({any_of({*PER, *UNITS} - {'x', '×'})}))(?![\w/²³])"
        ),
        _bare_unit,
        ("speed in km/h", "speed in kilometers per hour"),
        frozenset("/"),
    ),
    Rule(
        "unit",
        re.compile(
            rf"(?<![\w.,/])({NUM})\s?/\s?(hour|day|night|week|month|year|minute|second"
            rf"|person|dose|user|serving)(?!\w)"
        ),
        _per_time,
        ("max 6/day", "max six per day"),
        frozenset("/"),
    ),
)
