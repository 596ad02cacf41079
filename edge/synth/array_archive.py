"""Arrays and a label in one file that may be a stranger's: an npz without pickled objects.

Its members are few, named `array.NAME` and `label` (JSON text in bytes), and stored as they are,
so that none can grow in memory.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
import numpy.typing as npt

MAX_ARRAYS = 64
MAX_LABEL = 16 << 10
_LABEL, _ARRAY = "label", "array."

Array = npt.NDArray[Any]


def to_bytes(label: str, arrays: Mapping[str, Array]) -> bytes:
    """Write an archive."""
    assert not any(array.dtype.hasobject for array in arrays.values()), "it would be pickled"
    members: dict[str, Any] = {_LABEL: np.frombuffer(label.encode(), np.uint8)}
    members |= {f"{_ARRAY}{name}": array for name, array in arrays.items()}
    buffer = io.BytesIO()
    np.savez(buffer, **members)
    return buffer.getvalue()


def label_of(file: IO[bytes]) -> str:
    """Read the label, and nothing else of it. Raises ValueError."""
    with _opened(file) as archive:
        text = archive[_LABEL]
        if text.dtype != np.uint8 or text.ndim != 1 or text.size > MAX_LABEL:
            raise ValueError("its label is no text")
        return str(text.tobytes().decode())


def arrays_of(file: IO[bytes]) -> dict[str, Array]:
    """Read the arrays. Raises ValueError."""
    with _opened(file) as archive:
        return {
            name.removeprefix(_ARRAY): archive[name] for name in archive.files if name != _LABEL
        }


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[Any]:
    try:
        size = file.seek(0, os.SEEK_END)
        with zipfile.ZipFile(file) as listed:
            members = listed.infolist()
        if len(members) > MAX_ARRAYS or any(
            member.compress_type != zipfile.ZIP_STORED or member.file_size > size
            for member in members
        ):
            raise ValueError("it holds too much, or is compressed")
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            yield archive
    except Exception as error:  # zipfile and numpy raise many kinds, and may learn more
        raise ValueError(str(error)) from None
