"""Times layers of CosyVoice3 at their real sizes, with random weights, on one thread.

`python -m tools.cosyvoice3_speed` prints a table of CPU seconds (thread_time, the least of
several rounds, variants in turn). One layer is the difference between graphs of three layers and
of one; a whole is the layers of the released model times that, and what is outside of layers. It
needs the extra `cosyvoice3`, 2 GB of memory and some minutes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from edge.bundler.export.cosyvoice3.dimensions import Dimensions, read_dimensions
from edge.bundler.export.cosyvoice3.flow import FlowFront, FlowStep
from edge.bundler.export.cosyvoice3.graphs import Stage, stages, write_graph
from edge.bundler.export.cosyvoice3.llm import Llm, Tables
from edge.bundler.export.cosyvoice3.model import Model
from edge.bundler.export.cosyvoice3.vocoder import F0Predictor, SourceModule, Vocoder
from edge.bundler.export.export_log import ExportLog
from edge.bundler.quantize import maker
from edge.bundler.quantize.recipe import session_of
from edge.families import FAMILIES
from tests.helpers.tiny_cosyvoice3 import TEXT_ROWS, released_sizes

LLM_LAYERS, DIT_BLOCKS = 24, 22
FEW, MANY = 1, 3
ROUNDS = 7
CONTEXT = 300  # rows before the token that is timed: a clip's and half of ten seconds
FRAMES = 350  # 2 x 25 tokens a second: 4 s of speech after a clip of 3 s
CLIP_FRAMES = 150
STEPS = 10
VOCODER_FRAMES = 100  # 2 s


def real_dimensions(folder: Path) -> Dimensions:
    text, config = released_sizes()
    (folder / "cosyvoice3.yaml").write_text(text)
    # A table of the real length would take 545 MB, and no layer depends on it.
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": TEXT_ROWS}))
    return read_dimensions(folder / "cosyvoice3.yaml", folder / "config.json")


def model(d: Dimensions, layers: int, blocks: int) -> Model:
    torch.manual_seed(0)
    d = replace(d, llm=replace(d.llm, layers=layers), flow=replace(d.flow, depth=blocks))
    parts = (Llm(d.llm), Tables(d.llm), FlowFront(d.flow), FlowStep(d.flow))
    sound = (SourceModule(8), F0Predictor(d.vocoder), Vocoder(d.vocoder))
    for part in (*parts, *sound):
        part.eval().requires_grad_(False)
    return Model(d, *parts, *sound)


def least(works: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """CPU seconds of each, in turn round after round; the first round warms up."""
    best: dict[str, float] = {}
    for round_ in range(ROUNDS):
        for name, work in works.items():
            began = time.thread_time()
            work()
            spent = time.thread_time() - began
            if round_:
                best[name] = min(best.get(name, spent), spent)
    return best


def runner(path: Path, stage: Stage, sizes: Mapping[str, int]) -> Callable[[], object]:
    graph = session_of(path)
    inputs = {name: value.numpy() for name, value in stage.inputs(**sizes).items()}
    return lambda: graph.run(None, inputs)


def main() -> None:
    sizes = {"llm": {"n": 1, "p": CONTEXT}, "flow_step": {"T": FRAMES}}
    layers = {"llm": LLM_LAYERS, "flow_step": DIT_BLOCKS}
    works: dict[str, Callable[[], object]] = {}
    log = ExportLog()
    with TemporaryDirectory() as name:
        folder = Path(name)
        d = real_dimensions(folder)
        for count in (FEW, MANY):
            for stage in stages(model(d, count, count)):
                if stage.name not in sizes:
                    continue
                path = folder / f"{stage.name}-{count}.onnx"
                write_graph(stage, path, log)
                for recipe in FAMILIES["cosyvoice3"].stages[stage.name]:
                    small = folder / f"{stage.name}-{count}-{recipe}.onnx"
                    maker(recipe, large=True)(path, small, None)
                    works[f"{stage.name} {recipe} {count}"] = runner(
                        small, stage, sizes[stage.name]
                    )
        for stage in stages(model(d, FEW, FEW)):
            if stage.name in ("f0", "vocoder"):
                path = folder / f"{stage.name}.onnx"
                write_graph(stage, path, log)
                works[stage.name] = runner(path, stage, {"T": VOCODER_FRAMES})
        best = least(works)
    for row in log.rows:
        if row.bytes:
            print(f"export {row.stage}: {row.exporter}, {row.seconds:.1f} s, {row.bytes:,} bytes")
    speech = (FRAMES - CLIP_FRAMES) / 50
    for stage, count in layers.items():
        for recipe in FAMILIES["cosyvoice3"].stages[stage]:
            few, many = best[f"{stage} {recipe} {FEW}"], best[f"{stage} {recipe} {MANY}"]
            one = (many - few) / (MANY - FEW)
            whole = few + (count - FEW) * one
            cost = whole * 25 if stage == "llm" else whole * STEPS / speech
            print(
                f"{stage} {recipe}: a layer {1000 * one:.2f} ms, all {1000 * whole:.1f} ms, "
                f"RTF {cost:.2f}"
            )
    for stage in ("f0", "vocoder"):
        print(f"{stage}: RTF {best[stage] / (VOCODER_FRAMES / 50):.3f}")


if __name__ == "__main__":
    main()
