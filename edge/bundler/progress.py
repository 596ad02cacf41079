"""Show what a long build is doing, and how long the step will still take: a moving bar on a
terminal, plain lines elsewhere. And what each step cost."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Report = Callable[[str, int, int], None]
"""report(step, done, total): total 0 is a step whose length is not known."""

EVERY_S = 4.0
"""Seconds without a line after which a long step says that it goes on."""


@dataclass(frozen=True)
class StepCost:
    """Time and memory of one step of the build, with the processes that it started."""

    step: str
    cpu_seconds: float
    wall_seconds: float


@contextmanager
def progress(title: str) -> Iterator[Report]:
    """Shows what is reported through the function that it gives."""
    shown = _bars(title) if sys.stderr.isatty() else _lines(title)
    with shown as report:
        yield report


class Lines:
    """The lines for a log, as a pure function of what is reported and when."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._step, self._since, self._said = "", began, began
        self._done, self._total = 0, 0

    def report(self, step: str, done: int, total: int, now: float) -> list[str]:
        """Return the lines to print of this; times are seconds of one clock that never goes
        back."""
        said: list[str] = []
        if step != self._step:
            said = self.end(now)
            self._step, self._since, self._said = step, now, now
            said.append(self._line(step, now))
        self._done, self._total = done, total
        return said + self.tick(now)

    def tick(self, now: float) -> list[str]:
        """A line that the step goes on, if there was none for EVERY_S."""
        if not self._step or now - self._said < EVERY_S:
            return []
        self._said = now
        spent = now - self._since
        if not self._total or not self._done:
            return [self._line(f"{self._step}: {spent:.0f} s so far", now)]
        left = spent * (self._total - self._done) / self._done
        part = f"{100 * self._done / self._total:.0f} %, about {left:.0f} s left"
        return [self._line(f"{self._step}: {part}", now)]

    def end(self, now: float) -> list[str]:
        """The last line of the step at hand, if it took long enough to be told."""
        step, self._step = self._step, ""
        spent = now - self._since
        return [self._line(f"{step}: done in {spent:.1f} s", now)] if step and spent >= 1 else []

    def _line(self, text: str, now: float) -> str:
        return f"edge: [{now - self._began:5.1f} s] {text}"


class Steps:
    """A Report that passes on what it is told, and adds up what each step costs."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._costs: dict[str, tuple[float, float]] = {}
        self._step: str | None = None
        self._began = (0.0, 0.0)

    def __call__(self, step: str, done: int, total: int) -> None:
        if step != self._step:
            self._close()
            self._step, self._began = step, _clocks()
        self._report(step, done, total)

    def costs(self) -> tuple[StepCost, ...]:
        """Costs of all steps until now, in the order in which they began."""
        self._close()
        self._began = _clocks()
        return tuple(
            StepCost(step, round(cpu, 2), round(wall, 2))
            for step, (cpu, wall) in self._costs.items()
        )

    def _close(self) -> None:
        if self._step is not None:
            cpu, wall = self._costs.get(self._step, (0.0, 0.0))
            cpu_now, wall_now = _clocks()
            spent = (cpu + cpu_now - self._began[0], wall + wall_now - self._began[1])
            self._costs[self._step] = spent


def _clocks() -> tuple[float, float]:
    """CPU seconds of this process and of those that it waited for, and seconds of a wall clock."""
    times = os.times()
    return sum(times[:4]), time.monotonic()


@contextmanager
def _bars(title: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}
        last: list[str] = []

        def report(step: str, done: int, total: int) -> None:
            if last != [step]:
                for before in last:
                    bars.update(tasks[before], completed=1, total=1)
                last[:] = [step]
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=None)
            bars.update(tasks[step], completed=done, total=total or None)

        print(title, file=sys.stderr)
        yield report
        for before in last:
            bars.update(tasks[before], completed=1, total=1)


@contextmanager
def _lines(title: str) -> Iterator[Report]:
    """A thread says that a step goes on while nothing is reported."""
    print(f"edge: building {title}", file=sys.stderr)
    lines, lock, over = Lines(time.monotonic()), threading.Lock(), threading.Event()

    def say(said: list[str]) -> None:
        for line in said:
            print(line, file=sys.stderr, flush=True)

    def report(step: str, done: int, total: int) -> None:
        with lock:
            say(lines.report(step, done, total, time.monotonic()))

    def watch() -> None:
        while not over.wait(0.5):
            with lock:
                say(lines.tick(time.monotonic()))

    watcher = threading.Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield report
        with lock:
            say(lines.end(time.monotonic()))
    finally:
        over.set()
        watcher.join()
