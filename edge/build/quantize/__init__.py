"""Make a graph smaller or faster: one function and one row here for each recipe."""

from __future__ import annotations

from collections.abc import Mapping

from edge.build.quantize.dynamic import int8_dynamic
from edge.build.quantize.floating import fp16, fp16_window, fp32, fp32_2d, fp32_window
from edge.build.quantize.fused import int8_fused, int8_fused_7bit
from edge.build.quantize.recipe import Calibration, Make, RecipeLog
from edge.build.quantize.static import int8_static
from edge.build.quantize.storage import weights_int8
from edge.profile import Recipe

__all__ = ["RECIPES", "Calibration", "RecipeLog"]

RECIPES: Mapping[Recipe, Make] = {
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
