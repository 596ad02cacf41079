"""The int8 operators through onnxruntime, against numpy (10 s, most of it the build)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge import kernels
from tests.helpers.kernel_layers import Array, layer, load, session


def quantized(window: Array) -> tuple[Array, np.float32]:
    """A window [C, W] of activations as integers, 0 for 0, and their scale."""
    low, high = min(window.min(), np.float32(0)), max(window.max(), np.float32(0))
    if high - low < np.float32(1e-30):
        return np.zeros_like(window), np.float32(0)
    inverse = np.float32(254) / (high - low)
    zero = np.rint(-low * inverse).astype(np.float64)
    return np.rint((window * inverse).astype(np.float64) + zero) - zero, (high - low) / np.float32(
        254
    )


def reference(
    x: Array,
    w: Array,
    scales: Array,
    bias: Array,
    *,
    gains: Array | None = None,
    residual: Array | None = None,
    dilation: int = 1,
    lookahead: int | None = None,
    slope: float = 1.0,
    skip: bool = False,
    granule: int = 192,
    tile: int = 192,
    phase: int = 0,
) -> Array:
    """A whole convolution of x [C, n], tile by tile, with numpy's float32."""
    span = (w.shape[2] - 1) * dilation
    ahead = span // 2 if lookahead is None else lookahead
    active = np.maximum(x, x * np.float32(slope))
    if gains is not None:
        active = active * gains[:, None]
    padded = np.pad(active, ((0, 0), (span - ahead, ahead)))
    out = np.empty((w.shape[0], x.shape[1]), np.float32)
    begin, place = 0, (phase + ahead) % granule
    while begin < x.shape[1]:
        end = min(x.shape[1], begin + min(tile - place % tile, granule - place))
        q, scale = quantized(padded[:, begin : end + span])
        sums = sum(
            w[:, :, k].astype(np.int64)
            @ q[:, k * dilation : k * dilation + end - begin].astype(np.int64)
            for k in range(w.shape[2])
        )
        out[:, begin:end] = np.asarray(sums).astype(np.float32) * (scale * scales)[:, None]
        place, begin = (place + end - begin) % granule, end
    out += bias[:, None]
    if skip:
        out += x
    return out if residual is None else out + residual


@pytest.mark.parametrize(
    "o, c, k, n, attributes",
    [
        (8, 4, 3, 100, {}),
        (192, 96, 1, 43, {"tile": 16}),
        (33, 30, 5, 200, {"dilation": 3, "slope": 0.1, "tile": 16, "granule": 48, "phase": 21}),
        (32, 32, 7, 700, {"dilation": 12, "slope": 0.1, "skip": 1, "granule": 512, "phase": 500}),
        (1, 5, 7, 1, {"lookahead": 0}),
    ],
)
def test_equals_numpy(
    library: Path, kernel_path: str, o: int, c: int, k: int, n: int, attributes: dict[str, Any]
) -> None:
    rng = np.random.default_rng(n)
    _, constants = layer(n, o, c, k, 7 if kernel_path.endswith("7bit") else 8)
    x = rng.normal(size=(c, n)).astype(np.float32)
    residual = rng.normal(size=(o, n)).astype(np.float32)
    constants["gains"] = rng.uniform(0.5, 2, c).astype(np.float32)
    node = session(library, "QConv1d", constants, {"residual"}, **attributes)
    y = node.run(None, {"x": x[None], "residual": residual[None]})[0][0]
    w, scales, bias = (constants[n] for n in ("weights", "scales", "bias"))
    expected = reference(
        x, w, scales, bias, gains=constants["gains"], residual=residual, **attributes
    )
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("stride, k", [(8, 16), (4, 8), (2, 2), (3, 9)])
def test_transposed_is_onnx_conv_transpose(
    library: Path, kernel_path: str, stride: int, k: int
) -> None:
    """Inputs and weights that int8 holds exactly, so the answer is that of the float operator."""
    rng = np.random.default_rng(stride)
    weights = rng.integers(-63, 64, (6, 10, k)).astype(np.int8)
    x = rng.integers(-127, 128, (1, 10, 50)).astype(np.float32)
    x[0, :2, ::8] = np.array([[127], [-127]])
    bias = rng.integers(-9, 9, 6).astype(np.float32)
    constants: dict[str, Array] = {
        "weights": weights,
        "scales": np.ones(6, np.float32),
        "bias": bias,
    }
    ours = session(library, "QConvTranspose1d", constants, set(), stride=stride, tile=16)
    pad = (k - stride) // 2
    node = helper.make_node(
        "ConvTranspose", ["x", "w", "b"], ["y"], strides=[stride], pads=[pad, pad]
    )
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 10, None])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [
            numpy_helper.from_array(weights.transpose(1, 0, 2).astype(np.float32), "w"),
            numpy_helper.from_array(bias, "b"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    stock = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    np.testing.assert_array_equal(ours.run(["y"], {"x": x})[0], stock.run(None, {"x": x})[0])


def test_chunks_and_threads_give_the_same_bits(library: Path) -> None:
    """A chunk schedule in whole granules, with state passed by hand, on one thread and on two."""
    _, constants = layer(1, 48, 32, 5)
    x = np.random.default_rng(2).normal(size=(1, 32, 3000)).astype(np.float32)
    attributes: dict[str, Any] = {
        "dilation": 3,
        "slope": 0.1,
        "tile": 48,
        "granule": 96,
        "phase": 20,
    }
    whole = session(library, "QConv1d", constants, set(), threads=2, **attributes).run(
        ["y"], {"x": x}
    )[0]
    node = session(library, "QConv1d", constants, {"state", "first", "last"}, **attributes)
    cuts = [96 * i - 20 for i in (1, 2, 7, 8, 20, 31)]
    state = np.zeros((1, 32, 12), np.float32)
    parts = []
    for a, b in zip([0, *cuts], [*cuts, 3000], strict=True):
        feeds = {
            "x": x[:, :, a:b],
            "state": state,
            "first": np.array(a == 0),
            "last": np.array(b == 3000),
        }
        y, state = node.run(None, feeds)
        parts.append(y)
    assert [p.shape[2] for p in parts[:2]] == [76 - 6, 96]
    np.testing.assert_array_equal(np.concatenate(parts, axis=2), whole)


def test_one_session_serves_several_utterances_at_once(library: Path) -> None:
    _, constants = layer(1, 48, 32, 5)
    node = session(library, "QConv1d", constants, set(), threads=2)
    random = np.random.default_rng(3)
    inputs = [random.normal(size=(1, 32, n)).astype(np.float32) for n in range(500, 3000, 100)]
    alone = [node.run(["y"], {"x": x})[0] for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda x: node.run(["y"], {"x": x})[0], inputs))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("sizes", [[5, 1, 3], [4, 0, 9], [1000, 7], [3]])
def test_delay_holds_back_and_gives_all(library: Path, sizes: list[int]) -> None:
    node = helper.make_node(
        "Delay", ["x", "s", "f", "l"], ["y", "t"], domain=kernels.DOMAIN, delay=4
    )
    number, flag = TensorProto.FLOAT, TensorProto.BOOL
    described: list[Any] = [
        ("x", number, [1, 3, None]),
        ("s", number, [1, 3, 4]),
        ("f", flag, [1]),
    ]
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(*d) for d in [*described, ("l", flag, [1])]],
        [helper.make_tensor_value_info(n, number, [1, 3, None]) for n in ("y", "t")],
    )
    line = load(graph, library, threads=1)
    x = np.random.default_rng(1).normal(size=(1, 3, sum(sizes))).astype(np.float32)
    state, parts = np.zeros((1, 3, 4), np.float32), []
    for i, end in enumerate(np.cumsum(sizes)):
        part = x[:, :, end - sizes[i] : end]
        first, last = np.array([i == 0]), np.array([i + 1 == len(sizes)])
        y, state = line.run(None, {"x": part, "s": state, "f": first, "l": last})
        parts.append(y)
    assert [y.shape[2] for y in parts[:-1]] == [n - 4 * (not i) for i, n in enumerate(sizes[:-1])]
    np.testing.assert_array_equal(np.concatenate(parts, axis=2), x)


@pytest.mark.parametrize("sizes", [[60, 1, 40], [9, 0, 130], [300], [9, 5, 5, 5]])
def test_a_norm_in_chunks_equals_that_of_the_whole(
    library: Path, kernel_path: str, sizes: list[int]
) -> None:
    """Bit for bit, and what it was before comes out beside it, as late."""
    r, channels, number, flag = np.random.default_rng(5), 7, TensorProto.FLOAT, TensorProto.BOOL
    vectors = {n: r.standard_normal(7).astype(np.float32) for n in ("gamma", "beta", "bias")}
    weights = {**vectors, "taps": r.standard_normal((7, 7)).astype(np.float32)}
    x = r.standard_normal((1, channels, sum(sizes))).astype(np.float32)
    inputs = ["x", "gamma", "beta", "taps", "bias"]
    chunked = helper.make_node(
        "ChunkNorm",
        [*inputs, "s", "f", "l"],
        ["y", "late", "t"],
        domain=kernels.DOMAIN_2,
        dilation=3,
    )
    whole = helper.make_node("ChannelNorm", inputs, ["y"], domain=kernels.DOMAIN, dilation=3)
    fed = [("x", number, [1, 7, None]), ("s", number, [1, 7, 18]), ("f", flag, [1])]
    sessions = []
    for node, given in ((chunked, [*fed, ("l", flag, [1])]), (whole, fed[:1])):
        graph = helper.make_graph(
            [node],
            "one",
            [helper.make_tensor_value_info(*one) for one in given],
            [helper.make_tensor_value_info(n, number, [1, 7, None]) for n in node.output],
            [numpy_helper.from_array(value, name) for name, value in weights.items()],
        )
        sessions.append(load(graph, library, threads=1))
    state, parts = np.zeros((1, channels, 18), np.float32), []
    for i, end in enumerate(np.cumsum(sizes)):
        part = x[:, :, end - sizes[i] : end]
        first, last = np.array([i == 0]), np.array([i + 1 == len(sizes)])
        *made, state = sessions[0].run(None, {"x": part, "s": state, "f": first, "l": last})
        parts.append(made)
    normed, late = (np.concatenate(part, axis=2) for part in zip(*parts, strict=True))
    np.testing.assert_array_equal(normed, sessions[1].run(None, {"x": x})[0])
    np.testing.assert_array_equal(late, x)


def test_pauses_stay_clean(library: Path) -> None:
    """A loud stretch must not put its noise on a quiet one: SNR over 30 dB in both."""
    floats, constants = layer(3, 16, 16, 3)
    x = np.random.default_rng(4).normal(size=(16, 768)).astype(np.float32)
    x[:, 384:] *= 1e-4
    constants["bias"][:] = 0
    y = session(library, "QConv1d", constants, set()).run(["y"], {"x": x[None]})[0][0]
    padded = np.pad(x, ((0, 0), (1, 1)))
    exact = np.sum([floats[:, :, k] @ padded[:, k : k + 768] for k in range(3)], axis=0)
    for part in (slice(0, 380), slice(580, 768)):
        error = y[:, part] - exact[:, part]
        assert 10 * np.log10((exact[:, part] ** 2).mean() / (error**2).mean()) > 30


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_not_hidden(library: Path, kernel_path: str, bad: float) -> None:
    _, constants = layer(5, 8, 4, 3, 7)
    x = np.ones((1, 4, 600), np.float32)
    x[0, 2, 250] = bad
    y = session(library, "QConv1d", constants, set()).run(["y"], {"x": x})[0][0]
    assert (
        np.isnan(y[:, 191:383]).all()
        and np.isfinite(y[:, :191]).all()
        and np.isfinite(y[:, 383:]).all()
    )


def test_denormals_are_silence(library: Path, kernel_path: str) -> None:
    _, constants = layer(6, 8, 4, 3, 7)
    y = session(library, "QConv1d", constants, set()).run(
        ["y"], {"x": np.full((1, 4, 20), 1e-40, np.float32)}
    )[0]
    np.testing.assert_array_equal(y[0], np.repeat(constants["bias"][:, None], 20, axis=1))


def test_every_path_equals_scalar(library: Path) -> None:
    kernels.self_test(library, layers=1500, seed=7)


@pytest.mark.parametrize(
    "feeds, words",
    [
        ({"x": np.zeros((1, 5, 9), np.float32)}, r"the input is \[1, 5, 9\], not \[1, 4, 9\]"),
        (
            {"residual": np.zeros((1, 8, 3), np.float32)},
            r"the residual is \[1, 8, 3\], not \[1, 8, 9\]",
        ),
        ({"first": np.array(False)}, r"the state is \[1, 4, 0\], not \[1, 4, 2\]"),
        (
            {"x": np.zeros((1, 4, 0), np.float32), "last": np.array(False)},
            "first chunk has 0 positions",
        ),
    ],
)
def test_wrong_inputs_are_refused(library: Path, feeds: dict[str, Array], words: str) -> None:
    _, constants = layer(8, 8, 4, 3)
    node = session(library, "QConv1d", constants, {"residual", "state", "first", "last"})
    usual = {
        "x": np.zeros((1, 4, 9), np.float32),
        "residual": np.zeros((1, 8, 9), np.float32),
        "state": np.zeros((1, 4, 0), np.float32),
        "first": np.array(True),
        "last": np.array(True),
    }
    with pytest.raises(Exception, match=words):
        node.run(None, usual | feeds)


@pytest.mark.parametrize(
    "op, constants, attributes, words",
    [
        ("QConv1d", {"scales": np.ones(3, np.float32)}, {}, r"scales is \[3\], not \[8\]"),
        ("QConv1d", {}, {"slope": 1.5}, "slope must be in 0..1"),
        ("QConv1d", {}, {"lookahead": 3}, "lookahead must be"),
        ("QConv1d", {}, {"skip": 1}, "skip needs as many"),
        ("QConv1d", {}, {"skip": 1, "gate": 1}, "gate needs an even number"),
        ("QConv1d", {}, {"gelu": 1, "gate": 1}, "gelu goes with neither"),
        (
            "QConv1d",
            {"weights": np.full((8, 4, 3), -128, np.int8)},
            {},
            "weights must be in -127..127",
        ),
        ("QConvTranspose1d", {}, {"stride": 2}, "multiple of stride"),
    ],
)
def test_wrong_layers_are_refused(
    library: Path, op: str, constants: dict[str, Array], attributes: dict[str, Any], words: str
) -> None:
    with pytest.raises(Exception, match=words):
        session(library, op, layer(9, 8, 4, 3)[1] | constants, set(), **attributes)


@pytest.mark.parametrize("bits, limit", [(7, 63), (8, 127)])
def test_pack_uses_the_whole_range(bits: int, limit: int) -> None:
    """A channel with one large weight reaches the limit; of even ones, 8 bits give fewer steps."""
    floats = np.random.default_rng(0).normal(size=(5, 6, 7)).astype(np.float32)
    floats[2] = 0
    floats[:2, 3, 4] = 20
    weights, scales = kernels.pack(floats, bits)
    assert np.abs(weights).max(axis=(1, 2))[:3].tolist() == [limit, limit, 0]
    assert np.abs(weights * scales[:, None, None] - floats).max() <= scales.max() * 0.501
    rms = np.sqrt(np.square(weights.astype(np.float64)).mean(axis=(1, 2)))
    assert bits == 7 or (rms < kernels.MOST_STEPS * 1.02).all()


@pytest.mark.parametrize("limit", [-127, 127])
def test_weights_that_cannot_share_16_bits_give_the_exact_sum(
    library: Path, kernel_path: str, limit: int
) -> None:
    """Every product as large as it can be, so that each pair of quads leaves rests."""
    if kernel_path.endswith("7bit"):
        pytest.skip("it takes no such weights")
    constants: dict[str, Array] = {
        "weights": np.full((9, 22, 3), limit, np.int8),
        "scales": np.ones(9, np.float32),
        "bias": np.zeros(9, np.float32),
    }
    x = np.full((1, 22, 100), 254, np.float32)  # the range of a tile is then 0..254, in steps of 1
    y = session(library, "QConv1d", constants, set()).run(["y"], {"x": x})[0][0]
    inside = np.full((9, 98), 22 * 3 * 254 * limit, np.float32)
    np.testing.assert_array_equal(y[:, 1:-1], inside)
