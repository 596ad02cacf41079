"""The wyoming package's own client against the daemon, as Home Assistant uses it."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import numpy as np

from edge import synth
from edge.bundle import Bundle
from edge.pcm import to_int16
from edge.synth import Style
from tests.daemon_under_test import ThreadDaemon
from tests.fakes import DEADLINE_S

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
