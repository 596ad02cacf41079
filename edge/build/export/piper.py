"""Export a Piper voice: three lean graphs from the weights of the original one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx

from edge.build.export.export_log import ExportLog
from edge.build.export.graph import write_file
from edge.build.export.original import OriginalGraph, read_original, refuse
from edge.build.export.piper_decoder import write_decoder, write_streaming_decoder
from edge.build.export.piper_encoder import write_encoder
from edge.build.export.piper_reader import read_weights
from edge.build.export.piper_weights import PiperWeights
from edge.errors import BadRecord
from edge.records import read_text

EXPORTER = "piper"
_RATES = range(8_000, 48_001)  # Hz
_PAIR = "Take the .onnx and the .onnx.json of the same voice."


def export_piper(
    model_path: Path,
    config_path: Path,
    out_dir: Path,
    log: ExportLog,
    *,
    conv2d: bool = False,
) -> dict[str, Path]:
    """Write encoder.onnx, decoder.onnx and decoder-stream.onnx into `out_dir`.

    The same input gives the same bytes. `conv2d` writes the decoders with height-1 2-D
    convolutions: faster on one thread, slower on two. Raises ExportFailed naming the node or the
    key that does not fit, DiskFull; either is also a row of `log`.
    """
    with log.stage("read", EXPORTER) as counts:
        graph = read_original(model_path)
        counts.nodes_before = len(graph.nodes)
        counts.bytes = model_path.stat().st_size
        weights = read_weights(graph)
        _check_config(config_path, graph, weights)
    stages: dict[str, Callable[[], onnx.ModelProto]] = {
        "encoder": lambda: write_encoder(weights),
        "decoder": lambda: write_decoder(weights, conv2d=conv2d),
        "decoder-stream": lambda: write_streaming_decoder(weights, conv2d=conv2d),
    }
    files = {}
    for stage, write in stages.items():
        with log.stage(stage, EXPORTER) as counts:
            model = write()
            path = out_dir / f"{stage}.onnx"
            raw = model.SerializeToString(deterministic=True)
            write_file(path, raw)
            counts.nodes_before = len(graph.nodes)
            counts.nodes_after = len(model.graph.node)
            counts.bytes = len(raw)
            files[stage] = path
    return files


def _check_config(path: Path, graph: OriginalGraph, weights: PiperWeights) -> None:
    """The keys that must agree with the graph; others are the synthesizer's concern."""
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
    for phoneme, numbers in ids.items():
        values: list[Any] = numbers if isinstance(numbers, list) else [numbers]
        if not all(type(value) is int and 0 <= value < symbols for value in values):
            raise refuse(
                f"{path}: phoneme_id_map: {phoneme!r} is {numbers!r}; the graph has {symbols} "
                "symbols, from 0",
                _PAIR,
            )


def _speakers(weights: PiperWeights) -> int:
    return 1 if weights.speakers is None else len(weights.speakers)


def _agree(path: Path, key: str, said: Any, found: Any) -> None:
    if said != found:
        raise refuse(f"{path}: {key} is {said!r}, but the graph has {found!r}", _PAIR)
