"""Runs inside the booted machine: installs the packages, upgrades, removes and purges them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.systemd.driver import DEADLINE_S, GROUP, HEARD, SOCKET, UNIT, run, show, systemctl

CONFIG = Path("/etc/edge-voice/config.yaml")
DEBS = Path("/opt/debs")
PACKAGES = ["edge-voice-en-us-joe-medium-x86-64", "edge-voice-piper", "edge-voice"]
SAY = [*GROUP, "/usr/bin/edge", "say"]
EDIT = "\naudio: {volume: 50}\n"
PLACES = ["/etc", "/opt/edge-voice", "/run", "/usr/bin", "/usr/lib", "/usr/share", "/var"]


def dpkg(*words: str) -> dict[str, Any]:
    return run("sh", "-c", 'exec dpkg --force-confold "$@" 2>&1', "dpkg", *words)


def wait_for(what: Callable[[], object]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.02)
    return False


def left() -> list[str]:
    """What has our name; systemd 249 keeps an empty folder of its own for each service."""
    theirs = ["-path", "/run/systemd", "-prune", "-o"]
    found = run("find", *PLACES, *theirs, "-name", "*edge-voice*", "-print")["said"].splitlines()
    return [line for line in found if not line.startswith("find:")]


def state() -> dict[str, Any]:
    return {"active": show("ActiveState"), "enabled": systemctl("is-enabled", UNIT)}


def install() -> dict[str, Any]:
    """The voice comes when the daemon is there already, and waits for one."""
    found = dpkg("-i", *map(str, DEBS.glob("first/edge-voice_*.deb")))
    voice = dpkg("-i", *map(str, DEBS.glob("first/edge-voice-*.deb")))
    up = wait_for(lambda: show("ActiveState") == "active")
    said = run(*SAY, "The door is open.")
    heard = HEARD.stat().st_size if HEARD.exists() else 0
    return {**found, **state(), "up": up, "client": said, "heard": heard, "voice": voice}


def waiting() -> bool:
    """Whether the new package's script waits for silence."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"--until-idle" in (folder / "cmdline").read_bytes():
                return True
        except OSError:  # it ended just now
            continue
    return False


def upgrade() -> dict[str, Any]:
    """While somebody is in the middle of a sentence, and with a configuration that was edited."""
    CONFIG.write_text(CONFIG.read_text(encoding="utf-8") + EDIT, encoding="utf-8")
    before = show("MainPID")
    speaker = subprocess.Popen(
        [*SAY, "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=0
    )
    assert speaker.stdin and speaker.stderr
    HEARD.unlink()  # ALSA begins it anew with each stream
    speaker.stdin.write("One thing is said already. And another ")
    spoke = wait_for(lambda: HEARD.exists() and HEARD.stat().st_size)
    with subprocess.Popen(
        ["dpkg", "--force-confold", "-i", *DEBS.glob("second/*.deb")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as upgrading:
        held = wait_for(waiting)
        same = show("MainPID") == before
        speaker.stdin.write("is not.")
        complaint = speaker.communicate()[1]
        output, _ = upgrading.communicate()
    return {
        "spoke": spoke,
        "held": held and same,
        "client": {"status": speaker.returncode, "said": complaint},
        "status": upgrading.returncode,
        "said": output,
        "again": wait_for(lambda: show("MainPID") not in (before, "0")),
        "kept": EDIT in CONFIG.read_text(encoding="utf-8"),
        "version": run("dpkg-query", "-W", "-f", "${Version}", "edge-voice")["said"],
        "after": run(*SAY, "The door is open."),
    }


def remove() -> dict[str, Any]:
    found = dpkg("-r", *PACKAGES)
    return {**found, "left": left(), "socket": SOCKET.exists(), "active": show("ActiveState")}


def install_again() -> dict[str, Any]:
    found = dpkg(
        "-i", *map(str, DEBS.glob("second/*.deb")), *map(str, DEBS.glob("first/edge-voice-*"))
    )
    up = wait_for(lambda: show("ActiveState") == "active")
    return {**found, **state(), "up": up, "kept": EDIT in CONFIG.read_text(encoding="utf-8")}


def purge() -> dict[str, Any]:
    found = dpkg("-P", *PACKAGES)
    return {**found, "left": left(), "user": run("getent", "passwd", "edge-voice")["said"]}


STEPS: list[Callable[[], dict[str, Any]]] = [install, upgrade, remove, install_again, purge]


def main(answers: Path) -> None:
    os.environ.pop("PYTHONPATH", None)  # the packages bring their own
    os.environ.pop("PYTHONHOME", None)
    found: dict[str, Any] = {"before": left()}
    for step in STEPS:
        found[step.__name__] = step()
        if step is install_again:
            found["journal"] = run("journalctl", "--no-pager", "-o", "cat", "-u", UNIT)["said"]
    part = answers.with_suffix(".part")
    part.write_text(json.dumps(found), encoding="utf-8")
    shutil.move(part, answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
