"""Make a family's graphs: one module each, and a row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from edge.build.export import cosyvoice3, hibari, piper, tone
from edge.build.export.export_log import ExportLog
from edge.build.export.record import Exported

Exporter = Callable[[Mapping[str, Path], Path, ExportLog], Exported]
"""export(files by role, the bundle's folder, a log of every stage). Raises ExportFailed."""

EXPORTERS: Mapping[str, Exporter] = {
    "piper": piper.export,
    "hibari": hibari.export,
    "cosyvoice3": cosyvoice3.export,
    "tone": tone.export,
}
