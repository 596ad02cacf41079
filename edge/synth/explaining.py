"""Explain how a voice would read a text: what is changed and why, its phonemes, and what will not
be spoken. No model is needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from edge import synth
from edge.bundle import Bundle
from edge.errors import EmptyText
from edge.protocol import Explained, ExplainedChange, ExplainedSentence
from edge.text.claims import Claim, spoken
from edge.text.cleaning import Piece, clean_piece
from edge.text.cutting import sentences
from edge.text.reader import Reader
from edge.text.scripts import UNREAD, script_of

Phonemize = Callable[[str], list[list[str]]]

_GIVEN = re.compile(r"\[\[(.*?)\]\]")
_SHOWN = 40
"""Characters of an unread stretch that are shown; the whole is in the change."""


def explain(
    bundle: Bundle, reader: Reader, text: str, normalize: bool, phonemize: Phonemize | None
) -> Explained:
    """Read `text` as `bundle` would. Raises TextTooLong."""
    language, voice = bundle.manifest.language, bundle.voice.name
    try:
        piece = clean_piece(Piece(text))
    except EmptyText:
        return Explained(language, voice, spoken="", warnings=("The text has no words.",))
    claims = reader.claims(piece) if normalize else reader.owners_claims(piece.text)
    changed = [made for made in claims if made.said != piece.text[made.start : made.end]]
    read = spoken(piece.text, claims).text
    warnings = tuple(_warnings(bundle, piece.text, read, changed))
    return Explained(
        language,
        voice,
        spoken=read,
        changes=tuple(
            ExplainedChange(
                made.start + piece.start,
                made.end + piece.start,
                piece.text[made.start : made.end],
                made.said,
                made.rule,
            )
            for made in changed
        ),
        sentences=_sentences(read, phonemize),
        warnings=warnings,
    )


def _sentences(read: str, phonemize: Phonemize | None) -> tuple[ExplainedSentence, ...]:
    parts = sentences(read)
    if not any(c.isalnum() for c in read):
        return ()
    if phonemize is None:
        return tuple(ExplainedSentence(part, "") for part in parts)
    found = ["".join(phonemes) for phonemes in phonemize(read)]
    if len(parts) != len(found):  # the phonemizer cuts elsewhere
        return (ExplainedSentence(read, " ".join(found)),)
    return tuple(map(ExplainedSentence, parts, found))


def _warnings(bundle: Bundle, text: str, read: str, changed: Collection[Claim]) -> Iterator[str]:
    for made in changed:
        if made.rule == UNREAD:
            stretch = text[made.start : made.end]
            shown = stretch if len(stretch) <= _SHOWN else f"{stretch[:_SHOWN]}…"
            yield (
                f"Not spoken: {shown} is {script_of(stretch[0])}, which {bundle.voice.name} "
                "cannot read. Give it in Latin letters, or choose another voice: edge voices"
            )
    known = synth.phonemes(bundle)
    for sounds in _GIVEN.findall(read):
        strange = [sound for sound in sounds if known and sound not in known and sound != " "]
        if strange:
            yield f"Not spoken: {strange[0]} in [[{sounds}]] is no phoneme of {bundle.voice.name}."
    if not any(c.isalnum() for c in read):
        yield "Nothing of this text is spoken."
