"""A service without a voice, or with a mistake in a file: it waits, and begins by itself."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.protocol import ErrorReply, Ping, Pong, Reload, Reloaded, Speak, Status, Synthesize
from tests.helpers.daemon_under_test import ROOT, ProcessDaemon
from tests.helpers.fakes import DEADLINE_S

ONE = "One sentence of words."


class Manager:
    """What systemd is told by a daemon that it started."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(DEADLINE_S)
        self.environment = os.environ | {
            "NOTIFY_SOCKET": str(folder / "notify"),
            "PYTHONPATH": str(ROOT),
        }

    def hears(self) -> str:
        return self._socket.recv(1 << 16).decode()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path)
    yield manager
    manager.close()


class WaitingDaemon(ProcessDaemon):
    """`edge serve` as a service that finds no bundle in the folder `bundles`."""

    def __init__(self, folder: Path, manager: Manager, options: tuple[str, ...] = ()) -> None:
        self.bundles = folder / "bundles"
        self.bundles.mkdir(exist_ok=True)
        super().__init__(
            folder / "edge.sock",
            self.bundles,
            options=options,
            environment=manager.environment,
            ready="Until then it waits",
        )


def test_it_waits_and_tells_systemd_the_journal_and_every_client_what_to_do(
    tmp_path: Path, manager: Manager
) -> None:
    daemon = WaitingDaemon(tmp_path, manager)
    told = manager.hears()
    assert told.startswith("READY=1\nSTATUS=Waits: no bundle for this board in ")
    assert "edge build" in told  # here is a clone, which can build
    for request in (Speak(ONE), Synthesize(ONE), Status()):
        with daemon.connect() as wire:
            wire.send(Ping(text="a"), request)
            assert wire.receive() == Pong(text="a")
            answer = wire.receive()
            assert isinstance(answer, ErrorReply) and answer.code == "no-bundle"
            assert answer.remedy and answer.remedy in told
    assert daemon.stop() == 0
    assert "".join(daemon.said).count("no bundle for this board") == 1
    assert not daemon.path.exists()


@pytest.mark.parametrize("tell", ["reload", "hangup"])
def test_a_bundle_that_comes_is_spoken_with(
    tmp_path: Path, manager: Manager, tone_bundle: Bundle, tell: str
) -> None:
    daemon = WaitingDaemon(tmp_path, manager)
    manager.hears()
    with daemon.connect() as early:
        early.ping()
        shutil.copytree(tone_bundle.path, daemon.bundles / "tone")
        if tell == "reload":
            with daemon.connect() as wire:
                wire.send(Reload())
                assert wire.receive() == Reloaded(("voice tone is new",))
        else:
            daemon.process.send_signal(signal.SIGHUP)
        assert early.receive() is None  # it may come again, and finds the daemon that speaks
    assert manager.hears() == "STATUS=Loads tone"
    with daemon.connect() as wire:
        wire.send(Synthesize(ONE))
        assert wire.sound().any()
    assert manager.hears() == "READY=1\nSTATUS=Speaks tone"
    daemon.process.send_signal(signal.SIGHUP)  # the reload of a daemon that speaks
    daemon.wait_for("reloaded")
    assert daemon.stop() == 0
    assert not daemon.path.exists()


def test_a_reload_in_vain_is_answered_with_what_is_missing_now(
    tmp_path: Path, manager: Manager, tone_bundle: Bundle
) -> None:
    daemon = WaitingDaemon(tmp_path, manager)
    manager.hears()
    shutil.copytree(tone_bundle.path, daemon.bundles / "tone")
    (daemon.bundles / "tone/voice.yaml").write_text("format: 1\n", encoding="utf-8")
    with daemon.connect() as wire:
        wire.send(Reload())
        answer = wire.receive()
        assert isinstance(answer, ErrorReply) and answer.code != "no-bundle"
        wire.send(Speak(ONE))
        assert wire.receive() == answer
    assert answer.text in manager.hears()
    assert daemon.stop() == 0


def test_a_mistake_in_the_lexicon_is_waited_for_too(
    tmp_path: Path, manager: Manager, tone_bundle: Bundle
) -> None:
    lexicon, config = tmp_path / "lexicon.yaml", tmp_path / "config.yaml"
    lexicon.write_text("format: 1\nlanguages: {en: {say: {'': nothing}}}\n", encoding="utf-8")
    config.write_text(f"format: 1\nlexicon: {lexicon}\n", encoding="utf-8")
    shutil.copytree(tone_bundle.path, tmp_path / "bundles/tone")
    daemon = WaitingDaemon(tmp_path, manager, ("--config", str(config)))
    assert str(lexicon) in manager.hears()
    lexicon.write_text("format: 1\nlanguages: {en: {say: {SQL: sequel}}}\n", encoding="utf-8")
    with daemon.connect() as wire:
        wire.send(Reload())
        assert wire.receive() == Reloaded(("voice tone is new",))
    daemon.wait_for("ready on")
    assert daemon.stop() == 0
