"""How the run is cut into groups, and what it makes once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.daemon_under_test import ROOT
from tests.helpers.groups import LONGEST, REAL_TIME, arrange, group_of
from tests.helpers.once import once


def test_every_group_that_is_named_has_tests() -> None:
    for path in (*REAL_TIME, *LONGEST[1:]):
        found = ROOT / path
        assert found.is_file() or list(found.glob("test_*.py")), f"{path} has moved"


def test_a_real_clock_is_heard_by_one_group_at_a_time(request: pytest.FixtureRequest) -> None:
    ours = [item for item in request.session.items if "sound_server" in item.fixturenames]
    assert {group_of(item.nodeid) for item in ours} <= {"real time"}


def test_a_group_is_one_workers(tmp_path: Path) -> None:
    """In a run of two workers, by the name of each test's worker."""
    command = [
        *(sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider"),
        *("--basetemp", str(tmp_path / "run"), "-n", "2", "--dist", "loadscope"),
        *(
            "tests/bundle/test_kept_bundles.py",
            "tests/synth/test_time_stretch.py",
            "tests/bundler/test_transcript.py",
        ),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=plain())
    assert done.returncode == 0, done.stdout
    workers: dict[str, set[str]] = {}
    for worker, file in re.findall(r"\[(gw\d)\].* PASSED (tests/[\w/]+\.py)::", done.stdout):
        workers.setdefault(file, set()).add(worker)
    assert len(workers) == 3 and all(len(names) == 1 for names in workers.values()), workers


def plain() -> dict[str, str]:
    """The environment without what this run tells its own workers."""
    return {name: value for name, value in os.environ.items() if "XDIST" not in name}


def test_the_longest_groups_begin_first(request: pytest.FixtureRequest) -> None:
    items = list(reversed(request.session.items))
    arrange(items)
    groups = list(dict.fromkeys(group_of(item.nodeid) for item in items))
    first = [group for group in LONGEST if group in groups]
    assert groups[: len(first)] == first


def test_what_failed_is_made_again_and_what_was_made_is_not(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        assert len(made) > 1, "the first time fails"
        folder.mkdir()

    with pytest.raises(AssertionError):
        once(tmp_path / "thing", make)
    assert once(tmp_path / "thing", make) == once(tmp_path / "thing", make) == tmp_path / "thing"
    assert len(made) == 2
