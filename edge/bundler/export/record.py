"""Describe what an exporter leaves in the bundle's folder."""

from __future__ import annotations

from dataclasses import dataclass

from edge.bundle import Variant


@dataclass(frozen=True)
class Exported:
    """`rate` in Hz; `variants` in order of preference, their graphs named within the folder."""

    rate: int
    variants: tuple[Variant, ...]


@dataclass(frozen=True)
class Learnt:
    """A speaker of whom a build learnt to foresee the norms."""

    speaker: str
    log_mel_db: float
    """Distance of what is made with them from whole sentences, on text that was not learnt of."""
    kept: bool
    """False if that is too far."""
