"""Monotone rational quadratic spline with linear tails (Durkan et al. 2019), inverted.

Constants and shapes are those of VITS (transforms.py, ConvFlow). All the knots come from one
MatMul on the softmax, and all that a bin needs is gathered by one node.
"""

from __future__ import annotations

import math

import numpy as np
from onnx import TensorProto

from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.piper.layers import bias_of
from edge.bundler.export.piper.weights import Array, SplineFlow

_TAIL_BOUND = 5.0
_MIN_BIN = 1e-3  # smallest width and height of a bin, of 1
_MIN_DERIVATIVE = 1e-3
_NO_SHARE = -1e30  # a logit whose share is zero


def spline_projection(flow: SplineFlow) -> tuple[Array, Array]:
    """Weight (channels, 3 * knots) and bias of the layer that makes widths, heights, slopes.

    Each is as long as there are knots: the widths and heights get one share of zero, the slopes
    their fixed values at both ends.
    """
    weight, bias = flow.proj.weight[:, :, 0].T, bias_of(flow.proj)
    channels, knots = weight.shape[0], _knots(flow)
    scale = np.float32(1 / math.sqrt(flow.pre.weight.shape[0]))
    edge = math.log(math.exp(1 - _MIN_DERIVATIVE) - 1)  # derivative 1 at the ends
    full = np.zeros((channels, 3, knots), np.float32)
    full_bias = np.zeros((3, knots), np.float32)
    at = 0
    for row, (first, last) in enumerate(((0, knots - 1), (0, knots - 1), (1, knots - 1))):
        factor = scale if row < 2 else np.float32(1)
        end = at + last - first
        full[:, row, first:last] = weight[:, at:end] * factor
        full_bias[row, first:last] = bias[at:end] * factor
        at = end
    full_bias[:2, -1] = _NO_SHARE
    full_bias[2, [0, -1]] = edge
    return full.reshape(channels, -1), full_bias.reshape(-1)


def inverse_spline(
    graph: GraphWriter, flow: SplineFlow, parameters: str, x: str, name: str
) -> str:
    """parameters (T, 3 * knots) of spline_projection, x (T, 1) -> (T, 1)."""
    count = _knots(flow)

    def op(kind: str, *inputs: str, to: str) -> str:
        return graph.node(kind, inputs, f"{name}.{to}")

    raw = op("Reshape", parameters, graph.ints(-1, 3, count), to="parameters")
    shares, slopes = graph.split_node(
        "Split", (raw, graph.ints(2, 1)), (f"{name}.logits", f"{name}.slopes"), axis=1
    )
    shares = graph.node("Softmax", (shares,), f"{name}.shares", axis=-1)
    sums, floors = _knot_sums(count)
    knots = op("MatMul", shares, graph.constant(sums, "knot_sums"), to="sums")
    knots = op("Add", knots, graph.constant(floors, "knot_floors"), to="knots")

    bound = [graph.constant(np.float32(b)) for b in (-_TAIL_BOUND, _TAIL_BOUND)]
    inside = op("Clip", x, *bound, to="inside")
    apart = op("Reshape", inside, graph.ints(-1, 1, 1), to="inside_apart")
    never = np.full((2, count), np.float32(4 * _TAIL_BOUND))
    never[1, 1:-1] = 0  # only the inner knots of the heights tell the bin
    limits = op("Add", knots, graph.constant(never, "search_limits"), to="limits")
    passed = op("GreaterOrEqual", apart, limits, to="passed")
    passed = graph.node("Cast", (passed,), f"{name}.passed_int", to=TensorProto.INT32)
    bins = graph.node("ReduceSum", (passed, graph.ints(1, 2)), f"{name}.bin", keepdims=1)
    sides = np.broadcast_to(np.arange(2, dtype=np.int32), (3, 2))
    index = op("Add", bins, graph.constant(sides, "bin_sides"), to="bin_sides")
    table = graph.node("Concat", (knots, slopes), f"{name}.table", axis=1)
    ends = graph.node("GatherElements", (table, index), f"{name}.ends", axis=2)
    ends = op("Reshape", ends, graph.ints(-1, 6), to="ends_flat")
    ends = op("MatMul", ends, graph.constant(_ENDS, "bin_parts"), to="bin_parts")
    parts = [f"{name}.{part}" for part in ("left", "width", "half_width", "bottom", "height", "d")]
    sizes = graph.ints(1, 1, 1, 1, 1, 2)
    left, width, half, bottom, height, d = graph.split_node("Split", (ends, sizes), parts, axis=1)

    # With t the part of the height below x, s twice the mean slope, q = s * t and
    # g = d0 * (1 - t) - d1 * t, the root of the paper's quadratic is
    # q / (q + g + sqrt(g * g + q * (s - q))): nothing under the root can be negative.
    d = op("Softplus", d, to="softplus")
    d = op("Add", d, graph.constant(np.float32(_MIN_DERIVATIVE)), to="slopes_at_ends")
    t = op("Div", op("Sub", inside, bottom, to="rise"), height, to="t")
    s = op("Div", height, half, to="s")
    q = op("Mul", s, t, to="q")
    ones, first = (graph.constant(np.array(v, np.float32)) for v in ([[1, 1]], [1, 0]))
    factors = graph.node("Gemm", (t, ones, first), f"{name}.factors", alpha=-1.0)
    d = op("Mul", d, factors, to="weighted")
    g = graph.node("ReduceSum", (d, graph.ints(1)), f"{name}.g", keepdims=1)
    under = op("Mul", q, op("Sub", s, q, to="s_q"), to="q_s_q")
    under = op("Add", under, op("Mul", g, g, to="g2"), to="under")
    below = op("Add", op("Add", q, g, to="q_g"), op("Sqrt", under, to="root"), to="below")
    ratio = op("Div", q, below, to="ratio")
    y = op("Add", op("Mul", ratio, width, to="step"), left, to="y")
    return op("Where", op("Equal", inside, x, to="is_inside"), y, x, to="out")


def _knots(flow: SplineFlow) -> int:
    """One more than its bins: its projection makes bins, bins and bins - 1."""
    return int(flow.proj.weight.shape[0] + 1) // 3 + 1


def _knot_sums(knots: int) -> tuple[Array, Array]:
    """Knots from -bound to bound = shares (knots,) @ the first + the second.

    Both ends are exactly at the bound, whatever the sum of the shares is.
    """
    sums = np.triu(np.ones((knots, knots)), 1) * (1 - _MIN_BIN * (knots - 1)) * 2 * _TAIL_BOUND
    sums[:, -1] = 0
    floors = np.arange(knots) * _MIN_BIN * 2 * _TAIL_BOUND - _TAIL_BOUND
    floors[-1] = _TAIL_BOUND
    return sums.astype(np.float32), floors.astype(np.float32)


# From (left, right, bottom, top, d0, d1) to (left, width, width / 2, bottom, height, d0, d1).
_ENDS = np.array(
    [
        [1, -1, -0.5, 0, 0, 0, 0],
        [0, 1, 0.5, 0, 0, 0, 0],
        [0, 0, 0, 1, -1, 0, 0],
        [0, 0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
    ],
    np.float32,
)
