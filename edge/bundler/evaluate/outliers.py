"""Give a graph's layers loud channels without changing what it computes.

Trained language models have a few channels far louder than the others, and random or well-behaved
weights do not show what a recipe loses there: with one scale for a row of activations the others
are rounded away. So two channels behind every norm are made LOUDNESS times as loud, and the
weights that read them as much smaller.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from edge.files import write_whole

CHANNELS = (3, 17)
LOUDNESS = 20.0

_NORMS = ("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "LayerNormalization")

Array = npt.NDArray[Any]


def write_with_outliers(source: Path, target: Path) -> None:
    """Write the graph of a stage, a llm or a flow_step of ours, with loud channels."""
    model = onnx.load(str(source))
    graph = model.graph
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    made = {name: node for node in graph.node for name in node.output if name}
    tables: dict[str, Array] = {}
    changed: dict[str, Array] = {}
    for node in list(graph.node):
        if not node.op_type.endswith(_NORMS):
            continue
        readers = [n for n in graph.node if n.op_type == "MatMul" and n.input[0] == node.output[0]]
        if not readers or readers[0].input[1] not in held:
            continue
        first = (
            2 if node.op_type.startswith("Skip") else 1
        )  # its gain, and its shift if it has one
        for place in range(first, min(first + 2, len(node.input))):
            name = node.input[place]
            if name in held and held[name].ndim == 1:
                node.input[place] = f"{node.name}:loud.{place}"
                changed[node.input[place]] = _louder(held[name], 0, LOUDNESS)
            elif name in made and made[name].op_type == "Split":
                _louder_table(made, name, held, tables)
        for reader in readers:
            weight = _louder(held[reader.input[1]], 0, 1 / LOUDNESS)
            reader.input[1] = f"{reader.name}:weight"
            changed[reader.input[1]] = weight
    used = {name for node in graph.node for name in node.input}
    kept = [t for t in graph.initializer if t.name in used and t.name not in tables]
    kept += [numpy_helper.from_array(a, name) for name, a in {**changed, **tables}.items()]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    write_whole(target, model.SerializeToString(deterministic=True))


def _louder(array: Array, axis: int, factor: float) -> Array:
    louder = array.copy()
    places: list[Any] = [slice(None)] * array.ndim
    places[axis] = list(CHANNELS)
    louder[tuple(places)] *= np.float32(factor)
    return louder


def _louder_table(
    made: dict[str, onnx.NodeProto], name: str, held: dict[str, Array], tables: dict[str, Array]
) -> None:
    """The vector `name` of a row of a time table, in every row."""
    split = made[name]
    source = made[split.input[0]].input[0]  # of the Gather that takes the row
    table = tables.setdefault(source, held[source].copy())
    size = table.shape[1] // len(split.output)
    begin = list(split.output).index(name) * size
    table[:, [begin + channel for channel in CHANNELS]] *= np.float32(LOUDNESS)
