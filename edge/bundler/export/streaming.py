"""Convolutional layers for a whole sentence, or with state for a sentence in chunks.

A network is written once, against `Layers`. `WholeLayers` pads each convolution with zeros.
`StreamingLayers` gives exactly the same numbers chunk by chunk:

* A signal is a sequence of positions; `rate` of them per frame. Every layer needs `left`
  positions before and `right` after the one that it makes (a WINDOW), so it can give what
  it owes only up to `right` positions before the newest one. Each signal therefore has a
  `delay`, and the sum of the delays is the look-ahead of the network.
* The state of a window is the last left + right positions of its signal. Chunk by chunk:
      buffer = state ++ new positions;  output = valid convolution of buffer;
      next state = the end of buffer.
* Each layer pads with zeros at both ends of the SENTENCE. At the first chunk the state is zeros,
  but only `left` of them are padding: the other `right` would shift the signal, so they are cut
  off (the layer emits `right` positions less). At the last chunk `right` zeros are appended
  (it emits that many more). So every layer computes each position of the sentence once, no
  mask or counter exists, and the audio does not depend on how the sentence is cut.
* Signals that are added must have equal delays: the shorter path gets a window that is longer
  on the right than its convolution needs, and reads the buffer without its end.
* The first chunk must fill every window: it is at least `first_frames` long (written into the
  model's metadata, `min_first_frames`), unless it is also the last. No sound could come out of
  a shorter one, as the look-ahead is longer. Every later chunk may have any length from 1 frame.
* Graph inputs: `first`, `last` (bool, shape (1,)) and `state_*` with fixed shapes, to be zeros
  at the first chunk; outputs: `next_state_*` in the same order.
* A network of two halves (`held`): the first may be given far more of the sentence than the
  second, which then need not go through all that the first looks ahead. What the first half has
  made and the second not yet taken is the state `waiting`, empty at the first chunk. `ends` (bool)
  is to the second half what `last` is to the first.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edge.bundler.export.graph import END, GraphWriter
from edge.bundler.export.piper.weights import Array, Convolution


@dataclass(frozen=True)
class Signal:
    """A value of the graph: (1, channels, time), or (1, channels, 1, time) in 2-D form."""

    value: str
    channels: int
    rate: int = 1
    delay: int = 0


@dataclass(frozen=True)
class Window:
    """`buffer` holds what `signal` needs to emit, with `left` and `right` positions more.

    In a whole sentence it holds just the signal, and convolutions pad.
    """

    signal: Signal
    buffer: str
    left: int
    right: int


class Layers(Protocol):
    """The operations that a network is written with. `center` is the window's signal, delayed by
    `right`; `gated` tanh of the first half of a convolution's outputs times sigmoid of the second,
    with `cond` (1, out, 1), in 2-D form (1, out, 1, 1), added before; `held` as much of x as there
    is of `like`, and from there on the sentence ends with `like`."""

    graph: GraphWriter
    axis: int

    def window(self, x: Signal, left: int, right: int) -> Window: ...
    def center(self, window: Window) -> Signal: ...
    def conv(self, window: Window, layer: Convolution, slope: float | None = None) -> Signal: ...
    def transposed(self, x: Signal, layer: Convolution, slope: float) -> Signal: ...
    def gated(self, window: Window, layer: Convolution, cond: str | None) -> Signal: ...
    def pointwise(self, x: Signal, layer: Convolution) -> Signal: ...
    def add(self, left: Signal, right: Signal, name: str) -> Signal: ...
    def held(self, x: Signal, like: Signal) -> Signal: ...


def reach(layer: Convolution) -> int:
    """Positions that a symmetric convolution needs on either side."""
    return layer.dilation * (layer.kernel - 1) // 2


class WholeLayers:
    """Layers for the whole sentence; with `conv2d` as height-1 2-D convolutions."""

    def __init__(self, graph: GraphWriter, conv2d: bool) -> None:
        self.graph = graph
        self.conv2d = conv2d
        self.axis = 3 if conv2d else 2  # of time
        self._activated: dict[tuple[str, float], str] = {}

    def window(self, x: Signal, left: int, right: int) -> Window:
        return Window(x, x.value, left, right)

    def center(self, window: Window) -> Signal:
        return window.signal

    def conv(self, window: Window, layer: Convolution, slope: float | None = None) -> Signal:
        x = window.signal
        value = self._convolve(self._activate(x.value, slope), layer, layer.padding)
        return Signal(value, layer.weight.shape[0], x.rate)

    def transposed(self, x: Signal, layer: Convolution, slope: float) -> Signal:
        pads = (layer.padding, layer.padding)
        value = self._transpose(self._activate(x.value, slope), layer, pads)
        return Signal(value, layer.weight.shape[1], x.rate * layer.stride)

    def gated(self, window: Window, layer: Convolution, cond: str | None) -> Signal:
        graph, both = self.graph, self.conv(window, layer)
        value, half = both.value, both.channels // 2
        if cond is not None:
            value = graph.node("Add", (value, cond), f"{layer.name}.conditioned")
        halves = graph.split_node(
            "Split",
            (value, graph.ints(half, half)),
            (f"{layer.name}.tanh_in", f"{layer.name}.sigmoid_in"),
            axis=1,
        )
        tanh = graph.node("Tanh", halves[:1], f"{layer.name}.tanh")
        sigmoid = graph.node("Sigmoid", halves[1:], f"{layer.name}.sigmoid")
        value = graph.node("Mul", (tanh, sigmoid), f"{layer.name}.gated")
        return dataclasses.replace(both, value=value, channels=half)

    def pointwise(self, x: Signal, layer: Convolution) -> Signal:
        return Signal(self._convolve(x.value, layer, 0), layer.weight.shape[0], x.rate, x.delay)

    def add(self, left: Signal, right: Signal, name: str) -> Signal:
        value = self.graph.node("Add", (left.value, right.value), name)
        return dataclasses.replace(left, value=value)

    def held(self, x: Signal, like: Signal) -> Signal:
        return x

    def _activate(self, value: str, slope: float | None) -> str:
        if slope is None:
            return value
        key = (value, slope)
        if key not in self._activated:  # the blocks of a stage share one
            name = f"{value}.leaky"
            self._activated[key] = self.graph.node("LeakyRelu", (value,), name, alpha=slope)
        return self._activated[key]

    def _convolve(self, value: str, layer: Convolution, padding: int) -> str:
        return self.graph.node(
            "Conv",
            (value, *self._parameters(layer)),
            layer.name,
            kernel_shape=self._two(layer.kernel, 1),
            dilations=self._two(layer.dilation, 1),
            pads=self._pads(padding, padding),
            group=layer.groups,
        )

    def _transpose(self, value: str, layer: Convolution, pads: tuple[int, int]) -> str:
        return self.graph.node(
            "ConvTranspose",
            (value, *self._parameters(layer)),
            layer.name,
            kernel_shape=self._two(layer.kernel, 1),
            strides=self._two(layer.stride, 1),
            pads=self._pads(*pads),
        )

    def _parameters(self, layer: Convolution) -> list[str]:
        weight: Array = layer.weight[:, :, None, :] if self.conv2d else layer.weight
        names = [self.graph.constant(weight, f"{layer.name}.weight")]
        if layer.bias is not None:
            names.append(self.graph.constant(layer.bias, f"{layer.name}.bias"))
        return names

    def _two(self, value: int, other: int) -> list[int]:
        return [other, value] if self.conv2d else [value]

    def _pads(self, begin: int, end: int) -> list[int]:
        return [0, begin, 0, end] if self.conv2d else [begin, end]


class MaskedLayers(WholeLayers):
    """Layers for a signal that is longer than the sentence in it: input `mask`, 1 for each frame
    of the sentence and 0 behind it. What a convolution sees there is its padding, zeros, so the
    sentence sounds as if nothing came after it."""

    def __init__(self, graph: GraphWriter, conv2d: bool) -> None:
        super().__init__(graph, conv2d)
        shape: list[int | str] = [1, 1, 1, "F"] if conv2d else [1, 1, "F"]
        self._masks = {1: graph.input("mask", "float32", shape)}
        self._masked: dict[str, str] = {}

    def conv(self, window: Window, layer: Convolution, slope: float | None = None) -> Signal:
        return super().conv(
            dataclasses.replace(window, signal=self._cut(window.signal)), layer, slope
        )

    def transposed(self, x: Signal, layer: Convolution, slope: float) -> Signal:
        return super().transposed(self._cut(x), layer, slope)

    def _cut(self, x: Signal) -> Signal:
        if x.rate not in self._masks:  # each 0 or 1 repeated `rate` times
            ones = np.ones((1, 1, 1, x.rate) if self.conv2d else (1, 1, x.rate), np.float32)
            self._masks[x.rate] = self.graph.node(
                "ConvTranspose",
                (self._masks[1], self.graph.constant(ones, f"repeat_{x.rate}")),
                f"mask_{x.rate}",
                strides=self._two(x.rate, 1),
            )
        if x.value not in self._masked:  # the blocks of a stage share one
            values = (x.value, self._masks[x.rate])
            self._masked[x.value] = self.graph.node("Mul", values, f"{x.value}.masked")
        return dataclasses.replace(x, value=self._masked[x.value])


class StreamingLayers(WholeLayers):
    """Layers with state; see the head of this file."""

    def __init__(self, graph: GraphWriter, conv2d: bool) -> None:
        super().__init__(graph, conv2d)
        first = graph.input("first", "bool", (1,))
        last = graph.input("last", "bool", (1,))
        self._first = graph.node("Cast", (first,), "first_as_int", to=7)
        self._ends_with(last)
        self._centers: dict[str, str] = {}
        self._cuts: dict[int, str] = {}
        self._next_states: list[tuple[str, str, list[int | str]]] = []
        self.first_frames = 1

    def window(self, x: Signal, left: int, right: int) -> Window:
        graph, length = self.graph, left + right
        shape: list[int | str] = [1, x.channels, length]
        if self.conv2d:
            shape.insert(2, 1)
        number = len(self._next_states)
        state = graph.input(f"state_{number:03d}", "float32", shape)
        parts = [state, x.value]
        if right:
            cut = self._cut(right)
            parts[0] = graph.slice(state, cut, graph.ints(END), self.axis, f"{state}.kept")
            parts.append(self._tail(x.channels, right))
        buffer = graph.node("Concat", parts, f"{x.value}.buffer", axis=self.axis)
        kept = (graph.ints(-length), graph.ints(END))
        after = graph.slice(buffer, *kept, self.axis, f"{state}.after")
        self._next_states.append((after, f"next_{state}", shape))
        self._needs(x, right)
        return Window(x, buffer, left, right)

    def center(self, window: Window) -> Signal:
        x = window.signal
        if window.buffer not in self._centers:  # the blocks of a stage share one
            name = f"{x.value}.center"
            value = self._inner(window.buffer, window.left, window.right, name)
            self._centers[window.buffer] = value
        return Signal(self._centers[window.buffer], x.channels, x.rate, x.delay + window.right)

    def conv(self, window: Window, layer: Convolution, slope: float | None = None) -> Signal:
        x, width = window.signal, reach(layer)
        value = self._activate(window.buffer, slope)
        value = self._inner(value, window.left - width, window.right - width, f"{layer.name}.in")
        value = self._convolve(value, layer, 0)
        return Signal(value, layer.weight.shape[0], x.rate, x.delay + window.right)

    def transposed(self, x: Signal, layer: Convolution, slope: float) -> Signal:
        # Output j comes from the inputs i with 0 <= j + padding - i * stride < kernel.
        stride, padding = layer.stride, layer.padding
        left = (layer.kernel - 1 - padding) // stride
        right = (stride - 1 + padding) // stride
        window = self.window(x, left, right)
        begin = padding + left * stride
        pads = (begin, (left + right - 1) * stride + layer.kernel - begin)
        value = self._transpose(self._activate(window.buffer, slope), layer, pads)
        delay = (x.delay + right) * stride
        return Signal(value, layer.weight.shape[1], x.rate * stride, delay)

    def held(self, x: Signal, like: Signal) -> Signal:
        graph = self.graph
        shape: list[int | str] = [1, x.channels, "waiting"]
        waiting = graph.input("waiting", "float32", shape)
        there = graph.node("Concat", (waiting, x.value), f"{x.value}.there", axis=self.axis)
        length = graph.node("Shape", (like.value,), "taken", start=self.axis, end=self.axis + 1)
        taken = graph.slice(there, graph.ints(0), length, self.axis, f"{x.value}.taken")
        after = graph.slice(there, length, graph.ints(END), self.axis, f"{x.value}.after")
        self._next_states.append((after, "next_waiting", shape))
        graph.metadata["ahead"] = str(math.ceil(x.delay / x.rate))
        self.first_frames = 1
        self._ends_with(graph.input("ends", "bool", (1,)))
        return dataclasses.replace(like, value=taken, channels=x.channels)

    def finish(self) -> None:
        """Declare the next states, after the network's own outputs."""
        for value, name, shape in self._next_states:
            self.graph.output(value, name, "float32", shape)
        self.graph.metadata["min_first_frames"] = str(self.first_frames)

    def _ends_with(self, last: str) -> None:
        """Take this input for what tells layers that the sentence ends."""
        graph = self.graph
        self._last = last
        last_int = graph.node("Cast", (last,), f"{last}_as_int", to=7)
        self._tail_end = graph.node("Mul", (last_int, graph.ints(END)), "tail_end")
        self._tails: dict[tuple[int, int], str] = {}

    def _needs(self, x: Signal, right: int) -> None:
        # Positions known after n frames are n * rate - delay; one more than `right` is needed.
        needed = math.ceil((x.delay + right + 1) / x.rate)
        self.first_frames = max(self.first_frames, needed)

    def _inner(self, value: str, begin: int, end: int, name: str) -> str:
        if begin == 0 and end == 0:
            return value
        stop = self.graph.ints(-end if end else END)
        return self.graph.slice(value, self.graph.ints(begin), stop, self.axis, name)

    def _cut(self, right: int) -> str:
        if right not in self._cuts:
            inputs = (self._first, self.graph.ints(right))
            self._cuts[right] = self.graph.node("Mul", inputs, f"cut_{right}")
        return self._cuts[right]

    def _tail(self, channels: int, right: int) -> str:
        if (channels, right) not in self._tails:
            shape = (1, channels, 1, right) if self.conv2d else (1, channels, right)
            zeros = self.graph.constant(np.zeros(shape, np.float32), "zeros")
            name = f"tail_{channels}_{right}"
            tail = self.graph.slice(zeros, self.graph.ints(0), self._tail_end, self.axis, name)
            self._tails[channels, right] = tail
        return self._tails[channels, right]
