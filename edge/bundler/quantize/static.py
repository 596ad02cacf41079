"""int8 convolutions with calibrated scales: QLinearConv where a search finds that it pays.

QLinearConv is written out, not left to onnxruntime's fusion of QDQ pairs: pairs cannot say that
steps and zero points differ per channel (see grids.py), which halves the damage at no cost.
Codes are made before the Slice of a window, so the convolutions of a stage share them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from edge.bundler.export.original import attributes
from edge.bundler.quantize import grids, observe, sensitivity
from edge.bundler.quantize.recipe import (
    Activations,
    Added,
    Array,
    Calibration,
    RecipeLog,
    load,
    need,
    refuse,
    replace_initializers,
    replace_nodes,
    save,
    session,
)

_OFFSET: Mapping[Activations, int] = {"u8": 0, "s8": -128}
_TYPES: Mapping[Activations, npt.DTypeLike] = {"u8": np.uint8, "s8": np.int8}


def int8_static(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """The streaming decoder with as many int8 convolutions as keep calibration.log_mel_db."""
    calibration = need(calibration, "int8-static")
    plan = Plan(load(source), calibration, source.name)
    curve: tuple[Added, ...] = ()
    chosen = calibration.layers
    if chosen is None:
        curve = sensitivity.search(plan, calibration)
        chosen = tuple(step.layer for step in curve if step.kept)
    model = plan.quantized(chosen)
    session(model, f"int8-static {source.name}")
    size = save(model, target)
    kept = tuple(name for name in plan.work if name not in chosen)
    return RecipeLog("int8-static", source.stat().st_size, size, chosen, kept, curve)


class Plan:
    """Everything that is known before layers are chosen; `work`: name -> part of the work."""

    def __init__(self, model: onnx.ModelProto, calibration: Calibration, where: str) -> None:
        self.model = model
        self._activations: Activations = calibration.activations
        found = observe.layers(model)
        if not found:
            raise refuse(
                f"int8-static: {where}: no Conv without padding and with constant weights; "
                "the streaming decoder is expected"
            )
        seen = observe.observe(model, found, calibration)
        self._layers = {layer.name: layer for layer in found}
        amounts = {layer.name: observe.work(layer, seen) for layer in found}
        total = sum(amounts.values())
        self.work: Mapping[str, float] = {name: amount / total for name, amount in amounts.items()}
        self._grids: dict[str, grids.Grid] = {}
        self._rounded: dict[str, grids.Rounded] = {}
        users: dict[str, list[observe.Layer]] = {}
        for layer in found:
            users.setdefault(layer.source, []).append(layer)
        for value, layers in users.items():
            self._grids[value] = grids.input_grid(seen[value], layers)
        for layer in found:
            made = self._grids[f"{layer.output}.made"] = grids.output_grid(seen[layer.output])
            given, read = self._grids[layer.source], seen[layer.source]
            self._rounded[layer.name] = grids.rounded(
                layer, given, made.repeated(layer.stride), read
            )

    def quantized(self, chosen: Collection[str]) -> onnx.ModelProto:
        """The graph with the named layers in int8."""
        unknown = sorted(set(chosen) - set(self._layers))
        if unknown:
            raise refuse(f"int8-static: {unknown[0]} is no convolution that can be int8")
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        writer = _Writer(_OFFSET[self._activations], _TYPES[self._activations])
        for node in self.model.graph.node:
            layer = self._layers.get(node.name)
            if layer is None or node.name not in chosen:
                writer.nodes.append(node)
                continue
            codes = writer.codes(layer, self._grids[layer.source])
            made = self._grids[f"{layer.output}.made"]
            writer.convolution(layer, codes, self._rounded[layer.name], made)
        replace_nodes(model, _alive(writer.nodes, model))
        replace_initializers(model, writer.added)
        return model


class _Writer:
    def __init__(self, offset: int, dtype: npt.DTypeLike) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.added: dict[str, Array] = {
            "code.step": np.array(1.0, np.float32),
            "code.zero": np.array(0, dtype),
        }
        self._offset = offset
        self._dtype = dtype
        self._made: set[str] = set()

    def codes(self, layer: observe.Layer, grid: grids.Grid) -> str:
        value = f"{layer.source}.codes"
        if value not in self._made:
            flat = self._node(
                "Reshape",
                [layer.source, self._shape(layer.weight.shape[1], -1)],
                f"{value}.flat_in",
            )
            parameters = self._grid(value, grid)
            flat = self._node("QuantizeLinear", [flat, *parameters], f"{value}.flat", axis=0)
            self._unflatten(flat, layer.weight.shape[1], value, layer.weight.ndim)
        if layer.slice is None:
            return value
        cut = f"{layer.slice.output[0]}.codes"
        if cut not in self._made:
            self._node("Slice", [value, *layer.slice.input[1:]], cut)
        return cut

    def convolution(
        self, layer: observe.Layer, codes: str, rounded: grids.Rounded, made: grids.Grid
    ) -> None:
        name = layer.name
        self.added[f"{name}.int8"] = rounded.weight
        self.added[f"{name}.scale"] = rounded.scale
        self.added[f"{name}.zeros"] = np.zeros(len(rounded.scale), np.int8)
        # An int8 code is 128 lower, so the products lack 128 times the weights and the sum is
        # to be 128 steps lower.
        others = tuple(range(1, rounded.weight.ndim))
        shift = -self._offset * rounded.weight.astype(np.int64).sum(axis=others)
        lower = np.rint(self._offset / rounded.scale.astype(np.float64)).astype(np.int64)
        bias = np.clip(rounded.bias + shift + lower, -(2**31), 2**31 - 1)
        self.added[f"{name}.bias_int32"] = bias.astype(np.int32)
        step, zero = "code.step", "code.zero"
        weight = [f"{name}.int8", f"{name}.scale", f"{name}.zeros"]
        inputs = [codes, step, zero, *weight, step, zero, f"{name}.bias_int32"]
        given: dict[str, Any] = {"kernel_shape": list(layer.weight.shape[2:])}
        if layer.stride == 1:
            given |= attributes(layer.node)
        value = self._node("QLinearConv", inputs, f"{name}.codes", **given)
        value = self._interleaved(value, layer)
        shape = self._shape(len(made.step), -1)
        flat = self._node("Reshape", [value, shape], f"{name}.flat_codes")
        parameters = self._grid(f"{name}.out", made)
        flat = self._node("DequantizeLinear", [flat, *parameters], f"{name}.flat", axis=0)
        self._unflatten(flat, len(made.step), layer.output, layer.weight.ndim)

    def _interleaved(self, value: str, layer: observe.Layer) -> str:
        """(1, out * stride, [1,] time) as (out, time, stride)."""
        if layer.stride == 1:
            return value
        shape = self._shape(len(layer.weight) // layer.stride, layer.stride, -1)
        value = self._node("Reshape", [value, shape], f"{value}.phases")
        return self._node("Transpose", [value], f"{value}.interleaved", perm=[0, 2, 1])

    def _grid(self, name: str, grid: grids.Grid) -> list[str]:
        self.added[f"{name}.steps"] = grid.step.astype(np.float32)
        self.added[f"{name}.zeros"] = (grid.zero + self._offset).astype(self._dtype)
        return [f"{name}.steps", f"{name}.zeros"]

    def _unflatten(self, flat: str, channels: int, output: str, rank: int) -> None:
        shape = self._shape(1, channels, *[1] * (rank - 3), -1)
        self._node("Reshape", [flat, shape], output)

    def _shape(self, *sizes: int) -> str:
        name = "shape_" + "_".join(str(size) if size > 0 else "n" for size in sizes)
        self.added[name] = np.array(sizes, np.int64)
        return name

    def _node(self, op: str, inputs: list[str], output: str, **given: Any) -> str:
        self._made.add(output)
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **given))
        return output


def _alive(nodes: list[onnx.NodeProto], model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Without the nodes that nothing needs any more."""
    needed = {item.name for item in model.graph.output}
    kept = []
    for node in reversed(nodes):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    return kept[::-1]
