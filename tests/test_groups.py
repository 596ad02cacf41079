"""How the run is cut into groups, and what it makes once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daemon_under_test import ROOT
from tests.groups import LONGEST, REAL_TIME, arrange, group_of
from tests.once import once


def test_every_group_that_is_named_has_tests() -> None:
    for path in (*REAL_TIME, *LONGEST[1:]):
        found = ROOT / path
        assert found.is_file() or list(found.glob("test_*.py")), f"{path} has moved"


def test_a_real_clock_is_heard_by_one_group_at_a_time(request: pytest.FixtureRequest) -> None:
    ours = [item for item in request.session.items if "sound_server" in item.fixturenames]
    assert {group_of(item.nodeid.split("::")[0]) for item in ours} <= {"real time"}


def test_the_longest_groups_begin_first(request: pytest.FixtureRequest) -> None:
    items = list(reversed(request.session.items))
    arrange(items)
    groups = list(dict.fromkeys(group_of(item.nodeid.split("::")[0]) for item in items))
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
