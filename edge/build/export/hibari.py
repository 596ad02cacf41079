"""Family `hibari`: its one graph as it is, with the vocabulary and the notice beside it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from edge.build.export.export_log import ExportLog
from edge.build.export.record import Exported
from edge.bundle import Variant

RATE = 24_000
_NAMES = {"model": "model.onnx", "vocab": "vocab.json", "notice": "NOTICE"}


def export(files: Mapping[str, Path], folder: Path, log: ExportLog) -> Exported:
    """`files` by role to the bundle's names."""
    for role, path in files.items():
        shutil.copyfile(path, folder / _NAMES[role])
    return Exported(RATE, (Variant("int8-dynamic", {"model": "model.onnx"}),))
