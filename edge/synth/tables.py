"""Tables of numbers in a bundle: rows that are gathered, and the fixed noise."""

from __future__ import annotations

import numpy as np

from edge.bundle import Bundle
from edge.errors import BundleDamaged
from edge.synth.session import Array


def read_table(
    bundle: Bundle, name: str, rows: int | None, columns: int | None, kinds: str = "f"
) -> Array:
    """Map a table of floats (rows, columns) into memory; None is any number of them. `kinds`: of
    numbers, as numpy names them.

    Of 272 MB of text rows a sentence needs a few dozen. Raises BundleDamaged.
    """
    try:
        table: Array = np.load(bundle.file(name), mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise _damaged(bundle, f"{name} cannot be read: {error}") from None
    wanted = (rows, columns)
    fits = table.ndim == 2 and all(
        want in (None, has) for want, has in zip(wanted, table.shape, strict=True)
    )
    if not fits or table.dtype.kind not in kinds:
        raise _damaged(
            bundle,
            f"{name} is {table.dtype} {table.shape}, expected floats "
            f"({rows or 'any'}, {columns or 'any'})",
        )
    return table


def _damaged(bundle: Bundle, why: str) -> BundleDamaged:
    return BundleDamaged(
        f"{bundle.path.name}: {why}", f"Build it again: edge build {bundle.voice.name}"
    )
