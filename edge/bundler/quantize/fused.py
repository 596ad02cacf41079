"""A stage with our own int8 operators, written anew from the voice's weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from edge import kernels
from edge.bundler.export.original import read_original
from edge.bundler.export.piper.decoder import write_decoder, write_fused_decoder
from edge.bundler.export.piper.fused_encoder import write_fused_encoder
from edge.bundler.export.piper.reader import read_weights
from edge.bundler.export.piper.weights import PiperWeights
from edge.bundler.quantize.channel_gains import activation_gains
from edge.bundler.quantize.recipe import Calibration, RecipeLog, load, need, refuse, save

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
    calibration = need(calibration, recipe)
    if calibration.original is None:
        raise refuse(f"{recipe}: {source.name} can be written from a Piper voice's own file only")
    if kernels.library_path() is None:
        raise refuse(
            f"{recipe}: the operator library {kernels.LIBRARY} is not built on this machine",
            kernels.how_to_build(),
        )
    weights = read_weights(read_original(calibration.original))
    if "ids" in {value.name for value in load(source).graph.input}:
        model = write_fused_encoder(weights, bits)
    else:
        model = _decoder(weights, calibration, bits)
    size = save(model, target)
    made = [node for node in model.graph.node if node.op_type in (*_OPERATORS, "Conv")]
    return RecipeLog(
        recipe,
        source.stat().st_size,
        size,
        tuple(node.name for node in made if node.op_type in _OPERATORS),
        tuple(node.name for node in made if node.op_type == "Conv"),
    )


def _decoder(weights: PiperWeights, calibration: Calibration, bits: int) -> onnx.ModelProto:
    speaker = np.array([calibration.speaker or 0], np.int64)
    chosen = {} if weights.speakers is None else {"speaker": speaker}
    feeds = [{"latent": latent} | chosen for latent in calibration.latents[:_SENTENCES]]
    gains = activation_gains(write_decoder(weights), feeds)
    return write_fused_decoder(weights, bits=bits, gains=gains)
