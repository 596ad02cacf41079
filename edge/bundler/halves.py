"""Weights whose lower halves are nothing, stored as bfloat16: half of the size, the same numbers.

Checkpoints that were trained so have them. onnxruntime makes them float32 again when it loads the
graph, once, since what it casts is constant."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

LEAST = 1024
"""Values; smaller weights win nothing."""


def store_halves(model: onnx.ModelProto) -> None:
    """Rewrite `model`, none of whose weights lies in another file; what an input may take the
    place of stays as it is."""
    casts = []
    inputs = {value.name for value in model.graph.input}
    for tensor in model.graph.initializer:
        if (
            tensor.name in inputs
            or tensor.data_type != TensorProto.FLOAT
            or len(tensor.raw_data) < 4 * LEAST
        ):
            continue
        bits = np.frombuffer(tensor.raw_data, "<u4")
        if (bits & 0xFFFF).any():
            continue
        name = tensor.name
        tensor.name = f"{name}.bf16"
        tensor.data_type = TensorProto.BFLOAT16
        tensor.raw_data = (bits >> 16).astype("<u2").tobytes()
        casts.append(helper.make_node("Cast", [tensor.name], [name], name, to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
