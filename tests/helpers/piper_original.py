"""Run an original Piper graph with its noise and its intermediate values brought outside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

Array = npt.NDArray[Any]


def session(model: Path | bytes, *, optimize: bool = True) -> ort.InferenceSession:
    options = ort.SessionOptions()
    if not optimize:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    source = str(model) if isinstance(model, Path) else model
    return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True)
class Reference:
    """Everything that a comparison needs from one run of the original."""

    ids: Array
    speaker: dict[str, Array]
    scales: Array
    duration_noise: Array  # (1, 2, T), before noise_w
    noise: Array  # (1, C, F)
    means: Array
    log_scales: Array
    durations: Array
    latent: Array
    audio: Array


class Original:
    """The original graph; the values of interest are found by what surrounds them."""

    def __init__(self, path: Path, *, optimize: bool = True) -> None:
        model = onnx.load(path)
        graph = model.graph
        source = {name: node for node in graph.node for name in node.output}
        users: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                users.setdefault(name, []).append(node)
        random = [node for node in graph.node if node.op_type == "RandomNormalLike"]
        for seed, node in enumerate(random):  # the same noise in every session
            del node.attribute[:]
            node.attribute.append(onnx.helper.make_attribute("seed", float(seed)))
        duration_noise, noise = (node.output[0] for node in random)
        ceil = next(node for node in graph.node if node.op_type == "Ceil").output[0]
        value = noise
        while users[value][0].op_type == "Mul":
            value = users[value][0].output[0]
        latent = users[value][0].output[0]
        stats = next(
            node
            for node in graph.node
            if node.op_type == "Split"
            and len(node.output) == 2
            and source[node.input[0]].op_type in ("Mul", "Conv")
        )
        self.names = [duration_noise, noise, *stats.output, ceil, latent, graph.output[0].name]
        exposed = {value.name for value in graph.output}
        for name in self.names:
            if name not in exposed:
                graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
        self.inputs = [
            value.name
            for value in graph.input
            if value.name not in {tensor.name for tensor in graph.initializer}
        ]
        self._session = session(model.SerializeToString(), optimize=optimize)

    def run(
        self, ids: list[int], scales: tuple[float, float, float], speaker: int | None = None
    ) -> Reference:
        """scales: noise, length, noise_w."""
        feed = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
        }
        chosen = {} if speaker is None else {"speaker": np.array([speaker], np.int64)}
        if speaker is not None:
            feed["sid"] = chosen["speaker"]
        d_noise, noise, means, log_scales, durations, latent, audio = self._session.run(
            self.names, feed
        )
        return Reference(
            ids=feed["input"],
            speaker=chosen,
            scales=feed["scales"],
            duration_noise=d_noise,
            noise=noise,
            means=means,
            log_scales=log_scales,
            durations=durations[:, 0],
            latent=latent,
            audio=audio.reshape(1, -1),
        )
