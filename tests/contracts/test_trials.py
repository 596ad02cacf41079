"""The dry trials: what README's "Where to change what" names is enough to add one more of each.

Each is tried in a copy of what it touches. The trials of families and recipes walk their tables
beside this file, and that of an option is in test_commands.py; a voice of one's own is built in
tests/commands/test_build.py.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from edge.profile import profiles_dir
from tests.helpers.daemon_under_test import ROOT
from tests.helpers.pages import README, table

NEW_REQUEST = '''
@dataclass(frozen=True)
class Whisper:
    """Speak without a voice."""

    TYPE = "whisper"


Request = (
    Whisper
    | Describe
'''

OWN_EDGE = """\
import sys
sys.meta_path[:] = [each for each in sys.meta_path if "Redirecting" not in type(each).__name__]
"""
"""Makes Python look where it is started before it looks where edge was installed from."""


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} does not hold {old!r} once"
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package, its descriptions, its pages and their tests."""
    for name in ("edge", "profiles", "models", "docs", "tests", "tools", "contrib"):
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "data")
            shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for file in (*ROOT.glob("*.md"), ROOT / "pyproject.toml", ROOT / "Makefile"):
        shutil.copy(file, tmp_path)
    (tmp_path / "sitecustomize.py").write_text(OWN_EDGE, encoding="utf-8")
    return tmp_path


def python(folder: Path, *words: str, status: int = 0) -> str:
    """Run Python in `folder`, whose edge/ it imports; return all that it says."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "XDG_CONFIG_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr + done.stdout


@pytest.mark.parametrize(
    ("like", "compatible"),
    [("rpi5", "maker,first-board"), ("jetson-thor", "maker,other-board")],
)
def test_a_board_for_all_is_one_file(tmp_path: Path, like: str, compatible: str) -> None:
    """Every test of the profiles holds with one more, which also claims a machine."""
    scratch = tmp_path / "profiles"
    shutil.copytree(profiles_dir(), scratch)
    data = yaml.safe_load((scratch / f"{like}.yaml").read_text(encoding="utf-8"))
    data["name"], data["board"]["compatible"] = "a-new-board", [compatible]
    (scratch / "a-new-board.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    code = f"""
import sys, pathlib, pytest, edge.profile
edge.profile.profiles_dir = lambda: pathlib.Path({str(scratch)!r})
assert "a-new-board" in [profile.name for profile in edge.profile.all_profiles()]
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist",
    "tests/test_profiles.py", "tests/test_docs.py",
    "-k", "(test_profiles or profile) and not installed_package"]))
"""
    assert " passed" in python(ROOT, "-c", code)


def test_a_message_that_nobody_answers_is_named_by_mypy(copy: Path) -> None:
    replaced(copy / "edge/protocol/requests.py", "\nRequest = (\n    Describe\n", NEW_REQUEST)
    said = python(copy, "-m", "mypy", "edge/daemon/requests.py", status=1)
    complaints = [line for line in said.splitlines() if ": error: " in line]
    [complaint] = complaints
    assert complaint.startswith("edge/daemon/requests.py:")
    assert "assert_never" in complaint or "Whisper" in complaint


def shown(folder: Path, text: str, status: int = 0) -> dict[str, tuple[object, str]]:
    """Return what edge config says of each key: its value, and where that is from."""
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    code = "import sys; from edge.cli import run; sys.exit(run(sys.argv[1:]))"
    said = python(folder, "-c", code, "config", "--config", "config.yaml", "--json", status=status)
    if status:
        return {"error": (said, "")}
    answer = json.loads(said[said.index("{") :])
    return {row["key"]: (row["value"], row["from"]) for row in answer["keys"]}


def test_a_key_of_the_configuration_is_one_field_and_its_row(copy: Path) -> None:
    place = copy / "edge/sound/settings.py"
    replaced(
        place, "    keep_awake: bool = False\n", "    keep_awake: bool = False\n    dim: int = 7\n"
    )
    assert shown(copy, "{}")["audio.dim"] == (7, "default")
    assert shown(copy, "audio:\n  dim: 3\n")["audio.dim"] == (3, "config.yaml:2")
    assert "audio.dim: expected a whole number" in str(shown(copy, "audio: {dim: x}", status=1))
    code = (
        "from edge.config import load_config; from edge.daemon.start import output\n"
        "from types import SimpleNamespace as N\n"
        "from edge.profile import load_profile\n"
        "made = output(load_config('config.yaml').config, N(profile=load_profile('rpi5')))\n"
        "print(made.dim)"
    )
    (copy / "config.yaml").write_text("audio: {dim: 3}\n", encoding="utf-8")
    code = code.replace("'config.yaml'", "__import__('pathlib').Path('config.yaml')")
    assert python(copy, "-c", code) == "3\n"  # it has come to the sound card
    said = python(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
        "tests/test_docs.py", "-k", "key_of_the_configuration", status=1,
    )  # fmt: skip
    assert "audio.dim" in said


def test_the_table_names_a_place_for_each() -> None:
    kinds = {row[0].partition(" (")[0] for row in table(README, "To add")}
    assert kinds >= {
        *(
            "a board",
            "a voice of your own",
            "a voice for all",
            "a family",
            "a message",
            "a failure",
            "a command",
        ),
        *("an option", "a recipe", "a key of the configuration", "a key of the bundle"),
    }
