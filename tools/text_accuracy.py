"""Print how many of the texts of tests/data/text each voice reads as a person would.

    python -m tools.text_accuracy en [--voice joe] [--part unseen] [--wrong seen] [--class money]

A text is right if its phonemes are those of an accepted form from the same phonemizer; stress,
length and weak vowels are folded. Texts are of three parts: those "seen" while rules were written,
the "later" ones, written before they were read once, by which rules were mended then, and those
that are "unseen"; and of three sets: A holds one thing in a text, B is what people write each day,
C is hard.
A cell is the share that is right without any rule, and with them.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from edge.synth.signs import phonemes_of
from edge.text.alphabets import Own, to_own
from edge.text.claims import Claim, How, spoken
from edge.text.cleaning import Piece
from edge.text.exceptions import shipped
from edge.text.inline_phonemes import phonemize_given
from edge.text.languages import find_language
from edge.text.lexicon import Speller
from edge.text.markup import Phonemes
from edge.text.reader import Reader

DATA = Path(__file__).parent.parent / "tests/data/text"
PARTS = {"seen": "", "later": "later", "unseen": "unseen"}
"""Parts of the set, and their folders."""
SETS = "ABC"
_FOLDED = str.maketrans(dict.fromkeys("ɐəᵊᵻʌɪ", "ə") | {"ɚ": "əɹ", "ɜ": "ə", "ɾ": "t", "T": "t"})


def joe() -> Callable[[str], str]:
    return espeak("en")


def espeak(language: str) -> Callable[[str], str]:
    from piper.phonemize_espeak import EspeakPhonemizer

    from edge.synth.piper.espeak import keep_voice

    keep_voice()
    reads, name = EspeakPhonemizer(), ESPEAK_NAMES.get(language, language)
    return lambda text: " ".join(
        "".join(part) for part in phonemize_given(text, lambda t: reads.phonemize(name, t))
    )


def heart() -> Callable[[str], str]:
    from hibari.g2p import G2P
    from hibari.tts import Hibari

    read = G2P()
    return lambda text: " ".join(phonemes_of(part, read) for part in Hibari.split_sentences(text))


def own(voice: str, language: str, given: Phonemes) -> str:
    """Write IPA with the signs of a voice."""
    return to_own(given.sounds, "ipa", ALPHABETS[voice], "en_US" if language == "en" else language)


def sounded(voice: str, language: str, form: str) -> str:
    """Write /IPA/ in an accepted form as the voice reads it."""
    return re.sub(
        r"/([^/\s]+)/", lambda m: f"[[{own(voice, language, Phonemes(m[1], 'ipa'))}]]", form
    )


def with_shipped(voice: str, language: str, form: str) -> str:
    """Write an accepted form with the sounds that we ship for its names and homographs: only texts
    of their own classes judge those, by sounds that they give themselves."""
    found = [(made.start, made.end, made.said) for made in Speller(shipped(language)).claims(form)]
    known = find_language(language)
    if known.homographs is not None:
        found += known.homographs(re.sub(r"/[^/\s]+/", lambda m: "." * len(m[0]), form))
    sounds: list[Claim] = []
    for start, end, ipa in sorted(found):
        if not sounds or start >= sounds[-1].end:
            said = f"[[{own(voice, language, Phonemes(ipa, 'ipa'))}]]"
            sounds.append(Claim(start, end, said, "shipped"))
    return spoken(form, sounds).text


ALPHABETS: dict[str, Own] = {"joe": "espeak", "espeak": "espeak", "heart": "misaki"}
VOICES = {"joe": joe, "heart": heart}
"""English voices; other languages have espeak's."""
ESPEAK_NAMES = {"en": "en-us", "pt": "pt-br", "no": "nb", "zh": "cmn"}
"""Languages that espeak knows by another name than voices do."""


def folded(phonemes: str) -> str:
    sounds = [
        c for c in phonemes.translate(_FOLDED) if unicodedata.category(c) in ("Ll", "Lu", "Lo")
    ]
    return "".join(sound for sound, _ in itertools.groupby(sounds))  # ɹɹ is ɹ


def accepted(form: str) -> Iterator[str]:
    """Write out {a|b}, also one in the other."""
    parts = re.split(r"(\{[^{}]*\})", form)
    if len(parts) == 1:
        yield form
        return
    choices = [p[1:-1].split("|") if p[:1] == "{" else [p] for p in parts]
    for chosen in itertools.product(*choices):
        yield from accepted("".join(chosen))


@dataclass(frozen=True)
class Text:
    """A text of the set, and how it may be read."""

    part: str
    letter: str
    kind: str
    written: str
    forms: Sequence[str]


def texts(language: str) -> Iterator[Text]:
    """Yield all texts of a language."""
    for part, folder in PARTS.items():
        path = DATA / folder / f"{language}.yaml"
        if not path.exists():
            continue
        for kind, rows in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            for letter, written, *forms in rows:
                yield Text(part, letter, kind.replace("_", " "), written, forms)


@dataclass
class Score:
    """How many texts were read right, without rules and with them, by voice."""

    count: int = 0
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)

    def add(self, voice: str, before: bool, after: bool) -> None:
        self.before[voice] = self.before.get(voice, 0) + before
        self.after[voice] = self.after.get(voice, 0) + after

    def cells(self, voices: Sequence[str]) -> str:
        if not self.count:
            return " | ".join(["", *[""] * len(voices)])
        shares = [
            f"{100 * self.before[v] / self.count:.0f} → {100 * self.after[v] / self.count:.0f}"
            for v in voices
        ]
        return " | ".join([str(self.count), *shares])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", nargs="?", default="en")
    parser.add_argument("--voice", action="append", choices=VOICES)
    parser.add_argument("--wrong", choices=PARTS, help="show what of a part is read wrong")
    parser.add_argument("--class", dest="only", help="this class alone")
    parser.add_argument("--part", choices=PARTS, help="this part alone")
    options = parser.parse_args()
    language = options.language
    if language == "en":
        voices = {name: VOICES[name]() for name in options.voice or VOICES}
        how = How()
    else:
        voices = {"espeak": espeak(language)}
        how = How(digits=True, dates="dmy")
    readers = {
        name: Reader(language, how, sounds=functools.partial(own, name, language))
        for name in voices
    }
    scores: dict[tuple[str, str], Score] = {}
    count, spent = 0, 0.0
    for text in texts(language):
        if options.only not in (None, text.kind) or options.part not in (None, text.part):
            continue
        count += 1
        mine = [
            scores.setdefault((row, text.part), Score())
            for row in (text.kind, f"set {text.letter}", "all")
        ]
        for score in mine:
            score.count += 1
        for name, phonemize in voices.items():
            begun = time.process_time()
            said = readers[name].read(Piece(text.written)).text
            spent += (time.process_time() - begun) / len(voices)
            good = {
                folded(phonemize(sounded(name, language, form)))
                for given in text.forms
                for plain in accepted(given)
                for form in (plain, with_shipped(name, language, plain))
            }
            right = folded(phonemize(said)) in good
            for score in mine:
                score.add(name, folded(phonemize(text.written)) in good, right)
            if options.wrong == text.part and not right:
                print(f"  {text.kind} {name}: {text.written!r} -> {said!r} {phonemize(said)}")
    names = list(voices)
    print("| class |" + "".join(f" {part} | {' | '.join(names)} |" for part in PARTS))
    print("|---|" + "---|" * len(PARTS) * (1 + len(names)))
    rows = list(dict.fromkeys(row for row, _ in scores))
    kinds = [row for row in rows if row != "all" and not row.startswith("set ")]
    for row in [*kinds, *(f"set {letter}" for letter in SETS), "all"]:
        print(f"| {row} |", *(f"{scores.get((row, p), Score()).cells(names)} |" for p in PARTS))
    print(f"{1000 * spent / count:.2f} ms of CPU a text")


if __name__ == "__main__":
    main()
