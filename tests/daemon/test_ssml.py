"""SSML through the daemon: silence to the sample, marks and words at theirs, voices by their
language. The tone family beeps 0.12 s a word and is silent for 0.06 s."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from edge.pcm import Samples
from edge.protocol import (
    AudioChunk,
    AudioMark,
    AudioStop,
    AudioWord,
    ErrorReply,
    Reply,
    Speak,
    SpeakCancelled,
    SpeakChunk,
    SpeakFinished,
    SpeakMark,
    SpeakStart,
    SpeakStop,
    SpeakWord,
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    TextFormat,
    VoiceChoice,
)
from edge.synth.tone import RATE
from tests.helpers.daemon_under_test import ThreadDaemon

WORD = 3969
"""Samples of a word, with the silence behind it."""


def answers(daemon: ThreadDaemon, source: str, format: TextFormat = "ssml") -> list[Reply]:
    with daemon.connect() as wire:
        wire.send(Synthesize(source, words=True, text_format=format))
        return wire.until(AudioStop)


def streamed(daemon: ThreadDaemon, source: str, step: int) -> list[Reply]:
    with daemon.connect() as wire:
        wire.send(SynthesizeStart(words=True, text_format="ssml"))
        for start in range(0, len(source), step):
            wire.send(SynthesizeChunk(source[start : start + step]))
        wire.send(SynthesizeStop())
        return wire.until(SynthesizeStopped)


def sound(replies: list[Reply]) -> Samples:
    pcm = b"".join(reply.payload for reply in replies if isinstance(reply, AudioChunk))
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32767


def words(replies: list[Reply], source: str) -> list[tuple[str, float]]:
    return [
        (source[reply.text_start : reply.text_end], reply.start_s)
        for reply in replies
        if isinstance(reply, AudioWord)
    ]


def marks(replies: list[Reply]) -> list[tuple[str, float]]:
    return [(r.name, r.start_s) for r in replies if isinstance(r, AudioMark)]


@pytest.mark.parametrize("ms", [1, 137, 500, 2_000, 10_000])
def test_a_break_is_silence_to_the_sample(daemon: ThreadDaemon, ms: int) -> None:
    made = sound(answers(daemon, f"<speak>One. <break time='{ms}ms'/> Two.</speak>"))
    silence = round(ms * RATE / 1000)
    assert len(made) == 2 * WORD + silence
    assert not made[WORD : WORD + silence].any()
    both = sound(answers(daemon, "One.", "plain")), sound(answers(daemon, "Two.", "plain"))
    assert np.array_equal(np.delete(made, np.s_[WORD : WORD + silence]), np.concatenate(both))


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("One<break/> two", 0.3),
        ("One<break strength='x-strong'/> two", 0.9),
        ("One,<break strength='strong'/> two", 0.2),
        ("One.<break strength='strong'/> Two", 0.0),
        ("One<break strength='none'/> two", 0.0),
        ("One<break time='0ms'/> two", 0.0),
    ],
)
def test_a_break_by_strength_adds_what_punctuation_lacks(
    daemon: ThreadDaemon, written: str, seconds: float
) -> None:
    made = sound(answers(daemon, f"<speak>{written}</speak>"))
    assert len(made) == 2 * WORD + round(seconds * RATE)


SOURCE = (
    "<speak><mark name='first'/>One <mark name='inside'/>two &amp; three. <break time='500ms'/>"
    "<mark name='behind'/><sub alias='four of them'>4</sub> <p>Five<mark name='end'/></p> "
    "<!-- not this -->six seven eight nine ten, eleven.<mark name='last'/></speak>"
)


def test_words_and_marks_have_their_places_in_the_source_and_in_the_sound(
    daemon: ThreadDaemon,
) -> None:
    replies = answers(daemon, SOURCE)
    assert words(replies, SOURCE) == [
        ("One", 0.0), ("two", 0.18), ("&amp;", 0.36), ("three.", 0.54),
        ("<sub alias='four of them'>4</sub>", 1.22),
        ("Five", 1.76), ("six", 1.94), ("seven", 2.12), ("eight", 2.3), ("nine", 2.48),
        ("ten,", 2.66), ("eleven.", 2.84),
    ]  # fmt: skip
    assert marks(replies) == [
        ("first", 0.0), ("inside", 0.18), ("behind", 1.22), ("end", 1.94), ("last", 3.02),
    ]  # fmt: skip
    assert len(sound(replies)) == round(3.02 * RATE)


@pytest.mark.parametrize("step", [1, 7, 1_000])
def test_a_stream_of_it_sounds_the_same(daemon: ThreadDaemon, step: int) -> None:
    whole, pieces = answers(daemon, SOURCE), streamed(daemon, SOURCE, step)
    assert np.array_equal(sound(pieces), sound(whole))
    assert words(pieces, SOURCE) == words(whole, SOURCE)
    assert marks(pieces) == marks(whole)


def test_the_sound_card_s_listener_hears_of_them_too(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Speak(SOURCE, words=True, text_format="ssml"))
        replies = wire.until(SpeakFinished)
        told = [(r.name, r.start_s) for r in replies if isinstance(r, SpeakMark)]
        heard = [r.start_s for r in replies if isinstance(r, SpeakWord)]
    made = answers(daemon, SOURCE)
    assert told == marks(made) and heard == [start for _, start in words(made, SOURCE)]
    assert np.allclose(daemon.card.heard()[: len(sound(made))], sound(made), atol=1e-4)


def test_tempo_pitch_and_volume_change_inside_a_sentence(daemon: ThreadDaemon) -> None:
    source = (
        "<speak>one <prosody rate='50%'>two</prosody> one <prosody pitch='+12st'>two</prosody> "
        "one <prosody volume='-6dB'>two</prosody> one <prosody volume='silent'>two</prosody> "
        "one.</speak>"
    )
    replies = answers(daemon, source)
    assert [start for _, start in words(replies, source)] == pytest.approx(
        [0, 0.18, 0.54, 0.72, 0.9, 1.08, 1.26, 1.44, 1.62]
    )
    made = sound(replies)

    def word(start: float, seconds: float = 0.12) -> Samples:
        """Its middle, where nothing fades."""
        inside = made[round((start + 0.02) * RATE) : round((start + seconds - 0.02) * RATE)]
        return np.asarray(inside, np.float32)

    def hertz(samples: Samples) -> float:
        return float(np.sum(np.diff(np.signbit(samples)))) / 2 / len(samples) * RATE

    assert hertz(word(0.18, 0.24)) == pytest.approx(587, rel=0.04)
    assert hertz(word(0.72)) == pytest.approx(2 * 587, rel=0.04)
    usual = np.abs(word(0)).max()
    assert np.abs(word(1.08)).max() == pytest.approx(usual / 2, rel=0.02)
    assert not word(1.44).any()
    assert np.abs(word(1.62)).max() == pytest.approx(usual, rel=0.02)


def test_a_tempo_of_all_is_as_exact_as_the_speed_of_the_request(daemon: ThreadDaemon) -> None:
    slow = sound(answers(daemon, "<speak><prosody rate='75%'>One two.</prosody></speak>"))
    with daemon.connect() as wire:
        wire.send(Synthesize("One two.", speed=0.75))
        assert np.array_equal(slow, sound(wire.until(AudioStop)))


def test_a_mistake_in_a_stream_is_told_when_what_was_before_it_is_heard(
    daemon: ThreadDaemon,
) -> None:
    with daemon.connect() as wire:
        wire.send(SpeakStart(id="a", words=True, text_format="ssml"))
        wire.send(SpeakChunk("<speak><p>One.</p>\n<p>Two & three.</p></speak>"), SpeakStop())
        replies = wire.until(SpeakFinished, SpeakCancelled)
        error = replies[-1]
        assert isinstance(error, ErrorReply) and error.id == "a" and error.code == "bad-ssml"
        assert error.text.startswith("ssml: line 2, column 8: ")
        wire.ping()


def test_another_language_is_spoken_by_its_voice_and_a_named_one_by_itself(
    daemon: ThreadDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    """Both voices are tones; what is made is told by the voice that is loaded."""
    source = (
        "<speak>One. <lang xml:lang='de'>Zwei drei.</lang> <voice name='second'>Four.</voice>"
        "<lang xml:lang='fr'>Cinq.</lang><voice name='nobody'>Six.</voice></speak>"
    )
    with caplog.at_level(logging.INFO):
        replies = answers(daemon, source)
    assert [word for word, _ in words(replies, source)] == [
        "One.", "Zwei", "drei.", "Four.", "Cinq.", "Six."
    ]  # fmt: skip
    said = [record.getMessage() for record in caplog.records]
    assert any("voice second" in line for line in said)
    assert any("no voice here speaks fr, and the same goes on" in line for line in said)
    assert any("this voice is not here" in line for line in said)
    assert not any("Cinq" in line or "nobody" in line for line in said)


def test_a_document_s_language_chooses_the_voice_unless_the_request_names_one(
    daemon: ThreadDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    source = "<speak xml:lang='de-DE'>Eins.</speak>"
    with daemon.connect() as wire, caplog.at_level(logging.INFO):
        wire.send(Synthesize(source, VoiceChoice("tone"), text_format="ssml"))
        wire.until(AudioStop)
        assert not any("voice second" in r.getMessage() for r in caplog.records)
        wire.send(Synthesize(source, text_format="ssml"))
        wire.until(AudioStop)
        assert any("voice second" in r.getMessage() for r in caplog.records)


def test_what_is_not_supported_is_spoken_and_logged_without_a_word_of_it(
    daemon: ThreadDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    source = "<speak><secret>One</secret> <audio src='http://secret.example/'>two</audio></speak>"
    replies = answers(daemon, source)
    assert [word for word, _ in words(replies, source)] == ["One", "two"]
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "a tag: it means nothing here" in said and "<audio>: no sound is fetched" in said
    assert "secret" not in said and "character 7" in said


def test_lenient_speaks_what_is_not_well_formed(daemon: ThreadDaemon) -> None:
    source = "One <b>two</i> & three <mark name='m'/>four"
    replies = answers(daemon, source, "ssml-lenient")
    assert [word for word, _ in words(replies, source)][-1] == "four"
    assert marks(replies) == [("m", words(replies, source)[-1][1])]


def test_silence_alone_is_an_utterance_and_nothing_at_all_is_none(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Speak("<speak><break time='100ms'/></speak>", text_format="ssml"))
        finished = wire.until(SpeakFinished)[-1]
        assert isinstance(finished, SpeakFinished) and finished.seconds == 0.1
        wire.send(Speak("<speak> <p/> </speak>", text_format="ssml"))
        refused = wire.until(SpeakFinished)[-1]
        assert isinstance(refused, ErrorReply) and refused.code == "empty-text"
    assert not sound(answers(daemon, "<speak/>")).size


def test_a_repeated_phrase_keeps_the_marks_of_each_text(daemon: ThreadDaemon) -> None:
    """Its sound is kept; the marks and the manner are those of the text that asks."""
    plain = sound(answers(daemon, "<speak>One two.</speak>"))
    marked = answers(daemon, "<speak>One <mark name='m'/>two.</speak>")
    slower = answers(daemon, "<speak>One <prosody rate='50%'>two</prosody>.</speak>")
    assert np.array_equal(sound(marked), plain) and marks(marked) == [("m", 0.18)]
    assert len(sound(slower)) == 3 * WORD


FORMATS: tuple[TextFormat, ...] = ("auto", "plain", "text", "markdown")


@pytest.mark.parametrize("format", FORMATS)
def test_tags_are_text_where_nobody_says_that_they_are_ssml(
    daemon: ThreadDaemon, format: TextFormat
) -> None:
    made = sound(answers(daemon, "<speak>One<break time='9s'/> two</speak>", format))
    assert 0 < len(made) < RATE
