"""Describe what an exporter leaves in the bundle's folder."""

from __future__ import annotations

from dataclasses import dataclass

from edge.bundle import Variant


@dataclass(frozen=True)
class Exported:
    """`rate` in Hz; `variants` in order of preference, their graphs named within the folder."""

    rate: int
    variants: tuple[Variant, ...]
