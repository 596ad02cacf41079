"""Read a hibari voice: float weights out of a graph that multiplies matrices in int8.

The published graphs went through onnxruntime's dynamic quantization, which writes for x @ w

    q, s, z = DynamicQuantizeLinear(x);   y = Cast(MatMulInteger(q, w_int8, z, zero)) * (s * scale)

`float_product` reads it back as x @ ((w_int8 - zero) * scale). Nothing is lost: those are the
weights that the int8 graph really uses, and quantizing them again gives the same integers. Only
the rounding of the activations goes away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.original import OriginalGraph, attributes, describe, refuse
from edge.bundler.export.piper.weights import Array, Convolution

OPSET = 17
_NODE_OPS = {
    *("Add", "Cast", "Clip", "Concat", "Conv", "CumSum", "Div", "Erf", "Exp", "Gather"),
    *("GreaterOrEqual", "LayerNormalization", "Log", "MatMul", "Mul", "Pow", "Range", "ReduceSum"),
    *("Relu", "Reshape", "Round", "Shape", "Slice", "Softmax", "Split", "Sub", "Tile"),
    *("Transpose", "Unsqueeze"),
}


@dataclass(frozen=True)
class Product:
    """x @ weight; `weight` (in, out) float32."""

    x: str
    weight: Array


def float_product(graph: OriginalGraph, value: str) -> Product | None:
    """Find the node that makes `value`, if it is a product with constant weights, int8 or float.

    Raises ExportFailed for integers that are used in any other way.
    """
    node = graph.source(value)
    if node is None or len(node.input) != 2:
        return None
    if node.op_type == "MatMul":
        weight = graph.constant(node.input[1])
        return None if weight is None else Product(node.input[0], _matrix(graph, node, weight))
    if node.op_type != "Mul":
        return None
    cast, scales = graph.source(node.input[0]), graph.source(node.input[1])
    if cast is None or [cast.op_type, len(cast.input)] != ["Cast", 1]:
        return None
    product = graph.source(cast.input[0])
    if product is None or product.op_type != "MatMulInteger":
        return None
    if scales is None or [scales.op_type, len(scales.input)] != ["Mul", 2]:
        raise refuse(f"{graph.where}: {describe(node)} does not scale {describe(product)}")
    if len(product.input) not in (3, 4):
        raise refuse(f"{graph.where}: {describe(product)} has {len(product.input)} inputs")
    quantize = graph.source(product.input[0])
    integers, scale = graph.constant(product.input[1]), graph.constant(scales.input[1])
    zero = graph.constant(product.input[3]) if len(product.input) == 4 else np.zeros((), np.int8)
    if quantize is None or [quantize.op_type, len(quantize.input)] != ["DynamicQuantizeLinear", 1]:
        raise refuse(f"{graph.where}: {describe(product)} is not onnxruntime's dynamic recipe")
    if [scales.input[0], product.input[2]] != list(quantize.output[1:3]):
        raise refuse(f"{graph.where}: {describe(product)} has another activation's scale")
    if integers is None or scale is None or zero is None:
        raise refuse(f"{graph.where}: {describe(product)} has weights that are not constant")
    widths = {1, integers.shape[-1]} if integers.ndim == 2 else {-1}  # one scale, or per column
    if integers.dtype not in (np.int8, np.uint8) or not {scale.size, zero.size} <= widths:
        found = f"{integers.dtype} {integers.shape}, scale {scale.shape}, zero point {zero.shape}"
        raise refuse(f"{graph.where}: {describe(product)} has unexpected weights: {found}")
    centered = integers.astype(np.int32) - zero.astype(np.int32).reshape(-1)
    weight = centered.astype(np.float32) * scale.astype(np.float32).reshape(-1)
    return Product(quantize.input[0], weight)


def _matrix(graph: OriginalGraph, node: onnx.NodeProto, weight: Any) -> Array:
    if weight.ndim != 2 or weight.dtype != np.float32:
        found = f"{weight.dtype} of shape {weight.shape}"
        raise refuse(f"{graph.where}: {describe(node)}: weights are {found}, not a float matrix")
    matrix: Array = weight
    return matrix


def checked(writer: GraphWriter, graph: OriginalGraph) -> onnx.ModelProto:
    """The written model. Raises ExportFailed where a copied node is not valid ONNX."""
    try:
        return writer.model()
    except onnx.checker.ValidationError as error:
        raise refuse(f"{graph.where}: {str(error).splitlines()[0]}") from None


def copy_float(
    graph: OriginalGraph,
    writer: GraphWriter,
    inputs: dict[str, str],
    outputs: Sequence[str],
) -> dict[str, str]:
    """Write what `outputs` need into `writer`, constants folded, products in float.

    `inputs` maps values of the original to values of the writer and gains what was written.
    Raises ExportFailed naming the first node that a hibari graph does not have.
    """
    products: dict[str, Product] = {}
    needed, waiting = set(inputs), list(outputs)
    while waiting:
        value = waiting.pop()
        if value in needed or not value or graph.constant(value) is not None:
            continue
        needed.add(value)
        if product := float_product(graph, value):
            products[value] = product
            waiting.append(product.x)
        elif node := graph.source(value):
            if node.op_type not in _NODE_OPS or node.domain:
                raise refuse(f"{graph.where}: {describe(node)} is not of a hibari voice")
            waiting.extend(node.input)
        else:
            raise refuse(f"{graph.where}: nothing makes the value {value!r}")
    values = dict(inputs)

    def written(node: onnx.NodeProto, name: str) -> str:
        if name and name not in values:
            constant = graph.constant(name)
            if constant is None:
                raise refuse(f"{graph.where}: {describe(node)} uses {name!r} before it is made")
            values[name] = writer.constant(constant, name)
        return values[name] if name else ""

    for node in graph.nodes:
        made = [name for name in node.output if name in needed]
        if not made or made[0] in values:
            continue
        if product := products.get(made[0]):
            weight = writer.constant(product.weight, f"{made[0]}.weight")
            values[made[0]] = writer.node("MatMul", (written(node, product.x), weight), made[0])
        else:
            used = [written(node, name) for name in node.input]
            names = writer.split_node(node.op_type, used, node.output, **attributes(node))
            values.update(zip(node.output, names, strict=True))
    return values


class Layers:
    """Weights by the names that training gave them."""

    def __init__(self, graph: OriginalGraph) -> None:
        self._graph = graph

    def count(self, pattern: str) -> int:
        """How many of the pattern's names exist: with {} put to 0, 1, ..."""
        number = 0
        while pattern.format(number) in self._graph.uses:
            number += 1
        if not number:
            self._missing(pattern.format(0))
        return number

    def tensor(self, name: str) -> Array:
        value = self._graph.constant(name) if name in self._graph.uses else None
        if value is None or value.dtype != np.float32:
            self._missing(name)
        return np.asarray(value, np.float32)

    def convolution(self, name: str) -> Convolution:
        """A convolution over time that keeps its length."""
        weight, bias = self.tensor(f"{name}.weight"), self.tensor(f"{name}.bias")
        node = self._graph.uses[f"{name}.weight"][0]
        given = attributes(node)
        dilation, groups = given.get("dilations", [1])[0], given.get("group", 1)
        padding = dilation * (weight.shape[-1] - 1) // 2
        if node.op_type != "Conv" or given.get("pads") != [padding, padding] or weight.ndim != 3:
            raise refuse(f"{self._graph.where}: {describe(node)} does not keep the length")
        return Convolution(name, weight, bias, dilation, groups, 1, padding)

    def matrix(self, name: str) -> tuple[Array, Array]:
        """The weight (in, out) and the bias of a linear layer."""
        return self.product(f"{name}.bias")

    def linear(self, name: str, gamma: Array | None = None) -> Convolution:
        """A linear layer as a convolution of one tap; `gamma` multiplies its outputs."""
        weight, bias = self.matrix(name)
        if gamma is not None:
            weight, bias = weight * gamma, bias * gamma
        return Convolution(name, np.ascontiguousarray(weight.T[:, :, None]), bias)

    def product(self, bias_name: str) -> tuple[Array, Array]:
        """The weight (in, out) and the bias of the linear layer that has this bias."""
        bias = self.tensor(bias_name)
        add = self._graph.uses[bias_name][0]
        for value in add.input:
            if product := float_product(self._graph, value):
                return product.weight, bias
        raise refuse(f"{self._graph.where}: {describe(add)} adds a bias to no product")

    def scale(self, value: str) -> float:
        """The constant factor of the product that makes `value`."""
        node = self._graph.source(value)
        factor = None
        if node is not None and node.op_type == "Mul" and len(node.input) == 2:
            factor = self._graph.constant(node.input[1])
        if factor is None or factor.size != 1:
            raise refuse(f"{self._graph.where}: the output {value!r} has no constant scale")
        return float(factor.reshape(()))

    def _missing(self, name: str) -> None:
        raise refuse(f"{self._graph.where}: no weights {name!r}: this is not a hibari voice")
