"""Read somebody's ONNX file with limits, and answer questions about its structure.

The file comes from outside: its size is checked before it is parsed, every tensor's declared
shape against the bytes that are really there before it is used, and tensors kept in other
files are refused, so reading needs no more memory than a few times the file's size.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from edge.errors import ExportFailed

MAX_MODEL_BYTES = 512 << 20  # the largest public voice of the family has 114 MB
MAX_NODES = 100_000  # a medium voice has 2,755
_MAX_FOLDED_NODES = 64  # weight norm takes about eight

_Array = npt.NDArray[Any]
_FOLDABLE = {
    *("Abs", "Add", "Cast", "Clip", "Constant", "Div", "Exp", "Identity", "Mul", "Neg", "Pow"),
    *("ReduceL2", "ReduceSum", "Reshape", "Sqrt", "Squeeze", "Sub", "Transpose", "Unsqueeze"),
}
_ANOTHER_FILE = "Take the voice's original file again, or another voice of a supported family."


def refuse(message: str, remedy: str = _ANOTHER_FILE) -> ExportFailed:
    return ExportFailed(message, remedy)


class OriginalGraph:
    """A parsed model: its nodes, who makes and who uses each value, and its constants."""

    def __init__(self, model: onnx.ModelProto, where: str) -> None:
        self.where = where
        self.nodes: list[onnx.NodeProto] = list(model.graph.node)
        self.inputs = {
            value.name: value
            for value in model.graph.input
            if value.name not in {tensor.name for tensor in model.graph.initializer}
        }
        self.metadata = {entry.key: entry.value for entry in model.metadata_props}
        self.producer = {output: node for node in self.nodes for output in node.output if output}
        self.uses: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in node.input:
                self.uses.setdefault(name, []).append(node)
        self._tensors = {tensor.name: tensor for tensor in model.graph.initializer}
        self._values: dict[str, _Array | None] = {}
        self._opsets = list(model.opset_import)

    def constant(self, name: str) -> _Array | None:
        """The value of `name` if it does not depend on the inputs, else None.

        Computes what an exporter left unfolded, such as weight norm (g * v / |v|). Raises
        ExportFailed where that cannot be computed.
        """
        if name not in self._values:
            try:
                self._values[name] = self._compute(name)
            except Exception as error:  # onnx's own evaluator raises whatever it stumbles over
                node = self.producer.get(name)
                what = describe(node) if node is not None else f"initializer {name!r}"
                raise refuse(f"{self.where}: {what} cannot be computed: {error}") from None
        return self._values[name]

    def _compute(self, name: str) -> _Array | None:
        if name in self._tensors:
            return numpy_helper.to_array(self._tensors[name])
        nodes: list[onnx.NodeProto] = []
        leaves: dict[str, onnx.TensorProto] = {}
        waiting = [name]
        while waiting:
            value = waiting.pop()
            if value in self._tensors:
                leaves[value] = self._tensors[value]
                continue
            node = self.producer.get(value)
            if node is None or node.op_type not in _FOLDABLE or len(nodes) >= _MAX_FOLDED_NODES:
                return None
            if node not in nodes:  # once, or a graph that runs in a circle never ends
                nodes.append(node)
                waiting.extend(used for used in node.input if used and used not in leaves)
        kept = [node for node in self.nodes if node in nodes] if len(nodes) > 1 else nodes
        graph = helper.make_graph(
            kept,
            "constant",
            [],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)],
            list(leaves.values()),
        )
        folded = helper.make_model(graph, opset_imports=self._opsets)
        try:
            results: Any = ReferenceEvaluator(folded).run(None, {})
        except Exception as error:  # of the file's making: any operator may raise anything
            raise refuse(f"{self.where}: {name!r} cannot be computed: {error}") from None
        return np.asarray(results[0])

    def source(self, name: str) -> onnx.NodeProto | None:
        return self.producer.get(name)


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in node.attribute:
        found[str(item.name)] = helper.get_attribute_value(item)
    return found


def describe(node: onnx.NodeProto) -> str:
    return f"{node.op_type} node {node.name or node.output[0]!r}"


def read_original(path: Path) -> OriginalGraph:
    """Parse `path`; raises ExportFailed if it is not an ONNX model that is safe to use."""
    try:
        size = path.stat().st_size
        if size > MAX_MODEL_BYTES:
            raise refuse(f"{path}: {size} bytes, the limit is {MAX_MODEL_BYTES}")
        raw = path.read_bytes()
    except OSError as error:
        raise refuse(f"{path}: {error.strerror}", "Check the path.") from None
    model = onnx.ModelProto()
    try:
        model.ParseFromString(raw)
    except DecodeError:
        raise refuse(f"{path}: not an ONNX model, or cut short ({size} bytes)") from None
    graph = model.graph
    if not graph.node or not graph.output or not model.opset_import:
        raise refuse(f"{path}: not an ONNX model: no nodes, outputs or opset in {size} bytes")
    if len(graph.node) > MAX_NODES:
        raise refuse(f"{path}: {len(graph.node)} nodes, the limit is {MAX_NODES}")
    for tensor in graph.initializer:
        _check_tensor(tensor, f"{path}: initializer {tensor.name!r}")
    for node in graph.node:
        if not node.output:
            raise refuse(f"{path}: {node.op_type} node {node.name!r} has no output")
        for item in node.attribute:
            if item.HasField("t"):
                _check_tensor(item.t, f"{path}: {describe(node)}")
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise refuse(f"{path}: not a valid ONNX model: {reason}") from None
    return OriginalGraph(model, str(path))


def _check_tensor(tensor: onnx.TensorProto, where: str) -> None:
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        place = next((item.value for item in tensor.external_data if item.key == "location"), "?")
        raise refuse(f"{where}: its data is in another file, {place!r}; one file is expected")
    if any(size < 0 for size in tensor.dims):
        raise refuse(f"{where}: negative size in shape {list(tensor.dims)}")
    count = math.prod(tensor.dims)
    try:
        item_bytes = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
    except (KeyError, TypeError):
        raise refuse(f"{where}: unknown element type {tensor.data_type}") from None
    if tensor.HasField("raw_data"):
        held = len(tensor.raw_data) // item_bytes
    else:
        fields = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data")
        held = sum(len(getattr(tensor, field)) for field in fields) + len(tensor.string_data)
    if held != count:
        raise refuse(
            f"{where}: shape {list(tensor.dims)} needs {count} values, the file has {held}"
        )
