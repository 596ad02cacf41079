"""The encoder of a Piper voice: phoneme ids -> means, log-scales, durations.

One sentence at a time, so every mask of the original is all ones and disappears. Activations
are (T, channels): a 1x1 convolution is a MatMul whose bias onnxruntime takes in, a norm needs no
transposes, and no sum before a norm becomes its SkipLayerNormalization, which takes 8 times as
long as the two alone (onnxruntime 1.32).

What follows it is numpy, not graph (VITS, SynthesizerTrn.infer), with seeded noise N(0, 1):

    frames = numpy.repeat(numpy.arange(T), durations[0].astype(int))
    latent = means[:, :, frames] + noise * numpy.exp(log_scales[:, :, frames]) * noise_scale
"""

from __future__ import annotations

import math

import numpy as np
import onnx

from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.piper.durations import DurationWriter
from edge.bundler.export.piper.layers import Layers, bias_of
from edge.bundler.export.piper.weights import Array, AttentionLayer, Convolution, PiperWeights

OPSET = 20  # the first with Gelu


def write_encoder(weights: PiperWeights) -> onnx.ModelProto:
    """ids (1, T) int64, duration_noise (1, 2, T), length_scale (1,), [speaker (1,) int64]
    -> means (1, C, T), log_scales (1, C, T), durations (1, T) in frames, whole numbers.
    """
    graph = GraphWriter("piper_encoder", OPSET)
    ids = graph.input("ids", "int64", (1, "T"))
    noise = graph.input("duration_noise", "float32", (1, 2, "T"))
    length_scale = graph.input("length_scale", "float32", (1,))
    layers = Layers(graph)
    hidden = _TextEncoder(graph, layers).write(weights, ids)
    stats = graph.node("Unsqueeze", (layers.pointwise(hidden, weights.proj), graph.ints(0)), "s")
    stats = graph.node("Transpose", (stats,), "stats", perm=[0, 2, 1])
    means, log_scales = graph.split_node(
        "Split", (stats,), ("means", "log_scales"), axis=1, num_outputs=2
    )
    speaker = None
    if weights.speakers is not None:
        index = graph.input("speaker", "int64", (1,))
        table = graph.constant(weights.speakers, "emb_g.weight")
        speaker = graph.node("Gather", (table, index), "speaker_vector", axis=0)
    log_durations = DurationWriter(graph, layers).write(weights.durations, hidden, noise, speaker)
    raw = graph.node("Mul", (graph.node("Exp", (log_durations,), "w"), length_scale), "scaled_w")
    durations = graph.node("Ceil", (raw,), "w_ceil")
    durations = graph.node("Reshape", (durations, graph.ints(1, -1)), "w_frames")
    channels = weights.channels
    graph.output(means, "means", "float32", (1, channels, "T"))
    graph.output(log_scales, "log_scales", "float32", (1, channels, "T"))
    graph.output(durations, "durations", "float32", (1, "T"))
    return graph.model()


class _TextEncoder:
    def __init__(self, graph: GraphWriter, layers: Layers) -> None:
        self.graph = graph
        self.layers = layers

    def write(self, weights: PiperWeights, ids: str) -> str:
        graph, layers = self.graph, self.layers
        table = graph.constant(weights.embedding, "enc_p.emb.weight")
        flat = graph.node("Reshape", (ids, graph.ints(-1)), "flat_ids")
        x = graph.node("Gather", (table, flat), "enc_p.emb", axis=0)
        first = weights.attention[0]
        band, depth = first.relative_keys.shape
        columns, valid = self._band(flat, first.query.weight.shape[0] // depth, band)
        for i, layer in enumerate(weights.attention):
            name = f"enc_p.encoder.{i}"
            x = self._attention(x, layer, columns, valid, name)
            x = layers.norm(x, layer.norm_1, f"{name}.norm_1")
            y = graph.node("Relu", (self._unfolded(x, layer.ffn_1),), f"{name}.relu")
            x = self._folded(y, layer.ffn_2, x)
            x = layers.norm(x, layer.norm_2, f"{name}.norm_2")
        return x

    def _band(self, ids: str, heads: int, band: int) -> tuple[str, str]:
        """Which columns of logits (heads, T, T) are near each row, for all layers.

        columns (heads, T, band) int64. One beyond an end is taken from the other end, and
        valid (T, band) is 0 there, else 1.
        """
        graph, window = self.graph, (band - 1) // 2
        t = graph.node("Shape", (ids,), "T")
        scalar = graph.node("Squeeze", (t,), "T_scalar")
        zero, one = graph.constant(np.int64(0)), graph.constant(np.int64(1))
        rows = graph.node("Range", (zero, scalar, one), "rows")
        rows = graph.node("Unsqueeze", (rows, graph.ints(1)), "rows_apart")
        offsets = graph.ints(*range(-window, window + 1))
        wanted = graph.node("Add", (rows, offsets), "band_wanted")
        inside = graph.node("Mod", (wanted, t), "band_inside")
        same = graph.node("Equal", (wanted, inside), "band_same")
        valid = graph.node("Cast", (same,), "band_valid", to=onnx.TensorProto.FLOAT)
        return graph.node("Expand", (inside, graph.ints(heads, 1, 1)), "band_columns"), valid

    def _attention(
        self, x: str, layer: AttentionLayer, columns: str, valid: str, name: str
    ) -> str:
        """x + self-attention, with vectors for the positions -window..window (Shaw et al. 2018).

        What the query makes of the vectors of the keys is linear in x, so it is `band` more
        outputs of the projection. The same for the values would save two nodes and cost a tenth
        more error in int8.
        """
        graph, layers = self.graph, self.layers
        band, depth = layer.relative_keys.shape
        hidden = layer.query.weight.shape[0]
        heads = hidden // depth
        qkv = layers.linear(x, *projections_by_head(layer), f"{name}.qkv")
        qkv = graph.node("Reshape", (qkv, graph.ints(0, heads, -1)), f"{name}.heads")
        sizes = graph.ints(depth, depth, depth, band)
        names = [f"{name}.{part}" for part in ("q", "k", "v", "near")]
        parts = graph.split_node("Split", (qkv, sizes), names, axis=2)
        query, key, value, near = (
            graph.node("Transpose", (part,), f"{part}.turned", perm=perm)
            for part, perm in zip(parts, ([1, 0, 2], [1, 2, 0], [1, 0, 2], [1, 0, 2]), strict=True)
        )
        logits = graph.node("MatMul", (query, key), f"{name}.logits")
        near = graph.node("Mul", (near, valid), f"{name}.near_valid")
        logits = graph.node(
            "ScatterElements",
            (logits, columns, near),
            f"{name}.logits_near",
            axis=2,
            reduction="add",
        )
        p = graph.node("Softmax", (logits,), f"{name}.softmax", axis=-1)
        out = graph.node("MatMul", (p, value), f"{name}.values")
        near = graph.node("GatherElements", (p, columns), f"{name}.p_near", axis=2)
        near = graph.node("Mul", (near, valid), f"{name}.p_near_valid")
        near = layers.linear(near, layer.relative_values, None, f"{name}.relative_values")
        out = layers.add(out, near, f"{name}.values_and_near")
        out = graph.node("Transpose", (out,), f"{name}.out_turned", perm=[1, 0, 2])
        out = graph.node("Reshape", (out, graph.ints(0, hidden)), f"{name}.out")
        out = layers.pointwise(out, layer.out)
        return layers.add(out, x, f"{name}.sum_1")

    def _unfolded(self, x: str, layer: Convolution) -> str:
        """A convolution in time as one MatMul on the concatenated shifts: for few inputs."""
        left = (layer.kernel - 1) // 2
        weight = np.concatenate(list(layer.weight.transpose(2, 1, 0)), axis=0)
        shifts = [
            self._shifted(x, left - i, (0, 0), f"{layer.name}.shift_{i}")
            for i in range(layer.kernel)
        ]
        joined = self.graph.node("Concat", shifts, f"{layer.name}.shifts", axis=1)
        return self.layers.linear(joined, weight, layer.bias, layer.name)

    def _folded(self, x: str, layer: Convolution, rest: str) -> str:
        """A convolution in time as one MatMul whose outputs are shifted and added: for few
        outputs.
        """
        kernel, outputs = layer.kernel, layer.weight.shape[0]
        left = (kernel - 1) // 2
        weight = np.concatenate(list(layer.weight.transpose(2, 1, 0)), axis=1)
        bias = np.zeros((kernel, outputs), np.float32)
        bias[left] = bias_of(layer)
        taps = self.layers.linear(x, weight, bias.reshape(-1), layer.name)
        parts = []
        for i in range(kernel):  # tap i reads x[t + i - left]
            others = (i * outputs, (kernel - 1 - i) * outputs)
            parts.append(self._shifted(taps, left - i, others, f"{layer.name}.tap_{i}"))
        total = rest
        for i, part in enumerate(parts):
            total = self.layers.add(part, total, f"{layer.name}.sum_{i}")
        return total

    def _shifted(self, x: str, shift: int, cut: tuple[int, int], name: str) -> str:
        """x (T, channels) without the outer `cut` channels, moved later by `shift` steps, zeros
        where nothing was; Pad takes negative sizes.
        """
        if shift == 0 and cut == (0, 0):
            return x
        pads = self.graph.ints(shift, -cut[0], -shift, -cut[1])
        return self.graph.node("Pad", (x, pads), name)


def projections_by_head(layer: AttentionLayer) -> tuple[Array, Array]:
    """Weight (channels, heads * (3 * depth + band)) and bias: for each head the query, divided by
    the root of its depth, the key, the value, and the query times the vectors of the keys.
    """
    depth = layer.relative_keys.shape[1]
    scale = np.float32(1 / math.sqrt(depth))
    vectors = layer.relative_keys.T.astype(np.float64)
    query, key, value = (
        np.concatenate([part.weight[:, :, 0].T, bias_of(part)[None]])
        for part in (layer.query, layer.key, layer.value)
    )
    columns: list[Array] = []
    for start in range(0, query.shape[1], depth):
        one = np.s_[:, start : start + depth]
        scaled = query[one] * scale
        columns += [scaled, key[one], value[one], (scaled @ vectors).astype(np.float32)]
    joined = np.concatenate(columns, axis=1)
    return joined[:-1], joined[-1]
