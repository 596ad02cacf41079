"""Write the language model as a graph of onnxruntime's own fused operators.

A token is 268 nodes here and 1,614 by torch's exporter, and on a GPU a node's launch costs more
than its arithmetic. The keys and values of what was seen lie in tensors with room for all that
will come, which the graph goes on filling in place. Norms and sums stay float32 in every recipe.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from torch import Tensor

from edge.bundler.export.cosyvoice3.dimensions import LlmDimensions
from edge.bundler.export.cosyvoice3.llm import Layer, Llm
from edge.bundler.export.graph import GraphWriter

OPSET = 18
MICROSOFT = "com.microsoft"
PLACES = 1536
"""Rows that the rotation is tabled for: as many as a LanguageModel has room for."""


def rotation(graph: GraphWriter, angles: npt.NDArray[np.float32]) -> list[str]:
    """Table the angles' cosines and sines: in float64, then rounded, for numpy's of float32 end
    in other bits on other CPUs."""
    exact = angles.astype(np.float64)
    return [graph.constant(f(exact).astype(np.float32), f.__name__) for f in (np.cos, np.sin)]


def write_llm(model: Llm, d: LlmDimensions) -> onnx.ModelProto:
    """Inputs: `x` float32 (1, n, hidden), rows to go on with; `last` int32 (1,), the place of the
    last of them among all that were seen; `room` int32 (), one more, or as many as the tensors
    have room for; `key.i` and `value.i` float32 (1, kv heads, room, head) of each layer. Outputs:
    `logits` float32 (1, rows) of the last row, and `next.key.i` and `next.value.i`, for which the
    inputs' own memory is meant."""
    graph = GraphWriter("llm", OPSET)
    graph.domains[MICROSOFT] = 1
    x = graph.input("x", "float32", (1, "n", d.hidden))
    last, room = graph.input("last", "int32", (1,)), graph.input("room", "int32", ())
    angles = np.arange(PLACES, dtype=np.float32)[:, None] * model.inverse.numpy()
    turns = rotation(graph, angles)
    state = (1, d.kv_heads, "room", d.head)
    cache = [(f"key.{i}", f"value.{i}") for i in range(d.layers)]
    for names in cache:
        for name in names:
            graph.input(name, "float32", state)
    added = ""  # what the block before gives, and is not in x yet
    after: list[str] = []
    layers = [layer for layer in model.layers if isinstance(layer, Layer)]
    for i, (layer, names) in enumerate(zip(layers, cache, strict=True)):
        place = f"layers.{i}"
        normed, x = _norm(graph, x, added, layer.input_layernorm.weight, d, f"{place}.norm")
        self = layer.self_attn
        several = (self.q_proj, self.k_proj, self.v_proj)
        weight = np.concatenate([_turned(part.weight) for part in several], axis=1)
        bias = np.concatenate([part.bias.numpy() for part in several])
        qkv = _matmul(graph, normed, weight, f"{place}.self_attn.qkv_proj")
        qkv = graph.node("Add", (qkv, graph.constant(bias)), f"{place}.self_attn.qkv_proj/Add")
        mixed, *made = graph.split_node(
            "GroupQueryAttention",
            (qkv, "", "", *names, last, room, *turns),
            (f"{place}.self_attn/attention", f"next.{names[0]}", f"next.{names[1]}"),
            domain=MICROSOFT,
            num_heads=d.heads,
            kv_num_heads=d.kv_heads,
            do_rotary=1,
        )
        after += made
        added = _matmul(graph, mixed, _turned(self.o_proj.weight), f"{place}.self_attn.o_proj")
        weight = layer.post_attention_layernorm.weight
        normed, x = _norm(graph, x, added, weight, d, f"{place}.mlp.norm")
        mlp = layer.mlp
        gate = _matmul(graph, normed, _turned(mlp.gate_proj.weight), f"{place}.mlp.gate_proj")
        up = _matmul(graph, normed, _turned(mlp.up_proj.weight), f"{place}.mlp.up_proj")
        gate = graph.node("QuickGelu", (gate,), f"{place}.mlp/silu", domain=MICROSOFT, alpha=1.0)
        wide = graph.node("Mul", (gate, up), f"{place}.mlp/gated")
        added = _matmul(graph, wide, _turned(mlp.down_proj.weight), f"{place}.mlp.down_proj")
    # Only the last row is asked for: the head, and the norm before it, need no more.
    ends = graph.ints(-1), graph.ints(np.iinfo(np.int64).max)
    x, added = (graph.slice(value, *ends, 1, "last_row") for value in (x, added))
    normed, _ = _norm(graph, x, added, model.norm.weight, d, "norm")
    logits = _matmul(graph, normed, _turned(model.llm_decoder.weight), "llm_decoder")
    logits = graph.node("Squeeze", (logits, graph.ints(1)), "last_logits")
    graph.output(logits, "logits", "float32", (1, d.speech_rows))
    for value in after:
        graph.output(value, value, "float32", state)
    return graph.model()


def _norm(
    graph: GraphWriter, x: str, added: str, weight: Tensor, d: LlmDimensions, name: str
) -> tuple[str, str]:
    """x + added normed, and the sum itself; `added` is empty before the first layer."""
    gain = graph.constant(weight.numpy(), f"{name}.weight")
    if not added:  # there is a fused norm of a sum alone
        added = graph.node("Mul", (x, graph.constant(np.float32(0))), "nothing")
    normed, _, _, total = graph.split_node(
        "SkipSimplifiedLayerNormalization",
        (x, added, gain),
        (name, "", "", f"{name}.sum"),
        domain=MICROSOFT,
        epsilon=d.norm_eps,
    )
    return normed, total


def _matmul(graph: GraphWriter, x: str, weight: np.ndarray, layer: str) -> str:
    return graph.node("MatMul", (x, graph.constant(weight, f"{layer}.weight")), f"{layer}/MatMul")


def _turned(weight: Tensor) -> np.ndarray:
    """The way round in which it is multiplied: inputs, outputs."""
    return np.ascontiguousarray(weight.numpy().T)
