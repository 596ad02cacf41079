"""Many bundles on many machines: each a task of a Dask scheduler's workers.

All machines share two folders, for what is built and for the stages. A finished stage is in
the cache, so when a worker is killed, or the scheduler, another build goes on behind it.
"""

from __future__ import annotations

import logging
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge.bundle import MANIFEST
from edge.bundler.fetch.hub import VARIABLE
from edge.bundler.many import Built, destination
from edge.bundler.own_voice import is_own
from edge.bundler.packages import require
from edge.bundler.pipeline import Wish
from edge.bundler.remote_build import Task, build_remotely
from edge.bundler.stage_cache import source_digest
from edge.errors import NoScheduler
from edge.remedies import add_packages

log = logging.getLogger(__name__)

CONNECT_S = 10.0
"""Seconds within which a scheduler must answer."""
RETRIES = 2
"""Times that a build is tried again whose process died. Of workers that die under a build, Dask
itself bears three."""


def build_on(address: str, wishes: Sequence[Wish], out: Path, cache: Path) -> Iterator[Built]:
    """Build all of them on the workers of the scheduler at `address`, each as it is done.

    A failure stops only its own. Whoever ends this generator early cancels what is left. Raises
    MissingPackage without Dask, NoScheduler if there is none or if it goes away.
    """
    distributed = require("distributed", "building on a farm", add_packages("farm"))
    # It logs a traceback for each connection that ends; what matters of that is said here.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    out, cache = out.absolute(), cache.absolute()
    run = f"edge-build-{uuid.uuid4().hex}"
    try:
        client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise NoScheduler(
            f"no Dask scheduler answers at {address}: {error}",
            "Start one: dask scheduler; and on each machine: dask worker ADDRESS",
        ) from None
    with client:
        if not client.scheduler_info()["workers"]:
            log.warning("no worker yet; on each machine type: dask worker %s", address)
        futures: dict[Any, Wish] = {}
        for place, wish in enumerate(_in_turns(wishes)):
            task = Task(_placed(wish), out, cache, os.environ.get(VARIABLE), source_digest(), run)
            key = f"{destination(out, wish.voice, wish.profile).name}-{run}"
            future = client.submit(
                build_remotely, task, key=key, pure=False, retries=RETRIES, priority=-place
            )
            futures[future] = wish
        try:
            for future in distributed.as_completed(list(futures), loop=client.loop):
                yield _outcome(future, futures[future], out)
            _sweep(out, wishes)
        except BaseException:  # Ctrl-C too
            with suppress(Exception):  # nothing is left to tell, if the scheduler is gone
                distributed.Event(run, client=client).set()
                client.cancel(list(futures))
            raise


def _in_turns(wishes: Sequence[Wish]) -> list[Wish]:
    """Put them in such an order that each voice's first board comes before any second one, whose
    build would wait for the stages of the first."""
    seen: dict[str, int] = {}
    rounds = []
    for wish in wishes:
        rounds.append(seen.setdefault(wish.voice, 0))
        seen[wish.voice] += 1
    order = sorted(range(len(wishes)), key=lambda place: rounds[place])
    return [wishes[place] for place in order]


def _placed(wish: Wish) -> Wish:
    """Make every path absolute, for a process in another folder."""
    voice, profile = wish.voice, wish.profile
    return replace(
        wish,
        voice=str(Path(voice).absolute()) if _is_file(voice) or is_own(voice) else voice,
        profile=str(Path(profile).absolute()) if _is_file(profile) else profile,
        checkpoint=wish.checkpoint and wish.checkpoint.absolute(),
        config=wish.config and wish.config.absolute(),
    )


def _is_file(name: str) -> bool:
    return name.endswith((".yaml", ".yml"))


def _sweep(out: Path, wishes: Sequence[Wish]) -> None:
    """Remove what killed builds left half made; all of ours have ended."""
    for wish in wishes:
        for left in out.glob(f".{destination(out, wish.voice, wish.profile).name}.*"):
            shutil.rmtree(left, ignore_errors=True)


def _outcome(future: Any, wish: Wish, out: Path) -> Built:
    if future.status == "cancelled":
        raise NoScheduler(
            "the Dask scheduler went away",
            "Start it again, and type the same with --if-needed: what is finished is kept.",
        )
    if future.status == "error":
        error = future.exception()
        return Built(wish, (), 0, 0.0, " ".join(f"{type(error).__name__}: {error}".split()))
    built: Built = future.result()
    folder = destination(out, wish.voice, wish.profile)
    if built.failure or (folder / MANIFEST).is_file():
        return replace(built, wish=wish)
    reason = f"it was built, but is not in {out} here"
    return Built(wish, (), 0, built.seconds, reason, "All machines must share that folder.")
