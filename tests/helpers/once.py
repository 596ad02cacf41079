"""Things that a run makes once, however many workers it has."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder of this run; pytest-xdist gives each worker one in it."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return `folder`, filled by `make(folder)` in whichever process came first; nobody may change
    what lies there. What failed is made again."""
    done = folder.with_name(f"{folder.name}.done")
    descriptor = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not done.exists():
            make(folder)
            done.touch()
    finally:
        os.close(descriptor)
    return folder
