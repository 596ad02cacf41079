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

from tests.system.systemd.driver import (
    DEADLINE_S,
    GROUP,
    HEARD,
    SOCKET,
    UNIT,
    run,
    show,
    systemctl,
)

CONFIG = Path("/etc/edge-voice/config.yaml")
TOKEN = Path("/etc/edge-voice/http-token")
DEBS = Path("/opt/debs")
BUNDLES = Path("/usr/share/edge-voice/bundles")
VOICE = "edge-voice-en-us-heart-x86-64"
OTHER_SOCKETS = ["edge-voice-http.socket", "edge-voice-wyoming.socket"]
WYOMING_EDIT = Path("/etc/systemd/system/edge-voice-wyoming.socket.d/override.conf")
APT_S = 300
SAY = [*GROUP, "/usr/bin/edge", "say"]
EDIT = "\naudio: {volume: 50}\n"
PLACES = ["/etc", "/opt/edge-voice", "/run", "/usr/bin", "/usr/lib", "/usr/share", "/var"]


def apt(command: str) -> dict[str, Any]:
    """A line of the page, in bash, in the folder with the packages; apt as it is by default."""
    done = subprocess.run(
        ["bash", "-c", f"{command} 2>&1"],
        cwd=DEBS,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        timeout=APT_S,
    )
    return {"status": done.returncode, "said": done.stdout.strip()}


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
    return {
        "active": show("ActiveState"),
        "enabled": systemctl("is-enabled", UNIT),
        "told": show("StatusText"),
        "restarts": show("NRestarts"),
    }


def sockets() -> list[str]:
    return [systemctl("is-active", unit) for unit in OTHER_SOCKETS]


def offline() -> dict[str, Any]:
    """What the board's Debian lacks, from the collected folder; the second time nothing is new."""
    lists = bool(run("apt-cache", "show", "--no-all-versions", "libsonic0")["said"])
    line = "dpkg --install --refuse-downgrade --skip-same-version system/*.deb"
    return {**apt(line), "lists": lists, "again": apt(line)}


def other_python() -> dict[str, Any]:
    """The daemon's package for a Python that this system has not."""
    return {
        "apt": apt("apt-get install -y ./other/edge-voice_*.deb"),
        "dpkg": apt("dpkg --install --force-depends ./other/edge-voice_*.deb"),
        "left": left(),
    }


def no_voice() -> dict[str, Any]:
    """The daemon is there, and no voice yet."""
    found = apt("apt-get install -y ./first/edge-voice_*.deb ./first/edge-voice-hibari_*.deb")
    wait_for(lambda: show("StatusText").startswith("Waits"))
    return {
        **found,
        "client": run(*SAY, "The door is open."),
        "doctor": run("/usr/bin/edge", "doctor", "--json"),
        "build": run("/usr/bin/edge", "build"),
        "journal": journal(),
        **state(),
    }


def voice() -> dict[str, Any]:
    """The one that waits takes the voice that comes, without being started again."""
    before = show("MainPID")
    found = apt(f"apt-get install -y ./first/{VOICE}_*.deb")
    wait_for(lambda: show("StatusText").startswith("Speaks"))
    said = run(*SAY, "The door is open.")
    heard = HEARD.stat().st_size if HEARD.exists() else 0
    return {
        **found,
        **state(),
        "same": show("MainPID") == before,
        "client": said,
        "heard": heard,
        "report": run("/usr/bin/edge", "status", "--json"),
    }


def bundle() -> dict[str, Any]:
    """A voice that comes as a folder, to where the service alone may write."""
    where = "/usr/share/edge-voice/bundles/en_US-heart--x86-64"
    found = apt(f"edge install --system {where}")
    return {
        **found,
        "doctor": run("/usr/bin/edge", "doctor", "--json"),
        "as_service": run("/usr/bin/edge", "doctor", "--as-service", "--json"),
        "reload": run("systemctl", "reload", "edge-voice"),
        **state(),
    }


def enable() -> dict[str, Any]:
    """Everything that is off until somebody wants it, and a drop-in of an administrator's."""
    TOKEN.write_text("0123456789abcdef0123456789abcdef", encoding="utf-8")
    WYOMING_EDIT.parent.mkdir()
    WYOMING_EDIT.write_text("[Socket]\nBacklog=16\n", encoding="utf-8")
    systemctl("daemon-reload")
    return {**run("systemctl", "enable", "--now", *OTHER_SOCKETS), "sockets": sockets()}


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
    found = apt("apt-get remove -y 'edge-voice*'")
    return {
        **found,
        "left": left(),
        "socket": SOCKET.exists(),
        "active": show("ActiveState"),
        "sockets": sockets(),
    }


def install_again() -> dict[str, Any]:
    options = "-o Dpkg::Options::=--force-confold"
    found = apt(f"apt-get install -y {options} ./second/*.deb ./first/edge-voice-*.deb")
    up = wait_for(lambda: show("StatusText").startswith("Speaks"))
    kept = EDIT in CONFIG.read_text(encoding="utf-8")
    return {**found, **state(), "up": up, "kept": kept, "sockets": sockets()}


def purge() -> dict[str, Any]:
    found = apt("apt-get purge -y 'edge-voice*'")
    return {
        **found,
        "left": left(),
        # Active or failed ones; systemd 249 remembers for a while that one was there.
        "units": systemctl("list-units", "--plain", "--no-legend", "edge-voice*"),
        "user": run("getent", "passwd", "edge-voice")["said"],
        "group": run("getent", "group", "edge-voice")["said"],
    }


def two_voices() -> dict[str, Any]:
    """A voice, the default voice beside it, and the first one's next version."""
    began, manifest = time.time(), BUNDLES / "tone--x86-64/manifest.json"
    daemon = "./first/edge-voice_*.deb ./first/edge-voice-hibari_*.deb"
    tone = apt(f"apt-get install -y {daemon} ./tone/*.deb")
    wait_for(lambda: show("StatusText").startswith("Speaks"))
    told, age = show("StatusText"), manifest.stat().st_mtime
    heart = apt(f"apt-get install -y ./first/{VOICE}_*.deb")
    found = {"began": began, "tone": tone, "told": told, "heart": heart}
    found["next"] = apt("apt-get install -y ./next-tone/*.deb")
    query = ["dpkg-query", "-W", "-f", "${Version}"]
    found["version"] = run(*query, "edge-voice-tone-x86-64")["said"]
    found["ages"] = [age, manifest.stat().st_mtime]
    purge()
    return found


def all_at_once() -> dict[str, Any]:
    """The one line of the page, on a board that has never had any of it, or no longer."""
    found = apt("apt-get install -y ./first/edge-voice*.deb")
    up = wait_for(lambda: show("StatusText").startswith("Speaks"))
    return {**found, "up": up, "client": run("/usr/bin/edge", "say", "Hello."), "end": purge()}


def journal() -> str:
    return str(run("journalctl", "--no-pager", "-o", "cat", "-u", UNIT)["said"])


STEPS: list[Callable[[], dict[str, Any]]] = [
    offline,
    other_python,
    no_voice,
    voice,
    bundle,
    enable,
    upgrade,
    remove,
    install_again,
    purge,
    two_voices,
    all_at_once,
]


def main(answers: Path) -> None:
    os.environ.pop("PYTHONPATH", None)  # the packages bring their own
    os.environ.pop("PYTHONHOME", None)
    found: dict[str, Any] = {"before": left()}
    for step in STEPS:
        found[step.__name__] = step()
        if step is install_again:
            found["journal"] = journal()
    part = answers.with_suffix(".part")
    part.write_text(json.dumps(found), encoding="utf-8")
    shutil.move(part, answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
