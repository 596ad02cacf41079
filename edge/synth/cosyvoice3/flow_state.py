"""Keep the flow's state of the frames that are done, so that a chunk costs its own length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.bundle import WEIGHTS, Bundle, Variant
from edge.machine import available_memory_mb
from edge.synth.session import Array, Session

PAST, TAILS, KEEP = "past", "tails", "keep"
"""Inputs of flow_step that the window form leaves out."""
KEPT, ENDS = "kept", "ends"
RUNTIME_MB = 200
"""Python, its packages, the rows of the tables that were read, and what a step and a window of
the vocoder work in. An allowance, not measured at the released sizes."""
SHARE = 0.5
"""Share of the memory that is free now: other programs want some too."""


@dataclass(frozen=True)
class Layout:
    """One frame's keys and values of all blocks, in one step: `shape` after the frames' own axis.
    `tails` is the shape of what the convolutions saw last, without its frames."""

    shape: tuple[int, ...]
    type: npt.DTypeLike
    tails: tuple[int, ...]
    steps: int

    @property
    def frame_bytes(self) -> int:
        return self.steps * int(np.prod(self.shape)) * np.dtype(self.type).itemsize


def layout(step: Session, steps: int) -> Layout | None:
    """None where the graph keeps nothing: it was built before it could."""
    if not {PAST, TAILS, KEEP} <= step.optional.keys():
        return None
    past, tails = step.optional[PAST], step.optional[TAILS]
    return Layout(tuple(past.shape[1:]), past.dtype, tuple(tails.shape[:-1]), steps)


def room(bundle: Bundle, variant: Variant, each: Layout) -> int:
    """Frames whose state fits into the profile's budget, beside the variant's own graphs, what its
    GPU takes and what any voice takes. Computed from sizes; nothing is allocated."""
    budget = bundle.profile.budget
    files = [
        bundle.path / (name + end) for name in variant.graphs.values() for end in ("", WEIGHTS)
    ]
    graphs = sum(path.stat().st_size for path in files if path.exists())
    left = ((budget.memory_mb - budget.gpu_memory_mb - RUNTIME_MB) << 20) - graphs
    return max(0, left // each.frame_bytes)


def room_now(each: Layout) -> int:
    """Frames whose state fits into SHARE of the memory that the board has free."""
    free = available_memory_mb()
    return int(SHARE * (free << 20)) // each.frame_bytes if free is not None else 1 << 31


class FlowState:
    """State of one segment, for at most `room` frames: one copy of it exists, and what is not
    filled yet takes no memory, only addresses."""

    def __init__(self, each: Layout, room: int) -> None:
        self._past = np.empty((each.steps, room, *each.shape), each.type)
        empty: Array = np.zeros((*each.tails, 0), np.float32)
        self._tails = [empty] * each.steps
        self.room, self.frames = room, 0

    def inputs(self, step: int, count: int) -> dict[str, Array]:
        """For `count` frames after those that are kept, in the Euler step `step`."""
        past = self._past[step, : self.frames]  # of neighbouring bytes: it is not copied
        return {PAST: past, TAILS: self._tails[step], KEEP: np.arange(count)}

    def keep(self, step: int, outputs: dict[str, Array]) -> None:
        """Keep what the graph gave for those frames; they count once every step has kept them."""
        kept = outputs[KEPT]
        self._past[step, self.frames : self.frames + len(kept)] = kept
        self._tails[step] = outputs[ENDS]
        if step == len(self._tails) - 1:
            self.frames += len(kept)
