"""Find what to type on this machine: a remedy names only what is there.

A board has Edge Voice from a Debian package or `make install`, for speaking alone. A clone or a
virtual environment can build voices, and pip can bring more packages into it.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from edge.detection import detect
from edge.errors import MissingPackage, UnknownProfile
from edge.families import FAMILIES
from edge.files import SYSTEM_STATE
from edge.machine import read_machine
from edge.profile import all_profiles

DPKG_LIST = Path("/var/lib/dpkg/info/edge-voice.list")
"""Where dpkg keeps what it installed of us."""
UNIT = Path("/usr/lib/systemd/system/edge-voice.socket")
ANY = "VOICE"
"""Stands for a voice that is still to be chosen."""


def for_speaking_alone() -> bool:
    """Tell whether this copy lies in a folder that a package or `make install` filled."""
    folder = Path(__file__).parents[1]
    return folder.name.startswith("python") and folder.parent.name == "lib"


def add_packages(extra: str) -> str:
    """Return what brings the Python packages of our extra `extra`."""
    if not for_speaking_alone():
        # Never a name that an index would look up: whoever holds it there is a stranger.
        clone = Path(__file__).parents[1]
        ours = clone if (clone / "pyproject.toml").exists() else "edge_voice-VERSION.whl"
        return f"{sys.executable} -m pip install '{ours}[{extra}]'"
    if "build" in extra.split(","):
        return f"Build on a workstation, in a clone of Edge Voice: make setup; {_build(ANY)}"
    if DPKG_LIST.exists():
        debs = [family.deb for family in FAMILIES.values() if family.deb and family.extra == extra]
        return f"sudo apt install {f'./{debs[0]}' if debs else '--reinstall ./edge-voice'}_*.deb"
    return "In the clone of Edge Voice that it was installed from: sudo make install"


def check_can_build() -> None:
    """Raise MissingPackage on a board that has no packages for building."""
    if for_speaking_alone() and find_spec("onnx") is None:
        raise MissingPackage(
            "this Edge Voice was installed for speaking alone, without what builds a voice",
            add_packages("build"),
        )


def get_voice(name: str = ANY) -> str:
    """Return how this machine comes to a bundle of the voice `name`, or of any."""
    if not for_speaking_alone():
        return "Build one: edge build" if name == ANY else f"Build it: edge build {name}"
    install = "sudo edge install --system" if _is_system() else "edge install"
    steps = f"On a workstation: {_build(name)}; copy the bundle here, then: {install} FOLDER"
    if DPKG_LIST.exists():
        package = name if name == ANY else name.lower().replace("_", "-")
        steps += f" (or its package: sudo apt install ./edge-voice-{package}-{_board()}_*.deb)"
    return steps


def start_daemon() -> str:
    """Return what starts the daemon that is not running."""
    return "sudo systemctl start edge-voice.service" if UNIT.exists() else "edge serve"


def _build(name: str) -> str:
    return f"edge build {name} --profile {_board()}"


def _board() -> str:
    """Return the name of this machine's profile, or the word that stands for one."""
    try:
        return detect(read_machine(), all_profiles()).profile.name
    except UnknownProfile:
        return "BOARD"


def _is_system() -> bool:
    """Tell the system's service, and whoever looks after it, from a daemon of a session."""
    folder = os.environ.get("STATE_DIRECTORY")
    return UNIT.exists() if folder is None else Path(folder) == SYSTEM_STATE
