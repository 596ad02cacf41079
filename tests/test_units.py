"""The systemd files as systemd's own tools read them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parent.parent / "systemd"
EXPOSURE_LIMIT = 0.8  # of 10; what `systemd-analyze security` calls SAFE ends at 2
CORE_BYTES, DESCRIPTORS = 0, 4096
"""No text in a core file; more than clients, files and devices together ever need."""
SERVICES = [
    "edge-voice.service",
    "user/edge-voice.service",
    "edge-voice-http.service",
    "edge-voice-wyoming.service",
]


def tool(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not installed: sudo apt-get install -y systemd"
    return found


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with a program that exists, or that alone would be complained of."""
    folder = tmp_path / "systemd"
    shutil.copytree(UNITS, folder)
    for service in SERVICES:
        path = folder / service
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("/opt/edge-voice/bin/edge", "/bin/true"), encoding="utf-8")
    return folder


@pytest.mark.parametrize("service", SERVICES)
def test_systemd_finds_nothing_to_complain_of(service: str, units: Path) -> None:
    """An unknown key is only a line on stderr, with exit status 0."""
    mode = ["--user"] if service.startswith("user/") else []
    done = subprocess.run(
        [tool("systemd-analyze"), "verify", "--man=no", *mode, units / service],
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_RUNTIME_DIR": str(units)},
    )
    complaints = [line for line in done.stderr.splitlines() if "edge-voice" in line]
    assert (done.returncode, complaints) == (0, [])


def exposure(unit: Path) -> float:
    done = subprocess.run(
        [tool("systemd-analyze"), "security", "--offline=true", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stdout
    return float(found.group(1))


@pytest.mark.parametrize("service", [name for name in SERVICES if "/" not in name])
def test_the_service_is_shut_in(service: str) -> None:
    assert exposure(UNITS / service) <= EXPOSURE_LIMIT


def test_the_score_would_tell_if_it_were_not(tmp_path: Path) -> None:
    open_unit = tmp_path / "edge-voice.service"
    text = (UNITS / "edge-voice.service").read_text(encoding="utf-8")
    open_unit.write_text(text.replace("PrivateNetwork=yes", ""), encoding="utf-8")
    assert exposure(open_unit) > exposure(UNITS / "edge-voice.service")


@pytest.mark.parametrize("service", SERVICES)
def test_a_crash_writes_no_texts_and_a_crowd_finds_descriptors(service: str) -> None:
    lines = (UNITS / service).read_text(encoding="utf-8").splitlines()
    limits = dict(line.split("=", 1) for line in lines if line.startswith("Limit"))
    assert limits == {"LimitCORE": str(CORE_BYTES), "LimitNOFILE": str(DESCRIPTORS)}


def test_no_runtime_directory_takes_the_socket_from_its_group() -> None:
    for service in SERVICES:
        assert "RuntimeDirectory" not in (UNITS / service).read_text(encoding="utf-8")


def test_the_user_is_made_and_may_use_the_sound_card(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "group").write_text("root:x:0:\naudio:x:29:\n", encoding="utf-8")
    (etc / "passwd").write_text("root:x:0:0::/root:/bin/sh\n", encoding="utf-8")
    wanted = UNITS / "edge-voice.sysusers"
    subprocess.run(
        [tool("systemd-sysusers"), f"--root={tmp_path}", wanted], check=True, capture_output=True
    )
    groups = (etc / "group").read_text(encoding="utf-8")
    assert "edge-voice:x:" in (etc / "passwd").read_text(encoding="utf-8")
    assert re.search(r"^audio:x:29:edge-voice$", groups, re.MULTILINE), groups


def test_the_sockets_folder_lets_the_group_through(tmp_path: Path) -> None:
    wanted = UNITS / "edge-voice.tmpfiles"
    done = subprocess.run(
        [tool("systemd-tmpfiles"), "--create", f"--root={tmp_path}", wanted],
        capture_output=True,
        text=True,
    )
    if os.geteuid() == 0:
        assert (done.returncode, done.stderr) == (0, "")
        assert (tmp_path / "run/edge-voice").stat().st_mode & 0o777 == 0o755
