"""Sort licences by what they ask of somebody who sells a device that speaks.

A class is a help for choosing and no legal advice: it says what to do next, and errs on the side
of asking. A model card's own words go into the bundle whole, whatever the class.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """A class of licences."""

    name: str
    meaning: str
    """A few words, for a line."""
    duty: str
    """A sentence: the next step of somebody who sells."""


TERMS = {
    terms.name: terms
    for terms in (
        Terms(
            "none",
            "asks nothing",
            "Nothing must be shown. Keep the model card with the product, as proof.",
        ),
        Terms(
            "credit",
            "asks for credit",
            "Show the credit and the licence where the user can find them, and keep the model "
            "card with the product.",
        ),
        Terms(
            "copyleft",
            "asks to share alike",
            "Whoever gets the device may ask for the sources, and your own work on the voice "
            "falls under the same licence. Ask someone who knows the law before you sell.",
        ),
        Terms(
            "unclear",
            "says nothing that can be relied on",
            "Ask whoever made the recordings for a licence in writing before you sell.",
        ),
        Terms(
            "unknown",
            "was judged by nobody",
            "Read the model card, and the licence of the voice that the training began from, "
            "before you sell.",
        ),
        Terms(
            "restricted",
            "has terms against selling, or comes from a voice that has",
            "Do not sell it without the consent of whoever holds those rights, or the advice of "
            "someone who knows the law.",
        ),
    )
}
"""Class -> its terms, from the mildest to the strictest."""
SELL = ("none", "credit")
"""Classes that `edge voices --licence sell` lets through."""
PRIVATE = "private"
"""Name of the licence of a voice that its owner gives to nobody."""

_SIGNS = (
    (
        "restricted",
        r"\bN[CD]\b|non.?commercial|research|academic|all rights reserved|blizzard",
    ),
    ("copyleft", r"\b[AL]?GPL|general public|\bMPL\b|\bEUPL\b"),
    ("none", r"\bCC.?0|public.?domain|unlicense|\bPDDL\b|\bPDM\b|/publicdomain/"),
    ("credit", r"\bCC.?BY|creative.?commons.+by|licenses/by|apache|\bMIT\b|\bBSD|\bISC\b|ODC.?BY"),
)
"""Class -> words that it is known by; the first that is found decides."""
_LICENCE = re.compile(r"^[\s*-]*licen[cs]e\s*:[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
_DATASET = re.compile(r"^[\s*-]*url\s*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_TRAINING = re.compile(r"^#+ *training\s*$(.*?)(?=^#|\Z)", re.I | re.M | re.S)


@dataclass(frozen=True)
class Judgement:
    """A class, and why."""

    terms: Terms
    reason: str = ""

    @property
    def line(self) -> str:
        """One line for people."""
        return f"{self.terms.name}: {self.reason or self.terms.meaning}"


@dataclass(frozen=True)
class ModelCard:
    """The facts of a Piper model card; each is empty if the card does not tell it."""

    licence: str
    dataset: str
    """Address of the recordings."""
    training: str
    """A sentence: from scratch, or which voice it began from."""

    def began_from(self, voice: str) -> bool:
        """Tell whether the training began from a voice, by its short name, like xiao_ya."""
        name = re.escape(voice).replace("_", "[ _]")
        began = rf"(?:tuned|continued|started|began) from [^\n]{{0,40}}?\b{name}\b"
        return re.search(began, self.training, re.IGNORECASE) is not None


def read_card(text: str) -> ModelCard:
    """Find what a MODEL_CARD of the hub says of licence, recordings and training."""

    def first(pattern: re.Pattern[str]) -> str:
        found = pattern.search(text)
        return " ".join(found[1].split()) if found else ""

    return ModelCard(first(_LICENCE), first(_DATASET), first(_TRAINING))


def classify(licence: str) -> Judgement:
    """Judge a licence by its name alone, as cards and SPDX write it."""
    name = " ".join(licence.split())
    if name.lower() == PRIVATE:
        return Judgement(TERMS["unknown"], "it is private: its owner decides")
    for kind, signs in _SIGNS:
        if re.search(signs, name, re.IGNORECASE):
            return Judgement(TERMS[kind], f"the licence is {name}")
    said = f"the licence is told as {name!r}" if name else "no licence is told"
    return Judgement(TERMS["unclear"], said)


def strictest(judgements: Iterable[Judgement]) -> Judgement:
    """Return the judgement that asks most; the first of equals."""
    order = list(TERMS)
    return max(judgements, key=lambda each: order.index(each.terms.name))


def is_share_alike(licence: str) -> bool:
    """Tell whether what is made of the voice, as a bundle, must have the same licence."""
    return re.search(r"\bSA\b|by-sa", licence, re.IGNORECASE) is not None
