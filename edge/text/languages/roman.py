"""Roman numerals: how they are formed, and what they are worth."""

from __future__ import annotations

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
ROMAN = r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
"""Pattern of one that is well-formed, in capitals."""


def from_roman(numeral: str) -> int:
    """Return the value of a well-formed numeral: XIV -> 14."""
    values = [_VALUES[letter] for letter in numeral.upper()]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )
