"""What our operators do to their input on load, and their cut on the left, against numpy (some
seconds beside the build)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge import kernels
from tests.helpers.kernel_layers import Array, layer, load, session
from tests.kernels.test_kernels import reference


def alone(library: Path, **given: Any) -> onnxruntime.InferenceSession:
    """One channel through a weight of 1, with a scale for each value: the activation, to a bit."""
    one = np.ones(1, np.float32)
    constants: dict[str, Array] = {
        "weights": np.ones((1, 1, 1), np.int8),
        "scales": one,
        "bias": one * 0,
    }
    arrays = {n: v for n, v in given.items() if isinstance(v, np.ndarray)}
    attributes = {n: v for n, v in given.items() if n not in arrays}
    node = session(
        library,
        "QConv1d",
        constants | arrays,
        set(),
        domain=kernels.DOMAIN_2,
        tile=1,
        **attributes,
    )
    return node


def run(node: onnxruntime.InferenceSession, x: Array) -> Array:
    return np.asarray(node.run(["y"], {"x": x[None, None]})[0][0, 0])


VALUES = np.concatenate(
    [sign * np.geomspace(1e-12, 90, 4000) for sign in (1, -1)] + [np.linspace(-12, 12, 4001)]
).astype(np.float32)


def test_elu_is_numpys(library: Path, kernel_path: str) -> None:
    """Within 4e-7 of its size, however small: expm1, not exp less one."""
    exact = np.where(VALUES > 0, VALUES, np.expm1(VALUES.astype(np.float64)))
    made = run(alone(library, elu=1), VALUES)
    np.testing.assert_allclose(made, exact, rtol=4e-7, atol=1e-30)


@pytest.mark.parametrize("alpha", [0.05, 1.0, 7.3, -2.0])
def test_snake_is_numpys(library: Path, kernel_path: str, alpha: float) -> None:
    """Within what the rounding of alpha * v leaves of an angle, and 4e-7 of a turn's height."""
    values = VALUES[np.abs(VALUES) < 12].astype(np.float64)
    exact = values + np.sin(np.float32(alpha) * values) ** 2 / np.float32(alpha)
    made = run(alone(library, alpha=np.array([alpha], np.float32)), values.astype(np.float32))
    bound = 4e-7 / abs(alpha) + 6e-7 * np.abs(values)
    assert (np.abs(made - exact) <= bound).all()


@pytest.mark.parametrize("value", [3e4, 1e7, 1e20, 3e38])
def test_snake_of_what_has_no_parts_of_a_turn_stays_near(
    library: Path, kernel_path: str, value: float
) -> None:
    x = np.array([value, -value], np.float32)
    made = run(alone(library, alpha=np.array([0.5], np.float32)), x)
    assert (np.abs(made - x) <= 2.0001 + np.abs(x) * 3e-7).all()


def test_minus_infinity_is_minus_one_to_elu_and_no_number_is_none(
    library: Path, kernel_path: str
) -> None:
    x = np.array([-np.inf, np.inf, np.nan, -1.0], np.float32)
    made = run(alone(library, elu=1), x)
    assert made[0] == -1 and np.isnan(made[1:3]).all() and -0.7 < made[3] < -0.6


def activated(x: Array, given: dict[str, Array], attributes: dict[str, Any]) -> Array:
    """`x` [C, n] on load, in float64 but for the affine, whose two roundings are float32's."""
    if "mul" in given:
        x = x * given["mul"][:, None] + given["add"][:, None]
    exact = x.astype(np.float64)
    if attributes.get("elu"):
        exact = np.where(exact > 0, exact, np.expm1(exact))
    elif "alpha" in given:
        alpha = given["alpha"][:, None].astype(np.float64)
        exact = exact + np.sin(alpha * exact) ** 2 / alpha
    else:
        exact = np.maximum(exact, exact * attributes.get("slope", 1.0))
    return np.asarray(exact, np.float32)


@pytest.mark.parametrize("curve", ["elu", "alpha", "slope"])
@pytest.mark.parametrize("affine", [False, True], ids=["plain", "affine"])
def test_a_convolution_of_what_was_activated(
    library: Path, kernel_path: str, curve: str, affine: bool
) -> None:
    """As near to numpy's as a last step of 254; with zeros around it, not `add`."""
    rng = np.random.default_rng(7)
    _, constants = layer(7, 24, 20, 5, 7)
    attributes: dict[str, Any] = {"dilation": 2, "tile": 48}
    attributes |= {"elu": {"elu": 1}, "slope": {"slope": 0.1}, "alpha": {}}[curve]
    x = rng.normal(size=(20, 150)).astype(np.float32)
    given: dict[str, Array] = {}
    if affine:
        given = {n: rng.uniform(0.5, 3, 20).astype(np.float32) for n in ("mul", "add")}
    if curve == "alpha":
        constants["alpha"] = rng.uniform(0.2, 4, 20).astype(np.float32)
    node = session(library, "QConv1d", constants, {*given}, domain=kernels.DOMAIN_2, **attributes)
    made = node.run(["y"], {"x": x[None], **given})[0][0]
    weights, scales, bias = (constants[n] for n in ("weights", "scales", "bias"))
    active = activated(x, given | constants, attributes)
    expected = reference(active, weights, scales, bias, dilation=2, tile=48)
    step = float(np.ptp(active)) / 254 * 63 * float(scales.max())
    assert np.abs(made - expected).max() <= 3 * step
    assert np.mean(made != expected) < 0.2 or np.abs(made - expected).mean() < step / 50


@pytest.mark.parametrize("stride, taps", [(4, 2), (5, 2), (6, 2), (10, 2), (8, 3), (12, 3)])
def test_a_transposed_convolution_without_look_ahead(
    library: Path, kernel_path: str, stride: int, taps: int
) -> None:
    """The first n * stride outputs of the whole, whatever the cut into chunks of 16, and every
    position of an odd channel count finds its place."""
    rng = np.random.default_rng(stride)
    k, n, o = stride * taps, 80, 7
    weights = rng.integers(-63, 64, (o, 10, k)).astype(np.int8)
    x = rng.integers(0, 128, (10, n)).astype(np.float32)
    x[0, ::8] = 254  # every tile's range is 0..254, in steps of 1
    ones = np.ones(o, np.float32)
    constants: dict[str, Array] = {"weights": weights, "scales": ones, "bias": ones * 0}
    expected = np.zeros((o, n * stride + k), np.float64)
    for i in range(n):
        expected[:, i * stride : i * stride + k] += np.einsum("ock,c->ok", weights, x[:, i])
    given: dict[str, Any] = {"stride": stride, "left": 0, "tile": 16}
    whole = session(
        library, "QConvTranspose1d", constants, set(), domain=kernels.DOMAIN_2, **given
    )
    np.testing.assert_array_equal(
        whole.run(["y"], {"x": x[None]})[0][0], expected[:, : n * stride]
    )
    streamed = session(
        library,
        "QConvTranspose1d",
        constants,
        {"state", "first", "last"},
        domain=kernels.DOMAIN_2,
        **given,
    )
    state, parts = np.zeros((1, 10, taps - 1), np.float32), []
    for a, b in zip([0, 16, 32, 64], [16, 32, 64, n], strict=True):
        flags = {"first": np.array(a == 0), "last": np.array(b == n)}
        y, state = streamed.run(None, {"x": x[None, :, a:b], "state": state, **flags})
        assert y.shape[2] == (b - a) * stride
        parts.append(y[0])
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), expected[:, : n * stride])


@pytest.mark.parametrize("left, stride, k", [(0, 5, 10), (5, 5, 10), (3, 4, 8), (1, 3, 9)])
def test_any_cut_on_the_left(library: Path, left: int, stride: int, k: int) -> None:
    """`left` outputs fewer at the beginning, and as many more at the end."""
    _, constants = layer(3, 6, 8, k)
    x = np.random.default_rng(1).normal(size=(1, 8, 30)).astype(np.float32)
    made = {
        cut: session(
            library, "QConvTranspose1d", constants, set(), domain=kernels.DOMAIN_2,
            stride=stride, left=cut, tile=40,
        ).run(["y"], {"x": x})[0]
        for cut in (0, left)
    }  # fmt: skip
    assert made[left].shape[2] == 30 * stride
    kept = made[0][:, :, left:]
    np.testing.assert_array_equal(made[left][:, :, : kept.shape[2]], kept)


def test_a_float_convolution_without_look_ahead(library: Path, kernel_path: str) -> None:
    """The last layer of a causal decoder: ELU, zeros on the left, any chunks."""
    rng = np.random.default_rng(2)
    weights, bias = rng.normal(size=(1, 5, 3)).astype(np.float32), np.zeros(1, np.float32)
    x = rng.normal(size=(5, 300)).astype(np.float32)
    number, flag = TensorProto.FLOAT, TensorProto.BOOL
    names = ["x", "weights", "bias", "state", "first", "last"]
    node = helper.make_node(
        "FloatConv1d", names, ["y", "after"], domain=kernels.DOMAIN_2, elu=1, lookahead=0
    )
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(n, number, [1, None, None]) for n in ("x", "state")]
        + [helper.make_tensor_value_info(n, flag, []) for n in ("first", "last")],
        [helper.make_tensor_value_info(n, number, None) for n in ("y", "after")],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    line = load(graph, library, threads=1)
    active = np.pad(activated(x, {}, {"elu": 1}).astype(np.float64), ((0, 0), (2, 0)))
    expected = sum(weights[:, :, k] @ active[:, k : k + 300] for k in range(3))
    state, parts = np.zeros((1, 5, 2), np.float32), []
    for a, b in zip([0, 1, 50, 290], [1, 50, 290, 300], strict=True):
        flags = {"first": np.array(a == 0), "last": np.array(b == 300)}
        y, state = line.run(None, {"x": x[None, :, a:b], "state": state, **flags})
        assert y.shape[2] == b - a
        parts.append(y[0])
    np.testing.assert_allclose(np.concatenate(parts, axis=1), expected, rtol=0, atol=3e-6)


def test_a_short_first_chunk_cannot_take_an_affine(library: Path) -> None:
    """Its state would hold zeros of before the sentence, and they are not the layer's."""
    _, constants = layer(3, 6, 8, 5)
    feeds = {n: np.ones(8, np.float32) for n in ("mul", "add")}
    flags = {"first": np.array(True), "last": np.array(False)}
    node = session(
        library,
        "QConv1d",
        constants,
        {*feeds, "state", *flags},
        domain=kernels.DOMAIN_2,
    )
    feeds |= flags | {"state": np.zeros((1, 8, 4), np.float32)}
    node.run(None, feeds | {"x": np.ones((1, 8, 4), np.float32)})
    with pytest.raises(Exception, match="has 3 positions; with mul and add it must fill"):
        node.run(None, feeds | {"x": np.ones((1, 8, 3), np.float32)})


@pytest.mark.parametrize(
    "given, fed, said",
    [
        ({"elu": 1, "slope": 0.1}, {}, "a layer has one of slope, elu and alpha"),
        ({"elu": 1, "alpha": np.ones(4, np.float32)}, {}, "a layer has one of slope, elu"),
        ({"alpha": np.ones(3, np.float32)}, {}, r"alpha is \[3\], not 4 values"),
        ({"alpha": np.zeros(4, np.float32)}, {}, "alpha and 1 / alpha must be finite"),
        ({"alpha": np.full(4, np.nan, np.float32)}, {}, "alpha and 1 / alpha must be finite"),
        ({}, {"alpha": np.ones(4, np.float32)}, "alpha must be an initializer"),
        ({}, {"mul": np.ones(4, np.float32)}, r"add is \[\], not 4 values"),
        ({}, {n: np.ones(5, np.float32) for n in ("mul", "add")}, r"mul is \[5\], not 4 values"),
    ],
)
def test_what_does_not_go_together_is_refused(
    library: Path, given: dict[str, Any], fed: dict[str, Array], said: str
) -> None:
    arrays = {n: v for n, v in given.items() if isinstance(v, np.ndarray)}
    attributes = {n: v for n, v in given.items() if n not in arrays}
    constants = layer(9, 8, 4, 3)[1] | arrays
    with pytest.raises(Exception, match=said):
        node = session(
            library, "QConv1d", constants, {*fed}, domain=kernels.DOMAIN_2, **attributes
        )
        node.run(None, {"x": np.ones((1, 4, 9), np.float32), **fed})


@pytest.mark.parametrize(
    "op, k, attributes",
    [
        ("QConv1d", 3, {"elu": 1}),
        ("QConvTranspose1d", 4, {"stride": 2, "left": 0}),
        ("QConvTranspose1d", 4, {"stride": 2, "elu": 1}),
    ],
)
def test_the_first_domain_refuses_what_older_libraries_do_not_know(
    library: Path, op: str, k: int, attributes: dict[str, Any]
) -> None:
    """They would pass over it; the second domain is one that they refuse."""
    with pytest.raises(Exception, match=r"are of the domain edge\.voice\.2"):
        session(library, op, layer(9, 8, 4, k)[1], set(), **attributes)
