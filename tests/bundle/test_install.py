"""Bundles on the board: installed whole or not at all, exchanged, and signed if so asked."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from edge.bundle import MANIFEST, Bundle, open_bundle
from edge.bundle.install import install
from edge.bundle.safety import SIGNATURE
from edge.bundle.store import (
    PREVIOUS,
    find_bundles,
    linked,
    roll_back,
)
from edge.errors import (
    BundleDamaged,
    DiskFull,
    EdgeError,
    ModelFailed,
    NoBundle,
    NotWritable,
    UnsafeBundle,
)
from edge.synth.self_test import try_in_child
from tests.bundle.test_bundle import files
from tests.helpers.installing import add_notice, edit_manifest, flip, found, packed, put, refused

# What goes well


@pytest.mark.parametrize("how", ["folder", "tar", "tar of what is inside", "tar by hand"])
def test_a_bundle_is_installed_and_found(tmp_path: Path, tone_bundle: Bundle, how: str) -> None:
    source, root = tone_bundle.path, tmp_path / "state" / "bundles"
    if how == "tar":
        source = packed(source, tmp_path / "tone.tar")
    elif how == "tar of what is inside":
        with tarfile.open(tmp_path / "tone.tar", "w") as tar:
            tar.add(source, ".")
        source = tmp_path / "tone.tar"
    elif how == "tar by hand":
        subprocess.run(
            ["tar", "-cf", tmp_path / "tone.tar", "-C", source.parent, source.name], check=True
        )
        source = tmp_path / "tone.tar"
    done = install(source, root, None, try_in_child)
    assert done.replaced is None and done.bundle.id == tone_bundle.id
    assert files(done.bundle.path) == files(tone_bundle.path)
    assert done.bundle.path.stat().st_mode & 0o777 == 0o755  # a service's user reads it
    assert found(root).path == done.bundle.path


def test_the_reports_of_a_build_stay_where_they_are(tmp_path: Path, copied_bundle: Path) -> None:
    (copied_bundle / "report.html").write_text("long", encoding="utf-8")
    installed = put(copied_bundle, tmp_path / "bundles")
    assert not (installed.path / "report.html").exists()


def test_two_are_kept_and_the_third_replaces_the_older(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle, third_tone: Bundle
) -> None:
    for bundle in (tone_bundle, newer_tone, third_tone):
        installed = put(bundle.path, tmp_path)
    home = installed.path.parent
    assert found(tmp_path).id == third_tone.id
    assert sorted(p.name for p in home.iterdir() if p.is_dir() and not p.is_symlink()) == sorted(
        f"tone--x86-64--{bundle.id[:12]}" for bundle in (newer_tone, third_tone)
    )
    roll_back(tmp_path, "tone")
    assert found(tmp_path).id == newer_tone.id
    assert put(newer_tone.path, tmp_path).id == newer_tone.id  # again: nothing to do
    previous = linked(home, PREVIOUS)
    assert previous and open_bundle(previous, None).id == third_tone.id


def test_a_damaged_one_is_mended_by_installing_it_again(
    tmp_path: Path, tone_bundle: Bundle
) -> None:
    installed = put(tone_bundle.path, tmp_path)
    (installed.path / "voice.yaml").write_bytes(b"x")
    with pytest.raises(BundleDamaged):
        found(tmp_path)
    put(tone_bundle.path, tmp_path)
    assert found(tmp_path).id == tone_bundle.id


def test_a_flipped_bit_is_mended_and_not_gone_back_to(
    tmp_path: Path, copied_bundle: Path, newer_tone: Bundle
) -> None:
    add_notice(copied_bundle)
    root = tmp_path / "bundles"
    installed = put(copied_bundle, root)
    flip(installed.path / "NOTICE")
    put(copied_bundle, root).verify()
    put(newer_tone.path, root)
    flip(installed.path / "NOTICE")
    with pytest.raises(BundleDamaged):
        roll_back(root, "tone")


def test_voices_beside_each_other(
    tmp_path: Path, tone_bundle: Bundle, second_bundle: Bundle
) -> None:
    for bundle in (tone_bundle, second_bundle):
        broken = put(bundle.path, tmp_path).path
    assert len(find_bundles([tmp_path], None, any_board=True)) == 2
    (broken / "voice.yaml").unlink()
    assert found(tmp_path).id == tone_bundle.id  # a broken voice does not silence the other


# What goes wrong


def test_what_does_not_speak_is_not_installed(
    tmp_path: Path, tone_bundle: Bundle, copied_bundle: Path
) -> None:
    root = tmp_path / "bundles"
    put(tone_bundle.path, root)
    edit_manifest(copied_bundle, lambda manifest: manifest.update(variants=[]))
    with pytest.raises(ModelFailed, match=r"self-test.*no variant"):
        install(copied_bundle, root, None, try_in_child)
    assert found(root).id == tone_bundle.id
    assert sorted(p.name for p in root.iterdir()) == [".lock", "tone"]


def test_a_source_with_a_flipped_bit_is_not_installed(tmp_path: Path, copied_bundle: Path) -> None:
    """Be it in a file that nothing here would load."""
    flip(add_notice(copied_bundle))
    assert "NOTICE" in refused(copied_bundle, tmp_path / "bundles", BundleDamaged)


def test_no_room(tmp_path: Path, tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    few = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: few)
    assert "1,000 are free" in refused(tone_bundle.path, tmp_path / "bundles", DiskFull)


def test_a_root_that_cannot_be_written(tmp_path: Path, tone_bundle: Bundle) -> None:
    (tmp_path / "file").touch()
    assert "file" in refused(tone_bundle.path, tmp_path / "file" / "bundles", NotWritable)


def test_no_bundle_at_all(tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("no tar", encoding="utf-8")
    for place, kind in (("nowhere", NoBundle), (".", NoBundle), ("text.tar", BundleDamaged)):
        refused(tmp_path / place, tmp_path / "state", kind)


# Signatures


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of ours and of a stranger, and the file of those that may sign."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "theirs"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    public = (folder / "ours.pub").read_text(encoding="ascii")
    (folder / "signers").write_text(f"us@example.org {public}", encoding="ascii")
    return folder


def sign(bundle: Path, key: Path, namespace: str = "edge-voice-bundle") -> None:
    (bundle / SIGNATURE).unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", key, bundle / MANIFEST]
    subprocess.run(command, check=True, capture_output=True)


def test_only_what_one_of_us_signed(tmp_path: Path, copied_bundle: Path, keys: Path) -> None:
    root, signers = tmp_path / "bundles", keys / "signers"

    def unsigned() -> str:
        with pytest.raises(UnsafeBundle) as raised:
            put(copied_bundle, root, signers)
        return raised.value.message

    assert "no manifest.json.sig" in unsigned()
    sign(copied_bundle, keys / "theirs")
    assert "not of anyone" in unsigned()
    sign(copied_bundle, keys / "ours", "git")
    assert "not of anyone" in unsigned()
    sign(copied_bundle, keys / "ours")
    assert (put(copied_bundle, root, signers).path / SIGNATURE).is_file()
    edit_manifest(copied_bundle, lambda manifest: manifest.update(gain=2.0))
    assert "not of anyone" in unsigned()
    (copied_bundle / SIGNATURE).write_text("no signature", encoding="ascii")
    assert "not of anyone" in unsigned()


def test_a_file_of_signers_that_is_not_there(
    tmp_path: Path, copied_bundle: Path, keys: Path
) -> None:
    sign(copied_bundle, keys / "ours")
    with pytest.raises(UnsafeBundle):
        put(copied_bundle, tmp_path / "bundles", tmp_path / "nowhere")


@pytest.mark.parametrize(
    "folder",
    sorted((Path(__file__).parents[1] / "data/bundles").iterdir()),
    ids=lambda path: path.name,
)
def test_an_old_bundle_opens_or_names_the_build_command(folder: Path) -> None:
    """tests/data/bundles has one of every format that ever was; none is ever changed."""
    try:
        bundle = open_bundle(folder, None)
    except EdgeError as error:
        assert "build" in error.remedy
    else:
        try_in_child(bundle.path)
