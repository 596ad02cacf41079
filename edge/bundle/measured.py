"""The measurements of a bundle on this board: its fastest variant here, and what a run costs.

`edge tune` writes one small file for a bundle, outside it: the bundle stays as it was built, and
its checksums hold. Whoever loads the bundle reads it. A file that cannot be used is passed over.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge import records
from edge.bundle import Bundle
from edge.errors import BadRecord
from edge.files import state_dir, write_whole
from edge.machine import Machine

log = logging.getLogger(__name__)

FORMAT = 1


@dataclass(frozen=True)
class Cost:
    """Seconds that one run of a streaming decoder takes: `fixed_s` + frames * `per_frame_s`."""

    fixed_s: float
    per_frame_s: float

    def __post_init__(self) -> None:
        if not (0 <= self.fixed_s < math.inf and 0 < self.per_frame_s < math.inf):
            raise ValueError(f"a run cannot cost {self.fixed_s} s + {self.per_frame_s} s a frame")

    def run(self, frames: int) -> float:
        """Seconds that a run of so many frames takes."""
        return self.fixed_s + frames * self.per_frame_s


@dataclass(frozen=True)
class Tuning:
    """The file that `edge tune` writes."""

    format: int
    bundle: str
    """Id of the bundle."""
    machine: str
    """Name of the board, see machine_name()."""
    variant: str
    """The variant to load."""
    costs: Mapping[str, Cost]
    """Cost of each variant that has a streaming decoder."""

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError(f"format is {self.format}, this version reads {FORMAT}")


def machine_name(machine: Machine) -> str:
    """Name the machine, well enough to see that a memory card has moved into another board."""
    return f"{machine.model or machine.architecture}, {machine.cores} cores"


def tuning_path(bundle: Bundle) -> Path:
    return state_dir() / "tune" / f"{bundle.id}.json"


def read_tuning(bundle: Bundle, machine: Machine) -> Tuning | None:
    """Read the measurements of this bundle on this board; None, with a line in the log, if the
    file is damaged or belongs to another bundle or board."""
    path = tuning_path(bundle)
    try:
        if not path.is_file():
            return None
        tuning = records.load_json(path, Tuning)
        names = {variant.name for variant in bundle.manifest.variants}
        if tuning.bundle != bundle.id or not {tuning.variant, *tuning.costs} <= names:
            raise BadRecord(f"{path}: it is of another bundle", "")
        if tuning.machine != machine_name(machine):
            raise BadRecord(f"{path}: it was measured on {tuning.machine}", "")
    except (BadRecord, OSError) as error:
        why = error.message if isinstance(error, BadRecord) else f"{path}: {error.strerror}"
        log.warning("passed over, measure again with edge tune: %s", why)
        return None
    return tuning


def write_tuning(bundle: Bundle, tuning: Tuning) -> Path:
    """Write the file, which appears whole or not at all. Raises DiskFull, NotWritable."""
    path = tuning_path(bundle)
    write_whole(path, records.dump_json(tuning).encode())
    return path
