"""Print how many of the texts of tests/data/text each voice reads as a person would.

    python -m tools.text_accuracy en --voice joe --voice heart [--unseen] [--as-written] [--wrong]

A text is right if its phonemes are those of an accepted form from the same phonemizer; stress,
length and weak vowels are folded. Every third text of a class is "unseen": rules are not written
for it.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from edge.synth.hibari.synthesizer import phonemes_of
from edge.text.alphabets import Own, to_own
from edge.text.claims import How
from edge.text.cleaning import Piece
from edge.text.inline_phonemes import phonemize_given
from edge.text.markup import Phonemes
from edge.text.reader import Reader

DATA = Path(__file__).parent.parent / "tests/data/text"
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


ALPHABETS: dict[str, Own] = {"joe": "espeak", "espeak": "espeak", "heart": "misaki"}
VOICES = {"joe": joe, "heart": heart}
"""English voices; other languages have espeak's."""
ESPEAK_NAMES = {"en": "en-us", "pt": "pt-br", "no": "nb", "zh": "cmn"}
"""Languages that espeak knows by another name than voices do."""


def folded(phonemes: str) -> str:
    sounds = (
        c for c in phonemes.translate(_FOLDED) if unicodedata.category(c) in ("Ll", "Lu", "Lo")
    )
    return "".join(sounds)


def accepted(form: str) -> Iterator[str]:
    """Write out {a|b}, also one in the other."""
    parts = re.split(r"(\{[^{}]*\})", form)
    if len(parts) == 1:
        yield form
        return
    choices = [p[1:-1].split("|") if p[:1] == "{" else [p] for p in parts]
    for chosen in itertools.product(*choices):
        yield from accepted("".join(chosen))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", nargs="?", default="en")
    parser.add_argument("--voice", action="append", choices=VOICES)
    parser.add_argument("--unseen", action="store_true", help="the texts that are kept unseen")
    parser.add_argument("--as-written", action="store_true", help="without any rule")
    parser.add_argument("--wrong", action="store_true", help="show what is read wrong")
    parser.add_argument("--class", dest="only", help="only this class")
    options = parser.parse_args()
    rows = yaml.safe_load((DATA / f"{options.language}.yaml").read_text(encoding="utf-8"))
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
    totals = dict.fromkeys(voices, 0)
    count, spent = 0, 0.0
    for kind, texts in rows.items():
        if options.only not in (None, kind):
            continue
        chosen = [row for n, row in enumerate(texts) if (n % 3 == 2) == options.unseen]
        right = dict.fromkeys(voices, 0)
        for text, *forms in chosen:
            for name, phonemize in voices.items():
                begun = time.process_time()
                said = text if options.as_written else readers[name].read(Piece(text)).text
                spent += (time.process_time() - begun) / len(voices)
                mine = folded(phonemize(said))
                good = {
                    folded(phonemize(sounded(name, language, a)))
                    for form in forms
                    for a in accepted(form)
                }
                right[name] += mine in good
                if options.wrong and mine not in good:
                    print(f"  {kind} {name}: {text!r} -> {said!r} {phonemize(said)}")
        count += len(chosen)
        for name in voices:
            totals[name] += right[name]
        shares = "  ".join(f"{name} {100 * right[name] / len(chosen):4.0f} %" for name in voices)
        print(f"{kind:20} {len(chosen):3}  {shares}")
    shares = "  ".join(f"{name} {100 * totals[name] / count:4.1f} %" for name in voices)
    print(f"{'all':20} {count:3}  {shares}   {1000 * spent / count:.2f} ms of CPU a text")


if __name__ == "__main__":
    main()
