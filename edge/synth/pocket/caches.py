"""Keys and values of the rows that a transformer has seen, in one piece of memory.

onnxruntime's GroupQueryAttention turns keys by their place in the cache and multiplies all rows
that are in it. So where a row sees only the last few, the cache is short: when it is full, those
few are moved to its beginning, and their keys are turned back by as many rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edge.synth.pocket.settings import PERIOD, Cache
from edge.synth.session import Array, Held


class Graph(Protocol):
    """A loaded graph: the board's Session, or one that a build tries."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Input -> its shape."""
        ...

    def hold(self, arrays: Mapping[str, Array], states: Mapping[str, Array]) -> Held: ...


def turns(head: int, rows: npt.ArrayLike) -> npt.NDArray[np.complex64]:
    """Rotation of each pair of a key's values by so many rows: (..., head / 2)."""
    rates = PERIOD ** (-2.0 * np.arange(head // 2) / head)
    turned = np.exp(1j * np.asarray(rows, np.float64)[..., None] * rates)
    return np.asarray(turned, np.complex64)


class RowCache:
    """Arrays keys_i and values_i (1, heads, capacity, head) of all layers, and the rows in
    them."""

    def __init__(self, layers: int, heads: int, capacity: int, head: int, counted: bool) -> None:
        """`counted`: the graph is told the rows, too, not only the place of the last."""
        # Memory of zeros is taken page by page, when a row is first written.
        self._all = np.zeros((2, layers, 1, heads, capacity, head), np.float32)
        self.capacity, self.rows, self._counted = capacity, 0, counted

    @classmethod
    def like(cls, session: Graph, capacity: int) -> RowCache:
        """Make the cache that a graph takes."""
        layers = sum(name.startswith("keys_") for name in session.inputs)
        _, heads, _, head = session.inputs["keys_0"]
        return cls(layers, heads, capacity, head, "rows" in session.inputs)

    @property
    def arrays(self) -> dict[str, Array]:
        names = ("keys", "values")
        return {
            f"{name}_{i}": layer
            for name, part in zip(names, self._all, strict=True)
            for i, layer in enumerate(part)
        }

    def places(self, new: int) -> dict[str, Array]:
        """Count `new` rows as written, and make the inputs that tell the graph so."""
        self.rows += new
        assert self.rows <= self.capacity
        told = {"last_row": np.array([self.rows - 1], np.int32)}
        if self._counted:
            told["rows"] = np.array(self.rows, np.int32)
        return told

    def taken(self) -> Array:
        """Copy the rows that are in it: (2, layers, 1, heads, rows, head)."""
        return self._all[..., : self.rows, :].copy()

    def put(self, rows: Array) -> None:
        """Begin with rows that were taken from another."""
        self.rows = rows.shape[-2]
        self._all[..., : self.rows, :] = rows

    def keep_last(self, count: int) -> None:
        """Move the last `count` rows to the beginning, as if the others had never been."""
        gone = self.rows - count
        kept = self._all[..., gone : self.rows, :].copy()
        keys = kept[0].view(np.complex64)
        keys *= turns(keys.shape[-1] * 2, -gone)
        self._all[..., :count, :] = kept
        self.rows = count


class StreamState:
    """A stage that goes on from run to run: a cache of the last rows, and columns of
    convolutions."""

    def __init__(self, session: Graph, sizes: Cache, rows_per_frame: int) -> None:
        self._cache = RowCache.like(session, sizes.capacity)
        self._seen, self._per_frame = sizes.context - 1, rows_per_frame
        states: dict[str, Array] = {
            name: np.zeros(shape, np.float32)
            for name, shape in session.inputs.items()
            if name == "up" or name.startswith("state_")
        }
        self.held = session.hold(self._cache.arrays, states)

    def room(self) -> int:
        """Make room if there is none for a frame; return the frames that can go in. When the last
        rows are moved depends on the frames that came, not on how they were cut into runs."""
        cache = self._cache
        if cache.rows + self._per_frame > cache.capacity:
            cache.keep_last(self._seen)
        return (cache.capacity - cache.rows) // self._per_frame

    def places(self, frames: int) -> dict[str, Array]:
        return self._cache.places(frames * self._per_frame)
