"""The language model with its head: rows in, the next latent and the end of speech out.

One graph serves the voice's rows, the first frame (the text's rows and that of the beginning in
one run) and every later step. Noise is an input, so all else is deterministic."""

from __future__ import annotations

import numpy as np
import onnx

from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.pocket.layers import (
    NORM_EPSILON,
    OPSET,
    TransformerWriter,
    norm_node,
)
from edge.bundler.export.pocket.layout import LATENT, Sizes
from edge.bundler.export.pocket.safetensors import Array
from edge.bundler.export.pocket.weights import Weights, time_row

HEAD_EPSILON = 1e-6
POSITIONS = 2048
"""Rows of a segment at the very most: voice, text, and frames up to the limit that a text has."""


def write_lm(weights: Weights, watched: tuple[tuple[int, int], ...]) -> onnx.ModelProto:
    """x (1, n, width), noise (1, 32), the cache -> latent (1, 32), eos (1, 1), and the queries of
    the `watched` heads (layer, head) of the last row, side by side, before rotation."""
    sizes = weights.sizes
    graph = GraphWriter("pocket_lm", OPSET)
    x = graph.input("x", "float32", (1, "n", sizes.lm.width))
    noise = graph.input("noise", "float32", (1, LATENT))
    layers = TransformerWriter(graph, sizes.lm, POSITIONS)
    for i in range(sizes.lm.layers):
        x = layers.write(x, i, weights.lm_layer(i))
    last = graph.constant(np.int64(-1), "last")
    row = graph.node("Gather", (x, last), "last_row_of_x", axis=1)
    row = norm_node(graph, row, weights.out_norm(), "out_norm", NORM_EPSILON)
    if sizes.z:
        matrix = np.ascontiguousarray(weights.lm("z_proj.weight").T)
        row = graph.node("MatMul", (row, graph.constant(matrix, "z_proj.w")), "z_proj")
    eos = _linear(graph, row, weights.linear("out_eos"), "out_eos")
    graph.output(_Head(graph, weights).write(row, noise), "latent", "float32", (1, LATENT))
    graph.output(eos, "eos", "float32", (1, 1))
    if watched:
        _watch(graph, layers, sizes, watched, last)
    return graph.model()


class _Head:
    """The small network from noise to a latent, steered by the language model's row."""

    def __init__(self, graph: GraphWriter, weights: Weights) -> None:
        self._graph, self._weights = graph, weights

    def write(self, row: str, noise: str) -> str:
        graph, weights, sizes = self._graph, self._weights, self._weights.sizes
        matrix, bias = weights.linear("flow_net.cond_embed")
        if sizes.head == "lsd":
            bias = bias + time_row(weights)
        y = self._silu(_linear(graph, row, (matrix, bias), "cond_embed"), "cond")
        parts = self._modulations(y)
        x = _linear(graph, noise, weights.linear("flow_net.input_proj"), "input_proj")
        for i in range(sizes.head_blocks):
            name, given = f"head.{i}", f"flow_net.res_blocks.{i}"
            shift, scale, gate = parts[3 * i : 3 * i + 3]
            norm = weights.lm(f"{given}.in_ln.weight"), weights.lm(f"{given}.in_ln.bias")
            h = self._modulated(x, norm, shift, scale, name)
            h = _linear(graph, h, weights.linear(f"{given}.mlp.0"), f"{name}.mlp0")
            h = self._silu(h, f"{name}.silu")
            h = _linear(graph, h, weights.linear(f"{given}.mlp.2"), f"{name}.mlp2")
            h = graph.node("Mul", (gate, h), f"{name}.gated")
            x = graph.node("Add", (x, h), f"{name}.sum")
        plain = np.ones(sizes.head_width, np.float32), np.zeros(sizes.head_width, np.float32)
        x = self._modulated(x, plain, parts[-2], parts[-1], "head.final")
        x = _linear(graph, x, weights.linear("flow_net.final_layer.linear"), "head.latent")
        # A drifting head gives the latent itself, the others the way to it from the noise.
        return x if sizes.head == "drifting" else graph.node("Add", (noise, x), "head.sum")

    def _modulations(self, y: str) -> list[str]:
        """Shift, 1 + scale and gate of every block, then shift and 1 + scale of the last layer:
        all are linear in y, so one matrix makes them."""
        weights, sizes = self._weights, self._weights.sizes
        places = [f"res_blocks.{i}" for i in range(sizes.head_blocks)] + ["final_layer"]
        matrices, biases = [], []
        for place in places:
            matrix, bias = weights.linear(f"flow_net.{place}.adaLN_modulation.1")
            bias[sizes.head_width : 2 * sizes.head_width] += 1
            matrices.append(matrix)
            biases.append(bias)
        whole = np.concatenate(matrices, axis=1), np.concatenate(biases)
        made = _linear(self._graph, y, whole, "modulation")
        count = 3 * sizes.head_blocks + 2
        widths = self._graph.ints(*[sizes.head_width] * count)
        names = [f"modulation.{i}" for i in range(count)]
        return self._graph.split_node("Split", (made, widths), names, axis=1)

    def _modulated(
        self, x: str, norm: tuple[Array, Array], shift: str, scale: str, name: str
    ) -> str:
        graph = self._graph
        x = norm_node(graph, x, norm, f"{name}.norm", HEAD_EPSILON)
        x = graph.node("Mul", (x, scale), f"{name}.scaled")
        return graph.node("Add", (x, shift), f"{name}.shifted")

    def _silu(self, x: str, name: str) -> str:
        gate = self._graph.node("Sigmoid", (x,), f"{name}.sigmoid")
        return self._graph.node("Mul", (x, gate), name)


def _linear(graph: GraphWriter, x: str, layer: tuple[Array, Array], name: str) -> str:
    matrix, bias = (
        graph.constant(array, f"{name}.{part}") for array, part in zip(layer, "wb", strict=True)
    )
    return graph.node("Gemm", (x, matrix, bias), name)


def _watch(
    graph: GraphWriter,
    layers: TransformerWriter,
    sizes: Sizes,
    watched: tuple[tuple[int, int], ...],
    last: str,
) -> None:
    found = []
    for layer, head in watched:
        row = graph.node("Gather", (layers.queries[layer], last), f"watch.{layer}", axis=1)
        ends = graph.ints(head * sizes.lm.head), graph.ints((head + 1) * sizes.lm.head)
        found.append(graph.slice(row, *ends, 1, f"watch.{layer}.{head}"))
    both = graph.node("Concat", found, "watched_heads", axis=1)
    graph.output(both, "watched", "float32", (1, len(watched) * sizes.lm.head))
