"""The two kinds of decoder that need more than LeakyReLU, written with FusedLayers, against
numpy: a causal one with ELU (as Pocket's), and one with norms over time and Snake (as Kokoro's).
3 s beside the build."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from edge import kernels
from edge.bundler.export.fused import GRANULARITY, FusedLayers
from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.on_load import OnLoad
from edge.bundler.export.piper.weights import Convolution
from edge.bundler.export.streaming import Signal
from edge.errors import EdgeError

Array = np.ndarray[Any, Any]
ELU = OnLoad(elu=True)
CHANNELS = 24


def random_layer(
    name: str, o: int, c: int, k: int, transposed: bool = False, **how: int
) -> Convolution:
    rng = np.random.default_rng(len(name) + k)
    shape = (c, o, k) if transposed else (o, c, k)
    size = 1 / np.sqrt(c * k / how.get("stride", 1))
    weight, bias = rng.normal(scale=size, size=shape), rng.normal(scale=0.1, size=o)
    return Convolution(name, weight.astype(np.float32), bias.astype(np.float32), **how)


def elu(x: Array) -> Array:
    return np.where(x > 0, x, np.expm1(x))


def convolved(x: Array, layer: Convolution, left: int) -> Array:
    """`left` zeros before x [C, n], and as many outputs as inputs."""
    span = (layer.kernel - 1) * layer.dilation
    padded, n = np.pad(x, ((0, 0), (left, span - left))), x.shape[1]
    taps = range(layer.kernel)
    parts = [
        layer.weight[:, :, k] @ padded[:, k * layer.dilation : k * layer.dilation + n]
        for k in taps
    ]
    assert layer.bias is not None
    return np.asarray(np.sum(parts, axis=0) + layer.bias[:, None])


def upsampled(x: Array, layer: Convolution) -> Array:
    made = np.zeros((layer.weight.shape[1], x.shape[1] * layer.stride + layer.kernel))
    for i, column in enumerate(x.T):
        at = i * layer.stride
        made[:, at : at + layer.kernel] += np.einsum("cok,c->ok", layer.weight, column)
    assert layer.bias is not None
    return np.asarray(made[:, : x.shape[1] * layer.stride] + layer.bias[:, None])


def loaded(model: onnx.ModelProto, library: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.register_custom_ops_library(str(library))
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def snr(made: Array, exact: Array) -> float:
    return float(10 * np.log10((exact**2).mean() / ((made - exact) ** 2).mean()))


FIRST = random_layer("first", CHANNELS, 16, 7)
UP = random_layer("up", CHANNELS // 2, CHANNELS, 10, transposed=True, stride=5)
INNER = random_layer("inner", 8, CHANNELS // 2, 3)
OUTER = random_layer("outer", CHANNELS // 2, 8, 1)
LAST = random_layer("last", 1, CHANNELS // 2, 3)


def causal_decoder() -> onnx.ModelProto:
    graph = GraphWriter("causal", 20)
    layers = FusedLayers(graph, 8, {})
    x = layers.causal(Signal(graph.input("x", "float32", (1, 16, "n")), 16), FIRST)
    x = layers.causal_transposed(x, UP, ELU)
    y = layers.causal(x, INNER, ELU)
    x = layers.add(x, layers.causal(y, OUTER, ELU), "sum")
    x = layers.causal(x, LAST, ELU)
    assert (x.rate, x.delay) == (5, 0)
    graph.output(x.value, "audio", "float32", (1, 1, "m"))
    layers.finish()
    return graph.model()


def spoken(session: onnxruntime.InferenceSession, x: Array, sizes: Sequence[int]) -> Array:
    names = [value.name for value in session.get_outputs()]
    states: dict[str, Array] = {
        value.name: np.zeros(value.shape, np.float32)
        for value in session.get_inputs()
        if value.name.startswith("state")
    }
    parts, ends = [], np.cumsum(sizes)
    for end, size in zip(ends, sizes, strict=True):
        flags = {"first": np.array([end == size]), "last": np.array([end == ends[-1]])}
        feeds = {"x": x[None, :, end - size : end], **flags, **states}
        made = dict(zip(names, session.run(None, feeds), strict=True))
        states = {name: made[f"next_{name}"] for name in states}
        assert made["audio"].shape[2] == size * 5
        parts.append(made["audio"][0])
    return np.concatenate(parts, axis=1)


def test_a_causal_decoder_is_numpys_and_any_frames_give_the_same_bits(library: Path) -> None:
    session = loaded(causal_decoder(), library)
    x = np.random.default_rng(1).normal(size=(16, 12 * GRANULARITY)).astype(np.float32)
    exact = upsampled(elu(convolved(x, FIRST, 6)), UP)
    exact = exact + convolved(elu(convolved(elu(exact), INNER, 2)), OUTER, 0)
    exact = convolved(elu(exact), LAST, 2)
    whole = spoken(session, x, [12 * GRANULARITY])
    assert snr(whole, exact) > 30
    for frames in ([1] * 12, [1, 2, 4, 4, 1], [5, 7]):
        made = spoken(session, x, [n * GRANULARITY for n in frames])
        np.testing.assert_array_equal(made, whole)


def test_a_causal_decoder_has_a_node_for_each_layer() -> None:
    model = causal_decoder()
    nodes = [(node.op_type, node.domain) for node in model.graph.node]
    later, first = kernels.DOMAIN_2, kernels.DOMAIN
    assert nodes == [
        ("QConv1d", first),
        ("QConvTranspose1d", later),
        ("QConv1d", later),
        ("QConv1d", later),
        ("FloatConv1d", later),
    ]


def test_norms_over_time_and_snake_are_numpys(library: Path) -> None:
    """A block of Kokoro's generator: norm, Snake, convolution, twice, and x itself."""
    rng = np.random.default_rng(3)
    alphas = [rng.uniform(0.3, 2, CHANNELS).astype(np.float32) for _ in range(2)]
    styles = [
        (rng.uniform(0.5, 2, CHANNELS).astype(np.float32), rng.normal(size=CHANNELS).astype("f4"))
        for _ in range(2)
    ]
    convs = [random_layer(f"conv{i}", CHANNELS, CHANNELS, 7, dilation=3 - 2 * i) for i in range(2)]
    graph = GraphWriter("block", 20)
    layers = FusedLayers(graph, 8, {})
    x = given = Signal(graph.input("x", "float32", (1, CHANNELS, "n")), CHANNELS)
    for conv, alpha, (scale, shift) in zip(convs, alphas, styles, strict=True):
        parts = [graph.constant(scale, "scale"), graph.constant(shift, "shift")]
        mul, add, _ = layers.norm_over_time(x, *parts, conv.name)
        width = 3 * conv.dilation
        window = layers.window(x, width, width)
        x = layers.activated(window, conv, OnLoad(alpha=alpha, mul=mul, add=add))
    # A whole sentence: its lags do not count, and x itself needs no delay.
    x = layers.add(given, x, "sum")
    graph.output(x.value, "y", "float32", (1, CHANNELS, "n"))
    layers.finish()
    session = loaded(graph.model(), library)
    signal = (rng.normal(size=(CHANNELS, 700)) * 3 + 1).astype(np.float32)
    exact = signal.astype(np.float64)
    for conv, alpha, (scale, shift) in zip(convs, alphas, styles, strict=True):
        mean, deviation = exact.mean(1, keepdims=True), exact.std(1, keepdims=True)
        exact = (exact - mean) / np.sqrt(deviation**2 + 1e-5) * scale[:, None] + shift[:, None]
        exact = exact + np.sin(alpha[:, None] * exact) ** 2 / alpha[:, None]
        exact = convolved(exact, conv, 3 * conv.dilation)
    exact = exact + signal
    feeds = {
        value.name: np.zeros([n if isinstance(n, int) else 0 for n in value.shape], np.float32)
        for value in session.get_inputs()
    }
    flags = {name: np.array([True]) for name in ("first", "last")}
    made = session.run(["y"], feeds | flags | {"x": signal[None]})[0][0]
    assert snr(made, exact) > 30


@pytest.mark.parametrize(
    "layer, said",
    [
        (random_layer("odd", 8, CHANNELS, 9, transposed=True, stride=4), "multiple of stride"),
        (
            random_layer("padded", 8, CHANNELS, 8, transposed=True, stride=4, padding=2),
            "without padding",
        ),
    ],
)
def test_a_layer_that_cannot_be_causal_is_refused(layer: Convolution, said: str) -> None:
    graph = GraphWriter("refused", 20)
    x = Signal(graph.input("x", "float32", (1, CHANNELS, "n")), CHANNELS)
    with pytest.raises(EdgeError, match=said):
        FusedLayers(graph, 8, {}).causal_transposed(x, layer, ELU)
