"""Read another language with a voice: espeak-ng's rules of that language, in the sounds of the
voice's own, as its speakers would say it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge.text.alphabets import UnknownSign, to_own

if TYPE_CHECKING:
    from piper import PiperVoice

_NAMES = {"zh": "cmn", "no": "nb"}
"""Language -> espeak's name of it, where that is another."""


def espeak_name(language: str) -> str | None:
    """Find espeak's name of a language (de_AT: de), without loading it; None if it has none."""
    short = language.split("_")[0]
    name = _NAMES.get(short, short)
    found = importlib.util.find_spec("piper")
    if found is None or found.origin is None:
        return None
    data = Path(found.origin).parent / "espeak-ng-data" / "lang"
    # In a folder of its family, or, as Basque and Korean, in none.
    return name if any(path.is_file() for path in data.rglob(name)) else None


def make_foreign(
    text: PiperVoice, language: str, own: str, known: frozenset[str]
) -> Callable[[str], list[list[str]]]:
    """Make a phonemizer of `language` for a voice of the language `own` that knows these signs.
    What has no sound in it is left out. Raises LookupError if espeak has no such language."""
    name = espeak_name(language)
    if name is None:
        raise LookupError(language)
    reader = type(text)(session=None, config=replace(text.config, espeak_voice=name))

    def phonemize(written: str) -> list[list[str]]:
        return [_in_own_sounds("".join(s), own, known) for s in reader.phonemize(written)]

    return phonemize


def _in_own_sounds(sentence: str, own: str, known: frozenset[str]) -> list[str]:
    """Word by word: what one cannot say leaves the others."""
    found: list[str] = []
    for word in sentence.split(" "):
        sounds = word.rstrip(".,;:!?")
        marks = word[len(sounds) :]
        while sounds:
            try:
                found += to_own(sounds, "ipa", "espeak", own, known)
                break
            except UnknownSign as unknown:
                shorter = sounds.replace(unknown.sign, "")
                if shorter == sounds:  # a letter of another that became several
                    break
                sounds = shorter
        found += [*marks, " "]
    return found[:-1]
