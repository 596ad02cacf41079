"""Runs inside the booted machine: starts the service, hurts it, and writes down what it saw."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

UNIT = "edge-voice.service"
HTTP = "edge-voice-http.service"
PROBE = "edge-voice-probe.service"
DROP_INS = Path("/etc/systemd/system/edge-voice.service.d")
SOCKET = Path("/run/edge-voice/edge-voice.sock")
HEARD = Path("/var/lib/edge-voice/heard.raw")
PROBE_ANSWERS = Path("/var/lib/edge-voice/probe.json")
SAY = ["/opt/edge-voice/bin/edge", "say", "The door is open."]
GROUP = ["setpriv", "--reuid=games", "--regid=games", "--groups=edge-voice"]
STRANGER = ["setpriv", "--reuid=games", "--regid=games", "--clear-groups"]
BUNDLE = ["--bundle", "/opt/ours/bundle"]
DEADLINE_S = 180


def run(*command: str) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
    return {"status": done.returncode, "said": (done.stdout + done.stderr).strip()}


def systemctl(*words: str) -> str:
    return str(run("systemctl", *words)["said"])


def show(name: str) -> str:
    return systemctl("show", "--value", f"--property={name}", UNIT)


def until(name: str, value: str) -> bool:
    """Whether the property gets this value in time."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if show(name) == value:
            return True
        time.sleep(0.02)  # systemd tells of changes over D-Bus only, which is not here
    return False


def first_client() -> dict[str, Any]:
    """Connecting starts the service; a stranger is told which group to join."""
    before = show("ActiveState")
    stranger = run(*STRANGER, *SAY)
    member = run(*GROUP, *SAY)
    return {
        "before": before,
        "stranger": stranger,
        "member": member,
        "heard": HEARD.stat().st_size if HEARD.exists() else 0,
        "state": show("ActiveState"),
        "told": show("StatusText"),
        "socket": oct(SOCKET.stat().st_mode & 0o777),
    }


def killed() -> dict[str, Any]:
    """A client that comes while the killed daemon starts again is answered, not refused."""
    pid = show("MainPID")
    os.kill(int(pid), 9)
    client = run(*GROUP, *SAY)
    return {"client": client, "another": show("MainPID") != pid, "restarts": show("NRestarts")}


def hung() -> dict[str, Any]:
    """A daemon that stands still is ended by the watchdog and started again."""
    until("ActiveState", "active")
    before = int(show("NRestarts"))
    os.kill(int(show("MainPID")), 19)  # SIGSTOP: every thread at once
    back = until("NRestarts", str(before + 1))
    client = run(*GROUP, *SAY)
    return {"back": back, "client": client}


def stopped() -> dict[str, Any]:
    """The socket stays when the service goes, and brings it back."""
    systemctl("stop", UNIT)
    result, state = show("Result"), show("ActiveState")
    return {"result": result, "state": state, "client": run(*GROUP, *SAY)}


def probe() -> dict[str, Any]:
    """What the sandbox lets a program do that runs in it instead of ours."""
    text = Path(f"/etc/systemd/system/{UNIT}").read_text(encoding="utf-8")
    command = f"ExecStart={sys.executable} -m tests.system.systemd.probe {PROBE_ANSWERS}"
    lines = [
        command if line.startswith("ExecStart=") else line
        for line in text.replace("Type=notify", "Type=oneshot").splitlines()
        if not line.startswith(("Restart=", "WatchdogSec=", "Requires=", "NotifyAccess="))
    ]
    lines.insert(lines.index(command), "Environment=PYTHONHOME=/opt/python PYTHONPATH=/opt/ours")
    Path(f"/etc/systemd/system/{PROBE}").write_text("\n".join(lines), encoding="utf-8")
    systemctl("daemon-reload")
    started = run("systemctl", "start", PROBE)
    if not PROBE_ANSWERS.exists():
        return {"started": started, "journal": run("journalctl", "-n", "20", "-u", PROBE)}
    found: dict[str, Any] = json.loads(PROBE_ANSWERS.read_text(encoding="utf-8"))
    return found


def doctor() -> dict[str, Any]:
    """What the service would see; the tone goes where speech goes."""
    HEARD.unlink()
    found = run("/opt/edge-voice/bin/edge", "doctor", "--as-service", "--json", *BUNDLE)
    return {**found, "heard": HEARD.stat().st_size if HEARD.exists() else 0}


def bridges() -> dict[str, Any]:
    """OpenAI's and Wyoming's clients over TCP, through services that have no network."""
    token = Path("/etc/edge-voice/http-token")
    token.write_text("0123456789abcdef0123456789abcdef", encoding="utf-8")
    token.chmod(0o600)
    started = run("systemctl", "start", "edge-voice-http.socket", "edge-voice-wyoming.socket")
    with socket.create_connection(("127.0.0.1", 10200), DEADLINE_S) as wyoming:
        wyoming.sendall(b'{"type":"describe"}\n{"type":"synthesize","data":{"text":"Hello."}}\n')
        lines = wyoming.makefile("rb")
        kinds = [json.loads(lines.readline())["type"]]
        while b'"audio-stop"' not in lines.readline():
            pass
    return {
        "started": started,
        "wyoming": kinds,
        "wav": speech(token.read_text(), "wav"),
        "mp3": speech(token.read_text(), "mp3"),
        "stranger": speech("wrong", "wav"),
    }


def speech(token: str, format: str) -> tuple[int, int]:
    """The status, and how many bytes came."""
    body = {"model": "tts-1", "input": "The door is open.", "response_format": format}
    request = urllib.request.Request(
        "http://127.0.0.1:8880/v1/audio/speech",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return answer.status, len(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, len(refused.read())
    except OSError as error:
        journal = run("journalctl", "--no-pager", "-o", "cat", "-n", "20", "-u", HTTP)["said"]
        raise AssertionError(journal) from error


STEPS: list[Callable[[], dict[str, Any]]] = [
    first_client,
    killed,
    hung,
    stopped,
    bridges,
    doctor,
    probe,
]


def main(answers: Path) -> None:
    run("systemd-sysusers")
    run("systemd-tmpfiles", "--create")
    DROP_INS.mkdir()
    # Short, so that the test is; and Debian's seconds of patience with a stopped process too.
    (DROP_INS / "test.conf").write_text(
        "[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\nRestartSec=0.2\n"
        "ExecStart=\n"
        "ExecStart=/opt/edge-voice/bin/edge serve --bundle /opt/ours/bundle --any-board\n",
        encoding="utf-8",
    )
    systemctl("daemon-reload")
    systemctl("start", "edge-voice.socket")
    found: dict[str, Any] = {}
    for step in STEPS:
        found[step.__name__] = step()
    found["journal"] = run("journalctl", "--no-pager", "-o", "cat", "-u", UNIT)["said"]
    part = answers.with_suffix(".part")
    part.write_text(json.dumps(found), encoding="utf-8")
    shutil.move(part, answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
