"""Our int8 convolution: a custom operator library for onnxruntime, and how weights reach it.

The library is optional: where it was not built, graphs that use its operators are not chosen.
Operators, tile grid and build are described in README.md beside this file.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import ModelFailed

DOMAIN = "edge.voice"
DOMAIN_2 = "edge.voice.2"
"""The same operators with what came later: ELU, Snake, an affine on load, `left`, `TimeNorm`,
`ChunkNorm`. A name of its own, because onnxruntime passes over attributes and versions that a
library of before does not know, and would speak nonsense."""
LIBRARY = "libedge_kernels.so"
MOST_STEPS = 24
"""Largest root mean square of a channel's 8-bit weights, in units of its scale: larger ones cost
the paths that add products up in 16 bits more time (src/weight_pairs.h), for 0.02 dB."""


def library_path() -> Path | None:
    """The operator library for `SessionOptions.register_custom_ops_library`, or None if not built.

    `$EDGE_KERNELS` names another one, for instance a debug build.
    """
    chosen = os.environ.get("EDGE_KERNELS")
    # An editable install has two folders: the checkout, and the one with what was compiled.
    places = [Path(chosen)] if chosen else [Path(folder, LIBRARY) for folder in __path__]
    return next((place for place in places if place.is_file()), None)


def how_to_build() -> str:
    """Tell what to type to get the library."""
    if Path(__file__).parents[2].joinpath("Makefile").is_file():
        return "make kernels"
    install = f"{sys.executable} -m pip install --force-reinstall --no-deps ."
    return f"sudo apt install cmake g++; then, in a clone of Edge Voice: {install}"


def paths(library: Path) -> tuple[str, ...]:
    """The instruction sets that `library` can use on this CPU, best first; the last is scalar."""
    names = _load(library).edge_kernels_paths
    names.restype = ctypes.c_char_p
    return tuple(names().decode().split(","))


def self_test(library: Path, layers: int = 200, seed: int = 1) -> None:
    """Compare every path of this CPU with the scalar reference on random layers (about 0.3 s).

    Raises ModelFailed if one differs by a single bit.
    """
    test = _load(library).edge_kernels_self_test
    test.argtypes = [ctypes.c_uint32, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint64]
    message = ctypes.create_string_buffer(400)
    if test(seed, layers, message, len(message)):
        raise ModelFailed(
            f"the int8 kernels of {library} are wrong on this CPU: {message.value.decode()}",
            "build the voice again with the recipe fp32, and report this line",
        )


def pack(
    weights: npt.NDArray[np.float32], bits: int = 8
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Weights [O, C, K] as int8 in -127..127 (8 bits) or -63..63 (7 bits) and scales [O].

    `weights` is about int8 * scale, rounded to nearest, one scale per output channel: of 8 bits,
    none has an rms above MOST_STEPS. For a ConvTranspose, whose ONNX weights are [C, O, K], pass
    `weights.transpose(1, 0, 2)`.
    """
    if bits not in (7, 8):
        raise ValueError(f"bits is {bits}, not 7 or 8")
    if weights.ndim != 3 or not np.isfinite(weights).all():
        raise ValueError(f"weights {weights.shape} are not finite [O, C, K]")
    limit = 2 ** (bits - 1) - 1
    largest = np.abs(weights).max(axis=(1, 2)).astype(np.float32)
    steps = largest / limit
    if bits == 8:
        rms = np.sqrt(np.square(weights, dtype=np.float64).mean(axis=(1, 2)))
        steps = np.maximum(steps, rms / MOST_STEPS)
    scales = np.where(largest > 0, steps, 1).astype(np.float32)
    packed = np.rint(weights / scales[:, None, None]).clip(-limit, limit)
    return packed.astype(np.int8), scales


def _load(library: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise ModelFailed(
            f"the operator library {library} cannot be loaded: {error}",
            how_to_build(),
        ) from error
