"""Many bundles in one command, on this machine or on a farm: the table of what became of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from edge.bundle import open_bundle
from edge.bundler.farm import build_on
from edge.bundler.many import Built, build_all, destination
from edge.bundler.pipeline import Wish
from edge.bundler.progress import progress
from edge.commands.answers import print_table
from edge.commands.build import Options
from edge.errors import EdgeError
from edge.files import cache_dir


def build_many(options: Options, voices: Sequence[str], boards: Sequence[str]) -> int:
    """Build every voice for every board; return exit status 1 if any bundle could not be made."""
    wishes = [wish_of(options, voice, board) for voice in voices for board in boards]
    if options.if_needed:
        wishes = [wish for wish in wishes if not _is_there(options, wish)]
    every: list[Built] = []
    cache = options.cache or cache_dir()
    if options.on is None:
        jobs = options.jobs or os.cpu_count() or 1
        coming = build_all(wishes, options.out, cache, jobs)
    else:
        coming = build_on(options.on, wishes, options.out, cache)
    title = f"{_count(voices, 'voice')} for {_count(boards, 'board')}: {len(wishes)} bundles"
    with progress(title) as report:
        report("build", 0, len(wishes))
        for built in coming:
            every.append(built)
            how = "failed" if built.failure else "done"
            print(f"edge: {built.wish.voice} for {built.wish.profile}: {how}", file=sys.stderr)
            report("build", len(every), len(wishes))
    _print(every, wishes)
    return int(any(built.failure for built in every))


def wish_of(options: Options, voice: str, profile: str) -> Wish:
    return Wish(
        voice,
        profile,
        options.only,
        options.judge,
        options.checkpoint,
        every=options.every,
        quick=options.quick,
        config=options.config,
        licence=options.licence,
        accepts_terms=options.accept_terms,
        without_cloning=options.without_cloning,
    )


def _is_there(options: Options, wish: Wish) -> bool:
    try:
        open_bundle(destination(options.out, wish.voice, wish.profile), machine=None).verify()
    except EdgeError:
        return False
    return True


def _count(names: Sequence[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} {word}s"


def _print(every: Sequence[Built], wishes: Sequence[Wish]) -> None:
    """Print what was built, in the order that was wished for, then what was not, and why."""
    place = {(wish.voice, wish.profile): number for number, wish in enumerate(wishes)}
    ordered = sorted(every, key=lambda built: place[built.wish.voice, built.wish.profile])
    rows = [
        (
            built.wish.voice,
            built.wish.profile,
            f"{built.bytes / 1e6:.1f} MB",
            f"{built.seconds:.0f} s",
            ", ".join(built.variants),
        )
        for built in ordered
        if not built.failure
    ]
    if rows:
        print_table(("VOICE", "BOARD", "SIZE", "TIME", "VARIANTS, BEST FIRST"), rows)
    failed: dict[tuple[str, str], list[Built]] = {}
    for built in ordered:
        if built.failure:
            failed.setdefault((built.wish.voice, built.failure), []).append(built)
    print(f"{len(rows)} of {len(wishes)} bundles are built.")
    for (voice, why), alike in failed.items():
        boards = ", ".join(built.wish.profile for built in alike)
        print(f"edge: {voice} for {boards}: {why}", file=sys.stderr)
        if alike[0].remedy:
            print(f"      {alike[0].remedy}", file=sys.stderr)
