"""The text encoder's operators against numpy, and its int8 form against float (15 s)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge import kernels
from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.original import read_original
from edge.bundler.export.piper.encoder import write_encoder
from edge.bundler.export.piper.fused_encoder import write_fused_encoder
from edge.bundler.export.piper.reader import read_weights
from edge.bundler.export.piper.spline import inverse_spline, spline_projection
from edge.bundler.quantize import Calibration, maker
from tests.helpers.kernel_layers import Array, load
from tests.helpers.piper_original import session
from tests.helpers.random_voices import VOICES, write_voice


def run(
    op: str, library: Path, inputs: dict[str, Array], constants: tuple[str, ...], **attributes: Any
) -> Array:
    """One node's output; inputs in its order, "-..." for one that is left out."""
    names = ["" if name.startswith("-") else name for name in inputs]
    node = helper.make_node(op, names, ["y"], domain=kernels.DOMAIN, **attributes)
    fed = {n: a for n, a in inputs.items() if n in names and n not in constants}
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None] * 3) for n in fed],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 3)],
        [numpy_helper.from_array(inputs[n], n) for n in constants],
    )
    return np.asarray(load(graph, library, 1).run(None, fed)[0])


@pytest.mark.parametrize("length", [1, 47, 48, 100])
def test_norm_with_all_around_it_equals_numpy(
    library: Path, kernel_path: str, length: int
) -> None:
    r = np.random.default_rng(length)
    x, after = r.standard_normal((2, 1, 20, length), np.float32)
    gamma, beta, bias = r.standard_normal((3, 20), np.float32)
    weights = r.standard_normal((20, 3), np.float32)
    inputs = {"x": x, "gamma": gamma, "beta": beta, "w": weights, "b": bias, "after": after}
    constants = ("gamma", "beta", "w", "b")
    made = run("ChannelNorm", library, inputs, constants, gelu=1, dilation=9, epsilon=1e-5)
    padded = np.pad(x[0].astype(np.float64), ((0, 0), (9, 9)))
    y = sum(padded[:, 9 * k : 9 * k + length] * weights[:, k : k + 1] for k in range(3))
    y += bias[:, None]
    y = (y - y.mean(0)) / np.sqrt(y.var(0) + 1e-5) * gamma[:, None] + beta[:, None]
    y = y * 0.5 * (1 + np.vectorize(math.erf)(y / math.sqrt(2))) + after[0]
    np.testing.assert_allclose(made[0], y, atol=2e-5)


@pytest.mark.parametrize("length", [1, 3, 16, 50])
def test_banded_softmax_equals_numpy(library: Path, kernel_path: str, length: int) -> None:
    """Also where the sentence is shorter than the band, and logits are far apart."""
    r = np.random.default_rng(length)
    logits = r.standard_normal((2, length, length), np.float32) * 30
    near = r.standard_normal((2, 9, length), np.float32) * 5
    made = run("BandSoftmax", library, {"logits": logits, "near": near}, ())
    wanted = logits.astype(np.float64)
    for row in range(length):
        for i in range(9):
            if 0 <= row + i - 4 < length:
                wanted[:, row, row + i - 4] += near[:, i, row]
    wanted = np.exp(wanted - wanted.max(2, keepdims=True))
    wanted /= wanted.sum(2, keepdims=True)
    np.testing.assert_allclose(made[:, :, :length], wanted, atol=1e-6)
    for row in range(length):
        for i in range(9):
            at = row + i - 4
            expected = made[:, row, at] if 0 <= at < length else 0
            np.testing.assert_array_equal(made[:, row, length + i], expected)


def test_spline_equals_the_plain_graph(library: Path, tmp_path: Path) -> None:
    """Inside, at the ends and in the tails, where it is the identity."""
    flow = read_weights(read_original(write_voice(VOICES["medium"], tmp_path)[0]))
    spline = flow.durations.flows[0]
    knots = spline_projection(spline)[0].shape[1] // 3
    r = np.random.default_rng(0)
    x = np.concatenate([np.linspace(-7, 7, 200), [-5, 5, 0]]).astype(np.float32)
    parameters = r.standard_normal((len(x), 3 * knots), np.float32) * 2
    parameters[:, [knots - 1, 2 * knots - 1]] = -1e30
    graph = GraphWriter("spline", 20)
    p = graph.input("p", "float32", ("T", 3 * knots))
    out = inverse_spline(graph, spline, p, graph.input("x", "float32", ("T", 1)), "s")
    graph.output(out, "y", "float32", ("T", 1))
    wanted = session(graph.model().SerializeToString()).run(
        None, {"p": parameters, "x": x[:, None]}
    )[0]
    inputs = {"p": parameters.T[None].copy(), "x": x[None, None]}
    made = run("InverseSpline", library, inputs, ())
    np.testing.assert_allclose(made[0, 0], wanted[:, 0], atol=2e-5)


@pytest.mark.parametrize("name", VOICES)
def test_the_recipe_keeps_what_any_voice_says(
    name: str, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One speaker or several; and equal seeds speak for equal times, but for a frame here and
    there."""
    monkeypatch.setenv("EDGE_KERNELS", str(library))
    original, _ = write_voice(VOICES[name], tmp_path)
    weights = read_weights(read_original(original))
    float_graph = write_encoder(weights)
    nothing = np.zeros((1, 1, 1), np.float32)  # the encoder learns from no sentence
    source, target = tmp_path / "encoder.onnx", tmp_path / "fused.onnx"
    source.write_bytes(float_graph.SerializeToString())
    maker("int8-fused")(source, target, Calibration((nothing,), 22_050, original=original))
    made = onnx.load(target)
    assert [v.name for v in made.graph.input] == [v.name for v in float_graph.graph.input]
    r = np.random.default_rng(1)
    feed: dict[str, Array] = {
        "ids": r.integers(1, len(weights.embedding), (1, 60)),
        "duration_noise": r.standard_normal((1, 2, 60), np.float32) * np.float32(0.8),
        "length_scale": np.ones(1, np.float32),
    }
    if weights.speakers is not None:
        feed["speaker"] = np.array([1])
    options = onnxruntime.SessionOptions()
    options.register_custom_ops_library(str(library))
    fused = onnxruntime.InferenceSession(target, options, providers=["CPUExecutionProvider"])
    wanted = session(float_graph.SerializeToString()).run(None, feed)
    means, scales, durations = fused.run(None, feed)
    for got, reference in ((means, wanted[0]), (scales, wanted[1])):
        assert np.linalg.norm(got - reference) < 0.05 * np.linalg.norm(reference)
    moved = np.abs(durations - wanted[2]).sum() / wanted[2].sum()
    print(f"moved {moved:.4f}")
    assert moved < 0.05


def test_the_writer_puts_no_float_matrix_where_int8_is_meant(tmp_path: Path) -> None:
    weights = read_weights(read_original(write_voice(VOICES["medium"], tmp_path)[0]))
    model = write_fused_encoder(weights, bits=8)
    kinds = [node.op_type for node in model.graph.node]
    pointwise = sum(len(flow.stack.layers) for flow in weights.durations.flows)
    assert kinds.count("QConv1d") == 4 * len(weights.attention) + 1 + pointwise
    assert "MatMulInteger" not in kinds and "LayerNormalization" not in kinds
