"""The stochastic duration predictor of a Piper voice, inverted: noise -> log durations.

VITS, models.py StochasticDurationPredictor(reverse=True) and modules.py DDSConv, ConvFlow.
"""

from __future__ import annotations

import numpy as np

from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.piper.layers import Layers, bias_of
from edge.bundler.export.piper.spline import inverse_spline, spline_projection
from edge.bundler.export.piper.weights import DurationPredictor, SeparableStack, SplineFlow


class DurationWriter:
    def __init__(self, graph: GraphWriter, layers: Layers) -> None:
        self.graph = graph
        self.layers = layers

    def write(
        self, weights: DurationPredictor, hidden: str, noise: str, speaker: str | None
    ) -> str:
        """hidden (T, channels), noise (1, 2, T), speaker (1, gin) -> logw (T, 1).

        The flip between two flows swaps the names of the two rows.
        """
        graph, layers = self.graph, self.layers
        x = layers.pointwise(hidden, weights.pre)
        if weights.cond is not None and speaker is not None:
            x = layers.add(x, layers.pointwise(speaker, weights.cond), "dp.conditioned")
        x = layers.pointwise(self._separable(x, weights.stack, "dp.convs"), weights.proj)
        rows = graph.split_node("Split", (noise,), ("dp.z_0", "dp.z_1"), axis=1, num_outputs=2)
        first, second = (
            graph.node("Reshape", (row, graph.ints(-1, 1)), f"{row}.column") for row in rows
        )
        for i, flow in enumerate(weights.flows):
            first, second = second, first
            second = self._spline_flow(first, second, x, flow, f"dp.flow_{i}")
        first = second
        mean, scale = graph.constant(np.float32(weights.mean)), np.float32(weights.scale)
        centred = graph.node("Sub", (first, mean), "dp.centred")
        return graph.node("Mul", (centred, graph.constant(scale)), "logw")

    def _separable(self, x: str, stack: SeparableStack, name: str) -> str:
        graph, layers = self.graph, self.layers
        channels = stack.layers[0][0].groups
        for i, (depthwise, norm_1, pointwise, norm_2) in enumerate(stack.layers):
            layer = f"{name}.{i}"
            y = graph.node("Reshape", (x, graph.ints(1, 1, -1, channels)), f"{layer}.batch")
            y = graph.node("Transpose", (y,), f"{layer}.turned", perm=[0, 3, 1, 2])
            weight = graph.constant(depthwise.weight[:, :, None], f"{layer}.weight")
            y = graph.node(
                "Conv",
                (y, weight, graph.constant(bias_of(depthwise), f"{layer}.bias")),
                f"{layer}.depthwise",
                kernel_shape=[1, depthwise.kernel],
                dilations=[1, depthwise.dilation],
                group=depthwise.groups,
                pads=[0, depthwise.padding] * 2,
            )
            y = graph.node("Transpose", (y,), f"{layer}.back", perm=[0, 2, 3, 1])
            y = graph.node("Reshape", (y, graph.ints(-1, channels)), f"{layer}.alone")
            y = layers.norm(y, norm_1, f"{layer}.norm_1")
            y = graph.node("Gelu", (y,), f"{layer}.gelu_1")
            y = layers.norm(layers.pointwise(y, pointwise), norm_2, f"{layer}.norm_2")
            x = layers.add(graph.node("Gelu", (y,), f"{layer}.gelu_2"), x, f"{layer}.sum")
        return x

    def _spline_flow(self, given: str, x: str, cond: str, flow: SplineFlow, name: str) -> str:
        """Invert the spline that `given` and `cond` define, at x (T, 1)."""
        graph, layers = self.graph, self.layers
        bias = graph.constant(bias_of(flow.pre), f"{name}.pre.bias")
        biased = layers.add(cond, bias, f"{name}.cond")
        weight = graph.constant(flow.pre.weight[:, :, 0].T, f"{name}.pre.weight")
        h = graph.node("Gemm", (given, weight, biased), f"{name}.given")
        weight_and_bias = spline_projection(flow)
        h = self._separable(h, flow.stack, f"{name}.convs")
        parameters = layers.linear(h, *weight_and_bias, flow.proj.name)
        return inverse_spline(graph, flow, parameters, x, name)
