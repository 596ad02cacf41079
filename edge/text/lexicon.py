"""Apply the owner's pronunciations, a strict YAML file of words, before a family sees the text.

docs/reference/configuration.md is its page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge import records
from edge.text import LANGUAGE
from edge.text.alphabets import UnknownSign, unknown_sign
from edge.text.claims import Claim, spoken
from edge.text.given import Sounds
from edge.text.mapping import Spoken
from edge.text.markup import Phonemes

FORMAT = 1
MAX_ENTRIES = 2000
"""Entries of a whole file: about a second to read on a PC."""
MAX_WORD, MAX_RESPELLING, MAX_PHONEMES = 64, 200, 100
"""Characters of a word, of what is read in its place, and of its phonemes."""

_RUN = re.compile(r"[\w\u0300-\u036f]+")
# A word goes on behind an apostrophe, as in "can't"; not in the possessive "Joe's".
_GOES_ON = re.compile(r"[\w\u0300-\u036f]|['’](?!s\b)\w", re.IGNORECASE)
_IN_A_RESPELLING = frozenset(" '’-")


@dataclass(frozen=True)
class Words:
    """The words of one language."""

    say: Mapping[str, str] = field(default_factory=dict)
    """Word -> what to read in its place."""
    ipa: Mapping[str, str] = field(default_factory=dict)
    """Word -> its phonemes in IPA, for every family that takes phonemes."""
    phonemes: Mapping[str, str] = field(default_factory=dict)
    """Word -> its phonemes, as the voice's family writes them."""

    def __post_init__(self) -> None:
        for word in (*self.say, *self.ipa, *self.phonemes):
            single = "  " not in word and not word.endswith(" ")
            if len(word) > MAX_WORD or not _RUN.match(word) or not single or _is_broken(word):
                raise ValueError(
                    f"{word[:MAX_WORD]!r} is no word: it begins with a letter or a digit, has "
                    f"single spaces at most, and at most {MAX_WORD} characters"
                )
        for word, said in self.say.items():
            plain = all(c in _IN_A_RESPELLING or unicodedata.category(c)[0] in "LMN" for c in said)
            if len(said) > MAX_RESPELLING or not plain or not _RUN.search(said):
                raise ValueError(
                    f"say.{word}: a respelling is letters, digits, spaces, apostrophes and "
                    f"hyphens, at most {MAX_RESPELLING} characters; got {said[:60]!r}"
                )
        for word, said in self.ipa.items():
            strange = unknown_sign(said, "ipa")
            if strange is not None or not 0 < len(said) <= MAX_PHONEMES:
                why = f"{strange!r} is no sign of IPA" if strange else "got none, or too many"
                raise ValueError(f"ipa.{word}: 1 to {MAX_PHONEMES} signs of IPA; {why}")
        for word, said in self.phonemes.items():
            odd = "[" in said or "]" in said or any(map(_is_space, said))
            if odd or not 0 < len(said) <= MAX_PHONEMES:
                raise ValueError(
                    f"phonemes.{word}: 1 to {MAX_PHONEMES} phonemes without spaces and brackets; "
                    f"got {said[:60]!r}"
                )


@dataclass(frozen=True)
class Lexicon:
    """A whole file of pronunciations."""

    format: int = FORMAT
    languages: Mapping[str, Words] = field(default_factory=dict)
    """en_US, or en for all that begins so -> its words."""

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError(
                f"the file has format {self.format}, and this version of edge-voice reads {FORMAT}"
            )
        for language in self.languages:
            if not LANGUAGE.fullmatch(language):
                raise ValueError(f"languages: {language[:20]!r} is not like en or en_US")
        if self.entries > MAX_ENTRIES:
            raise ValueError(f"{self.entries:,} entries; the limit is {MAX_ENTRIES:,}")

    @property
    def entries(self) -> int:
        return sum(
            len(words.say) + len(words.ipa) + len(words.phonemes)
            for words in self.languages.values()
        )

    def speller(self, language: str, phonemes: bool, sounds: Sounds = lambda _: None) -> Speller:
        """Make the speller for a voice of this language, which takes phonemes or not. Entries of
        en_US go before those of en; phonemes before IPA, and that before a respelling. `sounds`
        writes IPA as the voice reads it. Raises UnknownSign."""
        said: dict[str, str] = {}
        for key in (language.split("_")[0], language):
            words = self.languages.get(key, Words())
            said |= words.say
            for word, ipa in words.ipa.items():
                if (own := sounds(Phonemes(ipa, "ipa"))) is not None:
                    said[word] = f"[[{own}]]"
            if phonemes:
                said |= {word: f"[[{own}]]" for word, own in words.phonemes.items()}
        return Speller(said)

    def strange(
        self, language: str, known: Callable[[str], bool], sounds: Sounds = lambda _: None
    ) -> str | None:
        """Name the place of the first phoneme that a voice of this language does not know."""
        for key in dict.fromkeys((language.split("_")[0], language)):
            words = self.languages.get(key, Words())
            for word, given in words.phonemes.items():
                for sound in given:
                    if not known(sound):
                        return f"languages.{key}.phonemes.{word}: {sound!r}"
            for word, ipa in words.ipa.items():
                try:
                    sounds(Phonemes(ipa, "ipa"))
                except UnknownSign as unknown:
                    return f"languages.{key}.ipa.{word}: {unknown.sign!r}"
        return None


def load_lexicon(path: Path) -> Lexicon:
    """Read a lexicon. Raises BadRecord naming the file and the place in it."""
    return records.load_yaml(path, Lexicon)


class Speller:
    """Finds whole words. One with a capital stands for itself alone; one without, for any case of
    it, unless that has an entry of its own."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self._beginning: dict[str, list[tuple[str, str]]] = {}
        for word in sorted(said, key=lambda word: (-len(word), word == word.lower(), word)):
            run = _RUN.match(word)
            assert run is not None
            self._beginning.setdefault(run[0].lower(), []).append((word, said[word]))

    def claims(self, text: str) -> list[Claim]:
        """Find the owner's words, in order."""
        found: list[Claim] = []
        done = 0
        for run in _RUN.finditer(text):
            known = self._beginning.get(run[0].lower())
            if known is None or (start := run.start()) < done:
                continue
            for word, said in known:
                end = start + len(word)
                here = text[start:end]
                if word in (here, here.lower()) and not _GOES_ON.match(text, end):
                    found.append(Claim(start, end, said, "lexicon"))
                    done = end
                    break
        return found

    def respell(self, text: str) -> Spoken:
        """Read the owner's words as the owner wishes, and nothing else."""
        return spoken(text, self.claims(text))


def _is_broken(word: str) -> bool:
    return any(_is_space(character) and character != " " for character in word)


def _is_space(character: str) -> bool:
    return character.isspace() or unicodedata.category(character)[0] in "CZ"
