"""The encoder of a hibari voice with our own operators (edge/kernels/README.md), in int8.

Two towers over the tokens, one for content and one for prosody: convolutions, then one attention
layer several times, with the same weights each time. The same function as the original's, which
computes its own shapes with 400 nodes. What makes durations of the last norm stays float.
"""

from __future__ import annotations

import numpy as np
import onnx

from edge.bundler.export.fused import TOKENS, tokens_convolved
from edge.bundler.export.graph import GraphWriter
from edge.bundler.export.hibari.graphs import decoder_channels, gelu
from edge.bundler.export.hibari.weights import OPSET, Layers, checked
from edge.bundler.export.original import OriginalGraph, refuse
from edge.bundler.export.piper.layers import bias_of
from edge.bundler.export.piper.weights import Convolution
from edge.kernels import DOMAIN


def write_fused_encoder(graph: OriginalGraph, bits: int) -> onnx.ModelProto:
    """Inputs and outputs as of `write_encoder`; `bits` of the weights."""
    return _Writer(graph, bits).write()


class _Writer:
    def __init__(self, graph: OriginalGraph, bits: int) -> None:
        self.original, self.weights, self.bits = graph, Layers(graph), bits
        self.graph = GraphWriter("hibari_encoder_fused", OPSET)
        self.graph.domains[DOMAIN] = 1

    def write(self) -> onnx.ModelProto:
        graph = self.graph
        ids = graph.input("ids", "int64", (1, "L"))
        speed = graph.input("speed", "float32", (1,))
        made = {"content": self._tower(ids, "m.text"), "prosody": self._tower(ids, "pn.text")}
        durations = self._durations(made["prosody"], speed)
        graph.output(durations, "durations", "int64", (1, "L"))
        channels = decoder_channels(self.original)
        for name, value in made.items():
            graph.output(value, name, "float32", (1, channels[name], "L"))
        return checked(graph, self.original)

    def _tower(self, ids: str, name: str) -> str:
        """ids (1, L) to (1, C, L)."""
        graph = self.graph
        table = graph.constant(self.weights.tensor(f"{name}.emb.weight"), f"{name}.emb")
        x = graph.node("Gather", (table, ids), f"{name}.embedded", axis=0)
        x = graph.node("Transpose", (x,), f"{name}.turned", perm=[0, 2, 1])
        for i in range(self.weights.count(f"{name}.convs.{{}}.dw.weight")):
            x = self._block(x, f"{name}.convs.{i}")
        bias = f"{name}.attn.self_attn.in_proj_bias"
        heads = self._heads(bias)
        for i in range(len(self.original.uses[bias])):
            x = self._attention(x, f"{name}.attn", heads, f"{name}.attn.{i}")
            y = self._norm(x, f"{name}.attn.norm2")
            y = self._linear(y, self.weights.linear(f"{name}.attn.linear1"), gelu=1)
            x = self._linear(y, self.weights.linear(f"{name}.attn.linear2"), residual=x)
        return self._norm(x, f"{name}.norm")

    def _block(self, x: str, name: str) -> str:
        y = self._norm(x, f"{name}.norm", self.weights.convolution(f"{name}.dw"))
        y = self._linear(y, self.weights.linear(f"{name}.pw1"), gelu=1)
        gamma = self.weights.tensor(f"{name}.gamma")
        return self._linear(y, self.weights.linear(f"{name}.pw2", gamma), residual=x)

    def _attention(self, x: str, layer: str, heads: int, name: str) -> str:
        graph = self.graph
        joined = self._scaled(f"{layer}.self_attn.in_proj_bias", heads)
        depth = joined.weight.shape[1] // heads
        qkv = self._linear(self._norm(x, f"{layer}.norm1"), joined)
        shape = graph.ints(3, heads, depth, -1)
        qkv = graph.node("Reshape", (qkv, shape), f"{name}.qkv")
        parts = [f"{name}.{part}" for part in ("q", "k", "v")]
        query, key, value = graph.split_node("Split", (qkv, graph.ints(1, 1, 1)), parts, axis=0)
        query = graph.node("Transpose", (query,), f"{name}.q_turned", perm=[0, 1, 3, 2])
        logits = graph.node("MatMul", (query, key), f"{name}.logits")
        shares = graph.node("Softmax", (logits,), f"{name}.shares", axis=-1)
        shares = graph.node("Transpose", (shares,), f"{name}.shares_turned", perm=[0, 1, 3, 2])
        out = graph.node("MatMul", (value, shares), f"{name}.weighted")
        out = graph.node("Reshape", (out, graph.ints(1, heads * depth, -1)), f"{name}.out")
        return self._linear(out, self.weights.linear(f"{layer}.self_attn.out_proj"), residual=x)

    def _scaled(self, bias: str, heads: int) -> Convolution:
        """The projection to queries, keys and values, the queries by 1 / sqrt(depth)."""
        weight, offset = self.weights.product(bias)
        channels = weight.shape[0]
        scale = np.ones(3 * channels, np.float32)
        scale[:channels] /= np.sqrt(channels / heads, dtype=np.float32)
        weight = np.ascontiguousarray((weight * scale).T[:, :, None])
        return Convolution(bias.removesuffix("_bias"), weight, offset * scale)

    def _heads(self, bias: str) -> int:
        """Heads of the attention: the third number of the shape that its queries get."""
        add = self.original.uses[bias][0]
        for cut in self.original.uses.get(add.output[0], []):
            for use in self.original.uses.get(cut.output[0], []):
                shape = self.original.source(use.input[1]) if use.op_type == "Reshape" else None
                if shape is not None and shape.op_type == "Concat" and len(shape.input) == 4:
                    heads = self.original.constant(shape.input[2])
                    if heads is not None and heads.size == 1:
                        return int(heads.reshape(()))
        raise refuse(f"{self.original.where}: {bias} is of no attention that is known")

    def _durations(self, prosody: str, speed: str) -> str:
        """(1, C, L) to frames of each token (1, L) int64."""
        graph = self.graph
        y = self._float(prosody, self.weights.convolution("pn.dur.0"))
        y = self._float(gelu(graph, y, "pn.dur.1"), self.weights.convolution("pn.dur.2"))
        one = graph.constant(np.float32(1), "one")
        y = graph.node("Sub", (graph.node("Exp", (y,), "dur.exp"), one), "dur.frames")
        y = graph.node("Round", (graph.node("Div", (y, speed), "dur.paced"),), "dur.rounded")
        y = graph.node("Cast", (graph.node("Clip", (y, one), "dur.least"),), "dur.whole", to=7)
        return graph.node("Reshape", (y, graph.ints(1, -1)), "durations_row")

    def _norm(self, x: str, name: str, depthwise: Convolution | None = None) -> str:
        graph = self.graph
        parts = [f"{name}.{part}" for part in ("weight", "bias")]
        inputs = [x, *(graph.constant(self.weights.tensor(part), part) for part in parts)]
        dilation = 1
        if depthwise is not None:
            dilation = depthwise.dilation
            inputs += [
                graph.constant(depthwise.weight[:, 0], f"{depthwise.name}.weight"),
                graph.constant(bias_of(depthwise), f"{depthwise.name}.bias"),
            ]
        return graph.node(
            "ChannelNorm", inputs, name, domain=DOMAIN, epsilon=1e-5, dilation=dilation
        )

    def _linear(self, x: str, layer: Convolution, residual: str = "", gelu: int = 0) -> str:
        return tokens_convolved(
            self.graph, x, layer, self.bits, residual, tile=TOKENS, granule=TOKENS, gelu=gelu
        )

    def _float(self, x: str, layer: Convolution) -> str:
        weight = self.graph.constant(layer.weight, f"{layer.name}.weight")
        bias = self.graph.constant(bias_of(layer), f"{layer.name}.bias")
        pads = [layer.padding, layer.padding]
        kernel = [layer.kernel]
        return self.graph.node(
            "Conv", (x, weight, bias), layer.name, kernel_shape=kernel, pads=pads
        )
