"""Write a small ONNX graph: named nodes, shared constants, the same bytes every time.

Only what the exporters need: no shape inference, no passes. Constants are initializers, stored
once however often they are used. Values are named after their node, so that an error of a
runtime points at the layer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

IR_VERSION = 8  # the oldest that opset 17 asks for; older runtimes refuse newer ones
END = np.iinfo(np.int64).max  # "to the end" for Slice

_ELEMENT_TYPES = {
    "float32": TensorProto.FLOAT,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
}


class GraphWriter:
    """Collects nodes and constants; `model()` gives the checked ModelProto."""

    def __init__(self, name: str, opset: int) -> None:
        self.name = name
        self.opset = opset
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[tuple[Any, ...], onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._names: set[str] = set()
        self.metadata: dict[str, str] = {}
        self.domains: dict[str, int] = {}  # of operators beyond ONNX's own, with versions

    @property
    def names(self) -> frozenset[str]:
        """Names of all values so far."""
        return frozenset(self._names)

    def input(self, name: str, dtype: str, shape: Sequence[int | str]) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, _ELEMENT_TYPES[dtype], shape))
        self._names.add(name)
        return name

    def output(self, value: str, name: str, dtype: str, shape: Sequence[int | str]) -> None:
        """Give `value` to the outside as `name`; the node that makes it is renamed to it."""
        for node in self._nodes:
            for i, made in enumerate(node.output):
                if made == value:
                    node.output[i] = name
            for i, used in enumerate(node.input):
                if used == value:
                    node.input[i] = name
        self._outputs.append(helper.make_tensor_value_info(name, _ELEMENT_TYPES[dtype], shape))

    def constant(self, array: npt.ArrayLike, name: str = "constant") -> str:
        """An initializer; equal arrays share one."""
        data = np.ascontiguousarray(array) if np.ndim(array) else np.asarray(array)
        digest = hashlib.blake2b(data.reshape(-1).view(np.uint8).data).digest()
        key = (data.dtype.str, data.shape, digest)
        if key not in self._initializers:
            self._initializers[key] = numpy_helper.from_array(data, self._fresh(name))
        return str(self._initializers[key].name)

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64), "ints")

    def node(self, op: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Append a node with one output and return the output's name."""
        return self.split_node(op, inputs, (name,), **attributes)[0]

    def split_node(
        self, op: str, inputs: Sequence[str], names: Sequence[str], **attributes: Any
    ) -> list[str]:
        """Append a node with several outputs and return their names; an empty one is left
        out."""
        outputs = [self._fresh(name) if name else "" for name in names]
        node = helper.make_node(op, list(inputs), outputs, name=outputs[0], **attributes)
        self._nodes.append(node)
        return outputs

    def slice(self, value: str, start: str, end: str, axis: int, name: str) -> str:
        return self.node("Slice", (value, start, end, self.ints(axis)), name)

    def last_node(self) -> onnx.NodeProto:
        return self._nodes[-1]

    def move_to_end(self, node: onnx.NodeProto) -> None:
        """Only for a node whose outputs nobody uses yet."""
        self._nodes = [other for other in self._nodes if other is not node] + [node]

    def is_used(self, value: str) -> bool:
        return any(value in node.input for node in self._nodes)

    def reached_from(self, values: Iterable[str]) -> set[str]:
        """`values`, the graph's outputs, and all that they are made from."""
        reached = {*values, *(output.name for output in self._outputs)}
        for node in reversed(self._nodes):
            if reached.intersection(node.output):
                reached.update(node.input)
        return reached

    def prune(self) -> None:
        """Remove the nodes, inputs and constants that no output of the graph needs."""
        reached = self.reached_from(())
        self._nodes = [node for node in self._nodes if reached.intersection(node.output)]
        self._inputs = [value for value in self._inputs if value.name in reached]
        self._initializers = {
            key: tensor for key, tensor in self._initializers.items() if tensor.name in reached
        }

    def model(self) -> onnx.ModelProto:
        """The model, passed through onnx's checker; nodes keep the order of writing."""
        graph = helper.make_graph(
            self._nodes, self.name, self._inputs, self._outputs, list(self._initializers.values())
        )
        model = helper.make_model(
            graph,
            opset_imports=[
                helper.make_opsetid(domain, version)
                for domain, version in {"": self.opset, **self.domains}.items()
            ],
            ir_version=IR_VERSION if self.opset < 20 else 9,
            producer_name="edge-voice",
        )
        helper.set_model_props(model, dict(sorted(self.metadata.items())))
        onnx.checker.check_model(model)
        return model

    def _fresh(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self._names:
            count += 1
            candidate = f"{name}_{count}"
        self._names.add(candidate)
        return candidate
