"""The power goes at any system call of an install that changes the disk: one whole bundle is
current all the same, and the next install cleans up. 40 s."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.bundle import Bundle, open_bundle
from edge.bundle.install import install
from edge.bundle.store import CURRENT, PREVIOUS, linked, roll_back
from tests.helpers.daemon_under_test import ROOT
from tests.helpers.fakes import DEADLINE_S

CALLS = ("mkdir", "write", "fsync", "rename", "symlink", "chmod", "unlink", "unlinkat", "rmdir")
"""All that an install changes the disk with; an openat that creates is followed by a write."""
INSTALL = (
    "import sys\nfrom pathlib import Path\nfrom edge.bundle.install import install\n"
    "install(Path(sys.argv[1]), Path(sys.argv[2]), None, lambda folder: None)\n"
)
TOLD_STATUS = 3
TOLD = (
    "from edge.errors import EdgeError\ntry:\n    "
    + INSTALL.replace("\n", "\n    ").rstrip()
    + f"\nexcept EdgeError:\n    sys.exit({TOLD_STATUS})\n"
)
ROLL_BACK = (
    "import sys\nfrom pathlib import Path\nfrom edge.bundle.store import roll_back\n"
    "roll_back(Path(sys.argv[2]), 'tone')\n"
)
_KILLED = -9


@pytest.fixture(autouse=True)
def _strace() -> None:
    if not shutil.which("strace"):
        pytest.fail("strace is not installed: apt-get install strace (make test does it)")


def put(bundle: Bundle, root: Path) -> None:
    install(bundle.path, root, None, lambda folder: None)


def traced(code: str, source: Path, root: Path, *options: str) -> int:
    command = ["strace", "-o", str(root.parent / "log"), "-y", *options]
    python = [sys.executable, "-B", "-c", code, str(source), str(root)]
    done = subprocess.run(
        [*command, *python], cwd=ROOT, timeout=3 * DEADLINE_S, capture_output=True, text=True
    )
    assert done.returncode in (0, _KILLED, TOLD_STATUS), done.stderr
    return done.returncode


def names(home: Path) -> set[str]:
    return {entry.name for entry in home.iterdir()} - {"starts.json"}


@pytest.mark.parametrize("before", ["nothing", "two bundles", "two, to go back"])
def test_a_cut_at_every_call_leaves_a_whole_bundle(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle, third_tone: Bundle, before: str
) -> None:
    template, root = tmp_path / "template", tmp_path / "root" / "bundles"
    history = [] if before == "nothing" else [third_tone, tone_bundle]
    template.mkdir()
    for bundle in history:
        put(bundle, template)
    backwards = before == "two, to go back"
    code, new = (ROLL_BACK, third_tone) if backwards else (INSTALL, newer_tone)
    allowed = {bundle.id for bundle in history[-1:]} | {new.id}
    home, cuts = root / "tone", 0
    for call in CALLS:
        number, status = 1, _KILLED
        while status == _KILLED:
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(template, root, symlinks=True)
            inject = ("-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}")
            status = traced(code, newer_tone.path, root, *inject)
            current = linked(home, CURRENT)
            if current is None:
                assert not history, f"no bundle is left at {call} {number}"
            else:
                assert open_bundle(current, None).id in allowed
            if status == _KILLED:
                cuts += 1
                put(newer_tone, root)
            check_clean(root, new if status == 0 else newer_tone)
            number += 1
    assert cuts > (10 if backwards else 30)  # else the calls are not those that are used


def test_a_disk_that_is_full_or_breaks_at_any_call(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    """An error of ours is told, and the old bundle is current, or the new one is."""
    template, root = tmp_path / "template", tmp_path / "root" / "bundles"
    template.mkdir()
    put(tone_bundle, template)
    told = 0
    for call, error in (("write", "ENOSPC"), ("fsync", "EIO"), ("rename", "EROFS")):
        number, injected = 1, True
        while injected:
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(template, root, symlinks=True)
            inject = ("-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}")
            status = traced(TOLD, newer_tone.path, root, *inject)
            injected = "(INJECTED)" in (root.parent / "log").read_text()
            told += status == TOLD_STATUS
            assert status in (0, TOLD_STATUS)
            current = linked(root / "tone", CURRENT)
            assert current is not None
            assert open_bundle(current, None).id in (tone_bundle.id, newer_tone.id)
            put(newer_tone, root)
            check_clean(root, newer_tone)
            number += 1
    assert told > 15


def check_clean(root: Path, bundle: Bundle) -> None:
    """Nothing is left of what was cut off."""
    home = root / "tone"
    assert names(root) == {".lock", "tone"}
    current, previous = linked(home, CURRENT), linked(home, PREVIOUS)
    assert current is not None and open_bundle(current, None).id == bundle.id
    kept = {CURRENT, current.name} | ({PREVIOUS, previous.name} if previous else set())
    assert names(home) == kept


def test_all_is_on_the_disk_before_a_link_names_it(tmp_path: Path, newer_tone: Bundle) -> None:
    """What a killed process wrote survives in memory, what a power cut ended does not: so each
    file is flushed after its last write, and each folder after its last change, before `current`
    is made."""
    root = tmp_path / "root" / "bundles"
    root.parent.mkdir()
    calls = "mkdir,write,fsync,rename,symlink,openat"
    assert traced(INSTALL, newer_tone.path, root, "-e", f"trace={calls}") == 0
    unflushed: set[str] = set()
    seen = 0
    for line in (tmp_path / "root" / "log").read_text().splitlines():
        call = line.split("(")[0]
        paths = [path for path in re.findall(r'"([^"]*)"', line) if str(root) in path]
        opened = re.match(r"\w+\(\d+<([^>]*)>", line)
        if call == "symlink" and paths[-1:] == [str(root / "tone" / ".current")]:
            assert unflushed == set()
            seen += 1
        if " = -1 " in line:
            continue
        if call == "write" and opened and str(root) in opened[1]:
            unflushed.add(opened[1])
        elif call == "fsync" and opened:
            unflushed.discard(opened[1])
        elif call == "rename" and paths:
            moved = {path for path in unflushed if f"{path}/".startswith(f"{paths[0]}/")}
            assert not moved, f"renamed before it was flushed: {moved}"
            unflushed |= {str(Path(path).parent) for path in paths}
        elif paths and (call in ("mkdir", "symlink") or "O_CREAT" in line):
            unflushed.add(str(Path(paths[-1]).parent))
    assert seen == 1


def test_rollback_twice_is_as_before(
    tmp_path: Path, tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    put(tone_bundle, tmp_path)
    put(newer_tone, tmp_path)
    assert open_bundle(roll_back(tmp_path, "tone"), None).id == tone_bundle.id
    assert open_bundle(roll_back(tmp_path, "tone"), None).id == newer_tone.id
