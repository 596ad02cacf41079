"""Count and measure voices of every size that Piper trains, with random weights:
python -m tools.voice_sizes FOLDER (a quarter of an hour; `make count-arm64` must have run)

It writes and exports a voice of each size, counts the instructions of its decoder under emulation,
and measures the peak of memory of a process that speaks with it here. The figures go into
docs/measurements/2026-11-30-predictions.json by hand.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from edge.bundle import PROFILE, VOICE, writing
from edge.bundler.candidates import export, make_candidates, write_bundle
from edge.bundler.fetch import fetch
from edge.bundler.pipeline import profile_path
from edge.bundler.stage_cache import StageCache
from edge.profile import VariantPlan, load_profile
from edge.voice import load_voice
from tests.helpers.random_voices import write_letters
from tests.helpers.vits_layers import VoiceShape
from tests.system.arm64.boards import CPUS, FOLDER, emulated

MEDIUM = VoiceShape(
    hidden=192,
    inter=192,
    filter=768,
    layers=6,
    symbols=256,
    gin=512,
    upsample=((8, 16), (8, 16), (4, 8)),
    initial=256,
    kernels=(3, 5, 7),
    dilations=((1, 2), (2, 6), (3, 12)),
)
SIZES = {
    "x_low": dataclasses.replace(MEDIUM, hidden=96, inter=96, filter=384, rate=16_000),
    "medium": MEDIUM,
    "high": dataclasses.replace(
        MEDIUM,
        resblock=1,
        upsample=((8, 16), (8, 16), (2, 4), (2, 4)),
        initial=512,
        kernels=(3, 7, 11),
        dilations=((1, 3, 5),) * 3,
    ),
}
"""Shapes as piper_train has them; low is medium at 16 kHz. Their files have the size of the public
voices to 2 %."""
COUNTED = (("cortex-a72", "fp32"), ("cortex-a53", "fp32"), ("cortex-a76", "fused"))
PLANS = (VariantPlan("fused", "int8-dynamic", "int8-fused"), VariantPlan("fp32", "fp32", "fp32"))


def build(size: str, folder: Path) -> Path:
    """Make a bundle of a random voice, of both variants, unmeasured."""
    bundle = folder / f"{size}--rpi5"
    if bundle.exists():
        return bundle
    description = write_letters(SIZES[size], folder / size)
    config = folder / size / "voice.onnx.json"
    told = json.loads(config.read_text(encoding="utf-8"))
    told["inference"]["length_scale"] = 1.0
    config.write_text(json.dumps(told), encoding="utf-8")
    voice, stages = load_voice(description), StageCache(folder / "stages")
    profile = dataclasses.replace(load_profile("rpi5"), variants=PLANS)
    original = export(voice, fetch(voice, folder), stages, folder / "export-log.json")
    candidates, _ = make_candidates(original, voice, profile, stages, lambda *_: None)
    with writing(bundle) as inside:
        shutil.copyfile(description, inside / VOICE)
        shutil.copyfile(profile_path("rpi5"), inside / PROFILE)
        write_bundle(inside, original, voice, profile, candidates, gain=1.0, tools={})
    return bundle


def count(bundle: Path, cpu: str, variant: str) -> float:
    """Return millions of instructions of the decoder per second of sound."""
    with tempfile.TemporaryDirectory(prefix="edge-sizes-") as folder:
        place = Path(folder) / "board"
        python, numbers = emulated(CPUS[cpu], cpu, place), place / "counts"
        plugin = {"QEMU_PLUGIN": f"{FOLDER / 'count.so'},out={numbers}"}
        module = "tests.system.arm64.counted"
        counted = [str(python), "-m", module, str(bundle), "-", "decoder", variant]
        done = subprocess.run(
            counted, env=os.environ | plugin, stdout=subprocess.PIPE, text=True, check=True
        )
        seconds = float(done.stdout.split("\t")[2])
        return int(numbers.read_text(encoding="ascii").split()[-1]) / seconds / 1e6


def main() -> None:
    for size in SIZES:
        bundle = build(size, Path(sys.argv[1]))
        for plan in PLANS:
            command = [sys.executable, "-m", "tools.voice_peak", str(bundle), plan.name]
            peak = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            print(size, plan.name, "peak", peak.strip(), "MiB", flush=True)
        for cpu, variant in COUNTED:
            print(size, cpu, variant, round(count(bundle, cpu, variant), 1), flush=True)


if __name__ == "__main__":
    main()
