"""Whole decoders of a Piper voice beside each other: CPU time, whole and in chunks."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx.utils import Extractor

_FRAMES = 304  # 3.5 s at 22,050 Hz; whole granules, so that the fused decoder may be cut anywhere
_FIRST = 48  # frames of the first chunk: it must fill every window
_CHUNKS = (0, 48, 16)  # frames; 0: the whole sentence
_THREADS = (1, 2)
_ROUNDS = 9
_ORIGINAL = "original"


def print_decoders(bundle: Path, original: Path | None, library: Path) -> None:
    """A row for each decoder-*.onnx of `bundle`: milliseconds of CPU time for a second of sound,
    and its ratio to the first row's. The original always speaks a whole sentence. Runs are
    interleaved; medians of all rounds."""
    graphs: dict[str, Path | bytes] = {}
    if original:
        graphs[_ORIGINAL] = cut_decoder(original)
    for path in sorted(bundle.glob("decoder-*.onnx")):
        graphs[path.stem.removeprefix("decoder-")] = path
    if not graphs:
        raise SystemExit(f"edge: no decoder-*.onnx in {bundle}\nname the folder of a Piper bundle")
    names = {0: "whole", **{n: f"{n} frames" for n in _CHUNKS if n}}
    columns = [f"{names[n]}, {t} thr." for t in _THREADS for n in _CHUNKS]
    print("CPU ms/s of sound, ratio".ljust(24) + "".join(f"{c:>20}" for c in columns))
    table: dict[str, list[str]] = {name: [] for name in graphs}
    for threads in _THREADS:
        sessions = {name: _session(graph, library, threads) for name, graph in graphs.items()}
        for chunk in _CHUNKS:
            for name, cell in _column(sessions, chunk).items():
                table[name].append(cell)
    for name, cells in table.items():
        print(name.ljust(24) + "".join(f"{c:>20}" for c in cells), flush=True)


def cut_decoder(path: Path) -> bytes:
    """The part of an original Piper graph behind its latent, with onnxruntime's own operators."""
    model = onnx.load(path)
    nodes = model.graph.node
    users = {name: node for node in reversed(nodes) for name in node.input}
    latent = [node.output[0] for node in nodes if node.op_type == "RandomNormalLike"][1]
    while users[latent].op_type == "Mul":  # noise * deviations * scale + means
        latent = users[latent].output[0]
    latent = users[latent].output[0]
    varying = {value.name for value in model.graph.input}
    behind = {latent}
    for node in nodes:
        if varying.intersection(node.input) or node.op_type == "RandomNormalLike":
            varying.update(node.output)
        if behind.intersection(node.input):
            behind.update(node.output)
    fed = {i for n in nodes if behind.intersection(n.output) for i in n.input}
    sides = sorted((fed & varying) - behind - {latent})
    makers = {name: node for node in nodes for name in node.output}
    wanted = [n for n in sides if latent not in makers[n].output and n not in makers[latent].input]
    inputs = [latent, *wanted]
    known = {value.name for value in model.graph.value_info}
    model.graph.value_info.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        for name in inputs
        if name not in known
    )
    cut = Extractor(model).extract_model(inputs, [model.graph.output[0].name])
    return bytes(cut.SerializeToString())


def _session(graph: Path | bytes, library: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.register_custom_ops_library(str(library))
    return onnxruntime.InferenceSession(
        graph if isinstance(graph, bytes) else str(graph),
        options,
        providers=["CPUExecutionProvider"],
    )


def _column(sessions: Mapping[str, onnxruntime.InferenceSession], chunk: int) -> dict[str, str]:
    runs, streams = {}, set()
    for name, session in sessions.items():
        if any(value.name == "first" for value in session.get_inputs()):
            streams.add(name)
        # A graph for whole sentences only is still what the others are compared with.
        runs[name] = _stream(session, chunk if name in streams else 0)
    times: dict[str, list[float]] = {name: [] for name in runs}
    seconds = 0.0
    for number in range(_ROUNDS + 1):
        for name, run in runs.items():
            start = time.process_time()
            samples = run()
            if number:
                times[name].append(time.process_time() - start)
            seconds = samples / 22_050
    base = np.array(next(iter(times.values())))
    cells = dict.fromkeys(sessions, "-")
    for name, found in times.items():
        if chunk and name not in streams:
            continue
        ratio = np.median(np.array(found) / base)
        cells[name] = f"{np.median(found) * 1000 / seconds:.1f}  {ratio:.2f}"
    return cells


def _stream(session: onnxruntime.InferenceSession, chunk: int) -> Callable[[], int]:
    """A run that speaks the sentence in chunks and returns the number of its samples."""
    values = session.get_inputs()
    latent = np.random.default_rng(0).standard_normal((1, 192, _FRAMES), np.float32)
    cuts = [0, *(range(_FIRST, _FRAMES - chunk + 1, chunk) if chunk else ()), _FRAMES]
    outputs = [value.name for value in session.get_outputs()]

    def run() -> int:
        states = {v.name: np.zeros(v.shape, np.float32) for v in values if "state_" in v.name}
        samples = 0
        for begin, end in itertools.pairwise(cuts):
            feeds: dict[str, Any] = {}
            for value in values[: len(values) - len(states)]:
                feeds[value.name] = np.ones((1, 1, end - begin), np.float32)  # the mask
            feeds[values[0].name] = latent[:, :, begin:end]
            if states:
                feeds |= {"first": np.array([begin == 0]), "last": np.array([end == _FRAMES])}
            made = dict(zip(outputs, session.run(outputs, feeds | states), strict=True))
            states = {name: made[f"next_{name}"] for name in states}
            samples += made[outputs[0]].size
        return samples

    return run
