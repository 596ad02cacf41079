"""A cloned voice at every door: our socket, Wyoming, OpenAI's clients, speech-dispatcher. 6 s."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.commands import voices as voices_command
from edge.config import Config
from edge.daemon.start import configured
from edge.errors import NoBundle, UnknownVoice
from edge.pcm import PcmChunk, Samples
from edge.protocol import (
    Describe,
    Info,
    Speak,
    SpeakFinished,
    Status,
    StatusReport,
    Synthesize,
    TtsVoice,
    VoiceChoice,
)
from edge.synth.voice_print import FORMAT, Label, checkpoint_of, remove_print, save_print
from tests.adapters.test_speech_dispatcher import Server
from tests.daemon.test_wyoming import AsyncClient, AudioChunk, AudioStop, SynthesizeVoice
from tests.daemon.test_wyoming import Synthesize as WyomingSynthesize
from tests.helpers.daemon_under_test import ThreadDaemon
from tests.helpers.http_under_test import Http
from tests.helpers.kept_pocket import RATE, build
from tests.synth.test_clip import voice as hum

TEXT = "The kettle is on."


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build("pointwise", tmp_path_factory.mktemp("pocket"))


@pytest.fixture
def daemon(
    bundle: Bundle, second_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ThreadDaemon]:
    """A daemon whose default voice clones nobody, and two voices that another one was given."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name, seconds in (("anna", 2.5), ("bert", 2.0)):
        made = synth.enroll(bundle, PcmChunk(hum(seconds), 24_000), None)
        fits = (bundle.voice.name, checkpoint_of(bundle), "en", "2026-11-30T11:00:00+00:00")
        save_print(made, Label(FORMAT, name, "pocket", *fits, "She agreed.", seconds, -20.0))
    running = ThreadDaemon(tmp_path / "edge.sock", [second_bundle, bundle])
    yield running
    running.stop()


def sound(daemon: ThreadDaemon, choice: VoiceChoice | None) -> Samples:
    with daemon.connect() as wire:
        wire.send(Synthesize(TEXT, voice=choice, seed=2))
        return wire.sound()


def test_our_own_socket(daemon: ThreadDaemon, bundle: Bundle) -> None:
    anna = sound(daemon, VoiceChoice("anna"))
    # The bundle's voice with her as its speaker, and her alone as a speaker, are the same.
    model = VoiceChoice(bundle.voice.name, speaker="anna")
    np.testing.assert_array_equal(anna, sound(daemon, model))
    np.testing.assert_array_equal(anna, sound(daemon, VoiceChoice(speaker="anna")))
    assert not np.array_equal(anna, sound(daemon, VoiceChoice("bert")))
    assert not np.array_equal(anna, sound(daemon, VoiceChoice(bundle.voice.name)))
    with daemon.connect() as wire:
        for request in (Speak(TEXT, voice="anna"), Speak(TEXT, speaker="bert")):
            wire.send(request)
            wire.until(SpeakFinished)
        wire.send(Status())
        report = wire.receive()
        assert isinstance(report, StatusReport)
        assert [voice.name for voice in report.voices][2:] == ["anna", "bert"]


def test_a_cloned_voice_may_be_the_default_one(
    daemon: ThreadDaemon, bundle: Bundle, second_bundle: Bundle, tmp_path: Path
) -> None:
    places = (str(bundle.path), str(second_bundle.path))
    config = Config(voice="anna", bundles=places, any_board=True)
    bundles = configured(config)
    assert [b.voice.name for b in bundles] == [bundle.voice.name, second_bundle.voice.name]
    with pytest.raises(NoBundle, match="no bundle of nobody"):
        configured(replace(config, voice="nobody"))
    other = ThreadDaemon(tmp_path / "other.sock", bundles, config=config)
    try:
        anna = sound(daemon, VoiceChoice("anna"))
        np.testing.assert_array_equal(anna, sound(other, None))
        assert next(iter(described(other))) == "anna"  # where clients take the first
        german = sound(other, VoiceChoice(language="de"))
        np.testing.assert_array_equal(german, sound(daemon, VoiceChoice("second")))
    finally:
        other.stop()


def described(daemon: ThreadDaemon) -> dict[str, TtsVoice]:
    with daemon.connect() as wire:
        wire.send(Describe())
        info = wire.receive()
    assert isinstance(info, Info)
    return {voice.name: voice for voice in info.tts[0].voices}


def test_wyoming_lists_them_as_voices_and_as_speakers(
    daemon: ThreadDaemon, bundle: Bundle
) -> None:
    voices = described(daemon)
    assert {"anna", "bert"} < voices.keys()
    speakers = voices[bundle.voice.name].speakers
    assert speakers is not None and [speaker.name for speaker in speakers] == ["anna", "bert"]
    assert voices["second"].speakers is None
    remove_print("bert")
    assert "bert" not in described(daemon)  # a running daemon notices


def test_wyomings_own_client_speaks_with_them(daemon: ThreadDaemon, bundle: Bundle) -> None:
    async def heard(voice: SynthesizeVoice) -> bytes:
        async with AsyncClient.from_uri(f"unix://{daemon.path}") as client:
            await client.write_event(WyomingSynthesize(TEXT, voice=voice).event())
            sound = b""
            while (event := await client.read_event()) is not None:
                if AudioStop.is_type(event.type):
                    return sound
                if AudioChunk.is_type(event.type):
                    sound += AudioChunk.from_event(event).audio
        raise AssertionError("the daemon hung up")

    anna, speaker = (
        asyncio.run(heard(voice))
        for voice in (
            SynthesizeVoice(name="anna"),
            SynthesizeVoice(name=bundle.voice.name, speaker="anna"),
        )
    )
    assert anna and anna == speaker


def test_openais_clients(daemon: ThreadDaemon, tmp_path: Path) -> None:
    adapter = Http(daemon.path, tmp_path)
    try:
        status, answer = adapter.ask("GET", "/v1/audio/voices")
        assert status == 200 and {"anna", "bert"} < {voice["id"] for voice in answer["voices"]}
        spoken = adapter.openai().audio.speech.create(
            model="tts-1", voice="anna", input=TEXT, response_format="wav"
        )
        with wave.open(io.BytesIO(spoken.content)) as file:
            assert file.getframerate() == RATE and file.getnframes() > 1_000
    finally:
        adapter.stop()


def test_speech_dispatcher(daemon: ThreadDaemon) -> None:
    server = Server(daemon.path)
    try:
        server.send("LIST VOICES")
        assert b"200-anna\ten\tnone" in server.answer()
        assert len(server.said("<speak>The kettle is on.</speak>", synthesis_voice="anna")) > 1_000
    finally:
        server.close()


def test_the_command_line_lists_and_shows_them(
    daemon: ThreadDaemon, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert voices_command.run(voices_command.Options(cloned=True)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[1].split()[:3] == ["anna", bundle.voice.name, "en"] and "2.5 s, -20 LUFS" in lines[1]
    )
    assert voices_command.run(voices_command.Options("anna")) == 0
    assert "She agreed." in capsys.readouterr().out
    assert voices_command.run(voices_command.Options("anna", json=True)) == 0
    assert json.loads(capsys.readouterr().out)["checkpoint"] == checkpoint_of(bundle)
    assert voices_command.run(voices_command.Options(cloned=True, json=True)) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["anna", "bert"]
    assert voices_command.run(voices_command.Options(language="de_DE")) == 0
    assert "Cloned on this machine: anna, bert." in capsys.readouterr().out
    remove_print("anna")
    with pytest.raises(UnknownVoice):
        voices_command.run(voices_command.Options("anna"))
