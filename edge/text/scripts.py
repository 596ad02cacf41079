"""Find words in a script that a voice cannot read: they are left out, and told, instead of being
spelled as "chinese letter, chinese letter"."""

from __future__ import annotations

import re

from edge.text.claims import NOT_ASCII, Rule

_RANGES = {
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Cyrillic": "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f",
    "Armenian": "\u0530-\u058f",
    "Hebrew": "\u0590-\u05ff\ufb1d-\ufb4f",
    "Arabic": "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "Devanagari": "\u0900-\u097f",
    "Bengali": "\u0980-\u09ff",
    "Gurmukhi": "\u0a00-\u0a7f",
    "Gujarati": "\u0a80-\u0aff",
    "Oriya": "\u0b00-\u0b7f",
    "Tamil": "\u0b80-\u0bff",
    "Telugu": "\u0c00-\u0c7f",
    "Kannada": "\u0c80-\u0cff",
    "Malayalam": "\u0d00-\u0d7f",
    "Sinhala": "\u0d80-\u0dff",
    "Thai": "\u0e00-\u0e7f",
    "Lao": "\u0e80-\u0eff",
    "Tibetan": "\u0f00-\u0fff",
    "Burmese": "\u1000-\u109f",
    "Georgian": "\u10a0-\u10ff\u1c90-\u1cbf",
    "Korean": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "Ethiopic": "\u1200-\u139f",
    "Khmer": "\u1780-\u17ff",
    "Mongolian": "\u1800-\u18af",
    "Japanese": "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9d",
    "Chinese": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
}
_READ = {
    "am": ("Ethiopic",),
    "ar": ("Arabic",),
    "bg": ("Cyrillic",),
    "bn": ("Bengali",),
    "el": ("Greek",),
    "fa": ("Arabic",),
    "gu": ("Gujarati",),
    "he": ("Hebrew",),
    "hi": ("Devanagari",),
    "hy": ("Armenian",),
    "ja": ("Japanese", "Chinese"),
    "ka": ("Georgian",),
    "kk": ("Cyrillic",),
    "km": ("Khmer",),
    "kn": ("Kannada",),
    "ko": ("Korean", "Chinese"),
    "lo": ("Lao",),
    "mk": ("Cyrillic",),
    "ml": ("Malayalam",),
    "mn": ("Cyrillic", "Mongolian"),
    "mr": ("Devanagari",),
    "my": ("Burmese",),
    "ne": ("Devanagari",),
    "pa": ("Gurmukhi",),
    "ru": ("Cyrillic",),
    "si": ("Sinhala",),
    "sr": ("Cyrillic",),
    "ta": ("Tamil",),
    "te": ("Telugu",),
    "th": ("Thai",),
    "uk": ("Cyrillic",),
    "ur": ("Arabic",),
    "yue": ("Chinese",),
    "zh": ("Chinese",),
}
"""Scripts beside the Latin one, by language. A language that is not here is written in Latin."""

UNREAD = "script"
"""Name of the rule: what it claims is not spoken."""


def script_of(character: str) -> str:
    """Name the script of a character; empty if it is none of those above."""
    for script, ranges in _RANGES.items():
        if re.match(f"[{ranges}]", character):
            return script
    return ""


def unread(language: str) -> Rule:
    """Make the rule that leaves out what a voice of this language cannot read."""
    own = _READ.get(language, ())
    ranges = "".join(ranges for script, ranges in _RANGES.items() if script not in own)
    # A letter of Greek alone is a sign of mathematics, which a language may have a name for.
    word = rf"(?:[{ranges}]{{1,64}}[\s,、。，·-]{{0,2}}){{1,16}}(?<=[{ranges}])"
    foreign = "я" if "Cyrillic" not in own else "文"
    return Rule(
        UNREAD, re.compile(word), lambda match, how: "", (foreign, ""), frozenset(NOT_ASCII)
    )
