"""Write the graph `encoder`: token ids and a voice's row to durations and what each token says."""

from __future__ import annotations

import math

import numpy as np
import onnx

from edge.bundler.export.kokoro.layers import SLOPE, Layers
from edge.bundler.export.kokoro.weights import Weights

_BERT = "bert.encoder.albert_layer_groups.0.albert_layers.0"
BERT_LAYERS, BERT_HEADS = 12, 12
"""The released model's numbers; its weights do not tell, as one layer is run over and over."""
_BERT_EPSILON, _EPSILON = 1e-12, 1e-5


def write_text(weights: Weights) -> onnx.ModelProto:
    """Inputs ids int64 (1, L), style (1, 256). Outputs durations (1, L) in frames, not yet whole
    numbers; prosody (1, 640, L) and content (1, 512, L)."""
    return _Writer("kokoro_text", weights).write()


class _Writer(Layers):
    def write(self) -> onnx.ModelProto:
        graph = self.graph
        ids = graph.input("ids", "int64", (1, "L"))
        manner = self.style(1)
        said = self.linear(self._bert(ids), "bert_encoder")
        prosody = self._prosody(said, manner, ids)
        y = self.linear(
            self.lstm(prosody, "predictor.lstm"), "predictor.duration_proj.linear_layer"
        )
        y = graph.node("Sigmoid", (y,), "durations.shares")
        y = graph.node("ReduceSum", (y, graph.ints(2)), "durations.sum", keepdims=0)
        graph.output(y, "durations", "float32", (1, "L"))
        width = self.tensor("predictor.lstm.W").shape[2]
        graph.output(self.turned(prosody, "prosody.turned"), "prosody", "float32", (1, width, "L"))
        content = self._content(ids)
        width = 2 * self.tensor("text_encoder.lstm.R").shape[2]
        graph.output(content, "content", "float32", (1, width, "L"))
        return graph.model()

    def _bert(self, ids: str) -> str:
        graph, table = self.graph, "bert.embeddings"
        x = graph.node("Gather", (self.constant(f"{table}.word_embeddings.weight"), ids), "words")
        count = graph.node("Shape", (ids,), "ids.count", start=1)
        places = self.tensor(f"{table}.position_embeddings.weight")
        places = places + self.tensor(f"{table}.token_type_embeddings.weight")[0]
        where = graph.slice(graph.constant(places, "places"), graph.ints(0), count, 0, "placed")
        x = graph.node("Add", (x, where), "embedded")
        x = self.layer_norm(x, f"{table}.LayerNorm", "weight", "bias", _BERT_EPSILON)
        x = self.linear(x, "bert.encoder.embedding_hidden_mapping_in")
        for _ in range(BERT_LAYERS):
            x = self._bert_layer(x)
        return x

    def _bert_layer(self, x: str) -> str:
        graph, name = self.graph, f"{_BERT}.attention"
        width = self.tensor(f"{name}.query.weight").shape[0]
        depth = width // BERT_HEADS
        parts = []
        for part, perm in (
            ("query", [0, 2, 1, 3]),
            ("key", [0, 2, 3, 1]),
            ("value", [0, 2, 1, 3]),
        ):
            y = self.linear(x, f"{name}.{part}")
            y = graph.node("Reshape", (y, graph.ints(1, -1, BERT_HEADS, depth)), f"{part}.heads")
            parts.append(graph.node("Transpose", (y,), f"{part}.turned", perm=perm))
        scores = graph.node("MatMul", parts[:2], "attention.scores")
        scores = graph.node("Mul", (scores, self.number(1 / math.sqrt(depth))), "attention.scaled")
        shares = graph.node("Softmax", (scores,), "attention.shares", axis=-1)
        y = graph.node("MatMul", (shares, parts[2]), "attention.mixed")
        y = graph.node("Transpose", (y,), "attention.joined", perm=[0, 2, 1, 3])
        y = graph.node("Reshape", (y, graph.ints(1, -1, width)), "attention.rows")
        x = graph.node("Add", (x, self.linear(y, f"{name}.dense")), "attention.out")
        x = self.layer_norm(x, f"{name}.LayerNorm", "weight", "bias", _BERT_EPSILON)
        y = self._gelu(self.linear(x, f"{_BERT}.ffn"))
        x = graph.node("Add", (x, self.linear(y, f"{_BERT}.ffn_output")), "ffn.out")
        name = f"{_BERT}.full_layer_layer_norm"
        return self.layer_norm(x, name, "weight", "bias", _BERT_EPSILON)

    def _gelu(self, x: str) -> str:
        """GELU by tanh, in the form that onnxruntime recognises and fuses."""
        graph = self.graph
        y = graph.node("Pow", (x, self.number(3)), "gelu.cube")
        y = graph.node("Mul", (y, self.number(0.044715)), "gelu.bend")
        y = graph.node("Add", (x, y), "gelu.inner")
        y = graph.node("Mul", (y, self.number(math.sqrt(2 / math.pi))), "gelu.scaled")
        y = graph.node("Tanh", (y,), "gelu.tanh")
        y = graph.node("Add", (y, self.number(1)), "gelu.above")
        half = graph.node("Mul", (x, self.number(0.5)), "gelu.half")
        return graph.node("Mul", (half, y), "gelu")

    def _prosody(self, x: str, manner: str, ids: str) -> str:
        """(1, L, 512) to (1, L, 640): LSTMs with a norm that the style steers between them."""
        graph = self.graph
        row = graph.node("Unsqueeze", (manner, graph.ints(1)), "manner.row")
        count = graph.node("Shape", (ids,), "manner.count", start=1)
        shape = graph.node("Concat", (graph.ints(1), count, graph.ints(1)), "manner.shape", axis=0)
        rows = graph.node("Expand", (row, shape), "manner.rows")
        x = graph.node("Concat", (x, rows), "prosody.in", axis=2)
        number = 0
        while self.has(f"predictor.text_encoder.lstms.{number}.W"):
            y = self.lstm(x, f"predictor.text_encoder.lstms.{number}")
            name = f"predictor.text_encoder.lstms.{number + 1}"
            scale, offset = self.factors(manner, name)
            width = self.tensor(f"{name}.fc.bias").size // 2
            one = graph.constant(np.ones(width, np.float32), "ones")
            y = graph.node("LayerNormalization", (y, one), name, axis=-1, epsilon=_EPSILON)
            y = graph.node("Mul", (y, scale), f"{name}.scaled")
            y = graph.node("Add", (y, offset), f"{name}.moved")
            x = graph.node("Concat", (y, rows), f"{name}.out", axis=2)
            number += 2
        return x

    def _content(self, ids: str) -> str:
        graph = self.graph
        table = self.constant("text_encoder.embedding.weight")
        x = self.turned(graph.node("Gather", (table, ids), "content.words"), "content.in")
        number = 0
        while self.has(f"text_encoder.cnn.{number}.0.weight"):
            name = f"text_encoder.cnn.{number}"
            x = self.turned(self.conv(x, f"{name}.0"), f"{name}.rows")
            x = self.layer_norm(x, f"{name}.1", "gamma", "beta", _EPSILON)
            x = self.turned(self.leaky(x, SLOPE, name), f"{name}.out")
            number += 1
        x = self.lstm(self.turned(x, "content.rows"), "text_encoder.lstm")
        return self.turned(x, "content.turned")
