"""The two graphs of a hibari voice, cut where the durations become known.

encoder   token ids -> durations and what every token contributes, with attention over the tokens.
          Copied from the original node by node, with float weights.
decoder   frames -> spectra: convolutions over time only, written anew against streaming.Layers,
          so that a sentence may come in chunks and gives the same numbers.

A frame is 25 ms; the spectra have two per frame. The prosody network looks 54 frames ahead and
the spectra 27 of their own, so 67.5 frames (1.7 s) of prosody go in before the first spectrum
comes out, and 13.5 of content: the spectra of a short sentence need not be made all at once.
Between the two, the caller repeats each token's columns as often as its duration says.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import onnx

from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.hibari.weights import OPSET, checked, copy_float
from edge.bundler.export.hibari.weights import Layers as Weights
from edge.bundler.export.original import OriginalGraph, attributes, refuse
from edge.bundler.export.piper.weights import Convolution
from edge.bundler.export.streaming import (
    Layers,
    MaskedLayers,
    Signal,
    StreamingLayers,
    WholeLayers,
    reach,
)

ORIGINAL = ("lh", "theta", "ln", "lr", "phi")
"""Outputs of the original: logarithms of three magnitudes, an angle before tanh, a phase."""
SPECTRA = ("harmonics", "angle", "noise", "rest", "phase")
"""The same as the signal needs them, in its order: onnxruntime makes them with vectors on every
CPU, numpy's exp without on ARM."""
_LARGEST_LOG = 7.0  # the package cuts here
_FINE = 2  # spectra per frame
_LOG_F0_SCALE = 5.0
_EPSILON = 1e-5


def write_encoder(graph: OriginalGraph) -> onnx.ModelProto:
    """ids (1, L) int64, speed (1,) -> durations (1, L) int64, content and prosody (1, C, L)."""
    durations, content, prosody = _cut(graph)
    writer = GraphWriter("hibari_encoder", OPSET)
    inputs = {
        "ids": writer.input("ids", "int64", (1, "L")),
        "speed": writer.input("speed", "float32", (1,)),
    }
    values = copy_float(graph, writer, inputs, (durations, content, prosody))
    row = writer.node("Unsqueeze", (values[durations], writer.ints(0)), "durations_row")
    writer.output(row, "durations", "int64", (1, "L"))
    channels = decoder_channels(graph)
    for name, value in (("content", values[content]), ("prosody", values[prosody])):
        writer.output(value, name, "float32", (1, channels[name], "L"))
    return checked(writer, graph)


def write_whole(graph: OriginalGraph) -> onnx.ModelProto:
    """The original in float, uncut: ids, speed -> ORIGINAL and f0 as it has them."""
    writer = GraphWriter("hibari", OPSET)
    inputs = {
        "ids": writer.input("ids", "int64", (1, "L")),
        "speed": writer.input("speed", "float32", (1,)),
    }
    check_outputs(graph)
    values = copy_float(graph, writer, inputs, (*ORIGINAL, "f0"))
    for name in ORIGINAL:
        writer.output(values[name], name, "float32", (1, "bins", "F"))
    writer.output(values["f0"], "f0", "float32", (1, "F"))
    return checked(writer, graph)


def write_decoder(graph: OriginalGraph, *, streaming: bool) -> onnx.ModelProto:
    """content, prosody (1, C, n) -> SPECTRA (1, spectra, bins) each, f0 (1, spectra).

    With `streaming` also first, last, ends, state_*, waiting -> next_state_*, next_waiting;
    streaming.py tells the rules. Prosody then is n frames long as well, another n, and as many
    frames ahead of the content as the metadata say; so is f0.
    """
    check_outputs(graph)
    channels = decoder_channels(graph)
    writer = GraphWriter("hibari_decoder_stream" if streaming else "hibari_decoder", OPSET)
    signals = inputs(writer, channels)
    if not streaming:
        Network(WholeLayers(writer, False), Weights(graph)).write(*signals)
        return checked(writer, graph)
    layers = StreamingLayers(writer, False)
    Network(layers, Weights(graph)).write(*signals)
    layers.finish()
    return checked(writer, graph)


def write_window_decoder(graph: OriginalGraph) -> onnx.ModelProto:
    """content, prosody (1, C, F), mask (1, 1, 1, F) -> SPECTRA and f0 of all frames, for a GPU.

    Metadata `context`: frames at either edge of a window that are not the sentence's, unless it
    begins or ends there; `hop`: spectra in a frame.
    """
    check_outputs(graph)
    writer = GraphWriter("hibari_decoder_window", OPSET)
    signals = inputs(writer, decoder_channels(graph), ahead="n")
    Network(MaskedLayers(writer, conv2d=True), Weights(graph)).write(*signals)
    stream = write_decoder(graph, streaming=True)
    waits = {entry.key: entry.value for entry in stream.metadata_props}
    writer.metadata["context"] = str(int(waits["ahead"]) + int(waits["min_first_frames"]))
    writer.metadata["hop"] = str(_FINE)
    return checked(writer, graph)


def inputs(writer: GraphWriter, channels: Mapping[str, int], ahead: str = "ahead") -> list[Signal]:
    """Declare content and prosody, of lengths of their own."""
    lengths = {"content": "n", "prosody": ahead}
    return [
        Signal(writer.input(name, "float32", (1, channels[name], length)), channels[name])
        for name, length in lengths.items()
    ]


class Network:
    """The decoder's layers, from frames to spectra, by the names that training gave them."""

    def __init__(self, layers: Layers, weights: Weights) -> None:
        self.layers = layers
        self.graph = layers.graph
        self.weights = weights

    def write(self, content: Signal, prosody: Signal) -> None:
        graph, weights = self.graph, self.weights
        content, prosody = self._inside(content), self._inside(prosody)
        x = self.layers.pointwise(prosody, weights.convolution("pn.pro_in"))
        for i in range(weights.count("pn.pro.{}.dw.weight")):
            x = self._block(x, f"pn.pro.{i}")
        x = self._ends_in_curves(x, weights.convolution("pn.pro_out"))
        content = self._repeated(content)
        x = self._joined(content, self.layers.held(self._curves(x), content))
        for i in range(weights.count("m.dec.{}.dw.weight")):
            x = self._block(x, f"m.dec.{i}")
        value = self._head(x)
        bins = self.weights.tensor("m.head.bias").size // len(ORIGINAL)
        sizes = graph.ints(*[bins] * len(ORIGINAL))
        parts = graph.split_node("Split", (value, sizes), ORIGINAL, axis=2)
        for name, part in zip(SPECTRA, parts, strict=True):
            graph.output(self._finished(name, part), name, "float32", (1, "spectra", bins))
        graph.metadata["spectra_per_frame"] = str(_FINE)

    def _finished(self, name: str, value: str) -> str:
        graph = self.graph
        if name == "phase":
            return value
        if name == "angle":
            turn = graph.node("Tanh", (value,), f"{name}.turn")
            return graph.node("Mul", (turn, graph.constant(np.float32(np.pi), "pi")), f"{name}.pi")
        most = graph.constant(np.float32(_LARGEST_LOG), "largest_log")
        return graph.node("Exp", (graph.node("Min", (value, most), f"{name}.cut"),), f"{name}.exp")

    def _ends_in_curves(self, x: Signal, layer: Convolution) -> Signal:
        return self.layers.pointwise(x, layer)

    def _joined(self, content: Signal, curves: Signal) -> Signal:
        """The convolution over content, pitch and energy that the spectra begin with."""
        parts = (content.value, curves.value)
        joined = self.graph.node("Concat", parts, "decoder_in", axis=1)
        x = dataclasses.replace(content, value=joined, channels=content.channels + 2)
        layer = self.weights.convolution("m.dec_in")
        return self.layers.conv(self.layers.window(x, reach(layer), reach(layer)), layer)

    def _head(self, x: Signal) -> str:
        """-> (1, n, all spectra's bins)"""
        value = self._by_time(x.value, "dec_out")
        if self.layers.axis == 3:
            value = self.graph.node("Squeeze", (value, self.graph.ints(1)), "dec_out_flat")
        return self._linear(self._norm(value, "m.dec_norm"), "m.head")

    def _block(self, x: Signal, name: str) -> Signal:
        """ConvNeXt: depthwise convolution, norm, two linear layers, scaled; added to its input."""
        layer = self.weights.convolution(f"{name}.dw")
        window = self.layers.window(x, reach(layer), reach(layer))
        y = self._by_time(self.layers.conv(window, layer).value, f"{name}.by_time")
        y = self._linear(self._norm(y, f"{name}.norm"), f"{name}.pw1")
        y = self._linear(self._gelu(y, f"{name}.gelu"), f"{name}.pw2")
        gamma = self.graph.constant(self.weights.tensor(f"{name}.gamma"), f"{name}.gamma")
        y = self.graph.node("Mul", (gamma, y), f"{name}.scaled")
        center = self.layers.center(window)
        y = self.graph.node("Add", (center.value, self._by_channel(y, f"{name}.out")), name)
        return dataclasses.replace(center, value=y)

    def _curves(self, x: Signal) -> Signal:
        """(1, 2 * 2, n) to f0, which becomes an output in Hz, and energy: (1, 2, 2 n)."""
        graph = self.graph
        value = graph.node("Reshape", (x.value, graph.ints(1, 2, _FINE, -1)), "curves_apart")
        value = graph.node("Transpose", (value,), "curves_woven", perm=[0, 1, 3, 2])
        value = graph.node("Reshape", (value, graph.ints(1, 2, -1)), "curves")
        names = ("f0_normal", "energy")
        f0, energy = graph.split_node("Split", (value, graph.ints(1, 1)), names, axis=1)
        scale = graph.constant(np.float32(self.weights.scale("f0")), "f0.scale")
        hertz = graph.node("Mul", (f0, scale), "f0_hertz")
        row = graph.node("Squeeze", (hertz, graph.ints(1)), "f0_row")
        graph.output(row, "f0", "float32", (1, "pitches"))
        voiced = graph.node("Relu", (hertz,), "f0_voiced")
        voiced = graph.node("Add", (graph.constant(np.float32(1), "one"), voiced), "f0_plus_one")
        log = graph.node("Log", (voiced,), "f0_log")
        by = graph.constant(np.float32(_LOG_F0_SCALE), "f0_log.scale")
        scaled = graph.node("Div", (log, by), "f0_scaled")
        both = graph.node("Concat", (scaled, energy), "curves_scaled", axis=1)
        return self._inside(Signal(both, 2, _FINE * x.rate, _FINE * x.delay))

    def _inside(self, x: Signal) -> Signal:
        """The signal in 2-D form, if that is the layers'."""
        if self.layers.axis == 2:
            return x
        value = self.graph.node("Unsqueeze", (x.value, self.graph.ints(2)), f"{x.value}.2d")
        return dataclasses.replace(x, value=value)

    def _repeated(self, x: Signal) -> Signal:
        graph = self.graph
        value = graph.node(
            "Reshape", (x.value, graph.ints(1, x.channels, -1, 1)), "content_column"
        )
        value = graph.node("Tile", (value, graph.ints(1, 1, 1, _FINE)), "content_twice")
        shape = (1, x.channels, -1) if self.layers.axis == 2 else (1, x.channels, 1, -1)
        value = graph.node("Reshape", (value, graph.ints(*shape)), "content_fine")
        return Signal(value, x.channels, _FINE * x.rate, _FINE * x.delay)

    def _by_time(self, value: str, name: str) -> str:
        """(1, C, T) to (1, T, C), in 2-D form (1, C, 1, T) to (1, 1, T, C)."""
        perm = [0, 2, 1] if self.layers.axis == 2 else [0, 2, 3, 1]
        return self.graph.node("Transpose", (value,), name, perm=perm)

    def _by_channel(self, value: str, name: str) -> str:
        """The way back."""
        perm = [0, 2, 1] if self.layers.axis == 2 else [0, 3, 1, 2]
        return self.graph.node("Transpose", (value,), name, perm=perm)

    def _norm(self, value: str, name: str) -> str:
        parts = [f"{name}.weight", f"{name}.bias"]
        names = [self.graph.constant(self.weights.tensor(part), part) for part in parts]
        return self.graph.node(
            "LayerNormalization", (value, *names), name, axis=-1, epsilon=_EPSILON
        )

    def _linear(self, value: str, name: str) -> str:
        weight, bias = self.weights.matrix(name)
        inputs = (value, self.graph.constant(weight, f"{name}.weight"))
        product = self.graph.node("MatMul", inputs, f"{name}.product")
        return self.graph.node("Add", (self.graph.constant(bias, f"{name}.bias"), product), name)

    def _gelu(self, x: str, name: str) -> str:
        return gelu(self.graph, x, name)


def gelu(graph: GraphWriter, x: str, name: str) -> str:
    """Write GELU by its definition: the form that onnxruntime recognises and fuses."""
    root, one, half = (np.float32(number) for number in (np.sqrt(2.0), 1.0, 0.5))
    y = graph.node("Div", (x, graph.constant(root, "root_2")), f"{name}.div")
    y = graph.node("Erf", (y,), f"{name}.erf")
    y = graph.node("Add", (y, graph.constant(one, "one")), f"{name}.add")
    y = graph.node("Mul", (x, y), f"{name}.mul")
    return graph.node("Mul", (y, graph.constant(half, "half")), name)


def _cut(graph: OriginalGraph) -> tuple[str, str, str]:
    """The values at the cut: durations, and the two that are then spread over the frames."""
    sums = [node for node in graph.nodes if node.op_type == "CumSum"]
    spread = {
        "prosody" if graph.uses[node.output[0]][0].op_type == "Conv" else "content": node.input[0]
        for node in graph.nodes
        if node.op_type == "Gather" and attributes(node).get("axis") == 2
        if node.output[0] in graph.uses
    }
    if len(sums) != 1 or set(spread) != {"content", "prosody"}:
        found = f"{len(sums)} CumSum nodes, {sorted(spread)}"
        raise refuse(f"{graph.where}: durations are not spread as in a hibari voice: {found}")
    return sums[0].input[0], spread["content"], spread["prosody"]


def decoder_channels(graph: OriginalGraph) -> dict[str, int]:
    weights = Weights(graph)
    joined = weights.convolution("m.dec_in").weight.shape[1]
    return {
        "content": int(joined) - 2,  # f0 and energy come beside it
        "prosody": int(weights.convolution("pn.pro_in").weight.shape[1]),
    }


def check_outputs(graph: OriginalGraph) -> None:
    for name in (*ORIGINAL, "f0"):
        if graph.source(name) is None:
            raise refuse(f"{graph.where}: no node makes {name!r}: this is not a hibari voice")
