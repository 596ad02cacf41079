"""Cloned voices that only one machine can open, with the real age and systemd-creds. 3 s."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.errors import BadRecipient, BadVoicePrint, MissingPackage
from edge.synth import print_seal
from edge.synth.print_cache import PrintCache
from edge.synth.voice_print import (
    VoicePrint,
    all_labels,
    checkpoint_of,
    find_print,
    fitting,
    load_print,
    read_label,
    remove_print,
    save_print,
)
from tests.synth.test_voice_print import ARRAYS, label

age = pytest.mark.skipif(not shutil.which("age"), reason="age is not installed: apt install age")
NAMES = ["mel", "tokens"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE_DIRECTORY", "CREDENTIALS_DIRECTORY", "CONFIGURATION_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def new_key(path: Path) -> str:
    """Make a machine's key, as its owner does; returns the public one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", path], check=True, capture_output=True, text=True)
    return public.stdout.strip()


def save(bundle: Bundle, *recipients: str, name: str = "anna") -> Path:
    return save_print(VoicePrint("some", ARRAYS), label(bundle, name), recipients=recipients)


@age
def test_only_the_machine_with_the_key_opens_it(tone_bundle: Bundle, tmp_path: Path) -> None:
    public = new_key(tmp_path / "config/edge-voice/print-key")
    path = save(tone_bundle, public)
    raw = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600 and b"array." not in raw
    assert read_label(path) == label(tone_bundle) and all_labels() == [label(tone_bundle)]
    assert fitting(path, [tone_bundle]) is tone_bundle
    found = load_print(path, tone_bundle)
    assert sorted(found.arrays) == NAMES and len(found.id) == 64
    np.testing.assert_array_equal(found.arrays["mel"], ARRAYS["mel"])

    shutil.move(tmp_path / "config", tmp_path / "away")
    with pytest.raises(BadVoicePrint, match="there is no key here") as caught:
        load_print(path, tone_bundle)
    assert "unclone anna" in caught.value.remedy
    new_key(tmp_path / "config/edge-voice/print-key")  # another machine's
    with pytest.raises(BadVoicePrint, match=r"deciphered with .*: no identity"):
        load_print(path, tone_bundle)
    remove_print("anna")
    assert find_print("anna") is None


@age
def test_a_file_of_several_machines_keys(tone_bundle: Bundle, tmp_path: Path) -> None:
    keys = [new_key(tmp_path / f"board{n}" / "print-key") for n in range(2)]
    (tmp_path / "fleet.txt").write_text("# the fleet\n" + "\n".join(keys) + "\n")
    path = save(tone_bundle, str(tmp_path / "fleet.txt"))
    for n in range(2):
        (tmp_path / "config").mkdir(exist_ok=True)
        shutil.copytree(tmp_path / f"board{n}", tmp_path / "config/edge-voice", dirs_exist_ok=True)
        assert sorted(load_print(path, tone_bundle).arrays) == NAMES


@age
def test_a_changed_label_is_noticed(
    tone_bundle: Bundle, second_bundle: Bundle, tmp_path: Path
) -> None:
    public = new_key(tmp_path / "config/edge-voice/print-key")
    path = save(tone_bundle, public)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"She agreed.", b"He agreed.."))
    with pytest.raises(BadVoicePrint, match="its label is not the one that was sealed"):
        load_print(path, tone_bundle)
    other = checkpoint_of(second_bundle).encode()
    path.write_bytes(raw.replace(checkpoint_of(tone_bundle).encode(), other))
    with pytest.raises(BadVoicePrint, match="with another checkpoint"):
        load_print(path, tone_bundle)
    path.write_bytes(raw[:-5])
    with pytest.raises(BadVoicePrint, match="cannot be deciphered"):
        load_print(path, tone_bundle)
    path.write_bytes(print_seal.SEALED + b"x" * 50_000)
    with pytest.raises(BadVoicePrint, match="its label has no end"):
        read_label(path)


@age
def test_a_key_that_is_none_is_named(tone_bundle: Bundle) -> None:
    with pytest.raises(BadRecipient, match="age1oops") as caught:
        save(tone_bundle, "age1oops")
    assert "age-keygen" in caught.value.remedy and find_print("anna") is None


def test_without_age_it_is_said_what_to_install(
    tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingPackage, match="age") as caught:
        save(tone_bundle, "age1x")
    assert caught.value.remedy == "sudo apt install age"


@age
def test_it_is_deciphered_once_and_anew_when_replaced(
    tone_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = new_key(tmp_path / "config/edge-voice/print-key")
    path = save(tone_bundle, public)
    cache = PrintCache(tone_bundle)
    first = cache.load(path)
    monkeypatch.setenv("PATH", "/nowhere")
    assert cache.load(path) is first
    save(tone_bundle)
    assert cache.load(path).id != first.id


def _can_make_credentials() -> bool:
    if not shutil.which("systemd-creds"):
        return False
    made = subprocess.run(
        ["systemd-creds", "encrypt", "--with-key=host", "--name=x", "-", "-"],
        input=b"x",
        capture_output=True,
    )
    return made.returncode == 0


creds = pytest.mark.skipif(
    not _can_make_credentials(), reason="systemd-creds has no key that it may use here"
)


def deciphered(cipher: Path, folder: Path) -> Path:
    """Do what systemd does before it starts a service with LoadCredentialEncrypted=."""
    folder.mkdir()
    name = f"--name={cipher.name}"
    subprocess.run(["systemd-creds", "decrypt", name, cipher, folder / cipher.name], check=True)
    return folder


def encrypted(plain: Path, cipher: Path) -> Path:
    command = ["systemd-creds", "encrypt", "--with-key=host", f"--name={cipher.name}"]
    subprocess.run([*command, plain, cipher], check=True, capture_output=True)
    return cipher


@creds
def test_a_voice_comes_as_a_credential_of_systemd(
    tone_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cipher = encrypted(save(tone_bundle), tmp_path / "anna.print")
    remove_print("anna")
    assert b"array." not in cipher.read_bytes() and find_print("anna") is None
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(deciphered(cipher, tmp_path / "given")))
    found = find_print("anna")
    assert found is not None and all_labels() == [label(tone_bundle)]
    assert sorted(load_print(found, tone_bundle).arrays) == NAMES
    save(tone_bundle, name="bert")
    assert [one.name for one in all_labels()] == ["anna", "bert"]
    with pytest.raises(BadVoicePrint, match="a credential that systemd gives"):
        remove_print("anna")


@age
@creds
def test_the_key_comes_as_a_credential_of_systemd(
    tone_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = new_key(tmp_path / "made/print-key")
    cipher = encrypted(tmp_path / "made/print-key", tmp_path / "print-key")
    path = save(tone_bundle, public)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(deciphered(cipher, tmp_path / "given")))
    assert sorted(load_print(path, tone_bundle).arrays) == NAMES
