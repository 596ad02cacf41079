"""Text to chunks, with the rules of reading, the phrase cache, what SSML says, a voice's gain and
an utterance's volume."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from edge.daemon.events import Utterance
from edge.daemon.marked_speech import as_loud_as, in_source, resampled, with_marks
from edge.daemon.phrase_cache import PhraseCache
from edge.daemon.voices import Voices
from edge.errors import EmptyText, UnknownVoice
from edge.families import FAMILIES
from edge.pcm import Bookmark, PcmChunk, silence
from edge.synth import Style
from edge.synth.prosody import Stretch, spoken_so
from edge.text import MAX_SPEED, MIN_SPEED
from edge.text.cleaning import Piece
from edge.text.cutting import LONGEST_PIECE
from edge.text.mapping import Spoken
from edge.text.markup import Gap, Manner, Markup, Warned
from edge.text.pauses import pause_before
from edge.text.words import as_written, covering

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Speech:
    """Who speaks a piece of text, and how."""

    piece: Piece
    voice: str
    style: Style
    read: Spoken
    words: bool
    stretches: tuple[Stretch, ...] = ()
    """Tempo and pitch of parts of it, in places of the text that is read."""
    pause: float = 0.0
    """Seconds of silence between sentences, beside the voice's own."""

    @property
    def said(self) -> str:
        """All of it that its sound depends on, beside voice and style."""
        text, read = self.piece.text, self.read.text
        # Both: the words' places are those of the one, the sound is that of the other.
        said = text if read == text else f"{text}\0{read}"
        if self.stretches or self.pause:
            said += f"\0{self.stretches}{self.pause}{self.piece.before if self.pause else ''}"
        return said


class Renderer:
    """Makes the sound of one piece of text after the other, in the synthesis thread."""

    def __init__(self, voices: Voices, phrases: PhraseCache) -> None:
        self._voices, self._phrases = voices, phrases

    def render(self, utterance: Utterance, part: Piece | Gap) -> Iterator[PcmChunk]:
        """Yield chunks with their words, also if nobody asked for them: speech that is interrupted
        goes on at a word. A long piece goes on at a sentence, unless words were asked for: finding
        them takes a tenth of a millisecond for each before the first sound, on a PC."""
        rate = self._voices.bundle(utterance.voice).manifest.rate
        if isinstance(part, Gap):
            marks = tuple(Bookmark(name, 0) for name in part.marks)
            yield replace(silence(part.seconds, rate), begins=True, bookmarks=marks)
            return
        speech = self._speech(utterance, part)
        chunks = self._sound(utterance, speech)
        if part.markup is not None:
            if speech.voice != utterance.voice:
                chunks = resampled(chunks, rate)
            chunks = with_marks(as_loud_as(chunks, part.markup), part.markup.marks)
            chunks = in_source(chunks, part.markup)
        begins = True
        for chunk in chunks:
            yield replace(chunk, begins=begins or chunk.begins)
            begins = begins and not len(chunk.samples)

    def _speech(self, utterance: Utterance, piece: Piece) -> _Speech:
        """Settle all that is to be known before a model is asked."""
        voice, style, warned = utterance.voice, utterance.style, list[Warned]()
        markup = piece.markup
        words = utterance.words or len(piece.text) <= LONGEST_PIECE
        pause = self._voices.wishes.pause_s if utterance.pause is None else utterance.pause
        if markup is not None:
            voice, style = self._speaker(utterance, markup, warned)
            words = words or not markup.is_even
        read = self._voices.read(
            voice, piece, utterance.normalize, utterance.text.markdown, warned, style.language
        )
        stretches: tuple[Stretch, ...] = ()
        if markup is not None:
            style, stretches = self._prosody(voice, style, markup, read, warned)
        tell(utterance, warned)
        return _Speech(piece, voice, style, read, words or pause > 0, stretches, pause)

    def _speaker(
        self, utterance: Utterance, markup: Markup, warned: list[Warned]
    ) -> tuple[str, Style]:
        """Choose who speaks a piece: the voice that SSML names, or one of its language."""
        voices, manner = self._voices, markup.manner
        same = utterance.voice, utterance.style
        place = markup.stretches[0].was_start
        language = manner.language
        if manner.voice is None:
            if language is None or (manner.document and utterance.voice_named):
                return same
            if voices.speaks(utterance.voice, language):
                return utterance.voice, replace(utterance.style, language=None)
            if other := voices.other_language(utterance.voice, language):
                return utterance.voice, replace(utterance.style, language=other)
        voice = self._find(manner)
        foreign = language if voice is None and manner.voice is None else None
        if foreign is not None and voices.reads(utterance.voice, foreign):
            return utterance.voice, replace(utterance.style, language=foreign)
        if voice is None:
            what = "this voice is not here" if manner.voice else f"no voice here speaks {language}"
            warned.append(Warned(place, f"{what}, and the same goes on"))
            return same
        speaker = voices.speaker(manner.voice, None)
        if voice != utterance.voice and importlib.util.find_spec("soxr") is None:
            here, there = (voices.bundle(v).manifest.rate for v in (utterance.voice, voice))
            if here != there:
                what = "the package soxr is missing, and another voice has another rate"
                warned.append(Warned(place, what))
                return same
        if (voice, speaker) == (utterance.voice, None) and manner.voice is None:
            return same
        style = replace(utterance.style, speaker=speaker)
        if voice != utterance.voice:
            style = replace(style, language=None)
            if style.how and not FAMILIES[voices.bundle(voice).manifest.family].instructs:
                warned.append(Warned(place, "this voice cannot be told how to speak"))
                style = replace(style, how=None)
        return voice, style

    def _find(self, manner: Manner) -> str | None:
        """Find the voice that SSML names, or else one of its language or of that without its
        country."""
        languages = [manner.language]
        if manner.voice is None and manner.language is not None:
            languages.append(manner.language.split("_")[0])
        for language in languages:
            with contextlib.suppress(UnknownVoice):
                return self._voices.choose(manner.voice, language)
        return None

    def _prosody(
        self, voice: str, style: Style, markup: Markup, read: Spoken, warned: list[Warned]
    ) -> tuple[Style, tuple[Stretch, ...]]:
        """Find tempo and pitch of a piece, and those of its parts."""
        can = FAMILIES[self._voices.bundle(voice).manifest.family].prosody
        rates = {stretch.manner.rate for stretch in markup.stretches}
        whole = rates.pop() if len(rates) == 1 else 1.0
        style = replace(style, speed=min(MAX_SPEED, max(MIN_SPEED, style.speed * whole)))
        place = markup.stretches[0].was_start
        if rates and "rate" not in can:
            warned.append(Warned(place, "<prosody>: this voice has one rate for a sentence"))
            rates = set()
        moved = any(stretch.manner.semitones for stretch in markup.stretches)
        if moved and "pitch" not in can:
            warned.append(Warned(place, "<prosody>: this voice has one pitch"))
            moved = False
        if not rates and not moved:
            return style, ()
        return style, tuple(
            Stretch(
                *read.after(stretch.start, stretch.end),
                rate=stretch.manner.rate if rates else 1.0,
                pitch=2 ** (stretch.manner.semitones / 12) if moved else 1.0,
            )
            for stretch in markup.stretches
        )

    def _sound(self, utterance: Utterance, speech: _Speech) -> Iterator[PcmChunk]:
        """Yield the sound of a piece, with words in places of its text."""
        voices, voice, style = self._voices, speech.voice, speech.style
        gain = voices.bundle(voice).manifest.gain * utterance.volume
        identity, variant = voices.identity(voice, style.speaker), voices.variant(voice)
        key = self._phrases.key(speech.said, identity, variant, style, speech.words)
        for chunk in self._phrases.speak(key, lambda: self._synthesize(speech)):
            found = tuple(word.later(speech.piece.start) for word in chunk.words)
            yield PcmChunk(chunk.samples * gain, chunk.rate, found, chunk.begins)

    def _synthesize(self, speech: _Speech) -> Iterator[PcmChunk]:
        synthesizer = self._voices.synthesizer(speech.voice)
        read = speech.read
        try:
            segments = synthesizer.plan(read.text, speech.style, speech.words)
        except EmptyText:
            return  # no words in this language; the speaker sees whether there were others
        spans = [as_written(segment.words, read.before) for segment in segments]
        text, shift = speech.piece.before + speech.piece.text, len(speech.piece.before)
        end = shift
        covered = covering(spans, speech.piece.text)
        for segment, heard, found in zip(segments, spans, covered, strict=True):
            if speech.pause and heard:
                wished = pause_before(text, end, shift + heard[0].text_start, speech.pause)
                if wished:
                    yield replace(silence(wished, synthesizer.rate), begins=True)
                end = shift + heard[-1].text_end
            if speech.stretches:
                segment = spoken_so(segment, speech.stretches)
            segment = replace(segment, words=found)
            begins = True
            for chunk in synthesizer.speak(segment):
                yield replace(chunk, begins=begins)
                begins = begins and not len(chunk.samples)


def tell(utterance: Utterance, warned: Iterable[Warned]) -> None:
    """Log what SSML asks for and is not done; no word of the text is in it."""
    for each in warned:
        log.warning("utterance %s: character %d: %s", utterance.id, each.place, each.what)
