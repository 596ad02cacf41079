"""The small layers that the encoder of a Piper voice is made of, on activations (T, channels)."""

from __future__ import annotations

import numpy as np

from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.piper.weights import Array, Convolution, LayerNorm


class Layers:
    def __init__(self, graph: GraphWriter) -> None:
        self.graph = graph

    def add(self, left: str, right: str, name: str) -> str:
        return self.graph.node("Add", (left, right), name)

    def linear(self, x: str, weight: Array, bias: Array | None, name: str) -> str:
        """x (T, in) @ weight (in, out) + bias."""
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


def bias_of(layer: Convolution) -> Array:
    if layer.bias is None:
        outputs = layer.weight.shape[0]
        return np.zeros(outputs, np.float32)
    return layer.bias
