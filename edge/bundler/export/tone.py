"""Family `tone`: nothing to export."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.bundle import Variant
from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.record import Exported


def export(files: Mapping[str, Path], folder: Path, log: ExportLog) -> Exported:
    return Exported(rate=22_050, variants=(Variant("tone", {}),))
