"""Which devices there are, as a child process tells it; PortAudio looks here for new ones only."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.errors import NoSoundDevice
from edge.sound import devices, lookup
from edge.sound.portaudio import PortAudioSink
from edge.sound.settings import Output
from tests.sound.server import SoundServer

pytestmark = pytest.mark.sound


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An entry for each time that PortAudio was made to look in this process."""
    looks: list[str] = []

    def refresh() -> None:
        looks.append("look")
        devices.refresh()

    monkeypatch.setattr(lookup, "refresh", refresh)
    return looks


def test_a_child_tells_what_there_is(sound_server: SoundServer) -> None:
    assert lookup.devices_now() == devices.list_devices()
    sound_server.kill()
    assert "pulse" not in [device.name for device in lookup.devices_now()]


def test_a_device_that_was_known_is_not_looked_for_here(
    sound_server: SoundServer, looked: list[str]
) -> None:
    """However often it is lost and asked for."""
    with contextlib.closing(PortAudioSink(Output("pulse"), 48000)) as sink:
        for _ in range(2):
            sink.write(np.full(480, 0.1, np.float32))
            sound_server.kill()
            for _ in range(20):
                with contextlib.suppress(NoSoundDevice):
                    sink.write(np.full(480, 0.1, np.float32))
            with pytest.raises(NoSoundDevice, match="sound device"):
                sink.write(np.full(480, 0.1, np.float32))
            sound_server.start()
        sink.write(np.full(480, 0.1, np.float32))
    assert not looked


def test_a_new_device_is_looked_for_once(sound_server: SoundServer, looked: list[str]) -> None:
    sound_server.kill()
    devices.refresh()
    with contextlib.closing(PortAudioSink(Output("pulse"), 48000)) as sink:
        for _ in range(2):
            with pytest.raises(NoSoundDevice):
                sink.write(np.full(480, 0.1, np.float32))
        assert not looked
        sound_server.start()
        sink.write(np.full(480, 0.1, np.float32))
    assert looked == ["look"]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo oh no >&2; exit 3", "oh no"),
        ("exit 3", "exit status 3"),
        ("echo nonsense", "Expecting value"),
        (None, "No such file"),
    ],
)
def test_a_child_that_fails_says_why(
    script: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    if script is not None:
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
        program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(NoSoundDevice, match=f"cannot look for sound devices: .*{told}") as caught:
        lookup.devices_now()
    assert "edge doctor" in caught.value.remedy


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(lookup, "TIMEOUT_S", 0.2)
    with pytest.raises(NoSoundDevice, match="no answer within"):
        lookup.devices_now()
