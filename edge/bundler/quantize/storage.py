"""int8 for storage only: a quarter of the size, the arithmetic and its speed stay float32.

The board's sessions (edge/synth/session.py) have onnxruntime fold the DequantizeLinear of a
constant back into float32 weights when it loads the graph: a small file, then the memory of fp32.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import helper

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
            added[f"{name}.int8"], added[f"{name}.scale"] = int8_rows(weight, axis, STORED_WEIGHT)
            inputs, output = [f"{name}.int8", f"{name}.scale"], f"{name}.float"
            nodes.append(
                helper.make_node("DequantizeLinear", inputs, [output], name=output, axis=axis)
            )
        node.input[place] = f"{name}.float"
        nodes.append(node)
        quantized.append(node.name)
    before = source.stat().st_size
    replace_nodes(model, nodes)
    replace_initializers(model, added)
    session(model, f"weights-int8 {source.name}")
    size = save(model, target)
    return RecipeLog("weights-int8", before, size, tuple(quantized), tuple(kept))
