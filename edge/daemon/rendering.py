"""Utterances under way in the synthesis thread, and how their text becomes chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from edge.daemon.events import Utterance
from edge.daemon.phrase_cache import PhraseCache
from edge.daemon.voices import Voices
from edge.errors import EmptyText
from edge.lexicon import Respelled
from edge.pcm import PcmChunk
from edge.sound.events import WordHeard, WordMarks
from edge.synth.words import as_written
from edge.text import LONGEST_PIECE, Piece

UNSENT_S = 20.0
"""How much sound may wait for a client that reads slowly: 1 MB at 24 kHz."""


@dataclass(eq=False)
class Job:
    """An utterance under way: the chunks of its piece of text, and what went out already."""

    utterance: Utterance
    chunks: Iterator[PcmChunk] | None = None  # None between two pieces
    seconds: float = 0.0
    unsent_s: float = 0.0

    @property
    def id(self) -> str:
        return self.utterance.id

    @property
    def urgent(self) -> bool:
        return self.utterance.priority == "urgent"

    @property
    def has_text(self) -> bool:
        return self.chunks is not None or self.utterance.text.ready

    @property
    def can_go_on(self) -> bool:
        """Of a job for a client. The lock is held."""
        return self.has_text and self.unsent_s < UNSENT_S

    def marks(self, chunk: PcmChunk) -> WordMarks:
        """The words of its next chunk, as they are told; none if nobody asked for them."""
        if not self.utterance.words:
            return ()
        return tuple(
            (
                word.start,
                WordHeard(
                    id=self.id,
                    text_start=word.text_start,
                    text_end=word.text_end,
                    start_s=self.seconds + word.start / chunk.rate,
                    seconds=word.length / chunk.rate,
                    estimated=word.estimated,
                ),
            )
            for word in chunk.words
        )


class Renderer:
    """Text to chunks, with a voice's gain and an utterance's volume."""

    def __init__(self, voices: Voices, phrases: PhraseCache) -> None:
        self._voices, self._phrases = voices, phrases

    def render(self, utterance: Utterance, piece: Piece) -> Iterator[PcmChunk]:
        """Chunks with their words, also where nobody asked for them: speech that is interrupted
        goes on at a word. In a long piece that nobody asked it for, at a sentence: finding words
        takes a tenth of a millisecond for each before the first sound, on a PC."""
        bundle = self._voices.bundle(utterance.voice)
        gain = bundle.manifest.gain * utterance.volume
        variant = self._voices.variant(utterance.voice)
        words = utterance.words or len(piece.text) <= LONGEST_PIECE
        voice = self._voices.identity(utterance.voice, utterance.style.speaker)
        read = self._voices.respelled(utterance.voice, piece.text)
        # Both: the words' places are those of the one, the sound is that of the other.
        said = piece.text if read.text == piece.text else f"{piece.text}\0{read.text}"
        key = self._phrases.key(said, voice, variant, utterance.style, words)
        begins = True
        for chunk in self._phrases.speak(key, lambda: self._synthesize(utterance, read, words)):
            found = tuple(word.later(piece.start) for word in chunk.words)
            yield PcmChunk(chunk.samples * gain, chunk.rate, found, begins or chunk.begins)
            begins = begins and not len(chunk.samples)

    def _synthesize(
        self, utterance: Utterance, read: Respelled, words: bool
    ) -> Iterator[PcmChunk]:
        synthesizer = self._voices.synthesizer(utterance.voice)
        try:
            segments = synthesizer.plan(read.text, utterance.style, words)
        except EmptyText:
            return  # no words in this language; the speaker sees whether there were others
        for segment in segments:
            segment = replace(segment, words=as_written(segment.words, read.before))
            begins = True
            for chunk in synthesizer.speak(segment):
                yield replace(chunk, begins=begins)
                begins = begins and not len(chunk.samples)
