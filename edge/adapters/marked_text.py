"""Take the tags out of SSML: the text to speak, and where its marks are."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

_TAG = re.compile(r"<[^<>]*>")
_NAME = re.compile(r"""(?<![^\s"'])name\s*=\s*("[^"]*"|'[^']*')""")
_APART = {"p", "s", "break", "speak"}
_LONGEST_TAG = 1_000
"""Characters of a tag that are looked at: longer ones name no mark."""
_CONTROL = dict.fromkeys((*range(32), 127))
"""A mark's name is written as a line of the protocol, so it must hold no end of a line."""


@dataclass(frozen=True)
class MarkedText:
    """A text without tags."""

    text: str
    marks: tuple[tuple[int, str], ...] = ()
    """(characters of `text` before the mark, its name), in order."""

    @property
    def has_marks_inside(self) -> bool:
        """True if a mark has something to speak behind it."""
        return any(self.text[place:].strip() for place, _ in self.marks)

    def pieces(self, limit: int) -> list[MarkedText]:
        """Cut it into pieces of at most `limit` characters, at spaces if there are any."""
        found, start = [], 0
        while True:
            end = len(self.text)
            if end - start > limit:
                end = start + limit
                end = self.text.rfind(" ", start + 1, end) + 1 or end
            last = end == len(self.text)
            marks = tuple(
                (place - start, name)
                for place, name in self.marks
                if start <= place < end or (last and place == end)
            )
            found.append(MarkedText(self.text[start:end], marks))
            if last:
                return found
            start = end


def strip_tags(ssml: str, spoken: Callable[[str], str] = str) -> MarkedText:
    """Drop all tags but marks, and apply `spoken` to the text between tags.

    Not an XML parser: what a program sends as SSML is spoken even where it is not well-formed.
    """
    parts: list[str] = []
    marks: list[tuple[int, str]] = []
    length = at = 0

    def add(text: str) -> None:
        nonlocal length
        parts.append(text)
        length += len(text)

    for tag in _TAG.finditer(ssml):
        add(spoken(html.unescape(ssml[at : tag.start()])))
        at = tag.end()
        inside = tag.group()[1 : 1 + _LONGEST_TAG].strip()
        word = re.match(r"/?\s*(\w+)", inside)
        kind = word.group(1) if word else ""
        if kind == "mark" and (name := _NAME.search(inside)):
            marks.append((length, html.unescape(name.group(1)[1:-1]).translate(_CONTROL)))
        elif kind in _APART:
            add(" ")
    add(spoken(html.unescape(ssml[at:])))
    return MarkedText("".join(parts), tuple(marks))
