"""Make a family's graphs: one module each, and a row here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from edge.build.export import hibari, tone
from edge.build.export.export_log import ExportLog
from edge.build.export.piper import export_piper
from edge.build.export.record import Exported
from edge.bundle import Variant

Exporter = Callable[[Mapping[str, Path], Path, ExportLog], Exported]
"""export(files by role, the bundle's folder, a log of every stage). Raises ExportFailed."""


def _piper(files: Mapping[str, Path], folder: Path, log: ExportLog) -> Exported:
    export_piper(files["model"], files["config"], folder, log)
    shutil.copyfile(files["config"], folder / "config.json")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    graphs = {"encoder": "encoder.onnx", "decoder": "decoder-stream.onnx"}
    return Exported(config["audio"]["sample_rate"], (Variant("fp32", graphs),))


EXPORTERS: Mapping[str, Exporter] = {
    "piper": _piper,
    "hibari": hibari.export,
    "tone": tone.export,
}
