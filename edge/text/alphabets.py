"""Phonemes from one alphabet to another: IPA and X-SAMPA, as people write them, to the signs of
espeak-ng, of misaki and of CMU's dictionary, as families of voices read them, and misaki's back
to IPA.

A voice knows the sounds of its language only. Others become the nearest that it has, as a speaker
of the language would say them; what has no near one is refused by its name.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

Own = Literal["espeak", "misaki", "arpabet"]
"""Signs that a family reads."""

ALPHABETS: Mapping[str, str] = {
    "ipa": "ipa", "x-sampa": "x-sampa", "xsampa": "x-sampa", "own": "own",
}  # fmt: skip
"""Names that `phoneme alphabet=` may have -> the alphabet; `own` is what the voice reads."""

_LETTERS = frozenset(
    "abcdefghijklmnopqrstuvwxyzæçðøħŋœǀǁǂǃɐɑɒɓɔɕɖɗɘəɚɛɜɝɞɟɠɡɢɣɤɥɦɧɨɪɫɬɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾ"
    "ʀʁʂʃʄʈʉʊʋʌʍʎʏʐʑʒʔʕʘʙʛʜʝʟʡʢʣʤʥʦʧʨβθχⱱᵻᵊ"
)
_MARKS = frozenset("ˈˌːˑ.|‖‿ʰʲʷˠˤⁿˡ˞˥˦˧˨˩↑↓↗↘ ")
_TYPED = {"'": "ˈ", "’": "ˈ", ":": "ː", "ʼ": "ˈ", "g": "ɡ"}
"""Characters of a keyboard -> the sign that they stand for."""

_X_SAMPA = {
    "A": "ɑ", "B": "β", "B\\": "ʙ", "C": "ç", "D": "ð", "E": "ɛ", "F": "ɱ", "G": "ɣ",
    "G\\": "ɢ", "H": "ɥ", "H\\": "ʜ", "I": "ɪ", "I\\": "ᵻ", "J": "ɲ", "J\\": "ɟ", "K": "ɬ",
    "K\\": "ɮ", "L": "ʎ", "L\\": "ʟ", "M": "ɯ", "M\\": "ɰ", "N": "ŋ", "N\\": "ɴ", "O": "ɔ",
    "O\\": "ʘ", "P": "ʋ", "Q": "ɒ", "R": "ʁ", "R\\": "ʀ", "S": "ʃ", "T": "θ", "U": "ʊ",
    "V": "ʌ", "W": "ʍ", "X": "χ", "X\\": "ħ", "Y": "ʏ", "Z": "ʒ",
    "a": "a", "b": "b", "b_<": "ɓ", "c": "c", "d": "d", "d`": "ɖ", "e": "e", "f": "f", "g": "ɡ",
    "h": "h", "h\\": "ɦ", "i": "i", "j": "j", "j\\": "ʝ", "k": "k", "l": "l", "l`": "ɭ",
    "l\\": "ɺ", "m": "m", "n": "n", "n`": "ɳ", "o": "o", "p": "p", "p\\": "ɸ", "q": "q",
    "r": "r", "r`": "ɽ", "r\\": "ɹ", "r\\`": "ɻ", "s": "s", "s`": "ʂ", "s\\": "ɕ", "t": "t",
    "t`": "ʈ", "u": "u", "v": "v", "v\\": "ʋ", "w": "w", "x": "x", "x\\": "ɧ", "y": "y",
    "z": "z", "z`": "ʐ", "z\\": "ʑ",
    "1": "ɨ", "2": "ø", "3": "ɜ", "3\\": "ɞ", "4": "ɾ", "5": "ɫ", "6": "ɐ", "7": "ɤ", "8": "ɵ",
    "9": "œ", "@": "ə", "@\\": "ɘ", "@`": "ɚ", "3`": "ɝ", "{": "æ", "}": "ʉ", "&": "ɶ",
    "?": "ʔ", "?\\": "ʕ", "\"": "ˈ", "%": "ˌ", ":": "ː", ":\\": "ˑ", ".": ".", "-": "", "|": "|",
    "'": "ʲ", "_j": "ʲ", "_h": "ʰ", "_w": "ʷ", "_G": "ˠ", "_?\\": "ˤ", "~": "\u0303",
    "_~": "\u0303", "=": "\u0329", "_=": "\u0329", "_d": "\u032a", "_^": "\u032f", "_0": "\u0325",
    "_v": "\u032c", "_}": "\u031a", "`": "˞", " ": " ",
}  # fmt: skip
_X_SAMPA_SIGN = re.compile("|".join(re.escape(s) for s in sorted(_X_SAMPA, key=len)[::-1]))

_MISAKI = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "ʤ": "dʒ", "ʧ": "tʃ",
    "T": "ɾ", "ᵊ": "ə", "ᵻ": "ɪ",
}  # fmt: skip

_VOWELS = frozenset("aeiouyæøœɐɑɒɔɘəɚɛɜɝɞɤɨɪɯɵɶʉʊʌʏᵻᵊAIOQWY")
_AFFRICATES = {"ʤ": "dʒ", "ʧ": "tʃ", "ʣ": "dz", "ʦ": "ts", "ʨ": "tɕ", "ʥ": "dʑ"}

_C = r"(?![aeiouyæøœɐɑɒɔɘəɚɛɜɝɞɤɨɪɯɵɶʉʊʌʏᵻˈˌ])"
"""Before no vowel."""
# Sounds that English lacks, as its speakers say them.
_TO_ENGLISH = (
    ("ɑ̃", "ɑːn"), ("ɔ̃", "ɔːn"), ("ɛ̃", "æn"), ("œ̃", "ʌn"), ("ã", "ɑːn"), ("õ", "oʊn"),
    ("[ʁʀrɻɽɺ]", "ɹ"), ("[xχħ]", "k"), ("ç", "ʃ"), ("ɲ", "nj"), ("ʎ", "lj"), ("β", "v"),
    ("ʋ", "v"), ("ɣ", "ɡ"), ("ɸ", "f"), ("ɥ", "w"), ("ʍ", "w"), ("ɕ", "ʃ"), ("ʑ", "ʒ"),
    ("ʂ", "ʃ"), ("ʐ", "ʒ"), ("ɖ", "d"), ("ʈ", "t"), ("ɳ", "n"), ("ɭ", "l"), ("ɫ", "l"),
    ("ɬ", "l"), ("ɱ", "m"), ("c", "tʃ"), ("ɟ", "dʒ"), ("ʝ", "j"), ("ɦ", "h"), ("ɰ", "w"),
    ("[yʏ]ː?", "uː"), ("[øœɵɞ]ː?", "ɜː"), ("ɯː?", "uː"), ("ɤ", "ʌ"), ("[ɨʉ]ː", "uː"),
    ("ʉ", "uː"), ("ɘ", "ə"), ("ɶ", "æ"), ("ɨ", "ɪ"),
)  # fmt: skip
_TO_ARPABET = (
    ("eə|ɛə", "ɛɹ"), ("aɪ", "AY"), ("aʊ", "AW"), ("ɔɪ", "OY"), ("oʊ|əʊ|oː?", "OW"),
    ("eɪ|eː?", "EY"),
    ("ɝː?|ɜː?ɹ?|ɚ", "ER"), ("ɑː?|ɒ|aː?", "AA"), ("æ", "AE"), ("[ʌəɐᵊ]", "AH"), ("ɔː?", "AO"),
    ("ɛː?", "EH"), ("iː?", "IY"), ("[ɪᵻ]", "IH"), ("uː?", "UW"), ("ʊ", "UH"),
)  # fmt: skip
_RULES: Mapping[str, tuple[tuple[str, str], ...]] = {
    # What espeak-ng 1.52 writes for a language -> from what people write.
    "espeak en": (
        *_TO_ENGLISH,
        ("eː?(?!ɪ|ə)", "eɪ"), ("oː?(?!ʊ)", "oʊ"), ("aː?(?!ɪ|ʊ)", "ɑː"),
        ("ɑ(?!ː)", "ɑː"), ("ɔ(?!ː|ɪ)", "ɔː"), ("u(?!ː)", "uː"), ("ˈi(?!ː|ə)", "ˈiː"),
        ("ɝː?", "ɜː"), ("ɜ(?!ː)", "ɜː"),
    ),
    "espeak en_GB": (("oʊ", "əʊ"), ("ɚ", "ə"), (f"ɜːɹ{_C}", "ɜː"), (f"ɑːɹ{_C}", "ɑː"),
                     (f"ɔːɹ{_C}", "ɔː")),
    "espeak en_US": (("əʊ", "oʊ"), ("ɒ", "ɑː"), (f"ɜːɹ{_C}", "ɜː"), (f"əɹ{_C}", "ɚ")),
    "espeak de": (
        ("ɚ", "ɐ"), ("ɜː", "øː"), ("θ", "s"), ("ð", "z"), ("w", "v"), ("ʌ", "a"), ("æ", "ɛ"),
        ("ɑː?(?!̃)", "aː"), ("oʊ|əʊ", "oː"), ("eɪ", "eː"), ("ɒ", "ɔ"), ("ɲ", "nj"), ("ɫ", "l"),
        ("[ʁʀɹɻ]", "r"), (f"r{_C}", "ɾ"), ("aː", "ɑː"), ("ɔʏ|ɔɪ", "ɔø"),
        ("(?<=[ːɪʊɛɔaʏœ])ɐ", "ɾ"), ("ɐ", "ɜ"),
    ),
    "espeak fr": (
        ("ɥ", "y"), ("oʊ|əʊ", "o"), ("[rɹɾʀɻ]", "ʁ"), ("θ", "s"), ("ð", "z"), ("[xχ]", "ʁ"),
        ("ç", "ʃ"), ("ɪ", "i"), ("ʊ", "u"), ("ʌ", "a"), ("æ", "a"), ("ɚ|ɜː?", "œ"), ("eɪ", "e"),
        ("ɒ", "ɔ"), ("ɑː?(?!̃)", "ɑ"), ("h", ""), ("ː", ""), ("ɫ", "l"),
    ),
    "espeak es": (
        ("oʊ|əʊ", "o"), ("[ʁʀɹɻ]", "ɾ"), ("[hχç]", "x"), ("[ɪyʏ]", "i"), ("ʊ", "u"),
        ("[ʌæɑɐ]", "a"), ("[əɛœøɚɜ]", "e"), ("[ɔɒ]", "o"), ("ʃ|ʒ", "tʃ"), ("z", "s"),
        ("v", "b"), ("ː", ""), ("ɫ", "l"),
    ),
    # A point before each phone, and the stress behind its vowel: IPA has no capitals and digits.
    "arpabet en": (
        *_TO_ENGLISH,
        ("n̩", "ən"), ("l̩", "əl"), ("m̩", "əm"), ("dʒ", ".JH"), ("tʃ", ".CH"),
        *((f"{mark}(?:{ipa})", mark + said if said.islower() else f".{said}{stress}")
          for ipa, said in _TO_ARPABET for mark, stress in (("ˈ", 1), ("ˌ", 2), ("", 0))),
        *((ipa, f".{said}") for ipa, said in (
            ("θ", "TH"), ("ð", "DH"), ("ʃ", "SH"), ("ʒ", "ZH"), ("ŋ", "NG"), ("ɡ", "G"),
            ("h", "HH"), ("ɹ", "R"), ("j", "Y"), ("[ɾʔ]", "T"))),
        *((sign, f".{sign.upper()}") for sign in "pbtdkfvszmnlw"),
        ("^[.]", ""),
    ),
    "misaki en": (
        *_TO_ENGLISH,
        ("eɪ", "A"), ("aɪ", "I"), ("aʊ", "W"), ("ɔɪ", "Y"), ("dʒ", "ʤ"), ("tʃ", "ʧ"),
        ("eː?(?!ə)", "A"), ("aː?", "ɑː"),
        ("n̩", "ᵊn"), ("l̩", "ᵊl"), ("m̩", "ᵊm"), ("ʰ", ""),
    ),
    "misaki en_US": (
        ("oʊ|əʊ", "O"), ("oː?", "O"), ("ɝː?|ɜː?ɹ?", "ɜɹ"), ("ɚ", "əɹ"), ("ɒ", "ɑ"), ("ɾ", "T"),
        ("ː", ""),
    ),
    "misaki en_GB": (
        ("oʊ|əʊ", "Q"), ("oː?", "Q"), (f"ɝː?|ɜː?ɹ{_C}|ɜː?", "ɜː"), ("ɚ", "ə"),
        (f"ɑːɹ{_C}", "ɑː"), (f"ɔːɹ{_C}", "ɔː"), ("eə|ɛə", "ɛː"), ("ɾ", "t"),
        ("i(?!ː|ə)", "iː"), ("u(?!ː|ə)", "uː"),
    ),
}  # fmt: skip


class UnknownSign(ValueError):
    """A sign that has no sound, or none that the voice could make."""

    def __init__(self, sign: str) -> None:
        super().__init__(sign)
        self.sign = sign


def unknown_sign(sounds: str, alphabet: str) -> str | None:
    """Find the first sign that is none of an alphabet; None if there is none, and for `own`,
    whose signs only the voice knows."""
    if alphabet == "own":
        return next((sign for sign in sounds if sign in "[]"), None)
    try:
        to_ipa(sounds, alphabet)
    except UnknownSign as unknown:
        return unknown.sign
    return None


def to_ipa(sounds: str, alphabet: str) -> str:
    """Write phonemes in IPA: those of ipa itself, of x-sampa, espeak or misaki. Raises
    UnknownSign."""
    if alphabet == "x-sampa":
        sounds = _from_x_sampa(sounds)
    elif alphabet == "misaki":
        sounds = "".join(_MISAKI.get(sign, sign) for sign in sounds)
    found: list[str] = []
    for sign in unicodedata.normalize("NFD", sounds).replace("c\u0327", "ç"):
        sign = _TYPED.get(sign, sign)
        combining = unicodedata.category(sign) == "Mn"
        if sign in ("\u0361", "\u035c"):
            continue  # a tie: espeak writes affricates as two letters
        if not (sign in _LETTERS or sign in _MARKS or combining):
            raise UnknownSign(sign)
        found.append(_AFFRICATES.get(sign, sign))
    return "".join(found)


def to_own(
    sounds: str, alphabet: str, own: Own, language: str, known: frozenset[str] = frozenset()
) -> str:
    """Write phonemes with the signs that a voice of `language` (en_US) reads.

    `known`: the signs that it has; without it, all are taken. Raises UnknownSign.
    """
    if alphabet != "own" and alphabet != own:
        ipa = re.sub("[.|‖‿˥˦˧˨˩↑↗]", "", to_ipa(sounds, alphabet))
        sounds = _stress_at_vowels(ipa)
        short = language.split("_")[0]
        keys = [f"{own} {short}", f"{own} {language}"]
        if short == "en" and keys[1] not in _RULES:
            keys[1] = f"{own} en_US"
        for pattern, said in (rule for key in keys for rule in _rules(key)):
            sounds = pattern.sub(said, sounds)
    found: list[str] = []
    for sign in " ".join(sounds.split()):
        if sign in "[]":
            raise UnknownSign(sign)
        if not known or sign in known or sign == " ":
            found.append(sign)
        elif sign in _LETTERS or alphabet in ("own", own):
            raise UnknownSign(sign)
        # What only colours a sound, as a length or a voice, is left out.
    return "".join(found)


@functools.cache
def _rules(key: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), said) for pattern, said in _RULES.get(key, ()))


def _from_x_sampa(sounds: str) -> str:
    found: list[str] = []
    at = 0
    while at < len(sounds):
        match = _X_SAMPA_SIGN.match(sounds, at)
        if match is None:
            raise UnknownSign(sounds[at])
        found.append(_X_SAMPA[match[0]])
        at = match.end()
    return "".join(found)


def _stress_at_vowels(ipa: str) -> str:
    """Put a stress before its vowel, where espeak and misaki have it; IPA has it before the
    syllable."""
    found: list[str] = []
    waiting = ""
    for at, sign in enumerate(ipa):
        if sign in "ˈˌ":
            waiting = sign
            continue
        syllabic = ipa[at + 1 : at + 2] == "\u0329"
        if waiting and (sign in _VOWELS or syllabic):
            found.append(waiting)
            waiting = ""
        found.append(sign)
    return "".join(found)
