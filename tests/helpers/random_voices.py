"""Small random Piper voices: VITS written as the original exporter writes it.

Channels first, masks from lengths, noise inside, decomposed layer norms, flips as slices, splines
on the positions that NonZero finds, equal tensors shared. Independent of the code under test,
but for the writer of nodes. Facts: piper_train/vits (models, modules, attentions, transforms).
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundler.export.graph import END
from tests.helpers.vits_layers import VitsLayers, VoiceShape

VOICES = {
    "medium": VoiceShape(),
    "high": VoiceShape(
        resblock=1,
        upsample=((4, 8), (2, 4), (2, 4)),
        initial=24,
        kernels=(3, 7),
        dilations=((1, 3, 5), (1, 3, 5)),
    ),
    "x-low": VoiceShape(hidden=4, inter=4, filter=8, rate=16_000, scoped=False),
    "speakers": VoiceShape(speakers=5, kernels=(3, 5, 7), dilations=((1, 2), (2, 6), (3, 12))),
    "high-speakers-unfolded": VoiceShape(
        resblock=1, speakers=3, dilations=((1, 3), (1, 3)), folded=False, inter=6
    ),
    "three-flows-torch-1": VoiceShape(flows=3, scoped=False, folded=False),
}

DESCRIPTION = """\
name: random
title: Random noise, no speech
family: piper
language: en_US
licence: {name: CC0-1.0, statement: Made by a test., attribution: None., seller_note: None.}
files:
  model: {path: voice.onnx}
  config: {path: voice.onnx.json}
"""


def write_voice(shape: VoiceShape, folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Write voice.onnx and voice.onnx.json; the same seed gives the same voice."""
    folder.mkdir(parents=True, exist_ok=True)
    model = _Emitter(shape, seed).model()
    (folder / "voice.onnx").write_bytes(model.SerializeToString())
    config = {
        "audio": {"sample_rate": shape.rate, "quality": "medium"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_id_map": {chr(97 + i): [i] for i in range(shape.symbols)},
        "num_symbols": shape.symbols,
        "num_speakers": shape.speakers,
    }
    (folder / "voice.onnx.json").write_text(json.dumps(config))
    return folder / "voice.onnx", folder / "voice.onnx.json"


def write_letters(shape: VoiceShape, folder: Path, seed: int = 0) -> str:
    """Write a voice that reads letters, and its description; returns the description's path."""
    _, path = write_voice(shape, folder, seed)
    config = json.loads(path.read_text())
    letters = "_^$ " + "".join(chr(97 + i) for i in range(26))
    config |= {
        "espeak": {"voice": "en-us"},
        "phoneme_type": "text",
        "inference": {"noise_scale": 0.667, "length_scale": 16, "noise_w": 0.8},
        "phoneme_id_map": {c: [i] for i, c in enumerate(letters) if i < shape.symbols},
    }
    path.write_text(json.dumps(config))
    (folder / "random.yaml").write_text(DESCRIPTION)
    return str(folder / "random.yaml")


class _Emitter(VitsLayers):
    def model(self) -> Any:
        graph, shape = self.graph, self.shape
        ids = graph.input("input", "int64", ("batch_size", "phonemes"))
        lengths = graph.input("input_lengths", "int64", ("batch_size",))
        scales = graph.input("scales", "float32", (3,))
        noise_scale, length_scale, noise_w = (
            self.op("Gather", scales, i, axis=0) for i in range(3)
        )
        x_mask = self.mask(lengths)
        x, stats = self.text_encoder(ids, x_mask)
        g = None
        if shape.speakers > 1:
            speaker = graph.input("sid", "int64", (1,))
            table = self.weight("emb_g.weight", shape.speakers, shape.gin, scale=1.0)
            g = self.op("Unsqueeze", self.op("Gather", table, speaker, axis=0), (-1,))
        means, log_scales = self.split(stats, shape.inter, shape.inter)
        log_w = self.durations(x, x_mask, g, noise_w)
        w = self.op("Mul", self.op("Mul", self.op("Exp", log_w), x_mask), length_scale)
        w = self.op("Ceil", w)
        total = self.op("Clip", self.op("ReduceSum", w, (1, 2), keepdims=0), 1.0)
        y_mask = self.mask(self.op("Cast", total, to=7))
        z = self.expand(w, y_mask, means, log_scales, noise_scale)
        z = self.flow(z, y_mask, g)
        audio = self.generator(self.op("Mul", z, y_mask), g)
        graph.output(
            self.op("Unsqueeze", audio, (1,)), "output", "float32", ("batch_size", 1, 1, "time")
        )
        return graph.model()

    def text_encoder(self, ids: str, mask: str) -> tuple[str, str]:
        shape, hidden = self.shape, self.shape.hidden
        table = self.weight("enc_p.emb.weight", shape.symbols, hidden, scale=hidden**-0.5)
        x = self.op("Mul", self.op("Gather", table, ids), math.sqrt(hidden))
        x = self.op("Mul", self.op("Transpose", x, perm=[0, 2, 1]), mask)
        for i in range(shape.layers):
            name = "enc_p.encoder"
            x = self.op("Add", x, self.attention(f"{name}.attn_layers.{i}", x))
            x = self.norm(f"{name}.norm_layers_1.{i}", x, hidden)
            sizes = (shape.filter, hidden, 3)
            y = self.conv(f"{name}.ffn_layers.{i}.conv_1", self.op("Mul", x, mask), sizes)
            y = self.op("Mul", self.op("Relu", y), mask)
            y = self.conv(f"{name}.ffn_layers.{i}.conv_2", y, (hidden, shape.filter, 3))
            x = self.norm(f"{name}.norm_layers_2.{i}", self.op("Add", x, y), hidden)
        x = self.op("Mul", x, mask)
        stats = self.conv("enc_p.proj", x, (2 * shape.inter, hidden, 1))
        return x, self.op("Mul", stats, mask)

    def attention(self, name: str, x: str) -> str:
        hidden, heads = self.shape.hidden, self.shape.heads
        depth = hidden // heads
        parts = [self.conv(f"{name}.conv_{part}", x, (hidden, hidden, 1)) for part in "qkv"]
        q, k, v = (self.op("Reshape", part, (1, heads, depth, -1)) for part in parts)
        q, v = (self.op("Transpose", part, perm=[0, 1, 3, 2]) for part in (q, v))
        q = self.op("Div", q, math.sqrt(depth))
        t = self.op("Unsqueeze", self.op("Gather", self.op("Shape", k), 3, axis=0), (0,))
        less = self.op("Sub", t, (1,))
        double = self.op("Mul", t, (2,))
        keys = self.relative_table(f"{name}.emb_rel_k", depth, t)
        near = self.op("MatMul", q, self.op("Transpose", keys, perm=[0, 2, 1]))
        near = self.op("Pad", near, (0, 0, 0, 0, 0, 0, 0, 1))  # (heads, T, 2 T)
        near = self.op("Reshape", near, (1, heads, -1))
        near = self.op("Pad", near, self.op("Concat", (0, 0, 0, 0, 0), less, axis=0))
        rows = self.op("Add", t, (1,))
        columns = self.op("Sub", double, (1,))
        near = self.op("Reshape", near, self.op("Concat", (1, heads), rows, columns, axis=0))
        near = self.slice(self.slice(near, (0,), t, 2), less, (END,), 3)
        p = self.op("Softmax", self.op("Add", self.op("MatMul", q, k), near), axis=-1)
        out = self.op("MatMul", p, v)
        back = self.op("Pad", p, self.op("Concat", (0, 0, 0, 0, 0, 0, 0), less, axis=0))
        back = self.op("Reshape", back, (1, heads, -1))
        back = self.op("Pad", back, self.op("Concat", (0, 0), t, (0, 0, 0), axis=0))
        back = self.op("Reshape", back, self.op("Concat", (1, heads), t, double, axis=0))
        back = self.slice(back, (1,), (END,), 3)
        values = self.relative_table(f"{name}.emb_rel_v", depth, t)
        out = self.op("Add", out, self.op("MatMul", back, values))
        out = self.op("Reshape", self.op("Transpose", out, perm=[0, 1, 3, 2]), (1, hidden, -1))
        return self.conv(f"{name}.conv_o", out, (hidden, hidden, 1))

    def relative_table(self, name: str, depth: int, t: str, window: int = 4) -> str:
        """(1, 2 T - 1, depth) from the 9 learned vectors."""
        table = self.weight(name, 1, 2 * window + 1, depth, scale=0.5)
        side = self.op("Max", self.op("Sub", t, (window + 1,)), (0,))
        pads = self.op("Concat", (0,), side, (0, 0), side, (0,), axis=0)
        start = self.op("Max", self.op("Sub", (window + 1,), t), (0,))
        end = self.op("Add", start, self.op("Sub", self.op("Mul", t, (2,)), (1,)))
        return self.slice(self.op("Pad", table, pads), start, end, 1)

    def separable(self, name: str, x: str, mask: str, channels: int) -> str:
        for i in range(3):
            y = self.op("Mul", x, mask)
            settings = {"dilation": 3**i, "group": channels}
            y = self.conv(f"{name}.convs_sep.{i}", y, (channels, 1, 3), **settings)
            y = self.gelu(self.norm(f"{name}.norms_1.{i}", y, channels))
            y = self.conv(f"{name}.convs_1x1.{i}", y, (channels, channels, 1))
            y = self.gelu(self.norm(f"{name}.norms_2.{i}", y, channels))
            x = self.op("Add", x, y)
        return self.op("Mul", x, mask)

    def durations(self, x: str, mask: str, g: str | None, noise_w: str) -> str:
        width = self.shape.hidden
        x = self.conv("dp.pre", x, (width, width, 1))
        if g is not None:
            x = self.op("Add", x, self.conv("dp.cond", g, (width, self.shape.gin, 1)))
        x = self.separable("dp.convs", x, mask, width)
        x = self.op("Mul", self.conv("dp.proj", x, (width, width, 1)), mask)
        like = self.op("Concat", mask, mask, axis=1)
        z = self.op("Mul", self.op("RandomNormalLike", like, dtype=1), noise_w)
        for number in (7, 5, 3):
            z = self.flip(z)
            z0, z1 = self.split(z, 1, 1)
            name = f"dp.flows.{number}"
            h = self.op("Add", self.conv(f"{name}.pre", z0, (width, 1, 1)), x)
            h = self.separable(f"{name}.convs", h, mask, width)
            h = self.op("Mul", self.conv(f"{name}.proj", h, (29, width, 1)), mask)
            h = self.op("Transpose", self.op("Unsqueeze", h, (1,)), perm=[0, 1, 3, 2])
            z = self.op("Mul", self.op("Concat", z0, self.spline(h, z1), axis=1), mask)
        z = self.flip(z)
        mean = self.graph.constant(np.array([[-0.9], [0.2]], np.float32), "dp.flows.0.m")
        scale = np.exp(-np.array([[0.4], [0.1]], np.float32))
        z = self.op("Mul", self.op("Sub", z, mean), self.graph.constant(scale, "exp_logs"))
        return self.split(self.op("Mul", z, mask), 1, 1)[0]

    def flip(self, x: str) -> str:
        return self.op("Slice", x, (-1,), (-END,), (1,), (-1,))

    def expand(self, w: str, mask: str, means: str, log_scales: str, noise_scale: str) -> str:
        """Repeat by durations with the path matrix (frames, T), and add noise."""
        ends = self.op("CumSum", w, 2)
        frames = self.op("Squeeze", self.op("ReduceSum", mask, (2,), keepdims=0), (0, 1))
        steps = self.op("Unsqueeze", self.op("Range", 0.0, frames, 1.0), (1,))
        started = self.op("Cast", self.op("Less", steps, ends), to=1)
        before = self.op("Cast", self.op("Less", steps, self.op("Sub", ends, w)), to=1)
        path = self.op("Sub", started, before)
        expanded = []
        for x in (means, log_scales):
            x = self.op("MatMul", path, self.op("Transpose", x, perm=[0, 2, 1]))
            expanded.append(self.op("Transpose", x, perm=[0, 2, 1]))
        noise = self.op("RandomNormalLike", expanded[0], dtype=1)
        noise = self.op("Mul", self.op("Mul", noise, self.op("Exp", expanded[1])), noise_scale)
        return self.op("Add", expanded[0], noise)

    def flow(self, z: str, mask: str, g: str | None) -> str:
        shape, half, width = self.shape, self.shape.inter // 2, self.shape.hidden
        for number in range(2 * shape.flows - 2, -1, -2):
            name = f"flow.flows.{number}"
            x0, x1 = self.split(self.flip(z), half, half)
            h = self.op("Mul", self.conv(f"{name}.pre", x0, (width, half, 1)), mask)
            cond, total = None, ""
            if g is not None:
                sizes = (2 * width * 4, shape.gin, 1)
                cond = self.conv(f"{name}.enc.cond_layer", g, sizes, normed=True)
            for i in range(4):
                sizes = (2 * width, width, 5)
                gates = self.conv(f"{name}.enc.in_layers.{i}", h, sizes, normed=True)
                if cond is not None:
                    begin = 2 * width * i
                    part = self.slice(cond, (begin,), (begin + 2 * width,), 1)
                    gates = self.op("Add", gates, part)
                t = self.op("Tanh", self.slice(gates, (0,), (width,), 1))
                s = self.op("Sigmoid", self.slice(gates, (width,), (END,), 1))
                sizes = (width if i == 3 else 2 * width, width, 1)
                acts = self.op("Mul", t, s)
                y = self.conv(f"{name}.enc.res_skip_layers.{i}", acts, sizes, normed=True)
                if i < 3:
                    h = self.op("Add", h, self.slice(y, (0,), (width,), 1))
                    h = self.op("Mul", h, mask)
                    y = self.slice(y, (width,), (END,), 1)
                total = self.op("Add", total, y) if total else y
            total = self.op("Mul", total, mask)
            mean = self.op("Mul", self.conv(f"{name}.post", total, (half, width, 1)), mask)
            z = self.op("Concat", x0, self.op("Sub", x1, mean), axis=1)
        return z

    def generator(self, z: str, g: str | None) -> str:
        shape, channels = self.shape, self.shape.initial
        x = self.conv("dec.conv_pre", z, (channels, shape.inter, 7))
        if g is not None:
            x = self.op("Add", x, self.conv("dec.cond", g, (channels, shape.gin, 1)))
        number = 0
        for i, (rate, kernel) in enumerate(shape.upsample):
            x = self.op("LeakyRelu", x, alpha=0.1)
            scale = 1 / math.sqrt(channels * kernel / rate)
            weight = self.weight(
                f"dec.ups.{i}.weight", channels, channels // 2, kernel, scale=scale
            )
            channels //= 2
            x = self.op(
                "ConvTranspose",
                x,
                weight,
                self.weight(f"dec.ups.{i}.bias", channels, scale=0.1),
                kernel_shape=[kernel],
                strides=[rate],
                pads=[(kernel - rate) // 2] * 2,
            )
            total = ""
            for size, dilations in zip(shape.kernels, shape.dilations, strict=True):
                y = self.resblock(f"dec.resblocks.{number}", x, channels, size, dilations)
                total = self.op("Add", total, y) if total else y
                number += 1
            x = self.op("Div", total, float(len(shape.kernels)))
        x = self.op("LeakyRelu", x, alpha=0.01)
        sizes = (1, channels, 7)  # small, so that tanh does not hide errors
        x = self.conv("dec.conv_post", x, sizes, bias=0, scale_percent=5)
        return self.op("Tanh", x)

    def resblock(self, name: str, x: str, channels: int, size: int, dilations: Any) -> str:
        sizes = (channels, channels, size)
        for i, dilation in enumerate(dilations):
            y = self.op("LeakyRelu", x, alpha=0.1)
            part = "convs1" if self.shape.resblock == 1 else "convs"
            y = self.conv(f"{name}.{part}.{i}", y, sizes, dilation=dilation)
            if self.shape.resblock == 1:
                y = self.conv(f"{name}.convs2.{i}", self.op("LeakyRelu", y, alpha=0.1), sizes)
            x = self.op("Add", y, x)
        return x
