"""Times CosyVoice3's llm and flow_step at the released sizes, with random weights, on CUDA.

    python -m tools.gpu.cosyvoice3 [--out FOLDER]

Needs onnxruntime-gpu with its CUDA provider, torch, onnxscript, onnx, onnxconverter-common and
PyYAML; 12 GB of memory, 8 GB of disk and less than 5 minutes: it stops beginning new rows after
LONGEST_S. Nothing is fetched. Each row is a line as soon as it is measured: milliseconds, the
median and the worst of REPEATS runs with numpy in and out, as the daemon runs them; the distance
(relative L2) from float32 on the CPU. With --out, cosyvoice3.json is written there.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime
import torch

from edge.bundler.export.cosyvoice3.dimensions import read_dimensions
from edge.bundler.export.cosyvoice3.graphs import Stage, stages, write_graph
from edge.bundler.export.export_log import ExportLog
from edge.bundler.quantize import maker
from edge.bundler.quantize.recipe import session_of
from edge.profile import load_profile
from tests.helpers.tiny_cosyvoice3 import TEXT_ROWS, released_sizes
from tools.cosyvoice3_speed import model

LONGEST_S = 240
REPEATS = 9
LAYERS = 24
BLOCKS = 22
CUDA = "CUDAExecutionProvider"
RUNS: Mapping[str, Mapping[str, Mapping[str, int]]] = {
    "llm": {
        "prompt of 120 rows": {"n": 120, "p": 0},
        "token after 300": {"n": 1, "p": 300},
        "token after 550": {"n": 1, "p": 550},
    },
    "flow_step": {
        "200 frames anew": {"T": 200},
        "650 frames anew": {"T": 650},
        "50 frames after 200 kept": {"T": 50, "p": 200, "c": 30, "k": 50},
        "50 frames after 600 kept": {"T": 50, "p": 600, "c": 30, "k": 50},
    },
}
RECIPES = {"llm": ("fp16", "int4", "fp32", "int8-dynamic"), "flow_step": ("fp16", "fp32")}


def made(folder: Path, layers: int, blocks: int) -> Iterator[tuple[Stage, Path]]:
    """The stages of RUNS and their float32 graphs, one by one."""
    text, config = released_sizes()
    (folder / "cosyvoice3.yaml").write_text(text)
    # A text table of the real length would take 545 MB, and no layer depends on it.
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": TEXT_ROWS}))
    d = read_dimensions(folder / "cosyvoice3.yaml", folder / "config.json")
    for stage in stages(model(d, layers, blocks)):
        if stage.name in RUNS:
            path = folder / f"{stage.name}.onnx"
            write_graph(stage, path, ExportLog())
            yield stage, path


def on_cuda(path: Path) -> onnxruntime.InferenceSession:
    """Open a graph as an Orin Nano would. Raises SystemExit without the provider."""
    planned = load_profile("jetson-orin-nano").runtime.providers.decoder
    options = next(dict(p.options) for p in planned if p.name == CUDA)
    session = onnxruntime.SessionOptions()
    session.log_severity_level = 3
    chain = [(CUDA, options), "CPUExecutionProvider"]
    opened = onnxruntime.InferenceSession(str(path), session, providers=chain)
    if opened.get_providers()[0] != CUDA:
        raise SystemExit(f"onnxruntime gave {opened.get_providers()}: no {CUDA} here")
    return opened


def inputs_of(stage: Stage, sizes: Mapping[str, int], graph: Any) -> dict[str, Any]:
    found = {name: value.numpy() for name, value in stage.inputs(**sizes).items()}
    halved = [item.name for item in graph.get_overridable_initializers() if "16" in item.type]
    return found | {name: found[name].astype(np.float16) for name in halved}


def distance(wanted: Any, got: Any) -> float:
    difference = np.linalg.norm(got.astype(np.float64) - wanted.astype(np.float64))
    return float(difference / np.linalg.norm(wanted.astype(np.float64)))


def measure(folder: Path, layers: int, blocks: int) -> Iterator[dict[str, Any]]:
    began = time.monotonic()
    for stage, path in made(folder, layers, blocks):
        exact = session_of(path)
        print(f"{stage.name}: exported after {time.monotonic() - began:.0f} s", flush=True)
        wanted = {}
        for recipe in RECIPES[stage.name]:
            if time.monotonic() - began > LONGEST_S:
                print(f"{stage.name} {recipe}: no time left", flush=True)
                continue
            small = folder / "small.onnx"
            maker(recipe, large=True)(path, small, None)
            opening = time.monotonic()
            graph = on_cuda(small)
            opened_s = time.monotonic() - opening
            for name, sizes in RUNS[stage.name].items():
                torch.manual_seed(1)
                if name not in wanted:
                    wanted[name] = exact.run(stage.outputs[:1], inputs_of(stage, sizes, exact))[0]
                    torch.manual_seed(1)
                inputs = inputs_of(stage, sizes, graph)
                times = []
                for _ in range(REPEATS + 2):
                    start = time.perf_counter()
                    got = graph.run(None, inputs)[0]
                    times.append(1000 * (time.perf_counter() - start))
                warm = sorted(times[2:])
                yield {
                    "stage": stage.name,
                    "recipe": recipe,
                    "run": name,
                    "bytes": small.stat().st_size,
                    "open_s": opened_s,
                    "first_ms": times[0],
                    "median_ms": warm[len(warm) // 2],
                    "worst_ms": warm[-1],
                    "relative_l2": distance(wanted[name], got),
                }
            del graph


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--layers", type=int, default=LAYERS)
    parser.add_argument("--blocks", type=int, default=BLOCKS)
    given = parser.parse_args()
    rows = []
    with TemporaryDirectory() as name:
        for row in measure(Path(name), given.layers, given.blocks):
            rows.append(row)
            print(
                f"{row['stage']:9} {row['recipe']:12} {row['run']:25} {row['median_ms']:8.2f} ms "
                f"(worst {row['worst_ms']:.2f}, first {row['first_ms']:.0f}) "
                f"{row['bytes'] / 1e6:7.0f} MB, L2 {row['relative_l2']:.1e}",
                flush=True,
            )
    if given.out:
        (given.out / "cosyvoice3.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
