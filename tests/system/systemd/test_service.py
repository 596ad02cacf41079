"""The shipped units under a real systemd: sockets, readiness, restarts and the sandbox (8 s)."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

import pytest

from edge.bundle import Bundle
from tests.system.systemd.machine import boot

ANSWERED = {"status": 0, "said": ""}


@pytest.fixture(scope="module")
def seen(heart_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if os.geteuid():
        pytest.skip("booting a machine needs root: sudo make test")
    needed = "sudo apt-get install -y systemd systemd-container"
    assert shutil.which("systemd-nspawn"), f"systemd-nspawn is not installed: {needed}"
    return boot(heart_bundle.path, tmp_path_factory.mktemp("machine"))


def test_a_client_of_the_group_wakes_the_service_and_is_heard(seen: dict[str, Any]) -> None:
    found = seen["first_client"]
    assert found["before"] == "inactive"
    assert found["member"] == ANSWERED
    assert found["heard"] > 22050  # bytes: more than the sentence's own second would be at 11 kHz
    assert (found["state"], found["told"]) == ("active", "Speaks en_US-heart")
    assert found["socket"] == "0o660"


def test_a_stranger_is_told_which_group_to_join(seen: dict[str, Any]) -> None:
    stranger = seen["first_client"]["stranger"]
    assert stranger["status"] == 1
    assert "usermod -aG edge-voice" in stranger["said"]


def test_a_killed_daemon_speaks_again_and_refuses_nobody(seen: dict[str, Any]) -> None:
    found = seen["killed"]
    assert found["client"] == ANSWERED
    assert found["another"] and found["restarts"] == "1"


def test_the_watchdog_ends_a_daemon_that_stands_still(seen: dict[str, Any]) -> None:
    assert seen["hung"] == {"back": True, "client": ANSWERED}


def test_the_socket_brings_a_stopped_service_back(seen: dict[str, Any]) -> None:
    assert seen["stopped"] == {"result": "success", "state": "inactive", "client": ANSWERED}


@pytest.mark.parametrize(
    "deed", ["internet", "netlink", "etc", "run", "root", "code", "become root"]
)
def test_the_sandbox_forbids(deed: str, seen: dict[str, Any]) -> None:
    assert "Error" in seen["probe"][deed]


@pytest.mark.parametrize("deed", ["local", "state", "cache"])
def test_the_sandbox_leaves_what_speaking_needs(deed: str, seen: dict[str, Any]) -> None:
    assert seen["probe"][deed] == "allowed"


def test_the_service_is_nobody_with_no_network(seen: dict[str, Any]) -> None:
    assert seen["probe"]["user"] != "0"
    assert seen["probe"]["interfaces"] == "lo"
    assert seen["probe"]["telemetry"] == "1"


def test_the_doctor_looks_from_inside_the_sandbox(seen: dict[str, Any]) -> None:
    findings = {found["subject"]: found for found in json.loads(seen["doctor"]["said"])}
    assert findings["tone"]["verdict"] == "ok"
    assert findings["onnxruntime"]["verdict"] == "ok"
    assert seen["doctor"]["heard"] > 22050


def test_the_journal_holds_no_text(seen: dict[str, Any]) -> None:
    assert "ready on" in seen["journal"]
    assert "door" not in seen["journal"]


def test_openais_and_wyomings_clients_come_in_over_tcp(seen: dict[str, Any]) -> None:
    found = seen["bridges"]
    assert found["started"] == ANSWERED
    assert found["wyoming"] == ["info"]
    assert found["wav"][0] == 200 and found["wav"][1] > 22050
    assert found["mp3"][0] == 200 and 2205 < found["mp3"][1] < found["wav"][1]
    assert found["stranger"][0] == 401
