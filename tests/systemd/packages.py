"""The Debian packages on a booted machine: `make test-deb` builds them and runs this (30 s).

EDGE_TREE is the tree of another Debian or Ubuntu; without it, it is this machine that is booted.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.systemd.machine import run_in_machine

DEBS = Path(os.environ["EDGE_DEBS"])
TREE = Path(os.environ.get("EDGE_TREE", "/"))
NEXT = "9.0"
ANSWERED = {"status": 0, "said": ""}
SETUP = """
cp -r "$DEBS" "$R/opt/debs"
"""


def next_version(deb: Path, folder: Path) -> None:
    """The same package with a later version and another configuration."""
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    control = tree / "DEBIAN/control"
    lines = control.read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(f"Version: {NEXT}\n" if line.startswith("Version") else line for line in lines)
    control.write_text(text, encoding="utf-8")
    with (tree / "etc/edge-voice/config.yaml").open("a", encoding="utf-8") as file:
        file.write("# A new remark.\n")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, folder / deb.name], check=True
    )


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    debs = tmp_path_factory.mktemp("debs")
    first, second = debs / "first", debs / "second"
    first.mkdir()
    second.mkdir()
    [daemon] = DEBS.glob("edge-voice_*_amd64.deb")
    [voice] = DEBS.glob("edge-voice-en-us-joe-medium-x86-64_*_amd64.deb")
    [phonemizer] = DEBS.glob("edge-voice-piper_*_amd64.deb")
    for deb in (daemon, voice, phonemizer):
        (first / deb.name).write_bytes(deb.read_bytes())
    next_version(daemon, second)
    words = {"DEBS": debs}
    folder = tmp_path_factory.mktemp("machine")
    found = run_in_machine("tests.systemd.package_driver", SETUP, words, folder, TREE)
    (DEBS / "seen.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    return found


def test_installed_it_speaks_and_says_what_to_type(seen: dict[str, Any]) -> None:
    found = seen["install"]
    assert found["status"] == 0, found["said"]
    for line in ("Hear it:", "Choose the device:", "What is wrong?"):
        assert line in found["said"]
    assert found["said"].splitlines()[-1].startswith("What is wrong?")
    assert found["voice"]["status"] == 0, found["voice"]["said"]
    assert found["up"] and (found["active"], found["enabled"]) == ("active", "enabled")
    assert found["client"] == ANSWERED
    assert found["heard"] > 0


def test_an_upgrade_waits_for_the_sentence_to_end(seen: dict[str, Any]) -> None:
    found = seen["upgrade"]
    assert found["status"] == 0, found["said"]
    assert found["spoke"] and found["held"]
    assert found["client"] == ANSWERED


def test_an_upgrade_keeps_an_edited_configuration_and_starts_the_new_daemon(
    seen: dict[str, Any],
) -> None:
    found = seen["upgrade"]
    assert found["kept"] and found["again"]
    assert found["version"] == NEXT
    assert found["after"] == ANSWERED


def test_removing_leaves_the_configuration_and_what_was_installed(seen: dict[str, Any]) -> None:
    found = seen["remove"]
    assert found["status"] == 0, found["said"]
    assert "not empty" not in found["said"]
    assert (found["socket"], found["active"]) == (False, "inactive")
    left = [path for path in found["left"] if not path.startswith("/var/lib/dpkg/")]
    assert "/etc/edge-voice" in left and "/var/lib/edge-voice" in left
    assert not [path for path in left if path.startswith(("/opt", "/usr", "/run"))]


def test_installed_again_it_speaks_as_it_was_configured(seen: dict[str, Any]) -> None:
    found = seen["install_again"]
    assert found["status"] == 0, found["said"]
    assert found["up"] and found["enabled"] == "enabled" and found["kept"]


def test_purging_leaves_nothing(seen: dict[str, Any]) -> None:
    found = seen["purge"]
    assert found["status"] == 0, found["said"]
    assert found["left"] == seen["before"]
    assert found["user"] == ""


def test_the_journal_holds_no_text(seen: dict[str, Any]) -> None:
    assert "ready on" in seen["journal"]
    assert "door" not in seen["journal"]
