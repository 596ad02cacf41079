"""The gate, GELU and the float convolution of our operators, against numpy (2 s beside the
build)."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge import kernels
from tests.helpers.kernel_layers import Array, layer, load, session


@pytest.mark.parametrize("half, n", [(8, 48), (192, 43), (5, 100), (1, 3)])
def test_gate_is_tanh_times_sigmoid(library: Path, kernel_path: str, half: int, n: int) -> None:
    """Of the same outputs without a gate, within 4e-7, out to where both are flat."""
    _, constants = layer(half, 2 * half, 6, 5, 7)
    constants["scales"] *= np.float32(3)
    x = np.random.default_rng(n).normal(size=(1, 6, n)).astype(np.float32)
    plain = session(library, "QConv1d", constants, set(), tile=16).run(["y"], {"x": x})[0][0]
    y = session(library, "QConv1d", constants, set(), tile=16, gate=1).run(["y"], {"x": x})[0][0]
    a, b = np.split(plain.astype(np.float64), 2)
    np.testing.assert_allclose(y, np.tanh(a) / (1 + np.exp(-b)), rtol=0, atol=4e-7)
    assert np.abs(plain).max() > 10


def test_a_gate_passes_on_what_is_not_a_number(library: Path, kernel_path: str) -> None:
    _, constants = layer(5, 8, 4, 3, 7)
    x = np.full((1, 4, 30), np.nan, np.float32)
    node = session(library, "QConv1d", constants, set(), gate=1)
    assert np.isnan(node.run(["y"], {"x": x})[0]).all()


@pytest.mark.parametrize("n", [1, 16, 32, 48, 43, 200])
def test_gelu_is_that_of_the_plain_outputs(library: Path, kernel_path: str, n: int) -> None:
    """Within 5e-5, out to where it is flat; at the far ends nothing and all."""
    _, constants = layer(3, 20, 6, 5, 7)
    constants["scales"] *= np.float32(3)
    x = np.random.default_rng(n).normal(size=(1, 6, n)).astype(np.float32)
    plain = session(library, "QConv1d", constants, set(), tile=32).run(["y"], {"x": x})[0][0]
    y = session(library, "QConv1d", constants, set(), tile=32, gelu=1).run(["y"], {"x": x})[0][0]
    erf = np.vectorize(math.erf)(plain / np.sqrt(2.0))
    np.testing.assert_allclose(y, plain / 2 * (1 + erf), rtol=2e-5, atol=5e-5)


@pytest.mark.parametrize("attribute", ["gate", "gelu"])
def test_neither_a_gate_nor_gelu_takes_a_residual(library: Path, attribute: str) -> None:
    node = session(library, "QConv1d", layer(5, 8, 4, 3)[1], {"residual"}, **{attribute: 1})
    feeds = {name: np.zeros((1, 4, 9), np.float32) for name in ("x", "residual")}
    with pytest.raises(Exception, match="take no residual"):
        node.run(None, feeds)


@pytest.mark.parametrize("o, n, cuts", [(1, 1000, [3, 4, 260, 700]), (3, 5, [3]), (2, 256, [])])
def test_float_convolution_equals_numpy(
    library: Path, kernel_path: str, o: int, n: int, cuts: list[int]
) -> None:
    """Bit for bit, in the order that README.md gives, whole and in chunks of any length."""
    weights, constants = layer(o, o, 7, 7)
    x = np.random.default_rng(n).normal(size=(7, n)).astype(np.float32)
    node = float_session(library, weights, constants["bias"])
    padded = np.pad(np.maximum(x, x * np.float32(0.1)), ((0, 0), (3, 3)))
    expected = np.repeat(constants["bias"][:, None], n, axis=1)
    for c in range(7):
        for k in range(7):
            expected += weights[:, c, k, None] * padded[c, k : k + n]
    state, parts = np.zeros((1, 7, 6), np.float32), []
    for a, b in zip([0, *cuts], [*cuts, n], strict=True):
        flags = {"first": np.array(a == 0), "last": np.array(b == n)}
        y, state = node.run(None, {"x": x[None, :, a:b], "state": state, **flags})
        parts.append(y[0])
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), expected)


def float_session(library: Path, weights: Array, bias: Array) -> onnxruntime.InferenceSession:
    names = ["x", "weights", "bias", "state", "first", "last"]
    node = helper.make_node(
        "FloatConv1d", names, ["y", "next_state"], domain=kernels.DOMAIN, slope=0.1
    )
    number, flag = TensorProto.FLOAT, TensorProto.BOOL
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(n, number, [1, None, None]) for n in ("x", "state")]
        + [helper.make_tensor_value_info(n, flag, []) for n in ("first", "last")],
        [helper.make_tensor_value_info(n, number, None) for n in ("y", "next_state")],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    return load(graph, library, threads=1)
