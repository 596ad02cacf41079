"""Measure the layers of Pocket's and Kokoro's decoders: ours, with their activations on load,
beside the same in onnxruntime's float operators.

Run `python -m edge.kernels.bench_activations`: runs interleaved, medians of CPU time, one thread.
On a lesser CPU: `python -m tests.cpus Haswell -- python -m edge.kernels.bench_activations`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnx import helper

from edge import kernels
from edge.kernels.bench import bound, measure, session


@dataclass(frozen=True)
class Layer:
    """One convolution, what comes before it, and how much of it a second of sound needs."""

    outputs: int
    inputs: int
    kernel: int
    positions: int
    """Of the input, in one run."""
    curve: str
    """elu, snake (behind an affine), leaky or none."""
    dilation: int = 1
    stride: int = 0
    """0: no transposed convolution."""
    causal: bool = False

    @property
    def name(self) -> str:
        step = f"up{self.stride}" if self.stride else f"d{self.dilation}"
        return f"{self.outputs}x{self.inputs}x{self.kernel} {step} {self.curve}"

    @property
    def products(self) -> int:
        return self.outputs * self.inputs * self.kernel * self.positions

    @property
    def pads(self) -> list[int]:
        """Zeros around the input of a convolution, or outputs cut from a transposed one."""
        span = self.kernel - self.stride if self.stride else (self.kernel - 1) * self.dilation
        if self.causal:
            return [0, span] if self.stride else [span, 0]
        return [span // 2, span // 2]


def pocket(frames: int) -> list[Layer]:
    """SEANet of 18M: frames of 16 rows, strides 6, 5, 4."""
    layers = [Layer(256, 128, 3, 16 * frames, "none", causal=True)]
    channels, rows = 256, 16 * frames
    for stride in (6, 5, 4):
        half = channels // 2
        layers.append(Layer(half, channels, 2 * stride, rows, "elu", stride=stride, causal=True))
        channels, rows = half, rows * stride
        layers.append(Layer(channels // 2, channels, 3, rows, "elu", causal=True))
        layers.append(Layer(channels, channels // 2, 1, rows, "elu", causal=True))
    return layers


def kokoro(seconds: float) -> list[Layer]:
    """The generator's layers, one of each shape: two stages, 800 and 4,800 positions a second."""
    first, second = int(800 * seconds), int(4800 * seconds)
    layers = [Layer(256, 512, 20, int(80 * seconds), "leaky", stride=10)]
    layers += [Layer(256, 256, k, first, "snake", d) for k in (3, 7, 11) for d in (1, 3, 5)]
    layers += [Layer(128, 256, 12, first, "leaky", stride=6)]
    layers += [Layer(128, 128, k, second, "snake", d) for k in (3, 7, 11) for d in (1, 3, 5)]
    return layers


def ours(layer: Layer, constants: dict[str, Any], library: Path) -> onnxruntime.InferenceSession:
    packed, scales = kernels.pack(constants["w"])
    held = {"weights": packed, "scales": scales, "bias": constants["b"]}
    names = ["x", *held]
    attributes: dict[str, Any] = {"slope": 0.1} if layer.curve == "leaky" else {}
    if layer.curve == "elu":
        attributes["elu"] = 1
    if layer.curve == "snake":
        held |= {n: constants[n] for n in ("mul", "add", "alpha")}
        names += ["", "", "", "", "", "mul", "add", "alpha"]
    if layer.stride:
        attributes |= {"stride": layer.stride, "left": layer.pads[0]}
    else:
        attributes |= {"dilation": layer.dilation, "lookahead": layer.pads[1]}
    op = "QConvTranspose1d" if layer.stride else "QConv1d"
    tile = min(192, layer.positions)
    node = helper.make_node(op, names, ["y"], domain=kernels.DOMAIN_2, tile=tile, **attributes)
    return session([node], [1, layer.inputs, None], held, library)


def stock(layer: Layer, constants: dict[str, Any]) -> onnxruntime.InferenceSession:
    nodes, value = [], "x"

    def node(op: str, *inputs: str, **attributes: Any) -> str:
        made = f"v{len(nodes)}"
        nodes.append(helper.make_node(op, inputs, [made], **attributes))
        return made

    held = {n: constants[n] for n in ("w", "b")}
    if layer.stride:
        held["w"] = np.ascontiguousarray(held["w"].transpose(1, 0, 2))
    if layer.curve == "elu":
        value = node("Elu", value)
    elif layer.curve == "leaky":
        value = node("LeakyRelu", value, alpha=0.1)
    elif layer.curve == "snake":
        column = {n: constants[n][:, None] for n in ("mul", "add", "alpha")}
        held |= column | {"inverse": 1 / column["alpha"]}
        value = node("Add", node("Mul", value, "mul"), "add")
        sine = node("Sin", node("Mul", value, "alpha"))
        value = node("Add", value, node("Mul", node("Mul", sine, sine), "inverse"))
    if layer.stride:
        node("ConvTranspose", value, "w", "b", strides=[layer.stride], pads=layer.pads)
    else:
        node("Conv", value, "w", "b", dilations=[layer.dilation], pads=layer.pads)
    nodes[-1].output[0] = "y"
    return session(nodes, [1, layer.inputs, None], held, None)


def print_layers(title: str, layers: list[Layer], library: Path) -> None:
    print(f"{title:<26}{'ours, us':>10}{'float, us':>11}{'ratio':>7}{'ours, GOP/s':>13}")
    rng = np.random.default_rng(0)
    sums = [0.0, 0.0]
    for layer in layers:
        shape = (layer.outputs, layer.inputs, layer.kernel)
        constants = {
            "w": rng.normal(size=shape).astype(np.float32),
            "b": rng.normal(size=layer.outputs).astype(np.float32),
        } | {n: rng.uniform(0.5, 2, layer.inputs).astype("f4") for n in ("mul", "add", "alpha")}
        x = rng.normal(size=(1, layer.inputs, layer.positions)).astype(np.float32)
        runs = {"ours": bound(ours(layer, constants, library), x)}
        runs["float"] = bound(stock(layer, constants), x)
        times = measure(runs)
        mine, other = times["ours"], times["float"]
        sums = [sums[0] + mine, sums[1] + other]
        speed = 2 * layer.products / mine / 1e9
        cells = f"{mine * 1e6:>10.0f}{other * 1e6:>11.0f}{mine / other:>7.2f}{speed:>13.0f}"
        print(f"{layer.name:<26}{cells}", flush=True)
    total = f"{sums[0] * 1e6:>10.0f}{sums[1] * 1e6:>11.0f}{sums[0] / sums[1]:>7.2f}"
    print(f"{'sum':<26}{total}\n", flush=True)


def main() -> None:
    library = kernels.library_path()
    if library is None:
        sys.exit(f"edge: the operator library is not built: {kernels.how_to_build()}")
    print(f"path {kernels.paths(library)[0]}, onnxruntime {onnxruntime.__version__}\n")
    print_layers("Pocket 18M, 1 frame", pocket(1), library)
    print_layers("Pocket 18M, 4 frames", pocket(4), library)
    print_layers("Kokoro, 0.4 s", kokoro(0.4), library)


if __name__ == "__main__":
    main()
