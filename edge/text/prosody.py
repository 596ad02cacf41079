"""Read the values of SSML's attributes: times, rates, volumes, pitches. ValueError says what is
expected, and never what was given."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TypeVar

from edge.text.markup import MAX_BREAK_S

Value = TypeVar("Value", float, tuple[float, float])

_NUMBER = r"[0-9]{1,6}(?:\.[0-9]{0,6})?|\.[0-9]{1,6}"
_TIME = re.compile(rf"\+?({_NUMBER})\s*(m?s)")
_PERCENT = re.compile(rf"([+-]?)({_NUMBER})%")
_FACTOR = re.compile(rf"({_NUMBER})")
_DECIBELS = re.compile(rf"([+-]?)({_NUMBER})\s*dB", re.IGNORECASE)
_SEMITONES = re.compile(rf"([+-])({_NUMBER})\s*st", re.IGNORECASE)

STRENGTHS = {
    "none": 0.0, "x-weak": 0.0, "weak": 0.15, "medium": 0.3, "strong": 0.5, "x-strong": 0.9,
}  # fmt: skip
"""Strength of a break -> seconds of silence where no mark of punctuation pauses."""
_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "fast": 1.25, "x-fast": 1.5, "default": 1.0}
_VOLUMES = {
    "silent": -1000.0, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "loud": 3.0, "x-loud": 6.0,
    "default": 0.0,
}  # fmt: skip
_PITCHES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "high": 3.0, "x-high": 6.0, "default": 0.0}
EMPHASES = {
    "strong": (0.9, 2.0),
    "moderate": (0.95, 1.0),
    "none": (1.0, 0.0),
    "reduced": (1.1, -2.0),
}
"""Level of emphasis -> factor of the tempo, dB."""


def seconds(written: str) -> float:
    """Read a time: 500ms, 1.5s."""
    found = _TIME.fullmatch(written.strip())
    if found is None:
        raise ValueError('a time like "500ms" or "1.5s"')
    value = float(found[1]) * (0.001 if found[2] == "ms" else 1.0)
    if value > MAX_BREAK_S:
        raise ValueError(f"at most {MAX_BREAK_S:g} s")
    return value


def strength(written: str) -> float:
    """Read a break's strength, as seconds."""
    return _named(STRENGTHS, written)


def rate(written: str) -> float:
    """Read a rate, as a factor: slow, 80%, +10%, -10%, 0.8."""
    written = written.strip()
    if found := _PERCENT.fullmatch(written):
        share = float(found[2]) / 100
        factor = {"": share, "+": 1 + share, "-": 1 - share}[found[1]]
    elif found := _FACTOR.fullmatch(written):
        factor = float(found[1])
    else:
        factor = _named(_RATES, written, 'a number, or a percentage like "80%" or "+10%"')
    if factor <= 0:
        raise ValueError("a rate above 0")
    return factor


def volume(written: str) -> float:
    """Read a volume, as dB: soft, +6dB, -10%, and the older form 0 to 100."""
    written = written.strip()
    if found := _DECIBELS.fullmatch(written):
        return float(found[1] + found[2])
    if found := _PERCENT.fullmatch(written):
        share = float(found[2]) / 100
        return _as_decibels({"": share, "+": 1 + share, "-": 1 - share}[found[1]])
    if found := _FACTOR.fullmatch(written):
        return _as_decibels(float(found[1]) / 100)
    return _named(_VOLUMES, written, '"+6dB", or a percentage like "-10%"')


def pitch(written: str) -> float:
    """Read a pitch, as semitones: high, +2st, -10%."""
    written = written.strip()
    if found := _SEMITONES.fullmatch(written):
        return float(found[1] + found[2])
    if found := _PERCENT.fullmatch(written):
        share = float(found[2]) / 100
        factor = {"": share, "+": 1 + share, "-": 1 - share}[found[1]]
        if factor <= 0:
            raise ValueError("a pitch above 0")
        return _as_decibels(factor) * 12 / _as_decibels(2.0)
    return _named(_PITCHES, written, '"+2st", or a percentage like "+10%"')


def emphasis(written: str) -> tuple[float, float]:
    """Read a level of emphasis, as factor of the tempo and dB."""
    if written.strip() not in EMPHASES:
        raise ValueError(f"one of {', '.join(EMPHASES)}")
    return EMPHASES[written.strip()]


def _as_decibels(factor: float) -> float:
    return 20 * math.log10(factor) if factor > 0 else -1000.0


def _named(names: Mapping[str, float], written: str, others: str = "") -> float:
    found = names.get(written.strip())
    if found is None:
        also = f", or {others}" if others else ""
        raise ValueError(f"one of {', '.join(names)}{also}")
    return found
