"""Read what stands for a character in XML: five names, and numbers. Nothing is looked up."""

from __future__ import annotations

import re

ENTITY = re.compile(r"&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|([A-Za-z][A-Za-z0-9]{0,31}));")
_BEGUN = re.compile(r"&(?:#?[A-Za-z0-9]{0,32})?\Z")
_NAMES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


def is_begun(text: str) -> bool:
    """True if all of the text may be the beginning of an entity."""
    return _BEGUN.match(text) is not None


def character_of(entity: re.Match[str], lenient: bool) -> str | None:
    """Return what an entity means; None if it is not known. Lenient, HTML's names are known too,
    which may mean two characters."""
    hexadecimal, decimal, name = entity.groups()
    if name:
        if lenient and name not in _NAMES:
            import html

            meant = html.unescape(entity[0])
            return None if meant == entity[0] else meant
        return _NAMES.get(name)
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    legal = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code <= 0x10FFFF
    return chr(code) if legal and code not in (0xFFFE, 0xFFFF) else None
