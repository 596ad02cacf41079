"""Record what each export did: one JSON-able row per stage, also for a stage that failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from edge.errors import EdgeError


@dataclass(frozen=True)
class Parity:
    """A rebuilt stage against the original model on the same inputs."""

    stage: str
    relative_l2: float
    max_abs: float


@dataclass(frozen=True)
class ExportRow:
    """One stage. Nodes are counted in the original and in what was written; bytes on disk."""

    stage: str
    exporter: str
    ok: bool
    error: str
    seconds: float
    nodes_before: int
    nodes_after: int
    bytes: int


@dataclass
class Stage:
    """Filled in while the stage runs."""

    nodes_before: int = 0
    nodes_after: int = 0
    bytes: int = 0


@dataclass
class ExportLog:
    """`begun` is told the name of each stage."""

    begun: Callable[[str], None] = lambda stage: None
    rows: list[ExportRow] = field(default_factory=list)
    parity: list[Parity] = field(default_factory=list)

    @contextmanager
    def stage(self, stage: str, exporter: str) -> Iterator[Stage]:
        """Time a stage and record it, whether it ends well or in an EdgeError."""
        self.begun(stage)
        counts, start, failure = Stage(), time.perf_counter(), "interrupted"
        try:
            yield counts
            failure = ""
        except EdgeError as error:
            failure = error.message
            raise
        finally:
            self.rows.append(
                ExportRow(
                    stage=stage,
                    exporter=exporter,
                    ok=not failure,
                    error=failure,
                    seconds=round(time.perf_counter() - start, 3),
                    nodes_before=counts.nodes_before,
                    nodes_after=counts.nodes_after,
                    bytes=counts.bytes,
                )
            )
