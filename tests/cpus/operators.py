"""Every integer operator of the stock recipes as a graph of its own, with the input for which its
sums are the highest: what a CPU must get right to speak as the builder heard.
"""

from __future__ import annotations

import dataclasses
import functools
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.piper import export_piper
from edge.bundler.quantize import Calibration, maker
from edge.bundler.quantize.observe import layers
from edge.bundler.quantize.recipe import constants
from tests.helpers.random_voices import VoiceShape, write_voice

Array = npt.NDArray[Any]
SHAPE = VoiceShape(hidden=96, inter=32, filter=64, initial=64, flows=1)
OPERATORS = ("MatMulInteger", "QLinearConv", "MatMulNBits")
CONTROL = "control-"
"""Beginning of the names of the products by weights of 8 bits, which no recipe makes."""


def quantized(folder: Path) -> dict[str, onnx.ModelProto]:
    """Make random weights small in `folder` by every stock int8 recipe; returns them by name."""
    matrix(folder / "matrix.onnx", "layers.0.mlp.up_proj")
    matrix(folder / "delicate.onnx", "layers.0.mlp.down_proj")
    written = export_piper(*write_voice(SHAPE, folder, seed=3), folder, ExportLog())
    decoder = written["decoder-stream"]
    names = tuple(layer.name for layer in layers(onnx.load(decoder)))
    latent = np.random.default_rng(1).standard_normal((1, 32, 60), np.float32)
    learnt = Calibration((latent,), rate=22_050, layers=names)
    large = functools.partial(maker, large=True)
    plans = {
        "int8-dynamic": (maker("int8-dynamic"), folder / "matrix.onnx", None),
        "int8-static, u8": (maker("int8-static"), decoder, learnt),
        "int8-static, s8": (
            maker("int8-static"),
            decoder,
            dataclasses.replace(learnt, activations="s8"),
        ),
        "int8-dynamic of cosyvoice3": (
            large("int8-dynamic"),
            folder / "matrix.onnx",
            None,
        ),
        "int4 of cosyvoice3": (large("int4"), folder / "matrix.onnx", None),
        "int4 of cosyvoice3, delicate": (
            maker("int4", large=True),
            folder / "delicate.onnx",
            None,
        ),
    }
    made = {}
    for name, (recipe, source, given) in plans.items():
        recipe(source, folder / "made.onnx", given)
        made[name] = onnx.load(folder / "made.onnx")
    return made


def matrix(path: Path, layer: str) -> None:
    """One product by 256 x 96 weights, a column of which is all peaks."""
    weight = np.random.default_rng(3).standard_normal((256, 96)).astype(np.float32)
    weight[:, 0], weight[:, 1] = 1.0, -1.0
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name=f"{layer}/MatMul")
    save_one(path, node, {"w": weight}, ("x", TensorProto.FLOAT, ["n", 256]), TensorProto.FLOAT)


def save_one(
    path: Path,
    node: onnx.NodeProto,
    held: Mapping[str, Array],
    given: tuple[str, int, list[Any]],
    made: int,
) -> None:
    """Write a graph of one node, with one input and one output."""
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(*given)],
        [helper.make_tensor_value_info(node.output[0], made, [None] * len(given[2]))],
        [numpy_helper.from_array(value, name) for name, value in held.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), str(path))


def alone(model: onnx.ModelProto, folder: Path, name: str) -> dict[str, Array]:
    """Write every integer operator of `model` as a graph of its own, with the input for which its
    sums are the highest; returns by file what it must give."""
    held, wanted = constants(model), {}
    for node in model.graph.node:
        if node.op_type not in OPERATORS:
            continue
        key = f"{name} {len(wanted)}"
        weights = {value: held[value] for value in node.input if value in held}
        if node.op_type == "MatMulInteger":
            x, wanted[key] = worst_product(weights[node.input[1]])
            zero = node.input[2]
            weights[zero] = np.array(0, np.uint8)
            kinds = TensorProto.UINT8, TensorProto.INT32
        elif node.op_type == "QLinearConv":
            zero = weights[node.input[2]]
            x, wanted[key] = worst_convolution(node, weights, zero.dtype)
            kinds = (helper.np_dtype_to_tensor_dtype(zero.dtype),) * 2
        else:
            bits = next(a.i for a in node.attribute if a.name == "bits")
            packed, scale = (weights[value] for value in node.input[1:3])
            x, wanted[key] = worst_blocks(packed, scale, bits)
            kinds = (TensorProto.FLOAT,) * 2
        shape = [None] * x.ndim
        save_one(folder / f"{key}.onnx", node, weights, (node.input[0], kinds[0], shape), kinds[1])
        np.save(folder / f"{key}.npy", x)
        if x.ndim == 2:  # one row alone has kernels of its own
            wanted[f"{key}-row"] = wanted[key][:1]
            shutil.copyfile(folder / f"{key}.onnx", folder / f"{key}-row.onnx")
            np.save(folder / f"{key}-row.npy", x[:1])
    return wanted


def worst_product(weight: Array) -> tuple[Array, Array]:
    """Rows of the highest code where a column's weights are positive, or negative, else zero; and
    random ones."""
    signs = np.concatenate([weight.T[:8] > 0, weight.T[:8] < 0])
    random = np.random.default_rng(5).integers(0, 256, (5, len(weight)))
    x = np.concatenate([255 * signs, random]).astype(np.uint8)
    return x, (x.astype(np.int64) @ weight.astype(np.int64)).astype(np.int32)


def worst_convolution(
    node: onnx.NodeProto, held: Mapping[str, Array], kind: npt.DTypeLike
) -> tuple[Array, Array]:
    """The same for each output's taps. The scales and the bias are of the recipe, in float32 and
    int32 as the operator has them."""
    weight, bias = held[node.input[3]].astype(np.int64), held[node.input[8]].astype(np.int64)
    scale = held[node.input[4]]
    given = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    apart = given.get("dilations", [1])[-1]
    flat = weight.reshape(*weight.shape[:2], -1)  # one row of time: a kernel of 1 x n is n
    taps = np.repeat(flat[:8], apart, axis=2)
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    parts = [np.where(side, high, low) for tap in taps for side in (tap > 0, tap < 0)]
    x = np.concatenate(parts, axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(x, (flat.shape[2] - 1) * apart + 1, axis=1)
    sums = np.einsum("oik,itk->ot", flat, windows[:, :, ::apart]) + bias[:, None]
    exact = np.rint(sums.astype(np.float32) * scale[:, None])
    shape = (1, len(x), *[1] * (weight.ndim - 3), -1)
    wanted = np.clip(exact, low, high).astype(kind)
    return x.astype(kind).reshape(shape), wanted.reshape(1, len(flat), *shape[2:])


def worst_blocks(packed: Array, scale: Array, bits: int) -> tuple[Array, Array]:
    """Activations of one size and sign, and zeros: their 8-bit codes are exact whether a CPU's
    kernel quantizes them about zero, as on x86, or in their own range, as KleidiAI on ARM."""
    columns, blocks = scale.shape[0], scale.size // scale.shape[0]
    packed = packed.reshape(columns, blocks, -1).astype(np.int64)
    if bits == 4:
        packed = np.stack([packed & 15, packed >> 4], axis=-1).reshape(columns, blocks, -1)
    codes = packed - (1 << (bits - 1))
    weight = (codes * scale.reshape(columns, blocks, 1)).reshape(columns, -1)
    signs = np.concatenate([weight[:8] > 0, weight[:8] < 0])
    x = np.concatenate([signs, -1 * signs]).astype(np.float32)
    return x, x.astype(np.float64) @ weight.T


def write_operators(made: Mapping[str, onnx.ModelProto], folder: Path) -> dict[str, Array]:
    """Write the operators of every model, and CONTROL products, into `folder` for
    `python -m tests.cpus.run_graphs`; returns by name what each must give."""
    wanted: dict[str, Array] = {}
    for name, model in made.items():
        wanted |= alone(model, folder, name)
    weight = np.where(np.random.default_rng(6).random((256, 96)) < 0.5, -127, 127)
    for kind in (np.int8, np.uint8):
        name = f"{CONTROL}{np.dtype(kind).name}"
        shifted = (weight + (128 if kind is np.uint8 else 0)).astype(kind)
        node = helper.make_node("MatMulInteger", ["x", "w", "x0"], ["y"])
        graph = helper.make_graph([node], "g", [], [], [numpy_helper.from_array(shifted, "w")])
        wanted |= alone(helper.make_model(graph), folder, name)
    return wanted


def check_exact(wanted: Mapping[str, Array], given: Mapping[str, Array]) -> None:
    """Hold what a CPU gave against what every recipe must give."""
    tried = set()
    for name, exact in wanted.items():
        if name.startswith(CONTROL):
            continue
        tried.add(name.rpartition(" ")[0])
        if exact.dtype == np.float64:  # of four bits, whose sums end in float32
            np.testing.assert_allclose(given[name], exact, rtol=1e-5, atol=1e-4, err_msg=name)
        else:
            np.testing.assert_array_equal(given[name], exact, err_msg=name)
    assert len(tried) == 6
