"""Text with tags -> the text to speak, and where its marks are."""

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
    """`marks`: (characters of `text` before it, its name), in order."""

    text: str
    marks: tuple[tuple[int, str], ...] = ()

    @property
    def has_marks_inside(self) -> bool:
        """A mark has something to speak behind it."""
        return any(self.text[place:].strip() for place, _ in self.marks)

    def pieces(self, limit: int) -> list[MarkedText]:
        """Of at most `limit` characters each, cut at spaces where there are any."""
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
    """All tags but marks mean nothing here; `spoken` is applied to what stands between tags.

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
