"""Captions of speech: its words and when they sound, as a WebVTT or SubRip file.

    captions = cut(words)                      # cues of one or two rows
    path.write_text(written(captions, "vtt"))

Sources: WebVTT, https://www.w3.org/TR/webvtt1/; rows, their length and how long one is shown, the
habits of broadcasters (BBC subtitle guidelines; Netflix timed text style guide).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from edge.text.cutting import SHORTENED

ROW = 42
"""Columns of a row; a wide character of East Asia takes two."""
LONGEST_SHOWN_S = 7.0
"""Seconds that a cue is shown at the most, unless one word of it takes longer."""
SHORTEST_SHOWN_S = 1.0
"""Seconds that a cue is shown, if the next one leaves it so long."""
SILENCE_S = 1.0
"""Seconds of silence over which no cue reaches."""
_LEAST_S = 0.001
"""A cue of no length is none to a player; its clock counts milliseconds."""

Format = Literal["vtt", "srt"]

_TAG = re.compile(r"<!--.*?-->|<[^<>]*>", re.DOTALL)
_CLOSERS = "\"'”’)\\]»」』"
_SENTENCE = re.compile(rf"[.!?…。！？][{_CLOSERS}]*$")
_CLAUSE = re.compile(rf"[,;:—–、，；：][{_CLOSERS}]*$")


@dataclass(frozen=True)
class TimedWord:
    """A word as it is to be read, marks included."""

    text: str
    start_s: float
    end_s: float
    """Seconds from the beginning of the sound."""
    spaced: bool = True
    """False if it touches the word before it."""
    paragraph: bool = False
    """True if a paragraph begins with it."""


@dataclass(frozen=True)
class Cue:
    """A caption: rows, and the time for which they are shown."""

    rows: tuple[str, ...]
    """One or two."""
    start_s: float
    end_s: float


def timed_words(
    text: str, places: Iterable[tuple[int, int, float, float]], ssml: bool = False
) -> list[TimedWord]:
    """Find the words of a text: `places` has the first character, the one behind the last, the
    start and the length in seconds of each. With `ssml` tags are left out."""
    found: list[TimedWord] = []
    done = 0
    for start, end, start_s, seconds in places:
        before, word = text[done:start], text[start:end]
        if ssml:
            word = html.unescape(_TAG.sub(" ", word))
        word = " ".join(word.split())
        if word:
            spaced = not found or ssml or any(c.isspace() for c in before)
            paragraph = bool(found) and before.count("\n") > 1
            found.append(TimedWord(word, start_s, start_s + seconds, spaced, paragraph))
        done = end
    return found


def cut(words: Sequence[TimedWord]) -> list[Cue]:
    """Share the words out among cues: each ends with a sentence if it can, else with a clause."""
    rest = [part for word in words for part in _parts(word)]
    cues: list[Cue] = []
    while rest:
        count = _count(rest)
        mine, rest = rest[:count], rest[count:]
        start = max(mine[0].start_s, cues[-1].end_s if cues else 0.0)
        latest = rest[0].start_s if rest else float("inf")
        spoken = max(word.end_s for word in mine)
        # The last cue is not held: the sound ends with it.
        held = max(spoken, start + SHORTEST_SHOWN_S) if rest else spoken
        cues.append(Cue(_rows(mine), start, max(min(held, latest), start + _LEAST_S)))
    return cues


def written(cues: Iterable[Cue], format: Format) -> str:
    """Return the file of captions."""
    blocks = []
    for number, cue in enumerate(cues, 1):
        start, end = (_clock(s, "," if format == "srt" else ".") for s in (cue.start_s, cue.end_s))
        rows = cue.rows
        if format == "vtt":  # the characters that WebVTT reads as tags and entities
            rows = tuple(html.escape(row, quote=False) for row in rows)
        blocks.append("\n".join([str(number), f"{start} --> {end}", *rows]))
    head = ["WEBVTT"] if format == "vtt" else []
    return "\n\n".join([*head, *blocks]) + "\n"


def _parts(word: TimedWord) -> Iterator[TimedWord]:
    """Cut what is longer than a row, as an address or a sentence without spaces, and share its
    time out."""
    if _width(word.text) <= ROW:
        yield word
        return
    pieces = [""]
    for character in word.text:
        full = _width(pieces[-1] + character) > ROW
        if full and not unicodedata.combining(character):
            pieces.append("")
        pieces[-1] += character
    step = (word.end_s - word.start_s) / len(word.text)
    at = word.start_s
    for number, piece in enumerate(pieces):
        end = at + step * len(piece)
        first = number == 0
        yield TimedWord(piece, at, end, first and word.spaced, first and word.paragraph)
        at = end


def _count(words: Sequence[TimedWord]) -> int:
    """Count the words of the first cue."""
    most = 1
    while most < len(words):
        word, before = words[most], words[most - 1]
        apart = word.paragraph or word.start_s - before.end_s > SILENCE_S
        if apart:
            return most
        if word.end_s - words[0].start_s > LONGEST_SHOWN_S or not _fits(words[: most + 1]):
            break
        most += 1
    else:
        return most
    for end in range(most, 0, -1):
        if _ends_sentence(words[end - 1].text):
            return end
    for end in range(most, most // 3, -1):
        if _CLAUSE.search(words[end - 1].text):
            return end
    return most


def _ends_sentence(word: str) -> bool:
    return bool(_SENTENCE.search(word)) and not SHORTENED.search(word)


def _fits(words: Sequence[TimedWord]) -> bool:
    return _width(_joined(words)) <= ROW or bool(_breaks(words))


def _breaks(words: Sequence[TimedWord]) -> list[int]:
    """List the words that a second row can begin with."""
    return [
        at
        for at in range(1, len(words))
        if max(_width(_joined(words[:at])), _width(_joined(words[at:]))) <= ROW
    ]


def _rows(words: Sequence[TimedWord]) -> tuple[str, ...]:
    """Break at a clause near the middle, else where the rows are most alike."""
    whole = _joined(words)
    if _width(whole) <= ROW:
        return (whole,)

    def unlike(at: int) -> int:
        difference = abs(_width(_joined(words[:at])) - _width(_joined(words[at:])))
        last = words[at - 1].text
        ends = _ends_sentence(last) or _CLAUSE.search(last)
        return difference - (ROW // 2 if ends else 0)

    at = min(_breaks(words), key=unlike)
    return _joined(words[:at]), _joined(words[at:])


def _joined(words: Sequence[TimedWord]) -> str:
    first, *others = words
    return first.text + "".join(" " * word.spaced + word.text for word in others)


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    whole, fraction = divmod(milliseconds, 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{fraction:03}"
