"""Run the flow's Euler steps: on arrays, or on places of a GPU's memory that nothing leaves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.synth.binding import Bound, Place
from edge.synth.cosyvoice3.flow_grid import Grid
from edge.synth.cosyvoice3.flow_state import (
    ENDS,
    KEEP,
    KEPT,
    PAST,
    TAILS,
    FlowState,
    Layout,
    ReadOnlyState,
)
from edge.synth.session import Array, Session

Mel = npt.NDArray[np.float32]
_Recording = tuple[Bound, dict[str, Place]]

SIZES = (56, 104, 200, 304, 400, 504, 704, 1000, 1400, 2000)
"""Frames of a GPU's runs, each recorded once. A run is padded to the next: whole blocks of 50, in
multiples of 8, which fused attention wants. 200 is a clip of 3 s and a block."""
FIRST_SIZES = 7
"""So many of them are recorded before the first sentence: up to 14 s."""
TRIES = 5
"""Runs of a step whose least time counts."""
TYPICAL = (200, 300, 500)
"""Frames of the steps of 4 s of speech after a clip of 3 s, all of them anew each time."""


class StepRun(Protocol):
    """The steps of one stretch of frames, in order. Synthesis thread."""

    def step(self, number: int) -> None:
        """Run the step `number`, from 0; waits for it."""
        ...

    def mel(self) -> Mel:
        """(mels, frames) after all steps."""
        ...


class ArrayRun:
    """Steps on numpy's arrays, as a CPU runs them."""

    def __init__(
        self,
        session: Session,
        x: Array,
        inputs: dict[str, Array],
        state: FlowState | ReadOnlyState | None,
        grid: Grid,
    ) -> None:
        self._session, self._x, self._inputs, self._state = session, x, inputs, state
        self._grid = grid

    def step(self, number: int) -> None:
        state, count = self._state, self._x.shape[2]
        kept = state.inputs(number, count) if state is not None else {}
        now = {"x": self._x, **self._grid.inputs(number)}
        outputs = self._session.run({**now, **self._inputs, **kept})
        self._x = outputs["next"]
        if state is not None:
            state.keep(number, outputs)

    def mel(self) -> Mel:
        mel: Mel = self._x[0]
        return mel


class RecordedSteps:
    """Steps of a GPU without a state: a recording for each of SIZES, made when it is needed, and
    another for each segment that is spoken in turns with one."""

    def __init__(self, session: Session, mels: int, grid: Grid) -> None:
        self._session, self._mels, self.grid = session, mels, grid
        self._free: dict[int, list[_Recording]] = {size: [] for size in SIZES}

    def warm_up(self) -> None:
        for size in SIZES[:FIRST_SIZES]:
            self._free[size].append(self._recording(size))

    def run(self, x: Array, inputs: dict[str, Array]) -> RecordedRun:
        count = x.shape[2]
        size = next(size for size in SIZES if size >= count)
        recording = self._free[size].pop() if self._free[size] else self._recording(size)
        _, places = recording
        for name, array in {"x": x, **inputs}.items():
            if name != "spks":
                more = [(0, size - count if n == count else 0) for n in array.shape]
                array = np.pad(array, more)
            places[name].update_inplace(np.ascontiguousarray(array))
        return RecordedRun(self._session, self.grid, recording, size, count)

    def take_back(self, run: RecordedRun) -> None:
        """Give the recording of a run that is over to the next one."""
        self._free[run.size].append(run.recording)

    def _recording(self, size: int) -> _Recording:
        session, columns = self._session, (1, self._mels, size)
        places = {name: session.room(columns) for name in ("x", "mu", "cond")}
        places["spks"] = session.room((1, self._mels))
        places["attn_mask"] = session.place(np.ones((1, 1, size, size), np.bool_))
        places |= {name: session.place(a) for name, a in self.grid.inputs(0).items()}
        places["place"] = session.place(np.zeros(1, np.int64))
        # In place: the graph adds to x where it has read all of it.
        bound = session.bind(places, {"next": places["x"]}, recorded=True)
        for place in ("x", "mu", "cond"):
            places[place].update_inplace(np.zeros(columns, np.float32))
        places["spks"].update_inplace(np.zeros((1, self._mels), np.float32))
        session.run_bound(bound)
        return bound, places


class RecordedRun:
    def __init__(
        self, session: Session, grid: Grid, recording: _Recording, size: int, count: int
    ) -> None:
        self._session, self.recording, self.size, self._count = session, recording, size, count
        self._grid = grid
        self._bound, self._places = recording

    def step(self, number: int) -> None:
        for name, value in self._grid.inputs(number).items():
            self._places[name].update_inplace(value)
        self._session.run_bound(self._bound)

    def mel(self) -> Mel:
        mel: Mel = self._places["x"].numpy()[0, :, : self._count]
        return mel.copy()


class DeviceState:
    """A segment's state in the GPU's memory: a step reads what is kept and writes right behind
    it, and no byte of it is copied."""

    def __init__(self, session: Session, each: Layout, room: int, steps: int) -> None:
        self._session, self.layout, self.room, self.frames = session, each, room, 0
        self.past = session.room((steps, room, *each.shape), each.type)
        self.tails = [session.place(np.zeros(each.tails, np.float32)) for _ in range(steps)]

    def fill(self, past: Array, tails: Array) -> None:
        """Begin with the state of a voice's own frames, (steps, frames, ...) and (steps, ...)."""
        for step, (kept, ends) in enumerate(zip(past, tails, strict=True)):
            self._session.fill_part(self.past, self.start(step, 0), kept)
            self.tails[step].update_inplace(np.ascontiguousarray(ends))
        self.frames = past.shape[1]

    def start(self, step: int, frame: int) -> int:
        """Bytes before this frame's."""
        each = self.layout.frame_bytes // self.layout.steps
        return (step * self.room + frame) * each


class DeviceRun:
    """Steps that go on from a DeviceState. Their lengths are many, so they are not recorded."""

    def __init__(
        self,
        session: Session,
        x: Array,
        inputs: dict[str, Array],
        state: DeviceState,
        grid: Grid,
    ) -> None:
        self._session, self._state, self._count = session, state, x.shape[2]
        self._x, self._grid = session.place(x), grid
        self._now = {name: session.place(value) for name, value in grid.inputs(0).items()}
        keep = session.place(np.arange(self._count))
        places = {name: session.place(np.ascontiguousarray(a)) for name, a in inputs.items()}
        places |= {"x": self._x, KEEP: keep, **self._now}
        self._bound = session.bind(places, {"next": self._x})

    def step(self, number: int) -> None:
        state, bound = self._state, self._bound
        for name, value in self._grid.inputs(number).items():
            self._now[name].update_inplace(value)
        shape, before = state.layout.shape, state.frames
        if before:
            bound.read_from(PAST, state.past, state.start(number, 0), (before, *shape))
        bound.write_to(KEPT, state.past, state.start(number, before), (self._count, *shape))
        bound.read_from(TAILS, state.tails[number], 0, state.layout.tails)
        bound.write_to(ENDS, state.tails[number], 0, state.layout.tails)
        self._session.run_bound(bound)

    def mel(self) -> Mel:
        self._state.frames += self._count
        mel: Mel = self._x.numpy()[0]
        return mel.copy()


def keeping_pays(session: Session, recorded: RecordedSteps, each: Layout, mels: int) -> bool:
    """Measure on this board whether the steps of 4 s of speech after a clip of 3 s are done
    sooner from kept state than anew; docs/design/cosyvoice3.md."""
    anew = kept = 0.0
    for frames in TYPICAL:
        run = recorded.run(*_zeros(mels, 0, frames))
        anew += _least(run)
        recorded.take_back(run)
    for frames in range(150, 350, 50):
        state = DeviceState(session, each, frames + 50, 1)
        state.frames = frames
        kept += _least(DeviceRun(session, *_zeros(mels, frames, 50), state, recorded.grid))
        del state
    return kept < anew


def _least(run: StepRun) -> float:
    """Seconds of one step."""
    times = []
    for _ in range(TRIES + 1):
        began = time.perf_counter()
        run.step(0)
        times.append(time.perf_counter() - began)
    return min(times[1:])


def _zeros(mels: int, before: int, count: int) -> tuple[Array, dict[str, Array]]:
    columns = np.zeros((1, mels, count), np.float32)
    return columns, {
        "mu": columns,
        "cond": columns,
        "spks": np.zeros((1, mels), np.float32),
        "place": np.array([before]),
        "attn_mask": np.ones((1, 1, count, before + count), np.bool_),
    }


def all_steps(run: StepRun, steps: int) -> Iterator[None]:
    """Run all of them, and yield after each."""
    for number in range(steps):
        run.step(number)
        yield
