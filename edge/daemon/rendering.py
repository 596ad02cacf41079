"""Text to chunks, with the lexicon, the phrase cache, a voice's gain and an utterance's volume."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edge.daemon.events import Utterance
from edge.daemon.phrase_cache import PhraseCache
from edge.daemon.voices import Voices
from edge.errors import EmptyText
from edge.pcm import PcmChunk
from edge.text.cleaning import Piece
from edge.text.cutting import LONGEST_PIECE
from edge.text.mapping import Spoken
from edge.text.words import as_written, covering


class Renderer:
    """Makes the sound of one piece of text after the other, in the synthesis thread."""

    def __init__(self, voices: Voices, phrases: PhraseCache) -> None:
        self._voices, self._phrases = voices, phrases

    def render(self, utterance: Utterance, piece: Piece) -> Iterator[PcmChunk]:
        """Yield chunks with their words, also if nobody asked for them: speech that is interrupted
        goes on at a word. A long piece goes on at a sentence, unless words were asked for: finding
        them takes a tenth of a millisecond for each before the first sound, on a PC."""
        bundle = self._voices.bundle(utterance.voice)
        gain = bundle.manifest.gain * utterance.volume
        variant = self._voices.variant(utterance.voice)
        words = utterance.words or len(piece.text) <= LONGEST_PIECE
        voice = self._voices.identity(utterance.voice, utterance.style.speaker)
        read = self._voices.read(utterance.voice, piece, utterance.normalize)
        text = piece.text
        # Both: the words' places are those of the one, the sound is that of the other.
        said = piece.text if read.text == piece.text else f"{piece.text}\0{read.text}"
        key = self._phrases.key(said, voice, variant, utterance.style, words)
        begins = True
        for chunk in self._phrases.speak(
            key, lambda: self._synthesize(utterance, text, read, words)
        ):
            found = tuple(word.later(piece.start) for word in chunk.words)
            yield PcmChunk(chunk.samples * gain, chunk.rate, found, begins or chunk.begins)
            begins = begins and not len(chunk.samples)

    def _synthesize(
        self, utterance: Utterance, written: str, read: Spoken, words: bool
    ) -> Iterator[PcmChunk]:
        synthesizer = self._voices.synthesizer(utterance.voice)
        try:
            segments = synthesizer.plan(read.text, utterance.style, words)
        except EmptyText:
            return  # no words in this language; the speaker sees whether there were others
        spans = [as_written(segment.words, read.before) for segment in segments]
        for segment, found in zip(segments, covering(spans, written), strict=True):
            segment = replace(segment, words=found)
            begins = True
            for chunk in synthesizer.speak(segment):
                yield replace(chunk, begins=begins)
                begins = begins and not len(chunk.samples)
