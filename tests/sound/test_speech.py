"""The whole path: `edge serve` and `edge say` as programs, a real sound server, what it played."""

from __future__ import annotations

import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.protocol import Status, StatusReport
from tests.helpers.daemon_under_test import ROOT, ProcessDaemon
from tests.helpers.fakes import DEADLINE_S
from tests.sound.server import SoundServer

pytestmark = pytest.mark.sound

TRIES = 6

at_the_voice_s_rate = pytest.mark.parametrize("sound_server", [24000], indirect=True)


def edge_say(path: Path, *arguments: str | Path) -> None:
    command = [sys.executable, "-m", "edge", "say", "--socket", path, *arguments]
    subprocess.run(command, check=True, cwd=ROOT, timeout=3 * DEADLINE_S)


def written(path: Path, folder: Path, text: str) -> np.ndarray:
    """What `edge say --out` makes of the text."""
    edge_say(path, "--out", folder / "said.wav", text)
    with wave.open(str(folder / "said.wav"), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def heard_whole(server: SoundServer, daemon: ProcessDaemon, text: str) -> np.ndarray:
    """What the server plays of the text. A machine with other work may leave the daemon no time,
    which it counts as silence within an utterance; then the text is said again."""
    for _ in range(TRIES):
        before = starved(daemon)
        with server.capture() as capture:
            edge_say(daemon.path, text)
            heard = np.trim_zeros(capture.heard())
        if starved(daemon) == before:
            return heard
    pytest.fail(f"the daemon starved {TRIES} times")


def starved(daemon: ProcessDaemon) -> int:
    """How often the daemon had no sound when it was due."""
    with daemon.connect() as wire:
        wire.send(Status())
        report = wire.receive()
    assert isinstance(report, StatusReport)
    return report.counters["gaps"] + report.counters["underruns"]


@pytest.fixture
def daemon(
    sound_server: SoundServer, heart_bundle: Bundle, tmp_path: Path
) -> Iterator[ProcessDaemon]:
    """Started after the sound server, whose address it takes from the environment."""
    running = ProcessDaemon(tmp_path / "edge.sock", heart_bundle.path)
    yield running
    running.stop()


@pytest.mark.voice
@at_the_voice_s_rate
def test_what_is_heard_is_what_was_synthesized_sample_for_sample(
    sound_server: SoundServer, daemon: ProcessDaemon, tmp_path: Path
) -> None:
    text = "The train to Oxford leaves at nine."
    wanted = np.trim_zeros(written(daemon.path, tmp_path, text))
    np.testing.assert_array_equal(heard_whole(sound_server, daemon, text), wanted)


@pytest.mark.voice
@at_the_voice_s_rate
def test_two_sentences_follow_each_other_without_a_gap(
    sound_server: SoundServer, daemon: ProcessDaemon, tmp_path: Path
) -> None:
    text = "The train is late. It leaves at ten, from platform two. Mind the gap."
    wanted = np.trim_zeros(written(daemon.path, tmp_path, text))
    np.testing.assert_array_equal(heard_whole(sound_server, daemon, text), wanted)
