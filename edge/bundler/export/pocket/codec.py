"""The two halves of the codec: latents to sound for speaking, sound to latents for cloning.

Both are causal: no output waits for what comes after it, so any cut of the frames is the same.
"""

from __future__ import annotations

import numpy as np
import onnx

from edge.bundler.export.graph import END, GraphWriter
from edge.bundler.export.pocket.layers import OPSET, ConvolutionWriter, TransformerWriter
from edge.bundler.export.pocket.layout import HOP, LATENT, Attention
from edge.bundler.export.pocket.safetensors import Array
from edge.bundler.export.pocket.weights import Convolution, Weights

SPARE_FRAMES = {"codec": 4, "encoder": 12}
"""Frames that a cache takes before its last rows are moved to its beginning: attention multiplies
all rows that are in it, also those beyond the context."""


def capacity(sizes: Attention, stage: str) -> int:
    """Count the rows of a stage's cache."""
    return sizes.context - 1 + HOP * SPARE_FRAMES[stage]


def write_codec(weights: Weights) -> onnx.ModelProto:
    """latent (T, 32), up (1, outer), the cache and states -> audio (1, 1, frame x T)."""
    sizes, net = weights.sizes, weights.sizes.decoder
    graph = GraphWriter("pocket_codec", OPSET)
    latent = graph.input("latent", "float32", ("T", LATENT))
    # The latent's scale, its mean and the projection behind them are one matrix.
    project = weights.mimi("quantizer.output_proj.weight")[:, :, 0].T.astype(np.float64)
    matrix = weights.lm("emb_std").astype(np.float64)[:, None] * project
    bias = weights.lm("emb_mean").astype(np.float64) @ project
    taps = np.ascontiguousarray(weights.mimi("upsample.convtr.convtr.weight")[:, 0].T)
    x = project_and_upsample(
        graph, latent, matrix.astype(np.float32), bias.astype(np.float32), taps
    )
    a = sizes.decoder_attention
    layers = TransformerWriter(graph, a, capacity(a, "codec"))
    for i in range(a.layers):
        x = layers.write(x, i, weights.decoder_layer(i))
    x = graph.node("Transpose", (x,), "columns", perm=[0, 2, 1])
    convs = ConvolutionWriter(graph)
    place = 0
    x = convs.conv(x, weights.conv("decoder.model.0.conv"), "seanet.0")
    for ratio in net.ratios:
        x = convs.elu(x, f"seanet.{place + 1}.elu")
        up = weights.conv(f"decoder.model.{place + 2}.convtr")
        x = convs.transposed(x, up, f"seanet.{place + 2}", ratio)
        place += 3
        x = convs.residual(x, *_block(weights, f"decoder.model.{place}"), f"seanet.{place}")
    x = convs.elu(x, f"seanet.{place + 1}.elu")
    x = convs.conv(x, weights.conv(f"decoder.model.{place + 2}.conv"), f"seanet.{place + 2}")
    graph.output(x, "audio", "float32", (1, 1, "samples"))
    return graph.model()


def project_and_upsample(
    graph: GraphWriter, latent: str, matrix: Array, bias: Array, taps: Array
) -> str:
    """Make 16 rows of each latent and the one before it, channel by channel: (1, 16 T, outer).
    `taps` (32, outer): the first half is for the latent itself."""
    outer = len(bias)
    held = graph.constant(matrix, "latent.w"), graph.constant(bias, "latent.b")
    x = graph.node("Gemm", (latent, *held), "projected")
    up = graph.input("up", "float32", (1, outer))
    joined = graph.node("Concat", (up, x), "up.joined", axis=0)
    kept = graph.slice(joined, graph.ints(-1), graph.ints(END), 0, "up.kept")
    before = graph.slice(joined, graph.ints(0), graph.ints(-1), 0, "up.before")
    graph.output(kept, "next_up", "float32", (1, outer))
    rows = []
    for value, part, name in ((x, taps[:HOP], "now"), (before, taps[HOP:], "then")):
        apart = graph.node("Unsqueeze", (value, graph.ints(1)), f"up.{name}")
        rows.append(
            graph.node("Mul", (apart, graph.constant(part, f"up.{name}.w")), f"up.{name}.rows")
        )
    both = graph.node("Add", rows, "up.sum")
    return graph.node("Reshape", (both, graph.ints(1, -1, outer)), "up.rows")


def write_encoder(weights: Weights) -> onnx.ModelProto:
    """audio (1, 1, frame x F), first (1,), the cache and states -> latents (F, 32)."""
    sizes, net = weights.sizes, weights.sizes.encoder
    graph = GraphWriter("pocket_encoder", OPSET)
    x = graph.input("audio", "float32", (1, 1, "samples"))
    first = graph.input("first", "bool", (1,))
    convs = ConvolutionWriter(graph)
    place = 0
    x = convs.conv(x, weights.conv("encoder.model.0.conv"), "seanet.0")
    for ratio in reversed(net.ratios):
        block = _block(weights, f"encoder.model.{place + 1}")
        x = convs.residual(x, *block, f"seanet.{place + 1}")
        x = convs.elu(x, f"seanet.{place + 2}.elu")
        place += 3
        down = weights.conv(f"encoder.model.{place}.conv")
        x = convs.conv(x, down, f"seanet.{place}", stride=ratio)
    x = convs.elu(x, f"seanet.{place + 1}.elu")
    x = convs.conv(x, weights.conv(f"encoder.model.{place + 2}.conv"), f"seanet.{place + 2}")
    x = graph.node("Transpose", (x,), "rows_of_x", perm=[0, 2, 1])
    a = sizes.encoder_attention
    layers = TransformerWriter(graph, a, capacity(a, "encoder"))
    for i in range(a.layers):
        x = layers.write(x, i, weights.encoder_layer(i))
    x = graph.node("Transpose", (x,), "columns", perm=[0, 2, 1])
    x = _downsampled(graph, convs, x, first, weights)
    x = graph.node("Transpose", (x,), "down.rows", perm=[0, 2, 1])
    x = graph.node("Squeeze", (x, graph.ints(0)), "down.latents")
    graph.output(x, "latents", "float32", ("F", sizes.inner))
    return graph.model()


def _downsampled(
    graph: GraphWriter, convs: ConvolutionWriter, x: str, first: str, weights: Weights
) -> str:
    """Make one column of 32; before the first of all stands that column again, not zeros."""
    weight = weights.mimi("downsample.conv.conv.weight")
    shape = (1, weight.shape[1], HOP)
    state = graph.input(convs.next_state, "float32", shape)
    column = graph.slice(x, graph.ints(0), graph.ints(1), 2, "down.first")
    before = graph.node("Where", (first, column, state), "down.before")
    joined = graph.node("Concat", (before, x), "down.joined", axis=2)
    convs.keep(joined, shape, "down")
    return graph.node(
        "Conv",
        (joined, graph.constant(weight, "down.w")),
        "down",
        kernel_shape=[2 * HOP],
        strides=[HOP],
    )


def _block(weights: Weights, place: str) -> tuple[Convolution, Convolution]:
    return weights.conv(f"{place}.block.1.conv"), weights.conv(f"{place}.block.3.conv")
