"""Family `pocket`: a released checkpoint of Pocket TTS as three graphs, tables and their numbers.

Nothing here needs torch: the file of weights is read as it lies, and the graphs are built node by
node from docs/design/pocket.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import onnx

from edge import records
from edge.bundle import Variant
from edge.bundler.export.export_log import ExportLog, ExportRow
from edge.bundler.export.pocket.codec import write_codec, write_encoder
from edge.bundler.export.pocket.layout import read_layout, sizes_of
from edge.bundler.export.pocket.lm import write_lm
from edge.bundler.export.pocket.numbers import settings_of
from edge.bundler.export.pocket.safetensors import Tensors
from edge.bundler.export.pocket.tables import write_tables
from edge.bundler.export.pocket.trial import prove
from edge.bundler.export.pocket.vocabulary import read_vocabulary
from edge.bundler.export.pocket.voice import write_voice
from edge.bundler.export.pocket.weights import Weights
from edge.bundler.export.record import Exported
from edge.files import write_whole
from edge.synth.pocket.tokenizer import PIECES

EXPORTER = "pocket"


def export(files: Mapping[str, Path], folder: Path, log: ExportLog) -> Exported:
    """Write the graphs lm, codec and encoder, and what goes with them.

    Raises BadRecord for the YAML, ExportFailed naming what does not fit, DiskFull.
    """
    with log.stage("read", EXPORTER) as counts:
        counts.bytes = sum(path.stat().st_size for path in files.values())
        layout = read_layout(files["config"])
        sizes = sizes_of(layout, str(files["config"]))
        weights = Weights(Tensors(files["model"]), sizes)
        vocabulary = read_vocabulary(files["tokenizer"], sizes.rows - 1)
    settings = settings_of(layout, sizes)
    with log.stage("tables", EXPORTER):
        write_tables(weights, folder)
        (folder / PIECES).write_text(records.dump_json(vocabulary), encoding="utf-8")
        (folder / "config.json").write_text(records.dump_json(settings), encoding="utf-8")
    watched = tuple((w.layer, w.head) for w in settings.watched)
    makers: dict[str, Callable[[], onnx.ModelProto]] = {
        "lm": lambda: write_lm(weights, watched),
        "codec": lambda: write_codec(weights),
        "encoder": lambda: write_encoder(weights),
    }
    for stage, make in makers.items():
        with log.stage(stage, EXPORTER) as counts:
            model = make()
            raw = model.SerializeToString(deterministic=True)
            write_whole(folder / f"{stage}.onnx", raw)
            counts.nodes_after, counts.bytes = len(model.graph.node), len(raw)
        log.rows += _layers(stage, model)
    with log.stage("trial", EXPORTER):
        log.parity += prove(weights, settings, folder)
    if "voice" in files:
        with log.stage("voice", EXPORTER):
            write_voice(files["voice"], settings, folder)
    return Exported(sizes.rate, (Variant("fp32", {stage: f"{stage}.onnx" for stage in makers}),))


def _layers(stage: str, model: onnx.ModelProto) -> list[ExportRow]:
    """Count nodes and weights of each layer, by the names of the nodes."""
    sizes = {tensor.name: len(tensor.raw_data) for tensor in model.graph.initializer}
    nodes: dict[str, int] = {}
    held: dict[str, int] = {}
    for node in model.graph.node:
        parts = node.name.split(".")
        layer = ".".join(parts[:2]) if parts[0] in ("layers", "seanet", "head") else parts[0]
        nodes[layer] = nodes.get(layer, 0) + 1
        held[layer] = held.get(layer, 0) + sum(sizes.pop(name, 0) for name in node.input)
    return [
        ExportRow(f"{stage}: {layer}", EXPORTER, True, "", 0.0, 0, count, held[layer])
        for layer, count in nodes.items()
    ]
