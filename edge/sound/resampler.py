"""Resampling by soxr, with a look for memory before it.

libsoxr 0.1.3 uses what malloc gives it unseen: 9 of the 21 allocations that make a resampler end
the process by SIGSEGV where they fail (`_soxr_init` in cr.c), and 3 of the first that it feeds. So
memory is asked for here first, where its want is an error that can be told; another thread may
still take it in between.
"""

from __future__ import annotations

import mmap
from types import ModuleType
from typing import Any

import numpy as np

from edge.errors import MissingPackage
from edge.pcm import Samples

ROOM = 4 << 20
"""Bytes that must be there: a resampler takes 0.1 to 0.8 MB, half a second of sound 0.4."""


class Resampler:
    """Streams mono sound from `rate` to `to_rate` Hz. One thread at a time."""

    def __init__(self, rate: int, to_rate: int) -> None:
        """Raise MissingPackage without soxr."""
        self._rate, self._to_rate, self._soxr = rate, to_rate, _soxr(rate, to_rate)
        self._stream: Any = None

    def feed(self, samples: Samples, last: bool = False) -> Samples:
        """Return what the sound so far makes, as far as it is settled; with `last`, all of it.
        Raises MemoryError, and then nothing has been taken."""
        look_for_room()
        if self._stream is None:
            self._stream = self._soxr.ResampleStream(self._rate, self._to_rate, 1, dtype="float32")
        made: Samples = self._stream.resample_chunk(np.ascontiguousarray(samples), last=last)
        return made

    def clear(self) -> None:
        """Forget the sound so far. libsoxr would make itself anew here, where nobody can be told
        that there is no memory; it is made by the next feed."""
        self._stream = None


def look_for_room() -> None:
    """Raise MemoryError unless soxr has room. Not by malloc, which would keep it for later."""
    try:
        mmap.mmap(-1, ROOM, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError as error:
        raise MemoryError(f"no {ROOM >> 20} MiB to resample sound: {error}") from None


def _soxr(rate: int, to_rate: int) -> ModuleType:
    try:
        import soxr
    except ImportError:
        raise MissingPackage(
            f"the Python package soxr is not installed; the voice speaks at {rate} Hz and "
            f"the sound card at {to_rate} Hz",
            "In the clone of Edge Voice: pip install '.[audio]'",
        ) from None
    module: ModuleType = soxr
    return module
