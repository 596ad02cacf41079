"""A bundle is whole and for this board, or it is not opened; it appears whole or not at all."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.bundle import FORMAT, MANIFEST, MANIFEST_SUM, WEIGHTS, Bundle, open_bundle, writing
from edge.errors import (
    BundleDamaged,
    BundleIncomplete,
    BundleTooNew,
    DiskFull,
    EdgeError,
    NoBundle,
    WrongBoard,
)
from edge.machine import Machine
from tests.conftest import PROFILE, build_tone
from tests.helpers.daemon_under_test import ROOT
from tests.helpers.fakes import DEADLINE_S
from tests.helpers.installing import edit_manifest

STRANGER = Machine("riscv64", (), "", frozenset(), 4, (0, 1, 2, 3), 4096)


def files(bundle: Path) -> dict[str, bytes]:
    return {
        f.relative_to(bundle).as_posix(): f.read_bytes() for f in bundle.rglob("*") if f.is_file()
    }


def refused(bundle: Path, kind: type[EdgeError], machine: Machine | None = None) -> EdgeError:
    with pytest.raises(kind) as raised:
        open_bundle(bundle, machine)
    assert type(raised.value) is kind
    assert "edge build" in raised.value.remedy or "Upgrade" in raised.value.remedy
    return raised.value


@pytest.mark.parametrize("name", ["voice.yaml", "profile.yaml", MANIFEST, MANIFEST_SUM])
def test_any_flipped_bit_is_found(copied_bundle: Path, name: str) -> None:
    whole = (copied_bundle / name).read_bytes()
    end = 64 if name == MANIFEST_SUM else len(whole)  # behind the digest stands only a name
    for place in {0, end // 3, end // 2, end - 1}:
        damaged = bytearray(whole)
        damaged[place] ^= 0x04
        (copied_bundle / name).write_bytes(damaged)
        refused(copied_bundle, BundleDamaged)
    (copied_bundle / name).write_bytes(whole)
    open_bundle(copied_bundle, None)


@pytest.mark.parametrize("name", ["voice.yaml", "profile.yaml"])
def test_a_missing_or_cut_file(copied_bundle: Path, name: str) -> None:
    whole = (copied_bundle / name).read_bytes()
    (copied_bundle / name).write_bytes(whole[:-1])
    refused(copied_bundle, BundleDamaged)
    (copied_bundle / name).unlink()
    assert name in refused(copied_bundle, BundleIncomplete).message
    (copied_bundle / name).mkdir()
    refused(copied_bundle, BundleIncomplete)


def test_what_is_no_bundle(copied_bundle: Path, tmp_path: Path) -> None:
    (copied_bundle / MANIFEST_SUM).unlink()
    refused(copied_bundle, BundleDamaged)
    (copied_bundle / MANIFEST).unlink()
    for place in (copied_bundle, copied_bundle / "voice.yaml", tmp_path / "nowhere"):
        refused(place, NoBundle)


def test_a_manifest_edited_by_hand(copied_bundle: Path) -> None:
    text = (copied_bundle / MANIFEST).read_text(encoding="utf-8")
    (copied_bundle / MANIFEST).write_text(text.replace("22050", "44100"), encoding="utf-8")
    assert "checksum" in refused(copied_bundle, BundleDamaged).message


@pytest.mark.parametrize(
    ("key", "value"),
    [("rate", "fast"), ("gain", None), ("files", []), ("surprise", 1), ("variants", [{}])],
)
def test_a_manifest_of_another_shape(copied_bundle: Path, key: str, value: object) -> None:
    edit_manifest(copied_bundle, lambda manifest: manifest.update({key: value}))
    assert key in refused(copied_bundle, BundleDamaged).message


def test_a_later_format(copied_bundle: Path) -> None:
    """Even one whose other keys are all different."""

    def change(manifest: dict[str, Any]) -> None:
        manifest.clear()
        manifest.update({"format": FORMAT + 1, "everything": "new"})

    edit_manifest(copied_bundle, change)
    error = refused(copied_bundle, BundleTooNew)
    assert f"format {FORMAT + 1}; this version reads 1 to {FORMAT}" in error.message
    assert "Upgrade edge-voice" in error.remedy


@pytest.mark.parametrize("name", ["../voice.yaml", "/etc/hostname", "a/../../b", "a\\b", "", "."])
def test_a_manifest_that_names_files_outside(copied_bundle: Path, name: str) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["files"][name] = manifest["files"]["voice.yaml"]

    edit_manifest(copied_bundle, change)
    assert "outside itself" in refused(copied_bundle, BundleDamaged).message


def test_a_link_out_of_the_bundle(copied_bundle: Path) -> None:
    target = copied_bundle.parent / "elsewhere.yaml"
    (copied_bundle / "voice.yaml").rename(target)
    (copied_bundle / "voice.yaml").symlink_to(target)
    assert "link" in refused(copied_bundle, BundleDamaged).message


def test_a_folder_that_is_a_link_out_of_the_bundle(copied_bundle: Path) -> None:
    outside = copied_bundle.parent / "outside"
    outside.mkdir()
    (outside / "graph").write_bytes((copied_bundle / "voice.yaml").read_bytes())
    (copied_bundle / "graphs").symlink_to(outside)

    def change(manifest: dict[str, Any]) -> None:
        manifest["files"]["graphs/graph"] = manifest["files"]["voice.yaml"]

    edit_manifest(copied_bundle, change)
    refused(copied_bundle, BundleDamaged)


def test_descriptions_that_the_manifest_does_not_vouch_for(copied_bundle: Path) -> None:
    edit_manifest(copied_bundle, lambda manifest: manifest["files"].pop("voice.yaml"))
    assert "voice.yaml" in refused(copied_bundle, BundleDamaged).message


def test_a_bundle_of_another_board(copied_bundle: Path) -> None:
    message = refused(copied_bundle, WrongBoard, STRANGER).message
    assert "x86_64" in message and "riscv64" in message
    fitting = replace(STRANGER, architecture="x86_64", features=frozenset({"sse4_2"}))
    assert open_bundle(copied_bundle, fitting).manifest.profile == PROFILE


def test_a_damaged_graph_stops_who_loads_it_and_nobody_else(copied_bundle: Path) -> None:
    (copied_bundle / "spare.onnx").write_bytes(b"graph")
    (copied_bundle / ("spare.onnx" + WEIGHTS)).write_bytes(b"\0" * 64)

    def change(manifest: dict[str, Any]) -> None:
        for name in ("spare.onnx", "spare.onnx" + WEIGHTS):
            data = (copied_bundle / name).read_bytes()
            entry = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            manifest["files"][name] = entry

    edit_manifest(copied_bundle, change)
    open_bundle(copied_bundle, None).verify()
    (copied_bundle / ("spare.onnx" + WEIGHTS)).write_bytes(b"\0" * 63 + b"\1")
    bundle = open_bundle(copied_bundle, None)
    assert bundle.file("spare.onnx").is_file()
    for look in (lambda: bundle.graph("spare.onnx"), bundle.verify):
        with pytest.raises(BundleDamaged, match=f"spare.onnx{WEIGHTS} differs") as raised:
            look()
        assert "edge build" in raised.value.remedy
    with pytest.raises(BundleDamaged):  # nothing vouches for it
        bundle.file(MANIFEST)


# Writing


def test_two_builds_are_equal_byte_for_byte(tmp_path: Path, tone_bundle: Bundle) -> None:
    again = build_tone(tmp_path / "tone")
    assert files(again.path) == files(tone_bundle.path)
    assert again.id == tone_bundle.id


def test_a_bundle_is_replaced_whole(tmp_path: Path, tone_bundle: Bundle) -> None:
    (tmp_path / "tone").mkdir()
    (tmp_path / "tone" / "old").touch()
    again = build_tone(tmp_path / "tone")
    assert files(again.path) == files(tone_bundle.path)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "cache") == ["tone"]


def test_a_failed_build_leaves_the_old_one(copied_bundle: Path) -> None:
    before = files(copied_bundle)
    with pytest.raises(KeyError), writing(copied_bundle) as folder:
        (folder / "half").touch()
        raise KeyError
    assert files(copied_bundle) == before
    assert list(copied_bundle.parent.iterdir()) == [copied_bundle]


def test_a_killed_build_leaves_the_old_one(copied_bundle: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom edge.bundle import writing\n"
        "with writing(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'half').write_bytes(b'x' * 100)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    before = files(copied_bundle)
    command = [sys.executable, "-c", code, str(copied_bundle)]
    done = subprocess.run(command, cwd=ROOT, timeout=DEADLINE_S)
    assert done.returncode == -signal.SIGKILL
    assert files(copied_bundle) == before
    open_bundle(copied_bundle, None)


def test_a_full_disk_is_told_and_leaves_the_old_one(copied_bundle: Path) -> None:
    before = files(copied_bundle)
    with pytest.raises(DiskFull, match="bytes are free"), writing(copied_bundle) as folder:
        (folder / "half").touch()
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")  # a real ENOSPC
    assert files(copied_bundle) == before
    assert list(copied_bundle.parent.iterdir()) == [copied_bundle]


def test_a_file_that_its_disk_cannot_read(copied_bundle: Path) -> None:
    """As a memory card does at its end."""
    bundle = open_bundle(copied_bundle, None)
    (copied_bundle / "voice.yaml").unlink()
    (copied_bundle / "voice.yaml").mkdir()
    with pytest.raises(BundleDamaged, match="cannot be read"):
        bundle.verify()
