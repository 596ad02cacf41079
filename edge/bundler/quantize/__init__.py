"""Make a graph smaller or faster: one function and one row here for each recipe."""

from __future__ import annotations

from collections.abc import Mapping

from edge.bundler.quantize.dynamic import int8_dynamic
from edge.bundler.quantize.floating import (
    fp16,
    fp16_window,
    fp32,
    fp32_2d,
    fp32_copy,
    fp32_window,
)
from edge.bundler.quantize.fused import int8_fused, int8_fused_7bit
from edge.bundler.quantize.recipe import Calibration, Make, RecipeLog
from edge.bundler.quantize.static import int8_static
from edge.bundler.quantize.storage import weights_int8
from edge.bundler.quantize.transformer import fp16_layers, int4_layers, int8_layers
from edge.profile import Recipe

__all__ = ["RECIPES", "STAGE_RECIPES", "Calibration", "RecipeLog"]

RECIPES: Mapping[str, Make] = {
    "fp32": fp32,
    "fp32-2d": fp32_2d,
    "fp16": fp16,
    "fp32-window": fp32_window,
    "fp16-window": fp16_window,
    "int8-dynamic": int8_dynamic,
    "int8-static": int8_static,
    "int8-fused": int8_fused,
    "int8-fused-7bit": int8_fused_7bit,
    "weights-int8": weights_int8,
}

_TRANSFORMER: Mapping[Recipe, Make] = {
    "fp32": fp32_copy,
    "fp16": fp16_layers,
    "int8-dynamic": int8_layers,
}
STAGE_RECIPES: Mapping[str, Mapping[str, Mapping[Recipe, Make]]] = {
    "cosyvoice3": {
        "llm": {**_TRANSFORMER, "int4": int4_layers},
        "flow_step": _TRANSFORMER,
        "flow_front": {"fp32": fp32_copy},
        "f0": {"fp32": fp32_copy},  # float64 inside: the phase of the sound sums its errors up
        "vocoder": {"fp32": fp32_copy},  # int8 convolutions cost 6 % of its peak
    }
}
"""Family -> stage -> all that the stage may become, for families with stages of their own. It is
the floor under each stage: no profile reaches below it."""
