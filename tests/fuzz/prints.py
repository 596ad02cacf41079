"""Files of cloned voices, as numpy writes them."""

from __future__ import annotations

import functools
import io
from pathlib import Path

import numpy as np

from edge import records
from edge.bundle import Bundle, open_bundle
from edge.synth.voice_print import Label

BUNDLE = Path(__file__).parents[1] / "data" / "bundles" / "format-1--tone--x86-64"


@functools.cache
def tone() -> Bundle:
    """Open the bundle that the prints are of."""
    return open_bundle(BUNDLE, None)


def print_bytes(compressed: bool = False) -> bytes:
    """Write one with two small arrays; the product never compresses, a stranger may."""
    label = Label(2, "anna", "tone", "tone", tone().id, "en", "2026-01-01", "yes")
    written = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    text = np.frombuffer(records.dump_json(label).encode(), np.uint8)
    arrays = {"array.mel": np.ones((2, 3), np.float32), "array.keys": np.zeros(2, np.int64)}
    save(written, label=text, **arrays)  # type: ignore[arg-type, unused-ignore]
    return written.getvalue()
