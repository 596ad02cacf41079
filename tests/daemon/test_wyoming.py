"""The wyoming package's own client against the daemon, as Home Assistant uses it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import shutil
import socket
import subprocess
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge import protocol as wire_protocol
from edge import synth
from edge.bundle import Bundle
from edge.bundler.pipeline import Wish, build_bundle
from edge.daemon.server import Server
from edge.errors import BadRecord, ModelFailed
from edge.pcm import to_int16
from edge.synth import Style
from tests.helpers.daemon_under_test import ROOT, ThreadDaemon, Wire
from tests.helpers.fakes import DEADLINE_S, FakeCard
from tests.helpers.random_voices import DESCRIPTION, VOICES, write_voice

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its audio module imports audioop
    from wyoming.audio import AudioChunk, AudioStart, AudioStop
    from wyoming.client import AsyncClient
    from wyoming.error import Error
    from wyoming.event import Event
    from wyoming.info import Describe, Info
    from wyoming.ping import Ping, Pong
    from wyoming.tts import (
        Synthesize,
        SynthesizeChunk,
        SynthesizeStart,
        SynthesizeStop,
        SynthesizeStopped,
        SynthesizeVoice,
    )

TEXT = "The kettle is on."
SPEAKERS = ["ann", "bob", "eve", "ida", "tom"]


def talk(daemon: ThreadDaemon, *requests: Any) -> list[list[Event]]:
    """The events that answer each request, all on one connection."""

    async def run() -> list[list[Event]]:
        answers = []
        async with AsyncClient.from_uri(f"unix://{daemon.path}") as client:
            for request in requests:
                await client.write_event(request.event())
                answers.append(await asyncio.wait_for(_answer(client), DEADLINE_S))
        return answers

    return asyncio.run(run())


async def _answer(client: AsyncClient) -> list[Event]:
    events: list[Event] = []
    while (event := await client.read_event()) is not None:
        events.append(event)
        if event.type not in ("audio-start", "audio-chunk"):
            return events
    raise AssertionError("the daemon hung up")


def samples(events: list[Event]) -> bytes:
    assert AudioStart.is_type(events[0].type) and AudioStop.is_type(events[-1].type)
    start = AudioStart.from_event(events[0])
    chunks = [AudioChunk.from_event(event) for event in events[1:-1]]
    assert all((c.rate, c.width, c.channels) == (start.rate, 2, 1) for c in chunks)
    return b"".join(chunk.audio for chunk in chunks)


def test_describe(daemon: ThreadDaemon) -> None:
    [[event]] = talk(daemon, Describe())
    [program] = Info.from_event(event).tts
    assert [(v.name, v.languages, v.installed) for v in program.voices] == [
        ("tone", ["zxx"], True),
        ("second", ["de_DE"], True),
    ]
    assert program.installed and program.attribution.name


def test_info_has_every_field_that_home_assistant_reads(daemon: ThreadDaemon) -> None:
    """Its parser raises TypeError for one that is missing."""
    [[event]] = talk(daemon, Describe())
    [program] = event.data["tts"]
    assert {"name", "attribution", "installed", "voices", "version"} <= set(program)
    for voice in program["voices"]:
        assert {"name", "attribution", "installed", "languages", "version"} <= set(voice)
        assert set(voice["attribution"]) == {"name", "url"} and voice["languages"]


def test_info_comes_before_the_model_is_loaded(
    tmp_path: Path, tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home Assistant gives it a second; what is asked to be spoken waits for the model."""
    let_go, real = threading.Event(), synth.load

    def load(
        bundle: Bundle, variant: str | None = None, *, background: bool = False
    ) -> synth.Synthesizer:
        assert let_go.wait(DEADLINE_S)
        return real(bundle, variant)

    monkeypatch.setattr(synth, "load", load)
    path = tmp_path / "edge.sock"
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(ThreadDaemon, path, [tone_bundle])
        wire = connect(path)
        wire.send(wire_protocol.Describe(), wire_protocol.Synthesize(TEXT))
        info = wire.receive()
        assert isinstance(info, wire_protocol.Info) and info.tts[0].voices[0].name == "tone"
        assert not starting.done()
        let_go.set()
        assert wire.sound().any()
        wire.close()
        starting.result(DEADLINE_S).stop()


def test_a_model_that_does_not_load_ends_the_daemon(
    tmp_path: Path, tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()

    def load(
        bundle: Bundle, variant: str | None = None, *, background: bool = False
    ) -> synth.Synthesizer:
        assert let_go.wait(DEADLINE_S)
        raise ModelFailed("the model is broken", "Build it again: edge build")

    monkeypatch.setattr(synth, "load", load)
    path = tmp_path / "edge.sock"

    async def run() -> None:
        await Server([tone_bundle], FakeCard().open).run(path)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(asyncio.run, run())
        with connect(path) as wire:
            wire.send(wire_protocol.Synthesize(TEXT))
            wire.ping()
            let_go.set()
            answer = wire.receive()
            assert isinstance(answer, wire_protocol.ErrorReply) and answer.code == "model-failed"
            assert wire.receive() is None
        with pytest.raises(ModelFailed):
            running.result(DEADLINE_S)
    assert not path.exists()


def connect(path: Path) -> Wire:
    """As soon as somebody listens there."""
    with socket.socket(socket.AF_UNIX) as probe:
        while probe.connect_ex(str(path)):
            pass
    return Wire(path)


def test_ping(daemon: ThreadDaemon) -> None:
    [[event]] = talk(daemon, Ping(text="here?"))
    assert Pong.from_event(event).text == "here?"


def test_several_requests_on_one_connection(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    one, described, two = talk(
        daemon, Synthesize(TEXT), Describe(), Synthesize(TEXT, SynthesizeVoice(name="tone"))
    )
    voice = synth.load(tone_bundle)
    expected = np.concatenate(
        [c.samples for s in voice.plan(TEXT, Style()) for c in voice.speak(s)]
    )
    assert samples(one) == samples(two)
    assert samples(one) == to_int16(expected * tone_bundle.manifest.gain).tobytes()
    assert Info.is_type(described[0].type)


def test_a_voice_by_language_and_one_that_is_not_there(daemon: ThreadDaemon) -> None:
    by_language, unknown, nobody = talk(
        daemon,
        Synthesize(TEXT, SynthesizeVoice(language="de")),
        Synthesize(TEXT, SynthesizeVoice(language="tlh")),
        Synthesize(TEXT, SynthesizeVoice(name="nobody")),
    )
    assert samples(by_language)
    for [event] in (unknown, nobody):
        error = Error.from_event(event)
        assert error.code == "unknown-voice" and error.text


def test_a_voice_and_its_speaker_by_name(
    daemon: ThreadDaemon, speakers_daemon: ThreadDaemon
) -> None:
    [[described]] = talk(speakers_daemon, Describe())
    [voice] = Info.from_event(described).tts[0].voices
    assert [speaker.name for speaker in voice.speakers or []] == SPEAKERS
    ann, bob, plain, unknown = talk(
        speakers_daemon,
        Synthesize("abc abc.", SynthesizeVoice(name=voice.name, speaker="ann")),
        Synthesize("abc abc.", SynthesizeVoice(name=voice.name, speaker="bob")),
        Synthesize("abc abc.", SynthesizeVoice(name=voice.name)),
        Synthesize("abc abc.", SynthesizeVoice(name=voice.name, speaker="nobody")),
    )
    assert samples(ann) == samples(plain) != samples(bob)
    assert Error.from_event(unknown[0]).code == "bad-style"
    [[event]] = talk(daemon, Synthesize(TEXT, SynthesizeVoice(name="tone", speaker="ann")))
    assert Error.from_event(event).code == "bad-style"


def test_the_default_speaker_of_a_description_speaks(speakers_daemon: ThreadDaemon) -> None:
    [bundle] = speakers_daemon.server.voices.bundles

    def speaker(default: int | None, name: str | None = None) -> int | None:
        voice = dataclasses.replace(bundle.voice, default_speaker=default)
        [segment] = synth.load(dataclasses.replace(bundle, voice=voice)).plan(
            "abc.", synth.Style(speaker=name)
        )
        return segment.speaker

    assert (speaker(None), speaker(0), speaker(3)) == (0, 0, 3)
    assert speaker(3, SPEAKERS[1]) == 1
    with pytest.raises(BadRecord, match="default_speaker is 5; the model's speakers are 0 to 4"):
        speaker(5)


@pytest.fixture
def speakers_daemon(tmp_path: Path) -> Iterator[ThreadDaemon]:
    """A voice of five speakers, with random weights (3 s)."""
    _, path = write_voice(VOICES["speakers"], tmp_path)
    config = json.loads(path.read_text())
    config |= {
        "espeak": {"voice": "en-us"},
        "phoneme_type": "text",
        "phoneme_id_map": {c: [i] for i, c in enumerate("_^$ .abc")},
        "speaker_id_map": {name: i for i, name in enumerate(SPEAKERS)},
    }
    path.write_text(json.dumps(config))
    (tmp_path / "random.yaml").write_text(DESCRIPTION)
    wish = Wish(str(tmp_path / "random.yaml"), "x86-64", "fp32")
    bundle = build_bundle(wish, tmp_path / "bundle", tmp_path / "cache", lambda *_: None)
    running = ThreadDaemon(tmp_path / "speakers.sock", [bundle])
    yield running
    running.stop()


def test_ssml_is_spoken_and_a_mistake_is_refused_with_its_place(daemon: ThreadDaemon) -> None:
    """As Wyoming's own clients send it; the connection goes on."""
    silence = Synthesize("<speak>One.<break time='250ms'/></speak>", text_format="ssml")
    spoken, refused, plain = talk(
        daemon, silence, Synthesize("<speak>One", text_format="ssml"), Synthesize("One.")
    )
    assert samples(spoken) == samples(plain) + bytes(2 * round(22_050 * 0.25))
    error = Error.from_event(refused[0])
    assert (
        error.code == "bad-ssml" and error.text == "ssml: line 1, column 1: <speak> is not closed"
    )


def test_plain_text_keeps_its_tags(daemon: ThreadDaemon) -> None:
    text = "<speak>One <break/> two</speak>"
    tags, plain = talk(daemon, Synthesize(text), Synthesize(text, text_format="text"))
    assert samples(tags) == samples(plain) and len(samples(tags)) > 2 * 2 * 3969


def test_a_stream_of_ssml_is_one_sound(daemon: ThreadDaemon) -> None:
    async def run() -> list[Event]:
        async with AsyncClient.from_uri(f"unix://{daemon.path}") as client:
            await client.write_event(SynthesizeStart(text_format="ssml").event())
            for cut in ("<spe", "ak>One.<brea", "k time='1", "00ms'/> Two", ".</speak>"):
                await client.write_event(SynthesizeChunk(cut).event())
            await client.write_event(SynthesizeStop().event())
            events: list[Event] = []
            while not events or not AudioStop.is_type(events[-1].type):
                event = await asyncio.wait_for(client.read_event(), DEADLINE_S)
                assert event is not None
                events.append(event)
            return events

    assert len(samples(asyncio.run(run()))) == 2 * (2 * 3969 + 2205)


def test_one_answer_and_nothing_after_it(daemon: ThreadDaemon) -> None:
    """Home Assistant reads to the first audio-stop: a second one would end the next answer."""
    sound, pong = talk(daemon, Synthesize("One. Two. Three."), Ping())
    assert [event.type for event in sound if event.type != "audio-chunk"] == [
        "audio-start", "audio-stop"
    ]  # fmt: skip
    assert Pong.is_type(pong[0].type)


def test_no_words_are_no_sound(daemon: ThreadDaemon) -> None:
    [events] = talk(daemon, Synthesize("..."))
    assert samples(events) == b""


def test_a_stream_as_home_assistant_sends_it(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    async def run() -> list[Event]:
        async with AsyncClient.from_uri(f"unix://{daemon.path}") as client:
            await client.write_event(Describe().event())
            info = await client.read_event()
            assert info is not None
            assert Info.from_event(info).tts[0].supports_synthesize_streaming
            await client.write_event(SynthesizeStart(voice=SynthesizeVoice("tone")).event())
            for chunk in ("The kett", "le is ", "on. And the", " tea."):
                await client.write_event(SynthesizeChunk(chunk).event())
            await client.write_event(Synthesize("The kettle is on. And the tea.").event())
            await client.write_event(SynthesizeStop().event())
            events: list[Event] = []
            while not events or not SynthesizeStopped.is_type(events[-1].type):
                event = await asyncio.wait_for(client.read_event(), DEADLINE_S)
                assert event is not None
                events.append(event)
            return events

    *sound, _ = asyncio.run(run())
    [whole] = talk(daemon, Synthesize("The kettle is on. And the tea."))
    assert samples(sound) == samples(whole)


def test_a_stream_and_then_a_plain_request(daemon: ThreadDaemon) -> None:
    """On one connection, where wyoming-piper 2.5.2 ignores the second."""

    async def run() -> list[Event]:
        async with AsyncClient.from_uri(f"unix://{daemon.path}") as client:
            for request in (SynthesizeStart(), SynthesizeChunk(TEXT), SynthesizeStop()):
                await client.write_event(request.event())
            while not SynthesizeStopped.is_type((await _answer(client))[-1].type):
                pass
            await client.write_event(Synthesize(TEXT).event())
            return await asyncio.wait_for(_answer(client), DEADLINE_S)

    assert samples(asyncio.run(run()))


def test_over_tcp_through_systemds_proxy(daemon: ThreadDaemon) -> None:
    """As edge-voice-wyoming.socket and .service do it, without a system manager."""
    units = ROOT / "systemd"
    [line] = re.findall(
        "^ExecStart=(.*)$", (units / "edge-voice-wyoming.service").read_text(), re.MULTILINE
    )
    *proxy, _ = line.split()
    activate = shutil.which("systemd-socket-activate")
    assert activate and Path(proxy[0]).exists(), "sudo apt-get install -y systemd"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        [activate, "--listen", f"127.0.0.1:{port}", *proxy, daemon.path], stderr=subprocess.PIPE
    ) as running:
        assert running.stderr is not None
        assert b"Listening" in running.stderr.readline()
        try:
            overheard = asyncio.run(over_tcp(port))
        finally:
            running.terminate()
    assert samples(overheard) == samples(talk(daemon, Synthesize(TEXT))[0])


async def over_tcp(port: int) -> list[Event]:
    async with AsyncClient.from_uri(f"tcp://127.0.0.1:{port}") as client:
        await client.write_event(Synthesize(TEXT).event())
        return await asyncio.wait_for(_answer(client), DEADLINE_S)
