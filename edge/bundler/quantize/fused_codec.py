"""The decoder of Pocket TTS with our own int8 operators, smoothed on a made-up clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx

from edge.bundler.export.pocket.fused import FloatCodec, write_fused_codec
from edge.bundler.export.pocket.layout import HOP
from edge.bundler.export.pocket.made_up_clip import latents_of
from edge.bundler.quantize.channel_gains import activation_gains
from edge.bundler.quantize.recipe import Array, Calibration, RecipeLog, save

OPERATORS = ("QConv1d", "QConvTranspose1d")


def int8_fused(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """8-bit weights: x86, and ARM with the dot product."""
    return _fused("int8-fused", source, target, bits=8)


def int8_fused_7bit(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
    """7-bit weights, for CPUs without."""
    return _fused("int8-fused-7bit", source, target, bits=7)


def _fused(recipe: str, source: Path, target: Path, bits: int) -> RecipeLog:
    model = onnx.load(str(source))  # our own exporter's
    gains = activation_gains(model, _fed(model, latents_of(source.parent)))
    made = write_fused_codec(model, bits, gains)
    size = save(made, target)
    quantized = tuple(node.name for node in made.graph.node if node.op_type in OPERATORS)
    return RecipeLog(recipe, source.stat().st_size, size, quantized, ())


def _fed(model: onnx.ModelProto, latents: Array) -> Iterator[dict[str, Array]]:
    """Stretches of latents that a cache has room for, each from a fresh state."""
    capacity = FloatCodec(model).positions
    frames = capacity // HOP
    fresh: dict[str, Array] = {}
    for value in model.graph.input:
        sizes = [d.dim_value or capacity for d in value.type.tensor_type.shape.dim]
        fresh[value.name] = np.zeros(sizes, np.float32)
    for start in range(0, len(latents) - frames + 1, frames):
        yield fresh | {
            "latent": latents[start : start + frames],
            "last_row": np.array([HOP * frames - 1], np.int32),
            "rows": np.array(HOP * frames, np.int32),
        }
