"""Read abbreviations and acronyms."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.text.claims import INNER_DOT, How, Rule, after, before
from edge.text.languages.roman import ROMAN, from_roman
from edge.text.languages.vocabulary import DIGITS, any_of, whole_stop

_NEW_SENTENCE = re.compile(r"\s{1,3}[\"'„“«(¿¡]?[A-ZÄÖÜÁÉÍÓÚÀÈÊÇ]")
_VOWELS = frozenset("AEIOUYÄÖÜÁÉÍÓÚÀÈÂÊÎÔÛĄĘ")


@dataclass(frozen=True)
class Shortened:
    """Words that a language shortens."""

    before_number: Mapping[str, str]
    before_name: Mapping[str, str]
    after_number: Mapping[str, str]
    anywhere: Mapping[str, str]
    closing: frozenset[str]
    """Those that often end a sentence."""
    acronym_example: tuple[str, str]
    units_too: frozenset[str] = frozenset()
    """Those that are units behind a number."""
    acronyms: Mapping[str, str] = field(default_factory=dict)
    """Words in capitals that are said in a way of their own."""
    read_as_words: frozenset[str] = frozenset()
    shortest_word: int = 3
    """Words in capitals that are longer are read as words, if they can be."""
    letters: Mapping[str, str] = field(default_factory=dict)
    """Letters that the phonemizer names badly."""

    @property
    def endings(self) -> frozenset[str]:
        """Their last words, in small letters and without the stop: no sentence ends behind them.
        Those of one letter are known to the cutter, if they are no words."""
        return frozenset(
            word.rstrip(".").split(" ")[-1].lower()
            for words in (self.before_number, self.before_name, self.after_number, self.anywhere)
            for word in words
            if word.endswith(".") and len(word) > 2
        )


def abbreviations(words: Shortened) -> tuple[Rule, ...]:
    """Make the rules of abbreviations: those that stand before a number, before a name, anywhere.

    Their stop stays where it ends the sentence, too.
    """
    kinds = (
        (words.after_number, "", ""),
        (words.anywhere, "", ""),
        (words.before_number, r"(?=\s?(?:\d|[IVX]{1,6}\b))", "5"),
        (
            words.before_name,
            r"(?=\s(?:(?:und|et|y|e|en|i|&|le|la)\s)?[^\W\d_a-zäöüéèàáíóúñç])",
            "Xaver",
        ),
    )
    rules = []
    for given, follows, shown in kinds:
        if not given:
            continue
        known = given if given is words.before_name else _with_capitals(given)
        counted = given is words.after_number
        ahead = r"(?:(?<=[\d½¼¾⅓⅔])|(?<=\d\.))\s?" if counted else r"(?<![\w.@/-])"
        written, said = next(iter(known.items()))
        example = (
            (f"5 {written} x", f"5 {said} x")
            if counted
            else (
                f"{written} {shown or 'x'}",
                f"{said} {shown or 'x'}",
            )
        )
        rules.append(
            Rule(
                "abbreviation",
                re.compile(rf"{ahead}(?P<it>{any_of(known)})" + (follows or r"(?![\w@]|[.-]\w)")),
                functools.partial(
                    _say, words, {re.sub(r"\s", "", key): said for key, said in known.items()}
                ),
                example,
                DIGITS | frozenset("½¼¾⅓⅔") if counted else frozenset(),
            )
        )
    return tuple(rules)


def _with_capitals(known: Mapping[str, str]) -> dict[str, str]:
    """Add the abbreviations as they stand at the beginning of a sentence."""
    return {
        **{w[0].upper() + w[1:]: s[0].upper() + s[1:] for w, s in known.items() if w[0].islower()},
        **known,
    }


def _say(words: Shortened, known: Mapping[str, str], match: re.Match[str], how: How) -> str | None:
    written = match["it"]
    if written in words.units_too and re.search(r"\d\s?$", before(match, 2)):
        return None
    said = known[re.sub(r"\s", "", written)]
    rest = after(match, 8).split("\n")[0].lstrip("\"'”’»)]")
    ends = not rest.strip() or (written in words.closing and _NEW_SENTENCE.match(rest))
    return f"{said}." if written.endswith(".") and ends else said


def acronyms(words: Shortened) -> tuple[Rule, ...]:
    """Make the rule of words in capitals: letter by letter, unless they are read as words."""

    def say(match: re.Match[str], how: How) -> str | None:
        word = match["it"]
        if word in words.acronyms:
            return words.acronyms[word]
        if word in words.read_as_words or not _stands_alone(match):
            return None
        if re.fullmatch(ROMAN, word) and re.fullmatch("[IVX]+", word):
            return str(from_roman(word))
        if len(word) > 5 or (len(word) > words.shortest_word and _is_pronounced(word)):
            return None
        letters = [words.letters.get(letter, letter) for letter in word]
        if before(match, 1) in ("'", "’"):
            letters[0] = letters[0].lower()  # a phonemizer names the apostrophe before a capital
        return " ".join(letters)

    return (
        Rule(
            "acronym",
            re.compile(r"(?<![\w.&@/-])(?P<it>[A-ZÄÖÜÑ]{2,6}|[A-Z]{2,4}(?=s\b))(?![\w@&]|[.]\w)"),
            say,
            words.acronym_example,
        ),
        Rule(
            "acronym",
            re.compile(r"(?<![\w.])(?:[A-ZÄÖÜÑ]\.){2,6}(?!\w)"),
            lambda match, how: whole_stop(
                match, " ".join(words.letters.get(c, c) for c in match[0] if c != ".")
            ),
            ("X.Y.Z. x", "X Y Z x"),
            frozenset(INNER_DOT),
        ),
    )


def _stands_alone(match: re.Match[str]) -> bool:
    """Tell whether the words around are in small letters: in a line of capitals nothing is an
    acronym."""
    around: list[str] = [
        word
        for part in (before(match, 32), after(match, 32))
        for word in re.findall(r"[^\W\d_]{2,32}", part)
    ]
    loud = sum(word.isupper() for word in around)
    return loud * 2 <= len(around)


def _is_pronounced(word: str) -> bool:
    """Tell whether a word has vowels where a mouth needs them."""
    row = 0
    for letter in word:
        row = 0 if letter in _VOWELS else row + 1
        if row > 2:
            return False
    spoken = not _VOWELS.isdisjoint(word)
    return spoken and word[:2] not in ("DN", "FN", "GP", "PV")
