"""A voice of several languages, which can be told how to speak, and one that cannot. 5 s."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.daemon.voices import Voices
from edge.errors import UnknownVoice
from edge.protocol import Describe, ErrorReply, Info, Speak, Synthesize, VoiceChoice
from edge.text.cleaning import Piece
from tests.helpers.daemon_under_test import ThreadDaemon

NINE = ("en", "zh", "ja", "ko", "de", "es", "fr", "it", "ru")


@pytest.fixture
def daemon(
    tone_bundle: Bundle, cosyvoice3_bundle: Bundle, tmp_path: Path
) -> Iterator[ThreadDaemon]:
    daemon = ThreadDaemon(tmp_path / "edge.sock", [tone_bundle, cosyvoice3_bundle])
    yield daemon
    daemon.stop()


def test_a_request_finds_the_voice_by_any_of_its_languages(
    tone_bundle: Bundle, cosyvoice3_bundle: Bundle
) -> None:
    voices = Voices([tone_bundle, cosyvoice3_bundle])
    name = cosyvoice3_bundle.voice.name
    assert [voices.choose(None, language) for language in ("zh", "zh-CN", "ru_RU")] == [name] * 3
    assert voices.choose(None, "zxx") == "tone"  # which speaks nothing else
    assert voices.other_language(name, "zh-CN") == "zh_CN"
    assert voices.other_language(name, "en_GB") is None
    with pytest.raises(UnknownVoice, match="no voice speaks 'pl'") as caught:
        voices.choose(None, "pl")
    assert "cosyvoice3-0.5b (en, zh, ja" in caught.value.remedy


def test_phonemes_are_no_links_and_the_script_tells_the_language(
    cosyvoice3_bundle: Bundle,
) -> None:
    voices = Voices([cosyvoice3_bundle])
    name = cosyvoice3_bundle.voice.name
    for text in ("报道[j][ǐ]予好评，共有3个。", "[[j.ǐ]]予好评。"):
        assert voices.read(name, Piece(text, 0, "", False)).text == text
    said = voices.read(name, Piece("See [here](http://a.b) for 3.", 0, "", False)).text
    assert "[" not in said and "three" in said


def test_a_bundle_without_the_key_speaks_its_one_language(tone_bundle: Bundle) -> None:
    assert tone_bundle.languages == ("zxx",)


def test_how_is_said_to_who_can_be_told_and_refused_by_who_cannot(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Describe())
        info = wire.receive()
        assert isinstance(info, Info)
        told = {voice.name: voice.languages for program in info.tts for voice in program.voices}
        assert told["cosyvoice3-0.5b"] == NINE and told["tone"] == ("zxx",)
        sounds = []
        for how in (None, "speak excitedly"):
            choice = VoiceChoice(language="zh")
            wire.send(Synthesize("你好。", choice, seed=1, how=how))
            sounds.append(wire.sound())
        assert not np.array_equal(sounds[0], sounds[1])
        for refused in (
            Synthesize("Hi.", VoiceChoice(name="tone"), how="softly"),
            Speak("Hi.", voice="tone", how="softly"),
        ):
            wire.send(refused)
            error = wire.receive()
            assert isinstance(error, ErrorReply) and error.code == "bad-style"
            assert "tone" in error.text and "cosyvoice3-0.5b" in error.remedy
