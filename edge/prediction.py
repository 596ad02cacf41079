"""Predict the work and memory of a voice on a board that nobody has measured it on.

models/predictions.json holds what was counted and measured of joe and of voices of every size, and
what a board's cores are taken to do; `python -m tools.predictions` makes it, and its page,
docs/measurements/2026-11-30-predictions.md, tells how far it may be trusted: within a factor of 2.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from edge import records
from edge.families import PIPER
from edge.profile import Profile

PREDICTIONS = "predictions.json"


@dataclass(frozen=True)
class Prediction:
    """One voice on one board. Never a measurement."""

    variant: str
    """The one that a build for the board packs first."""
    real_time_factor: float
    """Seconds of work per second of speech, on the threads of the profile."""
    memory_mb: int
    """Peak of the process that speaks, MiB."""

    def fits(self, profile: Profile) -> bool:
        """Tell whether it is within what the profile demands of a voice."""
        budget = profile.budget
        within = self.real_time_factor <= budget.real_time_factor
        return within and self.memory_mb <= budget.memory_mb


def predict(
    folder: Path, profile: Profile, family: str, quality: str, model_bytes: int
) -> Prediction | None:
    """Predict from the figures in `folder`; None if they have none for the board or the family.

    `quality` is the size of a Piper voice; `model_bytes`, of the file that is fetched, tells how
    much its speakers add.
    """
    told = _read(folder / PREDICTIONS)
    board = told["boards"].get(profile.name)
    if board is None:
        return None
    counted = told["counted"][board["as"]]
    names = [plan.name for plan in profile.variants if plan.name in counted]
    if not names:
        return None
    if family == PIPER.name:
        size = told["sizes"].get(quality)
        if size is None:
            return None
        variant = names[0]
        whole, decoder = counted[variant]
        times, more = size.get(variant, size["fp32"])
        work = whole + decoder * (times - 1)
        peak = told["memory"][variant]
        speakers = peak["weights"] * max(0, model_bytes - size["bytes"]) / (1 << 20)
        memory = peak["peak"] + more + speakers
    elif family in told["families"]:
        variant = "fp32"
        work = counted[variant][0] * told["families"][family]["work"]
        memory = told["families"][family]["peak"]
    else:
        return None
    speedup = told["speedup"][min(profile.runtime.threads, len(told["speedup"])) - 1]
    return Prediction(variant, work / board["rate"] / speedup, round(memory))


@lru_cache(maxsize=2)
def _read(path: Path) -> Any:
    return json.loads(records.read_text(path))
