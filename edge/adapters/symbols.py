"""The names of characters, from the tables that speech-dispatcher installs.

A table's row is: character, name, level from which on it is spoken, whether it stays beside its
name. They are NVDA's (GPL-2.0), read where they lie. Source: locale/README.md of speechd 0.11.4.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

TABLES = Path("/usr/share/speech-dispatcher/locale")
FILES = ("symbols.dic", "orca-chars.dic")
LEVELS = {"none": 0, "some": 100, "most": 200, "all": 300, "char": 1000}
DEFAULT_LEVEL = LEVELS["all"]
_ESCAPES = {
    "\\0": "\0",
    "\\t": "\t",
    "\\n": "\n",
    "\\r": "\r",
    "\\f": "\f",
    "\\#": "#",
    "\\\\": "\\",
}
_SENTENCE_MARKS = frozenset(".,;:!?")


class Symbols:
    """One language's. Without tables a character has its Unicode name, which is English."""

    def __init__(self, language: str, tables: Path = TABLES) -> None:
        own = language.split("_")[0]
        places = [language, own] if language else []
        # base is English, so that "é" is a letter in Spanish and "e acute" in English.
        self.english = own in ("", "en")
        self._rows: dict[str, tuple[str, int]] = {}
        for place in ["base", *reversed(places)]:
            for name in FILES:
                self._rows.update(_read(tables / place / name))

    def name(self, character: str) -> str:
        """Return what a screen reader says for it: "comma", "space", and a letter as it is, a
        capital."""
        if character.isascii() and character.isalnum():
            return character.upper()  # "a" alone may be the article
        if character.isalpha() and not self.english:
            return character
        if name := self._rows.get(character, ("", 0))[0]:
            return name
        return character if character.isalpha() else unicodedata.name(character, character).lower()

    def spoken(self, text: str, mode: str) -> str:
        """The text with the names of its punctuation, as much as the mode wants: none, some,
        most or all. What makes a sentence's melody stays beside its name."""
        level = LEVELS.get(mode, 0)
        if not level:
            return text
        parts = []
        for at, character in enumerate(text):
            name, needed = self._rows.get(character, ("", DEFAULT_LEVEL + 1))
            if not name or needed > level or character.isspace():
                parts.append(character)
            elif character in _SENTENCE_MARKS and not text[at + 1 : at + 2].strip():
                parts.append(f" {name}{character}")
            else:
                parts.append(f" {name} ")
        return "".join(parts)

    def spelled(self, text: str) -> str:
        """One character after the other. Spaces between words are heard as pauses."""
        words = (" ".join(self.name(character) for character in word) for word in text.split())
        return ", ".join(words)


def _read(table: Path) -> Iterator[tuple[str, tuple[str, int]]]:
    """Rows of single characters; the tables' regular expressions are left out."""
    try:
        lines = table.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return
    for line in lines[lines.index("symbols:") + 1 if "symbols:" in lines else 0 :]:
        cells = line.split("\t")
        character = _ESCAPES.get(cells[0], cells[0])
        if len(character) == 1 and len(cells) > 1 and not line.startswith("#"):
            level = cells[2] if len(cells) > 2 else ""
            yield character, (cells[1].lower(), LEVELS.get(level, DEFAULT_LEVEL))
