"""Builds on a farm of Dask's own processes: killed workers, failures, what is cancelled."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.bundle import open_bundle
from edge.bundler.farm import build_on
from edge.bundler.many import Built, boards_like, build_one, destination, voices_like
from edge.bundler.pipeline import Wish
from edge.bundler.remote_build import POLL_S
from edge.cli import run
from edge.errors import MissingPackage, NoScheduler, UnknownProfile, UnknownVoice
from tests.helpers.fakes import DEADLINE_S
from tests.helpers.random_voices import DESCRIPTION, VOICES, write_letters

WORKERS = 3
BOARDS = ("rpi4", "rpi5")


def write_voices(folder: Path, count: int) -> list[str]:
    """Write tiny random voices, each of its own bytes and name; return their descriptions."""
    return [write_named(folder / f"random{number}", number) for number in range(count)]


def write_named(folder: Path, number: int) -> str:
    """Write one that is quickly built: in Swahili, which has fewer sentences than English, and
    speaking fast."""
    write_letters(VOICES["x-low"], folder, seed=number)
    (folder / "random.yaml").unlink()
    config = json.loads((folder / "voice.onnx.json").read_text("utf-8"))
    config["inference"]["length_scale"] = 4
    (folder / "voice.onnx.json").write_text(json.dumps(config), "utf-8")
    text = DESCRIPTION.replace("name: random", f"name: {folder.name}").replace("en_US", "sw_CD")
    (folder / f"{folder.name}.yaml").write_text(text, "utf-8")
    return str(folder / f"{folder.name}.yaml")


def wishes(voices: list[str]) -> list[Wish]:
    return [Wish(voice, board, "fp32") for voice in voices for board in BOARDS]


@pytest.fixture(scope="module")
def farm() -> Iterator[Any]:
    distributed = pytest.importorskip(
        "distributed", reason="Dask is not installed: pip install '.[farm]'"
    )
    with distributed.LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as cluster:
        yield cluster


def stages(cache: Path) -> dict[str, int]:
    """The finished stages, each with what tells it from one that is made again."""
    made = [path for path in (cache / "stages").glob("[!.]*") if path.is_dir()]
    return {path.name: path.stat().st_ino for path in made}


def test_killed_workers_lose_no_finished_stage(farm: Any, tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    wanted = wishes(write_voices(tmp_path / "voices", 6))
    out, cache = tmp_path / "out", tmp_path / "cache"
    moments = sorted(chance.sample(range(1, 10), 2))  # bundles that are done
    kept: dict[str, int] = {}
    done: list[Built] = []
    for built in build_on(farm.scheduler_address, wanted, out, cache):
        done.append(built)
        if len(done) in moments:
            kept |= stages(cache)
            worker = chance.choice(list(farm.workers.values()))
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
    assert not [built.failure for built in done if built.failure], f"seed {seed}"
    assert {destination(out, one.wish.voice, one.wish.profile).name for one in done} == {
        path.name for path in out.glob("[!.]*")
    }
    assert len(done) == len(wanted) == 12
    for path in out.iterdir():  # nothing that is half made
        open_bundle(path, machine=None).verify()
    assert kept and kept.items() <= stages(cache).items(), f"a stage was made again, seed {seed}"
    wish = wanted[0]
    build_one(wish, tmp_path / "here", tmp_path / "cache here")
    one, two = (
        destination(tmp_path / place, wish.voice, wish.profile) for place in ("out", "here")
    )
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {
        p.name: p.read_bytes() for p in two.iterdir()
    }


def test_failures_are_told_by_voice_and_the_rest_is_built(
    farm: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = write_voices(tmp_path / "voices", 2)
    (Path(bad).parent / "voice.onnx").write_bytes(b"MZ this is a program")
    words = ["--profile", "rpi[45]", "--only", "fp32", "--out", str(tmp_path / "out")]
    words += ["--cache", str(tmp_path / "cache"), "--voice", good, "--voice", bad]
    assert run(["build", *words, "--on", farm.scheduler_address]) == 1
    said = capsys.readouterr()
    assert "2 of 4 bundles are built." in said.out
    [told] = [line for line in said.err.splitlines() if "not an ONNX model" in line]
    assert told.startswith(f"edge: {bad} for rpi4, rpi5: ")
    again = ["build", *words[:-2], "--on", farm.scheduler_address, "--if-needed"]
    assert run(again) == 0
    assert "0 of 0 bundles are built." in capsys.readouterr().out


def test_a_worker_of_another_version_builds_nothing(
    farm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.bundler.farm.source_digest", lambda: "of another version")
    [built] = build_on(farm.scheduler_address, [Wish("tone", "rpi4")], tmp_path, tmp_path)
    assert "has another Edge Voice" in built.failure and not list(tmp_path.iterdir())


def test_what_is_cancelled_ends_and_leaves_no_process(farm: Any, tmp_path: Path) -> None:
    wanted = wishes(write_voices(tmp_path / "voices", 3))
    coming = build_on(farm.scheduler_address, wanted, tmp_path / "out", tmp_path / "cache")
    next(coming)
    coming.close()  # as Ctrl-C does
    end = time.monotonic() + DEADLINE_S
    while builds_running():
        assert time.monotonic() < end, "a build goes on that nobody wants"
        threading.Event().wait(POLL_S / 10)
    assert len(list((tmp_path / "out").glob("[!.]*"))) < len(wanted)


def builds_running() -> list[str]:
    """The processes of builds on this machine that are under this test."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if b"edge.bundler.remote_build" in words:
                found.append(path.parent.name)
    return found


def test_a_farm_that_is_not_there(
    farm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.bundler.farm.CONNECT_S", 1.0)
    with pytest.raises(NoScheduler, match="no Dask scheduler answers"):
        next(build_on("tcp://127.0.0.1:9", [Wish("tone", "rpi4")], tmp_path, tmp_path))


def test_without_dask_the_command_says_what_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingPackage) as caught:
        next(build_on("tcp://127.0.0.1:9", [Wish("tone", "rpi4")], tmp_path, tmp_path))
    assert "'distributed'" in caught.value.message and "[farm]" in caught.value.remedy


def test_patterns_name_voices_and_boards() -> None:
    german = voices_like(["de_*", "de_DE-thorsten-medium", "tone"])
    assert len(german) == 11 and german[-1] == "tone"
    assert boards_like("rpi[45]") == ["rpi4", "rpi5"] and len(boards_like("all")) == 9
    assert boards_like("rpi4") == ["rpi4"]
    with pytest.raises(UnknownVoice, match=r"name like 'xx_\*'"):
        voices_like(["xx_*"])
    with pytest.raises(UnknownProfile, match="name like"):
        boards_like("toaster*")
