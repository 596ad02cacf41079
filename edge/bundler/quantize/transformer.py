"""Transformers in fewer bits: the matrices of the layers, and nothing between them.

Norms, softmax, rotation, residual sums and biases stay float32: half-precision norms overflow in
such models. Matrices at the edges, and those that others found delicate, keep more bits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
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
_DELICATE = re.compile(r"\.(?:qkv_proj|v_proj|down_proj|to_v|ff\.ff\.2)/|^llm_decoder/")
"""In int4 these keep 8 bits: the values that attention mixes, the matrices that close a layer, and
the head (as the quantization profiles of public ports have it)."""
_FLOAT = ("LayerNormalization", "SimplifiedLayerNormalization")
"""Endings of the operators that add the residual up and norm it: float32 in every recipe."""
_GATED = re.compile(r"^transformer_blocks\.\d+\.(?:attn|ff)/gated")
"""The flow's gates, whose rows of the time table the norms' lie beside: float32 too."""
STATE, KEPT = "past", "kept"
"""Inputs of flow_step, where `past` may be left out. The language model's are small."""
_STATE = re.compile(r"(?:past|kept|(?:next\.)?(?:key|value)\.\d+)$")
"""Keys and values that come into a graph and go out of it."""
_FLOAT32 = TensorProto.FLOAT
MICROSOFT = "com.microsoft"
_HALF_MAX = 65504.0

_Nodes = list[onnx.NodeProto]
_Rewrite = Callable[[onnx.NodeProto, Array, dict[str, Array], dict[str, str]], _Nodes]


def int8_layers(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """Weights int8 with a scale per column, activations scaled as they run."""
    return _apply("int8-dynamic", source, target, lambda name: _int8 if _inside(name) else None)


def int4_layers(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """Weights int4 in blocks of 32 (MatMulNBits), the delicate ones int8 as int8_layers has them;
    all else float32: for a CPU."""

    def choose(name: str) -> _Rewrite | None:
        if _DELICATE.search(name):
            return _int8
        return partial(_blocks, bits=4, accuracy=_INT8_SUMS) if _inside(name) else None

    return _apply("int4", source, target, choose)


def int4_fp16_layers(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """Weights in blocks of 32, int4, the delicate ones of 8 bits, and float16 between the norms:
    for a GPU, whose fused attention knows nothing else, and which multiplies no int8."""

    def choose(name: str) -> _Rewrite | None:
        if _DELICATE.search(name):
            return partial(_blocks, bits=8, accuracy=0)
        return partial(_blocks, bits=4, accuracy=0) if _inside(name) else None

    return _apply("int4-fp16", source, target, choose, half=True)


def fp16_layers(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """Weights, products and attention float16; norms and the sums between the layers float32."""
    return _apply("fp16", source, target, lambda name: None, half=True)


_INT8_SUMS = 4
"""accuracy_level of a MatMulNBits: activations in blocks of int8, where the CPU can."""


def _inside(name: str) -> bool:
    return _LAYER.search(name) is not None


def _apply(
    recipe: str,
    source: Path,
    target: Path,
    choose: Callable[[str], _Rewrite | None],
    half: bool = False,
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
    replace_nodes(model, nodes)
    if half:
        halved = _halve(model, held, added, recipe)
        quantized += [name for name in kept if name in halved]
        kept = [name for name in kept if name not in halved]
    else:
        _halve_state(model, held, added)
        _unfuse_norms(model)
    if not quantized:
        raise refuse(f"{recipe}: {source.name} has no matrices in numbered layers")
    replace_initializers(model, added)
    if not any(item.domain == MICROSOFT for item in model.opset_import):
        model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
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


def _unfuse_norms(model: onnx.ModelProto) -> None:
    """Add before a norm by nodes of their own: on a CPU the fused operator takes twice as long as
    those together (onnxruntime 1.30 to 1.32). Where launches cost, it is the other way round."""
    nodes: _Nodes = []
    for node in model.graph.node:
        if node.op_type != "SkipLayerNormalization":
            nodes.append(node)
            continue
        x, added, scale, shift, bias = node.input
        total = node.output[3] or f"{node.name}:total"
        made = f"{node.name}:added"
        nodes += [
            helper.make_node("Add", [added, bias], [made]),
            helper.make_node("Add", [x, made], [total]),
            helper.make_node(
                "LayerNormalization",
                [total, scale, shift],
                [node.output[0]],
                name=node.name,
                epsilon=next(a.f for a in node.attribute if a.name == "epsilon"),
            ),
        ]
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


def _blocks(
    node: onnx.NodeProto,
    weight: Array,
    added: dict[str, Array],
    shared: dict[str, str],
    bits: int,
    accuracy: int,
) -> _Nodes:
    rows, columns = weight.shape
    w = node.input[1]
    added[f"{w}:i{bits}"], added[f"{w}:scale{bits}"] = int_blocks(weight, bits)
    return [
        helper.make_node(
            "MatMulNBits",
            [node.input[0], f"{w}:i{bits}", f"{w}:scale{bits}"],
            [node.output[0]],
            name=node.name,
            domain=MICROSOFT,
            K=rows,
            N=columns,
            bits=bits,
            block_size=BLOCK,
            accuracy_level=accuracy,
        )
    ]


def int_blocks(weight: Array, bits: int) -> tuple[Array, Array]:
    """weight (K, N): uint8 (N, blocks of 32 of K, 32 x bits / 8), in 4 bits two weights a byte,
    the first in the low half, and half of the range for zero; and float32 scales (N, blocks).

    Scales have the 8 bits of a bfloat16: on ARM CPUs with a dot product onnxruntime multiplies by
    KleidiAI and cuts them there (MLAS; shown by tests/system/test_arm64.py)."""
    middle = 1 << (bits - 1)
    padded = np.pad(weight, ((0, -len(weight) % BLOCK), (0, 0)))
    blocks = padded.T.reshape(weight.shape[1], -1, BLOCK)
    place = np.abs(blocks).argmax(axis=2, keepdims=True)
    peak = np.take_along_axis(blocks, place, axis=2)
    # The peak is the least of the range, within 0.4 %.
    scale = bfloat16(np.where(peak == 0, 1.0, peak / -middle))
    small = np.clip(np.rint(blocks / scale) + middle, 0, 2 * middle - 1).astype(np.uint8)
    packed = small[..., ::2] | small[..., 1::2] << 4 if bits == 4 else small
    return packed, scale[..., 0]


def bfloat16(values: Array) -> Array:
    """Values rounded to the nearest bfloat16, as float32."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x8000) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def _halve(
    model: onnx.ModelProto, held: Mapping[str, Array], added: dict[str, Array], recipe: str
) -> set[str]:
    """Run the layers in float16, but for their norms and the sums between them: nodes, weights,
    and what comes in and goes out of them. The names of the nodes."""
    graph = model.graph
    inside = [node for node in graph.node if _halvable(node)]
    half = {node.name for node in inside}
    made = {name for node in inside for name in node.output}
    ends = {value.name: value for value in (*graph.input, *graph.output)}
    state = {name for name in ends if _STATE.match(name)}
    others = {name for name, value in held.items() if value.dtype != np.float32}
    others |= {name for name, end in ends.items() if end.type.tensor_type.elem_type != _FLOAT32}
    cast: set[str] = set()
    nodes: _Nodes = []
    for node in graph.node:
        if node.name not in half:
            _recast(node, made, TensorProto.FLOAT, "f32", cast, nodes)
            nodes.append(node)
            continue
        for i, name in enumerate(node.input):
            if name in added and added[name].dtype == np.float32:
                added[name] = added[name].astype(np.float16)
            elif name in held and name not in state | others:
                if np.abs(held[name]).max(initial=0.0) > _HALF_MAX:
                    raise refuse(f"{recipe}: {node.name}: a weight is above {_HALF_MAX:.0f}")
                added[f"{name}:f16"] = held[name].astype(np.float16)
                node.input[i] = f"{name}:f16"
        known = made | state | others | added.keys() | {""}
        _recast(node, set(node.input) - known, TensorProto.FLOAT16, "f16", cast, nodes)
        nodes.append(node)
        for i, name in enumerate(node.output):
            if name in ends and name not in state:
                node.output[i] = f"{name}:f16"
                nodes.append(
                    helper.make_node("Cast", [f"{name}:f16"], [name], to=TensorProto.FLOAT)
                )
    for name in state:
        ends[name].type.tensor_type.elem_type = TensorProto.FLOAT16
        if name in held:  # what may be left out
            added[name] = held[name].astype(np.float16)
    replace_nodes(model, nodes)
    return half


def _recast(
    node: onnx.NodeProto,
    names: set[str],
    to: int,
    ending: str,
    cast: set[str],
    nodes: _Nodes,
) -> None:
    """Let `node` read those of `names` in another type, cast once for all that ask."""
    for i, name in enumerate(node.input):
        if name in names:
            node.input[i] = new = f"{name}:{ending}"
            if new not in cast:
                cast.add(new)
                nodes.append(helper.make_node("Cast", [name], [new], to=to, name=new))


def _halvable(node: onnx.NodeProto) -> bool:
    if node.op_type.endswith(_FLOAT) or _GATED.match(node.name):
        return False
    return _inside(node.name) or node.name.startswith(("llm_decoder/", "kept_state"))
