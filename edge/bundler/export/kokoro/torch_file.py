"""Read the tensors of a file that torch.save wrote, without torch and without running its code.

Such a file is a zip of one pickle and one file for each tensor's numbers. A pickle can call any
function, so this one may name nothing but what builds a tensor or a dict.
"""

from __future__ import annotations

import collections
import math
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from edge.bundler.export.original import MAX_MODEL_BYTES, refuse
from edge.errors import ExportFailed

Array = npt.NDArray[Any]
_PICKLE = "data.pkl"
_MAX_PICKLE = 8 << 20
"""Bytes: a checkpoint of 700 tensors has 0.1 MB of names."""
_TYPES = {
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "DoubleStorage": np.float64,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "BoolStorage": np.bool_,
}


def is_torch_file(path: Path) -> bool:
    return zipfile.is_zipfile(path)


def read_torch_file(path: Path) -> dict[str, Array]:
    """Read all tensors, nested names joined by dots. Raises ExportFailed for whatever is no plain
    tensor."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            names = [name for name in sizes if name.rpartition("/")[2] == _PICKLE]
            if len(names) != 1:
                raise refuse(f"{path}: not a file of torch.save: {len(names)} files {_PICKLE}")
            if sizes[names[0]] > _MAX_PICKLE or sum(sizes.values()) > MAX_MODEL_BYTES:
                raise refuse(
                    f"{path}: {sum(sizes.values())} bytes, the limit is {MAX_MODEL_BYTES}"
                )
            folder = names[0].removesuffix(_PICKLE)
            with archive.open(names[0]) as file:
                loaded = _Tensors(file, lambda key: archive.read(f"{folder}data/{key}")).load()
        found: dict[str, Array] = {}
        _flatten(loaded, "", found)
    except (zipfile.BadZipFile, pickle.UnpicklingError, EOFError, OSError) as error:
        raise refuse(f"{path}: {error}") from None
    except ExportFailed:
        raise
    except Exception as error:  # zipfile and pickle raise many kinds, and may learn more
        raise refuse(f"{path}: not a checkpoint of tensors: {error!r}") from None
    return found


def _flatten(value: object, name: str, found: dict[str, Array]) -> None:
    if isinstance(value, Mapping):
        for key, part in value.items():
            _flatten(part, f"{name}.{key}" if name else str(key), found)
    elif isinstance(value, np.ndarray):
        found[name] = value


class _Tensors(pickle.Unpickler):
    def __init__(self, file: Any, read: Callable[[str], bytes]) -> None:
        super().__init__(file)
        self._read = read
        self._allowed: dict[tuple[str, str], object] = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch._utils", "_rebuild_parameter"): lambda data, *_: data,
            **{("torch", name): dtype for name, dtype in _TYPES.items()},
        }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._allowed:
            _refuse_name(module, name)
        return self._allowed[module, name]

    def persistent_load(self, pid: Any) -> Any:
        kind, dtype, key, _, count = pid
        if kind != "storage" or dtype not in _TYPES.values():
            raise pickle.UnpicklingError(f"a {kind} that is no storage of numbers")
        data = np.frombuffer(self._read(str(key)), dtype)
        if len(data) < count:
            raise pickle.UnpicklingError(f"storage {key} has {len(data)} of {count} numbers")
        return data


def _refuse_name(module: str, name: str) -> NoReturn:
    raise pickle.UnpicklingError(f"it names {module}.{name}, and tensors do not need that")


def _tensor(
    data: Array, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> Array:
    """Copy a tensor out of its storage; nothing is read beyond the storage's end."""
    if offset < 0 or any(x < 0 for x in (*shape, *stride)):
        raise pickle.UnpicklingError("a tensor with negative sizes")
    if math.prod(shape) > len(data):  # steps of 0 would make a small file any size
        raise pickle.UnpicklingError(f"a tensor of {math.prod(shape)} of {len(data)} numbers")
    last = offset + sum((n - 1) * s for n, s in zip(shape, stride, strict=True))
    if math.prod(shape) and last >= len(data):
        raise pickle.UnpicklingError(f"a tensor ends at {last} of {len(data)} numbers")
    steps = [s * data.itemsize for s in stride]
    return np.array(np.lib.stride_tricks.as_strided(data[offset:], shape, steps))
