"""Count the words that a recogniser heard differently from the words that were to be spoken.

A recogniser may write "350", "three hundred fifty" or "Three hundred and fifty." for one sound, so
both sides are first reduced to plain words. The rules, in order: Unicode NFKC, lower case;
apostrophes vanish, every other sign separates words; in English, digits become words (cardinals
and ordinals below a million, four-digit years as they are read), `and` inside a number vanishes,
and a few titles and signs are written out. Other languages keep their digits as they are; those
that write no spaces are compared by the character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

WITHOUT_SPACES = frozenset({"zh", "ja", "th"})
"""Languages that write no space between words: their characters are counted instead."""
_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_SPELLED = {
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "%": "percent",
    "°": "degrees",
    "&": "and",
    "ok": "okay",
}
# 1,250 or 1250 or 21st, a run of letters, or a sign that is spoken.
_TOKEN = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:(?:st|nd|rd|th)\b)?|[^\W\d_]+|[%°&]"
_NUMBER_WORDS = frozenset([*_ONES, *_TENS, "hundred", "thousand"])


def words(text: str, language: str) -> tuple[str, ...]:
    """The words of `text` as they are compared; `language` is a two-letter code."""
    plain = unicodedata.normalize("NFKC", text).lower()
    plain = re.sub("['’‘]", "", plain)
    if language in WITHOUT_SPACES:
        return tuple(re.findall(r"\w", plain))
    if language != "en":
        return tuple(re.findall(r"\w+", plain))
    spelled: list[str] = []
    for token in re.findall(_TOKEN, plain):
        match = re.fullmatch(r"(\d{1,6}|\d{1,3},\d{3})(st|nd|rd|th)?", token)
        if match:
            spelled += _number(match[1], ordinal=match[2] is not None)
        else:
            spelled.append(_SPELLED.get(token, token.replace(",", "")))
    return tuple(
        word
        for index, word in enumerate(spelled)
        if not (
            word == "and"
            and 0 < index < len(spelled) - 1
            and spelled[index - 1] in ("hundred", "thousand")
            and spelled[index + 1] in _NUMBER_WORDS
        )
    )


def word_errors(spoken: Sequence[str], heard: Sequence[str]) -> int:
    """Substitutions, insertions and deletions between two word sequences (Levenshtein)."""
    previous = list(range(len(heard) + 1))
    for row, word in enumerate(spoken, start=1):
        current = [row]
        for column, other in enumerate(heard, start=1):
            current.append(
                min(
                    previous[column] + 1,
                    current[column - 1] + 1,
                    previous[column - 1] + (word != other),
                )
            )
        previous = current
    return previous[-1]


def _number(digits: str, ordinal: bool) -> list[str]:
    value = int(digits.replace(",", ""))
    if len(digits) > 1 and digits[0] == "0":
        return [_ONES[int(digit)] for digit in digits]
    year = len(digits) == 4 and not ordinal and (1100 <= value < 2000 or 2010 <= value < 2100)
    if year and value % 100:
        low = value % 100
        said = _below_million(value // 100) + (["oh"] if low < 10 else []) + _below_million(low)
    elif year:
        said = [*_below_million(value // 100), "hundred"]
    else:
        said = _below_million(value)
    if ordinal:
        last = said[-1]
        said[-1] = _ORDINALS.get(last, last[:-1] + "ieth" if last[-1] == "y" else last + "th")
    return said


def _below_million(value: int) -> list[str]:
    if value < 20:
        return [_ONES[value]]
    if value < 100:
        return [_TENS[value // 10 - 2], *([_ONES[value % 10]] if value % 10 else [])]
    unit, name = (100, "hundred") if value < 1000 else (1000, "thousand")
    rest = _below_million(value % unit) if value % unit else []
    return [*_below_million(value // unit), name, *rest]
