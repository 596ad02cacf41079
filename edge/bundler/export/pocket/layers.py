"""Write the layers that the three graphs share: transformers with a cache, causal convolutions.

A cache is a buffer of `capacity` rows whose inputs and outputs the caller binds to one piece of
memory, so a row is written in place and nothing is copied. Each state of a convolution is the
columns that it still needs of its input.
"""

from __future__ import annotations

import math

import numpy as np

from edge.bundler.export.graph import END, GraphWriter
from edge.bundler.export.pocket.layout import PERIOD, Attention
from edge.bundler.export.pocket.safetensors import Array
from edge.bundler.export.pocket.weights import Convolution, Layer
from edge.kernels import DOMAIN_2

OPSET = 20
NORM_EPSILON = 1e-5
MICROSOFT = "com.microsoft"


class TransformerWriter:
    """Writes layers one by one, over rows (1, n, width). `positions`: rows that the rotation has
    angles for."""

    def __init__(self, graph: GraphWriter, sizes: Attention, positions: int) -> None:
        self._graph, self._sizes = graph, sizes
        graph.domains[MICROSOFT] = 1
        # The exponent in float32 as the source has it, or the angles of far rows differ by 1e-5.
        steps = np.arange(sizes.head // 2, dtype=np.float32)
        rates = np.exp(steps * np.float32(-math.log(PERIOD) * 2 / sizes.head))
        angles = np.arange(positions, dtype=np.float32)[:, None] * rates
        self._cos = graph.constant(np.cos(angles), "cos")
        self._sin = graph.constant(np.sin(angles), "sin")
        self._last = graph.input("last_row", "int32", (1,))
        self._counted = ""
        """Input that says the rows once this run is over; stock attention alone asks for it."""
        self.queries: dict[int, str] = {}
        """Layer -> its queries, keys and values in a row, not yet rotated."""

    def write(self, x: str, i: int, layer: Layer) -> str:
        """Append layer `i`, which takes and gives keys_i and values_i."""
        graph, name = self._graph, f"layers.{i}"
        seen = self._norm(x, layer.norm1, f"{name}.norm1")
        qkv = self._matrix(seen, layer.qkv, f"{name}.self_attn.in_proj")
        self.queries[i] = qkv
        first, second = layer.factors or (None, None)
        mixed = self._matrix(self.attend(qkv, i), layer.out, f"{name}.self_attn.out_proj")
        x = graph.node("Add", (x, self._scaled(mixed, first, f"{name}.scale1")), f"{name}.sum1")
        seen = self._norm(x, layer.norm2, f"{name}.norm2")
        wide = self._matrix(seen, layer.up, f"{name}.linear1")
        wide = graph.node("Gelu", (wide,), f"{name}.gelu", approximate="tanh")
        made = self._matrix(wide, layer.down, f"{name}.linear2")
        return graph.node("Add", (x, self._scaled(made, second, f"{name}.scale2")), f"{name}.sum2")

    def attend(self, qkv: str, i: int) -> str:
        """Append the attention of layer `i`, over its queries, keys and values in rows."""
        sizes, past = self._sizes, self._past(i)
        self._counted = self._counted or self._graph.input("rows", "int32", ())
        return self._attention(
            "GroupQueryAttention",
            MICROSOFT,
            (qkv, "", "", *past, self._last, self._counted, self._cos, self._sin),
            i,
            num_heads=sizes.heads,
            kv_num_heads=sizes.kv_heads,
            scale=sizes.head**-0.5,
            local_window_size=sizes.context or -1,
            do_rotary=1,
            rotary_interleaved=1,
        )

    def attend_with_ours(self, qkv: str, i: int) -> str:
        """Append the same by our own operator, over columns: what it gives has columns too."""
        sizes, past = self._sizes, self._past(i)
        self._graph.domains[DOMAIN_2] = 1
        return self._attention(
            "CachedAttention",
            DOMAIN_2,
            (qkv, self._cos, self._sin, *past, self._last),
            i,
            heads=sizes.heads,
            kv_heads=sizes.kv_heads,
            size=sizes.head,
            window=sizes.context,
        )

    def _past(self, i: int) -> tuple[str, str]:
        shape = self._cache
        keys = self._graph.input(f"keys_{i}", "float32", shape)
        return keys, self._graph.input(f"values_{i}", "float32", shape)

    @property
    def _cache(self) -> tuple[int | str, ...]:
        return (1, self._sizes.kv_heads, "capacity", self._sizes.head)

    def _attention(
        self, op: str, domain: str, inputs: tuple[str, ...], i: int, **attributes: float
    ) -> str:
        name = f"layers.{i}"
        made = (f"{name}.self_attn", f"{name}.keys", f"{name}.values")
        mixed, *present = self._graph.split_node(op, inputs, made, domain=domain, **attributes)
        for part, value in zip(("keys", "values"), present, strict=True):
            self._graph.output(value, f"next_{part}_{i}", "float32", self._cache)
        return mixed

    def _norm(self, x: str, norm: tuple[Array, Array], name: str) -> str:
        return norm_node(self._graph, x, norm, name, NORM_EPSILON)

    def _scaled(self, x: str, factors: Array | None, name: str) -> str:
        if factors is None:
            return x
        return self._graph.node("Mul", (x, self._graph.constant(factors, f"{name}.w")), name)

    def _matrix(self, x: str, matrix: Array, name: str) -> str:
        return self._graph.node("MatMul", (x, self._graph.constant(matrix, f"{name}.w")), name)


def norm_node(
    graph: GraphWriter, x: str, norm: tuple[Array, Array], name: str, epsilon: float
) -> str:
    weight, bias = (
        graph.constant(array, f"{name}.{part}") for array, part in zip(norm, "wb", strict=True)
    )
    return graph.node("LayerNormalization", (x, weight, bias), name, axis=-1, epsilon=epsilon)


class ConvolutionWriter:
    """Writes causal convolutions over columns (1, channels, n); their states are numbered."""

    def __init__(self, graph: GraphWriter) -> None:
        self._graph, self._states = graph, 0

    def conv(self, x: str, layer: Convolution, name: str, stride: int = 1) -> str:
        """Append a convolution, which sees the columns before as its state."""
        _, channels, taps = layer.weight.shape
        if taps > stride:
            x = self.with_state(x, channels, taps - stride, name)
        return self._apply("Conv", x, layer, name, kernel_shape=[taps], strides=[stride])

    def transposed(self, x: str, layer: Convolution, name: str, stride: int) -> str:
        """Append a transposed convolution of 2 x stride taps, whose state is one column: the first
        and the last `stride` outputs, which are another run's, are cut off."""
        x = self.with_state(x, layer.weight.shape[0], 1, name)
        taps = layer.weight.shape[2]
        cut = [stride, taps - stride]
        return self._apply(
            "ConvTranspose", x, layer, name, kernel_shape=[taps], strides=[stride], pads=cut
        )

    def residual(self, x: str, first: Convolution, second: Convolution, name: str) -> str:
        graph = self._graph
        y = self.conv(self.elu(x, f"{name}.elu1"), first, f"{name}.conv1")
        y = self.conv(self.elu(y, f"{name}.elu2"), second, f"{name}.conv2")
        return graph.node("Add", (x, y), f"{name}.sum")

    def elu(self, x: str, name: str) -> str:
        return self._graph.node("Elu", (x,), name)

    def with_state(self, x: str, channels: int, columns: int, name: str) -> str:
        """Put the state's columns before x, and keep the last as many."""
        graph, shape = self._graph, (1, channels, columns)
        state = graph.input(f"state_{self._states}", "float32", shape)
        joined = graph.node("Concat", (state, x), f"{name}.joined", axis=2)
        self.keep(joined, shape, name)
        return joined

    def keep(self, joined: str, shape: tuple[int, int, int], name: str) -> None:
        """Give the last columns of `joined` out as the next state."""
        graph = self._graph
        ends = graph.ints(-shape[2]), graph.ints(END)
        kept = graph.slice(joined, *ends, 2, f"{name}.kept")
        graph.output(kept, f"next_state_{self._states}", "float32", shape)
        self._states += 1

    @property
    def next_state(self) -> str:
        return f"state_{self._states}"

    def _apply(self, op: str, x: str, layer: Convolution, name: str, **how: list[int]) -> str:
        inputs = [x, self._graph.constant(layer.weight, f"{name}.w")]
        if layer.bias is not None:
            inputs.append(self._graph.constant(layer.bias, f"{name}.b"))
        return self._graph.node(op, inputs, name, **how)
