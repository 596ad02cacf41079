"""Say addresses and versions of machines and programs in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule
from edge.text.languages.en.numbers import DIGITS, by_digit, cardinal, letters, number, pairs


def _dotted(text: str) -> str:
    """Say the numbers of a version: 17.4.1 -> seventeen point four point one."""
    head, *tail = text.split(".")
    return " point ".join([cardinal(head), *(by_digit(part) for part in tail)])


def _octet(text: str) -> str:
    return by_digit(text) if len(text) > 2 else cardinal(text)


def _ip(match: re.Match[str], how: How) -> str | None:
    parts = match["ip"].split(".")
    if any(int(part) > 255 for part in parts):
        return None
    said = " dot ".join(_octet(part) for part in parts)
    if match["net"]:
        said += f" slash {cardinal(match['net'])}"
    return (
        said + (f" colon {_port(match['port'])}" if match["port"] else "") + _path(match["path"])
    )


_SIGNS = {"/": " slash ", ".": " dot ", "-": " dash ", "_": " underscore "}


def _path(path: str) -> str:
    """Say what follows the address of a machine: /api/v2 -> slash api slash V two."""
    said: list[str] = []
    for part in re.findall(r"[/._-]|\d{1,30}|[A-Za-z]{1,30}", path.rstrip("/")):
        if part.isalpha():
            said.append(letters(part) if len(part) == 1 else part)
        else:
            said.append(_SIGNS.get(part) or number(part))
    return " " + re.sub(r"\s{2,}", " ", " ".join(said)).strip() if said else ""


def _port(digits: str) -> str:
    return pairs(digits) if len(digits) == 4 else number(digits)


def _ipv6(match: re.Match[str], how: How) -> str:
    said = " colon ".join(letters(part) if part else "" for part in match[0].split(":"))
    return said.replace("  ", " ").strip()


def _postcode(match: re.Match[str], how: How) -> str:
    return f"{letters(match[1])}, {letters(match[2])}"


def _mac(match: re.Match[str], how: How) -> str:
    return ", ".join(letters(part) for part in re.split("[:-]", match[0]))


def _version(match: re.Match[str], how: How) -> str:
    word = "" if not match["v"] else "V " if match["v"] in "vV" else match["v"]
    said = word + _dotted(match["n"])
    if tail := match["tail"]:
        said += " " + " ".join(
            number(part) if part.isdecimal() else "plus" if part == "+" else part
            for part in re.findall(r"\d{1,8}|[a-z]{1,12}|\+", tail)
        )
    return said


MACHINES: tuple[Rule, ...] = (
    Rule(
        "address",
        re.compile(
            r"(?<![\w.])(?P<ip>\d{1,3}(?:\.\d{1,3}){3})(?:/(?P<net>\d{1,2}))?(?::(?P<por"
            r"t>\d{1,5}))?(?P<path>(?:/[A-Za-z][\w.-]{0,30}){0,6}/?)(?![\w]|\.\d)"
        ),
        _ip,
        ("192.168.1.10", "one nine two dot one six eight dot one dot ten"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(r"(?<!\w)([A-Z]{1,2}\d[A-Z\d]?)\s(\d[A-Z]{2})(?!\w)"),
        _postcode,
        ("SW1A 1AA", "S W one eh, one eh eh"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}(?![\w:])"),
        _mac,
        ("00:1B:44:11:3A:B7", "zero zero, one B, four four, one one, three eh, B seven"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(
            r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){1,7}(?::"
            r"|(?::?[0-9a-fA-F]{1,4}){1,7})(?<=::)?(?![\w:])"
            r"|(?<![\w:])::[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){0,6}(?![\w:])"
        ),
        lambda match, how: (
            _ipv6(match, how) if "::" in match[0] or match[0].count(":") > 4 else None
        ),
        ("fe80::1", "F E eight zero colon colon one"),
        frozenset(":"),
    ),
    Rule(
        "address",
        re.compile(r"\b[Pp]ort\s(?P<it>\d{2,5})(?!\w)"),
        lambda match, how: _port(match["it"]),
        ("port 8080", "port eighty eighty"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(
            r"(?<=\blocalhost):(?P<port>\d{2,5})(?P<path>(?:/[A-Za-z][\w.-]{0,30}){0,6}/?)(?!\w)"
        ),
        lambda match, how: f" colon {_port(match['port'])}{_path(match['path'])}",
        ("localhost:5000", "localhost colon five thousand"),
        frozenset(":"),
    ),
    Rule(
        "version",
        re.compile(
            r"(?<![\w.])(?P<v>[vV]|[Vv]ersion\s)?(?P<n>\d{1,4}(?:\.\d{1,6}){2,4})(?P<tai"
            r"l>(?:[.+-]?(?:alpha|beta|rc|dev|post|pre|build|b|a)[.-]?\d{0,6}){1,2})?(?![\w]|\.\d)"
        ),
        _version,
        ("2.10.1-beta", "two point one zero point one beta"),
        DIGITS,
    ),
    Rule(
        "version",
        re.compile(
            r"(?<![\w.])(?P<v>[vV])\.?\s?(?P<n>\d{1,4}(?:\.\d{1,6}){0,1})(?P<tail>(?:[.+"
            r"-]?(?:alpha|beta|rc|dev|post|pre)[.-]?\d{0,4}))?(?![\w]|\.\d)"
        ),
        _version,
        ("v1.0", "V one point zero"),
        DIGITS,
    ),
)
