"""Many bundles at once: voices x profiles, as many at a time as there are cores, one cache.

Stages that two builds share are made by one of them while the other waits for it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from fnmatch import fnmatchcase
from multiprocessing import get_context
from pathlib import Path

from edge.bundler.fetch.hub import listed, open_catalogue
from edge.bundler.own_voice import is_own, own_name
from edge.bundler.pipeline import Wish, build_bundle
from edge.errors import EdgeError, UnknownProfile, UnknownVoice
from edge.profile import all_profiles
from edge.voice import all_voices

ALL = "all"
"""Typed in place of a profile's name, it means every board."""


@dataclass(frozen=True)
class Built:
    """The outcome of one build: its variants, best first, or why there is no bundle."""

    wish: Wish
    variants: tuple[str, ...]
    bytes: int
    seconds: float
    failure: str = ""
    remedy: str = ""


def is_pattern(typed: str) -> bool:
    """Tell a shell's pattern, as de_*, from a name or a file that is there."""
    return any(letter in typed for letter in "*?[") and not Path(typed).exists()


def voices_like(typed: Iterable[str]) -> list[str]:
    """Return the voices that can be built, of names, files and patterns; each once. Raises
    UnknownVoice for a pattern that no name fits."""
    names = sorted({*open_catalogue().names, *(voice.name for voice in all_voices())})
    found: dict[str, None] = {}
    for each in typed:
        fitting = [name for name in names if fnmatchcase(name, each)]
        if is_pattern(each) and not fitting:
            raise UnknownVoice(f"no voice has a name like {each!r}", "List them: edge voices")
        found |= dict.fromkeys(fitting if is_pattern(each) else [each])
    return list(found)


def boards_like(typed: str) -> list[str]:
    """Return the profiles that a name, a file, a pattern or ALL means. Raises UnknownProfile for
    a pattern that no name fits."""
    if typed != ALL and not is_pattern(typed):
        return [typed]
    names = [profile.name for profile in all_profiles()]
    fitting = [name for name in names if typed == ALL or fnmatchcase(name, typed)]
    if not fitting:
        raise UnknownProfile(f"no board has a name like {typed!r}", "List them: edge profiles")
    return fitting


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
        running = [pool.submit(build_one, wish, out, cache) for wish in wishes]
        try:
            for done in as_completed(running):
                yield done.result()
        except BaseException:  # ctrl-C too: what has not begun must not begin
            pool.shutdown(cancel_futures=True)
            raise


def build_one(wish: Wish, out: Path, cache: Path) -> Built:
    """Build one of many, in silence; what a person can mend becomes the outcome's `failure`."""
    began = time.monotonic()
    try:
        bundle = build_bundle(
            wish, destination(out, wish.voice, wish.profile), cache, lambda *_: None
        )
    except EdgeError as error:
        seconds = time.monotonic() - began
        return Built(wish, (), 0, seconds, error.message, error.remedy)
    manifest = bundle.manifest
    return Built(
        wish,
        tuple(variant.name for variant in manifest.variants),
        sum(entry.bytes for entry in manifest.files.values()),
        time.monotonic() - began,
    )
