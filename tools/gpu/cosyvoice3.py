"""Measures a CosyVoice3 voice at the released sizes, with random weights, on CUDA.

    python -m tools.gpu.cosyvoice3 build FOLDER [--unproved]
    python -m tools.gpu.cosyvoice3 measure FOLDER [--out FOLDER] [--variant NAME]

`build` makes the checkpoint (3.4 GB) and the bundle FOLDER/bundle; it needs torch, onnxscript,
onnx and onnxconverter-common and 12 GB of memory, and nothing is fetched. `measure` needs
onnxruntime-gpu with its CUDA provider, soxr and tokenizers. It speaks through the product's own
synthesizer, sentences of alternating lengths, and prints first sound and real-time factor,
medians and worst: each variant as shipped, with the time of each part; and one of them with one
lever after the other (cosyvoice3_levers.py).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any
from unittest import mock

from edge import synth
from edge.bundle import open_bundle
from edge.pcm import PcmChunk
from edge.profile import profiles_dir
from edge.synth.session import versions
from edge.synth.voice_print import FORMAT, Label, checkpoint_of, save_print
from tests.synth.test_clip import voice as hum
from tools.gpu.cosyvoice3_levers import LEVERS, SHIPPED, SPEAKER, gpu_mb, measure_apart

VARIANTS = """\
variants:
  - {name: fp16, encoder: fp32, decoder: fp32, stages: {llm: fp16, flow_step: fp16}}
  - {name: int4, encoder: fp32, decoder: fp32, stages: {llm: int4-fp16, flow_step: fp16}}
"""


def build(folder: Path, proved: bool) -> None:
    from edge.bundler.evaluate import stage_gate
    from edge.bundler.export.cosyvoice3 import parity
    from edge.bundler.pipeline import Wish, build_bundle
    from tests.helpers.tiny_cosyvoice3 import write_checkpoint

    began = time.monotonic()

    def told(stage: str, done: int, total: int) -> None:
        if done == 0:
            print(f"{time.monotonic() - began:6.1f} s {stage}", flush=True)

    checkpoint = folder / "checkpoint"
    if not checkpoint.exists():
        write_checkpoint(checkpoint, released=True)
    head, _, rest = (profiles_dir() / "jetson-agx-orin.yaml").read_text().partition("variants:\n")
    profile = folder / "jetson-agx-orin.yaml"
    profile.write_text(head + VARIANTS + rest[rest.index("\nestimates:") :])
    wish = Wish("cosyvoice3-0.5b", str(profile), checkpoint=checkpoint)
    with contextlib.ExitStack() as stack:
        if not proved:
            stack.enter_context(mock.patch.object(parity, "prove", lambda *_: []))
            stack.enter_context(mock.patch.object(stage_gate, "measure_stages", lambda *_: []))
        bundle = build_bundle(wish, folder / "bundle", folder / "cache", told)
    told("packed", 0, 0)
    if proved:
        print((bundle.path / "stages.json").read_text())
    for file in sorted(bundle.path.iterdir()):
        print(f"{file.name:40} {file.stat().st_size:14,}")


def measure(folder: Path, variant: str) -> list[dict[str, Any]]:
    bundle = open_bundle(folder / "bundle", None)
    print(versions(), f"GPU before: {gpu_mb()} MB", flush=True)
    os.environ["STATE_DIRECTORY"] = str(folder / "state")
    print_ = synth.enroll(bundle, PcmChunk(hum(3.0), 24_000), "Hello there, this is what I say.")
    told = (bundle.voice.name, checkpoint_of(bundle), "en", "", "")
    save_print(print_, Label(FORMAT, SPEAKER, print_.family, *told))
    rows = []
    for name in LEVERS:
        rows += measure_apart(folder, variant, name)
    for other in bundle.manifest.variants:
        if other.name != variant:
            rows += measure_apart(folder, other.name, SHIPPED)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=("build", "measure"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--unproved", action="store_true")
    parser.add_argument("--variant", default="int4")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.work == "build":
        build(given.folder, not given.unproved)
        return
    rows = measure(given.folder, given.variant)
    if given.out:
        (given.out / "cosyvoice3.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
