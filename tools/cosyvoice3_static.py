"""Would calibrated scales pay in CosyVoice3? Holds static int8 against the int8-dynamic recipe.

`python -m tools.cosyvoice3_static` quantizes the same matrices of the language model and the flow
both ways, three layers of the released sizes with random weights, and measures them as the gate of
a build does: as they are, and with loud channels. It needs the extra `cosyvoice3`, 3 GB of memory
and some minutes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    quantize_static,
)

from edge.bundler.evaluate.outliers import write_with_outliers
from edge.bundler.evaluate.stage_gate import MEASURES
from edge.bundler.evaluate.stage_loss import Speaking, flow_given, mel_of
from edge.bundler.export.cosyvoice3 import assets, fixed_noise
from edge.bundler.export.cosyvoice3.graphs import Stage, stages, write_graph
from edge.bundler.export.export_log import ExportLog
from edge.bundler.quantize import maker
from edge.bundler.quantize.recipe import session_of
from tools.cosyvoice3_speed import bound, least, model, real_dimensions

FLOAT = onnx.TensorProto.FLOAT
LAYERS = 3
TEXTS = range(1, 9)
"""Seeds of what is calibrated on; the gate measures with seed 0."""
SIZES = {"llm": {"n": 1, "p": 300}, "flow_step": {"T": 200}}
Feeds = list[dict[str, Any]]


class Reader(CalibrationDataReader):  # type: ignore[misc]
    """Gives the feeds one by one, as onnxruntime's calibration takes them."""

    def __init__(self, feeds: Feeds) -> None:
        self._left: Iterator[dict[str, Any]] = iter(feeds)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._left, None)


class Recording:
    """Runs a graph and keeps what it was given."""

    def __init__(self, graph: Any) -> None:
        self._graph, self.feeds = graph, Feeds()

    def get_inputs(self) -> Any:
        return self._graph.get_inputs()

    def run(self, wanted: list[str], given: dict[str, Any]) -> Any:
        self.feeds.append(given)
        return self._graph.run(wanted, given)


def write(folder: Path) -> tuple[dict[str, Path], dict[str, Any], dict[str, Stage]]:
    """Write the graphs and tables that the gate reads; return paths, numbers and stages."""
    d = real_dimensions(folder)
    made = model(d, LAYERS, LAYERS)
    graphs, found = {}, {}
    for stage in stages(made):
        if stage.name in ("llm", "flow_front", "flow_step"):
            found[stage.name] = stage
            graphs[stage.name] = folder / f"{stage.name}.onnx"
            write_graph(stage, graphs[stage.name], ExportLog())
    np.save(folder / "text_embed.npy", made.tables.embed_tokens.weight.numpy())
    np.save(folder / "speech_embed.npy", made.tables.speech_embedding.weight.numpy())
    np.save(folder / "noise.npy", fixed_noise(d.flow.mels))
    return graphs, assets.numbers(made.dimensions, {}, ([1.0], 0.0)), found


def spoken(graphs: Mapping[str, Path], path: Path, numbers: Mapping[str, Any]) -> Feeds:
    """Prompts and tokens after them, as the language model in `path` is given them."""
    folder, feeds = graphs["llm"].parent, Feeds()
    tables = [np.load(folder / f"{kind}_embed.npy") for kind in ("text", "speech")]
    for seed in TEXTS:
        random = np.random.default_rng(seed)
        rows = [table[random.integers(0, len(table), 24)] for table in tables]
        graph = Recording(session_of(path))
        speaking = Speaking(graph, numbers, room=80)
        speaking.go_on(np.concatenate(rows)[None])
        for row in rows[1][:4]:
            speaking.go_on(row[None, None])
        feeds += graph.feeds
    return feeds


def streamed(graphs: Mapping[str, Path], path: Path, numbers: Mapping[str, Any]) -> Feeds:
    """Ten steps of sounds, as the flow in `path` is given them."""
    graph = Recording(session_of(path))
    for seed in TEXTS:
        given = flow_given(graphs, numbers, seed)
        mel_of(graph, *given, block=given[1].shape[2], keeps=False)
    return graph.feeds


def typed(source: Path, layers: Collection[str]) -> onnx.ModelProto:
    """Read a graph with the types of what these matrices take and give, which onnxruntime's
    quantizer cannot infer behind our fused operators, and would leave in float for that."""
    graph = onnx.load(str(source))
    ends = {
        n for node in graph.graph.node if node.name in layers for n in (*node.input, *node.output)
    }
    ends -= {item.name for item in (*graph.graph.initializer, *graph.graph.value_info)}
    ends -= {item.name for item in (*graph.graph.input, *graph.graph.output)}
    for name in sorted(ends):
        graph.graph.value_info.append(onnx.helper.make_tensor_value_info(name, FLOAT, None))
    return graph


FEEDS = {"llm": spoken, "flow_step": streamed}


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        graphs, numbers, found = write(folder)
        print("| Stage | int8 | Gate's measure | with loud channels | CPU ms of three layers |")
        print("|---|---|---|---|---|")
        for stage, feeds_of in FEEDS.items():
            loud = folder / f"{stage}-loud.onnx"
            write_with_outliers(graphs[stage], loud)
            rows: dict[str, list[float]] = {}
            paths: dict[str, Path] = {}
            for source in (graphs[stage], loud):
                feeds = feeds_of(graphs, source, numbers)
                small = folder / f"{source.stem}-dynamic.onnx"
                log = maker("int8-dynamic", large=True)(source, small, None)
                still = folder / f"{source.stem}-static.onnx"
                quantize_static(
                    typed(source, log.quantized),
                    still,
                    Reader(feeds),
                    quant_format=QuantFormat.QDQ,
                    op_types_to_quantize=["MatMul"],
                    nodes_to_quantize=list(log.quantized),
                    per_channel=True,
                    reduce_range=True,
                    calibrate_method=CalibrationMethod.MinMax,
                )
                made = {"dynamic": small, "static": still}
                for kind, path in made.items():
                    rows.setdefault(kind, []).append(MEASURES[stage](graphs, path, numbers)[0][1])
                    paths.setdefault(kind, path)
            best = least({k: bound(p, found[stage], SIZES[stage]) for k, p in paths.items()})
            for kind, (plain, of_loud) in rows.items():
                cells = f"{stage} | {kind} | {plain:.3g} | {of_loud:.3g}"
                print(f"| {cells} | {1000 * best[kind]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
