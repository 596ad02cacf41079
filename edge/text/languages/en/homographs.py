"""Choose between two readings of one spelling, by the words beside it.

Sources of the readings: any English dictionary; the neighbours are those that the readings are
known by ("lead pipe", "to record").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge.text.cutting import LOOK_BACK
from edge.text.languages.en.homograph_verbs import VERB_READINGS
from edge.text.languages.en.neighbours import (
    BE,
    NOUN,
    OBJECT,
    PLURAL,
    PREPOSITION,
    VERB,
    Reading,
)
from edge.text.languages.en.pairs import ADJECTIVES, NOUNS, VERBS
from edge.text.languages.en.readings import READINGS

_HERE = r"(?:and\s|or\s|\w{2,12}ly\s)?"
_VERBAL = (
    r"\s(?:in|on|at|with|by|against|when|if|as|for|to|from|between|over|every|each|well|badly"
    r"|\w{3,12}ly)\b|\s[a-z]{3,14}\s(?:of|in|by|and|that|for)\b|\s[a-z]{3,14}\s?(?:[.,;!?]|$)"
    r"|\s?(?:[.,;!?]|$)"
)
"""Behind a verb that has no object."""
_PREDICATE = r"\s(?:is|are|was|were|has|had|will|would|can|could|of|failed|that|which|who)\b"
"""Behind a noun."""
_COMPOUND = (
    r"(?:^|\s)(?:vanilla|almond|lemon|yeast|malt|plant|pay|price|rate|tax|percent|sharp|steep|party"
    r"|wedding|calendar|product|safety|vehicle|makes)\s"
)
"""Before a noun that is more often a verb, and in "makes perfect"."""
_SINGULAR = r"(?:^|\s)(?:the|an?|my|your|his|her|its|our|their|this|that|no|any|each|every)\s"


def _stressed(noun: str, verb: str, otherwise: str) -> tuple[Reading, ...]:
    """Make the readings of a pair like a RECord and to reCORD."""
    return (
        Reading(noun, before=_COMPOUND),
        Reading(noun, before=PREPOSITION, behind=r"(?!\s(?:the|an?|it|them)\b)"),
        Reading(verb, before=VERB + _HERE),
        Reading(verb, before=VERB),
        Reading(noun, before=NOUN),
        Reading(noun, behind=_PREDICATE),
        Reading(
            noun,
            before=_SINGULAR + r"(?:[\w-]{0,14}[^s\W]\s|\w{2,12}ss\s){1,2}",
            behind=r"(?!" + OBJECT + ")",
        ),
        Reading(verb, behind=OBJECT),
        Reading(verb, before=PLURAL, behind=_VERBAL),
        Reading(noun, before=r"(?:^|\s)\w{2,14}(?:ed|al|ic|ive|ous|ful|y|ing)\s"),
        Reading(otherwise),
    )


def _stressed_s(nouns: str, verbs: str) -> tuple[Reading, ...]:
    """Make the readings of a pair like two RECords and she reCORDS."""
    return (
        Reading(
            verbs,
            before=r"(?:^|[\s(\"“,;])(?:he|she|it|who|which|that|weather)\s"
            r"(?:always|also|often|usually|never|still|only|just|\w{2,12}ly)?\s?",
        ),
        Reading(nouns, before=NOUN),
        Reading(verbs, before=r"\w\s", behind=OBJECT),
        Reading(nouns),
    )


def _ending(verb: str, other: str) -> tuple[Reading, ...]:
    """Make the readings of a pair like to SEPArate it and a separate room."""
    return (
        Reading(other, behind=r"\s(?:school|schools|students?|degrees?|programs?|courses?)\b"),
        Reading(other, before=PREPOSITION, behind=r"(?!\s(?:the|an?|it|them)\b)"),
        Reading(verb, before=VERB),
        Reading(other, before=rf"(?:^|\s|\w){BE}\s(?:\w{{1,12}}\s)?"),
        Reading(other, before=NOUN),
        Reading(verb, behind=OBJECT),
        Reading(verb, before=PLURAL, behind=r"\s(?:that|between|for|with|in|from|every)\b"),
        Reading(other),
    )


def _s(ipa: str) -> str:
    """Put the ending of a plural to IPA."""
    if ipa[-1] in "szʃʒ":
        return f"{ipa}ɪz"
    return f"{ipa}s" if ipa[-1] in "ptkfθ" else f"{ipa}z"


def _pairs() -> Iterator[tuple[str, tuple[Reading, ...]]]:
    """Yield the words of the lists, with their readings."""
    for words, verbal in ((NOUNS, False), (VERBS, True)):
        for word, (noun, verb) in words.items():
            yield word, _stressed(noun, verb, verb if verbal else noun)
            yield f"{word}s", _stressed_s(_s(noun), _s(verb))
    for word, (other, verb) in ADJECTIVES.items():
        yield word, _ending(verb, other)
        yield f"{word}s", _stressed_s(_s(other), _s(verb))


_WORDS: dict[str, tuple[Reading, ...]] = dict(_pairs()) | READINGS | VERB_READINGS
_SMALL = frozenset({"polish"})
"""Words of which only the lower case is meant: Polish is another one."""
_NAMES = frozenset({"nice", "reading"})
"""Words that are a homograph with a capital alone: the towns."""
_FIND = re.compile(r"(?<![\w'’-])[A-Za-z]{1,20}(?![\w'’])")


def homographs(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the places of words with two readings, and the IPA of the one that is meant."""
    for match in _FIND.finditer(text):
        word = match[0].lower()
        if (readings := _WORDS.get(word)) is None:
            continue
        if (word in _SMALL and match[0] != word) or (word in _NAMES and match[0] == word):
            continue
        left = text[max(0, match.start() - LOOK_BACK) : match.start()]
        right = text[match.end() : match.end() + LOOK_BACK]
        for reading in readings:
            if reading.fits(left, right):
                yield match.start(), match.end(), reading.ipa
                break
