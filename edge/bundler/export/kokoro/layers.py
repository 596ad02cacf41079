"""Write Kokoro's layers as float nodes: (1, channels, time) for convolutions, (1, tokens,
channels) for linear layers and norms over channels."""

from __future__ import annotations

import math

import numpy as np

from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.kokoro.weights import Array, Weights
from edge.bundler.export.original import refuse

OPSET = 17
SLOPE = 0.2
"""LeakyReLU's of the text encoder and of the blocks that a style steers."""
_EPSILON = 1e-5


class Layers:
    def __init__(self, name: str, weights: Weights) -> None:
        self.graph = GraphWriter(name, OPSET)
        self.weights = weights

    def tensor(self, name: str) -> Array:
        """Return weights by name. Raises ExportFailed if the voice has none of that name."""
        if name not in self.weights:
            raise refuse(f"no weights {name!r}: this is not a Kokoro voice of a known layout")
        return self.weights[name]

    def has(self, name: str) -> bool:
        return name in self.weights

    def constant(self, name: str) -> str:
        return self.graph.constant(self.tensor(name), name)

    def number(self, value: float) -> str:
        return self.graph.constant(np.float32(value), "number")

    def style(self, half: int) -> str:
        """Declare the row of a voice, once, and cut out a half of it (1, style): 0 is how the
        voice sounds, 1 how it speaks."""
        size = self.style_size
        if "style" not in self.graph.names:
            self.graph.input("style", "float32", (1, 2 * size))
        begin, end = (self.graph.ints(n) for n in (half * size, (half + 1) * size))
        return self.graph.slice("style", begin, end, 1, ("timbre", "manner")[half])

    @property
    def style_size(self) -> int:
        return int(self.tensor("decoder.encode.norm1.fc.weight").shape[1])

    def linear(self, x: str, name: str) -> str:
        """(1, n, in) to (1, n, out)."""
        graph = self.graph
        weight = graph.constant(np.ascontiguousarray(self.tensor(f"{name}.weight").T), name)
        y = graph.node("MatMul", (x, weight), f"{name}.product")
        return graph.node("Add", (y, self.constant(f"{name}.bias")), f"{name}.sum")

    def layer_norm(self, x: str, name: str, gamma: str, beta: str, epsilon: float) -> str:
        inputs = (x, self.constant(f"{name}.{gamma}"), self.constant(f"{name}.{beta}"))
        return self.graph.node("LayerNormalization", inputs, name, axis=-1, epsilon=epsilon)

    def lstm(self, x: str, name: str) -> str:
        """(1, n, in) to (1, n, 2 H), read from both sides."""
        graph = self.graph
        inputs = [graph.node("Transpose", (x,), f"{name}.steps", perm=[1, 0, 2])]
        inputs += [self.constant(f"{name}.{part}") for part in ("W", "R", "B")]
        size = self.tensor(f"{name}.R").shape[2]
        y = graph.node("LSTM", inputs, name, direction="bidirectional", hidden_size=size)
        y = graph.node("Transpose", (y,), f"{name}.turned", perm=[2, 0, 1, 3])
        return graph.node("Reshape", (y, graph.ints(1, -1, 2 * size)), f"{name}.out")

    def turned(self, x: str, name: str) -> str:
        return self.graph.node("Transpose", (x,), name, perm=[0, 2, 1])

    def leaky(self, x: str, slope: float, name: str) -> str:
        return self.graph.node("LeakyRelu", (x,), f"{name}.leaky", alpha=slope)

    def conv(
        self, x: str, name: str, dilation: int = 1, stride: int = 1, pad: int | None = None
    ) -> str:
        """Convolve; without `pad` the length stays."""
        weight = self.tensor(f"{name}.weight")
        reach = dilation * (weight.shape[2] - 1) // 2 if pad is None else pad
        inputs = [x, self.graph.constant(weight, f"{name}.weight")]
        if self.has(f"{name}.bias"):
            inputs.append(self.constant(f"{name}.bias"))
        return self.graph.node(
            "Conv",
            inputs,
            name,
            kernel_shape=[weight.shape[2]],
            dilations=[dilation],
            strides=[stride],
            pads=[reach, reach],
        )

    def transposed(self, x: str, name: str, stride: int, groups: int = 1) -> str:
        """Make `stride` times as many positions."""
        weight = self.tensor(f"{name}.weight")
        whole = weight.shape[2] - stride
        pad = math.ceil(whole / 2)
        return self.graph.node(
            "ConvTranspose",
            (x, self.graph.constant(weight, f"{name}.weight"), self.constant(f"{name}.bias")),
            name,
            kernel_shape=[weight.shape[2]],
            strides=[stride],
            pads=[pad, pad],
            output_padding=[2 * pad - whole],
            group=groups,
        )

    def factors(self, style: str, name: str) -> list[str]:
        """Make of a style what a norm needs: its scale and its offset, (channels,) each."""
        graph = self.graph
        weight = self.tensor(f"{name}.fc.weight")
        bias = self.tensor(f"{name}.fc.bias").copy()
        bias[: len(bias) // 2] += 1  # 1 + gamma
        y = graph.node("MatMul", (style, graph.constant(weight.T.copy(), f"{name}.fc")), name)
        y = graph.node("Add", (y, graph.constant(bias, f"{name}.fc.bias")), f"{name}.both")
        y = graph.node("Reshape", (y, graph.ints(-1)), f"{name}.row")
        half = len(bias) // 2
        names = (f"{name}.scale", f"{name}.offset")
        return graph.split_node("Split", (y, graph.ints(half, half)), names, axis=0)

    def adain(self, x: str, style: str, name: str) -> str:
        """Norm each channel over time, then scale and move it as the style says."""
        inputs = (x, *self.factors(style, name))
        return self.graph.node("InstanceNormalization", inputs, f"{name}.norm", epsilon=_EPSILON)

    def block(self, x: str, style: str, name: str) -> str:
        """A residual block steered by a style; with a `pool` it doubles the positions."""
        doubles = self.has(f"{name}.pool.weight")
        y = self.leaky(self.adain(x, style, f"{name}.norm1"), SLOPE, f"{name}.norm1")
        if doubles:
            groups = self.tensor(f"{name}.pool.weight").shape[0]
            y = self.transposed(y, f"{name}.pool", 2, groups)
        y = self.conv(y, f"{name}.conv1")
        y = self.leaky(self.adain(y, style, f"{name}.norm2"), SLOPE, f"{name}.norm2")
        y = self.conv(y, f"{name}.conv2")
        if self.has(f"{name}.conv1x1.weight"):
            x = self.conv(x, f"{name}.conv1x1")  # before the doubling: the same, for half
        if doubles:
            x = self.doubled(x, name)
        y = self.graph.node("Add", (y, x), f"{name}.sum")
        return self.graph.node("Mul", (y, self.number(math.sqrt(0.5))), f"{name}.out")

    def doubled(self, x: str, name: str) -> str:
        """(1, C, n) to (1, C, 2 n), each position twice."""
        graph = self.graph
        x = graph.node("Unsqueeze", (x, graph.ints(3)), f"{name}.column")
        x = graph.node("Tile", (x, graph.ints(1, 1, 1, 2)), f"{name}.twice")
        return graph.node("Reshape", (x, graph.ints(0, 0, -1)), f"{name}.doubled")
