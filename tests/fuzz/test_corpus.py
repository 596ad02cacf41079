"""What once broke a parser, what reaches far into it, and files as they should be. Seconds.

`python -m tests.fuzz` looks for more.
"""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from edge import kernels
from tests.fuzz import corpus
from tests.fuzz.hunt import hunt, in_child
from tests.fuzz.lines import Lines
from tests.fuzz.mutation import MAX_BYTES, mutated
from tests.fuzz.targets import TARGETS, Target


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, library: Path) -> None:
    monkeypatch.setenv("EDGE_KERNELS", str(library))
    assert kernels.library_path() is not None


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_found_once_stays_mended(name: str) -> None:
    for data in (*corpus.kept(name), b"", b"\0", b"\xff\xfe"):
        TARGETS[name].run(data)


def test_every_kept_file_belongs_to_a_target() -> None:
    assert {folder.name for folder in corpus.CORPUS.iterdir()} <= TARGETS.keys()


@pytest.mark.parametrize("name", TARGETS)
def test_some_mutations_of_each(name: str) -> None:
    """The same in each run; `make test-all` looks for others for a minute each."""
    chance, kept = random.Random(name), corpus.kept(name) or [b""]
    for _ in range(50):
        TARGETS[name].run(mutated(chance, chance.choice(kept), kept))


def test_a_mutation_is_bounded_and_the_same_for_a_seed() -> None:
    first, second = (
        [mutated(random.Random(seed), b"a" * MAX_BYTES, [b"b"]) for seed in range(200)]
        for _ in range(2)
    )
    assert first == second and all(len(data) <= MAX_BYTES for data in first)


def _only_two_bytes(data: bytes) -> None:
    if data[:1] == b"a":
        raise ZeroDivisionError
    if data[:1] == b"b":
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # other tests began threads
def test_a_hunt_finds_an_exception_and_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(corpus, "CORPUS", tmp_path)
    monkeypatch.setitem(TARGETS, "name", Target(_only_two_bytes))
    monkeypatch.setattr(corpus, "seeds", lambda name: [b"a"])
    assert in_child("name", lambda note: hunt("name", 0, 1, False, note)) == 1
    monkeypatch.setattr(corpus, "seeds", lambda name: [b"b"])
    assert in_child("name", lambda note: hunt("name", 0, 1, False, note)) == 1
    kept = sorted(path.read_bytes() for path in (tmp_path / "name").glob("found-*"))
    assert kept == [b"a", b"b"]
    said = capfd.readouterr()
    assert "ZeroDivisionError" in said.err and "ended by 9" in said.out


def test_new_lines_are_seen_once() -> None:
    with Lines() as lines:
        TARGETS["name"].run(b"a.json")
        first = len(lines)
        TARGETS["name"].run(b"b.json")
        second = len(lines)
        TARGETS["name"].run(b"\0")
    assert 0 < first == second < len(lines)
    with Lines() as anew:
        TARGETS["name"].run(b"a.json")
    assert len(anew) == first
