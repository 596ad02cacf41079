"""Kokoro's frames and generator with our own operators (edge/kernels/README.md), in int8.

What a style makes of a norm, and the norm's statistics over the sentence, are an affine on load
before Snake or LeakyReLU, so each layer is one node. Pitch and energy stay float: in int8 the
pitch moves by up to half a semitone. So do the layers with few channels.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import onnx

from edge.bundler.export.fused import FusedLayers
from edge.bundler.export.kokoro.frames import FrameWriter
from edge.bundler.export.kokoro.generator import (
    BLOCKS,
    DILATIONS,
    POST_SLOPE,
    UP_SLOPE,
    GeneratorWriter,
)
from edge.bundler.export.kokoro.layers import SLOPE, Layers
from edge.bundler.export.kokoro.weights import Array, Weights
from edge.bundler.export.on_load import NOTHING, OnLoad
from edge.bundler.export.piper.weights import Convolution
from edge.bundler.export.streaming import Signal, StreamingLayers, Window, reach
from edge.synth.kokoro.settings import HOP, PLACE


def write_fused_frames(weights: Weights, bits: int) -> onnx.ModelProto:
    """Inputs and outputs as of `write_frames`, and states that are zeros; `bits` of the
    weights."""
    return _Frames("kokoro_frames_fused", weights, bits).write()


def write_fused_generator(weights: Weights, bits: int) -> onnx.ModelProto:
    """Inputs and outputs as of `write_generator`, `norms` (see `_Generator`), and states;
    `bits` of the weights."""
    return _Generator("kokoro_generator_fused", weights, bits).write()


class _Fused(Layers):
    """Layers with states, which a graph for whole sentences gets as zeros."""

    def __init__(self, name: str, weights: Weights, bits: int) -> None:
        super().__init__(name, weights)
        self.fused = FusedLayers(self.graph, bits, {})

    def layer(self, name: str, dilation: int = 1, gain: float = 1.0) -> Convolution:
        """Weights of a convolution that keeps the length, its outputs multiplied by `gain`."""
        weight = self.tensor(f"{name}.weight") * np.float32(gain)
        bias = self.tensor(f"{name}.bias") * np.float32(gain) if self.has(f"{name}.bias") else None
        padding = dilation * (weight.shape[2] - 1) // 2
        return Convolution(name, weight, bias, dilation, 1, 1, padding)

    def normed(
        self, x: Signal, style: str, name: str, slope: float = 1.0, alpha: Array | None = None
    ) -> OnLoad:
        """A norm over the sentence with a style's scale and offset, then a curve."""
        scale, offset = self.factors(style, name)
        mul, add = self.affine(x, scale, offset, name)
        row = None if alpha is None else alpha.reshape(-1)
        return OnLoad(slope=slope, alpha=row, mul=mul, add=add)

    def affine(self, x: Signal, scale: str, offset: str, name: str) -> tuple[str, str]:
        return self.fused.norm_over_time(x, scale, offset, name)[:2]

    def convolved(self, x: Signal, layer: Convolution, on_load: OnLoad) -> Signal:
        width = reach(layer)
        return self.fused.activated(Window(x, "", width, width), layer, on_load)

    def done(self) -> onnx.ModelProto:
        self.fused.finish()
        return self.graph.model()


class _Generator(_Fused, GeneratorWriter):
    """For a whole sentence, or for chunks of whole granules if its norms are given: their means
    and deviations are an input, `norms` (2, channels of all norms), and an output. The input is
    empty for a whole sentence, whose own are taken then.

    The second stage has one position more than its frames give, before the first: it is known one
    position sooner.
    """

    def __init__(self, name: str, weights: Weights, bits: int) -> None:
        super().__init__(name, weights, bits)
        self._given = self.graph.input("norms", "float32", (2, "channels"))
        self._taken: list[str] = []
        self._channels = 0

    def affine(self, x: Signal, scale: str, offset: str, name: str) -> tuple[str, str]:
        graph, begin = self.graph, self._channels
        self._channels += x.channels
        ends = (graph.ints(begin), graph.ints(self._channels))
        given = graph.slice(self._given, *ends, 1, f"{name}.given")
        mul, add, taken = self.fused.norm_over_time(x, scale, offset, name, given)
        self._taken.append(taken)
        return mul, add

    def write(self) -> onnx.ModelProto:
        graph, name = self.graph, "decoder.generator"
        x, source = self.inputs()
        timbre, stages = self.style(0), self.stages()
        for stage in range(stages):
            noise = self._noise(source, stage)
            up = f"{name}.ups.{stage}"
            weight = self.tensor(f"{up}.weight")
            stride = weight.shape[2] // 2
            gain = np.float32(1 / BLOCKS if stage else 1)  # of the mean over the stage before
            layer = Convolution(
                up, weight * gain, self.tensor(f"{up}.bias"), 1, 1, stride, stride // 2
            )
            x = self.fused.transposed_after(x, layer, OnLoad(UP_SLOPE))
            if stage == stages - 1:
                x = Signal(self.mirrored(x.value), x.channels, x.rate, x.delay - 1)
            block = f"{name}.noise_res.{stage}"
            lag = self._lag(block)
            noise = self._late(noise, x.delay - lag)
            noise = self.resblock(noise, timbre, block)
            x = self.fused.add(self._late(x, noise.delay), noise, f"{up}.sum")
            blocks = [f"{name}.resblocks.{stage * BLOCKS + i}" for i in range(BLOCKS)]
            end = x.delay + max(map(self._lag, blocks))
            parts = [self._late(self.resblock(x, timbre, block), end) for block in blocks]
            value = graph.node("Sum", [part.value for part in parts], f"stage.{stage}.sum")
            x = Signal(value, x.channels, x.rate, end)
        post = self.layer(f"{name}.conv_post", gain=1)
        post = replace(post, weight=post.weight / np.float32(BLOCKS))  # of the mean
        width = reach(post)
        x = self.fused.unquantized(Window(x, "", width, width), post, POST_SLOPE)
        self.spectra(x.value)
        taken = graph.node("Concat", self._taken, "norms.taken", axis=1)
        graph.output(taken, "norms_taken", "float32", (2, self._channels))
        graph.metadata["look_ahead"] = str(-(-x.delay // x.rate))
        return self.done()

    def mirrored(self, x: str) -> str:
        """One position more before the first, where the sentence begins."""
        graph = self.graph
        first = graph.node("Cast", ("first",), "mirror.first", to=onnx.TensorProto.INT64)
        end = graph.node("Add", (first, graph.ints(1)), "mirror.end")
        second = graph.slice(x, graph.ints(1), end, 2, "mirrored")
        return graph.node("Concat", (second, x), "mirror", axis=2)

    def _noise(self, source: str, stage: int) -> Signal:
        """The source at the positions of a stage."""
        name, rate = f"decoder.generator.noise_convs.{stage}", PLACE // HOP
        weight = self.tensor(f"{name}.weight")
        width, bins, kernel = weight.shape
        signal = Signal(source, bins, rate)
        if kernel == 1:
            return Signal(self.conv(source, name), width, rate)
        stride = kernel // 2
        pad = (stride + 1) // 2
        late = -(-(kernel - pad - stride) // stride)
        window = StreamingLayers.window(self.fused, signal, pad, late * stride)
        return Signal(
            self.conv(window.buffer, name, stride=stride, pad=0), width, rate // stride, late
        )

    def _lag(self, block: str) -> int:
        """Positions that a residual block looks ahead."""
        layers = [self.layer(f"{block}.convs1.{i}", d) for i, d in enumerate(DILATIONS)]
        layers += [self.layer(f"{block}.convs2.{i}") for i in range(len(DILATIONS))]
        return sum(map(reach, layers))

    def _late(self, x: Signal, delay: int) -> Signal:
        """The signal as late as another, if it is not later."""
        wait = delay - x.delay
        return self.fused.center(Window(x, "", wait, wait)) if wait > 0 else x

    def resblock(self, x: Signal, timbre: str, name: str) -> Signal:
        for i, dilation in enumerate(DILATIONS):
            alpha = self.tensor(f"{name}.alpha1.{i}")
            on_load = self.normed(x, timbre, f"{name}.adain1.{i}", alpha=alpha)
            y = self.convolved(x, self.layer(f"{name}.convs1.{i}", dilation), on_load)
            alpha = self.tensor(f"{name}.alpha2.{i}")
            on_load = self.normed(y, timbre, f"{name}.adain2.{i}", alpha=alpha)
            y = self.convolved(y, self.layer(f"{name}.convs2.{i}"), on_load)
            x = self.fused.add(self._late(x, y.delay), y, f"{name}.{i}")
        return x


class _Frames(_Fused, FrameWriter):
    def write(self) -> onnx.ModelProto:
        self.written()
        return self.done()

    def decoded(self, x: str, style: str, name: str) -> str:
        """A block of the decoder; its sum's factor is in the weights."""
        half = math.sqrt(0.5)
        channels = self.tensor(f"{name}.norm1.fc.bias").size // 2
        signal = Signal(x, channels)
        if self.has(f"{name}.pool.weight"):
            y = self.leaky(self.adain(x, style, f"{name}.norm1"), SLOPE, f"{name}.norm1")
            y = self.transposed(y, f"{name}.pool", 2, channels)
            first = self.convolved(Signal(y, channels, 2), self.layer(f"{name}.conv1"), NOTHING)
        else:
            on_load = self.normed(signal, style, f"{name}.norm1", SLOPE)
            first = self.convolved(signal, self.layer(f"{name}.conv1"), on_load)
        beside = self.convolved(signal, self.layer(f"{name}.conv1x1", gain=half), NOTHING).value
        if self.has(f"{name}.pool.weight"):
            beside = self.doubled(beside, name)
        on_load = self.normed(first, style, f"{name}.norm2", SLOPE)
        second = self.convolved(first, self.layer(f"{name}.conv2", gain=half), on_load)
        return self.graph.node("Add", (second.value, beside), f"{name}.out")
