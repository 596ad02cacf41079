"""Runs of a graph between places of memory that stay where they are, the GPU's or the CPU's.

What a run gives lies where the next one reads it, and nothing is copied on the way. On CUDA such
runs are recorded once, as a CUDA graph, and played back: one launch for all nodes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from edge.synth.gpu import nvidia

Array = npt.NDArray[Any]
Place = Any
"""An onnxruntime.OrtValue: `update_inplace(array)` fills it, `numpy()` copies it out."""

UNRECORDED = -1
"""The graph id of runs that CUDA is not to record."""


def new_place(array: Array, device: str) -> Place:
    """Make a place with the array's values; on the CPU it is the array itself."""
    return onnxruntime.OrtValue.ortvalue_from_numpy(array, device, 0)


def empty_place(shape: tuple[int, ...], type_: npt.DTypeLike, device: str) -> Place:
    value = onnxruntime.OrtValue
    return value.ortvalue_from_shape_and_type(list(shape), np.dtype(type_).type, device, 0)


def fill_part(place: Place, start: int, array: Array) -> None:
    """Copy a contiguous array into a part of a place, `start` bytes from its beginning;
    onnxruntime itself fills a place as a whole. Raises OSError."""
    address = place.data_ptr() + start
    if place.device_name().lower() == "cpu":
        ctypes.memmove(address, array.ctypes.data, array.nbytes)
    else:
        nvidia.copy_in(address, array.ctypes.data, array.nbytes)


class Bound:
    """One session's runs between these places; `number` is its recording's own, UNRECORDED
    if there is none. Inputs and outputs may share a place where the graph allows for it."""

    def __init__(
        self,
        session: Any,
        inputs: Mapping[str, Place],
        outputs: Mapping[str, Place],
        number: int = UNRECORDED,
    ) -> None:
        self._session = session
        self._binding = session.io_binding()
        for name, place in inputs.items():
            self._binding.bind_ortvalue_input(name, place)
        for name, place in outputs.items():
            self._binding.bind_ortvalue_output(name, place)
        self._options = run_options(number)

    def read_from(self, name: str, place: Place, start: int, shape: tuple[int, ...]) -> None:
        """Bind an input to a part of a place, `start` bytes from its beginning."""
        where = place.device_name(), 0, _type(place), list(shape), place.data_ptr() + start
        self._binding.bind_input(name, *where)

    def write_to(self, name: str, place: Place, start: int, shape: tuple[int, ...]) -> None:
        """Bind an output to a part of a place, `start` bytes from its beginning."""
        where = place.device_name(), 0, _type(place), list(shape), place.data_ptr() + start
        self._binding.bind_output(name, *where)

    def run(self) -> None:
        """Run once; what it gives is in its places. Raises what onnxruntime raises."""
        self._session.run_with_iobinding(self._binding, self._options)


def run_options(number: int = UNRECORDED) -> Any:
    options = onnxruntime.RunOptions()
    options.add_run_config_entry("gpu_graph_id", str(number))
    return options


def _type(place: Place) -> type[np.generic]:
    half = place.data_type() == "tensor(float16)"
    return np.float16 if half else np.float32
