"""Find who reads the texts of a voice, from its language, its family's habits and the owner's
wishes."""

from __future__ import annotations

import re

from edge import synth
from edge.bundle import Bundle
from edge.config import TextKeys
from edge.families import FAMILIES
from edge.text.alphabets import to_own
from edge.text.claims import Claim, Dates, How
from edge.text.given import Sounds
from edge.text.lexicon import Lexicon
from edge.text.markup import Phonemes
from edge.text.reader import Reader


def make_reader(
    bundle: Bundle, wishes: TextKeys, lexicon: Lexicon, language: str | None = None
) -> Reader:
    """Make the reader of this bundle's texts, in its own language or another that it reads; its
    model is not loaded."""
    language = language or bundle.manifest.language
    sounds, speller = sounds_of(bundle), None
    if lexicon.languages:
        speller = lexicon.speller(language, bool(synth.phonemes(bundle)), sounds)
    how = How(
        digits=FAMILIES[bundle.manifest.family].reads_digits,
        dates=wishes.dates if wishes.dates != "auto" else usual_dates(language),
        every_script=FAMILIES[bundle.manifest.family].reads_every_script,
        markdown=wishes.markdown,
        urls=wishes.urls,
        emoji=wishes.emoji,
    )
    return Reader(language, how, speller, sounds)


def sounds_of(bundle: Bundle) -> Sounds:
    """Make what writes phonemes with the signs that the bundle's voice reads."""
    known, own = synth.phonemes(bundle), FAMILIES[bundle.manifest.family].alphabet
    language = bundle.manifest.language

    def sounds(given: Phonemes) -> str | None:
        if not known or not own:
            return None
        return to_own(given.sounds, given.alphabet, own, language, known)

    return sounds


# Phones of CMU's dictionary; initials of pinyin, and its finals with or without a tone.
_PIECE = (
    "[A-Z]{1,2}[0-2]?|[bcdfghjklmnpqrstwxyz]|[czs]h|[a-z]{0,3}[āáǎàēéěèīíǐìōóǒòūúǔùǘǚǜ][a-z]{0,2}"
    "|ang?|a[io]?|eng?|ei?|ian|ing?|iu?|ong|ou?|uang|u[eno]?"
)
_TOKENS = re.compile(rf"(?:\[(?:{_PIECE})\])+(?!\()")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)


def written_sounds(bundle: Bundle, text: str) -> list[Claim]:
    """Find the model's own phonemes that a text holds in brackets, as [j][ǐ]: they are no links of
    Markdown."""
    if FAMILIES[bundle.manifest.family].alphabet != "arpabet":
        return []
    return [Claim(m.start(), m.end(), m[0], "phonemes") for m in _TOKENS.finditer(text)]


def language_of(bundle: Bundle, text: str) -> str | None:
    """Tell a text's language by its script, for a voice of several; None if it is that of the
    voice itself, or if the script does not tell."""
    for language, script in _SCRIPTS:
        if language in bundle.languages[1:] and script.search(text):
            return language
    return None


def usual_dates(language: str) -> Dates:
    """Tell in which order a language's country writes a date in digits."""
    return "mdy" if language in ("en", "en_US") else "dmy"
