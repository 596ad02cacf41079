"""Family `hibari`: two float graphs from one int8 graph; vocabulary and notice beside them.

The published graph multiplies in int8. A CPU without a dot product does that slower than float,
an accelerator not at all; the recipe int8-dynamic makes integers of 7 bits where they pay.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import onnx

from edge.bundle import Variant
from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.hibari.fused import write_fused_decoder
from edge.bundler.export.hibari.fused_encoder import write_fused_encoder
from edge.bundler.export.hibari.graphs import write_decoder, write_encoder, write_window_decoder
from edge.bundler.export.original import OriginalGraph, read_original
from edge.bundler.export.record import Exported
from edge.files import write_whole

EXPORTER = "hibari"
RATE = 24_000
_COPIED = {"vocab": "vocab.json", "notice": "NOTICE"}


def export(files: Mapping[str, Path], folder: Path, log: ExportLog) -> Exported:
    """Write encoder.onnx and the streaming decoder.onnx; the same input gives the same bytes.

    Raises ExportFailed naming the node or the weights that do not fit, DiskFull.
    """
    with log.stage("read", EXPORTER) as counts:
        graph = read_original(files["model"])
        counts.nodes_before = len(graph.nodes)
        counts.bytes = files["model"].stat().st_size
    stages: dict[str, Callable[[], onnx.ModelProto]] = {
        "encoder": lambda: write_encoder(graph),
        "decoder": lambda: write_decoder(graph, streaming=True),
    }
    for stage, write in stages.items():
        with log.stage(stage, EXPORTER) as counts:
            model = write()
            raw = model.SerializeToString(deterministic=True)
            write_whole(folder / f"{stage}.onnx", raw)
            counts.nodes_before = len(graph.nodes)
            counts.nodes_after = len(model.graph.node)
            counts.bytes = len(raw)
    for role, name in _COPIED.items():
        shutil.copyfile(files[role], folder / name)
    graphs = {stage: f"{stage}.onnx" for stage in stages}
    return Exported(RATE, (Variant("fp32", graphs),))


def write_fused(model: Path, stage: str, bits: int, gains: object) -> onnx.ModelProto:
    """A stage with our own operators; its norms keep the channels alike, so none is smoothed."""
    write = write_fused_encoder if stage == "encoder" else write_fused_decoder
    return write(read_original(model), bits)


def write_window(graph: OriginalGraph) -> onnx.ModelProto:
    return write_window_decoder(graph)
