"""Instructions per second of audio of every recipe on every CPU model, as docs/arm.md has them:
`python -m tests.arm64.counts [CPU ...] [decoder|voice]` (about 5 minutes for each of both)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from edge.build.fetch import fetch
from edge.cli import cache_dir
from edge.voice import load_voice
from tests.arm64.boards import CPUS, FOLDER, emulated
from tests.arm64.bundles import JOE

WHAT = ("decoder", "voice")
Counts = dict[tuple[str, str], float]
"""(variant, "decoder" or "voice") to millions of instructions per second of audio."""


def count(cpu: str, what: str, folder: Path) -> Counts:
    python = emulated(CPUS[cpu], cpu, folder / f"{cpu}-{what}")
    numbers = folder / f"{cpu}-{what}.txt"
    model = fetch(load_voice(JOE), cache_dir(), lambda *_: None)["model"]
    command = [python, "-m", "tests.arm64.counted", FOLDER / "bundles/counted", model, what]
    plugin = {"QEMU_PLUGIN": f"{FOLDER / 'count.so'},out={numbers}"}
    counts: Counts = {}
    with subprocess.Popen(
        command, env=os.environ | plugin, text=True, stdout=subprocess.PIPE
    ) as guest:
        assert guest.stdout
        for line in guest.stdout:
            name, _, seconds = line.split("\t")
            instructions = int(numbers.read_text(encoding="ascii").split()[-1])
            counts[name, what] = instructions / float(seconds) / 1e6
            print(f"{cpu} {name} {what}: {counts[name, what]:.1f}", file=sys.stderr, flush=True)
    if guest.returncode:
        raise SystemExit(f"the guest ended with {guest.returncode}")
    return counts


def table(counts: dict[str, Counts]) -> str:
    """Rows of variants; the decoder and the whole voice for each CPU model."""
    columns = [(cpu, what) for what in ("decoder", "voice") for cpu in counts]
    names = list(dict.fromkeys(name for found in counts.values() for name, _ in found))
    lines = [
        "| variant | " + " | ".join(f"{what}, {cpu[7:].upper()}" for cpu, what in columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for name in names:
        cells = (counts[cpu].get((name, what)) for cpu, what in columns)
        lines.append(f"| {name} | " + " | ".join(f"{c:.0f}" if c else "-" for c in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    cpus = [name for name in sys.argv[1:] if name in CPUS] or list(CPUS)
    wanted = [name for name in sys.argv[1:] if name in WHAT] or list(WHAT)
    with tempfile.TemporaryDirectory(prefix="edge-arm64-") as folder:
        counts: dict[str, Counts] = {cpu: {} for cpu in cpus}
        for what in wanted:
            for cpu in cpus:
                counts[cpu] |= count(cpu, what, Path(folder))
        print(table(counts))


if __name__ == "__main__":
    main()
