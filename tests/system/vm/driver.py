"""Runs inside the emulated board at each boot, as root: installs, speaks, hurts, removes.

The first boot installs and starts the machine again, the second does the rest. What was seen is
written into the folder that the host shares, after every step. Nothing but Python's own is here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOST = Path("/run/host")
ANSWERS = HOST / "answers.json"
UNIT = "edge-voice.service"
SENTENCES = json.loads((HOST / "sentences.json").read_text(encoding="utf-8"))
DEADLINE_S = 900
PAUSE_S = 1
"""Between two sentences, so that the recording can be cut."""


def run(*command: str) -> dict[str, Any]:
    begun = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        return {"status": None, "said": "no end", "seconds": DEADLINE_S}
    said = (done.stdout + done.stderr).strip()
    return {"status": done.returncode, "said": said, "seconds": time.monotonic() - begun}


def show(name: str) -> str:
    return str(run("systemctl", "show", "--value", f"--property={name}", UNIT)["said"])


def up() -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if show("ActiveState") == "active":
            return True
        time.sleep(1)
    return False


def say(number: int) -> dict[str, Any]:
    """As a person who may do nothing but speak."""
    found = run("runuser", "-u", "visitor", "--", "edge", "say", SENTENCES[number])
    time.sleep(PAUSE_S)
    return found


def leftovers() -> list[str]:
    places = ["/etc", "/opt", "/run", "/usr/bin", "/usr/lib", "/usr/share", "/var", "/home"]
    command = [
        "find",
        *places,
        "-path",
        str(HOST),
        "-prune",
        "-o",
        "-name",
        "*edge-voice*",
        "-print",
    ]
    return [line for line in run(*command)["said"].splitlines() if not line.startswith("find:")]


def board() -> dict[str, Any]:
    return {
        "model": Path("/proc/device-tree/model").read_text(encoding="utf-8").strip("\0"),
        "kernel": run("uname", "-srm")["said"],
        "interfaces": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "cards": Path("/proc/asound/cards").read_text(encoding="utf-8"),
    }


def install() -> dict[str, Any]:
    packages = sorted(map(str, HOST.glob("*.deb")))
    found = run("apt-get", "install", "-y", *packages)
    run("usermod", "-aG", "edge-voice", "visitor")
    return {**found, "enabled": run("systemctl", "is-enabled", UNIT)["said"]}


def after_boot() -> dict[str, Any]:
    """Nobody has asked for anything yet."""
    return {
        "active": up(),
        "told": show("StatusText"),
        "user": run("stat", "-c", "%U", f"/proc/{show('MainPID')}")["said"],
        "boot_id": Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip(),
    }


def speak() -> dict[str, Any]:
    return say(0)


def status() -> dict[str, Any]:
    """Which variant of the voice spoke, among other things."""
    return run("edge", "status", "--json")


def doctor() -> dict[str, Any]:
    return run("edge", "doctor", "--json")


def killed() -> dict[str, Any]:
    before = show("MainPID")
    os.kill(int(before), signal.SIGKILL)
    found = say(1)
    return {**found, "another": show("MainPID") != before, "restarts": show("NRestarts")}


def journal() -> dict[str, Any]:
    return run("journalctl", "--no-pager", "-o", "cat", "-u", UNIT)


def removed() -> dict[str, Any]:
    ours = str(run("sh", "-c", "dpkg-query -W -f '${Package} ' 'edge-voice*'")["said"]).split()
    found = run("apt-get", "remove", "-y", *ours)
    return {**found, "packages": ours, "left": leftovers()}


def purged() -> dict[str, Any]:
    ours = str(run("sh", "-c", "dpkg-query -W -f '${Package} ' 'edge-voice*'")["said"]).split()
    found = run("apt-get", "purge", "-y", *ours)
    return {**found, "left": leftovers(), "user": run("getent", "passwd", "edge-voice")["said"]}


FIRST: list[Callable[[], dict[str, Any]]] = [board, install]
SECOND: list[Callable[[], dict[str, Any]]] = [
    after_boot,
    speak,
    status,
    doctor,
    killed,
    journal,
    removed,
    purged,
]


def main() -> None:
    again = ANSWERS.exists()
    found = json.loads(ANSWERS.read_text(encoding="utf-8")) if again else {}
    try:
        for step in SECOND if again else FIRST:
            found[step.__name__] = step()
            ANSWERS.write_text(json.dumps(found, indent=1), encoding="utf-8")
    finally:
        run("systemctl", "poweroff" if again else "reboot")


if __name__ == "__main__":
    main()
