"""Keep what TensorRT compiled on this board: one folder for each graph, GPU and TensorRT.

An engine holds for one GPU architecture and one TensorRT only, so it never travels in a bundle.
A folder counts once its `engine.json` lies in it, which is written last and lists every file with
its checksum: a build that was cut off, or a file that the memory card damaged, is built anew.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge import records
from edge.bundle import file_sha256
from edge.errors import BadRecord
from edge.files import cache_dir, locked, write_whole

log = logging.getLogger(__name__)

KEPT = 4
"""Number of engines; one of a voice is about 40 MB with the record of its timings."""
RECORD = "engine.json"
TOLD_EVERY_S = 10.0
"""Seconds between two lines that say how far a build is."""


@dataclass(frozen=True)
class Key:
    """All that an engine depends on."""

    bundle: str
    """The bundle's hash."""
    graph: str
    tensorrt: str
    gpu: str
    """Compute capability, like 8.7."""
    onnxruntime: str
    lengths: tuple[int, ...]
    """Frames that it will be run with."""
    options: Mapping[str, str]
    """The provider's options of the profile."""

    @property
    def name(self) -> str:
        return hashlib.sha256(records.dump_json(self).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Engine:
    """The record of a whole engine."""

    key: Key
    shapes: Mapping[str, str]
    """Options of its shape profile."""
    seconds: float
    """Time that it took to build."""
    files: Mapping[str, str]
    """Name -> SHA-256."""


class EngineCache:
    """Engines below `root`; whoever looks for one or builds one holds the lock."""

    def __init__(self, root: Path) -> None:
        self._root = root / "engines"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process and thread in at a time: the second finds what the first one built."""
        self._root.mkdir(parents=True, exist_ok=True)
        with locked(self._root / ".lock"):
            yield

    def folder(self, key: Key) -> Path:
        return self._root / key.name

    def find(self, key: Key) -> Engine | None:
        """Find an engine; None if there is none, or if it was damaged and is now gone."""
        folder = self.folder(key)
        if not folder.is_dir():
            return None
        try:
            engine = records.load_json(folder / RECORD, Engine)
            damaged = [
                name
                for name, sha in engine.files.items()
                if not (folder / name).is_file() or file_sha256(folder / name) != sha
            ]
            if engine.key == key and not damaged:
                (folder / RECORD).touch()  # the last one used is the last one evicted
                return engine
            why = f"{', '.join(damaged) or RECORD} is damaged"
        except (BadRecord, OSError) as error:
            why = error.message if isinstance(error, BadRecord) else str(error)
        log.warning("an engine is built anew: %s", why)
        shutil.rmtree(folder)
        return None

    def begin(self, key: Key) -> Path:
        """Make an empty folder to build into. Engines of this graph for another TensorRT or GPU
        are removed, and those that were not used for the longest, beyond KEPT."""
        whole: list[tuple[float, Path]] = []
        for folder in self._root.iterdir():
            if not folder.is_dir():
                continue
            try:
                old = records.load_json(folder / RECORD, Engine).key
                age = (folder / RECORD).stat().st_mtime
            except (BadRecord, OSError):
                shutil.rmtree(folder)
                continue
            if (old.bundle, old.graph) == (key.bundle, key.graph):
                log.info("removed an engine for TensorRT %s on GPU %s", old.tensorrt, old.gpu)
                shutil.rmtree(folder)
            else:
                whole.append((age, folder))
        for _, folder in sorted(whole)[: -(KEPT - 1)]:
            log.info("removed an engine that was not used for the longest: %s", folder.name)
            shutil.rmtree(folder)
        made = self.folder(key)
        made.mkdir()
        return made

    def seal(self, key: Key, shapes: Mapping[str, str], seconds: float) -> None:
        """Record that the engine is whole."""
        folder = self.folder(key)
        files = {
            str(path.relative_to(folder)): file_sha256(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        engine = Engine(key, shapes, round(seconds, 1), files)
        write_whole(folder / RECORD, records.dump_json(engine).encode())

    def discard(self, key: Key) -> None:
        shutil.rmtree(self.folder(key), ignore_errors=True)

    def estimate_s(self, otherwise: float) -> float:
        """Return the seconds of the longest build that is known here."""
        found = []
        for path in self._root.glob(f"*/{RECORD}"):
            try:
                found.append(records.load_json(path, Engine).seconds)
            except BadRecord:
                continue
        return max(found, default=otherwise)


CONTEXT = "_ctx.onnx"
"""A graph of one node that holds the engine (EPContext): nothing is parsed when it is loaded."""


def build_options(folder: Path, graph: str) -> dict[str, str]:
    """Return options to build an engine into `folder`. With a context model the engine's path must
    be relative to it."""
    return {
        "trt_dump_ep_context_model": "True",
        "trt_ep_context_file_path": str(folder / (Path(graph).stem + CONTEXT)),
        "trt_ep_context_embed_mode": "1",
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": "engine",
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": str(folder),
    }


def load_options(folder: Path) -> dict[str, str]:
    """Return options to load what an engine was built into."""
    return {
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": str(folder / "engine"),
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": str(folder),
    }


def shape_profile(
    inputs: Mapping[str, list[int | str | None]], lengths: tuple[int, ...]
) -> dict[str, str]:
    """Return TensorRT's options for inputs whose one free dimension, if any, is a length."""

    def shapes(length: int) -> str:
        parts = []
        for name, shape in inputs.items():
            sizes = [str(size) if isinstance(size, int) else str(length) for size in shape]
            parts.append(f"{name}:{'x'.join(sizes)}")
        return ",".join(parts)

    return {
        "trt_profile_min_shapes": shapes(min(lengths)),
        "trt_profile_opt_shapes": shapes(max(lengths)),
        "trt_profile_max_shapes": shapes(max(lengths)),
    }


def engine_cache() -> Path:
    """Return the folder for what a provider compiles here; systemd names the service's."""
    given = os.environ.get("CACHE_DIRECTORY")
    return Path(given.split(":")[0]) if given else cache_dir()


@contextmanager
def log_progress(what: str, expected_s: float) -> Iterator[None]:
    """Say how far it is, from a thread: the build itself says nothing and cannot be asked."""
    over, began = threading.Event(), time.monotonic()
    log.info("%s: about %.0f s", what, expected_s)

    def tell() -> None:
        while not over.wait(TOLD_EVERY_S):
            log.info("%s: %.0f of about %.0f s", what, time.monotonic() - began, expected_s)

    thread = threading.Thread(target=tell, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
