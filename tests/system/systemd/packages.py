"""The Debian packages on a booted clean system: `make test-deb` builds them and runs this.

EDGE_TREE is its tree; EDGE_DEBS the folder that contrib/debian/offline collected for it. Each line
of docs/install/raspberry-pi.md is typed there, without a network.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.system.systemd.machine import run_in_machine

DEBS = Path(os.environ["EDGE_DEBS"])
TREE = Path(os.environ["EDGE_TREE"])
NEXT = "9.0"
ANSWERED = {"status": 0, "said": ""}
SETUP = """
cp -r "$DEBS" "$R/opt/debs"
"""


def next_version(deb: Path, folder: Path) -> None:
    """The same package with a later version, and another configuration where it has one."""
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    control = tree / "DEBIAN/control"
    lines = control.read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(f"Version: {NEXT}\n" if line.startswith("Version") else line for line in lines)
    control.write_text(text, encoding="utf-8")
    config = tree / "etc/edge-voice/config.yaml"
    if config.exists():
        with config.open("a", encoding="utf-8") as file:
            file.write("# A new remark.\n")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, folder / deb.name], check=True
    )
    shutil.rmtree(tree)


def other_python(deb: Path, folder: Path) -> None:
    """The same package for a Python that no system has which is tried here."""
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    for name in ("control", "preinst"):
        path = tree / "DEBIAN" / name
        text = re.sub(r"(?<=[Pp]ython)( ?)3\.\d+", r"\g<1>3.9", path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, folder / deb.name], check=True
    )
    shutil.rmtree(tree)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    debs = tmp_path_factory.mktemp("debs")
    first, second = debs / "first", debs / "second"
    first.mkdir()
    second.mkdir()
    names = ("edge-voice_*", "edge-voice-en-us-heart-x86-64_*", "edge-voice-hibari_*")
    for deb in [path for name in names for path in DEBS.glob(f"{name}.deb")]:
        shutil.copy(deb, first)
    shutil.copytree(DEBS / "system", debs / "system")
    [daemon] = first.glob("edge-voice_*")
    next_version(daemon, second)
    for name in ("tone", "next-tone", "other"):
        (debs / name).mkdir()
    [tone] = DEBS.glob("edge-voice-tone-x86-64_*")
    shutil.copy(tone, debs / "tone")
    next_version(tone, debs / "next-tone")
    other_python(daemon, debs / "other")
    words = {"DEBS": debs}
    folder = tmp_path_factory.mktemp("machine")
    found = run_in_machine("tests.system.systemd.package_driver", SETUP, words, folder, TREE)
    (DEBS / "seen.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    return found


def test_what_the_system_lacks_comes_from_the_folder(seen: dict[str, Any]) -> None:
    found = seen["offline"]
    assert found["lists"], "the tree has no package lists: remove it, and it is made again"
    assert found["status"] == 0, found["said"]
    assert found["again"]["status"] == 0, found["again"]["said"]
    assert "Setting up" not in found["again"]["said"]


def test_a_package_for_another_python_is_refused_with_the_right_one(seen: dict[str, Any]) -> None:
    found = seen["other_python"]
    assert found["apt"]["status"] == 100 and "Depends: python3.9" in found["apt"]["said"]
    assert found["dpkg"]["status"] == 1
    right = re.search(
        r"is for Python 3\.9; this system's is (3\.\d+): take", found["dpkg"]["said"]
    )
    assert right, found["dpkg"]["said"]
    assert f"make deb DEB_PYTHONS={right.group(1)}" in found["dpkg"]["said"]
    assert found["left"] == seen["before"]


def test_it_installs_offline_as_apt_is_by_default_and_says_what_to_type(
    seen: dict[str, Any],
) -> None:
    found = seen["no_voice"]
    assert found["status"] == 0, found["said"]
    for line in ("It has no voice yet", "Hear it:", "Choose the device:", "What is wrong?"):
        assert line in found["said"]


def test_without_a_voice_the_service_waits_and_says_once_what_to_do(seen: dict[str, Any]) -> None:
    found = seen["no_voice"]
    assert (found["active"], found["enabled"], found["restarts"]) == ("active", "enabled", "0")
    assert found["told"].startswith("Waits: no bundle for this board in /var/lib/edge-voice/bun")
    assert found["journal"].count("no bundle for this board") == 1
    assert found["client"]["status"] == 1
    for said in (found["told"], found["journal"], found["client"]["said"]):
        assert "no bundle for this board" in said
        assert "sudo edge install --system FOLDER" in said
        assert "sudo apt install ./edge-voice-VOICE-x86-64_*.deb" in said


def test_without_a_voice_the_doctor_names_what_this_board_can_do(seen: dict[str, Any]) -> None:
    findings = json.loads(seen["no_voice"]["doctor"]["said"])
    failed = {found["subject"]: found for found in findings if found["verdict"] == "fail"}
    assert set(failed) <= {"bundle", "daemon", "sound"}
    for subject in ("bundle", "daemon"):
        assert "sudo edge install --system FOLDER" in failed[subject]["remedy"]
    assert "pip" not in seen["no_voice"]["doctor"]["said"]
    assert seen["no_voice"]["build"]["status"] == 1
    assert "Build on a workstation" in seen["no_voice"]["build"]["said"]


def test_the_voice_that_comes_is_spoken_with(seen: dict[str, Any]) -> None:
    found = seen["voice"]
    assert found["status"] == 0, found["said"]
    assert found["told"] == "Speaks en_US-heart"
    assert found["same"] and found["restarts"] == "0"
    assert found["client"] == ANSWERED
    assert found["heard"] > 0
    [heart] = json.loads(found["report"]["said"])["voices"]
    assert heart["name"] == "en_US-heart" and heart["variant"]


def test_a_bundle_that_is_installed_is_found_by_the_service_and_the_doctor(
    seen: dict[str, Any],
) -> None:
    found = seen["bundle"]
    assert found["status"] == 0, found["said"]
    assert "installed /var/lib/edge-voice/bundles/en_US-heart/" in found["said"]
    assert "the daemon: nothing has changed for it" in found["said"]  # the package's is the same
    findings = json.loads(found["doctor"]["said"])
    assert [each for each in findings if each["verdict"] == "fail"] == []
    assert any("/var/lib/edge-voice/bundles/" in each["message"] for each in findings)
    inside = {each["subject"]: each for each in json.loads(found["as_service"]["said"])}
    assert inside["tone"]["verdict"] == "ok"
    assert found["reload"] == ANSWERED and found["told"] == "Speaks en_US-heart"


def test_an_upgrade_waits_for_the_sentence_to_end(seen: dict[str, Any]) -> None:
    found = seen["upgrade"]
    assert found["status"] == 0, found["said"]
    assert found["spoke"] and found["held"]
    assert "what is being spoken may end before, within a minute" in found["said"]
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
    assert found["sockets"] == ["inactive", "inactive"]
    left = [path for path in found["left"] if not path.startswith("/var/lib/dpkg/")]
    assert "/etc/edge-voice" in left and "/var/lib/edge-voice" in left
    assert not [path for path in left if path.startswith(("/opt", "/usr", "/run"))]


def test_installed_again_it_speaks_as_it_was_configured(seen: dict[str, Any]) -> None:
    found = seen["install_again"]
    assert found["status"] == 0, found["said"]
    assert found["up"] and found["enabled"] == "enabled" and found["kept"]
    assert found["sockets"] == ["active", "active"]


def test_purging_leaves_nothing_of_what_was_enabled_and_written(seen: dict[str, Any]) -> None:
    assert seen["enable"]["status"] == 0 and seen["enable"]["sockets"] == ["active", "active"]
    for found in (seen["purge"], seen["all_at_once"]["end"]):
        assert found["status"] == 0, found["said"]
        assert found["left"] == seen["before"]
        assert (found["units"], found["user"], found["group"]) == ("", "", "")
        assert "userdel" not in found["said"] and "edge-voice' not empty" not in found["said"]


def test_a_voice_that_becomes_the_default_says_so(seen: dict[str, Any]) -> None:
    found = seen["two_voices"]
    assert found["tone"]["status"] == 0 and found["told"] == "Speaks tone"
    assert found["heart"]["status"] == 0
    assert "the default voice is en_US-heart now, was tone" in found["heart"]["said"]


def test_an_upgrade_makes_a_voice_no_younger(seen: dict[str, Any]) -> None:
    found = seen["two_voices"]
    assert found["next"]["status"] == 0 and found["version"] == NEXT
    assert found["ages"][0] == found["ages"][1]
    assert found["began"] <= found["ages"][0]  # not of its build


def test_the_one_line_of_the_page_installs_and_speaks(seen: dict[str, Any]) -> None:
    found = seen["all_at_once"]
    assert found["status"] == 0, found["said"]
    assert "What is wrong?" in found["said"]
    assert "no voice yet" not in found["said"]
    assert found["up"] and found["client"] == ANSWERED


def test_the_journal_holds_no_text(seen: dict[str, Any]) -> None:
    assert "ready on" in seen["journal"]
    assert "door" not in seen["journal"]
