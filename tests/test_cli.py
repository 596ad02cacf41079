"""The command line as people type it: help, exit codes, and errors that say what to type next.

Write tests/data/golden/ anew after a wanted change: python -m tests.test_cli
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge import __version__
from edge.bundle import Bundle
from edge.cli import run
from edge.commands import COMMANDS
from tests.helpers.command_line import edge, refusal
from tests.helpers.daemon_under_test import ROOT
from tests.helpers.fakes import DEADLINE_S

GOLDEN = Path(__file__).parent / "data/golden"


def help_of(command: str) -> str:
    return edge(*command.split(), "--help").stdout.decode().replace(str(Path.home()), "~")


def test_every_command_is_listed_in_its_group() -> None:
    listed = re.findall(r"^  ([a-z][\w-]+) ", help_of(""), re.MULTILINE)
    assert listed == list(COMMANDS)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse words its help anew")
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(command: str) -> None:
    text = help_of(command)
    assert max(map(len, text.splitlines())) <= 90
    assert text == (GOLDEN / f"help-{command or 'edge'}.txt").read_text(encoding="utf-8")


def test_version() -> None:
    assert edge("--version").stdout.decode() == f"edge-voice {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["sing"], ["say", "--speed", "fast"], ["say", "--loud"]]
)
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    assert "usage: edge" in refusal(*arguments, status=2)


def test_a_package_that_is_missing_is_named_with_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("edge.bundler.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert run(["build", "tone", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "onnx is not installed" in said and "[build]" in said


def test_errors_say_what_to_type_next(tmp_path: Path, tone_bundle: Bundle) -> None:
    nowhere = tmp_path / "nowhere.sock"
    assert "edge serve" in refusal("say", "--socket", nowhere, "Hello.")
    assert "edge serve" in refusal("status", "--socket", nowhere)
    assert "edge serve" in refusal("stop", EDGE_VOICE_SOCKET=str(nowhere))
    assert "edge build" in refusal("inspect", tmp_path)
    assert "edge build" in refusal("serve", "--bundle", tmp_path, "--socket", nowhere)
    assert "Choose one of" in refusal("build", "tone", "--profile", "toaster", "--out", tmp_path)
    assert "edge voices" in refusal("build", "nobody", "--out", tmp_path)
    assert "edge voices" in refusal("voices", "nobody")
    assert "edge build" in refusal("say", "--local", "--bundle", tmp_path, "Hello.")
    assert "edge build nobody" in refusal(
        "say",
        "--local",
        "--any-board",
        "--bundle",
        tone_bundle.path,
        "--voice",
        "nobody",
        "Hello.",
    )


@pytest.mark.parametrize("command", ["edge voices", "edge profiles", "edge voices --json"])
def test_a_reader_that_leaves_is_no_error(command: str) -> None:
    line = f"{sys.executable} -m {command} | head -1 > /dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, timeout=DEADLINE_S
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_lists_are_there_for_people_and_for_programs(tone_bundle: Bundle) -> None:
    for command in ("profiles", "voices"):
        people, programs = edge(command), edge(command, "--json")
        assert people.returncode == programs.returncode == 0
        for entry in json.loads(programs.stdout):
            assert entry["name"] in people.stdout.decode()
    assert "Apache-2.0" in edge("voices", "tone").stdout.decode()
    assert "tone" in edge("inspect", tone_bundle.path).stdout.decode()
    assert json.loads(edge("inspect", tone_bundle.path, "--json").stdout)["voice"] == "tone"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in ["", *COMMANDS]:
        (GOLDEN / f"help-{name or 'edge'}.txt").write_text(help_of(name), encoding="utf-8")
