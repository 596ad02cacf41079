"""The daemon as a process: its signals, its place in the file system, what it loads and logs."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.bundle.store import find_bundles
from edge.daemon.listener import claim
from edge.errors import SocketInUse
from edge.protocol import (
    AudioStart,
    AudioStop,
    Describe,
    ErrorReply,
    Info,
    Reload,
    Reloaded,
    Speak,
    SpeakAccepted,
    SpeakCancelled,
    Status,
    StatusReport,
    Synthesize,
)
from tests.helpers.daemon_under_test import ROOT, ProcessDaemon, ThreadDaemon, Wire, serve_command
from tests.helpers.fakes import DEADLINE_S

ONE, TWO = "One sentence of words.", "Another one of more words than that."
LONG = "word " * 1900  # six minutes of beeps


def test_sigterm_during_speech(process_daemon: ProcessDaemon) -> None:
    with process_daemon.connect() as wire, process_daemon.connect() as other:
        other.ping()
        wire.send(Synthesize(LONG))
        assert isinstance(wire.receive(), AudioStart)
        process_daemon.process.send_signal(signal.SIGTERM)
        last = wire.until(AudioStop)[-1]
        assert isinstance(last, ErrorReply) and last.code == "connection-lost"
        assert wire.receive() is None and other.receive() is None
        assert process_daemon.wait() == 0
    assert not process_daemon.path.exists()


def test_who_is_connected_is_answered_without_descriptors(process_daemon: ProcessDaemon) -> None:
    """Unless the answer is in files: a reload, or the rules of a language at their first use."""
    pid, files = process_daemon.process.pid, resource.RLIMIT_NOFILE
    with process_daemon.connect() as wire:
        wire.send(Synthesize(ONE))
        assert len(wire.sound())
        limits = resource.prlimit(pid, files)
        resource.prlimit(pid, files, (3, limits[1]))
        wire.send(Status(), Describe(), Synthesize(ONE))
        assert isinstance(wire.receive(), StatusReport)
        assert isinstance(wire.receive(), Info)
        assert len(wire.sound())
        wire.send(Reload())
        refused = wire.receive()
        assert isinstance(refused, ErrorReply) and "Too many open files" in refused.text
        assert refused.code == "busy"  # no bundle is damaged
        resource.prlimit(pid, files, limits)
        wire.send(Reload())
        assert isinstance(wire.receive(), Reloaded)


def test_speech_is_cancelled_by_the_shutdown(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(1)
    with daemon.connect() as wire:
        wire.send(Speak(LONG, id="a"), Speak(ONE, id="b"))
        for _ in range(2):
            wire.until(SpeakAccepted)  # `b` comes after the rest that `a` costs
        daemon.card.wait_until_held()
        daemon.stop()
        events = [e for e in wire.until() if isinstance(e, SpeakCancelled)]
    assert events == [SpeakCancelled("a", "shutdown"), SpeakCancelled("b", "shutdown")]


def test_a_killed_daemon_leaves_a_socket_that_the_next_one_takes(
    process_daemon: ProcessDaemon, tone_bundle: Bundle
) -> None:
    process_daemon.process.kill()
    assert process_daemon.wait() == -signal.SIGKILL
    assert process_daemon.path.exists()
    again = ProcessDaemon(process_daemon.path, tone_bundle.path)
    with again.connect() as wire:
        wire.ping()
    assert again.stop() == 0


def test_a_second_daemon_is_refused(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    command = serve_command(daemon.path, tone_bundle.path)
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=DEADLINE_S)
    assert done.returncode == 1
    assert f"another daemon listens on {daemon.path}" in done.stderr
    assert "Traceback" not in done.stderr
    with daemon.connect() as wire:
        wire.ping()


def test_the_socket_is_for_its_owner_and_group(daemon: ThreadDaemon) -> None:
    assert stat.S_IMODE(daemon.path.stat().st_mode) == 0o660


@pytest.mark.parametrize("name", ["x" * 120, "missing/edge.sock", "file"])
def test_a_place_that_cannot_be_a_socket(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("somebody's", encoding="utf-8")
    with pytest.raises(SocketInUse) as raised, claim(tmp_path / name):
        pass
    assert raised.value.remedy
    assert (tmp_path / "file").read_text(encoding="utf-8") == "somebody's"


def test_a_half_built_bundle_does_not_stop_the_daemon(tone_bundle: Bundle) -> None:
    folder = tone_bundle.path.parent
    (folder / ".tone.killed").mkdir()
    (folder / ".tone.killed" / "manifest.json").write_text("{", encoding="utf-8")
    try:
        assert [b.path for b in find_bundles([folder], None, any_board=True)] == [tone_bundle.path]
    finally:
        (folder / ".tone.killed" / "manifest.json").unlink()
        (folder / ".tone.killed").rmdir()


def test_the_daemon_loads_nothing_of_a_build(process_daemon: ProcessDaemon) -> None:
    """Nor onnxruntime for a voice that needs none: memory on a small board."""
    code = (
        "import sys, threading, asyncio\n"
        "from pathlib import Path\n"
        "from edge.client import Client\n"
        "from edge.bundle.store import find_bundles\n"
        "from edge.daemon.server import Server\n"
        "from edge.protocol import Synthesize\n"
        "async def main():\n"
        "    server = Server(find_bundles([Path(sys.argv[1])], None, True), None)\n"
        "    task = asyncio.create_task(server.run(Path(sys.argv[2])))\n"
        "    while not Path(sys.argv[2]).exists(): await asyncio.sleep(0)\n"
        "    def ask():\n"
        "        with Client(Path(sys.argv[2])) as c:\n"
        "            return list(c.synthesize(Synthesize('Hi.')))\n"
        "    assert await asyncio.to_thread(ask)\n"
        "    server.stop(); await task\n"
        "asyncio.run(main())\n"
        "print(*sorted(sys.modules))\n"
    )
    folder = process_daemon.path.parent
    bundle = process_daemon.process.args[-1]  # type: ignore[index]
    done = subprocess.run(
        [sys.executable, "-c", code, str(bundle), str(folder / "other.sock")],
        capture_output=True, text=True, cwd=ROOT, timeout=DEADLINE_S, check=True,
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert "edge.daemon.server" in loaded
    assert not loaded & {"onnx", "onnxruntime", "torch", "edge.bundler", "wyoming"}


def test_spoken_text_reaches_no_log(
    tmp_path: Path, tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = ProcessDaemon(tmp_path / "edge.sock", tone_bundle.path)
    with daemon.connect() as wire:
        wire.send(Synthesize("Zanzibar."), Speak("Zanzibar."), Speak("Zanzibar.", voice="x"))
        wire.until()
        wire.send(b'{"type":"Zanzibar\n')
        wire.until()
    daemon.stop()
    assert "Zanzibar" not in "".join(daemon.said)


def test_a_disk_that_cannot_be_written_silences_nobody(
    tmp_path: Path, tone_bundle: Bundle
) -> None:
    """The folder for phrases is on a card that has turned read-only; here, where nobody may."""
    daemon = ProcessDaemon(
        tmp_path / "edge.sock", tone_bundle.path, options=["--phrase-cache", "/proc/phrases"]
    )
    with daemon.connect() as wire:
        wire.send(Synthesize(ONE))
        assert wire.sound().any()
        wire.send(Status())
        report = wire.receive()
    assert daemon.stop() == 0
    assert isinstance(report, StatusReport)
    [warning] = report.warnings
    assert "/proc/phrases" in warning


@pytest.mark.parametrize("fault", ["no-bundle", "bad-record"])
def test_who_waits_at_systemds_socket_hears_why_no_daemon_speaks(
    tmp_path: Path, tone_bundle: Bundle, fault: str
) -> None:
    """As on a board where no voice is installed yet, or a pronunciation is wrong."""
    activate = shutil.which("systemd-socket-activate")
    assert activate, "sudo apt-get install -y systemd"
    path = tmp_path / "edge.sock"
    (tmp_path / "bundles").mkdir()
    (tmp_path / "lexicon.yaml").write_text("format: 1\nlanguages: {en: {say: {'': nothing}}}\n")
    config = tmp_path / "config.yaml"
    config.write_text(f"format: 1\nlexicon: {tmp_path / 'lexicon.yaml'}\n")
    here = tmp_path / "bundles" if fault == "no-bundle" else tone_bundle.path
    command = [*serve_command(path, here), "--config", str(config)]
    environment = [word for name in os.environ for word in ("--setenv", name)]
    with subprocess.Popen(
        [activate, *environment, "--listen", path, *command],
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as running:
        assert running.stderr is not None
        while b"Listening" not in (said := running.stderr.readline()):
            assert said
        with Wire(path) as wire:
            wire.send(Speak(ONE, id="a"))
            answer = wire.receive()
            assert isinstance(answer, ErrorReply) and answer.code == fault
            assert wire.receive() is None
        assert answer.text.encode() in running.stderr.read()
    assert running.returncode == 1


@pytest.mark.parametrize(
    "broken, thread",
    [
        ("edge.daemon.schedule.Schedule.next_job", "synthesis"),
        ("edge.sound.lanes.Lanes.waiting", "playback"),
    ],
)
def test_a_thread_that_ends_takes_the_daemon_with_it(
    tone_bundle: Bundle, tmp_path: Path, broken: str, thread: str
) -> None:
    """Where no watchdog is, it would live on and never speak again."""
    code = (
        "import pkgutil, sys\n"
        "from edge.cli import run\n"
        "def breaks(*_, **__): raise RuntimeError('Zanzibar')  # could be a text\n"
        "owner, _, name = sys.argv.pop(1).rpartition('.')\n"
        "owner = pkgutil.resolve_name(owner)\n"
        "is_property = isinstance(getattr(owner, name), property)\n"
        "setattr(owner, name, property(breaks) if is_property else breaks)\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    command = serve_command(tmp_path / "edge.sock", tone_bundle.path)
    done = subprocess.run(
        [sys.executable, "-c", code, broken, *command[command.index("serve") :]],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 70, done.stderr
    assert f"the thread {thread} ended by RuntimeError" in done.stderr
    assert "Zanzibar" not in done.stderr and "Traceback" not in done.stderr
