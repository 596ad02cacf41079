"""Claim the stretches of a piece for which SSML gives the reading: say-as and phoneme."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from edge.text.alphabets import UnknownSign
from edge.text.claims import Claim, How, Language
from edge.text.cleaning import Piece
from edge.text.markup import Phonemes, Warned
from edge.text.say_as import say_as

Sounds = Callable[[Phonemes], str | None]
"""Writes phonemes with the signs that a voice reads; None if it reads none. Raises UnknownSign."""

RULE = "ssml"


def given_claims(
    piece: Piece, language: Language, how: How, sounds: Sounds
) -> tuple[list[Claim], list[Warned]]:
    """Find the claims, in order, and what is not done; that is read as text."""
    claims: list[Claim] = []
    warned: list[Warned] = []
    stretches = () if piece.markup is None else piece.markup.stretches
    for _, group in itertools.groupby(stretches, key=lambda stretch: id(stretch.given)):
        together = list(group)
        given, start, end = together[0].given, together[0].start, together[-1].end
        text = piece.text[start:end]
        if given is None or not text.strip():
            continue
        said: str | None
        if isinstance(given, Phonemes):
            try:
                own = sounds(given)
                why = "<phoneme>: this voice reads no phonemes, and the words are spoken"
            except UnknownSign as unknown:
                own = None
                why = f"<phoneme>: this voice has no {unknown.sign!r}, and the words are spoken"
            said = None if own is None else f"[[{own}]]"
        else:
            said = say_as(language, given.kind, text.strip(), given.format, how)
            why = f"<say-as>: this is no {given.kind} in this language, and is read as text"
        if said is None:
            warned.append(Warned(together[0].was_start, why))
            continue
        # White space stays, or words would be glued.
        first, last = start + len(text) - len(text.lstrip()), start + len(text.rstrip())
        claims.append(Claim(first, last, said, RULE))
    return claims, warned
