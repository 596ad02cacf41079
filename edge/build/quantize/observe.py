"""The convolutions of a decoder, and what goes into and out of them on calibration sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from edge.build.export.original import attributes
from edge.build.quantize import decode
from edge.build.quantize.recipe import Calibration, constants, session
from edge.pcm import Samples

CHUNK = 48  # frames: every second sentence is observed in chunks, as it is spoken
_KEPT = 6000  # positions of a tensor that are remembered
_SEED = 7

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """A convolution without padding. `source` is what it reads, before a Slice that only shortens
    it; layers with one source share its int8 form. weight (out, in, *kernel), float32."""

    node: onnx.NodeProto
    source: str
    slice: onnx.NodeProto | None
    weight: Samples
    bias: Samples

    @property
    def name(self) -> str:
        return str(self.node.name)

    @property
    def output(self) -> str:
        return str(self.node.output[0])


@dataclass(frozen=True)
class Observed:
    """Of each channel: lowest, highest, mean and mean square; `sample` (channels, some
    positions); `positions` in all."""

    low: Vector
    high: Vector
    mean: Vector
    power: Vector
    sample: Samples
    positions: int


def layers(model: onnx.ModelProto) -> tuple[Layer, ...]:
    """The Conv nodes that can become QLinearConv, in order: constant weights, one group and more
    than one output (one output is the waveform, where every error is heard), no padding (a padded
    zero could not have a zero point of its own per channel)."""
    held = constants(model)
    producer = {value: node for node in model.graph.node for value in node.output}
    found = []
    for node in model.graph.node:
        weight = held.get(node.input[1]) if node.op_type == "Conv" else None
        if weight is None or weight.dtype != np.float32 or weight.shape[0] == 1:
            continue
        given = attributes(node)
        if any(given.get("pads", ())) or given.get("group", 1) != 1 or "auto_pad" in given:
            continue
        source, cut = str(node.input[0]), producer.get(node.input[0])
        if cut is not None and cut.op_type == "Slice" and cut.input[3] in held:
            axes = held[cut.input[3]] % weight.ndim  # of time, or of channels
            cut = cut if axes.tolist() == [weight.ndim - 1] else None
            source = str(cut.input[0]) if cut is not None else source
        else:
            cut = None
        bias = held[node.input[2]] if len(node.input) > 2 else np.zeros(len(weight), np.float32)
        found.append(Layer(node, source, cut, weight, bias))
    return tuple(found)


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
    return float(layer.weight.size) * observed[layer.output].positions


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
