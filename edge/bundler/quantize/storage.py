"""int8 for storage only: a quarter of the size, the arithmetic and its speed stay float32.

A weight is Cast and Mul of constants, which onnxruntime computes once, when it loads the graph: a
small file, then the memory of fp32. It does not so with a DequantizeLinear: before a Conv that
runs anew each time, and with a MatMul onnxruntime 1.32 makes of it a MatMulNBits that rounds
activations to 8 bits where the CPU has AVX2 or more, and takes half as long again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from edge.bundler.quantize.dynamic import duration_nodes
from edge.bundler.quantize.recipe import (
    STORED_WEIGHT,
    Array,
    Calibration,
    RecipeLog,
    constants,
    int8_rows,
    load,
    replace_initializers,
    replace_nodes,
    save,
    session,
)

_LEAST = 1024  # elements; smaller weights win nothing and are often the delicate ones
_AXIS = {"Conv": 0, "ConvTranspose": 1, "Gather": 0}  # of the outputs; MatMul: the last


def weights_int8(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """Weights of Conv, ConvTranspose, MatMul and embeddings as int8, a scale per output; not
    those that only the durations depend on."""
    model = load(source)
    never = duration_nodes(model)
    held = constants(model)
    added: dict[str, Array] = {}
    nodes, quantized, kept = [], [], []
    for node in model.graph.node:
        place = 0 if node.op_type == "Gather" else 1
        known = node.op_type in (*_AXIS, "MatMul") and node.name not in never
        weight = held.get(node.input[place]) if known else None
        if weight is None or weight.dtype != np.float32:
            nodes.append(node)
            continue
        if weight.size < _LEAST:
            kept.append(node.name)
            nodes.append(node)
            continue
        name = node.input[place]
        if f"{name}.int8" not in added:
            axis = _AXIS.get(node.op_type, weight.ndim - 1)
            added[f"{name}.int8"], scale = int8_rows(weight, axis, STORED_WEIGHT)
            added[f"{name}.scale"] = scale.reshape(
                [-1 if i == axis else 1 for i in range(weight.ndim)]
            )
            nodes += _as_float(name)
        node.input[place] = f"{name}.float"
        nodes.append(node)
        quantized.append(node.name)
    before = source.stat().st_size
    replace_nodes(model, nodes)
    replace_initializers(model, added)
    session(model, f"weights-int8 {source.name}")
    size = save(model, target)
    return RecipeLog("weights-int8", before, size, tuple(quantized), tuple(kept))


def _as_float(name: str) -> list[onnx.NodeProto]:
    codes, made = f"{name}.codes", f"{name}.float"
    return [
        helper.make_node("Cast", [f"{name}.int8"], [codes], name=codes, to=TensorProto.FLOAT),
        helper.make_node("Mul", [codes, f"{name}.scale"], [made], name=made),
    ]
