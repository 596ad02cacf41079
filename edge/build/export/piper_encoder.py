"""The encoder of a Piper voice: phoneme ids -> means, log-scales, durations.

One sentence at a time, so every mask of the original is all ones and disappears. Activations
are (1, T, channels), where a 1x1 convolution is a MatMul and a norm needs no transposes. The
splines of the duration predictor use Where and GatherElements instead of NonZero and indexing.

What follows it is numpy, not graph (VITS, SynthesizerTrn.infer), with seeded noise N(0, 1):

    frames = numpy.repeat(numpy.arange(T), durations[0].astype(int))
    latent = means[:, :, frames] + noise * numpy.exp(log_scales[:, :, frames]) * noise_scale
"""

from __future__ import annotations

import math

import numpy as np
import onnx

from edge.build.export.graph import END, GraphWriter
from edge.build.export.piper_weights import (
    Array,
    AttentionLayer,
    Convolution,
    DurationPredictor,
    LayerNorm,
    PiperWeights,
    SeparableStack,
    SplineFlow,
)

OPSET = 20  # the first with Gelu

# Constants of the rational quadratic spline (piper_train/vits/transforms.py, ConvFlow).
_TAIL_BOUND = 5.0
_MIN_BIN = 1e-3  # smallest width and height of a bin, of 1
_MIN_DERIVATIVE = 1e-3
_SEARCH_EPSILON = 1e-6  # added to the last knot, so that the bound falls in the last bin


def write_encoder(weights: PiperWeights) -> onnx.ModelProto:
    """ids (1, T) int64, duration_noise (1, 2, T), length_scale (1,), [speaker (1,) int64]
    -> means (1, C, T), log_scales (1, C, T), durations (1, T) in frames, whole numbers.
    """
    graph = GraphWriter("piper_encoder", OPSET)
    ids = graph.input("ids", "int64", (1, "T"))
    noise = graph.input("duration_noise", "float32", (1, 2, "T"))
    length_scale = graph.input("length_scale", "float32", (1,))
    writer = _EncoderWriter(graph)
    hidden = writer.text_encoder(weights, ids)
    stats = writer.pointwise(hidden, weights.proj)
    stats = graph.node("Transpose", (stats,), "stats", perm=[0, 2, 1])
    means, log_scales = graph.split_node(
        "Split", (stats,), ("means", "log_scales"), axis=1, num_outputs=2
    )
    speaker = None
    if weights.speakers is not None:
        index = graph.input("speaker", "int64", (1,))
        table = graph.constant(weights.speakers, "emb_g.weight")
        speaker = graph.node("Gather", (table, index), "speaker_vector", axis=0)
    log_durations = writer.duration_predictor(weights.durations, hidden, noise, speaker)
    raw = graph.node("Mul", (graph.node("Exp", (log_durations,), "w"), length_scale), "scaled_w")
    durations = graph.node("Ceil", (raw,), "w_ceil")
    durations = graph.node("Squeeze", (durations, graph.ints(2)), "w_frames")
    channels = weights.channels
    graph.output(means, "means", "float32", (1, channels, "T"))
    graph.output(log_scales, "log_scales", "float32", (1, channels, "T"))
    graph.output(durations, "durations", "float32", (1, "T"))
    return graph.model()


class _EncoderWriter:
    def __init__(self, graph: GraphWriter) -> None:
        self.graph = graph

    def add(self, left: str, right: str, name: str) -> str:
        return self.graph.node("Add", (left, right), name)

    def linear(self, x: str, weight: Array, bias: Array | None, name: str) -> str:
        """x (1, T, in) @ weight (in, out) + bias."""
        y = self.graph.node("MatMul", (x, self.graph.constant(weight, f"{name}.weight")), name)
        if bias is None:
            return y
        return self.add(y, self.graph.constant(bias, f"{name}.bias"), f"{name}.biased")

    def pointwise(self, x: str, layer: Convolution) -> str:
        return self.linear(x, layer.weight[:, :, 0].T, layer.bias, layer.name)

    def norm(self, x: str, norm: LayerNorm, name: str) -> str:
        gamma = self.graph.constant(norm.gamma, f"{name}.gamma")
        beta = self.graph.constant(norm.beta, f"{name}.beta")
        inputs = (x, gamma, beta)
        return self.graph.node("LayerNormalization", inputs, name, axis=-1, epsilon=norm.epsilon)

    # Text encoder

    def text_encoder(self, weights: PiperWeights, ids: str) -> str:
        table = self.graph.constant(weights.embedding, "enc_p.emb.weight")
        x = self.graph.node("Gather", (table, ids), "enc_p.emb", axis=0)
        shapes = self._band_shapes(ids, weights.attention[0].relative_keys.shape[0])
        for i, layer in enumerate(weights.attention):
            name = f"enc_p.encoder.{i}"
            x = self.add(x, self._attention(x, layer, shapes, name), f"{name}.sum_1")
            x = self.norm(x, layer.norm_1, f"{name}.norm_1")
            y = self.graph.node("Relu", (self._unfolded(x, layer.ffn_1),), f"{name}.relu")
            x = self.add(x, self._folded(y, layer.ffn_2), f"{name}.sum_2")
            x = self.norm(x, layer.norm_2, f"{name}.norm_2")
        return x

    def _band_shapes(self, ids: str, band: int) -> dict[str, str]:
        """Lengths that the band of relative positions needs, from T, once for all layers."""
        graph, window = self.graph, (band - 1) // 2
        t = graph.node("Shape", (ids,), "T", start=1, end=2)
        zeros = graph.ints(0, 0, 0, 0, 0, 0, 0)  # pads of (1, heads, T, .) before its last
        wide = graph.node("Add", (t, graph.ints(2 * window)), "T_and_band")
        wider = graph.node("Add", (t, graph.ints(band)), "T_and_band_and_1")
        size = graph.node("Mul", (t, wide), "skewed_size")
        begin = (graph.ints(0, 0), t)
        return {
            "pad_right": graph.node("Concat", (zeros, t), "pad_right", axis=0),
            "pad_flat": graph.node("Concat", (graph.ints(0, 0, 0, 0, 0), t), "pad_flat", axis=0),
            "size": size,
            "skewed": graph.node("Concat", (*begin, wide), "skewed_shape", axis=0),
            "straight": graph.node("Concat", (*begin, wider), "straight_shape", axis=0),
            "band_end": graph.node("Add", (t, graph.ints(window)), "band_end"),
        }

    def _attention(self, x: str, layer: AttentionLayer, shapes: dict[str, str], name: str) -> str:
        """Self-attention with learned vectors for the positions -window..window (Shaw et al.).

        A table of logits per relative position (1, heads, T, band) becomes a diagonal band of
        (T, T) by padding every row by T and reading it back with rows one shorter.
        """
        graph = self.graph
        band, depth = layer.relative_keys.shape
        window, hidden = (band - 1) // 2, layer.query.weight.shape[0]
        scale = np.float32(1 / math.sqrt(depth))
        parts = (layer.query, layer.key, layer.value)
        factors = (scale, np.float32(1), np.float32(1))
        weight = np.concatenate(
            [p.weight[:, :, 0].T * f for p, f in zip(parts, factors, strict=True)], axis=1
        )
        bias = np.concatenate([_bias(p) * f for p, f in zip(parts, factors, strict=True)], axis=0)
        qkv = self.linear(x, weight, bias, f"{name}.qkv")
        heads = []
        names = (f"{name}.q", f"{name}.k", f"{name}.v")
        split = graph.split_node("Split", (qkv,), names, axis=2, num_outputs=3)
        for part, perm in zip(split, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True):
            shape = graph.ints(0, 0, hidden // depth, depth)
            part_heads = graph.node("Reshape", (part, shape), f"{part}.heads")
            heads.append(graph.node("Transpose", (part_heads,), f"{part}.turned", perm=perm))
        query, key, value = heads
        logits = graph.node("MatMul", (query, key), f"{name}.logits")
        near = self.linear(query, layer.relative_keys.T, None, f"{name}.relative_keys")
        near = graph.node("Pad", (near, shapes["pad_right"]), f"{name}.padded")
        near = graph.node("Reshape", (near, graph.ints(0, 0, -1)), f"{name}.flat")
        near = graph.slice(near, graph.ints(0), shapes["size"], 2, f"{name}.cut")
        near = graph.node("Reshape", (near, shapes["skewed"]), f"{name}.skewed")
        near = graph.slice(near, graph.ints(window), shapes["band_end"], 3, f"{name}.band")
        logits = self.add(logits, near, f"{name}.logits_and_relative")
        p = graph.node("Softmax", (logits,), f"{name}.softmax", axis=-1)
        out = graph.node("MatMul", (p, value), f"{name}.values")
        sides = graph.ints(0, 0, 0, window, 0, 0, 0, window)
        back = graph.node("Pad", (p, sides), f"{name}.p_padded")
        back = graph.node("Reshape", (back, graph.ints(0, 0, -1)), f"{name}.p_flat")
        back = graph.node("Pad", (back, shapes["pad_flat"]), f"{name}.p_extended")
        back = graph.node("Reshape", (back, shapes["straight"]), f"{name}.p_straight")
        back = graph.slice(back, graph.ints(0), graph.ints(band), 3, f"{name}.p_band")
        back = self.linear(back, layer.relative_values, None, f"{name}.relative_values")
        out = self.add(out, back, f"{name}.values_and_relative")
        out = graph.node("Transpose", (out,), f"{name}.out_turned", perm=[0, 2, 1, 3])
        out = graph.node("Reshape", (out, graph.ints(0, 0, hidden)), f"{name}.out_joined")
        return self.pointwise(out, layer.out)

    def _unfolded(self, x: str, layer: Convolution) -> str:
        """A convolution in time as one MatMul on the concatenated shifts: for few inputs."""
        weight = np.concatenate(list(layer.weight.transpose(2, 1, 0)), axis=0)
        shifts = self._shifts(x, layer.kernel, layer.name)
        joined = self.graph.node("Concat", shifts, f"{layer.name}.shifts", axis=2)
        return self.linear(joined, weight, layer.bias, layer.name)

    def _folded(self, x: str, layer: Convolution) -> str:
        """A convolution in time as one MatMul whose outputs are shifted and added: for few
        outputs.
        """
        graph, kernel = self.graph, layer.kernel
        weight = np.concatenate(list(layer.weight.transpose(2, 1, 0)), axis=1)
        taps = self.linear(x, weight, None, layer.name)
        if kernel == 1:
            return self.add(taps, graph.constant(_bias(layer)), f"{layer.name}.biased")
        names = [f"{layer.name}.tap_{i}" for i in range(kernel)]
        parts = graph.split_node("Split", (taps,), names, axis=2, num_outputs=kernel)
        total = graph.constant(_bias(layer), f"{layer.name}.bias")
        for i, part in enumerate(parts):
            shift = (kernel - 1) // 2 - i  # tap i reads x[t + i - left]
            total = self.add(total, self._shifted(part, shift), f"{layer.name}.sum_{i}")
        return total

    def _shifted(self, x: str, shift: int) -> str:
        """x moved later by `shift` steps, zeros where nothing was; Pad takes negative sizes."""
        if shift == 0:
            return x
        pads = self.graph.ints(0, shift, 0, 0, -shift, 0)
        return self.graph.node("Pad", (x, pads), f"{x}.shifted")

    def _shifts(self, x: str, kernel: int, name: str) -> list[str]:
        left = (kernel - 1) // 2
        return [self._shifted(x, left - i) for i in range(kernel)]

    # Duration predictor

    def duration_predictor(
        self, weights: DurationPredictor, hidden: str, noise: str, speaker: str | None
    ) -> str:
        """logw (1, T, 1). The flip between two flows swaps the names of the two rows."""
        graph = self.graph
        x = self.pointwise(hidden, weights.pre)
        if weights.cond is not None and speaker is not None:
            x = self.add(x, self.pointwise(speaker, weights.cond), "dp.conditioned")
        x = self.pointwise(self._separable(x, weights.stack, "dp.convs"), weights.proj)
        turned = graph.node("Transpose", (noise,), "dp.noise", perm=[0, 2, 1])
        first, second = graph.split_node(
            "Split", (turned,), ("dp.z_0", "dp.z_1"), axis=2, num_outputs=2
        )
        for i, flow in enumerate(weights.flows):
            first, second = second, first
            second = self._spline_flow(first, second, x, flow, f"dp.flow_{i}")
        first = second
        centred = graph.node(
            "Sub", (first, graph.constant(np.float32(weights.mean))), "dp.centred"
        )
        return graph.node("Mul", (centred, graph.constant(np.float32(weights.scale))), "logw")

    def _separable(self, x: str, stack: SeparableStack, name: str) -> str:
        graph = self.graph
        for i, (depthwise, norm_1, pointwise, norm_2) in enumerate(stack.layers):
            layer = f"{name}.{i}"
            y = graph.node("Transpose", (x,), f"{layer}.turned", perm=[0, 2, 1])
            inputs = [y, graph.constant(depthwise.weight, f"{layer}.weight")]
            inputs.append(graph.constant(_bias(depthwise), f"{layer}.bias"))
            y = graph.node(
                "Conv",
                inputs,
                f"{layer}.depthwise",
                kernel_shape=[depthwise.kernel],
                dilations=[depthwise.dilation],
                group=depthwise.groups,
                pads=[depthwise.padding] * 2,
            )
            y = graph.node("Transpose", (y,), f"{layer}.back", perm=[0, 2, 1])
            y = graph.node("Gelu", (self.norm(y, norm_1, f"{layer}.norm_1"),), f"{layer}.gelu_1")
            y = self.norm(self.pointwise(y, pointwise), norm_2, f"{layer}.norm_2")
            x = self.add(x, graph.node("Gelu", (y,), f"{layer}.gelu_2"), f"{layer}.sum")
        return x

    def _spline_flow(self, given: str, x: str, cond: str, flow: SplineFlow, name: str) -> str:
        """Invert the spline that `given` and `cond` define, at x (1, T, 1)."""
        h = self.add(self.pointwise(given, flow.pre), cond, f"{name}.given")
        parameters = self.pointwise(self._separable(h, flow.stack, f"{name}.convs"), flow.proj)
        bins = (flow.proj.weight.shape[0] + 1) // 3
        width = np.float32(math.sqrt(flow.pre.weight.shape[0]))
        return _Spline(self.graph, name, bins).inverse(parameters, x, width)


class _Spline:
    """Monotone rational quadratic spline with linear tails (Durkan et al. 2019), inverted."""

    def __init__(self, graph: GraphWriter, name: str, bins: int) -> None:
        self.graph = graph
        self.name = name
        self.bins = bins

    def op(self, op: str, *inputs: str | float, name: str, **attributes: int) -> str:
        values = [
            self.graph.constant(np.float32(value)) if isinstance(value, (int, float)) else value
            for value in inputs
        ]
        return self.graph.node(op, values, f"{self.name}.{name}", **attributes)

    def inverse(self, parameters: str, x: str, width: np.float32) -> str:
        """parameters (1, T, 3 * bins - 1): widths, heights, inner derivatives."""
        graph, bins = self.graph, self.bins
        sizes = graph.ints(bins, bins, bins - 1)
        names = [f"{self.name}.{part}" for part in ("widths", "heights", "derivatives")]
        raw = graph.split_node("Split", (parameters, sizes), names, axis=2)
        left_knots, widths = self._knots(self.op("Div", raw[0], float(width), name="w"), "x")
        bottom_knots, heights = self._knots(self.op("Div", raw[1], float(width), name="h"), "y")
        edge = np.float32(math.log(math.exp(1 - _MIN_DERIVATIVE) - 1))  # derivative 1 at the ends
        pads = (graph.ints(0, 0, 1, 0, 0, 1), graph.constant(edge))
        slopes = graph.node("Pad", (raw[2], *pads), f"{self.name}.slopes")
        slopes = self.op("Softplus", slopes, name="softplus")
        slopes = self.op("Add", slopes, _MIN_DERIVATIVE, name="slopes")

        inside = self.op("Clip", x, -_TAIL_BOUND, _TAIL_BOUND, name="inside")
        is_inside = self.op("Equal", inside, x, name="is_inside")
        last = np.zeros(bins + 1, np.float32)
        last[-1] = _SEARCH_EPSILON
        limits = self.op("Add", bottom_knots, graph.constant(last), name="limits")
        passed = self.op("GreaterOrEqual", inside, limits, name="passed")
        passed = graph.node("Cast", (passed,), f"{self.name}.passed", to=7)
        count = graph.node("ReduceSum", (passed, graph.ints(2)), f"{self.name}.count", keepdims=1)
        bin_index = graph.node("Sub", (count, graph.ints(1)), f"{self.name}.bin")

        def at(values: str, index: str, name: str) -> str:
            return self.op("GatherElements", values, index, name=name, axis=2)

        left, dx = at(left_knots, bin_index, "left"), at(widths, bin_index, "dx")
        bottom, dy = at(bottom_knots, bin_index, "bottom"), at(heights, bin_index, "dy")
        d0, d1 = at(slopes, bin_index, "d0"), at(slopes, count, "d1")
        mean = self.op("Div", dy, dx, name="mean")
        rise = self.op("Sub", inside, bottom, name="rise")
        bend = self.op("Add", d0, d1, name="d0_and_d1")
        bend = self.op("Sub", bend, self.op("Mul", mean, 2.0, name="mean_2"), name="bend")
        bent = self.op("Mul", rise, bend, name="bent")
        start = self.op("Mul", dy, self.op("Sub", mean, d0, name="m_d0"), name="start")
        a = self.op("Add", bent, start, name="a")
        b = self.op("Sub", self.op("Mul", dy, d0, name="dy_d0"), bent, name="b")
        c = self.op("Mul", self.op("Neg", mean, name="minus_mean"), rise, name="c")
        square = self.op("Mul", b, b, name="b2")
        product = self.op("Mul", self.op("Mul", a, 4.0, name="a4"), c, name="ac4")
        root = self.op("Sqrt", self.op("Sub", square, product, name="d"), name="root")
        below = self.op("Sub", self.op("Neg", b, name="minus_b"), root, name="below")
        ratio = self.op("Div", self.op("Mul", c, 2.0, name="c2"), below, name="ratio")
        y = self.op("Add", self.op("Mul", ratio, dx, name="step"), left, name="y")
        return self.op("Where", is_inside, y, x, name="out")

    def _knots(self, raw: str, name: str) -> tuple[str, str]:
        """Knots (1, T, bins + 1) from -bound to bound and the distances between them."""
        graph, bins, prefix = self.graph, self.bins, f"{self.name}.{name}"
        share = self.op("Softmax", raw, name=f"{name}_softmax", axis=-1)
        share = self.op("Mul", share, 1 - _MIN_BIN * bins, name=f"{name}_share")
        share = self.op("Add", share, _MIN_BIN, name=f"{name}_floor")
        total = graph.node("CumSum", (share, graph.constant(np.int64(2))), f"{prefix}_sum")
        inner = graph.slice(total, graph.ints(0), graph.ints(-1), 2, f"{prefix}_inner")
        inner = self.op("Mul", inner, 2 * _TAIL_BOUND, name=f"{name}_scaled")
        inner = self.op("Sub", inner, _TAIL_BOUND, name=f"{name}_shifted")
        # Both ends are exactly at the bound, whatever the sum of the shares is.
        for sides, bound in (
            ((0, 0, 1, 0, 0, 0), -_TAIL_BOUND),
            ((0, 0, 0, 0, 0, 1), _TAIL_BOUND),
        ):
            value = graph.constant(np.float32(bound))
            inner = graph.node("Pad", (inner, graph.ints(*sides), value), f"{prefix}_knots")
        upper = graph.slice(inner, graph.ints(1), graph.ints(END), 2, f"{prefix}_upper")
        lower = graph.slice(inner, graph.ints(0), graph.ints(-1), 2, f"{prefix}_lower")
        return inner, self.op("Sub", upper, lower, name=f"{name}_distances")


def _bias(layer: Convolution) -> Array:
    if layer.bias is None:
        outputs = layer.weight.shape[0]
        return np.zeros(outputs, np.float32)
    return layer.bias
