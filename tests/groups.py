"""Which tests run one after the other, and in which order the groups begin (docs/design/tests.md).

pytest-xdist gives a group to one worker. A file is a group, so that what its module fixtures make
is made once.
"""

from __future__ import annotations

import pytest

REAL_TIME = ("tests/sound/", "tests/systemd/", "tests/chaos/", "tests/test_speech_dispatcher.py")
"""Paced by a sound server's clock, or booting a machine: they mostly wait, and must not make each
other late."""
LONGEST = (
    "real time",
    "tests/test_arm64.py",
    "tests/test_export_piper.py",
    "tests/test_wheels.py",
)
"""Groups that begin first, so that none of them is what a run waits for in the end."""


def group_of(path: str) -> str:
    """The group of a test's file, a path from the repository's root."""
    return "real time" if path.startswith(REAL_TIME) else path


def arrange(items: list[pytest.Item]) -> None:
    """Name each test's group and put the longest groups first; within one, nothing moves."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item.nodeid.split("::")[0])))
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(group_of(item.nodeid.split("::")[0]), len(LONGEST)))
