"""The layers of VITS as the original exporter writes them; see random_voices.py."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.bundler.export.graph import END, GraphWriter


@dataclass(frozen=True)
class VoiceShape:
    hidden: int = 8
    inter: int = 8
    filter: int = 12
    heads: int = 2
    layers: int = 2
    symbols: int = 20
    speakers: int = 1
    gin: int = 6
    resblock: int = 2
    upsample: tuple[tuple[int, int], ...] = ((4, 8), (2, 4))  # (rate, kernel)
    initial: int = 16
    kernels: tuple[int, ...] = (3, 5)
    dilations: tuple[tuple[int, ...], ...] = ((1, 2), (2, 6))
    rate: int = 22_050
    flows: int = 4
    folded: bool = True  # weight norm; else g and v remain
    scoped: bool = True  # torch 2 names its nodes after modules, torch 1.x numbers them


class VitsLayers:
    def __init__(self, shape: VoiceShape, seed: int) -> None:
        self.shape = shape
        self.random = np.random.default_rng(seed)
        self.graph = GraphWriter("main_graph", 15)
        self.count = 0

    # Building blocks

    def op(self, op: str, *inputs: Any, **attributes: Any) -> str:
        """A node; floats become constants, tuples of whole numbers int64 vectors."""
        values = []
        for value in inputs:
            if isinstance(value, float):
                value = self.graph.constant(np.float32(value))
            elif isinstance(value, int):
                value = self.graph.constant(np.int64(value))
            elif isinstance(value, tuple):
                value = self.graph.ints(*value)
            values.append(value)
        self.count += 1
        scope = attributes.pop("scope", op)
        name = f"/{scope}" if self.shape.scoped else f"{op}_{self.count}"
        return self.graph.node(op, values, name, **attributes)

    def weight(self, name: str, *shape: int, scale: float | None = None) -> str:
        factor = 1 / math.sqrt(np.prod(shape[1:])) if scale is None else scale
        values = self.random.normal(size=shape) * factor
        return self.graph.constant(values.astype(np.float32), name)

    def conv(
        self,
        name: str,
        x: str,
        sizes: tuple[int, int, int],
        *,
        normed: bool = False,
        **settings: int,
    ) -> str:
        outputs, inputs, kernel = sizes
        dilation = settings.get("dilation", 1)
        reach = dilation * (kernel - 1) // 2
        scale = settings.get("scale_percent", 100) / 100
        weight = self._normed(name, outputs, inputs, kernel, normed, scale)
        parameters = [weight]
        if settings.get("bias", 1):
            parameters.append(self.weight(f"{name}.bias", outputs, scale=0.1))
        return self.op(
            "Conv",
            x,
            *parameters,
            scope=name.replace(".", "/"),
            kernel_shape=[kernel],
            dilations=[dilation],
            group=settings.get("group", 1),
            pads=[reach, reach],
            strides=[1],
        )

    def _normed(
        self, name: str, outputs: int, inputs: int, kernel: int, normed: bool, scale: float
    ) -> str:
        if not normed:
            scale /= math.sqrt(inputs * kernel)
            return self.weight(f"{name}.weight", outputs, inputs, kernel, scale=scale)
        if self.shape.folded:
            return self.weight(f"onnx::Conv_{8000 + self.count}", outputs, inputs, kernel)
        direction = self.weight(f"{name}.weight_v", outputs, inputs, kernel)
        size = self.graph.constant(
            self.random.uniform(0.5, 1.5, (outputs, 1, 1)).astype(np.float32), f"{name}.weight_g"
        )
        length = self.op("ReduceL2", direction, axes=[1, 2], keepdims=1)
        return self.op("Mul", self.op("Div", direction, length), size)

    def norm(self, name: str, x: str, channels: int) -> str:
        x = self.op("Transpose", x, perm=[0, 2, 1])
        centred = self.op("Sub", x, self.op("ReduceMean", x, axes=[-1]))
        variance = self.op("ReduceMean", self.op("Pow", centred, 2.0), axes=[-1])
        x = self.op("Div", centred, self.op("Sqrt", self.op("Add", variance, 1e-5)))
        gamma = self.random.normal(1, 0.1, channels).astype(np.float32)
        x = self.op("Mul", x, self.graph.constant(gamma, f"{name}.gamma"))
        x = self.op("Add", x, self.weight(f"{name}.beta", channels, scale=0.1))
        return self.op("Transpose", x, perm=[0, 2, 1])

    def slice(self, x: str, start: Any, end: Any, axis: int) -> str:
        return self.op("Slice", x, start, end, (axis,))

    def split(self, x: str, *sizes: int, axis: int = 1) -> list[str]:
        names = [f"/Split_output_{i}" for i in range(len(sizes))]
        return self.graph.split_node("Split", (x, self.graph.ints(*sizes)), names, axis=axis)

    def gelu(self, x: str) -> str:
        half = self.op("Add", self.op("Erf", self.op("Div", x, math.sqrt(2))), 1.0)
        return self.op("Mul", self.op("Mul", x, half), 0.5)

    def mask(self, length: str) -> str:
        """(1, 1, length) of ones, computed as the original does."""
        top = self.op("Squeeze", length, (0,))
        steps = self.op("Unsqueeze", self.op("Range", 0, top, 1), (0,))
        less = self.op("Less", steps, self.op("Unsqueeze", length, (1,)))
        return self.op("Cast", self.op("Unsqueeze", less, (1,)), to=1)

    def spline(self, h: str, x: str) -> str:
        """The inverse spline on the positions inside [-5, 5], found by NonZero."""
        above, below = self.op("GreaterOrEqual", x, -5.0), self.op("LessOrEqual", x, 5.0)
        inside = self.op("And", above, below)
        places = self.op("Transpose", self.op("NonZero", inside), perm=[1, 0])
        chosen = self.op("GatherND", x, places)
        h = self.op("GatherND", h, places)  # (inside, 29)
        y = self.rational_quadratic(h, self.op("Unsqueeze", chosen, (1,)))
        return self.op("ScatterND", x, places, self.op("Squeeze", y, (1,)))

    def rational_quadratic(self, h: str, x: str) -> str:
        root_width = math.sqrt(self.shape.hidden)
        knots, sizes = [], []
        for begin in (0, 10):
            raw = self.op("Div", self.slice(h, (begin,), (begin + 10,), 1), root_width)
            share = self.op("Add", self.op("Mul", self.op("Softmax", raw, axis=-1), 0.99), 0.001)
            total = self.op("CumSum", share, 1)
            total = self.op("Pad", total, (0, 1, 0, 0), 0.0)
            total = self.op("Add", self.op("Mul", total, 10.0), -5.0)
            inner = self.slice(total, (1,), (-1,), 1)
            inner = self.op("Pad", inner, (0, 1, 0, 0), -5.0)
            total = self.op("Pad", inner, (0, 0, 0, 1), 5.0)
            knots.append(total)
            ends = self.slice(total, (1,), (END,), 1)
            sizes.append(self.op("Sub", ends, self.slice(total, (0,), (-1,), 1)))
        edge = math.log(math.exp(1 - 0.001) - 1)
        slopes = self.op("Pad", self.slice(h, (20,), (END,), 1), (0, 1, 0, 1), edge)
        slopes = self.op("Add", self.op("Softplus", slopes), 0.001)
        last = np.zeros(11, np.float32)
        last[-1] = 1e-6
        limits = self.op("Add", knots[1], self.graph.constant(last))
        passed = self.op("Cast", self.op("GreaterOrEqual", x, limits), to=7)
        index = self.op("Sub", self.op("ReduceSum", passed, (1,), keepdims=1), (1,))
        after = self.op("Add", index, (1,))

        def at(values: str, place: str = index) -> str:
            return self.op("GatherElements", values, place, axis=1)

        delta = self.op("Div", sizes[1], sizes[0])
        width, left, bottom, height = at(sizes[0]), at(knots[0]), at(knots[1]), at(sizes[1])
        slope, d0, d1 = at(delta), at(slopes), at(slopes, after)
        rise = self.op("Sub", x, bottom)
        bend = self.op("Sub", self.op("Add", d0, d1), self.op("Mul", slope, 2.0))
        bent = self.op("Mul", rise, bend)
        a = self.op("Add", bent, self.op("Mul", height, self.op("Sub", slope, d0)))
        b = self.op("Sub", self.op("Mul", height, d0), bent)
        c = self.op("Mul", self.op("Neg", slope), rise)
        inner = self.op("Mul", self.op("Mul", a, 4.0), c)
        root = self.op("Sqrt", self.op("Sub", self.op("Pow", b, 2.0), inner))
        ratio = self.op("Div", self.op("Mul", c, 2.0), self.op("Sub", self.op("Neg", b), root))
        return self.op("Add", self.op("Mul", ratio, width), left)
