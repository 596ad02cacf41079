"""Transformers in fewer bits: the matrices of the layers, and nothing between them.

Norms, softmax, rotation, residual sums and biases stay float32: half-precision norms overflow in
such models. Matrices at the edges, and those that others found delicate, keep more bits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from edge.bundler.quantize.recipe import (
    LARGEST_WEIGHT,
    Array,
    Calibration,
    RecipeLog,
    constants,
    int8_rows,
    refuse,
    replace_initializers,
    replace_nodes,
    save,
)

BLOCK = 32
"""Weights of one row that share a scale in int4."""
_LAYER = re.compile(r"(?:layers|transformer_blocks)\.\d+\.")
_DELICATE = re.compile(r"\.(?:v_proj|down_proj|to_v|ff\.ff\.2)/|^llm_decoder/")
"""In int4 these stay int8: the values that attention mixes, the matrices that close a layer, and
the head (as the quantization profiles of public ports have it)."""
STATE, KEPT = "past", "kept"
"""Inputs of flow_step, where `past` may be left out. The language model's goes in and out whole,
in float32, and is small."""
_HALF_MAX = 65504.0

_Nodes = list[onnx.NodeProto]
_Rewrite = Callable[[onnx.NodeProto, Array, dict[str, Array], dict[str, str]], _Nodes]


def int8_layers(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """Weights int8 with a scale per column, activations scaled as they run."""
    return _apply("int8-dynamic", source, target, lambda name: _int8 if _inside(name) else None)


def int4_layers(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """Weights int4 in blocks of 32 (MatMulNBits), the delicate ones int8."""

    def choose(name: str) -> _Rewrite | None:
        if _DELICATE.search(name):
            return _int8
        return _int4 if _inside(name) else None

    return _apply("int4", source, target, choose)


def fp16_layers(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """Weights and products float16, all else float32."""

    def choose(name: str) -> _Rewrite | None:
        return _half if _inside(name) or _DELICATE.search(name) else None

    return _apply("fp16", source, target, choose)


def _inside(name: str) -> bool:
    return _LAYER.search(name) is not None


def _apply(
    recipe: str, source: Path, target: Path, choose: Callable[[str], _Rewrite | None]
) -> RecipeLog:
    model = onnx.load(str(source))  # our own exporter's, proved: no need to check it again
    held = constants(model)
    added: dict[str, Array] = {}
    shared: dict[str, str] = {}  # what was already made of an input that several matrices take
    nodes: _Nodes = []
    quantized, kept = [], []
    for node in model.graph.node:
        weight = held.get(node.input[1]) if node.op_type == "MatMul" else None
        if weight is None or weight.ndim != 2 or weight.dtype != np.float32:
            nodes.append(node)
            continue
        rewrite = choose(node.name)
        if rewrite is None:
            kept.append(node.name)
            nodes.append(node)
            continue
        nodes += rewrite(node, weight, added, shared)
        quantized.append(node.name)
    if not quantized:
        raise refuse(f"{recipe}: {source.name} has no matrices in numbered layers")
    replace_nodes(model, nodes)
    _halve_state(model, held, added)
    replace_initializers(model, added)
    if not any(item.domain == "com.microsoft" for item in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    size = save(model, target)
    return RecipeLog(recipe, source.stat().st_size, size, tuple(quantized), tuple(kept))


def _halve_state(
    model: onnx.ModelProto, held: Mapping[str, Array], added: dict[str, Array]
) -> None:
    """The keys and values that a graph may go on from, and those that it gives, as float16: 5e-4
    of their size, and half of the memory. Attention computes in float32 as before."""
    graph = model.graph
    ends = [value for value in (*graph.input, *graph.output) if value.name in (STATE, KEPT)]
    if STATE not in held or len(ends) != 2:
        return
    for value in ends:
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
    added[STATE] = held[STATE].astype(np.float16)
    nodes: _Nodes = []
    for node in graph.node:
        nodes.append(node)
        if STATE in node.input and node.op_type != "Shape":  # a slice, of any type
            small = node.output[0]
            node.output[0] = f"{small}:f16"
            cast = helper.make_node("Cast", [f"{small}:f16"], [small], to=TensorProto.FLOAT)
            nodes.append(cast)
        elif KEPT in node.output:
            node.output[list(node.output).index(KEPT)] = f"{KEPT}:f32"
            cast = helper.make_node("Cast", [f"{KEPT}:f32"], [KEPT], to=TensorProto.FLOAT16)
            nodes.append(cast)
    replace_nodes(model, nodes)


def _int8(
    node: onnx.NodeProto, weight: Array, added: dict[str, Array], shared: dict[str, str]
) -> _Nodes:
    """The pattern that onnxruntime fuses: DynamicQuantizeLinear, MatMulInteger, Cast, Mul."""
    x, w, y = node.input[0], node.input[1], node.output[0]
    nodes: _Nodes = []
    if f"{x}:u8" not in shared:
        shared[f"{x}:u8"] = x
        parts = [f"{x}:u8", f"{x}:scale", f"{x}:zero"]
        nodes.append(helper.make_node("DynamicQuantizeLinear", [x], parts, name=f"{x}:u8"))
    added[f"{w}:i8"], added[f"{w}:scale"] = int8_rows(weight, 1, LARGEST_WEIGHT)
    added[f"{w}:zero"] = np.zeros(weight.shape[1], np.int8)
    operands = [f"{x}:u8", f"{w}:i8", f"{x}:zero", f"{w}:zero"]
    return [
        *nodes,
        helper.make_node("MatMulInteger", operands, [f"{y}:i32"], name=node.name),
        helper.make_node("Cast", [f"{y}:i32"], [f"{y}:f32"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{x}:scale", f"{w}:scale"], [f"{y}:scale"]),
        helper.make_node("Mul", [f"{y}:f32", f"{y}:scale"], [y]),
    ]


def _int4(
    node: onnx.NodeProto, weight: Array, added: dict[str, Array], shared: dict[str, str]
) -> _Nodes:
    rows, columns = weight.shape
    if rows % BLOCK:
        return _int8(node, weight, added, shared)
    w = node.input[1]
    added[f"{w}:i4"], added[f"{w}:scale4"] = int4_blocks(weight)
    return [
        helper.make_node(
            "MatMulNBits",
            [node.input[0], f"{w}:i4", f"{w}:scale4"],
            [node.output[0]],
            name=node.name,
            domain="com.microsoft",
            K=rows,
            N=columns,
            bits=4,
            block_size=BLOCK,
            accuracy_level=4,  # sums in int8 where the CPU can
        )
    ]


def int4_blocks(weight: Array) -> tuple[Array, Array]:
    """weight (K, N): uint8 (N, K / 32, 16), two weights a byte, the first in the low half, 8 for
    zero; and float32 scales (N, K / 32).

    Scales have the 8 bits of a bfloat16: on ARM CPUs with a dot product onnxruntime multiplies by
    KleidiAI and cuts them there (MLAS; shown by tests/system/test_arm64.py)."""
    blocks = weight.T.reshape(weight.shape[1], -1, BLOCK)
    place = np.abs(blocks).argmax(axis=2, keepdims=True)
    peak = np.take_along_axis(blocks, place, axis=2)
    scale = bfloat16(np.where(peak == 0, 1.0, peak / -8.0))  # the peak is -8, within 0.4 %
    small = np.clip(np.rint(blocks / scale) + 8, 0, 15).astype(np.uint8)
    return small[..., ::2] | small[..., 1::2] << 4, scale[..., 0]


def bfloat16(values: Array) -> Array:
    """Values rounded to the nearest bfloat16, as float32."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x8000) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def _half(
    node: onnx.NodeProto, weight: Array, added: dict[str, Array], shared: dict[str, str]
) -> _Nodes:
    x, w, y = node.input[0], node.input[1], node.output[0]
    if np.abs(weight).max(initial=0.0) > _HALF_MAX:
        raise refuse(f"fp16: {node.name}: a weight is above {_HALF_MAX:.0f}")
    nodes: _Nodes = []
    if f"{x}:f16" not in shared:
        shared[f"{x}:f16"] = x
        nodes.append(helper.make_node("Cast", [x], [f"{x}:f16"], to=TensorProto.FLOAT16))
    added[f"{w}:f16"] = weight.astype(np.float16)
    return [
        *nodes,
        helper.make_node("MatMul", [f"{x}:f16", f"{w}:f16"], [f"{y}:f16"], name=node.name),
        helper.make_node("Cast", [f"{y}:f16"], [y], to=TensorProto.FLOAT),
    ]
