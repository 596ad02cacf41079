"""Layers of the int8 operators as onnxruntime sessions, for their tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from edge import kernels

Array = np.ndarray[Any, Any]
INPUTS = ("x", "weights", "scales", "bias", "gains", "residual", "state", "first", "last")
LATER = ("mul", "add", "alpha")
"""Inputs that the operators of `DOMAIN_2` have beyond those."""


def session(
    library: Path,
    op: str,
    constants: dict[str, Array],
    present: set[str],
    threads: int = 1,
    domain: str = kernels.DOMAIN,
    **attributes: Any,
) -> onnxruntime.InferenceSession:
    """A graph of one node whose inputs beyond the constants are those `present`."""
    every = INPUTS if domain == kernels.DOMAIN else (*INPUTS, *LATER)
    names = [n if n in constants or n in present | {"x"} else "" for n in every]
    types = {"first": TensorProto.BOOL, "last": TensorProto.BOOL}
    shapes: dict[str, list[int | None]] = {n: [] for n in types} | {n: [None] for n in LATER}
    node = helper.make_node(op, names, ["y", "next_state"], domain=domain, **attributes)
    graph = helper.make_graph(
        [node],
        "one",
        [
            helper.make_tensor_value_info(
                n, types.get(n, TensorProto.FLOAT), shapes.get(n, [1, None, None])
            )
            for n in every
            if n in present | {"x"}
        ],
        [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, None, None])
            for n in ("y", "next_state")
        ],
        [numpy_helper.from_array(a, n) for n, a in constants.items()],
    )
    return load(graph, library, threads)


def load(graph: onnx.GraphProto, library: Path, threads: int) -> onnxruntime.InferenceSession:
    domains = {node.domain for node in graph.node} - {""}
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(d, 1) for d in domains)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # errors reach the test as exceptions
    options.register_custom_ops_library(str(library))
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def layer(seed: int, o: int, c: int, k: int, bits: int = 8) -> tuple[Array, dict[str, Array]]:
    rng = np.random.default_rng(seed)
    floats = rng.normal(size=(o, c, k)).astype(np.float32)
    weights, scales = kernels.pack(floats, bits)
    bias = rng.normal(size=o).astype(np.float32)
    return floats, {"weights": weights, "scales": scales, "bias": bias}
