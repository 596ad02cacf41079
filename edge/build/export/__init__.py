"""Make a family's graphs: one module each, and a row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from edge.build.export import hibari, tone
from edge.build.export.record import Exported

Exporter = Callable[[Mapping[str, Path], Path], Exported]
"""export(files by role, the bundle's folder). Raises ExportFailed."""

EXPORTERS: Mapping[str, Exporter] = {"hibari": hibari.export, "tone": tone.export}
