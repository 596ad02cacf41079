"""Instructions per second of sound of Pocket TTS on every CPU model: `make .arm64`, then
`python -m tests.system.arm64.pocket [--cpu CPU] [--variant NAME] CHECKPOINT ...`, with folders
that tools/pocket_parity.py keeps.

A second of sound in the middle of a sentence is counted, and how much is due before its first
frame sounds. Random weights do not know when to end, so the end of speech is put out of reach."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from edge.profile import VariantPlan
from tests.system.arm64.boards import CPUS, FOLDER, counted_on
from tests.system.arm64.bundles import make

COUNTED = (
    VariantPlan("fp32", "fp32", "fp32"),
    VariantPlan("int8", "int8-dynamic", "fp32"),
    VariantPlan("fused", "int8-dynamic", "int8-fused"),
    VariantPlan("fused-7bit", "int8-dynamic", "int8-fused-7bit"),
)
"""Language model and codec."""


def bundle_of(checkpoint: Path) -> Path:
    """Build a checkpoint with all of COUNTED, once; remove it after a change."""
    made = FOLDER / "bundles" / f"pocket-{checkpoint.name}"
    if made.exists():
        return made
    with tempfile.TemporaryDirectory() as name:
        endless = Path(name) / checkpoint.name
        endless.mkdir()
        for path in checkpoint.iterdir():
            if path.suffix == ".yaml":
                text = path.read_text(encoding="utf-8")
                kept = [li for li in text.splitlines() if not li.startswith("default_eos_")]
                ended = "\n".join([*kept, "default_eos_threshold: 1.0e+9", ""])
                (endless / path.name).write_text(ended, encoding="utf-8")
            else:
                (endless / path.name).symlink_to(path.resolve())
        make("rpi5", COUNTED, made, str(endless))
    return made


def count(bundle: Path, cpu: str, variant: str, place: Path) -> dict[str, float]:
    """Millions of instructions: of each second of sound, and before the first one."""
    found = counted_on(cpu, place, "tests.system.arm64.pocket_counted", bundle, variant)
    return {what: count / float(per) / 1e6 for (what, per), count in found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--cpu", action="append", choices=CPUS)
    parser.add_argument("--variant", action="append", choices=[plan.name for plan in COUNTED])
    options = parser.parse_args()
    print("| checkpoint | CPU | variant | a second of sound | before the first, voice kept |")
    print("|---|---|---|---|---|")
    for checkpoint in options.checkpoints:
        bundle = bundle_of(checkpoint)
        for cpu in options.cpu or CPUS:
            for variant in options.variant or [plan.name for plan in COUNTED]:
                with tempfile.TemporaryDirectory(prefix="edge-arm64-") as name:
                    found = count(bundle, cpu, variant, Path(name) / "board")
                cells = f"{checkpoint.name} | {cpu[7:].upper()} | `{variant}`"
                print(f"| {cells} | {found['second']:.0f} | {found['first']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
