"""Read what is spelled: telephone numbers, versions, addresses of machines, codes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from edge.text.claims import INNER_DOT, How, Rule
from edge.text.languages.vocabulary import DIGITS, Vocabulary

VERSIONED = (
    r"vers(?:ion|ión|ione|ão|ie)|wersj[aię]|v\.|release|firmware|python|android|ios|ipados|macos|windows|linux|ubuntu|debian|"
    r"kernel|java|php|node|chrome|firefox|bluetooth|usb|hdmi|wi-?fi|http|tls"
)
"""Names of what has versions, in every language."""
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"


def spelled_phone(v: Vocabulary, group: str) -> str:
    """Say a group of a telephone number digit by digit."""
    return v.spell(group)


def paired_phone(v: Vocabulary, group: str) -> str:
    """Say a group of a telephone number as one of two digits, as the French do."""
    if len(group) > 2:
        pairs = [group[i : i + 2] for i in range(len(group) % 2, len(group), 2)]
        return ", ".join(
            paired_phone(v, part) for part in ([group[0]] if len(group) % 2 else []) + pairs
        )
    return v.spell(group) if group[0] == "0" else group


@dataclass(frozen=True)
class Codes:
    """Words by which a language tells that a number counts nothing."""

    phone: str
    """Pattern of a telephone number of the country."""
    phone_words: str
    """Pattern of the words before one."""
    phone_example: tuple[str, str]
    local_phone_example: tuple[str, str]
    say_phone: Callable[[Vocabulary, str], str] = spelled_phone
    """Says a group of a telephone number."""
    versioned: str = VERSIONED
    """Pattern of what has versions."""
    version_said: str = "Version"
    """How the v of v1.3 is said."""
    code_words: str = "PIN|TAN|Code"
    """Pattern of words before a number that is spelled."""
    code_links: str = "is"
    """Pattern of a verb between them."""


def dotted(v: Vocabulary) -> tuple[Rule, ...]:
    """Make the rules of addresses of machines, and of versions of three parts or more."""
    dot, colon = v.signs["."], v.signs[":"]

    def machine(match: re.Match[str], how: How) -> str:
        address, _, port = match["it"].partition(":")
        said = f" {dot} ".join(address.split("."))
        return said + (f" {colon} {port}" if port else "")

    return (
        Rule(
            "address",
            re.compile(rf"(?<![\w.])(?P<it>(?:{_BYTE}\.){{3}}{_BYTE}(?::\d{{1,5}})?)(?![\w.]?\d)"),
            machine,
            ("192.168.0.1", f"192 {dot} 168 {dot} 0 {dot} 1"),
            frozenset(INNER_DOT),
        ),
        Rule(
            "version",
            re.compile(r"(?<![\w.,])(?P<it>\d{1,4}(?:\.\d{1,4}){2,5})(?!\w|\.\d|,\d)"),
            lambda match, how: None if _groups(match["it"]) else _parts(v, match["it"]),
            ("2.4.1", f"2 {dot} 4 {dot} 1"),
            frozenset(INNER_DOT),
        ),
    )


def codes(v: Vocabulary, words: Codes) -> tuple[Rule, ...]:
    """Make the rules of a language's numbers that count nothing."""
    dot, colon = v.signs["."], v.signs[":"]
    return (
        Rule(
            "code",
            re.compile(r"(?<!\w)[A-Z]{2}\d\d(?: \d{4}){2,7}(?: \d{1,4})?(?!\w)"),
            lambda match, how: " ".join(match[0][:2]) + " " + _in_groups(v, match[0][2:]),
            (
                "DE89 3704 0044 0532 0130 00",
                "D E " + _in_groups(v, "89 3704 0044 0532 0130 00"),
            ),
            DIGITS,
        ),
        Rule(
            "code",
            re.compile(r"(?<![\w.,-])\d{1,7}(?:-\d{1,7}){2,6}(?![\w-]|[.,]\d)"),
            lambda match, how: _in_groups(v, match[0].replace("-", " ")),
            ("978-3-16-14841-0", _in_groups(v, "978 3 16 14841 0")),
            frozenset("-"),
        ),
        Rule(
            "formula",
            re.compile(r"(?<!\w)(?:CO2|H2O|N2O|CH4|O2|N2|SO2|NO2|NH3|H2|CO₂|H₂O|O₂|CH₄)(?!\w)"),
            lambda match, how: " ".join(unicodedata.normalize("NFKC", match[0])),
            ("CO2", "C O 2"),
            frozenset("2₂34₄"),
        ),
        *_phones(v, words),
        *dotted(v),
        Rule(
            "address",
            re.compile(r"(?:localhost|\.local|\.lan)(?P<it>:\d{1,5})(?!\d)"),
            lambda match, how: f" {colon} {match['it'][1:]}",
            ("localhost:8080", f"localhost {colon} 8080"),
            frozenset(":"),
        ),
        Rule(
            "version",
            re.compile(
                rf"(?<!\w)(?:{words.versioned})\s(?P<it>\d{{1,4}}\.\d{{1,3}})(?![\w%])(?!\.\d|,\d)",
                re.IGNORECASE,
            ),
            lambda match, how: _parts(v, match["it"]),
            ("Python 3.12", f"Python 3 {dot} 12"),
            frozenset("."),
        ),
        Rule(
            "version",
            re.compile(r"(?<!\w)(?P<it>[vV]\d{1,4}(?:\.\d{1,4}){1,5})(?!\w)"),
            lambda match, how: f"{words.version_said} {_parts(v, match['it'][1:])}",
            ("v1.3", f"{words.version_said} 1 {dot} 3"),
            frozenset("."),
        ),
        Rule(
            "code",
            re.compile(
                rf"(?<!\w)(?:{words.code_words})(?:\s(?:{words.code_links}))?:?\s(?P<it>\d{{3,12}})"
                r"(?![\w,.]\d|\w)",
                re.IGNORECASE,
            ),
            lambda match, how: v.spell(match["it"]),
            ("PIN 4071", f"PIN {v.spell('4071')}"),
            DIGITS,
        ),
    )


def zeros(v: Vocabulary) -> tuple[Rule, ...]:
    """Make the rule of numbers that begin with a zero, which would be lost: E04, 007."""
    return (
        Rule(
            "code",
            re.compile(r"(?<![\d.,:])0\d{1,17}(?!\d|[.,:]\d)"),
            lambda match, how: v.spell(match[0]),
            ("E04", f"E {v.spell('04')}"),
            frozenset("0"),
        ),
    )


def _parts(v: Vocabulary, number: str) -> str:
    """Say a version; a zero in front of a part is said, too."""
    return f" {v.signs['.']} ".join(
        v.spell(part) if part[0] == "0" and len(part) > 1 else part for part in number.split(".")
    )


def _in_groups(v: Vocabulary, digits: str) -> str:
    return ", ".join(v.spell(group) for group in digits.split())


def _groups(number: str) -> bool:
    """Tell whether a number with stops is one of thousands: 1.250.000."""
    first, *rest = number.split(".")
    return len(first) <= 3 and all(len(part) == 3 for part in rest)


def _phones(v: Vocabulary, words: Codes) -> list[Rule]:
    gap = r"[ \u00a0\u202f./()-]"

    def say(match: re.Match[str], how: How) -> str | None:
        written = match["it"]
        digits = sum(c.isdecimal() for c in written)
        if not 6 <= digits <= 15:
            return None
        plus = f"{v.signs['+']} " if written.startswith("+") else ""
        groups = re.findall(r"\d{1,15}", written)
        return plus + ", ".join(words.say_phone(v, group) for group in groups)

    return [
        Rule(
            "phone",
            re.compile(
                rf"(?<![\w+])(?P<it>\+\d{{1,3}}(?:{gap}{{1,2}}\d{{1,10}}){{1,6}})(?!\w|[.,]\d)"
            ),
            say,
            words.phone_example,
            frozenset("+"),
        ),
        Rule(
            "phone",
            re.compile(r"(?<![\w.,+-])(?P<it>\+\d{7,15})(?!\w|[.,]\d)"),
            say,
            ("+49171234567", f"{v.signs['+']} " + words.say_phone(v, "49171234567")),
            frozenset("+"),
        ),
        Rule(
            "phone",
            re.compile(rf"(?<![\w.,/:+-])(?P<it>{words.phone})(?![\w])(?![.,/:-]\d)"),
            say,
            words.local_phone_example,
            DIGITS,
        ),
        Rule(
            "phone",
            re.compile(
                rf"(?<!\w)(?:{words.phone_words})\.?:?\s(?P<it>\(?\d{{2,12}}\)?(?:{gap}{{1,3}}\d{{1,10}}){{0,6}})"
                r"(?!\w|[.,]\d)",
                re.IGNORECASE,
            ),
            say,
            (
                "Fax 123 4567",
                "Fax " + ", ".join(words.say_phone(v, group) for group in ("123", "4567")),
            ),
            DIGITS,
        ),
    ]
