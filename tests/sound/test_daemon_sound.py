"""The daemon as a program, while its sound server dies, hangs and comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.protocol import (
    ErrorReply,
    Speak,
    SpeakCancelled,
    SpeakFinished,
    SpeakStarted,
    Status,
    StatusReport,
    Stop,
    Stopped,
    Synthesize,
)
from tests.helpers.daemon_under_test import ProcessDaemon, Wire
from tests.helpers.fakes import DEADLINE_S
from tests.sound.server import SoundServer

pytestmark = pytest.mark.sound

LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen."
SHORT = "One."


@pytest.fixture
def speaking(
    sound_server: SoundServer, tone_bundle: Bundle, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[ProcessDaemon]:
    """A daemon with the sound server's device; the fixture's parameter is how long it waits."""
    running = ProcessDaemon(
        tmp_path / "edge.sock",
        tone_bundle.path,
        options=["--device", "pulse", "--wait", str(getattr(request, "param", 20))],
    )
    yield running
    assert running.stop() == 0


def started(wire: Wire, id: str) -> None:
    wire.send(Speak(LONG, id=id))
    assert isinstance(wire.until(SpeakStarted)[-1], SpeakStarted)


def device(wire: Wire) -> str | None:
    wire.send(Status())
    report = wire.receive()
    assert isinstance(report, StatusReport)
    return report.device


def test_the_utterance_goes_on_when_the_server_is_back(
    speaking: ProcessDaemon, sound_server: SoundServer
) -> None:
    with speaking.connect() as wire, speaking.connect() as other:
        with sound_server.capture() as capture:
            started(wire, "a")
            capture.wait_for_sound()
            sound_server.kill()
        deadline = time.monotonic() + DEADLINE_S
        while device(other) != "pulse (lost)":  # each look waits for the daemon's answer
            assert time.monotonic() < deadline
        sound_server.start()
        assert isinstance(wire.until(SpeakFinished)[-1], SpeakFinished)


@pytest.mark.parametrize("speaking", [0.3], indirect=True)
def test_without_a_server_speech_is_an_error_and_synthesis_goes_on(
    speaking: ProcessDaemon, sound_server: SoundServer
) -> None:
    with speaking.connect() as wire:
        with sound_server.capture() as capture:
            started(wire, "a")
            capture.wait_for_sound()
            sound_server.kill()
        for id in ("a", "b"):  # one under way, one that finds no device at its start
            error = wire.until()[-1]
            assert isinstance(error, ErrorReply)
            assert (error.code, error.id) == ("no-sound-device", id)
            assert error.remedy
            wire.send(Speak(SHORT, id="b"))
        assert isinstance(wire.until()[-1], ErrorReply)  # the second of these
        wire.send(Synthesize(SHORT))
        assert wire.sound().any()
        sound_server.start()
        wire.send(Speak(SHORT, id="c"))
        assert isinstance(wire.until(SpeakFinished)[-1], SpeakFinished)


def test_while_the_server_hangs_the_daemon_answers_stops_and_ends(
    speaking: ProcessDaemon, sound_server: SoundServer
) -> None:
    with (
        sound_server.capture() as capture,
        speaking.connect() as wire,
        speaking.connect() as other,
    ):
        started(wire, "a")
        capture.wait_for_sound()
        sound_server.freeze()
        other.ping()
        other.send(Synthesize(SHORT))
        assert other.sound().any()
        other.send(Stop(scope="all"))
        assert other.receive() == Stopped(ids=("a",))
        assert isinstance(wire.until(SpeakCancelled)[-1], SpeakCancelled)
        heard = capture.count
        sound_server.thaw()
        wire.send(Speak(SHORT, id="b"))
        assert isinstance(wire.until(SpeakFinished)[-1], SpeakFinished)
        assert np.any(capture.samples()[heard:])
        started(wire, "c")
        sound_server.freeze()
        assert speaking.stop() == 0  # in the middle of a word
        sound_server.thaw()
