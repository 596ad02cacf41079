"""Read a .safetensors file without torch: floats of 16 and 32 bits, all as float32."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import ExportFailed
from edge.files import is_lfs_pointer

Array = npt.NDArray[np.float32]

MAX_HEADER = 8 << 20
"""Bytes of the header; that of the released 24-layer model has 40 kB."""
SHOWN = 20
"""Complaints about one file that are told."""
_TYPES = {"BF16": 2, "F16": 2, "F32": 4}
_AGAIN = "Give the checkpoint as it was released, and see that the download is whole."


def refuse(message: str) -> ExportFailed:
    return ExportFailed(message, _AGAIN)


class Tensors:
    """A mapped file. Raises ExportFailed for one that is damaged, is no .safetensors file, or
    holds other than floats."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries: dict[str, tuple[str, tuple[int, ...], int, int]] = {}
        try:
            if is_lfs_pointer(path):
                raise refuse(f"{path} is a pointer of Git LFS, not the file itself")
            self._bytes = np.memmap(path, np.uint8, "r")
        except (OSError, ValueError) as error:
            raise refuse(f"{path} cannot be read: {error}") from None
        size = len(self._bytes)
        length = int.from_bytes(self._bytes[:8].tobytes(), "little") if size >= 8 else 0
        if not 2 <= length <= min(MAX_HEADER, size - 8):
            raise refuse(f"{path}: not a .safetensors file, or cut short ({size:,} bytes)")
        self._start = 8 + length
        try:
            header = json.loads(self._bytes[8 : self._start].tobytes())
            entries = {k: v for k, v in dict(header).items() if k != "__metadata__"}
            for name, entry in entries.items():
                self._entries[name] = self._entry(name, entry, size - self._start)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise refuse(f"{path}: its header cannot be read: {error}") from None

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {name: shape for name, (_, shape, _, _) in self._entries.items()}

    def __getitem__(self, name: str) -> Array:
        """Read a tensor. Raises ExportFailed for a value that is no number."""
        kind, shape, begin, end = self._entries[name]
        raw = self._bytes[self._start + begin : self._start + end]
        if kind == "BF16":  # the upper half of a float32
            wide = raw.view("<u2").astype(np.uint32) << 16
            found = wide.view(np.float32)
        else:
            found = raw.view("<f2" if kind == "F16" else "<f4").astype(np.float32)
        if not np.isfinite(found).all():
            raise refuse(f"{self.path}: {name} holds a value that is no number")
        return np.ascontiguousarray(found.reshape(shape))

    def check(self, wanted: Mapping[str, tuple[int, ...]]) -> None:
        """Compare names and shapes, all of them. Raises ExportFailed telling what differs."""
        held = self.shapes
        complaints = [f"{name} is missing" for name in wanted if name not in held]
        complaints += [f"{name} is unknown" for name in held if name not in wanted]
        complaints += [
            f"{name} has shape {held[name]}, {shape} is expected"
            for name, shape in wanted.items()
            if held.get(name, shape) != shape
        ]
        if complaints:
            complaints.sort()
            left = len(complaints) - SHOWN
            more = f"; and {left} more" if left > 0 else ""
            raise refuse(f"{self.path}: " + "; ".join(complaints[:SHOWN]) + more)

    def _entry(self, name: str, entry: Any, room: int) -> tuple[str, tuple[int, ...], int, int]:
        kind, shape = entry["dtype"], tuple(entry["shape"])
        begin, end = entry["data_offsets"]
        if kind not in _TYPES:
            raise refuse(
                f"{self.path}: {name[:80]} is of type {kind}; {', '.join(_TYPES)} can be read"
            )
        whole = all(type(n) is int and 0 <= n <= room for n in (*shape, begin, end))
        if not whole or begin > end:
            raise refuse(f"{self.path}: {name[:80]} lies outside of the file: it is cut short")
        if int(np.prod(shape, dtype=object)) * _TYPES[kind] != end - begin:
            raise refuse(f"{self.path}: {name[:80]} has {end - begin} bytes for shape {shape}")
        return kind, shape, begin, end
