"""float32 as it is, and float16: half the size, and half the work where the CPU or GPU has it."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
from onnxconverter_common import float16

from edge.build.export.original import read_original
from edge.build.export.piper_decoder import write_streaming_decoder
from edge.build.export.piper_reader import read_weights
from edge.build.quantize.recipe import (
    Calibration,
    RecipeLog,
    constants,
    load,
    refuse,
    save,
    session,
)
from edge.files import write_whole

_HALF_MAX = 65504.0


def fp32(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """The same bytes."""
    load(source)
    raw = source.read_bytes()
    write_whole(target, raw)
    return RecipeLog("fp32", len(raw), len(raw))


def fp32_copy(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """The same file, of whatever size: for graphs that our own exporter has just proved."""
    size = source.stat().st_size
    try:
        target.unlink(missing_ok=True)
        target.hardlink_to(source)
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(source, target)
    return RecipeLog("fp32", size, size)


def fp32_2d(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """The same numbers by height-1 2-D convolutions, written anew from the voice's own file.

    onnxruntime has blocked kernels for those: 1.1 to 1.2 times as fast on one thread of x86,
    slower on two.
    """
    original = calibration.original if calibration else None
    if original is None:
        raise refuse(f"fp32-2d: {source.name} can be written from a Piper voice's own file only")
    weights = read_weights(read_original(original))
    size = save(write_streaming_decoder(weights, conv2d=True), target)
    return RecipeLog("fp32-2d", source.stat().st_size, size)


def fp16(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """float16 inside; inputs, outputs and states stay float32.

    For a decoder: its numbers stay small, which is checked for the weights here, and by the
    parity of the sound in the build. On CUDA, dilated 1-D convolutions in float16 may find no
    cuDNN engine: export the 2-D form there, or set cudnn_conv1d_pad_to_nc1d.
    """
    model = load(source)
    for name, data in constants(model).items():
        if data.dtype == np.float32 and np.abs(data).max(initial=0.0) > _HALF_MAX:
            raise refuse(f"fp16: {name}: a weight of {np.abs(data).max():g} is above 65504")
    before = source.stat().st_size
    with warnings.catch_warnings():
        # It warns of each weight below 1e-7, which becomes 1e-7: far below any rounding here.
        warnings.simplefilter("ignore")
        try:
            model = float16.convert_float_to_float16(model, keep_io_types=True)
        except Exception as error:
            raise refuse(f"fp16: {source.name}: {error}") from None
    del model.graph.value_info[:]  # what was inferred on the way
    session(model, f"fp16 {source.name}")
    layers = tuple(node.name for node in model.graph.node if "Conv" in node.op_type)
    return RecipeLog("fp16", before, save(model, target), layers)
