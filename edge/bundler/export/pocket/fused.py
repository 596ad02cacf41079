"""The codec's decoder with our own int8 operators, written anew from its float graph.

The rows of the transformer are columns here, because the operators' convolutions of one tap are
its projections; only attention sees rows. Sixteen rows are a frame and a tile of the operators, so
every cut into frames gives the same bits. Norms, attention, and the last layer stay float.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edge.bundler.export.fused import FusedLayers
from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.on_load import OnLoad
from edge.bundler.export.original import refuse
from edge.bundler.export.piper.weights import Array, Convolution
from edge.bundler.export.pocket.codec import project_and_upsample
from edge.bundler.export.pocket.layers import NORM_EPSILON, OPSET, TransformerWriter
from edge.bundler.export.pocket.layout import LATENT, Attention
from edge.bundler.export.streaming import Signal
from edge.kernels import DOMAIN

ELU = OnLoad(elu=True)


class FloatCodec:
    """The codec's float graph, its weights by the names of its nodes."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._nodes = {node.name: node for node in model.graph.node}
        self._arrays = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}

    def array(self, node: str, place: int) -> Array:
        """Return a node's constant input. Raises ExportFailed if there is no such node."""
        if node not in self._nodes:
            raise refuse(f"the codec's graph has no {node}", "Build the voice again.")
        found: Array = self._arrays[self._nodes[node].input[place]]
        return found

    def attribute(self, node: str, name: str) -> Any:
        [found] = [a for a in self._nodes[node].attribute if a.name == name]
        return helper.get_attribute_value(found)

    def conv(self, name: str) -> Convolution:
        """A causal convolution."""
        return Convolution(name, self.array(name, 1), self.array(name, 2))

    def up(self, name: str) -> Convolution:
        """A transposed one."""
        [stride] = self.attribute(name, "strides")
        return Convolution(name, self.array(name, 1), self.array(name, 2), stride=stride)

    def matrix(self, name: str) -> Convolution:
        """A projection, as a convolution of one tap."""
        return Convolution(name, np.ascontiguousarray(self.array(name, 1).T)[:, :, None], None)

    @property
    def attention(self) -> Attention:
        node = "layers.0.self_attn"
        heads = self.attribute(node, "num_heads")
        width, ffn = self.array("layers.0.linear1", 1).shape
        return Attention(
            width=width,
            layers=sum(name.endswith(".self_attn") for name in self._nodes),
            heads=heads,
            kv_heads=self.attribute(node, "kv_num_heads"),
            head=self.array("layers.0.self_attn.out_proj", 1).shape[0] // heads,
            ffn=ffn,
            context=self.attribute(node, "local_window_size"),
            scaled=True,
        )

    @property
    def places(self) -> list[str]:
        """Names of the SEANet's transposed convolutions, in order."""
        ups = [name for name, node in self._nodes.items() if node.op_type == "ConvTranspose"]
        return sorted(ups, key=lambda name: int(name.rpartition(".")[2]))

    @property
    def positions(self) -> int:
        """Rows that the rotation has angles for."""
        return len(self.array("layers.0.self_attn", 7))


def write_fused_codec(
    model: onnx.ModelProto, bits: int, gains: Mapping[str, Array]
) -> onnx.ModelProto:
    """Inputs and outputs as the float graph's, and `first` and `last`. Raises ExportFailed."""
    codec = FloatCodec(model)
    graph = GraphWriter("pocket_codec_fused", OPSET)
    latent = graph.input("latent", "float32", ("T", LATENT))
    parts = codec.array("projected", 1), codec.array("projected", 2)
    taps = np.concatenate([codec.array(f"up.{when}.rows", 1) for when in ("now", "then")])
    rows = project_and_upsample(graph, latent, *parts, taps)
    layers = FusedLayers(graph, bits, gains)
    a = codec.attention
    x = Signal(graph.node("Transpose", (rows,), "columns", perm=[0, 2, 1]), a.width)
    transformer = TransformerWriter(graph, a, codec.positions)
    for i in range(a.layers):
        x = _layer(layers, transformer, codec, x, i)
    x = layers.causal(x, codec.conv("seanet.0"))
    for name in codec.places:
        x = layers.causal_transposed(x, codec.up(name), ELU)
        block = f"seanet.{int(name.rpartition('.')[2]) + 1}"
        y = layers.causal(x, codec.conv(f"{block}.conv1"), ELU)
        y = layers.causal(y, codec.conv(f"{block}.conv2"), ELU)
        x = layers.add(x, y, f"{block}.sum")
    last = int(codec.places[-1].rpartition(".")[2]) + 3
    x = layers.causal(x, codec.conv(f"seanet.{last}"), ELU)
    graph.output(x.value, "audio", "float32", (1, 1, "samples"))
    layers.finish()
    return graph.model()


def _layer(
    layers: FusedLayers, transformer: TransformerWriter, codec: FloatCodec, x: Signal, i: int
) -> Signal:
    name = f"layers.{i}"
    seen = _norm(layers, codec, x, f"{name}.norm1")
    qkv = layers.pointwise(seen, codec.matrix(f"{name}.self_attn.in_proj"))
    mixed = transformer.attend_with_ours(qkv.value, i)
    out = codec.matrix(f"{name}.self_attn.out_proj")
    x = layers.add(x, layers.pointwise(Signal(mixed, out.weight.shape[1]), out), f"{name}.sum1")
    seen = _norm(layers, codec, x, f"{name}.norm2")
    wide = layers.pointwise_gelu(seen, codec.matrix(f"{name}.linear1"))
    return layers.add(x, layers.pointwise(wide, codec.matrix(f"{name}.linear2")), f"{name}.sum2")


def _norm(layers: FusedLayers, codec: FloatCodec, x: Signal, name: str) -> Signal:
    graph = layers.graph
    gamma, beta = (graph.constant(codec.array(name, place), f"{name}.{place}") for place in (1, 2))
    value = graph.node(
        "ChannelNorm", (x.value, gamma, beta), name, domain=DOMAIN, epsilon=NORM_EPSILON
    )
    return Signal(value, x.channels)
