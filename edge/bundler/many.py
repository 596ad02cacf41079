"""Many bundles at once: voices x profiles, as many at a time as there are cores, one cache.

Stages that two builds share are made by one of them while the other waits for it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from edge.bundler.fetch.hub import listed
from edge.bundler.own_voice import is_own, own_name
from edge.bundler.pipeline import Wish, build_bundle
from edge.errors import EdgeError


@dataclass(frozen=True)
class Built:
    """The outcome of one build: its variants, best first, or why there is no bundle."""

    wish: Wish
    variants: tuple[str, ...]
    bytes: int
    seconds: float
    failure: str = ""


def destination(out: Path, voice: str, profile: str) -> Path:
    """Where the bundle of a voice (a name, a file or a folder) for a board goes."""
    if row := listed(voice):
        voice = row.name  # without the accents that it may have at the hub
    elif is_own(voice):
        voice = own_name(voice)
    # Not Path.stem: a name may hold a point, as cosyvoice3-0.5b does.
    names = (re.sub(r"\.ya?ml$", "", Path(name).name) for name in (voice, profile))
    return out / "--".join(names)


def build_all(wishes: Sequence[Wish], out: Path, cache: Path, jobs: int) -> Iterator[Built]:
    """Build all of them, `jobs` at a time; each as it is done. A failure stops only its own."""
    context = get_context("spawn")  # onnxruntime's threads do not survive a fork
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        running = [pool.submit(_build, wish, out, cache) for wish in wishes]
        try:
            for done in as_completed(running):
                yield done.result()
        except BaseException:  # ctrl-C too: what has not begun must not begin
            pool.shutdown(cancel_futures=True)
            raise


def _build(wish: Wish, out: Path, cache: Path) -> Built:
    began = time.monotonic()
    try:
        bundle = build_bundle(
            wish, destination(out, wish.voice, wish.profile), cache, lambda *_: None
        )
    except EdgeError as error:
        return Built(wish, (), 0, time.monotonic() - began, f"{error.message} {error.remedy}")
    manifest = bundle.manifest
    return Built(
        wish,
        tuple(variant.name for variant in manifest.variants),
        sum(entry.bytes for entry in manifest.files.values()),
        time.monotonic() - began,
    )
