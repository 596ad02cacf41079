"""Say percentages, measures, temperatures, fractions and ranges in English."""

from __future__ import annotations

import re
from collections.abc import Iterable

from edge.text.claims import How, Rule, after, before
from edge.text.languages.en.numbers import (
    DASH,
    DIGITS,
    MINUS,
    NUM,
    SIGN,
    cardinal,
    ends_sentence,
    is_one,
    number,
    ordinal,
    pairs,
)
from edge.text.languages.en.times import MONTHS
from edge.text.languages.en.units import GLUED, ONLY_SPACED, PER, UNITS

VULGAR = {
    "½": "1/2",
    "⅓": "1/3",
    "⅔": "2/3",
    "¼": "1/4",
    "¾": "3/4",
    "⅕": "1/5",
    "⅖": "2/5",
    "⅗": "3/5",
    "⅘": "4/5",
    "⅙": "1/6",
    "⅚": "5/6",
    "⅐": "1/7",
    "⅛": "1/8",
    "⅜": "3/8",
    "⅝": "5/8",
    "⅞": "7/8",
    "⅑": "1/9",
    "⅒": "1/10",
}
_VULGAR = "".join(VULGAR)


def any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_UNIT = any_of(u for u in UNITS if u not in ONLY_SPACED)
_SHORT = any_of(ONLY_SPACED & set(UNITS))
_GLUED = any_of(GLUED)
_SEP = rf"(?:\s?(?P<unit>{_UNIT})|[\s\u00a0\u202f-](?P<short>{_SHORT})|(?P<glued>{_GLUED}))"
_PER_END = (
    rf"(?:\s?/\s?(?P<per>{any_of({*PER, *UNITS} - {'x', '×'})})"
    r"(?:/(?P<per2>day|d|hour|hr|h|min|week|dose|year|yr))?)?"
)
_MIXED = rf"(?:\d{{1,4}}[\s-]\d{{1,2}}/\d{{1,2}}|\d{{1,4}}\s?[{_VULGAR}]|[{_VULGAR}]|\d{{1,2}}/\d{{1,2}})"
_MAGNITUDE = r"(?:\s(?:hundred|thousand|million|billion|trillion))?"
_SCALES = {"C": " Celsius", "F": " Fahrenheit", "K": " kelvin"}
_ARTICLE = re.compile(
    r"(?:^|[\s(])(?:an?|another|one|this|every|each|the\sfirst)\s(?:\w{1,12}\s)?$", re.IGNORECASE
)
_NOUN = re.compile(
    r"[\s-](?!(?:and|or|in|on|at|for|to|from|per|is|was|are|were|that|which|of|with|as|by|but|away"
    r"|long|wide|tall|high|deep|old|ago|later|more|less|each|if|when|a|an|the|off|back|into|above"
    r"|below|north|south|east|west|so|than|down|up|out|apart)\b)[a-z]{2}"
)


def _digits(text: str) -> str:
    return number(text.replace(",", ""))


def fraction(top: str, bottom: str) -> str:
    """Say a fraction: 3/4 -> three quarters."""
    above, below = int(top), int(bottom)
    if below == 0 or (below > 100 and below % 100) or below == 1 or above > 999:
        return f"{cardinal(top)} over {cardinal(bottom)}"
    name = {2: "half", 4: "quarter"}.get(below) or ordinal(bottom)
    if above != 1:
        name = "halves" if below == 2 else f"{name}s"
    return f"{cardinal(top)} {name}"


def mixed(text: str) -> str:
    """Say a whole number and a fraction: 2½ -> two and a half."""
    for sign, plain in VULGAR.items():
        text = text.replace(sign, f" {plain}")
    *whole, part = re.split(r"[\s-]{1,4}", text.strip())
    top, bottom = part.split("/")
    if not whole:
        return fraction(top, bottom)
    said = fraction(top, bottom)
    if said.startswith("one "):
        said = ("an " if said[4:].startswith("eigh") else "a ") + said[4:]
    return f"{cardinal(whole[0])} and {said}"


def value(text: str) -> str:
    """Say a measure's number, with its fraction if it has one."""
    text = text.strip()
    sign = re.match(rf"[{MINUS}+±~≈]\s?", text)
    if re.search(rf"[/{_VULGAR}]", text):
        return f"{number(sign[0] + '0')[:-5]} " if sign else "" + mixed(text)
    return _digits(text)


def _single(match: re.Match[str], text: str) -> bool:
    if is_one(text):
        return True
    if re.fullmatch(rf"\d{{1,2}}/\d{{1,2}}|[{_VULGAR}]", text):
        return True  # half a cup
    behind = after(match)
    return bool(_ARTICLE.search(before(match)) and _NOUN.match(behind))


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
        return not re.match(r"[²³^)(]|\s?[-+−–=*×÷]\s?[\dxyz(]", behind)
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
    return f"{first}{said}{match['mag'] or ''} {_named(match, single)}{_stop(match)}"


def _stop(match: re.Match[str]) -> str:
    return "." if ends_sentence(match) else ""


def _percent(match: re.Match[str], how: How) -> str:
    first = f"{value(match['first'])} to " if match["first"] else ""
    word = "per mille" if match["sign2"] == "‰" else "percent"
    return f"{first}{value(match['num'])} {word}"


def _temperature(match: re.Match[str], how: How) -> str:
    first = f"{value(match['first'])} to " if match["first"] else ""
    text = match["num"]
    single = (is_one(text) and not first) or _TURNED.match(after(match))
    unit = "degree" if single else "degrees"
    per = f" per {PER.get(match['per']) or UNITS[match['per']][0]}" if match["per"] else ""
    return f"{first}{value(text)} {unit}{_SCALES.get(match['scale'] or '', '')}{per}"


_TURNED = re.compile(r"\s(?:angle|turn|rotation|bend|view|video|day|heat|weather|water)s?\b")


def _angle(match: re.Match[str], how: How) -> str:
    said = f"{value(match['d'])} degrees"
    if match["m"]:
        said += f" {value(match['m'])} minutes"
    if match["s"]:
        said += f" {value(match['s'])} seconds"
    side = {"N": "north", "S": "south", "E": "east", "W": "west"}.get(match["side"] or "", "")
    return f"{said} {side}".rstrip()


def _height(match: re.Match[str], how: How) -> str:
    feet = "foot" if match[1] == "1" else "feet"
    return f"{cardinal(match[1])} {feet} {value(match[2])}" + (
        " inches" if match[3] and match[2] != "1" else ""
    )


def _inches(match: re.Match[str], how: How) -> str:
    behind = after(match)
    single = is_one(match[1]) or (
        _ARTICLE.search(before(match)) is not None
        or re.match(r"\s[A-Za-z0-9]", behind) is not None
    )
    if re.match(r"\s(?:tall|wide|long|deep|high|thick|by|x|and|or|to|in|of|away|apart)\b", behind):
        single = is_one(match[1])
    unit = ("foot", "feet") if match[2] in "'′" else ("inch", "inches")
    return f"{value(match[1])} {unit[0 if single else 1]}"


def _by(match: re.Match[str], how: How) -> str:
    sizes = re.split(r"\s?[x×X]\s?", match["sizes"])
    said = " by ".join(pairs(s) if len(s) == 4 and "." not in s else value(s) for s in sizes)
    if match["unit"] or match["short"] or match["glued"]:
        said += f" {_named(match, False)}"
    return said


def _fraction(match: re.Match[str], how: How) -> str | None:
    if "/" in match[0] and " " not in match[0]:
        top, bottom = match[0].split("/")
        if (top, bottom) == ("9", "11"):
            return "nine eleven"
        if how.dates == "mdy" and _is_day(match, top, bottom):
            return f"{MONTHS[int(top) - 1]} {ordinal(bottom)}"
        if len(top) > 1 and top[0] == "0":
            return None
        if top == bottom and int(top) > 9:
            return f"{cardinal(top)} {cardinal(bottom)}"
        if _SCORED.search(before(match)) or _STARS.match(after(match)):
            return f"{cardinal(top)} out of {cardinal(bottom)}"
        if int(top) > int(bottom) and int(bottom) > 10:
            return f"{cardinal(top)} over {cardinal(bottom)}"
    return mixed(match[0])


_DATED = re.compile(
    r"\b(?:by|before|after|until|since|due|through|thru|of|from|on)\s$", re.IGNORECASE
)
_USUAL = frozenset({2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 24})


def _is_day(match: re.Match[str], top: str, bottom: str) -> bool:
    if not (1 <= int(top) <= 12 and 1 <= int(bottom) <= 31):
        return False
    dated = _DATED.search(before(match)) is not None and not re.match(r"\sof\b", after(match))
    return dated or (int(bottom) > 12 and int(bottom) not in _USUAL)


_SCORED = re.compile(
    r"\b(?:score[ds]?|rat(?:ed|ing|ings)|got|gave|give|mark|grade|review|pain|scored a)\b[^.]{0,24}$",
    re.IGNORECASE,
)
_STARS = re.compile(r"\s(?:stars?|points?|correct|questions|people|users|on the)\b")


def _out_of(match: re.Match[str], how: How) -> str:
    return f"{value(match[1])} out of {value(match[2])}"


def _pressure(match: re.Match[str], how: How) -> str:
    unit = " millimeters of mercury" if match["unit"] else ""
    return f"{cardinal(match[1])} over {cardinal(match[2])}{unit}"


def _range(match: re.Match[str], how: How) -> str | None:
    first, last = match["a"], match["b"]
    if _EQUATION.match(after(match)) or (first[0] == "0" and len(first) > 1 and "." not in first):
        return None
    if " - " in match[0] and float(first.replace(",", "")) > float(last.replace(",", "")):
        return f"{value(first)} minus {value(last)}"
    sign = match["sign"] or ""
    return f"{value(sign + first)} to {value((match['sign2'] or '') + last)}"


_EQUATION = re.compile(r"\s?[=+*×÷^]")

_DOSES = {
    "BID": "twice a day",
    "b.i.d.": "twice a day",
    "TID": "three times a day",
    "t.i.d.": "three times a day",
    "QID": "four times a day",
    "q.i.d.": "four times a day",
    "q.d.": "every day",
    "PRN": "as needed",
    "p.r.n.": "as needed",
    "p.o.": "by mouth",
    "q.h.s.": "at bedtime",
}


def _every(match: re.Match[str], how: How) -> str:
    last = f" to {cardinal(match[2])}" if match[2] else ""
    return f"every {cardinal(match[1])}{last} hours"


def _per_time(match: re.Match[str], how: How) -> str:
    return f"{value(match[1])} per {match[2]}"


def _bare_unit(match: re.Match[str], how: How) -> str:
    one, many = UNITS[match[1]]
    single = re.search(r"(?<![\d.,])1\s?$", before(match))
    return f"{one if single else many} per {PER.get(match[2]) or UNITS[match[2]][0]}"


_SPACED = r"(?:\d{1,3}(?:[\u00a0\u202f]\d{3}){1,5}|[1-9]\d{0,2}(?:\s\d{3}){0,4}\s000)"

PRESSURES: tuple[Rule, ...] = (
    Rule(
        "medical",
        re.compile(
            r"(?<![\w/.,$])(1?\d{2}|2[0-4]\d)/(\d{2}|1[0-4]\d)(?:\s?(?P<unit>mm\s?Hg))(?!\w)"
        ),
        _pressure,
        ("120/80 mmHg", "one hundred twenty over eighty millimeters of mercury"),
        DIGITS,
    ),
    Rule(
        "medical",
        re.compile(
            r"(?:(?:BP|[Bb]lood pressure)[^.\d]{0,24})(?P<it>(1?\d{2}|2[0-4]\d)/(\d{2}|1[0-4]\d))(?![\w/])"
        ),
        lambda match, how: f"{cardinal(match[2])} over {cardinal(match[3])}",
        ("BP 118/76", "BP one hundred eighteen over seventy-six"),
        DIGITS,
    ),
)
"""Blood pressures, before the rules of fractions."""

AMOUNTS: tuple[Rule, ...] = (
    Rule(
        "medical",
        re.compile(r"(?<!\w)q\s?(\d{1,2})(?:[-–](\d{1,2}))?\s?h(?:rs?|ours?)?(?!\w)"),
        _every,
        ("q4-6h", "every four to six hours"),
        DIGITS,
    ),
    Rule(
        "medical",
        re.compile(rf"(?<!\w)(?:{any_of(_DOSES)})(?!\w)"),
        lambda match, how: _DOSES[match[0]],
        ("one tablet BID", "one tablet twice a day"),
        frozenset("BTQPbtqp"),
    ),
    Rule(
        "medical",
        re.compile(r"(?<=\d)(?:\s|-)?(?:y/o|y\.o\.|yo)(?!\w)"),
        lambda match, how: " year old",
        ("a 72 y/o man", "a seventy-two year old man"),
        DIGITS,
    ),
    Rule(
        "number",
        re.compile(rf"(?<![\w.,]){_SPACED}(?![\w]|[.,]\d|\s\d)"),
        lambda match, how: cardinal(re.sub(r"\s", "", match[0])),
        ("1 000 000 people", "one million people"),
        DIGITS,
    ),
    Rule(
        "percent",
        re.compile(
            rf"(?<![\w.,])(?:(?P<first>{SIGN}?{NUM})\s?%?{DASH}|"
            rf"(?=\S))(?P<num>(?:{SIGN}|[+−](?=\d))?(?:{_MIXED}|{NUM}))\s?(?P<sign2>[%‰])"
        ),
        _percent,
        ("-2.5% to 5-10%", "minus two point five percent to five to ten percent"),
        frozenset("%‰"),
    ),
    Rule(
        "temperature",
        re.compile(
            rf"(?<![\w.,])(?P<d>\d{{1,3}}(?:\.\d{{1,6}})?)\s?°\s?(?:(?P<m>\d{{1,2}}(?:\.\d{{1,4}})?)"
            rf"\s?['′’]\s?)?(?:(?P<s>\d{{1,2}}(?:\.\d{{1,4}})?)\s?[\"″”]\s?)?(?P<side>[NSEW])(?!\w)"
        ),
        _angle,
        ("48°12'N", "forty-eight degrees twelve minutes north"),
        frozenset("°"),
    ),
    Rule(
        "temperature",
        re.compile(
            rf"(?<![\w.,])(?:(?P<first>{SIGN}?{NUM})\s?(?:°\s?[CF]?)?(?:{DASH}|\sto\s|…)|(?=\S))"
            rf"(?P<num>(?:{SIGN}|[-−](?=[\d.]))?{NUM})\s?(?:°(?:\s?(?P<scale>[CFK])(?!\w))?"
            rf"|º(?:\s?(?P<scale1>[CF])(?!\w))?|℃|℉)(?:\s?/\s?(?P<per>min|h|km|s|m)(?!\w))?"
        ),
        lambda match, how: (
            _temperature(match, how)
            + (_SCALES.get(match["scale1"] or "", ""))
            + (" Celsius" if "℃" in match[0] else " Fahrenheit" if "℉" in match[0] else "")
        ),
        ("−5 °C", "minus five degrees Celsius"),
        frozenset("°º℃℉"),
    ),
    Rule(
        "temperature",
        re.compile(
            r"(?<![\w.,])(?P<num>[-−]?\d{2,3}(?:\.\d)?)(?P<first>)(?P<per>)\s?(?P<scale>[FC])(?=[\s.,;:!?)]|$)"
        ),
        lambda match, how: _temperature(match, how),
        ("72F", "seventy-two degrees Fahrenheit"),
        DIGITS,
    ),
    Rule(
        "unit",
        re.compile(r"(?<![\w.,])(\d{1,2})\s?['′’]\s?(\d{1,2}(?:\.5)?)\s?([\"″”]|'')?(?!\w)"),
        _height,
        ("5'11\"", "five feet eleven inches"),
        frozenset("'′’"),
    ),
    Rule(
        "unit",
        re.compile(rf"(?<![\w.,\"“])({_MIXED}|\d{{1,4}}(?:\.\d{{1,3}})?)([\"″′])(?![\w])"),
        _inches,
        ("a 27″ screen", "a twenty-seven inch screen"),
        frozenset('"″′'),
    ),
    Rule(
        "unit",
        re.compile(
            rf"(?<![\w.,])(?P<sizes>{NUM}(?:\s?[x×X]\s?{NUM}){{1,2}})(?:{_SEP}{_PER_END})?(?!\w|\s?[=*/÷]|\s[-−+]\s)"
        ),
        _by,
        ("10 x 12 ft", "ten by twelve feet"),
        frozenset("x×X"),
    ),
    Rule(
        "unit",
        re.compile(
            rf"(?<![\w.,/])(?:(?P<first>{SIGN}?(?:{_MIXED}|{NUM}))(?:{DASH}|\sto\s)|(?=\S))"
            rf"(?P<sign>{SIGN}\s?|[-−+](?=[\d.]))?(?P<num>{_MIXED}|{NUM})(?P<mag>{_MAGNITUDE}){_SEP}{_PER_END}"
            rf"(?!['’]?\w|[²³])(?:(?<=[a-z])\.(?=\s[a-z]|[,;)]))?"
        ),
        _measure,
        ("60 km/h", "sixty kilometers per hour"),
        DIGITS,
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
            rf"(?<![\w/.])(?:({any_of(u for u in UNITS if len(u) > 1 and u not in ('in', 'st', 'pt'))}|m)"
            rf"/({any_of({*PER, *UNITS} - {'x', '×'})}))(?![\w/²³])"
        ),
        _bare_unit,
        ("speed in km/h", "speed in kilometers per hour"),
        frozenset("/"),
    ),
    Rule(
        "unit",
        re.compile(
            rf"(?<![\w.,/])({NUM})\s?/\s?(hour|day|night|week|month|year|minute|second|person|dose|user|serving)(?!\w)"
        ),
        _per_time,
        ("max 6/day", "max six per day"),
        frozenset("/"),
    ),
    Rule(
        "fraction",
        re.compile(rf"(?<![\w.,/])(\d{{1,2}}\.\d)/(\d{{1,3}})(?![\w/])"),
        _out_of,
        ("4.5/5", "four point five out of five"),
        DIGITS,
    ),
    Rule(
        "fraction",
        re.compile(rf"(?<![\w.,/:])(?:{_MIXED}|\d{{1,3}}/\d{{1,3}})(?![\w/]|[.,]\d)"),
        _fraction,
        ("2 3/4 and ½", "two and three quarters and one half"),
        DIGITS | set(_VULGAR),
    ),
    Rule(
        "range",
        re.compile(
            rf"(?<![\w.,/:$€£])(?P<sign>{SIGN})?(?P<a>{NUM})(?:\s?[–—~‑]\s?|\s-\s|-|…|\.\.\.?)"
            rf"(?P<sign2>[-−])?(?P<b>{NUM})(?![\w/:]|[.,-]\d)"
        ),
        _range,
        ("pages 12–15", "pages twelve to fifteen"),
        DIGITS,
    ),
)
