"""The Euler steps of a variant: how many of the exported ones, and how far each of them goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge.errors import BundleDamaged
from edge.synth.cosyvoice3.settings import FlowNumbers
from edge.synth.session import Array

STEPS, GUIDANCE = "steps", "guidance"
"""Options of a variant, as edge/families.py names them."""


@dataclass(frozen=True)
class Grid:
    """The exported grid is a quarter of a cosine, so every second step of ten is the grid of five,
    and the graph's tables of what the time says hold for both."""

    rows: tuple[int, ...]
    """Rows of the graph's tables, one for each step."""
    sizes: Array | None
    """(steps, 2) float32: what is added of the velocity with the condition, and of that without;
    None where the graph of an older bundle has its own."""
    name: str = ""
    """Tells it from the exported grid; empty for that one."""

    def inputs(self, step: int) -> dict[str, Array]:
        """The graph's inputs `step` and `sizes` of a step, counted from 0."""
        row = {"step": np.array(self.rows[step])}
        return row if self.sizes is None else row | {"sizes": self.sizes[step]}


def make_grid(numbers: FlowNumbers, options: Mapping[str, float]) -> Grid:
    """Raises BundleDamaged where a variant asks for what its graph cannot do."""
    steps = int(options.get(STEPS, numbers.steps))
    guidance = options.get(GUIDANCE, numbers.guidance)
    whole = (steps, guidance) == (numbers.steps, numbers.guidance)
    if not numbers.times and whole:
        return Grid(tuple(range(numbers.steps)), None)
    if not numbers.times or numbers.steps % steps:
        raise BundleDamaged(
            f"{steps} steps with guidance {guidance:g} cannot be made of the bundle's flow, which "
            f"has {numbers.steps}",
            "Build it again, with steps that divide them: profiles/example.yaml, options.",
        )
    stride = numbers.steps // steps
    moved = np.diff(np.array(numbers.times, np.float32)[::stride])
    sizes = np.stack([(1.0 + guidance) * moved, -guidance * moved], axis=1).astype(np.float32)
    name = "" if whole else f"steps={steps} guidance={guidance:g}"
    return Grid(tuple(range(0, numbers.steps, stride)), sizes, name)
