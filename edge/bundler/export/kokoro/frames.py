"""Write the graph `frames`: from what is said in each frame to pitch, energy and the
generator's input."""

from __future__ import annotations

import onnx

from edge.bundler.export.kokoro.layers import Layers
from edge.bundler.export.kokoro.weights import Weights


def write_frames(weights: Weights) -> onnx.ModelProto:
    """Inputs prosody (1, 640, T), content (1, 512, T), style (1, 256). Outputs f0 in Hz and energy
    (1, 2 T), x (1, 512, 2 T)."""
    return FrameWriter("kokoro_frames", weights).write()


class FrameWriter(Layers):
    def write(self) -> onnx.ModelProto:
        self.written()
        return self.graph.model()

    def written(self) -> None:
        """Write all nodes."""
        graph = self.graph
        width = self.tensor("predictor.shared.W").shape[2]
        prosody = graph.input("prosody", "float32", (1, width, "T"))
        width = self.tensor("decoder.asr_res.0.weight").shape[1]
        content = graph.input("content", "float32", (1, width, "T"))
        manner, timbre = self.style(1), self.style(0)
        shared = self.lstm(self.turned(prosody, "prosody.rows"), "predictor.shared")
        shared = self.turned(shared, "predictor.shared.turned")
        f0, energy = (self._curve(shared, manner, name) for name in ("F0", "N"))
        x = self._decoded(content, f0, energy, timbre)
        for value, name in ((f0, "f0"), (energy, "energy")):
            row = graph.node("Squeeze", (value, graph.ints(1)), f"{name}.row")
            graph.output(row, name, "float32", (1, "places"))
        width = self.tensor("decoder.generator.ups.0.weight").shape[0]
        graph.output(x, "x", "float32", (1, width, "places"))

    def _curve(self, x: str, manner: str, name: str) -> str:
        """(1, 512, T) to (1, 1, 2 T)."""
        for number in range(self._count(f"predictor.{name}")):
            x = self.block(x, manner, f"predictor.{name}.{number}")
        return self.conv(x, f"predictor.{name}_proj")

    def _decoded(self, content: str, f0: str, energy: str, timbre: str) -> str:
        graph = self.graph
        curves = [
            self.conv(f0, "decoder.F0_conv", stride=2),
            self.conv(energy, "decoder.N_conv", stride=2),
        ]
        x = graph.node("Concat", (content, *curves), "decoder.in", axis=1)
        x = self.decoded(x, timbre, "decoder.encode")
        beside = self.conv(content, "decoder.asr_res.0")
        for number in range(self._count("decoder.decode")):
            name = f"decoder.decode.{number}"
            x = graph.node("Concat", (x, beside, *curves), f"{name}.in", axis=1)
            x = self.decoded(x, timbre, name)
        return x

    def decoded(self, x: str, style: str, name: str) -> str:
        """A block of the decoder; pitch and energy have such blocks, too."""
        return self.block(x, style, name)

    def _count(self, name: str) -> int:
        number = 0
        while self.has(f"{name}.{number}.conv1.weight"):
            number += 1
        return number
