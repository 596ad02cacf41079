"""Graphs of one of our operators, whose attributes, shapes and values are read from bytes."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge import kernels
from edge.bundle.safety import check_graph

ODD = (
    0,
    -1,
    1,
    1 << 20,
    (1 << 20) + 1,
    (1 << 31) - 1,
    1 << 31,
    1 << 62,
    (1 << 63) - 1,
    -(1 << 63),
)
ODD_FLOATS = (0.0, -1.0, float("nan"), float("inf"), 1e-20, 1e20)
CHANNELS, FRAMES, KERNEL = 12, 130, 7
Array = npt.NDArray[Any]


class Choices:
    """Takes its choices from bytes, and zeros when they have ended."""

    def __init__(self, data: bytes) -> None:
        self._bytes = iter(data)

    def byte(self) -> int:
        return next(self._bytes, 0)

    def chance(self, one_in: int) -> bool:
        return self.byte() % one_in == 1

    def between(self, low: int, high: int) -> int:
        return low + self.byte() % (max(low, high) - low + 1)

    def attribute(self, low: int, high: int) -> int:
        """One in sixteen is what nobody would ask for."""
        return ODD[self.byte() % len(ODD)] if self.chance(16) else self.between(low, high)

    def size(self, right: int) -> int:
        """One in thirty is wrong."""
        return max(0, right + self.between(-1, 3)) if self.chance(30) else right

    def floats(self, *shape: int) -> Array:
        values = np.random.default_rng(self.byte()).standard_normal(shape).astype(np.float32)
        if values.size and self.chance(8):
            values.flat[self.byte() % values.size] = ODD_FLOATS[self.byte() % len(ODD_FLOATS)]
        return values


@dataclass
class Node:
    """Inputs in their order, an empty name where one is left out."""

    op: str
    attributes: dict[str, int | float] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    fed: dict[str, Array] = field(default_factory=dict)
    constant: dict[str, Array] = field(default_factory=dict)
    domain: str = kernels.DOMAIN
    outputs: tuple[str, ...] = ("y", "s")

    def put(self, name: str, value: Array | None, constant: bool = False) -> None:
        self.names.append(name if value is not None else "")
        if value is not None:
            (self.constant if constant else self.fed)[name] = value


def operators(data: bytes) -> None:
    """A graph that a bundle could hold: looked through, loaded and run. Needs `make kernels`."""
    import onnxruntime

    node = node_of(Choices(data))
    with tempfile.TemporaryDirectory(prefix="edge-fuzz-") as folder:
        path = Path(folder) / "graph.onnx"
        path.write_bytes(model_of(node))
        check_graph(path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1 + data[:1].endswith(b"\1")
        options.register_custom_ops_library(library())
        try:
            session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
            session.run(None, node.fed)
        except Exception as error:  # its exceptions have no class in common
            if not type(error).__module__.startswith("onnxruntime"):
                raise


@functools.cache
def library() -> str:
    path = kernels.library_path()
    assert path is not None, "the operators are not compiled: make kernels"
    return str(path)


def node_of(chosen: Choices) -> Node:
    make = (
        _convolution,
        _transposed,
        _float_convolution,
        _delay,
        _norm,
        _softmax,
        _spline,
        _later_convolution,
        _later_transposed,
        _later_float_convolution,
        _time_norm,
        _attention,
        _chunk_norm,
    )
    node = make[chosen.byte() % len(make)](chosen)
    while node.names and not node.names[-1]:
        node.names.pop()
    return node


def model_of(node: Node) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    made = helper.make_node(
        node.op, node.names, node.outputs, domain=node.domain, **node.attributes
    )
    kinds = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(bool): TensorProto.BOOL}
    kinds[np.dtype(np.int32)] = TensorProto.INT32
    graph = helper.make_graph(
        [made],
        "fuzz",
        [
            helper.make_tensor_value_info(name, kinds[value.dtype], [None] * value.ndim)
            for name, value in node.fed.items()
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in node.outputs],
        [numpy_helper.from_array(value, name) for name, value in node.constant.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(node.domain, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return bytes(model.SerializeToString())


def _flags(chosen: Choices, node: Node, needed: bool = False) -> None:
    for name in ("first", "last"):
        given = needed or chosen.chance(2)
        node.put(name, np.array([chosen.chance(2)]) if given else None, chosen.chance(2))


def _streamed(chosen: Choices, node: Node, channels: int, past: int) -> None:
    past = past if 0 <= past < 5000 else 3
    held = chosen.chance(2)
    node.put("state", chosen.floats(1, chosen.size(channels), chosen.size(past)) if held else None)
    _flags(chosen, node)


def _quantized(chosen: Choices, node: Node, inputs: int, outputs: int, kernel: int) -> None:
    for name, low, high in (("tile", 1, 100), ("granule", 1, 200), ("phase", 0, 50)):
        if chosen.chance(2):
            node.attributes[name] = chosen.attribute(low, high)
    if chosen.chance(2):
        node.attributes["slope"] = ODD_FLOATS[chosen.byte() % len(ODD_FLOATS)]
    frames = chosen.between(0, FRAMES)
    node.put("x", chosen.floats(1, chosen.size(inputs), frames))
    shape = (chosen.size(outputs), chosen.size(inputs), chosen.size(kernel))
    weights = np.random.default_rng(chosen.byte()).integers(-127, 128, shape)
    node.put("w", weights.astype(np.int8), constant=True)
    node.put("scales", chosen.floats(chosen.size(outputs)), constant=True)
    node.put("bias", chosen.floats(chosen.size(outputs)), constant=True)
    gains = chosen.chance(2)
    node.put("gains", chosen.floats(chosen.size(inputs)) if gains else None, constant=True)
    residual = chosen.chance(3)
    node.put("residual", chosen.floats(1, outputs, chosen.size(frames)) if residual else None)


def _convolution(chosen: Choices) -> Node:
    node = Node("QConv1d")
    inputs, outputs = chosen.between(1, CHANNELS), chosen.between(1, 20)
    kernel = chosen.between(1, KERNEL)
    dilation = node.attributes["dilation"] = chosen.attribute(1, 6)
    delay = 0
    if chosen.chance(2):
        node.attributes["lookahead"] = chosen.attribute(0, kernel - 1)
    if chosen.chance(2):
        delay = node.attributes["delay"] = chosen.attribute(0, 20)
    if chosen.chance(3):
        node.attributes["skip"], outputs = 1, inputs
    if chosen.chance(3):
        node.attributes["gate"] = 1
        outputs += outputs % 2
    _quantized(chosen, node, inputs, outputs, kernel)
    _streamed(chosen, node, inputs, (kernel - 1) * dilation + delay)
    return node


def _transposed(chosen: Choices) -> Node:
    node = Node("QConvTranspose1d")
    inputs, outputs = chosen.between(1, CHANNELS), chosen.between(1, 20)
    stride = node.attributes["stride"] = chosen.attribute(1, 8)
    sane = stride if 0 < stride < 20 else 2
    kernel = sane * chosen.between(1, 4)
    _quantized(chosen, node, inputs, outputs, kernel)
    _streamed(chosen, node, inputs, kernel // sane - 1)
    return node


def _float_convolution(chosen: Choices) -> Node:
    node = Node("FloatConv1d")
    inputs, outputs = chosen.between(1, CHANNELS), chosen.between(1, 20)
    kernel = chosen.between(1, KERNEL) | 1
    dilation = node.attributes["dilation"] = chosen.attribute(1, 6)
    if chosen.chance(2):
        node.attributes["slope"] = ODD_FLOATS[chosen.byte() % len(ODD_FLOATS)]
    node.put("x", chosen.floats(1, chosen.size(inputs), chosen.between(0, FRAMES)))
    shape = (chosen.size(outputs), chosen.size(inputs), chosen.size(kernel))
    node.put("w", chosen.floats(*shape), constant=True)
    node.put("bias", chosen.floats(chosen.size(outputs)), constant=True)
    _streamed(chosen, node, inputs, (kernel - 1) * dilation)
    return node


def _delay(chosen: Choices) -> Node:
    node = Node("Delay")
    channels = chosen.between(1, CHANNELS)
    delay = node.attributes["delay"] = chosen.attribute(1, 30)
    node.put("x", chosen.floats(1, chosen.size(channels), chosen.between(0, FRAMES)))
    past = delay if 0 < delay < 3000 else 1
    node.put("state", chosen.floats(1, chosen.size(channels), chosen.size(past)))
    _flags(chosen, node, needed=True)
    return node


def _norm(chosen: Choices) -> Node:
    node = Node("ChannelNorm", outputs=("y",))
    channels, frames = chosen.between(1, CHANNELS), chosen.between(0, FRAMES)
    node.attributes |= {"dilation": chosen.attribute(1, 6), "gelu": chosen.byte() % 2}
    if chosen.chance(3):
        node.attributes["epsilon"] = ODD_FLOATS[chosen.byte() % len(ODD_FLOATS)]
    node.put("x", chosen.floats(1, chosen.size(channels), frames))
    node.put("gamma", chosen.floats(chosen.size(channels)), constant=True)
    node.put("beta", chosen.floats(chosen.size(channels)), constant=True)
    if chosen.chance(2):
        kernel = chosen.between(1, KERNEL)
        node.put("w", chosen.floats(chosen.size(channels), kernel), constant=True)
        node.put("b", chosen.floats(chosen.size(channels)), constant=True)
        node.put("r", chosen.floats(1, channels, chosen.size(frames)) if kernel & 2 else None)
    return node


def _chunk_norm(chosen: Choices) -> Node:
    node = Node("ChunkNorm", outputs=("y", "late", "t"), domain=kernels.DOMAIN_2)
    channels, kernel = chosen.between(1, CHANNELS), chosen.between(1, KERNEL) | 1
    dilation = node.attributes["dilation"] = chosen.attribute(1, 6)
    node.put("x", chosen.floats(1, chosen.size(channels), chosen.between(0, FRAMES)))
    for name in ("gamma", "beta"):
        node.put(name, chosen.floats(chosen.size(channels)), constant=True)
    node.put("w", chosen.floats(chosen.size(channels), kernel), constant=True)
    node.put("b", chosen.floats(chosen.size(channels)), constant=True)
    past = (kernel - 1) * dilation if 0 <= dilation < 500 else 1
    node.put("state", chosen.floats(1, chosen.size(channels), chosen.size(past)))
    _flags(chosen, node, needed=True)
    return node


def _softmax(chosen: Choices) -> Node:
    node = Node("BandSoftmax", outputs=("y",))
    heads, frames = chosen.between(1, CHANNELS), chosen.between(0, 60)
    node.put("logits", chosen.floats(chosen.size(heads), chosen.size(frames), frames))
    band = chosen.between(0, 24)
    node.put("near", chosen.floats(chosen.size(heads), band, chosen.size(frames)))
    return node


def _spline(chosen: Choices) -> Node:
    node = Node("InverseSpline", outputs=("y",))
    frames = chosen.between(0, FRAMES)
    node.put("p", chosen.floats(1, chosen.size(3 * chosen.between(0, 12)), chosen.size(frames)))
    node.put("x", chosen.floats(1, 1, frames))
    return node


def _later(chosen: Choices, node: Node) -> Node:
    """The same with what the second domain has beyond the first."""
    node.domain = kernels.DOMAIN_2
    if chosen.chance(3):
        node.attributes["elu"] = chosen.attribute(0, 1)
    return node


def _activated(chosen: Choices, node: Node) -> Node:
    channels = node.constant["w"].shape[1]
    affine = chosen.chance(2)
    for name in ("mul", "add"):
        given = affine ^ chosen.chance(30)
        node.put(name, chosen.floats(chosen.size(channels)) if given else None, chosen.chance(4))
    snake = chosen.chance(2)
    node.put(
        "alpha", chosen.floats(chosen.size(channels)) if snake else None, not chosen.chance(9)
    )
    return _later(chosen, node)


def _later_convolution(chosen: Choices) -> Node:
    return _activated(chosen, _convolution(chosen))


def _later_transposed(chosen: Choices) -> Node:
    node = _activated(chosen, _transposed(chosen))
    if chosen.chance(2):
        node.attributes["left"] = chosen.attribute(0, 12)
    return node


def _later_float_convolution(chosen: Choices) -> Node:
    node = _later(chosen, _float_convolution(chosen))
    if chosen.chance(2):
        node.attributes["lookahead"] = chosen.attribute(0, 12)
    return node


def _time_norm(chosen: Choices) -> Node:
    node = Node("TimeNorm", domain=kernels.DOMAIN_2, outputs=("mul", "add"))
    channels = chosen.between(1, CHANNELS)
    if chosen.chance(3):
        node.attributes["epsilon"] = ODD_FLOATS[chosen.byte() % len(ODD_FLOATS)]
    node.put("x", chosen.floats(1, chosen.size(channels), chosen.between(0, FRAMES)))
    for name in ("scale", "shift"):
        node.put(name, chosen.floats(chosen.size(channels)), chosen.chance(4))
    return node


def _attention(chosen: Choices) -> Node:
    node = Node(
        "CachedAttention", domain=kernels.DOMAIN_2, outputs=("y", "next_keys", "next_values")
    )
    shared, groups, size = chosen.between(1, 2), chosen.between(1, 2), 8 * chosen.between(1, 4)
    rows, wide = chosen.between(0, 40), (shared * groups + 2 * shared) * size
    in_rows, capacity = chosen.byte() % 2, chosen.between(0, 90)
    node.attributes = {
        "heads": chosen.attribute(shared * groups, shared * groups),
        "kv_heads": chosen.attribute(shared, shared),
        "size": chosen.attribute(size, size),
        "window": chosen.attribute(0, 60),
        "rows": in_rows,
    }
    shape = (rows, wide) if in_rows else (wide, rows)
    node.put("x", chosen.floats(1, *map(chosen.size, shape)))
    for name in ("cos", "sin"):
        node.put(name, chosen.floats(chosen.size(capacity), size // 2), not chosen.chance(9))
    for name in ("keys", "values"):
        node.put(name, chosen.floats(1, shared, chosen.size(capacity), chosen.size(size)))
    last = chosen.attribute(rows - 1, capacity)
    node.put("last_row", np.array([last & 0xFFFFFFFF], np.uint32).view(np.int32))
    return node
