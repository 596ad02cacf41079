"""The two graphs of a hibari voice with our own operators (edge/kernels/README.md), in int8.

What moves the pitch stays float: the layer that ends in pitch and energy, the taps that bring
them to the spectra (beside the content they would get a step of two semitones), and all that
makes durations behind the encoder's last norm.
"""

from __future__ import annotations

import dataclasses

import onnx

from edge.bundler.export.fused import FusedLayers
from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.hibari.graphs import Network, check_outputs, decoder_channels, inputs
from edge.bundler.export.hibari.weights import OPSET, Layers, checked
from edge.bundler.export.original import OriginalGraph
from edge.bundler.export.piper.layers import bias_of
from edge.bundler.export.piper.weights import Convolution
from edge.bundler.export.streaming import Signal, reach


def write_fused_decoder(graph: OriginalGraph, bits: int) -> onnx.ModelProto:
    """Inputs and outputs as of the streaming `write_decoder`; `bits` of the weights."""
    check_outputs(graph)
    channels = decoder_channels(graph)
    writer = GraphWriter("hibari_decoder_fused", OPSET)
    signals = inputs(writer, channels)
    layers = FusedLayers(writer, bits, {})
    _FusedNetwork(layers, Layers(graph)).write(*signals)
    layers.finish()
    return checked(writer, graph)


class _FusedNetwork(Network):
    layers: FusedLayers

    def _ends_in_curves(self, x: Signal, layer: Convolution) -> Signal:
        """A product, which onnxruntime computes of no positions too, as our operators do and its
        convolution does not: once all prosody is in, a run need not be given any."""
        graph, name = self.graph, layer.name
        weight = graph.constant(layer.weight[None, :, :, 0], f"{name}.weight")
        bias = graph.constant(bias_of(layer)[:, None], f"{name}.bias")
        product = graph.node("MatMul", (weight, x.value), f"{name}.product")
        value = graph.node("Add", (product, bias), name)
        graph.metadata["least_ahead"] = "0"
        return dataclasses.replace(x, value=value, channels=len(layer.weight))

    def _joined(self, content: Signal, curves: Signal) -> Signal:
        layer = self.weights.convolution("m.dec_in")
        width, count = reach(layer), content.channels
        name = f"{layer.name}.curves"
        few = dataclasses.replace(layer, name=name, weight=layer.weight[:, count:], bias=None)
        beside = self.layers.unquantized(self.layers.window(curves, width, width), few)
        layer = dataclasses.replace(layer, weight=layer.weight[:, :count])
        x = self.layers.conv(self.layers.window(content, width, width), layer)
        return self.layers.add(beside, x, "decoder_in")

    def _block(self, x: Signal, name: str) -> Signal:
        depthwise = self.weights.convolution(f"{name}.dw")
        y, late = self._normed(x, f"{name}.norm", depthwise)
        y = self.layers.pointwise_gelu(y, self.weights.linear(f"{name}.pw1"))
        gamma = self.weights.tensor(f"{name}.gamma")
        y = self.layers.pointwise(y, self.weights.linear(f"{name}.pw2", gamma))
        return self.layers.add(late, y, name)

    def _head(self, x: Signal) -> str:
        y, _ = self._normed(x, "m.dec_norm")
        y = self.layers.pointwise(y, self.weights.linear("m.head"))
        return self._by_time(y.value, "spectra")

    def _normed(
        self, x: Signal, name: str, depthwise: Convolution | None = None
    ) -> tuple[Signal, Signal]:
        gamma, beta = (self.weights.tensor(f"{name}.{part}") for part in ("weight", "bias"))
        return self.layers.normed(x, gamma, beta, name, depthwise)
