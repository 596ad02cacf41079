"""Say English numbers, always in words: espeak and misaki then agree to the letter."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, after, before

DIGITS = frozenset("0123456789")

INT = r"(?:\d{1,3}(?:,\d{3}){1,6}|\d{1,2}(?:,\d{2}){1,4},\d{3}|\d{1,40})"
NUM = rf"(?:{INT}(?:\.\d{{1,40}})?|\.\d{{1,40}})"
"""A number without its sign: 1,204.5 or .5."""
MINUS = "-−–"
SIGN = rf"(?:(?<![\w.,)\]%°-])[{MINUS}+±~≈])"
"""A sign that belongs to the number behind it."""
DASH = r"\s?(?:-|–|—|‑)\s?"
"""A sign between the two numbers of a range; U+2212 is a minus wherever it stands."""
BEGIN = r"(?<![\w.,:/\\^-])"
"""Nothing before it to which a number could belong."""
END = r"(?![\w^]|[.,:/]\d)"

_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen"""
_ROUND = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES, _TENS = _SMALL.split(), _ROUND.split()
_SCALES = ("", " thousand", " million", " billion", " trillion", " quadrillion", " quintillion")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_SIGNS = {"+": "plus ", "±": "plus or minus ", "~": "about ", "≈": "about "} | dict.fromkeys(
    MINUS, "minus "
)
LONGEST = 3 * len(_SCALES)
"""Digits of a number that is still said as one; longer ones are said digit by digit."""


def _below_hundred(number: int) -> str:
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _below_hundred(rest)
    return f"{_ONES[hundreds]} hundred" + (f" {_below_hundred(rest)}" if rest else "")


def cardinal(digits: str | int) -> str:
    """Say a whole number: 1,204 -> one thousand two hundred four."""
    bare = str(digits).replace(",", "").lstrip("0")
    if not bare:
        return _ONES[0]
    if len(bare) > LONGEST:
        return by_digit(bare)
    groups: list[str] = []
    number = int(bare)
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            groups.insert(0, _below_thousand(group) + scale)
    return " ".join(groups)


def ordinal(digits: str | int) -> str:
    """Say a place in an order: 23 -> twenty-third."""
    said = cardinal(digits)
    head, space, last = said.rpartition(" ")
    tens, dash, ones = last.rpartition("-")
    if ones in _ORDINALS:
        ones = _ORDINALS[ones]
    elif ones.endswith("y"):
        ones = ones[:-1] + "ieth"
    else:
        ones += "th"
    return f"{head}{space}{tens}{dash}{ones}"


def by_digit(text: str) -> str:
    """Say digit by digit, and pause where something else stands between them."""
    groups = re.split(r"[^\d]{1,40}", text)
    return ", ".join(" ".join(_ONES[int(c)] for c in group) for group in groups if group)


def number(text: str) -> str:
    """Say a number that may have a sign, commas, a decimal point: -3.05 -> minus three point zero
    five. A whole number with a zero before it is a code, and said digit by digit."""
    sign = ""
    text = text.strip()
    while text[:1] in _SIGNS:
        sign, text = sign + _SIGNS[text[0]], text[1:].lstrip()
    whole, point, places = text.partition(".")
    if len(whole) > 1 and whole[0] == "0" and not point:
        return sign + by_digit(whole)
    said = cardinal(whole) if whole else ""
    if places:
        said = f"{said} point {by_digit(places)}".strip()
    return sign + said


_STARTERS = re.compile(
    r"[\"”’')\]]{0,2}(?:\s{0,3}$|\s{0,3}\n|\s{1,3}[\"“]|\s{1,3}(?:The|It|He|She|They|We"
    r"|I|In|This|That"
    r"|These|Those|But|And|A|An|There|Then|However|If|When|You|Its|His|Her|Their|Our|My"
    r"|Your|For|On|At"
    r"|After|Before|As|So|No|Not|Please|What|Why|How|Who|Where|Is|Are|Do|Does|Let|See|To|Use|With"
    r"|Also|Next|Now|Or|All|Each|Some|Most|Here|Only|Both|Because|Since|While|Although)\b)"
)


def ends_sentence(match: re.Match[str]) -> bool:
    """True if the stop of an abbreviation was the sentence's, too."""
    return match[0].endswith(".") and _STARTERS.match(after(match)) is not None


def stop(match: re.Match[str]) -> str:
    """Give the full stop back that ended the sentence, too."""
    return "." if ends_sentence(match) else ""


def is_one(text: str) -> bool:
    """True where the noun behind a number is in the singular."""
    return text.lstrip("".join(_SIGNS) + " ") in ("1", "1.0", "1.00")


def pairs(digits: str) -> str:
    """Say two digits at a time, as house numbers, flights and models are: 4090 -> forty ninety."""
    bare = digits.replace(",", "")
    if len(bare) > 4 or bare[0] == "0":
        return by_digit(bare)
    if len(bare) < 3 or bare.endswith("00"):
        return year(bare) if len(bare) == 4 else cardinal(bare)
    head, tail = bare[:-2], bare[-2:]
    return f"{cardinal(head)} " + (f"oh {_ONES[int(tail)]}" if tail[0] == "0" else cardinal(tail))


def year(digits: str) -> str:
    """Say a year: 1905 -> nineteen oh five."""
    if len(digits) != 4:
        return cardinal(digits)
    century, rest = int(digits[:2]), int(digits[2:])
    if century == 0:
        return cardinal(digits)
    if century % 10 == 0 and rest < 10:
        return cardinal(digits)
    if rest == 0:
        return f"{_below_hundred(century)} hundred"
    return f"{_below_hundred(century)} " + (
        f"oh {_ONES[rest]}" if rest < 10 else _below_hundred(rest)
    )


def two_digits(digits: str) -> str:
    """Say the last two digits of a year or a time: 05 -> oh five."""
    return f"oh {cardinal(digits[1])}" if digits[0] == "0" else cardinal(digits)


def letters(text: str) -> str:
    """Name letters and digits one by one. "eh" is the letter A: alone it would be the article."""
    return " ".join(
        "eh" if c in "aA" else _ONES[int(c)] if c in DIGITS else c.upper()
        for c in text
        if c.isalnum()
    )


_YEARLY = re.compile(
    r"\b(?:in|since|from|by|until|till|before|after|during|of|year|circa|early|late|mid|around|to"
    r"|through|between|and|the|class|copyright|©|january|february|march|april|may|june|july|august"
    r"|september|october|november|december|spring|summer|autumn|fall|winter)[\s-]$",
    re.IGNORECASE,
)
_OLD = re.compile(
    r"\b(?:in|since|year|until|till|before|after|circa|anno)\s$"
    r"|\b(?:1[1-9]|20)\d\d\s(?:and|or|to)\s$",
    re.IGNORECASE,
)
"""Words before a number like 1066, which is a year less often than 1966."""
_COUNTED = re.compile(
    r"\s(?!is\b|was\b|has\b|as\b|does\b)(?:[a-z]{2,20}s|people|men|women|children|feet|percent)\b"
)


def counts(behind: str) -> bool:
    """Tell whether what stands behind a number is what it counts."""
    return _COUNTED.match(behind) is not None


def _number(match: re.Match[str], how: How) -> str:
    text = match["it"]
    bare = text.lstrip("".join(_SIGNS))
    yearly = text == bare and re.fullmatch(r"1[1-9]\d\d|20\d\d", bare) is not None
    if yearly and not counts(after(match)):
        return year(bare)
    if re.fullmatch(r"10[1-9]\d", text) and _OLD.search(before(match)):
        return number(text) if counts(after(match)) else year(text)
    if yearly and _YEARLY.search(before(match)) and not bare.endswith("00"):
        return year(bare)
    return number(text.replace(",", ""))


def _squeezed(match: re.Match[str], how: How) -> str:
    return number(match[0])


NUMBERS: tuple[Rule, ...] = (
    Rule(
        "ordinal",
        re.compile(rf"(?<![\w.,])({INT})(?:st|nd|rd|th|ST|ND|RD|TH)\b"),
        lambda match, how: ordinal(match[1]),
        ("the 23rd", "the twenty-third"),
        DIGITS,
    ),
    Rule(
        "number",
        re.compile(rf"(?<![\w.,])(?P<it>{SIGN}?{NUM})(?![\w]|[.,]\d)"),
        _number,
        (
            "-3.05 and 1,204 since 1984",
            "minus three point zero five and one thousand two hundred "
            "four since nineteen eighty-four",
        ),
        DIGITS,
    ),
)
"""Plain numbers."""

DIGITS_LEFT: tuple[Rule, ...] = (
    Rule(
        "number",
        re.compile(r"\d{1,40}(?:\.\d{1,40})?"),
        _squeezed,
        ("1.2q", "one point two q"),
        DIGITS,
    ),
)
"""Digits that nobody else has claimed: the last rule of all."""
