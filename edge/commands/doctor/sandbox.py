"""Look at the machine as the service does: `edge doctor` as its user, within its limits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence

from edge import child
from edge.errors import NotAllowed

UNIT = "edge-voice.service"
# Settings of a daemon's life, which mean nothing to a command that ends by itself.
_OF_A_DAEMON = re.compile(r"(Exec\w+|Type|NotifyAccess|Restart\w*|Watchdog\w+|Timeout\w+)$")


def run_as_service(command: Sequence[str]) -> int:
    """Run `edge COMMAND` where the service runs; returns its exit status.

    Raises NotAllowed where there is no such unit, or where only root may ask.
    """
    properties = unit_properties(_unit_text())
    done = subprocess.run(
        [
            "systemd-run",
            *("--quiet", "--pipe", "--wait", "--collect", "--service-type=exec"),
            *(f"--property={key}={value}" for key, value in properties),
            f"--setenv=PYTHONPATH={os.pathsep.join(path for path in sys.path if path)}",
            *child.command("edge", *command),
        ],
        check=False,
    )
    return done.returncode


def unit_properties(text: str) -> list[tuple[str, str]]:
    """Return the [Service] section's settings that make its sandbox, in their order."""
    found: list[tuple[str, str]] = []
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip()
        key, equals, value = line.partition("=")
        setting = section == "[Service]" and equals and not line.startswith(("#", ";"))
        if setting and not _OF_A_DAEMON.match(key.strip()):
            found.append((key.strip(), value.strip()))
    return found


def _unit_text() -> str:
    if shutil.which("systemctl") and shutil.which("systemd-run"):
        done = subprocess.run(
            ["systemctl", "cat", UNIT], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return done.stdout
    raise NotAllowed(
        f"systemd knows no {UNIT} on this machine",
        "Install the service first: sudo apt install ./edge-voice_*.deb, or sudo make install",
    )
