"""SSML with real voices: silence to the sample, tempo and volume word by word, pitch where a voice
has one to move, and phonemes in every alphabet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.client import Client
from edge.pcm import Samples
from edge.protocol import AudioChunk, AudioMark, AudioWord, Synthesize, TextFormat, VoiceChoice
from edge.synth import Style
from tests.helpers.daemon_under_test import ThreadDaemon

pytestmark = pytest.mark.voice
JOE, HEART = "en_US-joe-medium", "en_US-heart"
PLAIN = "The kettle is on the stove today."


@dataclass
class Heard:
    samples: Samples
    rate: int
    words: list[tuple[str, float, float]] = field(default_factory=list)
    """What is written, and its start and length in seconds."""
    marks: list[tuple[str, float]] = field(default_factory=list)

    def loudness(self) -> list[float]:
        """RMS of each word behind its first 15 ms, in which the amplitude may still change."""
        return [
            float(np.sqrt(np.mean(self.part(start + 0.015, start + length) ** 2)))
            for _, start, length in self.words
        ]

    def part(self, start: float, end: float) -> Samples:
        return np.asarray(self.samples[round(start * self.rate) : round(end * self.rate)])


@pytest.fixture(scope="module")
def voices(
    tmp_path_factory: pytest.TempPathFactory, joe_bundle: Bundle, heart_bundle: Bundle
) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("voices") / "edge.sock"
    running = ThreadDaemon(path, [joe_bundle, heart_bundle])
    yield path
    running.stop()


def say(path: Path, voice: str, text: str, format: TextFormat = "ssml") -> Heard:
    if format == "ssml":
        text = f"<speak>{text}</speak>"
    heard, pcm = Heard(np.zeros(0, np.float32), 1), b""
    with Client(path) as client:
        request = Synthesize(text, VoiceChoice(voice), text_format=format, words=True)
        for message in client.sound(request):
            if isinstance(message, AudioChunk):
                pcm, heard.rate = pcm + message.payload, message.rate
            elif isinstance(message, AudioWord):
                written = text[message.text_start : message.text_end]
                heard.words.append((written, message.start_s, message.seconds))
            elif isinstance(message, AudioMark):
                heard.marks.append((message.name, message.start_s))
    heard.samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32767
    return heard


@pytest.mark.parametrize("voice", [JOE, HEART])
def test_a_break_is_silence_to_the_sample_and_a_mark_is_where_its_word_begins(
    voices: Path, voice: str
) -> None:
    text = "The kettle <mark name='m'/>is on. <break time='{}'/>Tea is ready."
    short, long = (say(voices, voice, text.format(ms)) for ms in ("250ms", "1250ms"))
    assert len(long.samples) - len(short.samples) == short.rate
    assert short.marks == [("m", short.words[2][1])]
    tea = short.words[4][1] - 0.25
    assert any(
        not short.samples[at : at + short.rate // 4].any()
        for at in range(round((tea - 0.6) * short.rate), round(tea * short.rate) + 1)
    )


@pytest.mark.parametrize("voice", [JOE, HEART])
def test_tempo_and_volume_change_at_the_borders_of_words(voices: Path, voice: str) -> None:
    plain = say(voices, voice, PLAIN, "plain")
    slow = say(voices, voice, "The kettle <prosody rate='50%'>is on the stove</prosody> today.")
    factors = [a[2] / b[2] for a, b in zip(slow.words, plain.words, strict=True)]
    assert factors[:2] == pytest.approx([1, 1], abs=0.01)
    assert factors[2:6] == pytest.approx([2] * 4, rel=0.15)
    assert factors[6] == pytest.approx(1, abs=0.15)
    soft = say(
        voices, voice, "The kettle <prosody volume='-12dB'>is on the stove</prosody> today."
    )
    assert len(soft.samples) == len(plain.samples)
    quieter = np.array(soft.loudness()) / np.array(plain.loudness())
    assert quieter == pytest.approx([1, 1, 0.25, 0.25, 0.25, 0.25, 1], rel=0.05)


def test_the_pitch_of_heart_moves_and_joe_keeps_his(
    voices: Path, caplog: pytest.LogCaptureFixture
) -> None:
    higher = f"<prosody pitch='+12st'>{PLAIN}</prosody>"
    before, after = say(voices, HEART, PLAIN, "plain"), say(voices, HEART, higher)
    assert len(before.samples) == len(after.samples)
    assert _hertz(after) / _hertz(before) == pytest.approx(2, rel=0.05)
    assert np.array_equal(
        say(voices, JOE, PLAIN, "plain").samples, say(voices, JOE, higher).samples
    )
    assert "this voice has one pitch" in caplog.text


def _hertz(heard: Heard) -> float:
    """Median of the fundamental frequency, by autocorrelation."""
    length, found = round(0.04 * heard.rate), []
    for start in range(0, len(heard.samples) - length, length):
        part = heard.samples[start : start + length]
        same = np.correlate(part, part, "full")[length - 1 :]
        periods = same[heard.rate // 600 : heard.rate // 100]
        if np.abs(part).max() > 0.05 and periods.max() > 0.6 * same[0]:
            found.append(heard.rate / (heard.rate // 600 + int(np.argmax(periods))))
    return float(np.median(found))


@pytest.mark.parametrize(("voice", "own"), [(JOE, "təmˈɑːtoʊ"), (HEART, "təmˈɑtO")])
def test_every_alphabet_gives_the_same_sounds(voices: Path, voice: str, own: str) -> None:
    said = [
        say(voices, voice, f"I say <phoneme {written}>tomato</phoneme> here.").samples
        for written in (
            "ph='təˈmɑːtoʊ'",
            "alphabet='ipa' ph='tə.ˈmɑː.toʊ'",
            "alphabet='x-sampa' ph='t@&quot;mA:toU'",
            f"alphabet='own' ph='{own}'",
        )
    ]
    assert all(np.array_equal(each, said[0]) for each in said)
    assert not np.array_equal(say(voices, voice, "I say tomato here.", "plain").samples, said[0])


def test_joe_reads_another_language_with_his_own_sounds(
    voices: Path, joe_bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    """No voice here speaks German: espeak-ng's rules of it, and the nearest English sounds."""
    text = "Hello. <lang xml:lang='de-DE'>Schöne Küche, 3 Äpfel!</lang>"
    heard = say(voices, JOE, text)
    assert [word for word, _, _ in heard.words] == [
        "Hello.", "Schöne", "Küche,", "3", "Äpfel!"
    ]  # fmt: skip
    assert not caplog.text
    voice = synth.load(joe_bundle)
    ids = {ids[0]: sign for sign, ids in voice.config.phoneme_id_map.items()}  # type: ignore[attr-defined]
    (segment,) = voice.plan("Schöne Küche.", Style(language="de_DE"))
    assert "".join(ids[id] for id in segment.ids if id) == "^ʃˈɜːnə kˈuːʃə.$"
    assert "no voice here speaks de_DE" not in caplog.text
    say(voices, HEART, text)
    assert "no voice here speaks de_DE, and the same goes on" in caplog.text


def test_two_voices_in_one_sound(voices: Path) -> None:
    text = f"This is joe. <voice name='{HEART}'>And this is heart.</voice> Joe again."
    heard = say(voices, JOE, text)
    assert [word for word, _, _ in heard.words] == [
        "This", "is", "joe.", "And", "this", "is", "heart.", "Joe", "again."
    ]  # fmt: skip
    alone = say(voices, HEART, "And this is heart.", "plain")
    assert heard.rate == 22_050 and alone.rate == 24_000
    parts = [say(voices, JOE, text, "plain") for text in ("This is joe.", "Joe again.")]
    seconds = sum(len(part.samples) / part.rate for part in [*parts, alone])
    assert len(heard.samples) / heard.rate == pytest.approx(seconds, abs=0.01)
