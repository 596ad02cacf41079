"""Take the tags out of SSML: the text to speak, and where its marks are."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

_TAG = re.compile(r"<[^<>]*>")
_MARK = re.compile(r"<\s*mark\b[^<>]*\bname\s*=\s*(\"[^\"]*\"|'[^']*')")
_APART = re.compile(r"<\s*/?\s*(?:p|s|break|speak)\b")


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
        if mark := _MARK.match(tag.group()):
            marks.append((length, html.unescape(mark.group(1)[1:-1])))
        elif _APART.match(tag.group()):
            add(" ")
    add(spoken(html.unescape(ssml[at:])))
    return MarkedText("".join(parts), tuple(marks))
