"""Explain how a voice would read a text: what is changed and why, its phonemes, and what will not
be spoken. No model is needed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterator

from edge import synth
from edge.bundle import Bundle
from edge.protocol import (
    Explained,
    ExplainedBreak,
    ExplainedChange,
    ExplainedMark,
    ExplainedSentence,
)
from edge.text import TextFormat
from edge.text.claims import Claim, spoken
from edge.text.cleaning import Piece
from edge.text.cutting import sentences
from edge.text.feed import TextFeed
from edge.text.markup import Gap, Mark
from edge.text.reader import Reader
from edge.text.scripts import UNREAD, script_of
from edge.text.ssml import SsmlReader

Phonemize = Callable[[str], list[list[str]]]

_GIVEN = re.compile(r"\[\[(.*?)\]\]")
_SHOWN = 40
"""Characters of an unread stretch that are shown; the whole is in the change."""


def explain(
    bundle: Bundle,
    reader: Reader,
    text: str,
    normalize: bool,
    phonemize: Phonemize | None,
    format: TextFormat = "auto",
) -> Explained:
    """Read `text` as `bundle` would. Raises TextTooLong, BadSsml."""
    feed = TextFeed.words_of(text, format)
    if feed.markdown is not None:
        reader = reader.taking(feed.markdown)
    read: list[str] = []
    changes: list[ExplainedChange] = []
    found: list[ExplainedSentence] = []
    breaks: list[ExplainedBreak] = []
    missed = feed.new_warnings()
    warnings: list[str] = []
    while (part := feed.take()) is not None:
        if isinstance(part, Gap):
            if part.seconds:
                breaks.append(ExplainedBreak(part.place, round(part.seconds, 3)))
            continue
        given, more = reader.given(part)
        missed += more
        claims = (
            reader.claims(part, given) if normalize else reader.owners_claims(part.text, given)
        )
        changed = [made for made in claims if made.said != part.text[made.start : made.end]]
        said = spoken(part.text, claims).text
        read.append(said)
        found += _sentences(said, phonemize)
        changes += (_change(text, part, made) for made in changed)
        warnings += _warnings(bundle, part.text, said, changed)
    if not read:
        warnings.append("The text has no words.")
    warnings += (f"Character {each.place}: {each.what}." for each in missed)
    return Explained(
        bundle.manifest.language,
        bundle.voice.name,
        spoken=" ".join(read),
        changes=tuple(changes),
        sentences=tuple(found),
        breaks=tuple(breaks),
        marks=tuple(_marks(text, feed)),
        warnings=tuple(warnings),
    )


def _change(text: str, piece: Piece, made: Claim) -> ExplainedChange:
    start, end = made.start + piece.start, made.end + piece.start
    if piece.markup is not None:
        start, end = piece.markup.before(made.start, made.end)
    return ExplainedChange(start, end, text[start:end], made.said, made.rule)


def _marks(text: str, feed: TextFeed) -> Iterator[ExplainedMark]:
    if feed.is_ssml:
        reader = SsmlReader(lenient=True)
        for item in itertools.chain(reader.feed(text), reader.finish()):
            if isinstance(item, Mark):
                yield ExplainedMark(item.place, item.name)


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
