"""Which tests run one after the other, and in which order the groups begin (docs/design/tests.md).

A group is one worker's of pytest-xdist. A file is a group, so that what its module fixtures make
is made once. (The marks that pytest-xdist has for groups do nothing from pytest 9.2 on.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

REAL_TIME = (
    "tests/sound/",
    "tests/system/systemd/",
    "tests/system/chaos/",
    "tests/contracts/test_sinks.py",
    "tests/adapters/test_speech_dispatcher.py",
)
"""Paced by a sound server's clock, or booting a machine: they mostly wait, and must not make each
other late."""
FIRST_SERVED = -15
"""Their niceness where we may: a recording has a hole where its player was given no processor for
as long as its buffer lasts."""
LONGEST = (
    "real time",
    "tests/system/test_arm64.py",
    "tests/bundler/test_export_piper.py",
    "tests/test_wheels.py",
)
"""Groups that begin first, so that none of them is what a run waits for in the end."""


def group_of(nodeid: str) -> str:
    """The group of a test, by its file's path from the repository's root."""
    path = nodeid.split("::")[0]
    return "real time" if path.startswith(REAL_TIME) else path


def arrange(items: list[pytest.Item]) -> None:
    """Put the longest groups first; within one, nothing moves."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(group_of(item.nodeid), len(LONGEST)))


def make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Give each group to one worker, in the order in which they were collected."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Groups(config, log)
