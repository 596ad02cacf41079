"""What a build of many bundles, or of many stages, tells on the terminal."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge import records
from edge.build.bundles import build_all
from edge.build.pipeline import Wish
from edge.build.progress import progress
from edge.build.stage_gate import StageReport
from edge.profile import all_profiles
from edge.tables import print_table


def print_stages(path: Path) -> None:
    """How each stage was exported, how near PyTorch it is, and what quantizing cost."""
    report = records.load_json(path, StageReport)
    steps = [
        (
            r.stage,
            r.exporter,
            r.error or "ok",
            f"{r.seconds:.1f} s" if r.seconds else "",  # of a layer nobody knows
            f"{r.nodes_after} nodes" if r.nodes_after else "",
        )
        for r in report.export
    ]
    print_table(("EXPORT", "BY", "", "TIME", "SIZE"), steps)
    parity = [(p.stage, f"{p.relative_l2:.1e}", f"{p.max_abs:.1e}") for p in report.parity]
    print_table(("PARITY WITH PYTORCH", "RELATIVE L2", "LARGEST"), parity)
    quality = [
        (
            q.variant,
            q.stage,
            q.recipe,
            f"{q.bytes / 1e6:.1f} MB",
            f"{q.measure} {q.value:.3g}" + (f" (limit {q.limit:g})" if q.limit else ""),
        )
        for q in report.quality
    ]
    print_table(("VARIANT", "STAGE", "RECIPE", "SIZE", "AGAINST FLOAT32"), quality)


def build_everywhere(options: argparse.Namespace) -> int:
    """A bundle for every board; exit status 1 if any could not be made."""
    names = [profile.name for profile in all_profiles()]
    wishes = [
        Wish(options.voice, name, options.only, options.judge, options.checkpoint)
        for name in names
    ]
    every = []
    with progress(f"{options.voice} for {len(wishes)} boards") as report:
        for built in build_all(wishes, options.out, options.cache, options.jobs):
            every.append(built)
            report(f"{built.wish.profile} done", len(every), len(wishes))
    every.sort(key=lambda built: names.index(built.wish.profile))
    rows = [
        (
            built.wish.profile,
            f"{built.bytes / 1e6:.1f} MB" if not built.failure else "-",
            f"{built.seconds:.0f} s",
            built.failure or ", ".join(built.variants),
        )
        for built in every
    ]
    print_table(("BOARD", "SIZE", "TIME", "VARIANTS, BEST FIRST"), rows)
    return int(any(built.failure for built in every))
