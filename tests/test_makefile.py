"""The Makefile is short, and its scripts behave on machines with and without apt."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_it_is_short_and_has_one_command_a_target() -> None:
    assert len(MAKEFILE.splitlines()) <= 110
    assert not re.search(r"^\t.*\n\t", MAKEFILE, re.MULTILINE)
    assert not re.search(r"^\t.*(&&|;|\\$)", MAKEFILE, re.MULTILINE)


def test_the_scripts_that_it_runs_can_be_run() -> None:
    scripts = re.findall(r"(?:contrib|tools|tests)/[\w./-]+", "".join(recipes()))
    assert len(scripts) > 10
    for script in scripts:
        assert script.endswith(".py") or os.access(ROOT / script, os.X_OK), script


def recipes() -> list[str]:
    return [line for line in MAKEFILE.splitlines(keepends=True) if line.startswith("\t")]


@pytest.fixture
def without_apt(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a machine that has neither apt nor dpkg."""
    for name in ("bash", "env", "grep", "id", "echo"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    return {"PATH": str(tmp_path)}


def apt_packages(
    environment: dict[str, str], kind: str, *words: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "contrib/apt-packages", kind, "hearing", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_needed_and_missing_ends_it(without_apt: dict[str, str]) -> None:
    done = apt_packages(without_apt, "needed", "an-ear", "a-horn", "--", "echo", "heard")
    told = "Needed for hearing: an-ear a-horn. Install them with your package manager.\n"
    assert (done.returncode, done.stdout) == (1, told)


def test_without_what_is_wanted_it_goes_on(without_apt: dict[str, str]) -> None:
    done = apt_packages(without_apt, "wanted", "an-ear", "--", "echo", "heard")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1:] == ["heard"]


def test_who_may_not_use_apt_is_told_the_command(without_apt: dict[str, str]) -> None:
    """Without root and sudo, or where apt itself fails, as it does without a network."""
    apt = Path(without_apt["PATH"]) / "apt-get"
    apt.write_text("#!/bin/sh\nexit 100\n")
    apt.chmod(0o755)
    done = apt_packages(without_apt, "needed", "an-ear")
    told = "Needed for hearing: sudo apt-get install -y --no-install-recommends an-ear\n"
    assert (done.returncode, done.stdout) == (1, told)
