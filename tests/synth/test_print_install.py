"""Cloned voices that come to a board as files: checked, then kept. 4 s."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.commands import install, unclone
from edge.errors import BadVoicePrint, NoBundle, UnsafeBundle
from edge.pcm import PcmChunk
from edge.synth.print_install import NAMESPACE, is_print
from edge.synth.voice_print import (
    FORMAT,
    Label,
    VoicePrint,
    checkpoint_of,
    find_print,
    prints_dir,
    save_print,
)
from tests.helpers.kept_pocket import build
from tests.synth.test_clip import voice as hum


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build("pointwise", tmp_path_factory.mktemp("pocket"))


@pytest.fixture(autouse=True)
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: Bundle) -> Path:
    """A board with the bundle, and nothing else."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)  # away from what is built here
    place = tmp_path / "state/edge-voice/bundles/b"
    shutil.copytree(bundle.path, place)
    return place


@pytest.fixture
def made(bundle: Bundle, tmp_path: Path) -> Path:
    """What `edge clone anna --out anna.print` writes on a workstation."""
    return make(bundle, tmp_path / "out/anna.print")


def make(bundle: Bundle, path: Path, name: str = "anna", seconds: float = 2.5) -> Path:
    print_ = synth.enroll(bundle, PcmChunk(hum(seconds), 24_000), None)
    return save_print(print_, label(bundle, name), path)


def label(bundle: Bundle, name: str = "anna") -> Label:
    voice = bundle.voice.name
    return Label(FORMAT, name, "pocket", voice, checkpoint_of(bundle), "en", "2026", "She agreed.")


def test_it_is_kept_as_it_came_and_may_come_again(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = install.Options(made, any_board=True)
    assert install.run(command) == 0
    kept = find_print("anna")
    assert kept == prints_dir() / "anna.print" and kept.read_bytes() == made.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "edge say --voice anna" in capsys.readouterr().out
    assert install.run(command) == 0  # as Ansible does
    assert "anna: is there already" in capsys.readouterr().out
    assert unclone.run(unclone.Options("anna")) == 0 and find_print("anna") is None


def test_another_voice_of_the_name_is_not_lost(made: Path, bundle: Bundle, tmp_path: Path) -> None:
    install.run(install.Options(made, any_board=True))
    other = make(bundle, tmp_path / "other.print", seconds=2.0)
    with pytest.raises(BadVoicePrint, match="another cloned voice 'anna'") as caught:
        install.run(install.Options(other, any_board=True))
    assert "--replace" in caught.value.remedy
    install.run(install.Options(other, any_board=True, replace=True))
    kept = find_print("anna")
    assert kept is not None and kept.read_bytes() == other.read_bytes()


def test_what_does_not_fit_is_refused(
    made: Path, bundle: Bundle, board: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.print"
    cut.write_bytes(made.read_bytes()[:-300])
    wrong = VoicePrint("pocket", {"latents": np.zeros((5, 3), np.float32)})
    taken = VoicePrint("pocket", {"latents": np.zeros((5, 32), np.float32)})
    of_a_voice = label(bundle, bundle.voice.name)
    for path, why in (
        (cut, "is damaged"),
        (
            save_print(wrong, label(bundle), tmp_path / "wrong.print"),
            "does not hold what this model needs",
        ),
        (save_print(taken, of_a_voice, tmp_path / "taken.print"), "the name of a voice"),
    ):
        with pytest.raises(BadVoicePrint, match=why):
            install.run(install.Options(path, any_board=True))
    shutil.rmtree(board)
    with pytest.raises(NoBundle):
        install.run(install.Options(made, any_board=True))
    assert not prints_dir().exists()


def test_the_print_of_another_checkpoint_is_refused(
    board: Path, tmp_path: Path, made: Path
) -> None:
    shutil.rmtree(board)
    shutil.copytree(build("drifting", tmp_path / "other").path, board)
    with pytest.raises(BadVoicePrint, match="cloned with another checkpoint") as caught:
        install.run(install.Options(made, any_board=True))
    assert "edge clone anna" in caught.value.remedy


def test_only_signed_voices_where_the_owner_wants_that(made: Path, tmp_path: Path) -> None:
    key, signers = tmp_path / "key", tmp_path / "signers"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    signers.write_text(f"me@example {key.with_suffix('.pub').read_text()}")
    command = install.Options(made, any_board=True, verify_with=signers)
    with pytest.raises(UnsafeBundle, match=r"has no anna\.print\.sig") as caught:
        install.run(command)
    assert f"-n {NAMESPACE}" in caught.value.remedy
    sign = ["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", key, made]
    subprocess.run(sign, check=True, capture_output=True)
    assert install.run(command) == 0
    made.write_bytes(made.read_bytes() + b"x")
    with pytest.raises(UnsafeBundle, match="not of anyone"):
        install.run(command)


def test_a_print_is_told_from_a_bundle(made: Path, bundle: Bundle, tmp_path: Path) -> None:
    tar = tmp_path / "b.tar"
    subprocess.run(["tar", "-cf", tar, "-C", bundle.path.parent, bundle.path.name], check=True)
    assert is_print(made)
    assert not is_print(tar) and not is_print(bundle.path) and not is_print(tmp_path / "nowhere")
