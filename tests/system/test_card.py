"""edge-voice.yaml on a card: strangers' editors write it, and nobody proofreads."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edge.config import load_config
from tests.helpers.daemon_under_test import ROOT

CARD = ROOT / "contrib/card"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJr3V4bnX7Yk0gXJ0ob8yS8u0pQe0lWg1H0lqf9dJ3qA you@laptop"
VOICES = {"en_US-heart", "tone"}
GOOD = f"voice: tone\ndevice: USB Audio\nvolume: 30\nhostname: kitchen\nssh_key: {KEY}\n"


@pytest.fixture(scope="module")
def settings() -> ModuleType:
    spec = importlib.util.spec_from_file_location("card_settings", CARD / "settings.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their types up there
    spec.loader.exec_module(module)
    return module


def read(settings: ModuleType, folder: Path, text: str | bytes) -> tuple[Any, list[str]]:
    path = folder / settings.FILE
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    found: tuple[Any, list[str]] = settings.read(path, VOICES)
    return found


def test_every_key_does_what_it_says(settings: ModuleType, tmp_path: Path) -> None:
    card, mistakes = read(settings, tmp_path, GOOD)
    assert not mistakes
    settings.follow(card, tmp_path)
    config = load_config(tmp_path / "etc/config.yaml").config
    assert (config.voice, config.audio.device, config.audio.volume) == ("tone", "USB Audio", 30)
    keys = tmp_path / "ssh/authorized_keys"
    assert keys.read_text() == f"{KEY}\n" and keys.stat().st_mode & 0o777 == 0o600
    assert card.hostname == "kitchen"


def test_a_key_that_is_taken_away_opens_nothing_any_more(
    settings: ModuleType, tmp_path: Path
) -> None:
    settings.follow(settings.Card(ssh_key=KEY), tmp_path)
    settings.follow(settings.Card(), tmp_path)
    assert not (tmp_path / "ssh/authorized_keys").exists()


def test_the_file_on_the_card_changes_nothing_and_names_every_key(
    settings: ModuleType, tmp_path: Path
) -> None:
    text = (CARD / settings.FILE).read_text(encoding="utf-8")
    assert read(settings, tmp_path, text) == (settings.Card(), [])
    shown = yaml.safe_load(re.sub(r"^# (?=\w+: )", "", text, flags=re.MULTILINE))
    assert set(shown) == set(settings.Card.__dataclass_fields__)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "voice: en_US-joe",
            "voice 'en_US-joe' is not on this card; there are: en_US-heart, tone",
        ),
        ("device: ''", "device is empty"),
        ("device: 5", "device: expected text, got 5"),
        ("volume: 101", "volume must be between 0 and 100"),
        ("volume: loud", "volume: expected a whole number, got 'loud'"),
        ("volume: yes", "volume: expected a whole number, got True"),
        ("hostname: Living Room", "hostname 'Living Room' must be 1 to 63 of a-z, 0-9 and -"),
        ("hostname: -a", "with no - at either end"),
        ("ssh_key: ssh-ed25519 AAAA...", "its second word is not base64"),
        (f"ssh_key: {KEY[:60]}", "is not whole"),
        ("ssh_key: ssh-dss AAAAB3Nza you", "begins with 'ssh-dss', not with one of: ssh-ed25519"),
        (f"ssh_key: 'command=\"sh\" {KEY}'", "ssh_key begins with 'command"),
        (f'ssh_key: "{KEY}\\n{KEY}"', "ssh_key must be one line"),
        (
            "ssh_key: -----BEGIN OPENSSH PRIVATE KEY----- b3Bl",
            "is a private key: keep it, and give the line of its .pub file",
        ),
        ("wifi: home", "unknown key 'wifi'; known here: device, hostname, ssh_key, voice, volume"),
    ],
)
def test_a_mistake_costs_its_own_key_alone(
    settings: ModuleType, tmp_path: Path, line: str, said: str
) -> None:
    name = line.split(":")[0]
    others = "".join(row for row in GOOD.splitlines(True) if not row.startswith(f"{name}:"))
    expected, _ = read(settings, tmp_path, others)
    card, [mistake] = read(settings, tmp_path, f"{others}{line}\n")
    assert card == expected
    assert said in mistake


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"volume: [1", "not readable as YAML"),
        (b"volume: 1\nvolume: 2\n", "again"),
        (b"a: &a [x]\nb: *a\n", "aliases are not allowed"),
        (b"just words", "no lines of the form"),
        (b"\xff\xfe\x00v", "not UTF-8"),
        (b"a: " + b"[" * 5000, "not readable as YAML"),
        (b"#" * 70_000, "larger than 64 KiB"),
        (b"device: 0x" + b"f" * 5000, "too long to show"),
        (b"? [a, b]\n: 1\n", "again"),
    ],
)
def test_a_file_that_is_none_is_told_in_a_line(
    settings: ModuleType, tmp_path: Path, text: bytes, said: str
) -> None:
    card, mistakes = read(settings, tmp_path, text)
    assert card == settings.Card()
    assert said in settings.told(mistakes)


def test_what_windows_makes_of_the_file_is_read(settings: ModuleType, tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    card, mistakes = read(settings, tmp_path, text)
    assert (card.volume, card.ssh_key, mistakes) == (30, KEY, [])
    (tmp_path / settings.FILE).rename(tmp_path / f"{settings.FILE}.txt")
    _, [mistake] = settings.read(tmp_path / settings.FILE, VOICES)
    assert "take the .txt away" in mistake


def test_errors_lie_beside_the_file_until_it_is_mended(
    settings: ModuleType, tmp_path: Path
) -> None:
    errors = tmp_path / settings.ERRORS
    settings.tell([f"no {number}" for number in range(1000)], tmp_path)
    lines = errors.read_bytes().split(b"\r\n")
    assert b"* no 0" in lines and b"* and 980 more" in lines
    before = errors.stat().st_ino
    settings.tell([f"no {number}" for number in range(1000)], tmp_path)
    assert errors.stat().st_ino == before, "a card that boots often is not written often"
    settings.tell([], tmp_path)
    assert not errors.exists()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
NAMES = st.sampled_from(["voice", "device", "volume", "hostname", "ssh_key"]) | st.text(max_size=9)


@given(document=st.dictionaries(NAMES, VALUES, max_size=8) | VALUES)
def test_no_document_breaks_the_boot(
    settings: ModuleType, tmp_path_factory: pytest.TempPathFactory, document: Any
) -> None:
    followed(settings, tmp_path_factory.getbasetemp(), yaml.safe_dump(document).encode())


@given(text=st.binary(max_size=300))
def test_no_bytes_break_the_boot(
    settings: ModuleType, tmp_path_factory: pytest.TempPathFactory, text: bytes
) -> None:
    followed(settings, tmp_path_factory.getbasetemp(), text)


def followed(settings: ModuleType, folder: Path, text: bytes) -> None:
    """Whatever was read, the daemon takes its configuration and sshd gets whole lines alone."""
    card, mistakes = read(settings, folder, text)
    settings.follow(card, folder)
    load_config(folder / "etc/config.yaml")
    if card.ssh_key is not None:
        assert (folder / "ssh/authorized_keys").read_text().count("\n") == 1
    assert len(settings.told(mistakes).encode()) < 10_000


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
@pytest.mark.parametrize("unit", sorted((CARD / "units").glob("*.service")), ids=lambda p: p.name)
def test_its_units_are_understood(unit: Path, tmp_path: Path) -> None:
    text = re.sub("(?<=ExecStart=)/.*", "/bin/true", unit.read_text())
    (tmp_path / unit.name).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", tmp_path / unit.name]
    done = subprocess.run(command, capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if unit.name in line]
    assert not [line for line in ours if "not found" not in line], done.stderr
