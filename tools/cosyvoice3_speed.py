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

import numpy as np
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
from edge.synth.binding import Bound, new_place
from tests.helpers.tiny_cosyvoice3 import TEXT_ROWS, released_sizes

LAYERS = {"llm": 24, "flow_step": 22}
FEW, MANY = 1, 3
ROUNDS = 7
VOCODER_FRAMES = 100  # 2 s
RUNS: Mapping[str, Mapping[str, tuple[Mapping[str, int], float]]] = {
    "llm": {
        "a token after 300": ({"n": 1, "p": 300}, 25),
        "a prompt of 128 rows": ({"n": 128, "p": 0}, 0.25),
    },
    "flow_step": {
        "4 s after a clip of 3 s": ({"T": 350}, 10 / 4),
        "4 s, the clip kept": ({"T": 200, "p": 150}, 10 / 4),
        "1 s after a clip of 3 s": ({"T": 200}, 10),
        "1 s, the clip kept": ({"T": 50, "p": 150}, 10),
    },
}
"""Stage -> run -> its sizes, and how often it comes in a second of speech; a prompt in 4 s."""
RECIPES = {
    "llm": ("fp32", "int8-dynamic", "int4"),
    "flow_step": ("fp32", "int8-dynamic"),
}


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


def bound(path: Path, stage: Stage, sizes: Mapping[str, int]) -> Callable[[], object]:
    """A run between places, as the product binds it: keys and values are filled where they are."""
    graph = session_of(path)
    types = {i.name: i.type for i in (*graph.get_inputs(), *graph.get_overridable_initializers())}
    torch.manual_seed(1)
    arrays = {name: value.numpy() for name, value in stage.inputs(**sizes).items()}
    for name, array in arrays.items():
        if types[name] == "tensor(float16)":
            arrays[name] = array.astype(np.float16)
    places = {name: new_place(array, "cpu") for name, array in arrays.items()}
    rows = {"logits": new_place(np.zeros((1, 6761), np.float32), "cpu")}
    after = {f"next.{name}": place for name, place in places.items() if "." in name}
    if stage.name != "llm":
        wanted = ["next"] if stage.name == "flow_step" else list(stage.outputs)
        return lambda: graph.run(wanted, arrays)
    return Bound(graph, places, rows | after).run


def main() -> None:
    works: dict[str, Callable[[], object]] = {}
    log = ExportLog()
    with TemporaryDirectory() as name:
        folder = Path(name)
        d = real_dimensions(folder)
        for count in (FEW, MANY):
            for stage in stages(model(d, count, count)):
                runs = RUNS.get(stage.name, {})
                if not runs and count == MANY:
                    continue
                if not runs and stage.name == "flow_front":
                    continue
                path = folder / f"{stage.name}-{count}.onnx"
                write_graph(stage, path, log)
                if not runs:
                    works[stage.name] = bound(path, stage, {"T": VOCODER_FRAMES})
                    continue
                for recipe in RECIPES[stage.name]:
                    small = folder / f"{stage.name}-{count}-{recipe}.onnx"
                    maker(recipe, large=True)(path, small, None)
                    for run, (sizes, _) in runs.items():
                        key = f"{stage.name} {recipe} {run} {count}"
                        works[key] = bound(small, stage, sizes)
        best = least(works)
    for row in log.rows:
        if row.bytes:
            print(f"export {row.stage}: {row.exporter}, {row.seconds:.1f} s, {row.bytes:,} bytes")
    for name, runs in RUNS.items():
        for recipe in RECIPES[name]:
            for run, (_, per_second) in runs.items():
                few, many = (best[f"{name} {recipe} {run} {count}"] for count in (FEW, MANY))
                one = (many - few) / (MANY - FEW)
                whole = few + (LAYERS[name] - FEW) * one
                print(
                    f"{name} {recipe}, {run}: a layer {1000 * one:.2f} ms, all "
                    f"{1000 * whole:.1f} ms, RTF {whole * per_second:.2f}"
                )
    for name in ("f0", "vocoder"):
        print(f"{name}: RTF {best[name] / (VOCODER_FRAMES / 50):.3f}")


if __name__ == "__main__":
    main()
