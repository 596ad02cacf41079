"""What a remedy names is there: on a board no build, in a clone no package of Debian's."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from edge import remedies
from tests.helpers.fakes import DEADLINE_S

ROOT = Path(__file__).parent.parent


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A folder as a package or `make install` fills it, without what only a build needs."""
    lib = tmp_path / f"lib/python{sys.version_info.major}.{sys.version_info.minor}"
    lib.mkdir(parents=True)
    for name in ("edge", "profiles", "models"):
        (lib / name).symlink_to(ROOT / name)
    return lib


def run(board: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `code` with the board's copy of us; -S leaves the clone's own out."""
    places = os.pathsep.join((str(board), sysconfig.get_path("purelib")))
    return subprocess.run(
        [sys.executable, "-S", "-c", f"from edge import remedies\n{code}"],
        env=os.environ | {"PYTHONPATH": places} | environment,
        cwd=board,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )


def asked(board: Path, code: str, **environment: str) -> str:
    return run(board, code, **environment).stdout.strip()


def test_in_a_clone_voices_are_built_and_pip_brings_packages() -> None:
    assert remedies.get_voice() == "Build one: edge build"
    assert remedies.get_voice("en_US-heart") == "Build it: edge build en_US-heart"
    assert f"pip install '{ROOT}[piper]'" in remedies.add_packages("piper")
    assert remedies.start_daemon() in ("edge serve", "sudo systemctl start edge-voice.service")


def test_on_a_board_a_voice_is_brought_from_a_workstation(board: Path) -> None:
    code = "print(remedies.get_voice('en_US-joe-medium'))"
    service = asked(board, code, STATE_DIRECTORY="/var/lib/edge-voice")
    assert service.startswith("On a workstation: edge build en_US-joe-medium --profile ")
    assert "sudo edge install --system FOLDER" in service
    session = asked(board, code, STATE_DIRECTORY="/home/me/.local/state/edge-voice")
    assert "then: edge install FOLDER" in session


def test_on_a_board_with_our_package_packages_are_named(board: Path) -> None:
    def packaged(call: str) -> str:
        fake = "from pathlib import Path; remedies.DPKG_LIST = Path('/dev/null')"
        return asked(board, f"{fake}\nprint(remedies.{call})")

    assert "sudo apt install ./edge-voice-en-us-heart-" in packaged("get_voice('en_US-heart')")
    assert packaged("add_packages('piper')") == "sudo apt install ./edge-voice-piper_*.deb"
    assert "--reinstall ./edge-voice_*.deb" in packaged("add_packages('audio')")
    assert packaged("add_packages('build')").startswith("Build on a workstation")


def test_on_a_board_nothing_is_asked_of_pip(board: Path) -> None:
    for extra in ("cpu", "audio", "piper", "hibari", "build"):
        assert "pip" not in asked(board, f"print(remedies.add_packages({extra!r}))").split()


def test_edge_build_on_a_board_names_no_package_of_an_index(board: Path) -> None:
    """The packages that a build needs are not there."""
    code = (
        "import sys; sys.modules['onnx'] = None\n"
        "from edge.cli import run\n"
        "print(run(['build', 'en_US-joe-medium', '--out', '/nonexistent']))"
    )
    done = run(board, code)
    assert "pip install" not in done.stderr
    assert "Build on a workstation" in done.stderr, done.stderr
