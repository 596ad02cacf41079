"""How each channel is squeezed into eight bits: ranges, steps, zero points, and rounded weights.

Stock operators allow a step and a zero point PER CHANNEL on both sides of QLinearConv, for nothing
at run time: QuantizeLinear and DequantizeLinear take vectors along the channels, the steps of the
inputs are multiplied into the weights, and the zero points into the int32 bias. QLinearConv
itself sees the step 1 and the zero point 0. The zeros of a sentence's ends are exact, because the
streaming form pads by data and not by attribute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.bundler.quantize.observe import Layer, Observed, Vector
from edge.bundler.quantize.recipe import LARGEST_WEIGHT
from edge.pcm import Samples

LEVELS = 255  # steps of eight bits
_CLIPS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
_BALANCES = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)


@dataclass(frozen=True)
class Grid:
    """value = (code - zero) * step, code 0..255; both of shape (channels,)."""

    step: Vector
    zero: npt.NDArray[np.int64]

    def repeated(self, times: int) -> Grid:
        """Every channel `times` times in a row."""
        return Grid(np.repeat(self.step, times), np.repeat(self.zero, times))


@dataclass(frozen=True)
class Rounded:
    """weight int8, scale (out,) of the product, bias int32: those of QLinearConv."""

    weight: npt.NDArray[np.int8]
    scale: Samples
    bias: npt.NDArray[np.int32]


def ranges(observed: Observed) -> tuple[Vector, Vector]:
    """Find each channel's range with the least mean square error: what lies outside is clipped,
    what lies inside is rounded. It always holds zero."""
    low, high = np.minimum(observed.low, 0.0), np.maximum(observed.high, 0.0)
    sample = observed.sample
    best = np.full(len(low), np.inf)
    chosen = np.ones(len(low))
    for clip in _CLIPS:
        cut = sample - np.clip(sample, (low * clip)[:, None], (high * clip)[:, None])
        step = (high - low) * clip / LEVELS
        error = np.einsum("ct,ct->c", cut, cut) / sample.shape[1] + step**2 / 12
        chosen = np.where(error < best, clip, chosen)
        best = np.minimum(error, best)
    return low * chosen, high * chosen


def output_grid(observed: Observed) -> Grid:
    low, high = ranges(observed)
    return _grid(low, (high - low) / LEVELS)


def input_grid(observed: Observed, users: Sequence[Layer]) -> Grid:
    """Steps between one per channel, which makes the weights uneven, and one for all: the
    balance whose rounding of values and weights adds the least noise to the users' outputs.

    SmoothQuant (arXiv 2211.10438) migrates by a fixed power of 0.5; this one is measured.
    """
    low, high = ranges(observed)
    own = np.maximum((high - low) / LEVELS, 1e-12)
    widest = own.max()
    steps = [own**balance * widest ** (1 - balance) for balance in _BALANCES]
    noise = [sum(_noise(step, observed, layer) for layer in users) for step in steps]
    return _grid(low, steps[int(np.argmin(noise))])


def rounded(layer: Layer, given: Grid, made: Grid, observed: Observed) -> Rounded:
    """The integers of a convolution from codes on `given` to codes on `made`."""
    shape = (1, -1) + (1,) * (layer.weight.ndim - 2)
    weight = layer.weight.astype(np.float64) * given.step.reshape(shape)
    scale = _weight_scale(weight)
    column = scale.reshape(-1, *(1,) * (weight.ndim - 1))
    codes = np.clip(np.rint(weight / column), -LARGEST_WEIGHT, LARGEST_WEIGHT)
    # What rounding the weights does to the mean is known, so it is taken back.
    lost = (weight - codes * column) / given.step.reshape(shape) * observed.mean.reshape(shape)
    others = tuple(range(1, weight.ndim))
    bias = (layer.bias + lost.sum(axis=others)) / scale
    shift = (codes * given.zero.reshape(shape)).sum(axis=others)
    raised = made.zero * made.step / scale
    total = np.clip(np.rint(bias - shift + raised), -(2**31), 2**31 - 1)
    return Rounded(
        codes.astype(np.int8), (scale / made.step).astype(np.float32), total.astype(np.int32)
    )


def _grid(low: Vector, step: Vector) -> Grid:
    step = np.where(step > 1e-12, step, 1.0).astype(np.float32).astype(np.float64)
    return Grid(step, np.clip(np.rint(-low / step), 0, LEVELS).astype(np.int64))


def _weight_scale(weight: Vector) -> Vector:
    peak = np.abs(weight).max(axis=tuple(range(1, weight.ndim)))
    return np.where(peak > 0, peak / LARGEST_WEIGHT, 1.0)


def _noise(step: Vector, observed: Observed, layer: Layer) -> float:
    """Mean squares that rounding adds to the outputs, summed over them (errors independent)."""
    weight = layer.weight.astype(np.float64).reshape(*layer.weight.shape[:2], -1)
    values = float((step**2 / 12 * (weight**2).sum(axis=(0, 2))).sum())
    scale = _weight_scale(weight * step[None, :, None])
    taps = weight.shape[2]
    return values + float((scale**2 / 12).sum() * taps * (observed.power / step**2).sum())
