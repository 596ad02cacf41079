"""int8 MatMul with scales measured while running: the text encoder, never its durations.

A rounded spline of the duration predictor gives NaN durations. So it is found by structure, not
by name: all that lies on the way to the output `durations` and on none to the other outputs.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import onnx
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic

from edge.bundler.quantize.recipe import (
    Calibration,
    RecipeLog,
    constants,
    load,
    refuse,
    replace_initializers,
    save,
    session,
)

DURATIONS = "durations"
_LEAST = 64  # rows and columns: the tables of relative positions are delicate, and tiny


def int8_dynamic(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """MatMul by constant weights as DynamicQuantizeLinear and MatMulInteger."""
    model = load(source)
    never = duration_nodes(model)
    held = constants(model)
    matmuls = [node for node in model.graph.node if node.op_type == "MatMul"]
    fit = [
        node.name
        for node in matmuls
        if node.name not in never
        and node.input[1] in held
        and min(held[node.input[1]].shape) >= _LEAST
    ]
    if not fit:
        raise refuse(f"int8-dynamic: {source.name}: no MatMul with a weight of 64 x 64 or more")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "quantized.onnx"
        logging.getLogger().disabled, quiet = True, logging.getLogger().disabled
        try:
            quantize_dynamic(
                source,
                made,
                op_types_to_quantize=["MatMul"],
                nodes_to_quantize=fit,
                per_channel=True,
                weight_type=QuantType.QInt8,
                reduce_range=True,  # LARGEST_WEIGHT
                # The types of what follows Gelu are not inferred.
                extra_options={"DefaultTensorType": TensorProto.FLOAT},
            )
        except Exception as error:
            raise refuse(f"int8-dynamic: {source.name}: {error}") from None
        finally:
            logging.getLogger().disabled = quiet
        small = onnx.load(str(made))
    replace_initializers(small, {})
    session(small, f"int8-dynamic {source.name}")
    before = source.stat().st_size
    kept = tuple(node.name for node in matmuls if node.name not in fit)
    return RecipeLog("int8-dynamic", before, save(small, target), tuple(fit), kept)


def duration_nodes(model: onnx.ModelProto) -> frozenset[str]:
    """Names of the nodes that only the durations depend on; empty without that output."""
    outputs = [item.name for item in model.graph.output]
    if DURATIONS not in outputs:
        return frozenset()
    others = _ancestors(model, [name for name in outputs if name != DURATIONS])
    return frozenset(_ancestors(model, [DURATIONS]) - others)


def _ancestors(model: onnx.ModelProto, values: list[str]) -> set[str]:
    producer = {value: node for node in model.graph.node for value in node.output}
    found: set[str] = set()
    waiting = list(values)
    while waiting:
        node = producer.get(waiting.pop())
        if node is not None and node.name not in found:
            found.add(node.name)
            waiting.extend(node.input)
    return found
