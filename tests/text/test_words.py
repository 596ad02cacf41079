"""Word times: every word once, in order, and with the real voice where its sound begins."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import synth
from edge.bundle import Bundle
from edge.pcm import Samples, Word
from edge.protocol import (
    AudioChunk,
    AudioStop,
    AudioWord,
    Speak,
    SpeakChunk,
    SpeakFinished,
    SpeakStart,
    SpeakStop,
    SpeakWord,
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
)
from edge.synth import Style, Synthesizer
from edge.text.words import MOST_PHONEMES, find_words
from tests.helpers.daemon_under_test import ThreadDaemon

TEXT = 'The kettle "sings".  Tea, then:\ttwo cups.'
BEEP_S, WORD_S = 0.12, 0.18


# Finding words among phonemes


def sounds(text: str) -> str:
    """A phonemizer that spells, and says numbers as words."""
    text = text.replace("10", "ten zero").replace("&", "and").lower()
    return re.sub(r"[^a-z ]", "", text).replace("of the", "ofthe")


SOME_WORDS = st.sampled_from(["of", "the", "10", "&", "--", "tea", "a", "kettle"])


@given(st.lists(SOME_WORDS, max_size=40))
def test_every_word_is_found_once_and_in_order(chosen: list[str]) -> None:
    text = " ".join(chosen)
    middle = len(chosen) // 2
    sentences = [list(sounds(" ".join(half))) for half in (chosen[:middle], chosen[middle:])]
    found = find_words(text, sentences, sounds)
    assert [text[w.text_start : w.text_end] for spans in found for w in spans] == [
        word for word in chosen if word != "--"
    ]
    for spans, sentence in zip(found, sentences, strict=True):
        assert not any(span.estimated for span in spans)
        for span in spans:
            said = "".join(sentence[span.first : span.last])
            assert said == sounds(text[span.text_start : span.text_end])


def test_a_word_that_is_spoken_otherwise_is_estimated() -> None:
    [spans] = find_words("so e.g. tea", [list("so fɔɹɛɡzampl ti")], lambda w: w.replace(".", ""))
    assert [(s.text_start, s.estimated) for s in spans] == [(0, False), (3, True), (8, False)]


def test_a_sentence_without_end_is_shared_out() -> None:
    text = "kettle " * MOST_PHONEMES
    [spans, rest] = find_words(text + "tea", [list(text), list("tea")], lambda word: word)
    assert len(spans) + len(rest) == MOST_PHONEMES + 1
    assert all(span.estimated for span in spans)
    assert [s.first for s in spans] == sorted(s.first for s in spans)


# Through the daemon


def beeps(text: str) -> list[tuple[int, int, float, float]]:
    return [
        (match.start(), match.end(), round(number * WORD_S, 3), BEEP_S)
        for number, match in enumerate(re.finditer(r"\S+", text))
    ]


def told(words: list[SpeakWord] | list[AudioWord]) -> list[tuple[int, int, float, float]]:
    assert not any(word.estimated for word in words)
    return [(w.text_start, w.text_end, w.start_s, w.seconds) for w in words]


def test_words_are_told_as_they_are_heard(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Speak(f"  {TEXT}", id="a", words=True))
        replies = wire.until(SpeakFinished)
        wire.send(Speak(TEXT))
        without = wire.until(SpeakFinished)
    words = [reply for reply in replies if isinstance(reply, SpeakWord)]
    assert replies[2:-1] == words  # after the start, before the end
    assert told(words) == [(a + 2, b + 2, *times) for a, b, *times in beeps(TEXT)]
    assert not any(isinstance(reply, SpeakWord) for reply in without)


def test_a_word_comes_before_the_sound_that_holds_it(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Synthesize(TEXT, words=True))
        replies = wire.until(AudioStop)
    words, place = [], 0
    for reply in replies:
        if isinstance(reply, AudioWord):
            words.append(reply)
            assert round(reply.start_s * 22050) >= place - 12  # rounded to milliseconds
        elif isinstance(reply, AudioChunk):
            place += len(reply.payload) // 2
            assert all(word.start_s * 22050 < place + 12 for word in words)
    assert told(words) == beeps(TEXT)


def test_words_of_a_stream_count_from_its_beginning(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(SpeakStart(words=True), *[SpeakChunk(c) for c in TEXT], SpeakStop())
        spoken = [r for r in wire.until(SpeakFinished) if isinstance(r, SpeakWord)]
        wire.send(SynthesizeStart(words=True), SynthesizeChunk(TEXT), SynthesizeStop())
        made = [r for r in wire.until(SynthesizeStopped) if isinstance(r, AudioWord)]
    assert told(spoken) == told(made) == beeps(TEXT)


# The real voice


def speak(voice: Synthesizer, text: str, style: Style | None = None) -> tuple[Samples, list[Word]]:
    """The sound, and its words with `start` counted from the beginning."""
    samples: list[Samples] = []
    words: list[Word] = []
    for segment in voice.plan(text, style or Style(), words=True):
        for chunk in voice.speak(segment):
            before = sum(map(len, samples))
            words += [
                Word(w.text_start, w.text_end, w.start + before, w.length, w.estimated)
                for w in chunk.words
            ]
            assert all(0 <= w.start < len(chunk.samples) for w in chunk.words)
            samples.append(chunk.samples)
    return np.concatenate(samples), words


def onsets(samples: Samples, rate: int) -> list[float]:
    """Seconds at which sound begins after at least 60 ms of near silence."""
    hop = rate // 200
    frames = samples[: len(samples) // hop * hop].reshape(-1, hop)
    level = np.sqrt((frames**2).mean(axis=1))
    loud = level > 0.03 * level.max()
    found, quiet = [], 12
    for number, sounding in enumerate(loud):
        if sounding and quiet >= 12:
            found.append(number * hop / rate)
        quiet = 0 if sounding else quiet + 1
    return found


LIST = "Nine, tables, garden, bottle, down, window, mother, dinner, butter, money."


@pytest.mark.voice
def test_words_begin_where_the_sound_does(joe_bundle: Bundle) -> None:
    """Measured with joe: worst 19 ms, mean 8 ms of these ten."""
    voice = synth.load(joe_bundle)
    samples, words = speak(voice, LIST)
    assert [LIST[w.text_start : w.text_end] for w in words] == LIST.split()
    assert not any(word.estimated for word in words)
    heard = np.array(onsets(samples, voice.rate))
    errors = [float(np.abs(heard - word.start / voice.rate).min()) for word in words]
    print("onset errors, ms:", [round(1000 * error) for error in errors])
    assert max(errors) < 0.080


@pytest.mark.voice
def test_numbers_and_abbreviations_of_the_real_voice(joe_bundle: Bundle) -> None:
    text = "Of the 1984 cars in the city, Mr. Smith's (e.g. no. 5) cost $3.50. It's for the best!"
    samples, words = speak(synth.load(joe_bundle), text)
    assert [text[w.text_start : w.text_end] for w in words] == text.split()
    starts = [word.start for word in words]
    assert starts == sorted(starts) and starts[-1] < len(samples)
    assert [text[w.text_start : w.text_end] for w in words if w.estimated] in ([], ["(e.g."])


@pytest.mark.voice
def test_word_times_leave_the_sound_as_it_is(joe_bundle: Bundle) -> None:
    voice = synth.load(joe_bundle)
    plain = [c.samples for s in voice.plan(LIST, Style()) for c in voice.speak(s)]
    np.testing.assert_array_equal(np.concatenate(plain), speak(voice, LIST)[0])
