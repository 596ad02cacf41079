"""Say telephone numbers, codes and model numbers in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, after, before
from edge.text.languages.en.numbers import (
    DIGITS,
    by_digit,
    cardinal,
    counts,
    letters,
    number,
    pairs,
)

_CALLED = re.compile(
    r"\b(?:call|dial|phone|tel|telephone|fax|text|contact|ring|mobile|cell|hotline|number is)\b"
    r"[^\d]{0,24}$",
    re.IGNORECASE,
)


def _phone(match: re.Match[str], how: How) -> str | None:
    text = match["it"]
    keys = re.sub(r"[^\dA-Z]", "", text)  # letters are dialled too
    if not 7 <= len(keys) <= 15:
        return None
    extension = ""
    if match["ext"]:
        extension = f", extension {by_digit(match['ext'])}"
    said: list[str] = []
    for group in re.split(r"[^\d+A-Z]{1,4}", text[: match.end("main") - match.start("it")]):
        if not group:
            continue
        if group[0] == "+":
            said.append(f"plus {by_digit(group[1:])}")
        elif group in ("800", "900") and said and said[0] in ("one", "plus one"):
            said.append(f"{cardinal(group[0])} hundred")
        elif group.isalpha():
            said.append(group.capitalize())
        else:
            said.append(by_digit(group))
    return ", ".join(said) + extension


def _short_number(match: re.Match[str], how: How) -> str | None:
    return (
        by_digit(match["it"])
        if _CALLED.search(re.sub(r"\d{3,4} (?:or|and) $", "", before(match)))
        else None
    )


def _code(match: re.Match[str], how: How) -> str | None:
    """Say a code of letters and digits part by part: RTX 4090 -> R T X forty ninety."""
    return coded(match["it"])


_SPEAKABLE = re.compile(
    r"(?=[A-Z]{0,3}[AEIOU])(?:[BCDFGHJ-NP-TV-XZ]{0,2}[AEIOUY]{1,2}[BCDFGHJ-NP-TV-XZ]{0,2}){1,6}"
)
"""Capitals with vowels where a mouth needs them: the SAVE of SAVE20."""


def coded(text: str) -> str:
    """Say letters as letters where they are capitals or alone, digits by two."""
    said: list[str] = []
    for part in re.findall(r"\d{1,20}|[A-Z]?[a-z]{2,20}|[A-Za-z]{1,20}|[.+/]", text):
        if part.isdecimal():
            said.append(_model(part))
        elif part == ".":
            said.append("point")
        elif part == "+":
            said.append("plus")
        elif part == "/":
            said.append("slash")
        elif len(part) > 1 and (
            part[1:].islower() or part in ("COVID", "SARS", "USB", "MiG", "NATO", "RAM")
        ):
            said.append(part)
        elif len(part) > 3 and part.isupper() and _SPEAKABLE.fullmatch(part):
            said.append(part.lower())
        else:
            said.append(letters(part))
    return " ".join(said)


def _model(digits: str) -> str:
    if digits[0] == "0" and len(digits) > 1:
        return by_digit(digits)
    if len(digits) <= 2:
        return cardinal(digits)
    if len(digits) == 3 and not digits.endswith("00"):
        return pairs(digits)
    return pairs(digits) if len(digits) <= 4 else by_digit(digits)


_MAKERS = (
    "Boeing|Airbus|Embraer|Cessna|Learjet|Gulfstream|Porsche|Ferrari|Peugeot|Mercedes|Audi|Volvo"
    "|Saab|Fiat|Mazda|Citroën|Ducati|Kawasaki|Xbox|Commodore|Atari|Nokia|Levi['’]s|Sony|Canon|Nikon"
    "|Ryzen|Radeon|GeForce|Snapdragon|Pentium|Opteron|Xeon|Celeron"
)
"""Names before the number of a model, also without an article."""
_COUNTING = frozenset(
    """Chapter Page Room Section Psalm Article Bus Flight Highway Route Interstate Building Suite
    Apartment Unit Lot Form Level Question Step Figure Table Top January February March April May
    June July August September October November December First Last Next About Over Nearly Almost
    Only Other These Those Some""".split()  # noqa: SIM905
)


def _named_model(match: re.Match[str], how: How) -> str | None:
    """Say the Porsche 911, but leave what is counted or has an order."""
    if match["name"] in _COUNTING or match["it"].endswith("00") or counts(after(match)):
        return None
    return _model(match["it"])


def _reference(match: re.Match[str], how: How) -> str:
    word = f"{match['word']} " if match["word"] else ""
    hash_sign = "number " if match["hash"] else ""
    digits = match["it"]
    said = cardinal(digits) if len(digits) < 4 and digits[0] != "0" else by_digit(digits)
    return f"{word}{hash_sign}{said}"


def _grouped(match: re.Match[str], how: How) -> str:
    return by_digit(match["it"])


def _hash_number(match: re.Match[str], how: How) -> str:
    digits = match[1].replace(",", "")
    return f"number {cardinal(digits) if len(digits) < 4 else by_digit(digits)}"


def _road(match: re.Match[str], how: How) -> str:
    digits = match["n"]
    said = pairs(digits) if len(digits) == 3 else cardinal(digits)
    return (
        f"{letters(match['road'])} {said}{' ' + letters(match['tail']) if match['tail'] else ''}"
    )


def _flight(match: re.Match[str], how: How) -> str:
    return f"{match['word']}{letters(match['line'])} {pairs(match['n'])}"


def _place(match: re.Match[str], how: How) -> str:
    """Say a gate, a room, a bus: B12 -> B twelve; 42A -> forty-two A."""
    first, digits, last = match["first"] or "", match["n"], match["last"] or ""
    if digits[0] == "0" and len(digits) > 1:
        said = by_digit(digits)
    else:
        said = pairs(digits) if len(digits) == 3 else number(digits)
    return f"{letters(first)} {said} {letters(last)}".strip()


PHONES: tuple[Rule, ...] = (
    Rule(
        "phone",
        re.compile(
            r"\b(?:[Tt]ext|SMS|[Rr]eply|[Ss]end|TEXT)\b[^.!?\n]{0,40}?\sto\s(?P<it>\d{5,6})(?![\w%-]|[.,]\d)"
        ),
        _grouped,
        ("Text HELP to 40404", "Text HELP to four zero four zero four"),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(
            r"\b(?:no\.|[Nn]umber|[Oo]rder|[Mm]odel|[Pp]art|[Ff]orm|[Cc]ase|[Ii]nvoice|[Rr]ef|ID|[Tt]icket"
            r"|[Pp]ermit)(?![a-z])[^\w\n]{0,3}(?:is\s|no\.\s)?(?P<it>(?P<n>\d{3,8})-(?P<l>[A-Z]))(?![\w-])"
        ),
        lambda match, how: f"{_model(match['n'])} {letters(match['l'])}",
        ("order 4471-A", "order forty-four seventy-one eh"),
        DIGITS,
    ),
    Rule(
        "phone",
        re.compile(
            r"(?<![\w.,/$€£-])(?P<it>(?P<main>"
            r"(?:\+?1[\s.-]?)?\(\d{3}\)\s?\d{3}[\s.-]\d{4}"
            r"|(?:\+?1[\s.-])?\d{3}[\s.-]\d{3}[\s.-]\d{4}"
            r"|1[\s.-](?:800|888|877|866|855|900)[\s.-][A-Z]{3,4}[\s-]?[A-Z\d]{3,4}"
            r"|1[\s.-](?:800|888|877|866|855|900)[\s.-][A-Z]{4,9}"
            r"|\+\d{1,3}(?:[\s.-]\(?\d{1,5}\)?){2,6}"
            r"|\+\d{1,3}[\s.-]\d{2,5}[\s./-]\d{5,9}"
            r"|\+\d{9,14}"
            r"|\+\d{1,3}\s?\(0\)\s?\d{1,5}(?:[\s/-]\d{2,8}){1,4}"
            r"|\(0\d{2,5}\)\s?\d{3,4}[\s-]?\d{3,5}"
            r"|0\d{2,4}[\s-]\d{3,4}[\s-]\d{3,4}"
            r"|\d{3}-\d{4})(?:,?\s(?:ext\.?|x|extension)\s?(?P<ext>\d{1,6}))?)(?![\w]|[-/]\d)"
        ),
        _phone,
        ("(555) 123-4567", "five five five, one two three, four five six seven"),
        DIGITS,
    ),
    Rule(
        "phone",
        re.compile(r"(?<![\w.,$€£:-])(?P<it>\d{3,4}|\d{6,12})(?![\w:]|[.,-]\d)"),
        _short_number,
        ("call 911", "call nine one one"),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(r"(?<![\w.,/-])\d{1,5}(?:-\d{1,7}){2,5}(?![\w/]|[.,-]\d)"),
        lambda match, how: by_digit(match[0]),
        (
            "978-3-16-148410-0",
            "nine seven eight, three, one six, one four eight four one zero, zero",
        ),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(r"(?<![\w&/#])#([A-Z]{1,4}-?\d[A-Z\d-]{0,24})(?![\w])"),
        lambda match, how: f"number {coded(match[1])}",
        ("order #AB-1234", "order number eh B twelve thirty-four"),
        frozenset("#"),
    ),
    Rule(
        "phone",
        re.compile(r"(?<!\w)[Ee]xt\.?\s?(\d{3,5})(?!\w)"),
        lambda match, how: f"extension {by_digit(match[1])}",
        ("ext. 204 please", "extension two zero four please"),
        DIGITS,
    ),
    Rule(
        "phone",
        re.compile(r"(?:\b[Dd]ial|\b[Pp]ress)\s(?P<it>[*#][\d*#]{1,8})(?!\w)"),
        lambda match, how: " ".join(
            {"*": "star", "#": "pound"}.get(c) or by_digit(c) for c in match["it"]
        ),
        ("dial *67", "dial star six seven"),
        frozenset("*#"),
    ),
)


CODES: tuple[Rule, ...] = (
    Rule(
        "code",
        re.compile(r"(?<!\w)#\s?(\d{1,3}(?:,\d{3}){1,3}|\d{1,12})(?![\w-])"),
        _hash_number,
        ("#5", "number five"),
        frozenset("#"),
    ),
    Rule(
        "code",
        re.compile(
            r"\b(?:ISBN|IBAN|SKU|PIN|[Cc]ode|[Pp]asscode|[Tt]racking|[Oo]rder"
            r"|[Ii]nvoice|[Aa]ccount|[Tt]icket|[Bb]ooking|[Mm]ember(?:ship)?|[Cc]ustomer|[Pp]olicy"
            r"|[Cc]onfirmation|[Rr]eference|[Ss]erial|[Cc]ase|[Rr]ef\.?|[Ee]nding in|ID)"
            r"(?:\s(?:number|code|no\.?|is|ID|was)){0,2}:?\s#?(?P<it>\d(?:[\d\s-]{1,30}\d)?)(?![\w]|[.,]\d)"
        ),
        _grouped,
        ("SKU 4821", "SKU four eight two one"),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(rf"\b(?:{_MAKERS})\s(?P<it>\d{{3,4}})(?![\w%°]|[.,:/-]\d|\s?[$€£%°])"),
        lambda match, how: _model(match["it"]),
        ("Boeing 747", "Boeing seven forty-seven"),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(
            r"(?<![\w'’-])(?:[Aa]n?|[Tt]he|[Mm]y|[Yy]our|[Hh]is|[Hh]er|[Oo]ur|[Tt]heir)\s"
            r"(?P<name>[A-Z][A-Za-z]{2,14})\s(?P<it>\d{3})(?![\w%°]|[.,:/-]\d|\s?[$€£%°])"
        ),
        _named_model,
        ("the Roadster 250", "the Roadster two fifty"),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(
            r"\b(?:[Ee]rrors?|HTTP|[Ss]tatus)(?:\s[Cc]ode)?:?\s(?P<it>\d{3})(?![\w%]|[.,]\d)"
        ),
        lambda match, how: _model(match["it"]),
        ("error 503", "error five oh three"),
        DIGITS,
    ),
    Rule(
        "range",
        re.compile(r"(?:\b[Gg]rades?|\b[Yy]ears?)\s(?P<it>(P?K)[-–](\d{1,2}))(?![\w-])"),
        lambda match, how: f"{letters(match[2])} to {cardinal(match[3])}",
        ("grades K-5", "grades K to five"),
        frozenset("K"),
    ),
    Rule(
        "transport",
        re.compile(
            r"(?P<word>\b[Ff]light\s)(?P<line>[A-Z]{2}|[A-Z]\d|\d[A-Z])\s?-?(?P<n>\d{1,4})(?!\w)"
        ),
        _flight,
        ("Flight BA2490", "Flight B eh twenty-four ninety"),
        DIGITS,
    ),
    Rule(
        "transport",
        re.compile(
            r"(?<![\w-])(?P<road>I|US|SR|CR|[AMBE])(?:-"
            r"|\s(?=\d{2,3}\b))?(?P<n>[1-9]\d{0,3})(?P<tail>[NSEW])?(?![\w-]|\.\d)"
        ),
        lambda match, how: (
            _road(match, how)
            if "-" in match[0] or match["road"] in ("US", "SR", "CR") or " " not in match[0]
            else None
        ),
        ("I-95 and the M25", "I ninety-five and the M twenty-five"),
        DIGITS,
    ),
    Rule(
        "transport",
        re.compile(
            r"\b(?:[Gg]ate|[Pp]latform|[Ee]xit|[Bb]us|[Ll]ine|[Rr]oute|[Ss]eat|[Rr]oom"
            r"|[Tt]rack|[Bb]ay"
            r"|[Tt]erminal|[Tt]ram|[Ll]evel|[Rr]ow|[Zz]one|[Uu]nit|[Aa]pt\.?|[Ss]uite"
            r"|[Aa]partment|[Ff]orm|[Tt]rain|[Hh]ighway|[Dd]oor)"
            r"\s(?P<it>(?P<first>[A-Z]{0,3})-?(?P<n>\d{1,4})(?P<last>[A-Z]?))(?![\w-]|\.\d)"
        ),
        _place,
        ("Gate B12", "Gate B twelve"),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(
            r"(?<![\w.,$€£#@/\\-])(?P<it>(?=[A-Za-z\d-]{0,30}\d)(?=[\d-]{0,30}[A-Za-z])"
            r"[A-Za-z\d]{1,24}(?:[-+.](?=[A-Za-z\d])[A-Za-z\d]{1,16}){0,4}\+?)(?![\w@/\\]|[.,]\d)"
        ),
        lambda match, how: _code(match, how) if _is_code(match["it"]) else None,
        ("RTX4090 and B2B", "R T X forty ninety and B two B"),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(r"(?<=[A-Z]{2}\s)(?P<it>\d{3,4})(?![\w]|[.,:]\d|\s?(?:%|people|times))"),
        lambda match, how: (
            pairs(match["it"])
            if re.search(r"\b(?:[A-Z]{2,5})\s$", before(match))
            and not re.search(r"\b(?:BC|AD|IN|THE|AND|OF|OR|TO|AT|ON|US|FROM)\s$", before(match))
            else None
        ),
        ("RTX 4090", "RTX forty ninety"),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(r"(?<![\w.,])0\d{1,20}(?![\w]|[.,]\d)"),
        lambda match, how: by_digit(match[0]),
        ("007", "zero zero seven"),
        frozenset("0"),
    ),
)


_ORDERED = re.compile(r"\d{1,3}(?:st|nd|rd|th)-")


_NO_CODE = re.compile(r"\d{1,21}(?:st|nd|rd|th|s|am|pm|AM|PM|k|K|M|B|bn|x|X)?")


def _is_code(text: str) -> bool:
    return _NO_CODE.fullmatch(text) is None and not _ORDERED.match(text)
