"""One build on a worker of a farm, in a process of its own.

So a worker may have as many threads as it likes, a build that dies takes no other with it, and one
that is cancelled ends at once. A worker that dies takes its builds with it, or they would go on
while others begin the same ones.
"""

from __future__ import annotations

import os
import pickle
import platform
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge import child
from edge.bundler.fetch.hub import VARIABLE
from edge.bundler.many import Built, build_one
from edge.bundler.pipeline import Wish
from edge.bundler.stage_cache import source_digest

POLL_S = 1.0
"""Seconds between two looks at whether the build is still wanted, or the worker still there."""


@dataclass(frozen=True)
class Task:
    """All that a worker must be told."""

    wish: Wish
    out: Path
    """Absolute, and the same folder on every machine; so is `cache`."""
    cache: Path
    hub: str | None
    """EDGE_VOICE_HUB of whoever asks."""
    source: str
    """Digest of the code of whoever asks: another version would make another bundle."""
    run: str
    """Name of the farm's event that is set once nobody wants the build any more."""


class BuildDied(RuntimeError):
    """The process of a build ended without an outcome: killed, or a bug of ours."""


def build_remotely(task: Task) -> Built:
    """Build on this worker. Raises BuildDied, and the farm tries again."""
    from distributed import Event

    cancelled = Event(task.run)
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if task.hub is not None:
        environment[VARIABLE] = task.hub
    pipe = subprocess.PIPE
    command = child.command("edge.bundler.remote_build", str(os.getpid()))
    given: bytes | None = pickle.dumps(task)
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment
    ) as process:
        try:
            while True:
                try:
                    answer, said = process.communicate(given, POLL_S)
                    break
                except subprocess.TimeoutExpired:
                    given = None  # it has it
                    if cancelled.is_set():
                        return Built(task.wish, (), 0, 0.0, "cancelled")
        finally:
            process.kill()
    if process.returncode or not answer:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise BuildDied(f"its process on {platform.node()} ended ({process.returncode}): {last}")
    built: Built = pickle.loads(answer)
    return built


def main(worker: int) -> None:
    """Be the process: the task on standard input, the outcome on standard output."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not print into the outcome
    threading.Thread(target=_end_with, args=(worker,), name="worker", daemon=True).start()
    task: Task = pickle.load(sys.stdin.buffer)
    if source_digest() != task.source:
        reason = (
            f"the worker on {platform.node()} has another Edge Voice, or other versions of the "
            "packages that a build depends on"
        )
        built = Built(task.wish, (), 0, 0.0, reason, "Install the same there.")
    else:
        built = build_one(task.wish, task.out, task.cache)
    with suppress(BrokenPipeError), answer:
        pickle.dump(built, answer)


def _end_with(worker: int) -> None:
    """End this process, in whatever it is, once its parent is no longer the worker."""
    while os.getppid() == worker:
        time.sleep(POLL_S)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
