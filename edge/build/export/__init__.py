"""Make a family's graphs from a voice's original files: one function per family.

An exporter takes the original model, its config, a folder and a log, and returns the files that
it wrote, by stage ("encoder", "decoder", "decoder-stream").
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from edge.build.export.export_log import ExportLog, ExportRow
from edge.build.export.piper import export_piper

__all__ = ["EXPORTERS", "ExportLog", "ExportRow", "Exporter", "export_piper"]


class Exporter(Protocol):
    def __call__(
        self, model_path: Path, config_path: Path, out_dir: Path, log: ExportLog, /
    ) -> dict[str, Path]: ...


EXPORTERS: Mapping[str, Exporter] = MappingProxyType({"piper": export_piper})
