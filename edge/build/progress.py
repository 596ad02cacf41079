"""What a long build is doing: a moving bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str, int, int], None]
"""report(stage, done, total): total 0 is a stage whose length is not known."""


@contextmanager
def progress(title: str) -> Iterator[Report]:
    """Shows what is reported through the function that it gives."""
    if not sys.stderr.isatty():
        yield _plain(title)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, int] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=None)
            bars.update(tasks[stage], completed=done, total=total or None)  # type: ignore[arg-type]

        print(title, file=sys.stderr)
        yield report


def _plain(title: str) -> Report:
    print(f"edge: building {title}", file=sys.stderr)
    started = time.monotonic()
    seen: set[str] = set()

    def report(stage: str, done: int, total: int) -> None:
        if stage not in seen:
            seen.add(stage)
            elapsed = time.monotonic() - started
            print(f"edge: [{elapsed:5.1f} s] {stage}", file=sys.stderr, flush=True)

    return report
