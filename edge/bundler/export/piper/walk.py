"""A cursor over the layers of an original Piper graph, in the order of the file."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import onnx

from edge.bundler.export.original import OriginalGraph, attributes, describe, refuse
from edge.bundler.export.piper.weights import Array, Convolution, LayerNorm
from edge.errors import ExportFailed

_SHAPE_NAMES = {"Conv": "(out, in, kernel)", "ConvTranspose": "(in, out, kernel)"}


class Walk:
    """A cursor over the convolutions, the norms and the relative embeddings of a graph."""

    def __init__(self, graph: OriginalGraph) -> None:
        self.graph = graph
        self.convs = [node for node in graph.nodes if node.op_type in _SHAPE_NAMES]
        self.at = 0
        self.norms = [norm for node in graph.nodes if (norm := _norm_at(graph, node))]
        self.norm_at = 0
        tables = [_relative_at(graph, node) for node in graph.nodes]
        self.relative = [table for table in tables if table is not None]

    def fail(self, node: onnx.NodeProto, reason: str) -> ExportFailed:
        return refuse(f"{self.graph.where}: {describe(node)}: {reason}")

    def here(self) -> onnx.NodeProto:
        if self.at >= len(self.convs):
            raise refuse(f"{self.graph.where}: the graph ends at convolution {self.at}")
        return self.convs[self.at]

    def shape(self, ahead: int = 0) -> tuple[int, ...]:
        """Weight shape of the convolution `ahead` places on; () at the end of the file."""
        if self.at + ahead >= len(self.convs):
            return ()
        node = self.convs[self.at + ahead]
        weight = self.graph.constant(node.input[1])
        if weight is None or weight.ndim != 3:
            raise self.fail(node, "its weight is not a constant of three dimensions")
        return tuple(int(size) for size in weight.shape)

    def take(self, name: str, *shape: int | None, op: str = "Conv") -> Convolution:
        """The next convolution, which must be `name`; None in `shape` matches any size."""
        found = self.shape()
        if not found:
            raise refuse(f"{self.graph.where}: the graph ends where {name} is expected")
        node = self.convs[self.at]
        fits = all(want in (None, have) for want, have in zip(shape, found, strict=True))
        if node.op_type != op or not fits:
            wanted = tuple("any" if size is None else size for size in shape)
            raise self.fail(
                node, f"weight {found} where {name} needs {op} {_SHAPE_NAMES[op]} = {wanted}"
            )
        self._check_names(node, name)
        self.at += 1
        return _convolution(self.graph, node, name)

    def _check_names(self, node: onnx.NodeProto, name: str) -> None:
        for tensor in node.input[1:]:
            match = re.fullmatch(r"((?:enc_p|dp|flow|dec)\..+)\.(?:weight|bias)", tensor)
            if match and match[1] != name and len(self.graph.uses[tensor]) == 1:
                raise self.fail(node, f"{tensor!r} where {name} is expected")

    def norm(self, name: str, channels: int) -> LayerNorm:
        if self.norm_at >= len(self.norms):
            raise refuse(f"{self.graph.where}: no layer normalization left for {name}")
        found = self.norms[self.norm_at]
        if found.gamma.shape != (channels,):
            raise refuse(
                f"{self.graph.where}: {name} needs {channels} channels, "
                f"the next layer normalization has {found.gamma.shape}"
            )
        self.norm_at += 1
        return found


def _convolution(graph: OriginalGraph, node: onnx.NodeProto, name: str) -> Convolution:
    settings: dict[str, Any] = attributes(node)
    weight = graph.constant(node.input[1])
    bias = graph.constant(node.input[2]) if len(node.input) > 2 and node.input[2] else None
    pads = settings.get("pads", [0, 0])
    if weight is None or (len(node.input) > 2 and bias is None):
        raise refuse(f"{graph.where}: {describe(node)}: weight or bias is not a constant")
    outputs = weight.shape[0]
    if node.op_type == "ConvTranspose":
        outputs = weight.shape[1] * settings.get("group", 1)
    if bias is not None and bias.shape != (outputs,):
        raise refuse(f"{graph.where}: {describe(node)}: bias {bias.shape} for {outputs} outputs")
    if settings.get("auto_pad", b"NOTSET") != b"NOTSET" or len(pads) != 2 or pads[0] != pads[1]:
        raise refuse(f"{graph.where}: {describe(node)}: padding {pads} is not symmetric")
    steps: dict[str, int] = {}
    for key in ("dilations", "strides"):
        values = settings.get(key, [1])
        if len(values) != 1 or values[0] < 1:
            raise refuse(f"{graph.where}: {describe(node)}: {key} is {values}")
        steps[key] = int(values[0])
    layer = Convolution(
        name=name,
        weight=weight.astype(np.float32),
        bias=None if bias is None else bias.astype(np.float32),
        dilation=steps["dilations"],
        groups=settings.get("group", 1),
        stride=steps["strides"],
        padding=pads[0],
    )
    if any(settings.get("output_padding", [0])):
        raise refuse(f"{graph.where}: {describe(node)}: output_padding is not supported")
    if not (np.isfinite(weight).all() and (bias is None or np.isfinite(bias).all())):
        raise refuse(f"{graph.where}: {describe(node)}: a weight is NaN or infinite")
    if node.op_type == "Conv":
        before = graph.source(node.input[0])
        padded = layer.padding == 0 and before is not None and before.op_type == "Pad"
        same = 2 * layer.padding == layer.dilation * (layer.kernel - 1)
        if layer.stride != 1 or not (same or padded):
            raise refuse(f"{graph.where}: {describe(node)}: does not keep the length")
    return layer


def _norm_at(graph: OriginalGraph, node: onnx.NodeProto) -> LayerNorm | None:
    """A layer normalization, as one node or as (x - mean) / sqrt(variance + e) * g + b."""
    if node.op_type == "LayerNormalization" and len(node.input) == 3:
        gamma, beta = graph.constant(node.input[1]), graph.constant(node.input[2])
        epsilon = float(attributes(node).get("epsilon", 1e-5))
    elif node.op_type == "Mul":
        gamma, ratio = operands(graph, node)
        users = graph.uses.get(node.output[0], [])
        if gamma is None or ratio is None or ratio.op_type != "Div" or len(users) != 1:
            return None
        beta, _ = operands(graph, users[0])
        root = graph.source(ratio.input[1])
        added = graph.source(root.input[0]) if root is not None and root.input else None
        small, _ = (None, None) if added is None else operands(graph, added)
        if users[0].op_type != "Add" or small is None or small.size != 1:
            return None
        epsilon = float(small.reshape(()))
    else:
        return None
    if gamma is None or beta is None or gamma.ndim != 1 or gamma.shape != beta.shape:
        return None
    return LayerNorm(gamma.astype(np.float32), beta.astype(np.float32), epsilon)


def _relative_at(graph: OriginalGraph, node: onnx.NodeProto) -> Array | None:
    """A table of relative positions (1, 2 * window + 1, channels), where it is padded."""
    if node.op_type != "Pad":
        return None
    table = graph.constant(node.input[0])
    if table is None or table.ndim != 3 or table.shape[0] != 1 or table.shape[1] % 2 == 0:
        return None
    return np.asarray(table[0], np.float32)


def operands(
    graph: OriginalGraph, node: onnx.NodeProto
) -> tuple[np.ndarray[Any, Any] | None, onnx.NodeProto | None]:
    """The constant of a node with two inputs, in either place, and what makes the other."""
    if len(node.input) != 2:
        return None, None
    for constant, other in (node.input[::-1], node.input):
        value = graph.constant(constant)
        if value is not None:
            return value, graph.source(other)
    return None, None


def activation(graph: OriginalGraph, node: onnx.NodeProto) -> tuple[float, onnx.NodeProto]:
    """The slope of the LeakyRelu that feeds `node`, and the node before that."""
    relu = graph.source(node.input[0])
    source = None if relu is None else graph.source(relu.input[0])
    if relu is None or source is None or relu.op_type != "LeakyRelu":
        raise refuse(f"{graph.where}: {describe(node)}: no LeakyRelu feeds it")
    return float(attributes(relu).get("alpha", 0.01)), source
