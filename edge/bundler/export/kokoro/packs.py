"""Read the tables of styles that are Kokoro's voices, one file each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edge.bundler.export.kokoro.torch_file import is_torch_file, read_torch_file
from edge.bundler.export.kokoro.weights import Array, Weights
from edge.bundler.export.original import refuse

VOICE = "voice-"
"""Role of a speaker's table, before the speaker's name."""

_MOST_BYTES = 8 << 20
"""A released table has 522,240 bytes of numbers."""


def read_packs(files: Mapping[str, Path], weights: Weights) -> tuple[tuple[str, ...], Array]:
    """Return the speakers' names and their tables, float32 (speakers, rows, style), in the order
    of the description. Raises ExportFailed."""
    width = 2 * weights["decoder.encode.norm1.fc.weight"].shape[1]
    tables = {
        role.removeprefix(VOICE): _read(path, width)
        for role, path in files.items()
        if role.startswith(VOICE)
    }
    if not tables:
        raise refuse("the voice has no table of styles", f"Add one as {VOICE}NAME.")
    lengths = {len(table) for table in tables.values()}
    if len(lengths) > 1:
        raise refuse(f"tables of styles have {sorted(lengths)} rows, and must have as many")
    return tuple(tables), np.stack(list(tables.values()))


def _read(path: Path, width: int) -> Array:
    """Read raw float32, or the one tensor of a file of torch.save."""
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise refuse(f"{path}: {size} bytes, the limit is {_MOST_BYTES}")
    if is_torch_file(path):
        tensors = list(read_torch_file(path).values())
        flat = tensors[0].astype(np.float32).reshape(-1) if len(tensors) == 1 else np.zeros(0)
    else:
        raw = path.read_bytes()
        flat = np.frombuffer(raw, "<f4") if len(raw) % 4 == 0 else np.zeros(0)
    if not flat.size or flat.size % width or not np.isfinite(flat).all():
        raise refuse(f"{path}: not a table of styles of {width} numbers a row ({size} bytes)")
    return flat.reshape(-1, width).astype(np.float32)
