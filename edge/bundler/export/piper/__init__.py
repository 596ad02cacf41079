"""Export a Piper voice: three lean graphs from the weights of the original one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx

from edge.bundle import Variant
from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.original import OriginalGraph, read_original, refuse
from edge.bundler.export.piper.decoder import (
    write_decoder,
    write_fused_decoder,
    write_streaming_decoder,
    write_window_decoder,
)
from edge.bundler.export.piper.encoder import write_encoder
from edge.bundler.export.piper.fused_encoder import write_fused_encoder
from edge.bundler.export.piper.proof import prove
from edge.bundler.export.piper.reader import read_weights
from edge.bundler.export.piper.weights import Array, PiperWeights
from edge.bundler.export.record import Exported
from edge.errors import BadRecord
from edge.files import write_whole
from edge.records import read_text

EXPORTER = "piper"
_RATES = range(8_000, 48_001)  # Hz
STAGES = ("encoder", "decoder", "decoder-stream")
_PAIR = "Take the .onnx and the .onnx.json of the same voice."


def export(files: Mapping[str, Path], folder: Path, log: ExportLog) -> Exported:
    """The graphs that a bundle carries, and the config beside them; `files` by role."""
    graphs = export_piper(
        files["model"], files["config"], folder, log, stages=("encoder", "decoder-stream")
    )
    shutil.copyfile(files["config"], folder / "config.json")
    config = json.loads(files["config"].read_text(encoding="utf-8"))
    named = {"encoder": graphs["encoder"].name, "decoder": graphs["decoder-stream"].name}
    return Exported(config["audio"]["sample_rate"], (Variant("fp32", named),))


def write_fused(
    model: Path,
    stage: str,
    bits: int,
    gains: Callable[[onnx.ModelProto], Mapping[str, Array]],
) -> onnx.ModelProto:
    """A stage with our own operators; the decoder's channels are smoothed by `gains`."""
    weights = read_weights(read_original(model))
    if stage == "encoder":
        return write_fused_encoder(weights, bits)
    return write_fused_decoder(weights, bits=bits, gains=gains(write_decoder(weights)))


def write_window(graph: OriginalGraph) -> onnx.ModelProto:
    return write_window_decoder(read_weights(graph))


def export_piper(
    model_path: Path,
    config_path: Path,
    out_dir: Path,
    log: ExportLog,
    *,
    stages: Sequence[str] = STAGES,
    conv2d: bool = False,
) -> dict[str, Path]:
    """Write STAGE.onnx into `out_dir` for each of `stages`; the path by stage.

    They are run beside the original before they are written (piper_proof.py). The same input
    gives the same bytes. `conv2d` writes the decoders with height-1 2-D
    convolutions: faster on one thread, slower on two. Raises ExportFailed naming the node or the
    key that does not fit, DiskFull; either is also a row of `log`.
    """
    with log.stage("read", EXPORTER) as counts:
        graph = read_original(model_path)
        counts.nodes_before = before = len(graph.nodes)
        counts.bytes = model_path.stat().st_size
        weights = read_weights(graph)
        symbols = _check_config(config_path, graph, weights)
        del graph
    writers: dict[str, Callable[[], onnx.ModelProto]] = {
        "encoder": lambda: write_encoder(weights),
        "decoder": lambda: write_decoder(weights, conv2d=conv2d),
        "decoder-stream": lambda: write_streaming_decoder(weights, conv2d=conv2d),
    }
    graphs: dict[str, bytes] = {}
    for stage, write in writers.items():
        with log.stage(stage, EXPORTER) as counts:
            model = write()
            graphs[stage] = model.SerializeToString(deterministic=True)
            counts.nodes_before, counts.nodes_after = before, len(model.graph.node)
            counts.bytes = len(graphs[stage])
    with log.stage("proof", EXPORTER):
        speaker = None if weights.speakers is None else 0
        log.parity += prove(model_path, graphs, symbols, speaker)
    with log.stage("write", EXPORTER) as counts:
        files = {stage: out_dir / f"{stage}.onnx" for stage in stages}
        for stage, path in files.items():
            write_whole(path, graphs[stage])
        counts.bytes = sum(len(graphs[stage]) for stage in stages)
    return files


def _check_config(path: Path, graph: OriginalGraph, weights: PiperWeights) -> list[int]:
    """The ids of the phonemes. Checks the keys that must agree with the graph; others are the
    synthesizer's concern.
    """
    try:
        config = json.loads(read_text(path))
    except BadRecord as error:
        raise refuse(error.message, error.remedy) from None
    except (ValueError, RecursionError) as error:
        raise refuse(f"{path}: not readable as JSON: {error}", _PAIR) from None
    if not isinstance(config, dict):
        raise refuse(f"{path}: expected an object, got {type(config).__name__}", _PAIR)
    symbols, speakers = len(weights.embedding), _speakers(weights)
    _agree(path, "num_symbols", config.get("num_symbols", symbols), symbols)
    _agree(path, "num_speakers", config.get("num_speakers", 1), speakers)
    audio = config.get("audio")
    rate = audio.get("sample_rate") if isinstance(audio, dict) else None
    if type(rate) is not int or rate not in _RATES:
        limits = f"{_RATES.start} to {_RATES.stop - 1} Hz"
        raise refuse(f"{path}: audio.sample_rate is {rate!r}, expected {limits}", _PAIR)
    if "sample_rate" in graph.metadata:
        _agree(path, "audio.sample_rate", str(rate), graph.metadata["sample_rate"])
    if "hop_length" in config:
        _agree(path, "hop_length", config["hop_length"], weights.generator.hop)
    ids = config.get("phoneme_id_map")
    if not isinstance(ids, dict):
        raise refuse(f"{path}: phoneme_id_map is missing or not an object", _PAIR)
    known: set[int] = set()
    for phoneme, numbers in ids.items():
        values: list[Any] = numbers if isinstance(numbers, list) else [numbers]
        if not all(type(value) is int and 0 <= value < symbols for value in values):
            raise refuse(
                f"{path}: phoneme_id_map: {phoneme!r} is {numbers!r}; the graph has {symbols} "
                "symbols, from 0",
                _PAIR,
            )
        known.update(values)
    if not known:
        raise refuse(f"{path}: phoneme_id_map is empty", _PAIR)
    return sorted(known)


def _speakers(weights: PiperWeights) -> int:
    return 1 if weights.speakers is None else len(weights.speakers)


def _agree(path: Path, key: str, said: Any, found: Any) -> None:
    if said != found:
        raise refuse(f"{path}: {key} is {said!r}, but the graph has {found!r}", _PAIR)
