"""Family `tone`: nothing to export."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.build.export.export_log import ExportLog
from edge.build.export.record import Exported
from edge.bundle import Variant


def export(files: Mapping[str, Path], folder: Path, log: ExportLog) -> Exported:
    return Exported(rate=22_050, variants=(Variant("tone", {}),))
