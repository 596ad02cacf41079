"""The decoder of a Piper voice: latent -> audio; the flow, then the HiFi-GAN generator.

The flips between the couplings are folded into the weights: the latent's halves stay where they
are, and a coupling that sees them reversed has reversed channels in its first and last layer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import onnx

from edge.bundler.export.fused import FusedLayers
from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.piper.weights import (
    Array,
    Convolution,
    Coupling,
    PiperWeights,
    ResBlock,
    UpsampleStage,
)
from edge.bundler.export.streaming import (
    Layers,
    MaskedLayers,
    Signal,
    StreamingLayers,
    WholeLayers,
    Window,
    reach,
)

OPSET = 17  # nothing newer is needed; the oldest that current runtimes and TensorRT share


def write_decoder(weights: PiperWeights, *, conv2d: bool = False) -> onnx.ModelProto:
    """latent (1, C, F), [speaker (1,) int64] -> audio (1, F * hop), in [-1, 1], no gain."""
    graph = GraphWriter("piper_decoder", OPSET)
    latent = graph.input("latent", "float32", (1, weights.channels, "F"))
    _write(graph, WholeLayers(graph, conv2d), weights, latent, "samples")
    return graph.model()


def write_streaming_decoder(weights: PiperWeights, *, conv2d: bool = False) -> onnx.ModelProto:
    """latent (1, C, n), [speaker], first, last, state_* -> audio (1, samples), next_state_*.

    The chunks of a sentence give its audio in order; streaming.py tells the rules.
    """
    graph = GraphWriter("piper_decoder_stream", OPSET)
    latent = graph.input("latent", "float32", (1, weights.channels, "n"))
    layers = StreamingLayers(graph, conv2d)
    _write(graph, layers, weights, latent, "samples")
    layers.finish()
    return graph.model()


def write_window_decoder(weights: PiperWeights) -> onnx.ModelProto:
    """latent (1, C, F), mask (1, 1, 1, F), [speaker] -> audio (1, F * hop), for a GPU.

    Metadata `context`: frames at either edge of a window whose sound is not the sentence's, unless
    the sentence begins or ends there.
    """
    graph = GraphWriter("piper_decoder_window", OPSET)
    latent = graph.input("latent", "float32", (1, weights.channels, "F"))
    _write(graph, MaskedLayers(graph, conv2d=True), weights, latent, "samples")
    # What the decoder with state waits for is how far its layers see to the right. To the left
    # they see as far, but for a frame in the transposed convolutions.
    stream = write_streaming_decoder(weights)
    waits = {entry.key: entry.value for entry in stream.metadata_props}["min_first_frames"]
    graph.metadata["context"] = waits
    return graph.model()


def write_fused_decoder(
    weights: PiperWeights, *, bits: int = 8, gains: Mapping[str, Array] | None = None
) -> onnx.ModelProto:
    """The streaming decoder with our int8 operators; fused.py tells what `bits` and `gains` are.

    Equal inputs and outputs, but other states, and chunks of whole granules (metadata
    `granularity`, frames) if the audio shall not depend on the schedule.
    """
    graph = GraphWriter("piper_decoder_fused", OPSET)
    latent = graph.input("latent", "float32", (1, weights.channels, "n"))
    layers = FusedLayers(graph, bits, gains or {})
    _write(graph, layers, weights, latent, "samples")
    layers.finish()
    return graph.model()


def _write(
    graph: GraphWriter, layers: Layers, weights: PiperWeights, latent: str, samples: str
) -> None:
    graph.metadata["hop"] = str(weights.generator.hop)
    speaker = None
    if weights.speakers is not None:
        index = graph.input("speaker", "int64", (1,))
        table = graph.constant(weights.speakers, "emb_g.weight")
        speaker = graph.node("Gather", (table, index), "speaker_vector", axis=0)
    audio = _DecoderWriter(layers, speaker).audio(weights, latent)
    graph.output(audio, "audio", "float32", (1, samples))


class _DecoderWriter:
    def __init__(self, layers: Layers, speaker: str | None) -> None:
        self.layers = layers
        self.graph = layers.graph
        self.speaker = speaker  # (1, gin)

    def audio(self, weights: PiperWeights, latent: str) -> str:
        graph, channels = self.graph, weights.channels
        if self.layers.axis == 3:
            latent = graph.node("Unsqueeze", (latent, graph.ints(2)), "latent_2d")
        names = ("latent_first", "latent_second")
        sizes = graph.ints(channels // 2, channels - channels // 2)
        parts = graph.split_node("Split", (latent, sizes), names, axis=1)
        halves = [Signal(part, channels // 2) for part in parts]
        flipped = False
        for coupling in weights.couplings:
            flipped = not flipped
            first, second = (1, 0) if flipped else (0, 1)
            halves[first], halves[second] = self._coupling(
                coupling, halves[first], halves[second], flipped
            )
        joined = graph.node("Concat", (halves[0].value, halves[1].value), "z", axis=1)
        z = dataclasses.replace(halves[0], value=joined, channels=channels)
        x = self._generator(weights, z, flipped)
        axes = graph.ints(1, 2) if self.layers.axis == 3 else graph.ints(1)
        return graph.node("Squeeze", (x.value, axes), "squeezed")

    def _sum(self, left: Signal, right: Signal, name: str) -> Signal:
        if (left.rate, left.delay) != (right.rate, right.delay):
            raise AssertionError(f"{name}: {left} and {right} are not aligned")
        return self.layers.add(left, right, name)

    def _delayed(self, x: Signal, delay: int) -> Signal:
        """The signal with its total delay raised to `delay`; itself in a whole sentence."""
        if delay == x.delay:
            return x
        return self.layers.center(self.layers.window(x, 0, delay - x.delay))

    def _conditioned(self, x: Signal, cond: str, name: str) -> Signal:
        return dataclasses.replace(x, value=self.graph.node("Add", (x.value, cond), name))

    def _speaker_bias(self, layer: Convolution) -> str:
        """The 1x1 convolution of the speaker vector: (1, out, 1), in 2-D form (1, out, 1, 1)."""
        graph = self.graph
        assert self.speaker is not None
        weight = graph.constant(layer.weight[:, :, 0].T, f"{layer.name}.weight")
        bias = np.zeros(layer.weight.shape[0], np.float32) if layer.bias is None else layer.bias
        parameters = (weight, graph.constant(bias, f"{layer.name}.bias"))
        value = graph.node("Gemm", (self.speaker, *parameters), layer.name)
        axes = graph.ints(2, 3) if self.layers.axis == 3 else graph.ints(2)
        return graph.node("Unsqueeze", (value, axes), f"{layer.name}.column")

    # Flow

    def _coupling(
        self, coupling: Coupling, given: Signal, x: Signal, flipped: bool
    ) -> tuple[Signal, Signal]:
        """x - mean(given), and `given`, both delayed by what the WaveNet needs."""
        name = coupling.pre.name.removesuffix(".pre")
        pre, post = coupling.pre, coupling.post
        if flipped:
            pre = dataclasses.replace(pre, weight=pre.weight[:, ::-1])
            bias = None if post.bias is None else post.bias[::-1]
            post = dataclasses.replace(post, weight=post.weight[::-1], bias=bias)
        bias = None if post.bias is None else -post.bias  # to be added: then it is a residual
        post = dataclasses.replace(post, weight=-post.weight, bias=bias)
        h = self.layers.pointwise(given, pre)
        mean = self.layers.pointwise(self._wavenet(coupling, h, name), post)
        x = self._delayed_to(x, mean)
        return self._delayed_to(given, mean), self._sum(x, mean, f"{name}.sub")

    def _delayed_to(self, x: Signal, other: Signal) -> Signal:
        return self._delayed(x, other.delay)

    def _wavenet(self, coupling: Coupling, h: Signal, name: str) -> Signal:
        graph, width = self.graph, h.channels
        cond: list[str] = []
        if coupling.cond is not None:
            column = self._speaker_bias(coupling.cond)
            count = len(coupling.layers)
            names = [f"{column}_{i}" for i in range(count)]
            sizes = graph.ints(*[2 * width] * count)
            cond = graph.split_node("Split", (column, sizes), names, axis=1)
        skips: Signal | None = None
        for i, (dilated, pointwise) in enumerate(coupling.layers):
            window = self.layers.window(h, reach(dilated), reach(dilated))
            acts = self.layers.gated(window, dilated, cond[i] if cond else None)
            if i + 1 < len(coupling.layers):
                residual = self.layers.pointwise(acts, _outputs(pointwise, 0, width, "res"))
                h = self._sum(self.layers.center(window), residual, f"{name}.h_{i}")
                pointwise = _outputs(pointwise, width, 2 * width, "skip")
            # Held back until the last layer's, so that the sum of all waits for nothing.
            rest = sum(reach(later) for later, _ in coupling.layers[i + 1 :])
            if rest:
                skip = self.layers.conv(self.layers.window(acts, 0, rest), pointwise)
            else:
                skip = self.layers.pointwise(acts, pointwise)
            skips = skip if skips is None else self._sum(skips, skip, f"{name}.skips_{i}")
        assert skips is not None
        return skips

    # Generator

    def _generator(self, weights: PiperWeights, z: Signal, flipped: bool) -> Signal:
        generator = weights.generator
        pre = generator.pre
        if flipped:
            pre = dataclasses.replace(pre, weight=pre.weight[:, ::-1])
        x = self.layers.conv(self.layers.window(z, reach(pre), reach(pre)), pre)
        if generator.cond is not None:
            x = self._conditioned(x, self._speaker_bias(generator.cond), "dec.conditioned")
        for number, stage in enumerate(generator.stages):
            x = self._stage(stage, x, generator.slope, f"dec.stage_{number}")
        width = reach(generator.post)
        window = self.layers.window(x, width, width)
        x = self.layers.conv(window, generator.post, generator.post_slope)
        return dataclasses.replace(x, value=self.graph.node("Tanh", (x.value,), "dec.tanh"))

    def _stage(self, stage: UpsampleStage, x: Signal, slope: float, name: str) -> Signal:
        """The sum of the blocks; their division is in the next layer's weights.

        The blocks read one window of the upsampled signal, as wide as the widest needs, and the
        last convolution of each waits for the slowest block.
        """
        x = self.layers.transposed(x, stage.up, slope)
        width = max(reach(block.units[0][0]) for block in stage.blocks)
        window = self.layers.window(x, width, width)
        rest = max(_look_ahead(block) for block in stage.blocks)
        total: Signal | None = None
        for i, block in enumerate(stage.blocks):
            y = self._resblock(block, window, rest, slope)
            total = y if total is None else self._sum(total, y, f"{name}.sum_{i}")
        assert total is not None
        return total

    def _resblock(self, block: ResBlock, window: Window, rest: int, slope: float) -> Signal:
        """`rest` is the look-ahead that the block may use after its first convolution."""
        spare = rest - _look_ahead(block)
        flat = [layer for unit in block.units for layer in unit]
        at = 0
        for unit in block.units:
            source = window
            for position, layer in enumerate(unit):
                y = self.layers.conv(window, layer, slope)
                at += 1
                last_of_unit = position + 1 == len(unit)
                if last_of_unit:
                    y = self._sum(self._residual(source, y), y, f"{layer.name}.sum")
                if at < len(flat):
                    width = reach(flat[at])
                    extra = spare if at + 1 == len(flat) else 0
                    window = self.layers.window(y, width, width + extra)
        if len(flat) == 1:
            y = self._delayed(y, y.delay + rest)
        return y

    def _residual(self, window: Window, y: Signal) -> Signal:
        """Return the window's signal of when `y` began, delayed as far as `y`."""
        return self._delayed_to(self.layers.center(window), y)


def _look_ahead(block: ResBlock) -> int:
    """Count the look-ahead of the convolutions after the first, in positions."""
    return sum(reach(layer) for unit in block.units for layer in unit) - reach(block.units[0][0])


def _outputs(layer: Convolution, begin: int, end: int, name: str) -> Convolution:
    bias = None if layer.bias is None else layer.bias[begin:end]
    return dataclasses.replace(
        layer, name=f"{layer.name}.{name}", weight=layer.weight[begin:end], bias=bias
    )
