"""Store a graph's weights beside it, as ONNX external data, so that onnxruntime maps them.

Inside the graph they are parsed and copied: the sessions of fp32 joe took 98 ms of CPU time so,
and 62 ms with the weights in files of their own (one x86-64 core). Once it has spoken, 122 MiB
instead of 155 are its own; the rest of the same 193 is the file's, and Linux may drop it.
"""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx.external_data_helper import set_external_data

from edge.bundle import WEIGHTS
from edge.bundler.halves import store_halves

LEAST_BYTES = 1024
"""Smaller constants stay in the graph: onnxruntime reads sizes and axes from some of them."""
ALIGNMENT = 64
"""Bytes: a line of the processor's cache, which its widest loads want."""


def store(graph: Path, destination: Path, halves: bool = False) -> None:
    """Write `graph` to `destination` and its large constants to `destination` + WEIGHTS; no such
    file if it has none. Equal graphs give equal bytes. `halves`: as a family's card has it."""
    model = onnx.load(graph)
    if halves:
        store_halves(model)
    large = [t for t in model.graph.initializer if len(t.raw_data) >= LEAST_BYTES]
    weights = destination.with_name(destination.name + WEIGHTS)
    if large:
        with weights.open("wb") as file:
            for tensor in large:
                file.write(bytes(-file.tell() % ALIGNMENT))
                set_external_data(tensor, weights.name, file.tell(), len(tensor.raw_data))
                file.write(tensor.raw_data)
                tensor.ClearField("raw_data")
    destination.write_bytes(model.SerializeToString(deterministic=True))
