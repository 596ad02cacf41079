"""What TensorRT compiled on this board, kept: one folder for each graph, GPU and TensorRT.

An engine holds for one GPU architecture and one TensorRT only, so it never travels in a bundle.
A folder counts once its `engine.json` lies in it, which is written last and lists every file with
its checksum: a build that was cut off, or a file that the memory card damaged, is built anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge import records
from edge.bundle import file_sha256
from edge.errors import BadRecord
from edge.files import write_whole

log = logging.getLogger(__name__)

KEPT = 4
"""Engines; one of a voice is about 40 MB with the record of its timings."""
RECORD = "engine.json"


@dataclass(frozen=True)
class Key:
    """All that an engine depends on. `bundle` is the bundle's hash, `lengths` are the frames that
    it will be run with, `options` those of the profile."""

    bundle: str
    graph: str
    tensorrt: str
    gpu: str
    onnxruntime: str
    lengths: tuple[int, ...]
    options: Mapping[str, str]

    @property
    def name(self) -> str:
        return hashlib.sha256(records.dump_json(self).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Engine:
    """`shapes`: the options of its shape profile. `seconds` that it took to build. `files`: their
    SHA-256 by name."""

    key: Key
    shapes: Mapping[str, str]
    seconds: float
    files: Mapping[str, str]


class EngineCache:
    """Engines below `root`; whoever looks for one or builds one holds the lock."""

    def __init__(self, root: Path) -> None:
        self._root = root / "engines"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """For one process and thread at a time: the second finds what the first one built."""
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def folder(self, key: Key) -> Path:
        return self._root / key.name

    def find(self, key: Key) -> Engine | None:
        """None if there is none, or if it is damaged; then it is gone."""
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
        """An empty folder to build into. Engines of this graph for another TensorRT or GPU are
        removed, and those that were not used for the longest, beyond KEPT."""
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
        """What was built is whole."""
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
        """What the longest build that is known here took."""
        found = []
        for path in self._root.glob(f"*/{RECORD}"):
            try:
                found.append(records.load_json(path, Engine).seconds)
            except BadRecord:
                continue
        return max(found, default=otherwise)
