"""Instructions per second of sound of Kokoro on every CPU model: `make .arm64`, then
`python -m tests.system.arm64.kokoro [--cpu CPU] [--variant NAME] DESCRIPTION`, with a description
of a voice that has one speaker (docs/design/kokoro.md). A short sentence is counted, from its text
to its sound, silence cut."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.system.arm64.boards import CPUS, FOLDER, counted_on
from tests.system.arm64.bundles import COUNTED_HEART, make

COUNTED = tuple(plan for plan in COUNTED_HEART if plan.name in ("fp32", "fused", "fused-7bit"))


def count(bundle: Path, cpu: str, variant: str, place: Path) -> float:
    """Count millions of instructions for each second of sound."""
    arguments = bundle, "no-original", "voice", variant
    [found] = counted_on(cpu, place, "tests.system.arm64.counted", *arguments)
    (_, _, seconds), instructions = found
    return instructions / float(seconds) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("description", type=Path)
    parser.add_argument("--cpu", action="append", choices=CPUS)
    parser.add_argument("--variant", action="append", choices=[plan.name for plan in COUNTED])
    options = parser.parse_args()
    bundle = FOLDER / "bundles" / options.description.stem
    if not bundle.exists():
        make("rpi5", COUNTED, bundle, str(options.description))
    print("| CPU | variant | a second of sound |\n|---|---|---|")
    for cpu in options.cpu or CPUS:
        for variant in options.variant or [plan.name for plan in COUNTED]:
            with tempfile.TemporaryDirectory(prefix="edge-arm64-") as name:
                found = count(bundle, cpu, variant, Path(name) / "board")
            print(f"| {cpu[7:].upper()} | `{variant}` | {found:.0f} |", flush=True)


if __name__ == "__main__":
    main()
