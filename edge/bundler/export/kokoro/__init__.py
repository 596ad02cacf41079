"""Family `kokoro`: three float graphs from an export or the released checkpoint, and the voices'
tables beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx

from edge import records
from edge.bundle import Variant
from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.kokoro.frames import write_frames
from edge.bundler.export.kokoro.fused import write_fused_frames, write_fused_generator
from edge.bundler.export.kokoro.generator import write_generator
from edge.bundler.export.kokoro.packs import read_packs
from edge.bundler.export.kokoro.text import write_text
from edge.bundler.export.kokoro.weights import Weights, read_weights
from edge.bundler.export.original import refuse
from edge.bundler.export.record import Exported
from edge.files import write_whole
from edge.synth.kokoro.settings import CONFIG, RATE, STYLES, Settings

EXPORTER = "kokoro"
STAGES: Mapping[str, Callable[[Weights], onnx.ModelProto]] = {
    "encoder": write_text,
    "frames": write_frames,
    "decoder": write_generator,
}


def export(files: Mapping[str, Path], folder: Path, log: ExportLog) -> Exported:
    """Write encoder.onnx, frames.onnx and decoder.onnx; the same input gives the same bytes.

    Raises ExportFailed naming the weights that do not fit, DiskFull.
    """
    with log.stage("read", EXPORTER) as counts:
        weights = read_weights(files["model"])
        counts.bytes = files["model"].stat().st_size
    with log.stage("voices", EXPORTER):
        names, table = read_packs(files, weights)
        np.save(folder / STYLES, table)
        linear = "decoder.generator.m_source.l_linear"
        settings = Settings(
            vocabulary=_vocabulary(files["vocab"]),
            speakers=names,
            harmonics=tuple(weights[f"{linear}.weight"][0].tolist()),
            offset=float(weights[f"{linear}.bias"][0]),
        )
        (folder / CONFIG).write_text(records.dump_json(settings), encoding="utf-8")
    for stage, write in STAGES.items():
        with log.stage(stage, EXPORTER) as counts:
            model = write(weights)
            raw = model.SerializeToString(deterministic=True)
            write_whole(folder / f"{stage}.onnx", raw)
            counts.nodes_after = len(model.graph.node)
            counts.bytes = len(raw)
    return Exported(RATE, (Variant("fp32", {stage: f"{stage}.onnx" for stage in STAGES}),))


def write_fused(model: Path, stage: str, bits: int, gains: object) -> onnx.ModelProto:
    """A stage with our own operators; its norms keep the channels alike, so none is smoothed."""
    write = write_fused_frames if stage == "frames" else write_fused_generator
    return write(read_weights(model), bits)


def _vocabulary(path: Path) -> dict[str, int]:
    """Read the signs and their ids from Kokoro's own config.json, or from a list of them."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        signs = data.get("vocab", data)
        return {str(sign): int(number) for sign, number in signs.items()}
    except (ValueError, AttributeError, TypeError, OSError) as error:
        raise refuse(f"{path}: no vocabulary: {error}") from None
