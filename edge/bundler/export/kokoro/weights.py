"""Read Kokoro's weights, by the names that training gave them.

They come from an ONNX export or from the checkpoint. An export in int8 keeps
`(q - zero) * scale` of most of them, and nothing better can be made of it; one in float32, or the
released checkpoint, has them whole. Weight norm is folded everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from edge.bundler.export.kokoro.torch_file import is_torch_file, read_torch_file
from edge.bundler.export.original import OriginalGraph, attributes, read_original, refuse

Array = npt.NDArray[Any]
Weights = Mapping[str, Array]
"""Name -> float32. A convolution's weight is (out, in, taps), a transposed one's (in, out, taps),
a linear layer's (out, in). An LSTM has W (directions, 4 H, in), R (directions, 4 H, H) and B
(directions, 8 H) with the gates in ONNX's order: input, output, forget, cell."""

_LAYERS = {"Conv", "ConvTranspose", "ConvInteger", "Gemm", "MatMul", "MatMulInteger"}
_LSTMS = {"LSTM", "DynamicQuantizeLSTM"}
_REPEATED = re.compile(r"_\d+$")
_TABLE = re.compile(r"\.weight(_quantized)?$")
_PARAMETER = re.compile(r"\.(bias|gamma|beta|weight|alpha[12]\.\d+)$")
_PREDICTOR = re.compile(r"(F0|N)(\.\d+|_proj)(\.|$)|shared(\.|$)")
"""Modules of the predictor that its exporter met outside of it."""
_TORCH_GATES = (0, 3, 1, 2)
"""Where torch has ONNX's gates: torch writes input, forget, cell, output."""


def read_weights(path: Path) -> dict[str, Array]:
    """Read a model file. Raises ExportFailed where it is neither a checkpoint nor an export of
    this family."""
    if is_torch_file(path):
        found = _of_checkpoint(read_torch_file(path))
    else:
        found = _of_export(read_original(path))
    for name in ("bert_encoder.bias", "decoder.generator.conv_post.weight", "text_encoder.lstm.W"):
        if name not in found:
            raise refuse(f"{path}: no weights {name!r}: this is not a Kokoro voice")
    return _without_norms(found)


def _of_export(graph: OriginalGraph) -> dict[str, Array]:
    found = {}
    for name in graph.uses:
        if _PARAMETER.search(name) and not name.startswith("onnx::"):
            value = graph.constant(name)
            if value is not None and value.dtype == np.float32:
                found[_module(name.split("."))] = value
    for node in graph.nodes:
        module = _path(node)
        if node.op_type in _LAYERS and f"{module}.weight" not in found:
            weight = _weight(graph, node)
            if weight is not None:
                found[f"{module}.weight"] = weight
        elif node.op_type in _LSTMS:
            found.update((f"{module}.{part}", value) for part, value in _lstm(graph, node))
        elif node.op_type == "Gather" and _TABLE.search(node.input[0]):
            table = _dequantized(graph, node.input[0])
            if table is not None:
                name = node.input[0].removesuffix("_quantized")
                found[_module(name.split("."))] = table
    return found


def _path(node: onnx.NodeProto) -> str:
    """Name the module whose forward wrote a node; one that ran again has a number."""
    parts = [_REPEATED.sub("", part) for part in node.name.strip("/").split("/")[:-1]]
    kept = [
        part
        for i, part in enumerate(parts)
        if i + 1 == len(parts) or not parts[i + 1].startswith(f"{part}.")
    ]
    return _module(kept)


def _module(parts: list[str]) -> str:
    """Join the parts of a name without the exporter's two outermost modules."""
    name = ".".join(parts[1:] if parts[:1] in (["encoder"], ["decoder"], ["kmodel"]) else parts)
    return f"predictor.{name}" if _PREDICTOR.match(name) else name


def _weight(graph: OriginalGraph, node: onnx.NodeProto) -> Array | None:
    place = 1 if graph.constant(node.input[1]) is not None else 0
    weight = _dequantized(graph, node.input[place])
    if weight is None or weight.ndim < 2:
        return None  # a product of two values
    transposed = node.op_type == "Gemm" and attributes(node).get("transB", 0)
    if weight.ndim == 2 and not transposed:
        weight = np.ascontiguousarray(weight.T)
    return weight


def _dequantized(graph: OriginalGraph, name: str) -> Array | None:
    value = graph.constant(name)
    if value is None or value.dtype == np.float32:
        return value
    stem = name.removesuffix("_quantized")
    scale = graph.constant(f"{stem}_scale")
    if scale is None:
        raise refuse(f"{graph.where}: {name!r} is {value.dtype} without a scale")
    zero = _zero_point(graph, name)
    shape = (1,) * (value.ndim - 1) + (-1,) if scale.size > 1 else ()
    centered = value.astype(np.int32) - zero.astype(np.int32).reshape(
        shape if zero.size > 1 else ()
    )
    weight: Array = centered.astype(np.float32) * scale.astype(np.float32).reshape(shape)
    return weight


def _zero_point(graph: OriginalGraph, name: str) -> Array:
    """Find the zero point that a node uses with a weight; its name may be another weight's."""
    for node in graph.uses[name]:
        if node.op_type in ("MatMulInteger", "ConvInteger"):
            value = graph.constant(node.input[3]) if len(node.input) > 3 else np.zeros((), np.int8)
        elif node.op_type == "Gather":
            user = graph.uses[node.output[0]][0]
            value = graph.constant(user.input[2]) if len(user.input) > 2 else np.zeros((), np.int8)
        else:
            continue
        if value is not None:
            return value
    raise refuse(f"{graph.where}: {name!r} has no zero point that is known")


def _lstm(graph: OriginalGraph, node: onnx.NodeProto) -> Iterator[tuple[str, Array]]:
    bias = graph.constant(node.input[3])
    for place, part in ((1, "W"), (2, "R")):
        value = graph.constant(node.input[place])
        if value is None or bias is None:
            raise refuse(f"{graph.where}: {node.name!r} has weights that are not constant")
        if node.op_type == "DynamicQuantizeLSTM":  # (directions, in, 4 H), a scale per direction
            scale, zero = (graph.constant(node.input[6 + 2 * place + i]) for i in (0, 1))
            if scale is None or zero is None:
                raise refuse(f"{graph.where}: {node.name!r} has no constant scales")
            parts = (x.reshape(len(value), 1, -1) for x in (scale, zero.astype(np.int32)))
            scale, zero = parts
            value = ((value.astype(np.int32) - zero) * scale).astype(np.float32)
            value = value.transpose(0, 2, 1)
        yield part, np.ascontiguousarray(value, np.float32)
    assert bias is not None  # asked above
    yield "B", bias


def _of_checkpoint(tensors: Mapping[str, Array]) -> dict[str, Array]:
    tensors = {name.replace(".module.", "."): value for name, value in tensors.items()}
    found: dict[str, Array] = {}
    for name, value in tensors.items():
        stem = name.rpartition(".")[0]
        if name.endswith(".weight_v"):
            if f"{stem}.weight_g" not in tensors:
                raise refuse(f"the checkpoint has {name!r} without its length, weight_g")
            length = np.sqrt((value.astype(np.float64) ** 2).sum((1, 2), keepdims=True))
            gain = tensors[f"{stem}.weight_g"]
            found[f"{stem}.weight"] = (gain * (value / length)).astype(np.float32)
        elif name.endswith(".weight_ih_l0"):
            found.update(_torch_lstm(tensors, stem))
        elif not name.endswith((".weight_g", "_l0", "_l0_reverse", "position_ids")):
            found[name] = value.astype(np.float32)
    return found


def _torch_lstm(tensors: Mapping[str, Array], stem: str) -> dict[str, Array]:
    def gates(part: str) -> Array:
        value = tensors[f"{stem}.{part}"]
        quarters = np.split(value, 4)
        return np.concatenate([quarters[i] for i in _TORCH_GATES]).astype(np.float32)

    ends = ("l0", "l0_reverse")
    biases = [np.concatenate([gates(f"bias_ih_{e}"), gates(f"bias_hh_{e}")]) for e in ends]
    return {
        f"{stem}.W": np.stack([gates(f"weight_ih_{e}") for e in ends]),
        f"{stem}.R": np.stack([gates(f"weight_hh_{e}") for e in ends]),
        f"{stem}.B": np.stack(biases),
    }


def _without_norms(found: dict[str, Array]) -> dict[str, Array]:
    """Fold the scale and offset that an instance norm may have of its own into the style's layer:
    (1 + gamma) (w x + b) + beta."""
    for name in [
        n for n in found if n.endswith(".norm.weight") and n[:-12] + ".fc.weight" in found
    ]:
        stem = name.removesuffix(".norm.weight")
        w, b = found.pop(name), found.pop(f"{stem}.norm.bias")
        gamma, beta = np.split(found[f"{stem}.fc.weight"], 2)
        gamma0, beta0 = np.split(found[f"{stem}.fc.bias"], 2)
        found[f"{stem}.fc.weight"] = np.concatenate(
            [gamma * w[:, None], beta + gamma * b[:, None]]
        )
        found[f"{stem}.fc.bias"] = np.concatenate([w * (1 + gamma0) - 1, beta0 + b * (1 + gamma0)])
    return found
