"""Say addresses of streets and the winds in English."""

from __future__ import annotations

import re

from edge.text.claims import CAPITALS, How, Rule, after
from edge.text.languages.en.numbers import (
    DIGITS,
    by_digit,
    cardinal,
    pairs,
)

_PARTS = {
    "Apt": "Apartment",
    "Ste": "Suite",
    "Rm": "Room",
    "Bldg": "Building",
    "Fl": "Floor",
}
_STREETS = {
    "St": "Street",
    "Ave": "Avenue",
    "Av": "Avenue",
    "Blvd": "Boulevard",
    "Rd": "Road",
    "Dr": "Drive",
    "Ln": "Lane",
    "Ct": "Court",
    "Pl": "Place",
    "Sq": "Square",
    "Hwy": "Highway",
    "Pkwy": "Parkway",
    "Ter": "Terrace",
    "Cir": "Circle",
    "Trl": "Trail",
    "Expy": "Expressway",
    "Fwy": "Freeway",
    "Tpke": "Turnpike",
    "Aly": "Alley",
    "Cres": "Crescent",
}


_SIDES = {
    "N": "North",
    "S": "South",
    "E": "East",
    "W": "West",
    "NE": "Northeast",
    "NW": "Northwest",
    "SE": "Southeast",
    "SW": "Southwest",
    "NNE": "north-northeast",
    "ENE": "east-northeast",
    "ESE": "east-southeast",
    "SSE": "south-southeast",
    "SSW": "south-southwest",
    "WSW": "west-southwest",
    "WNW": "west-northwest",
    "NNW": "north-northwest",
}


_STATES = dict(
    row.split("=")
    for row in [
        "AL=Alabama",
        "AK=Alaska",
        "AZ=Arizona",
        "AR=Arkansas",
        "CA=California",
        "CO=Colorado",
        "CT=Connecticut",
        "DE=Delaware",
        "FL=Florida",
        "GA=Georgia",
        "HI=Hawaii",
        "ID=Idaho",
        "IL=Illinois",
        "IN=Indiana",
        "IA=Iowa",
        "KS=Kansas",
        "KY=Kentucky",
        "LA=Louisiana",
        "ME=Maine",
        "MD=Maryland",
        "MA=Massachusetts",
        "MI=Michigan",
        "MN=Minnesota",
        "MS=Mississippi",
        "MO=Missouri",
        "MT=Montana",
        "NE=Nebraska",
        "NV=Nevada",
        "NH=New_Hampshire",
        "NJ=New_Jersey",
        "NM=New_Mexico",
        "NY=New_York",
        "NC=North_Carolina",
        "ND=North_Dakota",
        "OH=Ohio",
        "OK=Oklahoma",
        "OR=Oregon",
        "PA=Pennsylvania",
        "RI=Rhode_Island",
        "SC=South_Carolina",
        "SD=South_Dakota",
        "TN=Tennessee",
        "TX=Texas",
        "UT=Utah",
        "VT=Vermont",
        "VA=Virginia",
        "WA=Washington",
        "WV=West_Virginia",
        "WI=Wisconsin",
        "WY=Wyoming",
        "DC=D_C",
    ]
)


def _street(match: re.Match[str], how: How) -> str:
    return _STREETS[match["it"].rstrip(".")] + (
        "." if match["it"].endswith(".") and not after(match).strip(" \"”')") else ""
    )


def _house(match: re.Match[str], how: How) -> str:
    digits = match["it"]
    return (
        pairs(digits)
        if len(digits) in (3, 4)
        else cardinal(digits)
        if len(digits) < 3
        else by_digit(digits)
    )


def _zip(match: re.Match[str], how: How) -> str:
    state = _STATES[match["s"]].replace("_", " ")
    zip_code = by_digit(match["z"]) if match["z"] else ""
    more = f" dash {by_digit(match['z4'])}" if match["z4"] else ""
    return f"{state} {zip_code}{more}".strip()


def _side(match: re.Match[str], how: How) -> str:
    return _SIDES[match["it"].rstrip(".")]


def _wind(match: re.Match[str], how: How) -> str:
    return _SIDES[match["it"]].lower()


ADDRESSES: tuple[Rule, ...] = (
    Rule(
        "address",
        re.compile(
            rf"(?<!\w)(?P<s>{'|'.join(_STATES)})(?:,?\s(?P<z>\d{{5}})(?:-(?P<z4>\d{{4}}))"
            rf"?)(?![\w-])"
        ),
        _zip,
        ("CA 90210", "California nine zero two one zero"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(
            rf"(?:\b(?:{'|'.join(name.replace('_', ' ') for name in _STATES.values())})"
            rf"|D\.C\.),?\s(?P<it>\d{{5}})(?![\w,.-]\d|\w)"
        ),
        lambda match, how: by_digit(match["it"]),
        ("Missouri 63101", "Missouri six three one zero one"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(r"(?<!\w)(?P<it>Apt|Ste|Rm|Bldg|Fl)(?=\s[A-Z]?\d)"),
        lambda match, how: _PARTS[match["it"]],
        ("Apt 3", "Apartment three"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(rf"(?<=[a-z],\s)(?P<s>{'|'.join(_STATES)})(?P<z>)(?P<z4>)(?=[\s.,;:!?)]|$)"),
        _zip,
        ("Springfield, IL", "Springfield, Illinois"),
        frozenset(CAPITALS),
    ),
    Rule(
        "address",
        re.compile(
            r"(?<![\w.,$-])(?P<it>\d{1,5})(?=[A-Z]?\s(?:[NSEW]{1,2}\.?\s|North\s"
            r"|South\s|East\s|West\s)?"
            r"(?:\d{1,3}(?:st|nd|rd|th)|[A-Z][\w'’.-]{1,20}(?:\s[A-Z][\w'’-]{1,20}){0,2})"
            rf"\s(?:{'|'.join(_STREETS)}|{'|'.join(_STREETS.values())}|Way)\b)"
        ),
        _house,
        ("1234 Elm St.", "twelve thirty-four Elm Street."),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(
            rf"(?<=[\w.])\s(?P<it>(?:{'|'.join(_STREETS)})\b\.?)(?=[\s,;:!?)]"
            rf"|$)(?!\s[A-Z][a-z]{{2,20}}(?:,|\sis\b|\swas\b|\ssays\b|\ssaid\b))"
        ),
        lambda match, how: _street(match, how) if _is_street(match) else None,
        ("Elm Ave., 5th St.", "Elm Avenue, fifth Street."),
    ),
    Rule(
        "address",
        re.compile(
            rf"(?<!\w)(?P<it>(?:NE|NW|SE|SW|[NSEW]\.?))(?=\s(?:\d{{1,3}}(?:st|nd|rd|th)"
            rf"|[A-Z][a-z]{{2,20}}(?:\s[A-Z][a-z]{{1,20}})?\s(?:{'|'.join(_STREETS)}"
            rf"|{'|'.join(_STREETS.values())})\b))"
        ),
        _side,
        ("12 N. 5th St", "twelve North fifth Street"),
        frozenset("NSEW"),
    ),
    Rule(
        "address",
        re.compile(
            r"(?:\b(?:[Ww]inds?|[Bb]reeze|[Gg]usts?|heading|from(?: the)?|[Ss]torm)\s"
            r"|(?<=[,;]\s))(?P<it>NNE|ENE|ESE|SSE|SSW|WSW|WNW|NNW|NE|NW|SE|SW"
            r"|[NSEW])(?=\s(?:at\s|winds?|\d)|[.,;]|$)"
        ),
        _wind,
        ("wind NW 15 km/h", "wind northwest fifteen kilometers per hour"),
        frozenset("NSEW"),
    ),
)


def _is_street(match: re.Match[str]) -> bool:
    text = match.string[max(0, match.start("it") - 64) : match.start("it")]
    if re.search(r"(?:\b[A-Z][\w'’]{1,20}|\d(?:st|nd|rd|th)|\b[A-Z])\s$", text) is None:
        return False
    name = match["it"].rstrip(".")
    if name in ("Dr", "St", "Ct", "Pl", "Sq", "Av", "Ter", "Cir"):
        behind = match.string[match.end("it") : match.end("it") + 64]
        if re.match(r"\s[A-Z]", behind) and match["it"].endswith("."):
            # "Main St. The ..." ends a sentence; "Rev. Dr. King" does not.
            return (
                re.search(r"\b\d{1,5}[A-Z]?\s(?:[NSEW]\.?\s)?(?:[\w'’]{1,20}\s){1,3}$", text)
                is not None
                or re.search(r"\b(?:on|at|near|and|off|of)\s(?:[A-Z][\w'’]{1,20}\s){1,2}$", text)
                is not None
            )
        return re.search(r"(?:Mr|Mrs|Ms|Rev|Prof)\.?\s$", text) is None
    return True
