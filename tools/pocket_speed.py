"""Time a voice of Pocket TTS beside the official package, by CPU time, in one interleaved run.

    python -m tools.pocket_parity --keep DIR NAME        (official's Python: makes the checkpoint)
    edge build DIR/NAME --out OUT
    python -m tools.pocket_speed official/bin/python DIR/NAME OUT/NAME--x86-64 [--rounds 3]

Both speak the same text with the same clip, one thread, one process after the other, round after
round; the least of the rounds counts. Random weights: how long a sentence gets is chance, so all
is told for a second of sound, and the first sound as the CPU time until it is there, from a voice
that is kept in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("official", help="a Python with pocket-tts and torch")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    sides: dict[str, tuple[str, str, str]] = {"official": (options.official, "official", "")}
    manifest = json.loads((options.bundle / "manifest.json").read_text(encoding="utf-8"))
    for variant in manifest["variants"]:
        sides[variant["name"]] = (sys.executable, "ours", variant["name"])
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, (python, side, variant) in sides.items():
            place = options.checkpoint if side == "official" else options.bundle
            found[name].append(child(python, side, place, variant))
    print("| | CPU s per s of sound | first sound, CPU ms | 10 s enrolled, CPU s | peak MiB |")
    print("|---|---|---|---|---|")
    for name, rounds in found.items():
        rtf, first, enrolled = (min(r[key] for r in rounds) for key in ("rtf", "first", "enrol"))
        peak = max(r["peak"] for r in rounds)
        print(f"| {name} | {rtf:.3f} | {1e3 * first:.0f} | {enrolled:.2f} | {peak:.0f} |")
    return 0


def child(python: str, side: str, place: Path, variant: str) -> dict[str, Any]:
    command = [python, "-m", "tools.pocket_speed_child", side, str(place), variant]
    with tempfile.TemporaryDirectory() as state:
        env = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "XDG_STATE_HOME": state}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{side}: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    sys.exit(main())
