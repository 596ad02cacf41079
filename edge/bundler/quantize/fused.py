"""A stage with our own int8 operators, written anew from the voice's weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx

from edge import kernels
from edge.bundler.export import fused_writer
from edge.bundler.export.piper.weights import Array
from edge.bundler.quantize.channel_gains import activation_gains
from edge.bundler.quantize.recipe import Calibration, RecipeLog, load, need, refuse, save
from edge.families import FAMILIES

_SENTENCES = 6  # more do not move the gains
_OPERATORS = ("QConv1d", "QConvTranspose1d")


def int8_fused(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """8-bit weights: x86, and ARM with the dot product (Cortex-A76 and later)."""
    return _fused("int8-fused", source, target, calibration, bits=8)


def int8_fused_7bit(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """7-bit weights: faster on Cortex-A53 and A72, whose products add up in 16 bits."""
    return _fused("int8-fused-7bit", source, target, calibration, bits=7)


def _fused(
    recipe: str, source: Path, target: Path, calibration: Calibration | None, bits: int
) -> RecipeLog:
    if calibration is None or calibration.original is None:
        raise refuse(f"{recipe}: {source.name} can be written from the voice's own file only")
    if kernels.library_path() is None:
        raise refuse(
            f"{recipe}: the operator library {kernels.LIBRARY} is not built on this machine",
            kernels.how_to_build(),
        )
    inputs = {value.name for value in load(source).graph.input}
    stage = "encoder" if "ids" in inputs else "frames" if target.stem == "frames" else "decoder"
    latents = calibration.latents[:_SENTENCES]

    def gains(decoder: onnx.ModelProto) -> Mapping[str, Array]:
        known = {value.name for value in decoder.graph.input}
        speaker = np.array([calibration.speaker or 0], np.int64)
        chosen = {"speaker": speaker} if "speaker" in known else {}
        return activation_gains(decoder, [{"latent": latent} | chosen for latent in latents])

    if FAMILIES[calibration.family].calibrates:
        need(calibration, recipe)
    model = fused_writer(calibration.family)(calibration.original, stage, bits, gains)
    size = save(model, target)
    made = [node for node in model.graph.node if node.op_type in (*_OPERATORS, "Conv")]
    return RecipeLog(
        recipe,
        source.stat().st_size,
        size,
        tuple(node.name for node in made if node.op_type in _OPERATORS),
        tuple(node.name for node in made if node.op_type == "Conv"),
    )
