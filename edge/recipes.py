"""One row for each recipe, a way to make the graph of a stage smaller or faster.

A recipe is a function of edge/bundler/quantize/ and a row here; profiles, the build and the board
read all else from the row. A bundle names each graph by its stage and recipe, and `graph_name` and
`recipe_of` alone know how.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """The row: where its function is, and what the build and the board must know of its graphs."""

    name: str
    make: str = ""
    """Function, as MODULE.NAME in edge.bundler.quantize; empty if it is for large stages alone."""
    make_large: str = ""
    """The same for a family with stages of its own: a transformer whose time goes into MatMuls, or
    the codec that our operators know; empty if there is none."""
    operators: bool = False
    """Whether its graphs need our int8 operators (edge/kernels)."""
    windowed: bool = False
    """Whether its graphs are for a GPU: a decoder without state (edge/synth/gpu/windows.py)."""
    calibrated: bool = False
    """Whether it needs sentences to learn from."""
    rewritten: bool = False
    """Whether it writes the graph anew from the voice's own file."""
    nearest: str = ""
    """Recipe that a stage without this one takes for it: the same bits, by other means."""

    @property
    def stock(self) -> bool:
        """True if every onnxruntime runs its graphs, and nothing was learnt from sentences."""
        return not self.operators and not self.calibrated


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("fp32", "floating.fp32", "floating.fp32_copy"),
        Recipe("fp32-2d", "floating.fp32_2d", rewritten=True, nearest="fp32"),
        Recipe("fp16", "floating.fp16", "transformer.fp16_layers"),
        Recipe(
            "fp32-window", "floating.fp32_window", windowed=True, rewritten=True, nearest="fp32"
        ),
        Recipe(
            "fp16-window", "floating.fp16_window", windowed=True, rewritten=True, nearest="fp16"
        ),
        Recipe("int8-dynamic", "dynamic.int8_dynamic", "transformer.int8_layers"),
        Recipe("int8-static", "static.int8_static", calibrated=True, nearest="int8-dynamic"),
        Recipe(
            "int8-fused",
            "fused.int8_fused",
            "fused_codec.int8_fused",
            operators=True,
            calibrated=True,
            rewritten=True,
            nearest="int8-dynamic",
        ),
        Recipe(
            "int8-fused-7bit",
            "fused.int8_fused_7bit",
            "fused_codec.int8_fused_7bit",
            operators=True,
            calibrated=True,
            rewritten=True,
            nearest="int8-dynamic",
        ),
        Recipe("weights-int8", "storage.weights_int8", nearest="int8-dynamic"),
        Recipe("int4", make_large="transformer.int4_layers"),
        Recipe("int4-fp16", make_large="transformer.int4_fp16_layers"),
    )
}


def graph_name(stage: str, recipe: str) -> str:
    """Name the file of a stage's graph in a bundle."""
    return f"{stage}-{recipe}.onnx"


def recipe_of(stage: str, graph: str) -> Recipe:
    """Read how a graph was made from its name in a bundle; plain float if it does not say."""
    name = graph.removeprefix(f"{stage}-").removesuffix(".onnx")
    return RECIPES.get(name, RECIPES["fp32"])


def check_recipe(name: str, place: str) -> None:
    """Raise ValueError naming `place` unless there is such a recipe."""
    if name not in RECIPES:
        raise ValueError(f"{place}: {name!r} is no recipe; there are {', '.join(RECIPES)}")
