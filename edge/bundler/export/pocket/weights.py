"""Name every tensor of a checkpoint with its shape, and bring layers into the form of the
graphs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from edge.bundler.export.pocket.layout import HOP, LATENT, Attention, SeaNet, Sizes
from edge.bundler.export.pocket.safetensors import Array, Tensors

Shape = tuple[int, ...]
TIME_FREQUENCIES = 128
"""Frequencies of the head's time, each as cosine and sine."""
_LM, _MIMI = "flow_lm", "mimi"
_LM_LAYERS = f"{_LM}.transformer.layers"
_ENCODER_LAYERS = f"{_MIMI}.encoder_transformer.transformer.layers"


@dataclass(frozen=True)
class Layer:
    """One layer of a transformer; matrices are (in, out), the layer's own factors inside unless
    they are in `factors`, of its two results."""

    norm1: tuple[Array, Array]
    qkv: Array
    out: Array
    norm2: tuple[Array, Array]
    up: Array
    down: Array
    factors: tuple[Array, Array] | None = None


@dataclass(frozen=True)
class Convolution:
    """`weight` (out, in, taps), or (in, out, taps) of a transposed one."""

    weight: Array
    bias: Array | None


def expected(sizes: Sizes) -> dict[str, Shape]:
    """Name all tensors that a checkpoint of these sizes has."""
    return {
        **dict(_lm(sizes)),
        **dict(_transformer(_LM_LAYERS, sizes.lm)),
        **dict(_head(sizes)),
        **dict(_encoder(sizes)),
        **dict(_decoder(sizes)),
    }


def _lm(sizes: Sizes) -> Iterator[tuple[str, Shape]]:
    width = sizes.lm.width
    for name in ("bos_emb", "emb_mean", "emb_std"):
        yield f"{_LM}.{name}", (LATENT,)
    if sizes.bos:
        yield f"{_LM}.bos_before_voice", (1, 1, width)
    yield f"{_LM}.input_linear.weight", (width, LATENT)
    yield f"{_LM}.speaker_proj_weight", (width, sizes.inner)
    yield f"{_LM}.conditioner.embed.weight", (sizes.rows, sizes.rank or width)
    if sizes.rank is not None:
        yield f"{_LM}.conditioner.proj.weight", (width, sizes.rank)
    yield from _both(f"{_LM}.out_norm", (width,))
    if sizes.z:
        yield f"{_LM}.z_proj.weight", (sizes.hidden, width)
    yield from _linear(f"{_LM}.out_eos", sizes.hidden, 1)


def _head(sizes: Sizes) -> Iterator[tuple[str, Shape]]:
    net, width = f"{_LM}.flow_net", sizes.head_width
    yield from _linear(f"{net}.cond_embed", sizes.hidden, width)
    yield from _linear(f"{net}.input_proj", LATENT, width)
    for i in range(sizes.head_blocks):
        block = f"{net}.res_blocks.{i}"
        yield from _both(f"{block}.in_ln", (width,))
        yield from _linear(f"{block}.mlp.0", width, width)
        yield from _linear(f"{block}.mlp.2", width, width)
        yield from _linear(f"{block}.adaLN_modulation.1", width, 3 * width)
    yield from _linear(f"{net}.final_layer.linear", width, LATENT)
    yield from _linear(f"{net}.final_layer.adaLN_modulation.1", width, 2 * width)
    for i in range(2 if sizes.head == "lsd" else 0):
        time = f"{net}.time_embed.{i}"
        yield f"{time}.freqs", (TIME_FREQUENCIES,)
        yield from _linear(f"{time}.mlp.0", 2 * TIME_FREQUENCIES, width)
        yield from _linear(f"{time}.mlp.2", width, width)
        yield f"{time}.mlp.3.alpha", (width,)


def _transformer(layers: str, a: Attention) -> Iterator[tuple[str, Shape]]:
    for i in range(a.layers):
        layer = f"{layers}.{i}"
        for norm in ("norm1", "norm2"):
            yield from _both(f"{layer}.{norm}", (a.width,))
        yield f"{layer}.self_attn.in_proj.weight", (a.queries + 2 * a.keys, a.width)
        yield f"{layer}.self_attn.out_proj.weight", (a.width, a.queries)
        yield f"{layer}.linear1.weight", (a.ffn, a.width)
        yield f"{layer}.linear2.weight", (a.width, a.ffn)
        for place in (1, 2) if a.scaled else ():
            yield f"{layer}.layer_scale_{place}.scale", (a.width,)


def _encoder(sizes: Sizes) -> Iterator[tuple[str, Shape]]:
    net, place, width = sizes.encoder, 0, sizes.encoder.n_filters
    model = f"{_MIMI}.encoder.model"
    yield from _both(f"{model}.{place}.conv", (width, 1, net.kernel_size))
    for ratio in reversed(net.ratios):
        yield from _residual(f"{model}.{place + 1}", net, width)
        yield from _both(f"{model}.{place + 3}.conv", (2 * width, width, 2 * ratio))
        place, width = place + 3, 2 * width
    last = (net.dimension, width, net.last_kernel_size)
    yield from _both(f"{model}.{place + 2}.conv", last)
    yield from _transformer(_ENCODER_LAYERS, sizes.encoder_attention)
    shape = (sizes.inner, net.dimension, 2 * HOP)
    yield f"{_MIMI}.downsample.conv.conv.weight", shape


def _decoder(sizes: Sizes) -> Iterator[tuple[str, Shape]]:
    net = sizes.decoder
    width = net.n_filters << len(net.ratios)
    model, place = f"{_MIMI}.decoder.model", 0
    yield f"{_MIMI}.quantizer.output_proj.weight", (sizes.outer, LATENT, 1)
    yield f"{_MIMI}.upsample.convtr.convtr.weight", (sizes.outer, 1, 2 * HOP)
    yield from _transformer(
        f"{_MIMI}.decoder_transformer.transformer.layers", sizes.decoder_attention
    )
    yield from _both(f"{model}.{place}.conv", (width, net.dimension, net.kernel_size))
    for ratio in net.ratios:
        shape = (width, width // 2, 2 * ratio)
        yield f"{model}.{place + 2}.convtr.weight", shape
        yield f"{model}.{place + 2}.convtr.bias", (width // 2,)
        place, width = place + 3, width // 2
        yield from _residual(f"{model}.{place}", net, width)
    yield from _both(f"{model}.{place + 2}.conv", (1, width, net.last_kernel_size))


def _residual(block: str, net: SeaNet, width: int) -> Iterator[tuple[str, Shape]]:
    narrow = width // net.compress
    yield from _both(f"{block}.block.1.conv", (narrow, width, net.residual_kernel_size))
    yield from _both(f"{block}.block.3.conv", (width, narrow, 1))


def _linear(name: str, given: int, made: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (made, given)
    yield f"{name}.bias", (made,)


def _both(name: str, shape: Shape) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


class Weights:
    """A checkpoint's tensors, checked. Raises ExportFailed."""

    def __init__(self, tensors: Tensors, sizes: Sizes) -> None:
        tensors.check(expected(sizes))
        self._tensors, self.sizes = tensors, sizes

    def lm(self, name: str) -> Array:
        return self._tensors[f"{_LM}.{name}"]

    def linear(self, name: str) -> tuple[Array, Array]:
        """Return the matrix (in, out) and the bias of a linear layer of the language model."""
        return np.ascontiguousarray(self.lm(f"{name}.weight").T), self.lm(f"{name}.bias")

    def norm(self, name: str) -> tuple[Array, Array]:
        return self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]

    def out_norm(self) -> tuple[Array, Array]:
        return self.norm(f"{_LM}.out_norm")

    def lm_layer(self, i: int) -> Layer:
        return self._layer(f"{_LM_LAYERS}.{i}", scaled=False)

    def decoder_layer(self, i: int) -> Layer:
        return self._layer(f"{_MIMI}.decoder_transformer.transformer.layers.{i}", scaled=True)

    def encoder_layer(self, i: int) -> Layer:
        """Its factors stay apart: matrices as the checkpoint has them need half of the room."""
        name = f"{_ENCODER_LAYERS}.{i}"
        factors = [self._tensors[f"{name}.layer_scale_{place}.scale"] for place in (1, 2)]
        return replace(self._layer(name, scaled=False), factors=(factors[0], factors[1]))

    def clip_sha256(self) -> str:
        """Name what makes a print of a clip, and rows of a print: the same for every graph that is
        made of this checkpoint."""
        digest = hashlib.sha256()
        makes = (f"{_MIMI}.encoder", f"{_MIMI}.downsample", f"{_LM}.speaker_proj_weight")
        for name in sorted(expected(self.sizes)):
            if name.startswith(makes):
                digest.update(name.encode() + self._tensors[name].tobytes())
        return digest.hexdigest()

    def conv(self, place: str) -> Convolution:
        """Return a convolution with bias, such as `decoder.model.0.conv`."""
        return Convolution(*self.norm(f"{_MIMI}.{place}"))

    def mimi(self, name: str) -> Array:
        return self._tensors[f"{_MIMI}.{name}"]

    def _layer(self, name: str, scaled: bool) -> Layer:
        def matrix(place: str, factor: str = "") -> Array:
            weight = self._tensors[f"{name}.{place}.weight"]
            if factor and scaled:
                weight = weight * self._tensors[f"{name}.{factor}.scale"][:, None]
            return np.ascontiguousarray(weight.T)

        return Layer(
            self.norm(f"{name}.norm1"),
            matrix("self_attn.in_proj"),
            matrix("self_attn.out_proj", "layer_scale_1"),
            self.norm(f"{name}.norm2"),
            matrix("linear1"),
            matrix("linear2", "layer_scale_2"),
        )


def time_row(weights: Weights) -> Array:
    """Mean of the two embeddings of time, 0 and 1, that an lsd head of one step adds to what it
    sees: a constant (head width,), worked out in float64."""
    rows = []
    for i, moment in enumerate((0.0, 1.0)):
        time = f"flow_net.time_embed.{i}"
        angles = moment * weights.lm(f"{time}.freqs").astype(np.float64)
        x = np.concatenate([np.cos(angles), np.sin(angles)])
        for j in (0, 2):
            matrix, bias = weights.linear(f"{time}.mlp.{j}")
            x = x @ matrix.astype(np.float64) + bias
            if j == 0:
                x = x / (1 + np.exp(-x))
        # Not a mean square: the variance, and that of a sample.
        rows.append(x * weights.lm(f"{time}.mlp.3.alpha") / np.sqrt(1e-5 + x.var(ddof=1)))
    return np.asarray((rows[0] + rows[1]) / 2, np.float32)
