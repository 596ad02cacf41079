"""The sentences that a build speaks: one set to calibrate on, another to judge by.

They were written for this project and are as free as its code. The two sets share no sentence, so
a variant is never judged on what it was tuned to. They are phonetically rich, half a second to
twelve seconds long, with numbers, dates, names and questions. In the evaluation sets every number
is one that a recogniser writes either in digits or in words that transcript.py maps to the same
tokens; only English has numbers there, because only English has that mapping.

One sentence a line, UTF-8, in corpus/PURPOSE.LANGUAGE.txt: a new language is two new files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from edge.errors import UnknownVoice

Purpose = Literal["calibration", "evaluation"]

_FOLDER = Path(__file__).parent


def languages(purpose: Purpose) -> tuple[str, ...]:
    """The two-letter codes (ISO 639-1) of the languages that have sentences, sorted."""
    return tuple(sorted(path.name.split(".")[1] for path in _FOLDER.glob(f"{purpose}.*.txt")))


def sentences(purpose: Purpose, language: str) -> tuple[str, ...]:
    """The sentences of a language: `en`, or a locale such as `en_US` or `de-DE`.

    Raises UnknownVoice naming the languages that exist: no other language is taken instead,
    because a voice calibrated on foreign phonemes would be quietly worse.
    """
    code = language.replace("_", "-").split("-")[0].lower()
    known = languages(purpose)
    if code not in known:
        raise UnknownVoice(
            f"no {purpose} sentences for the language {language!r}; there are {', '.join(known)}",
            f"Write about forty sentences, one a line, into {_FOLDER}/{purpose}.CODE.txt, where "
            "CODE is the language's two letters.",
        )
    text = (_FOLDER / f"{purpose}.{code}.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line)


def covered(language: str) -> str:
    """The code that a voice's language has sentences under: its own, or English, whose words any
    voice can say."""
    code = language.split("_")[0]
    return code if code in languages("evaluation") else "en"


def spread(texts: Sequence[str], one_of: int) -> tuple[str, ...]:
    """Take one of so many texts, in order of length, so that a few are short and long ones too;
    all as they stand if that is each."""
    return tuple(sorted(texts, key=len)[one_of // 2 :: one_of] if one_of > 1 else texts)


def sample(language: str) -> str:
    """A sentence to know a voice by: of the evaluation's, the one that a quarter are shorter than,
    which is long enough to hear something and soon over."""
    every = sorted(sentences("evaluation", covered(language)), key=len)
    return every[len(every) // 4]
