"""`edge` in a process of its own, as people type it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.helpers.daemon_under_test import ROOT
from tests.helpers.fakes import DEADLINE_S


def edge(
    *arguments: str | Path, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "edge", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=3 * DEADLINE_S,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "90"} | environment,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def refusal(*arguments: str | Path, status: int = 1, **environment: str) -> str:
    """Return what an error prints: two lines, the message and the remedy."""
    done = edge(*arguments, **environment)
    assert done.returncode == status
    said = done.stderr.decode()
    if status == 1:
        *_, message, remedy = said.splitlines()
        assert message.startswith("edge: ") and re.match(r" {6}\S", remedy), said
    return said
