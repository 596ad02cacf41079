"""Choose between two readings of one spelling, by the words beside it.

A word is left to the phonemizer where they do not say enough. Sources of the readings: any English
dictionary; the neighbours are those that the readings are known by ("lead pipe", "to record").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge.text.cutting import LOOK_BACK
from edge.text.languages.en.neighbours import BE, OBJECT, START, VERB, Reading, after
from edge.text.languages.en.readings import READINGS


def _stressed(noun: str, verb: str) -> tuple[Reading, ...]:
    """Make the readings of a pair like a RECord and to reCORD."""
    return (
        Reading(
            noun,
            before=after(
                r"(?:the|a|an|my|your|his|her|its|our|their|this|that|no|any|each|every"
                r"|new|of|world|on|for|in)"
            ),
        ),
        Reading(verb, before=VERB),
        Reading(verb, before=START, behind=OBJECT),
        Reading(noun, before=r"(?:^|\s)\w{2,14}(?:ed|al|ic|ive|ous|ful|y|ing)\s"),
        Reading(verb, behind=OBJECT),
    )


def _ending(verb: str, other: str) -> tuple[Reading, ...]:
    """Make the readings of a pair like to SEPArate it and a separate room."""
    return (
        Reading(
            other,
            before=after(
                r"(?:the|a|an|my|your|his|her|its|our|their|this|that|no|two|three|into"
                r"|of|very|most|more|so|college|university|recent|rough)"
            ),
        ),
        Reading(other, before=rf"(?:^|\s|\w){BE}\s(?:\w{{1,12}}ly\s)?", behind=r"[\s.,;!?]"),
        Reading(verb, before=VERB),
        Reading(verb, before=START, behind=OBJECT),
        Reading(verb, behind=OBJECT),
    )


_WORDS: dict[str, tuple[Reading, ...]] = READINGS | {
    "object": _stressed("ˈɑːbdʒɛkt", "əbˈdʒɛkt"),
    "objects": _stressed("ˈɑːbdʒɛkts", "əbˈdʒɛkts"),
    "record": _stressed("ˈɹɛkɚd", "ɹɪˈkɔːɹd"),
    "records": _stressed("ˈɹɛkɚdz", "ɹɪˈkɔːɹdz"),
    "conduct": _stressed("ˈkɑːndʌkt", "kənˈdʌkt"),
    "contract": _stressed("ˈkɑːntɹækt", "kənˈtɹækt"),
    "permit": _stressed("ˈpɜːɹmɪt", "pɚˈmɪt"),
    "rebel": _stressed("ˈɹɛbəl", "ɹɪˈbɛl"),
    "insult": _stressed("ˈɪnsʌlt", "ɪnˈsʌlt"),
    "increase": _stressed("ˈɪnkɹiːs", "ɪnˈkɹiːs"),
    "decrease": _stressed("ˈdiːkɹiːs", "dɪˈkɹiːs"),
    "import": _stressed("ˈɪmpɔːɹt", "ɪmˈpɔːɹt"),
    "export": _stressed("ˈɛkspɔːɹt", "ɪkˈspɔːɹt"),
    "convert": _stressed("ˈkɑːnvɜːɹt", "kənˈvɜːɹt"),
    "conflict": _stressed("ˈkɑːnflɪkt", "kənˈflɪkt"),
    "contest": _stressed("ˈkɑːntɛst", "kənˈtɛst"),
    "suspect": _stressed("ˈsʌspɛkt", "səˈspɛkt"),
    "extract": _stressed("ˈɛkstɹækt", "ɪkˈstɹækt"),
    "attribute": _stressed("ˈætɹɪbjuːt", "əˈtɹɪbjuːt"),
    "separate": _ending("ˈsɛpəɹeɪt", "ˈsɛpɹət"),
    "estimate": _ending("ˈɛstɪmeɪt", "ˈɛstɪmət"),
    "graduate": _ending("ˈɡɹædʒueɪt", "ˈɡɹædʒuət"),
    "moderate": _ending("ˈmɑːdəɹeɪt", "ˈmɑːdəɹət"),
    "duplicate": _ending("ˈduːplɪkeɪt", "ˈduːplɪkət"),
    "alternate": _ending("ˈɔːltɚneɪt", "ˈɔːltɚnət"),
    "appropriate": _ending("əˈpɹoʊpɹieɪt", "əˈpɹoʊpɹiət"),
    "deliberate": _ending("dɪˈlɪbəɹeɪt", "dɪˈlɪbəɹət"),
    "elaborate": _ending("ɪˈlæbəɹeɪt", "ɪˈlæbəɹət"),
    "advocate": _ending("ˈædvəkeɪt", "ˈædvəkət"),
    "intimate": _ending("ˈɪntɪmeɪt", "ˈɪntɪmət"),
    "delegate": _ending("ˈdɛlɪɡeɪt", "ˈdɛlɪɡət"),
    "associate": _ending("əˈsoʊʃieɪt", "əˈsoʊʃiət"),
    "coordinate": _ending("koʊˈɔːɹdɪneɪt", "koʊˈɔːɹdɪnət"),
}
_CASED = frozenset({"polish"})
"""Words of which only the lower case is meant: Polish is another one."""
_FIND = re.compile(rf"(?<![\w'’-])(?:{'|'.join(_WORDS)})(?![\w'’])", re.IGNORECASE)


def homographs(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the places of words with two readings, and the IPA of the one that is meant."""
    for match in _FIND.finditer(text):
        word = match[0].lower()
        if word in _CASED and match[0] != word:
            continue
        left = text[max(0, match.start() - LOOK_BACK) : match.start()]
        right = text[match.end() : match.end() + LOOK_BACK]
        for reading in _WORDS[word]:
            if reading.fits(left, right):
                yield match.start(), match.end(), reading.ipa
                break
