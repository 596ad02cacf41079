"""Plan a text for a family that reads single signs: sentences to signs, signs to segments."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

from edge.errors import EmptyText
from edge.synth import Segment, Style
from edge.text.cleaning import clean
from edge.text.cutting import cut_at_clauses, first_clause
from edge.text.inline_phonemes import phonemize_given
from edge.text.words import WordSpan, find_words, in_piece

_PAD = 0
"""Id before and after the signs of a segment."""
_LEAST_CLAUSE = 20
"""Signs of a clause that may stand alone, and of what may be left of its sentence: 1.3 s."""


def phonemes_of(text: str, read: Callable[[str], str]) -> str:
    """Turn one sentence, with [[ ]] in it or not, into signs."""
    return "".join(itertools.chain(*phonemize_given(text, lambda part: [read(part)])))


@dataclasses.dataclass(frozen=True)
class SignPlanner:
    """How a voice cuts a text, reads a sentence, and numbers its signs."""

    sentences: Callable[[str], Sequence[str]]
    read: Callable[[str], str]
    vocabulary: Mapping[str, int]
    has_sound: Callable[[Sequence[str]], bool] = bool
    """Tells whether a segment of these signs is to be spoken."""
    soon: int = 0
    """Signs of a text's first sentence from which on its first clause is a segment of its own, so
    that somebody hears it sooner; 0: none is."""

    def plan(self, text: str, style: Style, limit: int, words: bool) -> list[Segment]:
        """Make segments of at most `limit` signs, with their words if asked for. Raises
        EmptyText."""

        def signs(part: str) -> str:
            return phonemes_of(part, self.read)

        cleaned, ids_of = clean(text), self.vocabulary
        sentences = [
            [sign for sign in signs(sentence) if sign in ids_of]
            for sentence in self.sentences(cleaned)
        ]
        found: list[list[WordSpan]] = [[] for _ in sentences]
        if words:
            found = find_words(cleaned, sentences, signs)
        segments: list[Segment] = []
        for sentence, spans in zip(sentences, found, strict=True):
            start = 0
            for part in self._parts(sentence, limit, not segments):
                ids = (_PAD, *(ids_of[sign] for sign in part), _PAD)
                mine = tuple(
                    dataclasses.replace(span, first=span.first + 1, last=span.last + 1)
                    for span in in_piece(spans, start, len(part))
                )
                if self.has_sound(part):
                    segments.append(Segment(ids, style, len(segments), words=mine))
                start += len(part)
        if not segments:
            raise EmptyText(
                f"the text of {len(text)} characters has no sound in this voice's language",
                "Give words in the voice's own language; edge voices lists the languages.",
            )
        return segments

    def _parts(
        self, sentence: Sequence[str], limit: int, is_first: bool
    ) -> Iterator[Sequence[str]]:
        begin = 0
        if is_first and self.soon:
            begin = first_clause(sentence, min(self.soon, limit), _LEAST_CLAUSE)
        if begin:
            yield sentence[:begin]
        yield from cut_at_clauses(sentence[begin:], limit)
