"""A daemon that takes another bundle or configuration while it speaks, and who may speak to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.bundle.install import install
from edge.bundle.store import MAX_STARTS, Starts, find_bundles, write_starts
from edge.client import Client
from edge.config import Access, AudioKeys, Config
from edge.daemon.access import Peer, Rules
from edge.errors import BadRecord, Busy, NotAllowed
from edge.machine import boot_id
from edge.protocol import (
    ErrorReply,
    Reload,
    Reloaded,
    Speak,
    SpeakAccepted,
    SpeakCancelled,
    SpeakFinished,
    Status,
    StatusReport,
    Stop,
    Synthesize,
)
from tests.helpers.daemon_under_test import ROOT, ProcessDaemon, ThreadDaemon, Wire
from tests.helpers.fakes import DEADLINE_S

TEXT = "One sentence of words."


class Installed:
    """A folder of installed bundles, and a configuration, that a daemon reads again."""

    def __init__(self, root: Path) -> None:
        self.root, self.config = root, Config()
        self.failure: Exception | None = None

    def put(self, bundle: Bundle) -> None:
        install(bundle.path, self.root, None, lambda folder: None)

    def read(self) -> tuple[list[Bundle], Config]:
        if self.failure:
            raise self.failure
        return find_bundles([self.root], None, any_board=True), self.config


@pytest.fixture
def installed(tmp_path: Path, tone_bundle: Bundle) -> Installed:
    made = Installed(tmp_path / "bundles")
    made.put(tone_bundle)
    return made


@pytest.fixture
def running(installed: Installed, tmp_path: Path) -> Iterator[ThreadDaemon]:
    daemon = ThreadDaemon(tmp_path / "edge.sock", installed.read()[0], installed.read)
    yield daemon
    daemon.stop()


def reload(wire: Wire) -> tuple[str, ...]:
    wire.send(Reload())
    answer = wire.until(Reloaded)[-1]
    assert isinstance(answer, Reloaded), answer
    return answer.changed


def report(wire: Wire) -> StatusReport:
    wire.send(Status())
    answer = wire.receive()
    assert isinstance(answer, StatusReport)
    return answer


def until_accepted(wire: Wire, count: int) -> None:
    """Read until so many are accepted: the first may begin before the last is."""
    accepted = 0
    while accepted < count:
        accepted += isinstance(wire.receive(), SpeakAccepted)


def test_nothing_is_lost_by_an_exchange(
    running: ThreadDaemon, installed: Installed, newer_tone: Bundle
) -> None:
    """What was accepted is spoken by the bundle of then, what comes later by the new one."""
    loaded = running.server.voices._loaded
    running.card.give_room(1)
    with running.connect() as speaking, running.connect() as other:
        speaking.send(*(Speak(TEXT, id=f"old-{n}") for n in range(3)))
        until_accepted(speaking, 3)
        running.card.wait_until_held()
        installed.put(newer_tone)
        [sentence] = reload(other)
        assert newer_tone.id[:12] in sentence
        former, current = loaded.items()
        assert former[1] is not current[1] and current[0] == f"tone@{newer_tone.id[:8]}"
        speaking.send(Speak(TEXT, id="new"))
        running.card.give_room()
        ended = [
            reply
            for _ in range(4)
            for reply in speaking.until(SpeakFinished)
            if isinstance(reply, SpeakFinished)
        ]
        assert [end.id for end in ended] == ["old-0", "old-1", "old-2", "new"]
        assert list(loaded) == [current[0]]  # the former is let go
        assert reload(other) == ()
        other.send(Synthesize(TEXT))
        assert other.sound().any()


def test_a_former_model_is_let_go_though_nothing_more_is_said(
    running: ThreadDaemon, installed: Installed, newer_tone: Bundle
) -> None:
    loaded, gone = running.server.voices._loaded, threading.Event()
    weakref.finalize(loaded["tone"], gone.set)
    running.card.give_room(1)
    with running.connect() as speaking, running.connect() as other:
        speaking.send(Speak("word " * 200))  # more than is made ahead
        running.card.wait_until_held()
        installed.put(newer_tone)
        reload(other)
        speaking.send(Stop())
        speaking.until(SpeakCancelled)
        assert gone.wait(DEADLINE_S), "two models are held"


def test_there_and_back(
    running: ThreadDaemon, installed: Installed, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    with running.connect() as wire:
        for bundle in (newer_tone, tone_bundle, newer_tone):
            installed.put(bundle)
            assert len(reload(wire)) == 1
            [told] = report(wire).voices
            assert (told.name, told.bundle, told.provider) == ("tone", bundle.id, "none")
            wire.send(Synthesize(TEXT))
            assert wire.sound().any()
            assert len(running.server.voices._loaded) == 1


def test_a_voice_that_is_new_and_one_that_is_gone(
    running: ThreadDaemon, installed: Installed, second_bundle: Bundle
) -> None:
    with running.connect() as wire:
        installed.put(second_bundle)
        assert reload(wire)[0] == "voice second is new"
        assert {voice.name for voice in report(wire).voices} == {"tone", "second"}
        wire.send(Synthesize(TEXT))
        (installed.root / "second" / "current").unlink()
        with running.connect() as other:
            assert reload(other) == ("voice second is gone",)
        assert wire.sound().any()


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (BadRecord("config.yaml: audio.volume: wrong", ""), "bad-record", "audio.volume: wrong"),
        (MemoryError(), "model-failed", "MemoryError"),
    ],
)
def test_a_reload_that_fails_changes_nothing_and_is_told(
    running: ThreadDaemon, installed: Installed, failure: Exception, code: str, words: str
) -> None:
    installed.failure = failure
    with running.connect() as wire:
        wire.send(Reload())
        answer = wire.receive()
        assert isinstance(answer, ErrorReply) and answer.code == code
        assert words in report(wire).warnings[0]
        wire.send(Synthesize(TEXT))
        assert wire.sound().any()
        installed.failure = None
        assert reload(wire) == () and report(wire).warnings == ()


def test_a_client_that_only_asks_and_shuts_its_half_is_answered(running: ThreadDaemon) -> None:
    with running.connect() as wire:
        wire.send(Reload())
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.receive() == Reloaded() and wire.receive() is None


def test_what_sounds_is_not_dropped_by_a_new_volume(
    running: ThreadDaemon, installed: Installed
) -> None:
    running.card.give_room(1)
    with running.connect() as wire, running.connect() as other:
        wire.send(Speak(TEXT, id="a"))
        running.card.wait_until_held()
        installed.config = Config(audio=AudioKeys(volume=50))
        assert reload(other) == ("audio.volume is changed",)
        wire.send(Speak(TEXT, id="b"))
        running.card.give_room()
        for _ in range(2):
            wire.until(SpeakFinished)
    heard = abs(running.card.heard())
    heard = heard[: heard.nonzero()[0][-1]]
    quarter = len(heard) // 4
    assert heard[-quarter:].max() == pytest.approx(heard[:quarter].max() / 2, rel=1e-3)


def test_sighup_and_a_bad_file(tmp_path: Path, tone_bundle: Bundle) -> None:
    """The real process, its file and its log."""
    path = tmp_path / "config.yaml"
    path.write_text("audio: {volume: 50}\n", encoding="utf-8")
    daemon = ProcessDaemon(
        tmp_path / "edge.sock", tone_bundle.path, options=("--config", str(path))
    )
    with Client(daemon.path) as client:
        path.write_text("audio: {volume: 60}\n", encoding="utf-8")
        assert client.reload() == ("audio.volume is changed",)
        path.write_text("audio: {volume: loud}\n", encoding="utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("the last reload changed nothing")
        assert "audio.volume: expected a whole number" in client.status().warnings[0]
        path.write_text("{}", encoding="utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("reloaded: audio.volume is changed")
        assert client.status().warnings == ()
    assert daemon.stop() == 0


def test_installing_exchanges_the_voice_of_a_running_daemon(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    """With the commands that people type."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path),
        "EDGE_VOICE_SOCKET": str(tmp_path / "edge.sock"),
    }

    def edge(*arguments: str | Path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "edge", *map(str, arguments)],
            capture_output=True, text=True, timeout=DEADLINE_S, env=environment, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "no daemon runs" in edge("install", "--any-board", tone_bundle.path)
    daemon = ProcessDaemon(tmp_path / "edge.sock", None, environment=environment)
    said = edge("install", "--any-board", newer_tone.path)
    assert "edge rollback tone" in said and f"tone is tone--x86-64--{newer_tone.id[:12]}" in said
    assert f"was tone--x86-64--{newer_tone.id[:12]}" in edge("rollback", "tone")
    assert edge("reload") == "nothing has changed\n"
    daemon.stop()
    home = tmp_path / "state" / "edge-voice" / "bundles" / "tone"
    bundle = (home / "current").readlink().name
    write_starts(home, Starts(bundle, MAX_STARTS, boot_id()))
    daemon = ProcessDaemon(tmp_path / "edge.sock", None, environment=environment)
    assert "went back from" in "".join(daemon.said)
    status = edge("status")
    assert "warning" in status and "went back from" in status and bundle in status
    daemon.stop()


# Who may speak


def test_who_is_admitted() -> None:
    me, root, stranger = Peer(1, os.geteuid(), 0), Peer(1, 0, 0), Peer(1, 54_321, 54_321)

    def admit(peer: Peer, access: Access, others: list[Peer]) -> None:
        rules = Rules.of(access)
        rules.check_listed(peer)
        rules.check_places(peer, others)

    admit(stranger, Access(), [])
    for access in (Access(users=(54_320,)), Access(groups=(54_320,))):
        admit(me, access, [])
        admit(root, access, [])
        with pytest.raises(NotAllowed, match="54321"):
            admit(stranger, access, [])
    admit(stranger, Access(users=(54_321,)), [])
    admit(stranger, Access(groups=(54_321,)), [])
    few = Access(clients_per_user=2)
    admit(stranger, few, [stranger, me, me])
    with pytest.raises(Busy, match="2 clients"):
        admit(stranger, few, [stranger, me, stranger])


def test_the_kernel_says_who_is_there() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        groups = frozenset(os.getgroups())
        assert Peer.of(ours) == Peer(os.getpid(), os.geteuid(), os.getegid(), groups)


def test_limits_of_a_user(running: ThreadDaemon, installed: Installed) -> None:
    installed.config = Config(access=Access(clients_per_user=2, utterances_per_user=3))
    running.card.give_room(0)
    with running.connect() as wire, running.connect() as other:
        reload(wire)
        wire.send(*(Speak(TEXT) for _ in range(2)))
        until_accepted(wire, 2)
        other.send(Speak(TEXT), Speak(TEXT), Synthesize(TEXT))
        accepted, *refused = [other.receive() for _ in range(3)]
        assert isinstance(accepted, SpeakAccepted)
        assert all(isinstance(r, ErrorReply) and r.code == "busy" for r in refused)
        with running.connect() as third:
            answer = third.receive()
            assert isinstance(answer, ErrorReply) and answer.code == "busy"
            assert third.receive() is None
        other.ping()
