"""Measure each variant of a Jetson bundle on this machine: those for a GPU by CUDA, the others
on its CPU.

    python -m tools.gpu.variants BUNDLE [--out FOLDER]

For a voice of any family that has the form for a GPU. Each variant speaks in a process of its own,
texts of three lengths in turn; its sound is compared with that of fp32, in the rhythm that fp32
gave them. Then `edge tune` chooses, as it does on a board. With --out, variants.json is written
there.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from edge import synth
from edge.bench.tune import TEXTS, tune
from edge.bundle import Bundle, open_bundle
from edge.bundler.metrics import log_mel_distance_db, snr_db
from edge.machine import read_machine
from edge.profile import Stages
from edge.synth import Segment, Style, Synthesizer
from tools.gpu.measure import _gpu_used_mb, _peak_rss_mb

REPEATS = 9
REFERENCE = "fp32"


def without_tensorrt(bundle: Bundle) -> Bundle:
    """TensorRT's library is on no package index; the chain then begins with CUDA."""
    runtime = bundle.profile.runtime
    chain = tuple(p for p in runtime.providers.decoder if p.name != "TensorrtExecutionProvider")
    runtime = dataclasses.replace(runtime, providers=Stages(runtime.providers.encoder, chain))
    return dataclasses.replace(
        bundle, profile=dataclasses.replace(bundle.profile, runtime=runtime)
    )


def measure(bundle: Bundle, variant: str, rhythm: list[list[list[int]]], kept: Path) -> Any:
    before, began = _gpu_used_mb(), time.perf_counter()
    voice = synth.load(bundle, variant)
    loaded_s = time.perf_counter() - began
    planned = [voice.plan(text, Style()) for text in TEXTS]
    durations = [[list(voice.durations(s)) for s in segments] for segments in planned]
    forced = [
        [dataclasses.replace(s, durations=tuple(d)) for s, d in zip(of, lengths, strict=True)]
        for of, lengths in zip(planned, rhythm or durations, strict=True)
    ]
    sounds = [speak(voice, segments)[2] for segments in forced]
    np.savez(kept, *sounds)
    rounds = [[speak(voice, segments)[:2] for segments in planned] for _ in range(REPEATS)]
    return {
        "variant": variant,
        "provider": voice.provider,
        "load_s": loaded_s,
        "whole_ms": [middle([of[i][0] for of in rounds]) for i in range(len(TEXTS))],
        "slowest_ms": [1000 * max(of[i][0] for of in rounds) for i in range(len(TEXTS))],
        "first_ms": [middle([of[i][1] for of in rounds]) for i in range(len(TEXTS))],
        "seconds": [len(sound) / voice.rate for sound in sounds],
        "resident_mb": _peak_rss_mb(),
        "gpu_mb": _gpu_used_mb() - before,
        "durations": durations,
        "rate": voice.rate,
    }


def speak(voice: Synthesizer, segments: list[Segment]) -> tuple[float, float, Any]:
    began, first, parts = time.perf_counter(), 0.0, []
    for segment in segments:
        for chunk in voice.speak(segment):
            if len(chunk.samples):
                first = first or time.perf_counter() - began
                parts.append(chunk.samples)
    return time.perf_counter() - began, first, np.concatenate(parts)


def middle(seconds: list[float]) -> float:
    return 1000 * sorted(seconds)[len(seconds) // 2]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    parser.add_argument("--rhythm", type=json.loads, default=[], help=argparse.SUPPRESS)
    parser.add_argument("--kept", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    bundle = without_tensorrt(open_bundle(given.bundle, None))
    if given.row:
        print(json.dumps(measure(bundle, given.row, given.rhythm, given.kept)))
        return
    names = [variant.name for variant in bundle.manifest.variants]
    table: list[dict[str, Any]] = []
    rhythm: list[list[list[int]]] = []
    with TemporaryDirectory() as folder:
        reference = Path(folder) / f"{REFERENCE}.npz"
        for name in sorted(names, key=lambda name: name != REFERENCE):
            kept = Path(folder) / f"{name}.npz"
            command = [sys.executable, "-m", "tools.gpu.variants", str(given.bundle)]
            command += ["--row", name, "--kept", str(kept), "--rhythm", json.dumps(rhythm)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=150)
            if done.returncode:
                print(f"{name}: failed\n{done.stderr[-1500:]}", flush=True)
                continue
            found = json.loads(done.stdout.splitlines()[-1])
            lengths = found.pop("durations")
            rhythm = rhythm or lengths
            one, other = np.load(reference), np.load(kept)
            pairs = [(one[key], other[key]) for key in one.files]
            found["snr_db"] = [snr_db(a, b) for a, b in pairs]
            found["log_mel_db"] = [log_mel_distance_db(a, b, found["rate"]) for a, b in pairs]
            table.append(found)
            print(json.dumps(found), flush=True)
    chosen = tune(bundle, read_machine())
    told = {timed.variant: [1000 * s for s in timed.seconds] for timed in chosen.timed}
    print("edge tune:", json.dumps(told), "chosen:", chosen.chosen, "-", chosen.reason)
    if given.out:
        text = json.dumps({"variants": table, "tune": told, "chosen": chosen.chosen}, indent=1)
        (given.out / "variants.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
