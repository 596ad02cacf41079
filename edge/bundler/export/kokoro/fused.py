"""Kokoro's frames and generator with our own operators (edge/kernels/README.md), in int8.

What a style makes of a norm, and the norm's statistics over the sentence, are an affine on load
before Snake or LeakyReLU, so each layer is one node. Pitch and energy stay float: in int8 the
pitch moves by up to half a semitone. So do the layers with few channels.
"""

from __future__ import annotations

import math

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
from edge.bundler.export.streaming import Signal, Window, reach


def write_fused_frames(weights: Weights, bits: int) -> onnx.ModelProto:
    """Inputs and outputs as of `write_frames`, and states that are zeros; `bits` of the
    weights."""
    return _Frames("kokoro_frames_fused", weights, bits).write()


def write_fused_generator(weights: Weights, bits: int) -> onnx.ModelProto:
    """Inputs and outputs as of `write_generator`, and states that are zeros; `bits` of the
    weights."""
    return _Generator("kokoro_generator_fused", weights, bits).write()


class _Fused(Layers):
    """A sentence is one run, so `first` and `last` are true and no state comes from before."""

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
        mul, add = self.fused.norm_over_time(x, scale, offset, name)
        row = None if alpha is None else alpha.reshape(-1)
        return OnLoad(slope=slope, alpha=row, mul=mul, add=add)

    def convolved(self, x: Signal, layer: Convolution, on_load: OnLoad) -> Signal:
        width = reach(layer)
        return self.fused.activated(Window(x, "", width, width), layer, on_load)

    def done(self) -> onnx.ModelProto:
        self.fused.finish()
        return self.graph.model()


class _Generator(_Fused, GeneratorWriter):
    def write(self) -> onnx.ModelProto:
        name = "decoder.generator"
        x, source = self.inputs()
        timbre, stages = self.style(0), self.stages()
        for stage in range(stages):
            noise = self.resblock(self.noise(source, stage), timbre, f"{name}.noise_res.{stage}")
            up = f"{name}.ups.{stage}"
            weight = self.tensor(f"{up}.weight")
            stride = weight.shape[2] // 2
            gain = np.float32(1 / BLOCKS if stage else 1)  # of the mean over the stage before
            layer = Convolution(
                up, weight * gain, self.tensor(f"{up}.bias"), 1, 1, stride, stride // 2
            )
            x = self.fused.transposed_after(x, layer, OnLoad(UP_SLOPE))
            value = self.mirrored(x.value) if stage == stages - 1 else x.value
            value = self.graph.node("Add", (value, noise.value), f"{up}.sum")
            x = Signal(value, x.channels, x.rate, x.delay)
            parts = [
                self.resblock(x, timbre, f"{name}.resblocks.{stage * BLOCKS + i}").value
                for i in range(BLOCKS)
            ]
            value = self.graph.node("Sum", parts, f"stage.{stage}.sum")
            x = Signal(value, x.channels, x.rate, x.delay)
        post = f"{name}.conv_post"
        scaled = self.graph.node("Mul", (x.value, self.number(1 / BLOCKS)), f"{post}.mean")
        self.spectra(self.conv(self.leaky(scaled, POST_SLOPE, post), post))
        return self.done()

    def noise(self, source: str, stage: int) -> Signal:
        value = self.noise_in(source, stage)
        channels = len(self.tensor(f"decoder.generator.noise_convs.{stage}.bias"))
        return Signal(value, channels, (10, 60)[stage])

    def resblock(self, x: Signal, timbre: str, name: str) -> Signal:
        for i, dilation in enumerate(DILATIONS):
            alpha = self.tensor(f"{name}.alpha1.{i}")
            on_load = self.normed(x, timbre, f"{name}.adain1.{i}", alpha=alpha)
            y = self.convolved(x, self.layer(f"{name}.convs1.{i}", dilation), on_load)
            alpha = self.tensor(f"{name}.alpha2.{i}")
            on_load = self.normed(y, timbre, f"{name}.adain2.{i}", alpha=alpha)
            y = self.convolved(y, self.layer(f"{name}.convs2.{i}"), on_load)
            x = self.fused.add(x, y, f"{name}.{i}")
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
