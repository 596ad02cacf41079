"""The convolutions of a decoder, and what goes into and out of them on calibration sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from edge.bundler.export.original import attributes
from edge.bundler.quantize import decode
from edge.bundler.quantize.recipe import Array, Calibration, constants, session
from edge.pcm import Samples

CHUNK = 48  # frames: every second sentence is observed in chunks, as it is spoken
_KEPT = 6000  # positions of a tensor that are remembered
_SEED = 7

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """A convolution without padding. `source` is what it reads, before a Slice that only shortens
    it; layers with one source share its int8 form. weight (out, in, *kernel), float32.

    A ConvTranspose is the convolution that makes `stride` outputs per channel and position,
    channel by channel, which are then interleaved. `macs`: of one output position."""

    node: onnx.NodeProto
    source: str
    slice: onnx.NodeProto | None
    weight: Samples
    bias: Samples
    macs: int
    stride: int = 1

    @property
    def name(self) -> str:
        return str(self.node.name)

    @property
    def output(self) -> str:
        return str(self.node.output[0])


@dataclass(frozen=True)
class Observed:
    """Statistics of each channel: lowest, highest, mean and mean square; `sample` (channels, some
    positions); `positions` in all."""

    low: Vector
    high: Vector
    mean: Vector
    power: Vector
    sample: Samples
    positions: int


def layers(model: onnx.ModelProto) -> tuple[Layer, ...]:
    """The nodes that can become QLinearConv, in order: constant weights, one group and more
    than one output (one output is the waveform, where every error is heard), no padding (a padded
    zero could not have a zero point of its own per channel)."""
    held = constants(model)
    producer = {value: node for node in model.graph.node for value in node.output}
    found = []
    for node in model.graph.node:
        weight = held.get(node.input[1]) if "Conv" in node.op_type else None
        if weight is None or weight.dtype != np.float32:
            continue
        outputs = weight.shape[1 if node.op_type == "ConvTranspose" else 0]
        given = attributes(node)
        if outputs == 1 or given.get("group", 1) != 1 or "auto_pad" in given:
            continue
        bias = held[node.input[2]] if len(node.input) > 2 else np.zeros(outputs, np.float32)
        macs, stride = weight.size, 1
        if node.op_type == "ConvTranspose":
            stride = int(given["strides"][-1])
            macs = weight.size // stride
            weight = as_convolution(weight, stride, given["pads"])
            bias = np.repeat(bias, stride)
        elif node.op_type != "Conv" or any(given.get("pads", ())):
            weight = None
        if weight is None:
            continue
        cut = producer.get(node.input[0])
        if cut is not None and not _shortens(cut, held, weight.ndim):
            cut = None
        source = str(node.input[0] if cut is None else cut.input[0])
        found.append(Layer(node, source, cut, weight, bias, macs, stride))
    return tuple(found)


def as_convolution(weight: Samples, stride: int, pads: Sequence[int]) -> Samples | None:
    """The weight (out * stride, in, [1,] taps) of a convolution without padding that makes what a
    ConvTranspose with `weight` (in, out, [1,] kernel) does; None if its ends do not fit.

    Output t * stride + p comes from the inputs t + a, a in 0..taps - 1, through the tap
    p + begin - a * stride, if there is one.
    """
    kernel = weight.shape[-1]
    begin, end = pads[len(pads) // 2 - 1], pads[-1]
    taps, rest = divmod(2 * stride - kernel + begin + end, stride)
    if rest or taps < 1 or begin + stride < kernel or begin + stride - 1 >= taps * stride:
        return None
    inputs, outputs = weight.shape[:2]
    flat = weight.reshape(inputs, outputs, kernel)
    made = np.zeros((outputs, stride, inputs, taps), np.float32)
    for phase in range(stride):
        for tap in range(taps):
            k = phase + begin - tap * stride
            if 0 <= k < kernel:
                made[:, phase, :, tap] = flat[:, :, k].T
    return made.reshape(outputs * stride, inputs, *(1,) * (weight.ndim - 3), taps)


def _shortens(node: onnx.NodeProto, held: Mapping[str, Array], rank: int) -> bool:
    """Whether it is a Slice of time, which keeps the channels."""
    if node.op_type != "Slice" or len(node.input) < 4 or node.input[3] not in held:
        return False
    return bool((held[node.input[3]] % rank).tolist() == [rank - 1])


def observe(
    model: onnx.ModelProto, found: Sequence[Layer], calibration: Calibration
) -> dict[str, Observed]:
    """One run over the calibration sentences; the float tensors by name."""
    names = sorted({layer.source for layer in found} | {layer.output for layer in found})
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    inside = [name for name in names if name not in {item.name for item in model.graph.input}]
    shown.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in inside
    )
    run = session(shown, "calibration")
    kept = math.ceil(_KEPT / len(calibration.latents))
    collected = {name: _Collector() for name in names}
    for number, latent in enumerate(calibration.latents):
        frames = CHUNK if number % 2 else None
        chunks = decode.run(run, latent, frames, calibration.speaker, inside)
        random = np.random.default_rng([_SEED, number])
        for name in names:
            values = [chunk[name] for chunk in chunks] if name in inside else [latent]
            collected[name].add([_rows(value) for value in values], kept, random)
    return {name: collector.result() for name, collector in collected.items()}


def work(layer: Layer, observed: dict[str, Observed]) -> float:
    """Multiply-accumulates on the calibration sentences."""
    return float(layer.macs) * observed[layer.output].positions


def _rows(value: Samples) -> Samples:
    """(1, channels, [1,] time) as (channels, time)."""
    return value.reshape(value.shape[1], -1)


class _Collector:
    def __init__(self) -> None:
        self._lows: list[Vector] = []
        self._highs: list[Vector] = []
        self._sum: Vector | float = 0.0
        self._squares: Vector | float = 0.0
        self._samples: list[Samples] = []
        self._positions = 0

    def add(self, values: Iterable[Samples], kept: int, random: np.random.Generator) -> None:
        joined = np.concatenate(list(values), axis=1)
        if not joined.shape[1]:
            return
        self._lows.append(joined.min(axis=1))
        self._highs.append(joined.max(axis=1))
        self._sum = self._sum + joined.sum(axis=1, dtype=np.float64)
        self._squares = self._squares + np.einsum("ct,ct->c", joined, joined, dtype=np.float64)
        self._samples.append(joined[:, random.integers(0, joined.shape[1], kept)])
        self._positions += joined.shape[1]

    def result(self) -> Observed:
        count = self._positions
        return Observed(
            np.min(self._lows, axis=0).astype(np.float64),
            np.max(self._highs, axis=0).astype(np.float64),
            np.asarray(self._sum / count),
            np.asarray(self._squares / count),
            np.concatenate(self._samples, axis=1),
            count,
        )
