"""Nothing that runs on the board opens a network socket: seen by strace, call by call.

AF_UNIX is the daemon's own socket and the sound server's. (AF_NETLINK, which getifaddrs and udev
use, would be seen here too; nothing opens one.)
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.protocol import Speak, SpeakFinished, Status, StatusReport, Synthesize
from tests.conftest import PROFILE
from tests.helpers.daemon_under_test import ROOT, ProcessDaemon, ThreadDaemon
from tests.helpers.fakes import DEADLINE_S

FAMILY = re.compile(r"\b(?:socket|socketpair)\((AF_\w+|\d+)|sa_family=(AF_\w+)")
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("PULSE_")}


@pytest.fixture(scope="module")
def strace() -> str:
    found = shutil.which("strace")
    assert found, "strace is not installed: sudo apt-get install -y strace"
    return found


def families(trace: Path) -> set[str]:
    calls = trace.read_text(encoding="utf-8")
    assert "execve" in calls, "strace saw nothing"
    return {made or named for made, named in FAMILY.findall(calls)}


def traced(strace: str, trace: Path) -> list[str]:
    return [strace, "-f", "-qq", "-e", "trace=execve,socket,socketpair,connect", "-o", str(trace)]


def run(command: Sequence[str], **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command, cwd=ROOT, env=ENVIRONMENT | environment, capture_output=True,
        timeout=3 * DEADLINE_S,
    )  # fmt: skip


def use(daemon: ProcessDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Synthesize("One sentence."))
        assert wire.sound().any()
        wire.send(Status())
        assert isinstance(wire.receive(), StatusReport)
        wire.send(Speak("One sentence."))
        wire.until(SpeakFinished)  # or no-sound-device, after having looked for one


@pytest.mark.parametrize("bundle", ["tone_bundle", "heart_bundle"])
def test_the_daemon_is_silent(
    strace: str, tmp_path: Path, request: pytest.FixtureRequest, bundle: str
) -> None:
    path = request.getfixturevalue(bundle).path
    trace = tmp_path / "trace"
    daemon = ProcessDaemon(tmp_path / "edge.sock", path, traced(strace, trace))
    children = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children")
    child = int(children.read_text(encoding="ascii"))
    try:
        use(daemon)
        loaded = Path(f"/proc/{child}/maps").read_text(encoding="utf-8")
    finally:
        os.kill(child, signal.SIGTERM)
        status = daemon.wait()
    assert status == 0
    assert ("onnxruntime" in loaded) == (bundle == "heart_bundle")
    assert families(trace) == {"AF_UNIX"}


COMMANDS = {
    "profiles": ["profiles", "--detect"],
    "voices": ["voices"],
    "inspect": ["inspect", "{bundle}"],
    "say": ["say", "--socket", "{socket}", "--out", "{folder}/a.wav", "Hello."],
    "say aloud": ["say", "--socket", "{socket}", "Hello."],
    "stop": ["stop", "--socket", "{socket}"],
    "status": ["status", "--socket", "{socket}"],
    "doctor": ["doctor", "--socket", "{socket}", "--bundle", "{bundle}"],
    "build, all files at hand": ["build", "tone", "--out", "{folder}/b", "--profile", PROFILE],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_silent(
    strace: str, tmp_path: Path, tone_bundle: Bundle, daemon: ThreadDaemon, name: str
) -> None:
    places = {"bundle": tone_bundle.path, "socket": daemon.path, "folder": tmp_path}
    arguments = [argument.format(**places) for argument in COMMANDS[name]]
    trace = tmp_path / "trace"
    done = run([*traced(strace, trace), sys.executable, "-m", "edge", *arguments])
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0 or name == "doctor", done.stderr
    assert families(trace) <= {"AF_UNIX"}


@pytest.mark.parametrize("theirs", [None, "0"])
def test_onnxruntime_does_not_report(
    tmp_path: Path, tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, theirs: str | None
) -> None:
    """It reads the variable with getenv when it is loaded; whatever the user has set, it is 1."""
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    if theirs is not None:
        monkeypatch.setenv("ORT_DISABLE_TELEMETRY", theirs)
    code = (
        "import ctypes, edge, edge.synth.session\n"
        "getenv = ctypes.CDLL(None).getenv\n"
        "getenv.restype = ctypes.c_char_p\n"
        "print(getenv(b'ORT_DISABLE_TELEMETRY').decode())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert done.stdout == "1\n", done.stderr


def test_the_daemon_works_without_a_network(tmp_path: Path, tone_bundle: Bundle) -> None:
    prefix = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
        pytest.skip("this system does not let users make network namespaces")
    daemon = ProcessDaemon(tmp_path / "edge.sock", tone_bundle.path, prefix)
    try:
        use(daemon)
    finally:
        status = daemon.stop()
    assert status == 0
