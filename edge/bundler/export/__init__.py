"""Make a family's graphs: one module each, which its card in edge.families names."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path

from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.record import Exported
from edge.families import FAMILIES

Exporter = Callable[[Mapping[str, Path], Path, ExportLog], Exported]
"""export(files by role, the bundle's folder, a log of every stage). Raises ExportFailed."""


def exporter(family: str) -> Exporter:
    """Import the function that makes a family's graphs."""
    made: Exporter = importlib.import_module(FAMILIES[family].make_module).export
    return made
