"""What the session's sound server is asked, and what comes of one that does not answer."""

from __future__ import annotations

import ctypes
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edge.sound.pulse import ServerSink, default_sink
from tests.helpers.fakes import DEADLINE_S
from tests.sound.server import SoundServer

pytestmark = pytest.mark.sound


@pytest.mark.parametrize("sound_server", [22050, 48000], indirect=True)
def test_its_sink_and_rate(sound_server: SoundServer) -> None:
    assert default_sink() == ServerSink("ci", sound_server.rate)


def test_none_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert default_sink() is None


def test_none_without_a_server(sound_server: SoundServer) -> None:
    sound_server.kill()
    assert default_sink() is None


def test_none_without_a_sink(sound_server: SoundServer) -> None:
    sound_server.remove_sink()
    assert default_sink() is None


def test_none_while_the_server_hangs(sound_server: SoundServer) -> None:
    sound_server.freeze()
    try:
        assert default_sink() is None
    finally:
        sound_server.thaw()


def test_none_with_an_address_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SERVER", "nonsense:nonsense:nonsense")
    assert default_sink() is None


def test_none_of_what_is_no_sound_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and says nothing."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "native"))
        listening.listen()
        monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'native'}")
        assert default_sink() is None


def test_none_without_memory_for_it(sound_server: SoundServer) -> None:
    """libpulse makes no context then, and ends a process that goes on with none."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_MEMORY], capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert done.returncode == 0 and done.stdout == "None\n", done.stderr


_WITHOUT_MEMORY = """
import ctypes, resource
from edge.sound.pulse import default_sink
ctypes.CDLL("libpulse.so.0")
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + (24 << 20)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
print(default_sink())
"""
"""Its pool is 64 MiB of addresses."""
