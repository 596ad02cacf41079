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
    `tails` is the shape of what the convolutions saw last."""

    shape: tuple[int, ...]
    type: npt.DTypeLike
    tails: tuple[int, ...]
    steps: int

    @property
    def frame_bytes(self) -> int:
        return self.steps * int(np.prod(self.shape)) * np.dtype(self.type).itemsize


def layout(step: Session, steps: int) -> Layout:
    """Read from the graph what it keeps."""
    past, tails = step.optional[PAST], step.optional[TAILS]
    return Layout(tuple(past.shape[1:]), past.dtype, tuple(tails.shape), steps)


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
    filled yet takes no memory, only addresses. Where a voice's own is given, (steps, frames, ...)
    and (steps, ...) of its tails, it begins with that."""

    def __init__(self, each: Layout, room: int, voice: tuple[Array, Array] | None = None) -> None:
        self._each, self.room = each, room
        past: Array = np.empty((each.steps, 0, *each.shape), each.type)
        tails: Array = np.zeros((each.steps, *each.tails), np.float32)
        if voice is not None:
            past, tails = voice
        self._voice = past
        self._tails = list(tails)
        self.frames = self._voice.shape[1]
        self._past: Array | None = None  # until a second chunk asks for it

    def inputs(self, step: int, count: int) -> dict[str, Array]:
        """For `count` frames after those that are kept, in the Euler step `step`."""
        held = self._voice if self._past is None else self._past
        past = held[step, : self.frames]  # of neighbouring bytes: it is not copied
        return {PAST: past, TAILS: self._tails[step], KEEP: np.arange(count)}

    def keep(self, step: int, outputs: dict[str, Array]) -> None:
        """Keep what the graph gave for those frames; they count once every step has kept them."""
        kept, each = outputs[KEPT], self._each
        if self._past is None:
            self._past = np.empty((each.steps, self.room, *each.shape), each.type)
            self._past[:, : self.frames] = self._voice
        self._past[step, self.frames : self.frames + len(kept)] = kept
        self._tails[step] = outputs[ENDS]
        if step == len(self._tails) - 1:
            self.frames += len(kept)

    def whole(self) -> tuple[Array, Array]:
        """The state of all frames, and their tails, to be kept with a voice."""
        held = self._voice if self._past is None else self._past
        return np.ascontiguousarray(held[:, : self.frames]), np.stack(self._tails)


@dataclass(frozen=True, eq=False)
class ReadOnlyState:
    """A voice's own state, for one run to the end that needs not be gone on from: mapped from a
    file, and nothing of it is copied."""

    past: Array
    tails: Array

    @property
    def frames(self) -> int:
        return int(self.past.shape[1])

    @property
    def room(self) -> int:
        return 1 << 31

    def inputs(self, step: int, count: int) -> dict[str, Array]:
        return {PAST: self.past[step], TAILS: self.tails[step]}

    def keep(self, step: int, outputs: dict[str, Array]) -> None:
        """Nothing comes after it."""
