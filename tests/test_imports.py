"""The rules that a machine can check: the import ladder, style and types."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
CHECKS = {
    "import ladder": ["lint-imports", "--no-cache"],
    "style": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "docstrings": ["python", "-m", "tools.docstrings"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_code_keeps_its_rules(check: str) -> None:
    name, *arguments = CHECKS[check]
    done = subprocess.run(
        [BIN / name, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_daemon_asks_no_clock_that_jumps() -> None:
    """A board without a battery begins in 1970 and is told the year minutes later."""
    root = ROOT / "edge"
    runs_on_a_board = [
        *(root / "daemon").glob("*.py"),
        *(root / "synth").rglob("*.py"),
        *(root / "text").glob("*.py"),
        *(root / "sound").glob("*.py"),
        *(root / "bundle").glob("*.py"),
        *(root / "commands/say").glob("*.py"),
        *(root / name for name in ("client.py", "systemd.py")),
    ]
    for path in runs_on_a_board:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                asked = f"{node.value.id}.{node.attr}"
                assert asked not in ("time.time", "time.time_ns", "datetime.now"), path
            if isinstance(node, ast.ImportFrom):
                assert node.module not in ("time", "datetime"), path
