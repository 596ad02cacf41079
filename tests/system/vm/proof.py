"""An emulated Raspberry Pi 5, from dpkg to the sound: `make test-vm`, not `make test`.

Debian 12 for arm64 with its own kernel and systemd, and no network. A recogniser writes down what
the emulated sound card played.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from edge.profile import load_profile
from tests.helpers.daemon_under_test import ROOT
from tests.system.listening import heard, transcribed, words
from tests.system.vm.machine import MODEL, boot

FOLDER = Path(os.environ["EDGE_VM"])
PACKAGES = [
    "edge-voice_*+py3.11_arm64",
    "edge-voice-hibari_*_all",
    "edge-voice-en-us-heart-rpi5_*_arm64",
]
SENTENCES = ["The kettle is on the table.", "Please close the window."]
FAST = load_profile("rpi5").variants[0].name
"""What the profile of a Raspberry Pi 5 prefers."""


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    packages = [path for name in PACKAGES for path in (ROOT / "dist").glob(f"{name}.deb")]
    assert len(packages) == len(PACKAGES), packages
    runs = FOLDER / "runs"
    number = len(list(runs.glob("*"))) if runs.exists() else 0
    folder = runs / str(number)
    found = boot(FOLDER / "image", packages, SENTENCES, folder)
    sentences = heard(folder / "sound.wav")
    found["heard"] = [transcribed(samples, FOLDER) for samples in sentences]
    (folder / "seen.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    return found


def test_the_board_is_a_pi_without_a_network(seen: dict[str, Any]) -> None:
    assert seen["board"]["model"] == MODEL
    assert seen["board"]["interfaces"] == ["lo"]


def test_the_packages_install_offline_and_say_what_to_type(seen: dict[str, Any]) -> None:
    assert seen["install"]["status"] == 0, seen["install"]["said"]
    for line in ("Hear it:", "Choose the device:", "What is wrong?"):
        assert line in seen["install"]["said"]
    assert seen["install"]["enabled"] == "enabled"


def test_the_service_comes_up_by_itself_after_a_boot(seen: dict[str, Any]) -> None:
    assert seen["after_boot"]["active"], seen["journal"]["said"]
    assert seen["after_boot"]["told"] == "Speaks en_US-heart"


def test_the_fast_variant_is_the_one_that_spoke(seen: dict[str, Any]) -> None:
    """A bundle whose build refused it speaks all the same, at 2.8 times the work."""
    [heart] = json.loads(seen["status"]["said"])["voices"]
    assert (heart["name"], heart["variant"]) == ("en_US-heart", FAST)


def test_nothing_is_wrong_with_it(seen: dict[str, Any]) -> None:
    findings = json.loads(seen["doctor"]["said"])
    assert [found for found in findings if found["verdict"] == "fail"] == []


def test_a_member_of_the_group_is_heard_to_the_last_word(seen: dict[str, Any]) -> None:
    assert seen["speak"]["status"] == 0, seen["speak"]["said"]
    assert words(seen["heard"][0]) == words(SENTENCES[0])


def test_a_killed_daemon_speaks_again(seen: dict[str, Any]) -> None:
    assert seen["killed"]["status"] == 0, seen["killed"]["said"]
    assert seen["killed"]["another"]
    assert words(seen["heard"][1]) == words(SENTENCES[1])
    assert len(seen["heard"]) == len(SENTENCES)


def test_removing_keeps_the_configuration_and_purging_nothing(seen: dict[str, Any]) -> None:
    assert seen["removed"]["status"] == 0, seen["removed"]["said"]
    assert "/etc/edge-voice" in seen["removed"]["left"]
    assert seen["purged"]["status"] == 0, seen["purged"]["said"]
    assert seen["purged"]["left"] == []
    assert seen["purged"]["user"] == ""
