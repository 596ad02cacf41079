"""Layers as our own int8 operators (edge/kernels/README.md), in chunks or as a whole sentence.

An operator owns its activation, its state and the additions after it, so what StreamingLayers
writes as Concat, Slice, LeakyRelu, Conv and Add is one node here. Only signals that wait for
others need a node of their own, Delay.

The tile grid of each layer is shifted by the delay of its input, so that chunks of whole
granules (`granularity` frames, the model's metadata) give the same bits as a whole sentence.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper

from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.on_load import NOTHING, OnLoad
from edge.bundler.export.original import refuse
from edge.bundler.export.piper.layers import bias_of
from edge.bundler.export.piper.weights import Array, Convolution
from edge.bundler.export.streaming import Signal, StreamingLayers, Window, reach
from edge.kernels import DOMAIN, DOMAIN_2, pack

GRANULARITY = 16  # frames; the operators' registers hold 16 positions
_HELD_GRANULARITY = 24
"""Frames behind `held`, of two positions each: 48 of these, three registers at once. A first run
of one such granule gives 0.2 s of sound; one of 16 frames would give too little."""
_LONGEST_TILE = 192  # positions
_LEAST_OUTPUTS = 8  # fewer leave the operator's registers empty: those layers stay float
TOKENS = 48
"""Tokens that share a scale: as many as the operators hold in registers."""
_RESIDUAL, _STATE = 5, 6  # inputs of QConv1d


class FusedLayers(StreamingLayers):
    """`bits` of the weights: 8, or 7 for CPUs without a dot product (AVX2, Cortex-A53 and A72).

    `gains` by layer name, shape (in,): factors of the activations, undone in the weights.
    """

    def __init__(self, graph: GraphWriter, bits: int, gains: Mapping[str, Array]) -> None:
        super().__init__(graph, conv2d=False)
        graph.domains[DOMAIN] = 1
        graph.metadata["granularity"] = str(GRANULARITY)
        self._granularity = GRANULARITY
        self.bits = bits
        self.gains = gains
        self._convs: dict[str, onnx.NodeProto] = {}  # by output
        self._lines: dict[str, tuple[Signal, str]] = {}  # by output: what is delayed, its state

    def window(self, x: Signal, left: int, right: int) -> Window:
        """No buffer: the operators keep what they need."""
        return Window(x, "", left, right)

    def center(self, window: Window) -> Signal:
        x = window.signal
        if not window.right:
            return x
        shape: list[int | str] = [1, x.channels, window.right]
        state = self._state(shape)
        names = (f"{x.value}.delayed", f"{x.value}.waiting")
        delayed, waiting = self.graph.split_node(
            "Delay",
            (x.value, state, "first", self._last),
            names,
            domain=DOMAIN,
            delay=window.right,
        )
        self._next_states.append((waiting, f"next_{state}", shape))
        self._needs(x, window.right)
        self._lines[delayed] = (x, waiting)
        return Signal(delayed, x.channels, x.rate, x.delay + window.right)

    def normed(
        self,
        x: Signal,
        gamma: Array,
        beta: Array,
        name: str,
        depthwise: Convolution | None = None,
    ) -> tuple[Signal, Signal]:
        """Each position's channels to mean 0 and variance 1, a depthwise convolution before them;
        and x beside it, as late as that is."""
        graph = self.graph
        inputs = [x.value, *map(graph.constant, (gamma, beta), (f"{name}.gamma", f"{name}.beta"))]
        if depthwise is None:
            value = graph.node("ChannelNorm", inputs, name, domain=DOMAIN, epsilon=1e-5)
            return dataclasses.replace(x, value=value), x
        inputs += [graph.constant(depthwise.weight[:, 0], f"{depthwise.name}.weight")]
        inputs += [graph.constant(bias_of(depthwise), f"{depthwise.name}.bias")]
        width = reach(depthwise)
        shape: list[int | str] = [1, x.channels, 2 * width]
        state = self._state(shape)
        value, beside, after = graph.split_node(
            "ChunkNorm",
            (*inputs, state, "first", self._last),
            (name, f"{name}.late", f"{name}.after"),
            domain=self._domain(later=True),
            epsilon=1e-5,
            dilation=depthwise.dilation,
        )
        self._next_states.append((after, f"next_{state}", shape))
        self._needs(x, width)
        late = dataclasses.replace(x, value=beside, delay=x.delay + width)
        return dataclasses.replace(late, value=value), late

    def conv(self, window: Window, layer: Convolution, slope: float | None = None) -> Signal:
        if _stays_float(layer):
            return self.unquantized(window, layer, slope)
        return self._quantized(window, layer, _leaky(slope))

    def activated(self, window: Window, layer: Convolution, on_load: OnLoad) -> Signal:
        """`conv`, after whatever `on_load` says. With its affine, a first chunk that is not the
        last must be as long as the layer's state."""
        return self._quantized(window, layer, on_load)

    def causal(self, x: Signal, layer: Convolution, on_load: OnLoad = NOTHING) -> Signal:
        """A convolution with all of its zeros on the left: no look-ahead, no lag. Fewer than 8
        outputs are computed in float, after LeakyReLU or ELU only."""
        state = (layer.kernel - 1) * layer.dilation
        if not _stays_float(layer):
            value = self._operator(
                "QConv1d",
                x,
                layer,
                layer.weight,
                on_load,
                state=state,
                dilation=layer.dilation,
                lookahead=0,
            )
        elif layer.groups != 1 or on_load.alpha is not None or on_load.mul:
            raise refuse(
                f"{layer.name}: groups {layer.groups}, outputs {len(layer.weight)}: a float layer "
                "has neither groups, an affine nor Snake",
                "Choose a recipe without fused operators.",
            )
        else:
            value = self._float(x, layer, on_load, state, lookahead=0)
        self._needs(x, 0)
        return Signal(value, layer.weight.shape[0], x.rate, x.delay)

    def norm_over_time(
        self, x: Signal, scale: str, shift: str, name: str, given: str = ""
    ) -> tuple[str, str, str]:
        """Each channel's whole length to mean `shift` and deviation `scale`, values of the graph
        with a float32 for each channel: `mul` and `add` for an OnLoad. They are made with means
        and deviations (2, channels): those `given`, if it has any when the graph runs, else those
        of x, which then is no chunk. The third value is what was taken, if `given` is there."""
        mul, add, found = self.graph.split_node(
            "TimeNorm",
            (x.value, scale, shift, *([given] if given else [])),
            (f"{name}.mul", f"{name}.add", f"{name}.statistics" if given else ""),
            domain=self._domain(later=True),
            epsilon=1e-5,
        )
        return mul, add, found

    def gated(self, window: Window, layer: Convolution, cond: str | None) -> Signal:
        if cond is not None or _stays_float(layer):
            return super().gated(window, layer, cond)
        return self._quantized(window, layer, NOTHING, gate=1)

    def _quantized(
        self, window: Window, layer: Convolution, on_load: OnLoad, gate: int = 0, gelu: int = 0
    ) -> Signal:
        x, width = window.signal, reach(layer)
        outputs, _, kernel = layer.weight.shape
        delay = window.right - width
        value = self._operator(
            "QConv1d",
            x,
            layer,
            layer.weight,
            on_load,
            state=(kernel - 1) * layer.dilation + delay,
            dilation=layer.dilation,
            lookahead=width,
            delay=delay,
            **({"gate": gate} if gate else {}),
            **({"gelu": gelu} if gelu else {}),
        )
        self._needs(x, window.right)
        return Signal(value, outputs // 2 if gate else outputs, x.rate, x.delay + window.right)

    def unquantized(
        self, window: Window, layer: Convolution, slope: float | None = None
    ) -> Signal:
        """The float operator; onnxruntime's own for what that has not (groups, a delay)."""
        x, width = window.signal, reach(layer)
        if layer.groups != 1 or (window.left, window.right) != (width, width) or not width:
            return super().conv(super().window(x, window.left, window.right), layer, slope)
        value = self._float(x, layer, _leaky(slope), 2 * width)
        self._needs(x, width)
        return Signal(value, layer.weight.shape[0], x.rate, x.delay + width)

    def _float(
        self, x: Signal, layer: Convolution, on_load: OnLoad, state: int, **attributes: int
    ) -> str:
        shape: list[int | str] = [1, x.channels, state]
        kept = self._state(shape)
        value, after = self.graph.split_node(
            "FloatConv1d",
            (
                x.value,
                self.graph.constant(layer.weight, f"{layer.name}.weight"),
                self.graph.constant(bias_of(layer), f"{layer.name}.bias"),
                kept,
                "first",
                self._last,
            ),
            (layer.name, f"{layer.name}.after"),
            domain=self._domain(on_load.is_later or "lookahead" in attributes),
            dilation=layer.dilation,
            **on_load.attributes(),
            **attributes,
        )
        self._next_states.append((after, f"next_{kept}", shape))
        return value

    def pointwise(self, x: Signal, layer: Convolution) -> Signal:
        if _stays_float(layer):
            return super().pointwise(x, layer)
        return self.conv(Window(x, "", 0, 0), layer)

    def pointwise_gelu(self, x: Signal, layer: Convolution) -> Signal:
        """GELU of a layer of one tap."""
        return self._quantized(Window(x, "", 0, 0), layer, NOTHING, gelu=1)

    def transposed(self, x: Signal, layer: Convolution, slope: float) -> Signal:
        return self.transposed_after(x, layer, OnLoad(slope))

    def transposed_after(self, x: Signal, layer: Convolution, on_load: OnLoad) -> Signal:
        """`transposed`, after whatever `on_load` says."""
        stride = layer.stride
        if layer.kernel % stride or layer.kernel - stride != 2 * layer.padding:
            raise refuse(
                f"{layer.name}: kernel {layer.kernel}, stride {stride}, padding {layer.padding}: "
                "kernel must be a multiple of stride, and stride + 2 * padding",
                "Choose a recipe without fused operators.",
            )
        return self._transposed(x, layer, on_load, layer.padding)

    def causal_transposed(self, x: Signal, layer: Convolution, on_load: OnLoad) -> Signal:
        """A transposed convolution that gives `stride` outputs for each input at once: nothing is
        cut on the left, kernel - stride on the right. No lag; the state is the last inputs,
        kernel / stride - 1 of them."""
        if layer.kernel % layer.stride or layer.padding or layer.groups != 1:
            raise refuse(
                f"{layer.name}: kernel {layer.kernel}, stride {layer.stride}, padding "
                f"{layer.padding}, groups {layer.groups}: kernel must be a multiple of stride, "
                "without padding or groups",
                "Choose a recipe without fused operators.",
            )
        return self._transposed(x, layer, on_load, 0, left=0)

    def _transposed(
        self, x: Signal, layer: Convolution, on_load: OnLoad, lag: int, **attributes: int
    ) -> Signal:
        weight, stride = layer.weight.transpose(1, 0, 2), layer.stride
        value = self._operator(
            "QConvTranspose1d",
            x,
            layer,
            weight,
            on_load,
            state=layer.kernel // stride - 1,
            stride=stride,
            **attributes,
        )
        self._needs(x, 0)
        return Signal(value, len(weight), x.rate * stride, x.delay * stride + lag)

    def add(self, left: Signal, right: Signal, name: str) -> Signal:
        for sum_, other in ((right, left), (left, right)):
            node = self._convs.get(sum_.value)
            if node is None or node.input[_RESIDUAL] or self.graph.is_used(sum_.value):
                continue
            source = self._lines.get(other.value, (other, ""))[0]
            skips = any(item.name == "skip" for item in node.attribute)
            if source.value == node.input[0] and source.channels == sum_.channels and not skips:
                node.attribute.append(helper.make_attribute("skip", 1))
            else:
                node.input[_RESIDUAL] = other.value
                self.graph.move_to_end(node)  # behind what makes the residual
            return sum_
        return super().add(left, right, name)

    def held(self, x: Signal, like: Signal) -> Signal:
        self.graph.metadata["ahead_granularity"] = str(self._granularity)
        self._granularity = _HELD_GRANULARITY
        self.graph.metadata["granularity"] = str(self._granularity)
        return super().held(x, like)

    def finish(self) -> None:
        """Drop the delay lines that turned out to be `skip`, then declare the next states."""
        lines = {state: value for value, (_, state) in self._lines.items()}
        live = [after for after, _, _ in self._next_states if after not in lines]
        while True:
            reached = self.graph.reached_from(live)
            found = [a for a, value in lines.items() if value in reached and a not in live]
            if not found:
                break
            live += found
        self._next_states = [state for state in self._next_states if state[0] in live]
        super().finish()
        self.graph.prune()

    def _domain(self, later: bool) -> str:
        domain = DOMAIN_2 if later else DOMAIN
        self.graph.domains[domain] = 1
        return domain

    def _state(self, shape: list[int | str]) -> str:
        number = len(self._next_states)
        return self.graph.input(f"state_{number:03d}", "float32", shape)

    def _operator(
        self,
        op: str,
        x: Signal,
        layer: Convolution,
        weight: Array,
        on_load: OnLoad,
        state: int,
        **attributes: int,
    ) -> str:
        graph, name, parameter = self.graph, layer.name, layer.name
        gains = self.gains.get(name)
        if gains is not None:
            weight = weight / gains[:, None]
        packed, scales = pack(np.ascontiguousarray(weight), self.bits)
        bias = np.zeros(len(scales), np.float32) if layer.bias is None else layer.bias
        granule = self._granularity * x.rate
        inputs = [
            x.value,
            graph.constant(packed, f"{parameter}.weight"),
            graph.constant(scales, f"{parameter}.scale"),
            graph.constant(bias, f"{parameter}.bias"),
            "" if gains is None else graph.constant(gains, f"{parameter}.gains"),
            "",
            "",
            "first",
            self._last,
        ]
        if on_load.is_later:
            alpha = on_load.alpha
            inputs += [on_load.mul, on_load.add]
            inputs += ["" if alpha is None else graph.constant(alpha, f"{parameter}.alpha")]
        outputs = [name]
        if state:
            shape: list[int | str] = [1, x.channels, state]
            inputs[_STATE] = self._state(shape)
            outputs.append(f"{name}.after")
        made = graph.split_node(
            op,
            inputs,
            outputs,
            domain=self._domain(on_load.is_later or "left" in attributes),
            **on_load.attributes(),
            tile=min(_LONGEST_TILE, granule),
            granule=granule,
            phase=x.delay % granule,
            **attributes,
        )
        if state:
            self._next_states.append((made[1], f"next_{inputs[_STATE]}", shape))
        if op == "QConv1d":
            self._convs[made[0]] = graph.last_node()
        return made[0]


def _leaky(slope: float | None) -> OnLoad:
    return NOTHING if slope is None else OnLoad(slope)


def _stays_float(layer: Convolution) -> bool:
    return layer.groups != 1 or layer.weight.shape[0] < _LEAST_OUTPUTS


def tokens_convolved(
    graph: GraphWriter, x: str, layer: Convolution, bits: int, residual: str, **attributes: float
) -> str:
    """Add a convolution over the whole of a short sequence, such as an encoder's tokens: without
    a state, and with `residual` added to it unless that is empty."""
    packed, scales = pack(np.ascontiguousarray(layer.weight), bits)
    inputs = [
        x,
        graph.constant(packed, f"{layer.name}.weight"),
        graph.constant(scales, f"{layer.name}.scale"),
        graph.constant(bias_of(layer), f"{layer.name}.bias"),
        "",
        residual,
    ]
    return graph.node("QConv1d", inputs, layer.name, domain=DOMAIN, **attributes)
