"""Read a text as one voice is to read it: the owner's words first, then the rules of its
language."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from edge.text.alphabets import UnknownSign
from edge.text.claims import Claim, How, Language, Markdown, claim, spoken
from edge.text.cleaning import Piece
from edge.text.cutting import FENCE, LOOK_BACK, SHORTENED
from edge.text.exceptions import shipped
from edge.text.given import Sounds, given_claims
from edge.text.languages import find_language
from edge.text.lexicon import Speller
from edge.text.mapping import Spoken
from edge.text.markdown import code_blocks
from edge.text.markup import Phonemes, Warned
from edge.text.scripts import unread


class Reader:
    """Knows a language, the owner's wishes and words. Immutable, so that any thread may use it."""

    def __init__(
        self,
        language: str,
        how: How,
        speller: Speller | None = None,
        sounds: Sounds = lambda _: None,
    ) -> None:
        """`sounds` writes given phonemes as the voice reads them."""
        known = find_language(language)
        if not how.every_script:
            rules = (*known.rules, unread(language.replace("-", "_").split("_")[0].lower()))
            known = replace(known, rules=rules)
        self.language: Language = known
        self._shipped = Speller(shipped(known.name))
        self.how = how
        self._speller, self._sounds = speller, sounds

    def given(self, piece: Piece) -> tuple[list[Claim], list[Warned]]:
        """Find the readings that SSML gives to stretches of the piece, and what is not done."""
        return given_claims(piece, self.language, self.how, self._sounds)

    def claims(self, piece: Piece, given: Iterable[Claim] = ()) -> list[Claim]:
        """Find what is read otherwise than it is written. `given` comes before the owner's words,
        and those before every rule."""
        text, known = piece.text, sorted(given)
        if self.how.markdown != "never" and (piece.in_code or FENCE in text):
            blocks = code_blocks(text, piece.in_code, self.language.code_block)
            known += _apart(blocks, known)
        known = self.owners_claims(text, known)
        found = claim(text, self.language, self.how, known, piece.before)
        return sorted([*found, *_apart(self._sounded(text), found)])

    def _sounded(self, text: str) -> Iterator[Claim]:
        """Yield the words that a phonemizer misreads, where the voice takes phonemes: names that
        we ship, and words with two readings."""
        places = [(made.start, made.end, made.said, "name") for made in self._shipped.claims(text)]
        if self.language.homographs is not None:
            places += [(*place, "homograph") for place in self.language.homographs(text)]
        for start, end, ipa, rule in places:
            try:
                sounds = self._sounds(Phonemes(ipa, "ipa"))
            except UnknownSign:
                continue  # the voice lacks a sound of it
            if sounds is not None:
                yield Claim(start, end, f"[[{sounds}]]", rule)

    def read(self, piece: Piece, given: Iterable[Claim] = ()) -> Spoken:
        """Return the text of the piece as it is read."""
        return spoken(piece.text, self.claims(piece, given))

    def owners_claims(self, text: str, given: Iterable[Claim] = ()) -> list[Claim]:
        """Find the owner's words alone, and what is given."""
        known = sorted(given)
        if self._speller is not None:
            known = sorted([*known, *_apart(self._speller.claims(text), known)])
        return known

    def as_written(self, text: str, given: Iterable[Claim] = ()) -> Spoken:
        """Return the text with the owner's words, and what is given, and nothing else changed."""
        return spoken(text, self.owners_claims(text, given))

    def taking(self, markdown: Markdown) -> Reader:
        """Make a reader that takes Markdown otherwise."""
        if markdown == self.how.markdown:
            return self
        fresh = copy.copy(self)
        fresh.how = replace(self.how, markdown=markdown)
        return fresh

    def unfinished(self, text: str) -> bool:
        """True if the text must not be cut at its end, although a mark stands there: a claim could
        go on behind it."""
        return unfinished(text, self.language)


_OPEN_LINK = re.compile(r"\[[^\[\]]{0,300}$|\]\([^()\s]{0,300}$")
_LAST_WORD = re.compile(r"([^\W\d_][^\s()\[\]\"']{0,15})\.$")


def unfinished(text: str, language: Language) -> bool:
    """True if what comes next may belong to what stands at the end of `text`."""
    if text.endswith("."):
        word = _LAST_WORD.search(text, max(0, len(text) - 20))
        if word is not None and word[1].lower() in language.abbreviations:
            return True
        if SHORTENED.search(text, max(0, len(text) - 8)):
            return True
    if language.open_end is not None and language.open_end.search(text[-LOOK_BACK:]):
        return True
    if text.count(FENCE) % 2:
        return True
    line = text[text.rfind("\n") + 1 :]
    marks_open = line.count("`") % 2 or line.count("**") % 2
    return bool(marks_open) or _OPEN_LINK.search(line) is not None


def _apart(found: Iterable[Claim], known: Iterable[Claim]) -> list[Claim]:
    """Return the claims that lie over none of those that are known, nor of each other."""
    taken = bytearray()
    apart: list[Claim] = []
    for made in [*known, None, *found]:
        if made is None:
            apart.clear()
            continue
        taken.extend(bytes(max(0, made.end - len(taken))))
        if taken.find(1, made.start, made.end) < 0:
            apart.append(made)
        taken[made.start : made.end] = b"\1" * (made.end - made.start)
    return apart
