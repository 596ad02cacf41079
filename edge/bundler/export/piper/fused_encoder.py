"""The encoder of a Piper voice with our own operators (edge/kernels/README.md), in int8.

The same function as `piper_encoder` writes, on activations (1, channels, T), as the operators
have them: biases and residuals inside, and one node for what took up to 38. Of the duration
predictor the flows are int8, up to their splines; what conditions them stays float, for it moves
twice as many durations in less time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx

from edge.bundler.export.fused import TOKENS, tokens_convolved
from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.piper.encoder import OPSET, projections_by_head
from edge.bundler.export.piper.layers import bias_of
from edge.bundler.export.piper.spline import spline_projection
from edge.bundler.export.piper.weights import (
    AttentionLayer,
    Convolution,
    DurationPredictor,
    LayerNorm,
    PiperWeights,
    SeparableStack,
    SplineFlow,
)
from edge.kernels import DOMAIN

NO_SLOPE = 0.0  # ReLU on load


def write_fused_encoder(weights: PiperWeights, bits: int) -> onnx.ModelProto:
    """Inputs and outputs as of `write_encoder`. `bits` of the weights: as of `FusedLayers`."""
    return _Writer(bits).write(weights)


class _Writer:
    def __init__(self, bits: int) -> None:
        self.graph = GraphWriter("piper_encoder", OPSET)
        self.graph.domains[DOMAIN] = 1
        self.bits = bits

    def write(self, weights: PiperWeights) -> onnx.ModelProto:
        graph, channels = self.graph, weights.channels
        ids = graph.input("ids", "int64", (1, "T"))
        noise = graph.input("duration_noise", "float32", (1, 2, "T"))
        length_scale = graph.input("length_scale", "float32", (1,))
        table = graph.constant(weights.embedding, "enc_p.emb.weight")
        x = graph.node("Gather", (table, ids), "enc_p.emb", axis=0)
        x = graph.node("Transpose", (x,), "enc_p.emb.turned", perm=[0, 2, 1])
        for i, layer in enumerate(weights.attention):
            name = f"enc_p.encoder.{i}"
            x = self._norm(self._attention(x, layer, name), layer.norm_1, f"{name}.norm_1")
            y = self._conv(x, layer.ffn_1)
            y = self._conv(y, layer.ffn_2, residual=x, slope=NO_SLOPE)
            x = self._norm(y, layer.norm_2, f"{name}.norm_2")
        stats = self._conv(x, weights.proj)
        means, log_scales = graph.split_node(
            "Split", (stats,), ("means", "log_scales"), axis=1, num_outputs=2
        )
        speaker = None
        if weights.speakers is not None:
            index = graph.input("speaker", "int64", (1,))
            speakers = graph.constant(weights.speakers, "emb_g.weight")
            speaker = graph.node("Gather", (speakers, index), "speaker_vector", axis=0)
        logw = self._durations(weights.durations, x, noise, speaker)
        raw = graph.node("Mul", (graph.node("Exp", (logw,), "w"), length_scale), "scaled_w")
        durations = graph.node("Ceil", (raw,), "w_ceil")
        durations = graph.node("Reshape", (durations, graph.ints(1, -1)), "w_frames")
        graph.output(means, "means", "float32", (1, channels, "T"))
        graph.output(log_scales, "log_scales", "float32", (1, channels, "T"))
        graph.output(durations, "durations", "float32", (1, "T"))
        return graph.model()

    def _attention(self, x: str, layer: AttentionLayer, name: str) -> str:
        """x + self-attention: the vectors of near positions are `band` more outputs of the
        projection for the keys, and `band` more columns of the product for the values."""
        graph = self.graph
        band, depth = layer.relative_keys.shape
        heads = layer.query.weight.shape[0] // depth
        weight, bias = projections_by_head(layer)
        projection = Convolution(f"{name}.qkv", weight.T[:, :, None], bias)
        qkv = graph.node(
            "Reshape", (self._conv(x, projection), graph.ints(heads, 3 * depth + band, -1)), name
        )
        parts = [f"{name}.{part}" for part in ("q", "k", "v", "near")]
        sizes = graph.ints(depth, depth, depth, band)
        query, key, value, near = graph.split_node("Split", (qkv, sizes), parts, axis=1)
        query = graph.node("Transpose", (query,), f"{name}.q_turned", perm=[0, 2, 1])
        logits = graph.node("MatMul", (query, key), f"{name}.logits")
        shares = graph.node("BandSoftmax", (logits, near), f"{name}.shares", domain=DOMAIN)
        vectors = np.broadcast_to(layer.relative_values.T, (heads, depth, band))
        vectors_name = graph.constant(vectors, f"{name}.relative_values")
        value = graph.node("Concat", (value, vectors_name), f"{name}.values", axis=2)
        shares = graph.node("Transpose", (shares,), f"{name}.shares_turned", perm=[0, 2, 1])
        out = graph.node("MatMul", (value, shares), f"{name}.weighted")
        out = graph.node("Reshape", (out, graph.ints(1, heads * depth, -1)), f"{name}.out")
        return self._conv(out, layer.out, residual=x)

    def _durations(
        self, weights: DurationPredictor, hidden: str, noise: str, speaker: str | None
    ) -> str:
        """-> logw (1, 1, T)"""
        graph = self.graph
        x = self._float(hidden, weights.pre)
        if weights.cond is not None and speaker is not None:
            matrix = graph.constant(weights.cond.weight[:, :, 0].T, "dp.cond.weight")
            bias = graph.constant(bias_of(weights.cond), "dp.cond.bias")
            cond = graph.node("Gemm", (speaker, matrix, bias), "dp.cond")
            cond = graph.node("Unsqueeze", (cond, graph.ints(2)), "dp.cond_column")
            x = graph.node("Add", (x, cond), "dp.conditioned")
        x = self._separable(x, weights.stack, "dp.convs", self._float)
        x = self._float(x, weights.proj)
        first, second = graph.split_node("Split", (noise,), ("z_0", "z_1"), axis=1, num_outputs=2)
        for i, flow in enumerate(weights.flows):
            first, second = second, first
            second = self._spline_flow(first, second, x, flow, f"dp.flow_{i}")
        mean, scale = np.float32(weights.mean), np.float32(weights.scale)
        centred = graph.node("Sub", (second, graph.constant(mean)), "dp.centred")
        return graph.node("Mul", (centred, graph.constant(scale)), "logw")

    def _spline_flow(self, given: str, x: str, cond: str, flow: SplineFlow, name: str) -> str:
        graph = self.graph
        h = graph.node("Add", (self._float(given, flow.pre), cond), f"{name}.cond")
        h = self._separable(h, flow.stack, name, self._conv)
        weight, bias = spline_projection(flow)
        h = self._float(h, Convolution(flow.proj.name, weight.T[:, :, None], bias))
        return graph.node("InverseSpline", (h, x), f"{name}.out", domain=DOMAIN)

    def _separable(
        self,
        x: str,
        stack: SeparableStack,
        name: str,
        conv: Callable[[str, Convolution], str],
    ) -> str:
        for i, (depthwise, norm_1, pointwise, norm_2) in enumerate(stack.layers):
            layer = f"{name}.{i}"
            y = self._norm(x, norm_1, f"{layer}.norm_1", depthwise, gelu=1)
            y = conv(y, pointwise)
            x = self._norm(y, norm_2, f"{layer}.norm_2", residual=x, gelu=1)
        return x

    def _norm(
        self,
        x: str,
        norm: LayerNorm,
        name: str,
        depthwise: Convolution | None = None,
        residual: str = "",
        gelu: int = 0,
    ) -> str:
        graph = self.graph
        inputs = [x, graph.constant(norm.gamma, f"{name}.gamma")]
        inputs += [graph.constant(norm.beta, f"{name}.beta"), "", "", residual]
        dilation = 1
        if depthwise is not None:
            inputs[3] = graph.constant(depthwise.weight[:, 0], f"{depthwise.name}.weight")
            inputs[4] = graph.constant(bias_of(depthwise), f"{depthwise.name}.bias")
            dilation = depthwise.dilation
        return graph.node(
            "ChannelNorm",
            inputs,
            name,
            domain=DOMAIN,
            epsilon=norm.epsilon,
            gelu=gelu,
            dilation=dilation,
        )

    def _conv(self, x: str, layer: Convolution, residual: str = "", slope: float = 1.0) -> str:
        return tokens_convolved(
            self.graph, x, layer, self.bits, residual, slope=slope, tile=TOKENS, granule=TOKENS
        )

    def _float(self, x: str, layer: Convolution) -> str:
        """A 1x1 convolution as it was."""
        weight = self.graph.constant(layer.weight, f"{layer.name}.weight")
        bias = self.graph.constant(bias_of(layer), f"{layer.name}.bias")
        return self.graph.node("Conv", (x, weight, bias), layer.name, kernel_shape=[1])
