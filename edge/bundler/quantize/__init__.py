"""Make a graph smaller or faster: a function here and a row of edge.recipes for each recipe."""

from __future__ import annotations

import importlib

from edge.bundler.quantize.recipe import Calibration, Make, RecipeLog
from edge.recipes import RECIPES

__all__ = ["Calibration", "RecipeLog", "maker"]


def maker(recipe: str, large: bool = False) -> Make:
    """Import a recipe's function; `large`: the one for large stages. Raises KeyError for a recipe
    that has none."""
    row = RECIPES[recipe]
    place = row.make_large if large else row.make
    if not place:
        raise KeyError(f"{recipe} is {'not ' if large else 'only '}for large stages")
    module, _, name = place.rpartition(".")
    made: Make = getattr(importlib.import_module(f"edge.bundler.quantize.{module}"), name)
    return made
