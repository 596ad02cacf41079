"""Write the graph `decoder`, the generator: frames and a source of harmonics to spectra."""

from __future__ import annotations

import numpy as np
import onnx

from edge.bundler.export.kokoro.layers import Layers
from edge.bundler.export.kokoro.weights import Weights
from edge.bundler.export.streaming import Signal

UP_SLOPE, POST_SLOPE = 0.1, 0.01
BLOCKS = 3
"""Residual blocks of a stage; their mean is its output."""
DILATIONS = (1, 3, 5)


def write_generator(weights: Weights) -> onnx.ModelProto:
    """Inputs x (1, 512, 2 T), source (1, 22, n), style (1, 256). Output spectra (1, 22, n):
    logarithms of magnitudes, and angles before their sine."""
    return GeneratorWriter("kokoro_generator", weights).write()


class GeneratorWriter(Layers):
    def write(self) -> onnx.ModelProto:
        graph, name = self.graph, "decoder.generator"
        signal, source = self.inputs()
        x, timbre, stages = signal.value, self.style(0), self.stages()
        for stage in range(stages):
            noise = self._resblock(
                self.noise_in(source, stage), timbre, f"{name}.noise_res.{stage}"
            )
            x = self.leaky(x, UP_SLOPE, f"{name}.ups.{stage}")
            kernel = self.tensor(f"{name}.ups.{stage}.weight").shape[2]
            x = self.transposed(x, f"{name}.ups.{stage}", kernel // 2)
            if stage == stages - 1:
                x = self.mirrored(x)
            x = graph.node("Add", (x, noise), f"{name}.ups.{stage}.sum")
            parts = [
                self._resblock(x, timbre, f"{name}.resblocks.{stage * BLOCKS + i}")
                for i in range(BLOCKS)
            ]
            x = graph.node("Sum", parts, f"stage.{stage}.sum")
            x = graph.node("Mul", (x, self.number(1 / BLOCKS)), f"stage.{stage}")
        self.spectra(
            self.conv(self.leaky(x, POST_SLOPE, f"{name}.conv_post"), f"{name}.conv_post")
        )
        return graph.model()

    def inputs(self) -> tuple[Signal, str]:
        """Declare what comes from the frames, and the source."""
        width = self.tensor("decoder.generator.ups.0.weight").shape[0]
        x = self.graph.input("x", "float32", (1, width, "places"))
        return Signal(x, width), self.graph.input("source", "float32", (1, self._bins, "n"))

    def spectra(self, x: str) -> None:
        self.graph.output(x, "spectra", "float32", (1, self._bins, "n"))

    @property
    def _bins(self) -> int:
        return len(self.tensor("decoder.generator.conv_post.weight"))

    def stages(self) -> int:
        """Count the times that the generator makes more positions of each."""
        number = 0
        while self.has(f"decoder.generator.ups.{number}.weight"):
            number += 1
        return number

    def noise_in(self, source: str, stage: int) -> str:
        """The source at the positions of a stage."""
        name = f"decoder.generator.noise_convs.{stage}"
        stride = max(1, self.tensor(f"{name}.weight").shape[2] // 2)
        pad = (stride + 1) // 2 if stride > 1 else 0
        return self.conv(source, name, stride=stride, pad=pad)

    def mirrored(self, x: str) -> str:
        """One position more before the first: the second, seen in a mirror."""
        graph = self.graph
        second = graph.slice(x, graph.ints(1), graph.ints(2), 2, "mirrored")
        return graph.node("Concat", (second, x), "mirror", axis=2)

    def _resblock(self, x: str, timbre: str, name: str) -> str:
        for i, dilation in enumerate(DILATIONS):
            y = self._snake(self.adain(x, timbre, f"{name}.adain1.{i}"), f"{name}.alpha1.{i}")
            y = self.conv(y, f"{name}.convs1.{i}", dilation=dilation)
            y = self._snake(self.adain(y, timbre, f"{name}.adain2.{i}"), f"{name}.alpha2.{i}")
            y = self.conv(y, f"{name}.convs2.{i}")
            x = self.graph.node("Add", (x, y), f"{name}.{i}")
        return x

    def _snake(self, x: str, name: str) -> str:
        """x + sin(alpha x)^2 / alpha."""
        graph, alpha = self.graph, self.tensor(name)
        y = graph.node("Mul", (x, graph.constant(alpha, name)), f"{name}.turns")
        y = graph.node("Sin", (y,), f"{name}.sine")
        y = graph.node("Mul", (y, y), f"{name}.square")
        inverse = graph.constant((1 / alpha).astype(np.float32), f"{name}.inverse")
        return graph.node("Add", (x, graph.node("Mul", (y, inverse), f"{name}.less")), f"{name}.x")
