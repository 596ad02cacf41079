"""A release says truly what it is: signed files and no others, and a bill of what lies in them."""

from __future__ import annotations

import datetime
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.helpers.daemon_under_test import ROOT

NAMESPACE = "edge-voice-release"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A small folder, signed as tools/release.sh signs; `signers` beside it has the key."""
    key, folder = tmp_path / "key", tmp_path / "release"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    words = key.with_suffix(".pub").read_text()
    (tmp_path / "signers").write_text(f'edge-voice namespaces="{NAMESPACE}" {words}')
    (folder / "python").mkdir(parents=True)
    with zipfile.ZipFile(folder / "python/Some_Thing-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            "some_thing-1.0.dist-info/METADATA",
            "Metadata-Version: 2.4\nName: Some_Thing\nVersion: 1.0\nLicense-Expression: MIT\n",
        )
    (folder / "a b.txt").write_text("hello")
    sums = "find . -type f -printf '%P\\0' | sort -z | xargs -0 sha256sum > ../sums"
    subprocess.run(["bash", "-euc", sums], cwd=folder, check=True)
    (tmp_path / "sums").rename(folder / "SHA256SUMS")
    sign = ["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", key, "SHA256SUMS"]
    subprocess.run(sign, cwd=folder, check=True, capture_output=True)
    return folder


def verified(release: Path) -> subprocess.CompletedProcess[str]:
    command = [ROOT / "tools/verify-release.sh", release, release.parent / "signers"]
    return subprocess.run(command, capture_output=True, text=True)


def test_what_was_signed_is_taken(release: Path) -> None:
    done = verified(release)
    assert done.returncode == 0, done.stderr
    assert "2 files, each as it was signed" in done.stdout


@pytest.mark.parametrize("name", ["a b.txt", "SHA256SUMS", "SHA256SUMS.sig"])
def test_what_was_changed_is_refused(release: Path, name: str) -> None:
    path = release / name
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    assert verified(release).returncode != 0


def test_what_is_missing_or_new_is_refused(release: Path) -> None:
    extra = release / "python/more.whl"
    extra.write_text("nobody signed this")
    done = verified(release)
    assert done.returncode != 0 and "Nobody signed: python/more.whl" in done.stderr
    extra.unlink()
    (release / "a b.txt").unlink()
    assert verified(release).returncode != 0


def test_a_signature_for_something_else_does_not_do(release: Path) -> None:
    sums = release / "SHA256SUMS"
    sums.with_suffix(".sig").unlink()
    sign = ["ssh-keygen", "-q", "-Y", "sign", "-n", "edge-voice-bundle", "-f"]
    subprocess.run([*sign, release.parent / "key", sums], check=True, capture_output=True)
    assert verified(release).returncode != 0


def test_the_bill_names_each_file_and_what_lies_in_it(release: Path) -> None:
    pytest.importorskip("cyclonedx", reason="pip install 'cyclonedx-python-lib[json-validation]'")
    from tools.sbom import bill

    made = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
    text = bill(release, "1.0", made)
    assert text == bill(release, "1.0", made)
    files = {row["name"]: row for row in json.loads(text)["components"]}
    [inside] = files["python/Some_Thing-1.0-py3-none-any.whl"]["components"]
    assert inside["purl"] == "pkg:pypi/some-thing@1.0"
    assert inside["licenses"] == [{"license": {"id": "MIT"}}]
    assert files["a b.txt"]["hashes"][0]["alg"] == "SHA-256"
