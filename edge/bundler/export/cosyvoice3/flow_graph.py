"""Write a step of the flow as a graph of onnxruntime's own fused operators.

Of the released model's 331 million weights 140 see nothing but the time, of which there are as
many values as steps. What they make of each is a table here. A norm's scale and shift are rows of
it, and so is what an attention's or a feed-forward's closing bias adds, its gate included.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import nn

from edge.bundler.export.cosyvoice3.assets import step_times
from edge.bundler.export.cosyvoice3.dimensions import (
    POSITION_GROUPS,
    POSITION_KERNEL,
    FlowDimensions,
)
from edge.bundler.export.cosyvoice3.flow import Block, Estimator, FlowStep
from edge.bundler.export.cosyvoice3.llm_graph import MICROSOFT, OPSET, rotation
from edge.bundler.export.graph import END, GraphWriter

PLACES = 2000
"""Frames that the first head's rotation is tabled for: as many as there is noise for."""
HIDDEN = -1e4
"""Added to the score of a frame that is not seen: it leaves nothing, and fits into float16."""
TAIL = POSITION_KERNEL - 1

Array = npt.NDArray[np.float32]


def time_tables(estimator: Estimator, steps: int) -> list[Array]:
    """Compute what the time says to each block, and last to the norm at the end: a row a step.

    Of a block (steps, 8 x dim): 1 + scale and shift of the norm before its attention, the gate
    behind that and the gated bias; and the same of its feed-forward. Last (steps, 2 x dim)."""
    times = torch.from_numpy(step_times(steps)[:-1])
    tables = []
    # In float64, then rounded: torch's sums of float32 end in other bits on other CPUs.
    time = deepcopy(estimator.time_embed).double()(times)[:, 0]
    for block in estimator.transformer_blocks:
        assert isinstance(block, Block)
        shift, scale, gate, shift_ff, scale_ff, gate_ff = deepcopy(block.attn_norm).double()(time)
        out, closing = block.attn.to_out[0], block.ff.ff[2]
        attention = (1 + scale, shift, gate, gate * out.bias)
        after = (1 + scale_ff, shift_ff, gate_ff, gate_ff * closing.bias)
        tables.append(torch.cat((*attention, *after), dim=-1))
    scale, shift = deepcopy(estimator.norm_out).double()(
        time
    )  # the other order than in the blocks
    tables.append(torch.cat((1 + scale, shift), dim=-1))
    return [table.to(torch.float32).numpy() for table in tables]


def write_flow_step(step: FlowStep, d: FlowDimensions, steps: int) -> onnx.ModelProto:
    """Inputs as FlowStep's, but for the time: `step` int64 () counts from 0, `sizes` float32
    (2,) are factors of the velocity with the condition and of that without, and `place` int64 (1,)
    is the first frame's own. `past` may have room for more than it holds: attn_mask hides
    it. `tails` are always 30 frames, zeros at the start. Outputs: `next`, x after the step (1,
    mels, n); `kept` and `ends` as FlowStep's."""
    return _Writer(step, d, steps).written()


class _Writer:
    def __init__(self, step: FlowStep, d: FlowDimensions, steps: int) -> None:
        self.d, self.steps, self.step, self.estimator = d, steps, step, step.estimator
        self.graph = graph = GraphWriter("flow_step", OPSET)
        graph.domains[MICROSOFT] = 1
        mels, state = (1, d.mels, "T"), (2 * d.depth, 2, d.dim)
        self.x, self.mu, self.cond = (graph.input(n, "float32", mels) for n in ("x", "mu", "cond"))
        self.number, self.place = (
            graph.input("step", "int64", ()),
            graph.input("place", "int64", (1,)),
        )
        self.sizes = graph.input("sizes", "float32", (2,))
        self.spks = graph.input("spks", "float32", (1, d.mels))
        self.mask = graph.input("attn_mask", "bool", (1, 1, "T", "p+T"))
        self.past = graph.input("past", "float32", ("p", *state))
        self.tails = graph.input("tails", "float32", (2, 2, d.dim, TAIL))
        self.keep = graph.input("keep", "int64", ("k",))

    def written(self) -> onnx.ModelProto:
        graph, d = self.graph, self.d
        self.times = []
        for table in time_tables(self.estimator, self.steps):
            row = graph.node(
                "Gather", (graph.constant(table, "times"), self.number), "time", axis=0
            )
            names = ["time"] * (table.shape[1] // d.dim)
            self.times += graph.split_node("Split", (row,), names, axis=0, num_outputs=len(names))
        seen, hidden = graph.constant(np.float32(0)), graph.constant(np.float32(HIDDEN))
        self.bias = graph.node("Where", (self.mask, seen, hidden), "attention_bias")
        places = np.arange(PLACES, dtype=np.float32)[:, None]
        angles = places * self.estimator.rotary_embed.inv_freq.numpy()
        self.turns = rotation(graph, angles)
        x = self._input_embedding()
        added, bias = "", ""
        kept: list[str] = []
        for i, block in enumerate(self.estimator.transformer_blocks):
            assert isinstance(block, Block)
            x, added, bias = self._block(block, i, x, added, bias, kept)
        scale, shift = self.times[-2:]
        normed, _ = self._norm(x, added, bias, scale, shift, "norm_out")
        out = self._linear(normed, self.estimator.proj_out, "proj_out")
        self._step_on(out)
        state = graph.node("Concat", kept, "kept_state", axis=1)
        graph.output(state, "kept", "float32", ("k", 2 * d.depth, 2, d.dim))
        graph.output(self.ends, "ends", "float32", (2, 2, d.dim, TAIL))
        return graph.model()

    def _input_embedding(self) -> str:
        """(2, T, dim), with the condition and without."""
        graph, d, embed = self.graph, self.d, self.estimator.input_embed
        # The projection of what lies side by side is a sum of projections; without the condition
        # only that of x is left.
        weight, m = embed.proj.weight.numpy().T, d.mels
        given = graph.node("Concat", (self.cond, self.mu), "condition", axis=1)
        parts = []
        for value, rows, name in (
            (graph.node("Transpose", (self.x,), "x_rows", perm=[0, 2, 1]), weight[:m], "x"),
            (graph.node("Transpose", (given,), "c_rows", perm=[0, 2, 1]), weight[m : 3 * m], "c"),
            (self.spks, weight[3 * m :], "spks"),
        ):
            held = graph.constant(np.ascontiguousarray(rows), f"proj_{name}.weight")
            parts.append(graph.node("MatMul", (value, held), f"input_embed.proj_{name}/MatMul"))
        bias = graph.constant(embed.proj.bias.numpy(), "proj.bias")
        plain = graph.node("Add", (parts[0], bias), "input_embed.proj/plain")
        full = graph.node("Add", (parts[1], parts[2]), "input_embed.proj/condition")
        full = graph.node("Add", (plain, full), "input_embed.proj/full")
        x = graph.node("Concat", (full, plain), "input_embed.proj/both", axis=0)
        columns, ends = graph.node("Transpose", (x,), "position_columns", perm=[0, 2, 1]), []
        tails = graph.split_node("Split", (self.tails,), ("tail", "tail"), axis=0, num_outputs=2)
        for tail, name in zip(tails, ("conv1", "conv2"), strict=True):
            conv: nn.Conv1d = getattr(embed.conv_pos_embed, name)[0]
            before = graph.node("Squeeze", (tail, graph.ints(0)), f"{name}_tail")
            held = graph.node("Concat", (before, columns), f"{name}_seen", axis=2)
            last = graph.slice(held, graph.ints(-TAIL), graph.ints(END), 2, f"{name}_end")
            ends.append(graph.node("Unsqueeze", (last, graph.ints(0)), f"{name}_ends"))
            weights = (conv.weight.numpy(), f"{name}.weight"), (conv.bias.numpy(), f"{name}.bias")
            inputs = (held, *(graph.constant(*pair) for pair in weights))
            made = graph.node("Conv", inputs, f"conv_pos_embed.{name}/Conv", group=POSITION_GROUPS)
            columns = graph.node("Mish", (made,), f"conv_pos_embed.{name}/Mish")
        self.ends = graph.node("Concat", ends, "position_ends", axis=0)
        place = graph.node("Transpose", (columns,), "position_rows", perm=[0, 2, 1])
        return graph.node("Add", (x, place), "input_embed/sum")

    def _block(
        self, block: Block, i: int, x: str, added: str, bias: str, kept: list[str]
    ) -> tuple[str, str, str]:
        """x before it, and what is to be added to it, twice; the same after it."""
        graph, d, name = self.graph, self.d, f"transformer_blocks.{i}"
        times = self.times[8 * i : 8 * i + 8]
        normed, x = self._norm(x, added, bias, times[0], times[1], f"{name}.attn_norm")
        attn = block.attn
        q, k, v = (
            self._linear(normed, part, f"{name}.attn.{part_name}")
            for part_name, part in (("to_q", attn.to_q), ("to_k", attn.to_k), ("to_v", attn.to_v))
        )
        q, k = (self._turned(y, f"{name}.attn.{of}") for y, of in ((q, "to_q"), (k, "to_k")))
        several = []
        for y, axis in ((k, 2 * i), (v, 2 * i + 1)):
            # One frame's keys of both halves lie together: so a chunk's are one piece of memory.
            place = graph.ints(axis), graph.ints(axis + 1)
            before = graph.slice(self.past, *place, 1, f"{name}.past")
            before = graph.node("Squeeze", (before, graph.ints(1)), f"{name}.past_frames")
            before = graph.node("Transpose", (before,), f"{name}.past_rows", perm=[1, 0, 2])
            several.append(graph.node("Concat", (before, y), f"{name}.seen", axis=1))
            chosen = graph.node("Gather", (y, self.keep), f"{name}.kept", axis=1)
            chosen = graph.node("Transpose", (chosen,), f"{name}.kept_frames", perm=[1, 0, 2])
            kept.append(graph.node("Unsqueeze", (chosen, graph.ints(1)), f"{name}.kept_one"))
        mixed = graph.node(
            "MultiHeadAttention",
            (q, *several, "", "", self.bias),
            f"{name}.attn/attention",
            domain=MICROSOFT,
            num_heads=d.heads,
        )
        out = self._matmul(mixed, attn.to_out[0], f"{name}.attn.to_out.0")
        added = graph.node("Mul", (out, times[2]), f"{name}.attn/gated")
        normed, x = self._norm(x, added, times[3], times[4], times[5], f"{name}.ff_norm")
        first, closing = block.ff.ff[0][0], block.ff.ff[2]
        wide = self._matmul(normed, first, f"{name}.ff.ff.0.0")
        held = graph.constant(first.bias.numpy(), f"{name}.ff.bias")
        wide = graph.node("FastGelu", (wide, held), f"{name}.ff/gelu", domain=MICROSOFT)
        out = self._matmul(wide, closing, f"{name}.ff.ff.2")
        return x, graph.node("Mul", (out, times[6]), f"{name}.ff/gated"), times[7]

    def _turned(self, y: str, name: str) -> str:
        """The released model turns as many channels as one head has, before it splits them into
        heads: so head 0 alone knows the place. Neighbours are the pairs, not halves."""
        return self.graph.node(
            "RotaryEmbedding",
            (y, self.place, *self.turns),
            f"{name}.turned",
            domain=MICROSOFT,
            interleaved=1,
            num_heads=1,
            rotary_embedding_dim=self.d.head,
        )

    def _norm(
        self, x: str, added: str, bias: str, scale: str, shift: str, name: str
    ) -> tuple[str, str]:
        """x + added + bias normed, scaled and shifted, and the sum; the first block adds none."""
        graph = self.graph
        if not added:
            normed = graph.node("LayerNormalization", (x, scale, shift), name, epsilon=1e-6)
            return normed, x
        normed, _, _, total = graph.split_node(
            "SkipLayerNormalization",
            (x, added, scale, shift, bias),
            (name, "", "", f"{name}.sum"),
            domain=MICROSOFT,
            epsilon=1e-6,
        )
        return normed, total

    def _matmul(self, x: str, linear: nn.Linear, layer: str) -> str:
        weight = np.ascontiguousarray(linear.weight.numpy().T)
        held = self.graph.constant(weight, f"{layer}.weight")
        return self.graph.node("MatMul", (x, held), f"{layer}/MatMul")

    def _linear(self, x: str, linear: nn.Linear, layer: str) -> str:
        held = self.graph.constant(linear.bias.numpy(), f"{layer}.bias")
        return self.graph.node("Add", (self._matmul(x, linear, layer), held), f"{layer}/Add")

    def _step_on(self, out: str) -> None:
        """x + dt v, where v is guided: (1 + g) with the condition, less g without it. dt times
        both factors are an input, so that steps and guidance are a variant's choice."""
        graph = self.graph
        columns = graph.node("Transpose", (out,), "velocity_columns", perm=[0, 2, 1])
        parts = graph.split_node("Split", (columns,), ("with", "without"), axis=0, num_outputs=2)
        sizes = graph.split_node("Split", (self.sizes,), ("size", "size"), axis=0, num_outputs=2)
        moved = [
            graph.node("Mul", (part, size), "move")
            for part, size in zip(parts, sizes, strict=True)
        ]
        # A Sum, not two Adds: onnxruntime would make the first of them in the output's memory,
        # which may be that of x.
        x = graph.node("Sum", (self.x, *moved), "after")
        graph.output(x, "next", "float32", (1, self.d.mels, "T"))
