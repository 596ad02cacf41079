"""Stages that are not run twice: what a stage made, kept in a plain directory by its inputs.

A directory on a shared disk serves a whole build farm: an entry appears by rename, whole or not
at all, and two machines that make the same one make the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edge.bundle import writing
from edge.files import locked

OURS = ("bundler", "synth", "kernels", "text", "families", "recipes", "pcm")
"""Rooms of edge/, and files, whose source decides what a stage makes."""
PACKAGES = ("numpy", "onnx", "onnxruntime", "onnxconverter-common", "piper-tts", "soxr")
"""Packages that a stage's result depends on besides our own code; another version makes it
anew."""


class StageCache:
    """Entries are folders under `folder`, named stage-key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, stage: str, inputs: Mapping[str, object], make: Callable[[Path], None]) -> Path:
        """The folder that `make(empty folder)` filled for these inputs, now or earlier.

        The key holds the inputs, the build's own source and the versions of PACKAGES, so a
        changed exporter, recipe or onnxruntime makes its entries anew.
        """
        text = json.dumps([source_digest(), inputs], sort_keys=True)
        entry = self._folder / f"{stage}-{hashlib.sha256(text.encode()).hexdigest()[:20]}"
        if not entry.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True)
            with locked(entry.with_suffix(".lock")):
                if not entry.is_dir():
                    self._sweep(entry.name)
                    with writing(entry) as folder:
                        make(folder)
        return entry

    def _sweep(self, name: str) -> None:
        """Remove what a killed build left half made; nobody else works on it while we hold the
        lock."""
        for left in self._folder.glob(f".{name}.*"):
            shutil.rmtree(left, ignore_errors=True)


@lru_cache(maxsize=1)
def source_digest() -> str:
    """Digest the code that decides what a stage makes: ours, and the versions of what it calls."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            digest.update(f"{name} {version(name)}\0".encode())
    for name in OURS:
        place = package / name
        files = sorted(place.rglob("*.[pt][yx]*")) if place.is_dir() else [package / f"{name}.py"]
        for file in files:
            digest.update(str(file.relative_to(package)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
