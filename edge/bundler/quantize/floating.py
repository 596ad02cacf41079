"""float32 as it is, and float16: half the size, and half the work where the CPU or GPU has it."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnxconverter_common import float16

from edge.bundler.export import window_writer
from edge.bundler.export.original import read_original
from edge.bundler.export.piper.decoder import write_streaming_decoder
from edge.bundler.export.piper.reader import read_weights
from edge.bundler.export.piper.weights import PiperWeights
from edge.bundler.quantize.recipe import (
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
    weights = _weights("fp32-2d", source, calibration)
    size = save(write_streaming_decoder(weights, conv2d=True), target)
    return RecipeLog("fp32-2d", source.stat().st_size, size)


def fp32_window(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """The decoder without state, by height-1 2-D convolutions, for windows of few lengths.

    A GPU plans a graph anew for every length that it meets, so a sentence is decoded there in
    overlapping windows (edge/synth/gpu/windows.py). 2-D, because CUDA and TensorRT have kernels
    for that at every length and dilation, in float16 too.
    """
    size = save(_window("fp32-window", source, calibration), target)
    return RecipeLog("fp32-window", source.stat().st_size, size)


def fp16_window(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """fp32-window with float16 inside; inputs and outputs stay float32."""
    model = _halved("fp16-window", _window("fp16-window", source, calibration))
    return RecipeLog("fp16-window", source.stat().st_size, save(model, target), _layers(model))


def fp16(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """float16 inside; inputs, outputs and states stay float32.

    For a decoder: its numbers stay small, which is checked for the weights here, and by the
    parity of the sound in the build. On CUDA, dilated 1-D convolutions in float16 may find no
    cuDNN engine: export the 2-D form there, or set cudnn_conv1d_pad_to_nc1d.
    """
    model = _halved("fp16", load(source))
    return RecipeLog("fp16", source.stat().st_size, save(model, target), _layers(model))


def _window(recipe: str, source: Path, calibration: Calibration | None) -> onnx.ModelProto:
    if calibration is None or calibration.original is None:
        raise refuse(f"{recipe}: {source.name} can be written from the voice's own file only")
    return window_writer(calibration.family)(read_original(calibration.original))


def _weights(recipe: str, source: Path, calibration: Calibration | None) -> PiperWeights:
    original = calibration.original if calibration else None
    if original is None:
        raise refuse(f"{recipe}: {source.name} can be written from a Piper voice's own file only")
    return read_weights(read_original(original))


def _halved(recipe: str, model: onnx.ModelProto) -> onnx.ModelProto:
    for name, data in constants(model).items():
        if data.dtype == np.float32 and np.abs(data).max(initial=0.0) > _HALF_MAX:
            raise refuse(f"{recipe}: {name}: a weight of {np.abs(data).max():g} is above 65504")
    with warnings.catch_warnings():
        # It warns of each weight below 1e-7, which becomes 1e-7: far below any rounding here.
        warnings.simplefilter("ignore")
        try:
            model = float16.convert_float_to_float16(model, keep_io_types=True)
        except Exception as error:
            raise refuse(f"{recipe}: {error}") from None
    del model.graph.value_info[:]  # what was inferred on the way
    session(model, recipe)
    return model


def _layers(model: onnx.ModelProto) -> tuple[str, ...]:
    return tuple(node.name for node in model.graph.node if "Conv" in node.op_type)
