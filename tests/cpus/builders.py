"""Whole builds on several kinds of CPU: same choices, same sound, same bytes?

`python -m tests.cpus.builders FOLDER [VOICE:PROFILE ...] [--checkpoint DIR] [--aarch64]` makes
every variant of BUILDS, or of those that are named, as each of CPUS, with a cache of its own in
FOLDER, and prints what came out beside each other, as Markdown; what lies in FOLDER is not made
again. The exit status is 1 where something differs that may not. `--checkpoint`: of a CosyVoice3
voice that is named, as `python -m tests.helpers.tiny_cosyvoice3 DIR` makes one. `--aarch64`: as
an emulated Cortex-A76 too, in half an hour of CPU for heart.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from edge.bundle import MANIFEST, WEIGHTS
from edge.bundler.evaluate.stage_gate import STAGES
from edge.bundler.quantize.recipe import constants
from edge.recipes import recipe_of
from tests.cpus import HIDDEN, hiding
from tests.system.arm64 import boards

CPUS = ("native", "Haswell", "Nehalem")
"""The CPU at hand, and it with AVX2 or SSE4.2 as its best; see tests.cpus.HIDDEN."""
BUILDS = ("en_US-joe-medium:rpi5", "en_US-heart:rpi4")
WITHIN_DB = 0.02
"""How far apart several builders may hear one variant."""
NOT_PACKED = "not packed"
AARCH64 = "aarch64"
PREPARE = boards.REPOSITORY / "tests/system/arm64"


@dataclass(frozen=True)
class Built:
    """One voice for one board, made on one CPU."""

    bundle: Path

    def packed(self) -> str:
        """Name the variants in the bundle's order."""
        return ", ".join(variant["name"] for variant in self._read(MANIFEST)["variants"])

    def figures(self) -> dict[str, float]:
        """What was measured of each variant, with the verdict in its name."""
        if (self.bundle / STAGES).exists():
            rows = self._read(STAGES)["quality"]
            return {
                f"{row['stage']} {row['recipe']}: {row['measure']}": row["value"] for row in rows
            }
        variants = self._read("report.json")["variants"]
        heard = {f"{v['name']}, {v['verdict']}, log-mel dB": v["log_mel_db"] for v in variants}
        return heard | {"gain of the voice, dB": 20 * math.log10(self._read(MANIFEST)["gain"])}

    def _read(self, name: str) -> Any:
        return json.loads((self.bundle / name).read_text(encoding="utf-8"))

    def files(self) -> dict[str, str]:
        """Checksums of all that is packed, a graph's together with its weights'."""
        files = self._read(MANIFEST)["files"]
        shas = {path: entry["sha256"] for path, entry in files.items()}
        for path in [path for path in shas if path + WEIGHTS in shas]:
            both = shas[path] + shas.pop(path + WEIGHTS)
            shas[path] = hashlib.sha256(both.encode()).hexdigest()
        return shas


def build(voice: str, profile: str, cpu: str, folder: Path, checkpoint: Path | None) -> Built:
    """Build as that CPU. Raises CalledProcessError."""
    python = sys.executable
    out, cache = folder / cpu, folder / cpu / f"cache-{voice}"
    words = ["build", voice, "--profile", profile, "--every", "--if-needed"]
    words += ["--out", str(out), "--cache", str(cache)]
    words += ["--checkpoint", str(checkpoint)] if checkpoint else []
    if cpu == AARCH64:
        python = _aarch64(folder)
        if not cache.exists():  # the tree has no certificates to fetch a voice with
            fetched = folder / CPUS[0] / cache.name
            shutil.copytree(fetched, cache, ignore=shutil.ignore_patterns("stages"))
    print(f"{voice} for {profile} as {cpu}", file=sys.stderr, flush=True)
    environment = hiding(cpu) if cpu in HIDDEN else dict(os.environ)
    subprocess.run([python, "-m", "edge", *words], env=environment, stdout=sys.stderr, check=True)
    return Built(out / f"{voice}--{profile}")


def _aarch64(folder: Path) -> str:
    """Fetch what a builder on an emulated Pi 5 needs, and make that; returns its Python."""
    subprocess.run([PREPARE / "prepare.sh", boards.FOLDER, sys.executable, "short"], check=True)
    subprocess.run([PREPARE / "fetch.sh", boards.FOLDER, sys.executable, "builder"], check=True)
    root = folder / "pi5"
    shutil.rmtree(root, ignore_errors=True)  # links into the tree, and copies of /proc
    board = boards.CPUS["cortex-a76"]
    return str(boards.emulated(board, "cortex-a76", root, boards.FOLDER / "builder"))


def compare(name: str, builds: Mapping[str, Built]) -> list[str]:
    """Print the tables of one build; what differs and may not, in words."""
    wrong = []
    print(f"\n## {name}\n")
    packed = {cpu: built.packed() for cpu, built in builds.items()}
    for cpu, names in packed.items():
        print(f"* {cpu}: packs {names}")
    if len(set(packed.values())) > 1:
        wrong.append(f"{name}: not the same variants are packed")
    print(f"\n| measured | {' | '.join(builds)} | most - least |")
    print("|---" * (len(builds) + 2) + "|")
    figures = {cpu: built.figures() for cpu, built in builds.items()}
    for key in {key: None for found in figures.values() for key in found}:
        values = [found.get(key) for found in figures.values()]
        known = [value for value in values if value is not None]
        apart = max(known) - min(known)
        cells = " | ".join("-" if value is None else f"{value:.4g}" for value in values)
        print(f"| {key} | {cells} | {apart:.2g} |")
        if len(known) < len(values) or ("dB" in key and apart > WITHIN_DB):
            wrong.append(f"{name}: {key}: {cells}")
    print(f"\n| file | {' | '.join(builds)} |")
    print("|---" * (len(builds) + 1) + "|")
    for path in sorted({path for built in builds.values() for path in built.files()}):
        said = _beside(list(builds.values()), path)
        print(f"| {path} | {' | '.join(said)} |")
        stage = path.partition("-")[0]
        may = recipe_of(stage, path).calibrated
        if any(not one.isalnum() and not (may and one.startswith("scales")) for one in said):
            wrong.append(f"{name}: {path}: {'; '.join(said)}")
    return wrong


def _beside(builds: Sequence[Built], path: str) -> list[str]:
    """Say the first builder's checksum, and of the others the same or how they are unlike it."""
    first, *others = (built.files().get(path) for built in builds)
    said = [NOT_PACKED if first is None else first[:8]]
    for built, other in zip(builds[1:], others, strict=True):
        if other is None:
            said.append(NOT_PACKED)
        elif other == first:
            said.append(other[:8])
        elif path.endswith(".onnx") and first is not None:
            said.append(_unlike(builds[0].bundle / path, built.bundle / path))
        else:
            said.append("other bytes")
    return said


def _unlike(one: Path, other: Path) -> str:
    """Say how two graphs differ: in nodes, or in scales and the integers of them."""
    first, second = onnx.load(one), onnx.load(other)
    if [n.SerializeToString() for n in first.graph.node] != [
        n.SerializeToString() for n in second.graph.node
    ]:
        return "other nodes"
    a, b = constants(first), constants(second)
    moved = {n: np.abs(a[n].astype(float) - b[n]) for n in a if not np.array_equal(a[n], b[n])}
    scales = [n for n in moved if a[n].dtype == np.float32]
    codes = [n for n in moved if a[n].dtype != np.float32]
    most = max((float((moved[n] / np.abs(a[n]).max()).max()) for n in scales), default=0.0)
    count = sum(np.count_nonzero(moved[n]) for n in codes)
    far = max((int(moved[n].max()) for n in codes if a[n].dtype != np.int32), default=0)
    size = sum(a[n].size for n in a if a[n].dtype.kind in "iu")
    return f"scales by {most:.0e} at most; {count} of {size} integers, codes by {far}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.cpus.builders")
    parser.add_argument("folder", type=Path)
    parser.add_argument("builds", nargs="*", metavar="VOICE:PROFILE", default=BUILDS)
    parser.add_argument("--checkpoint", type=Path, metavar="DIR")
    parser.add_argument("--aarch64", action="store_true")
    wish = parser.parse_args()
    cpus = (*CPUS, AARCH64) if wish.aarch64 else CPUS
    wrong = []
    for name in wish.builds:
        voice, profile = name.split(":")
        made = {
            cpu: build(voice, profile, cpu, wish.folder.resolve(), wish.checkpoint) for cpu in cpus
        }
        wrong += compare(name, made)
    print("\n" + "\n".join(f"**{each}**" for each in wrong or ["All builders made the same."]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
