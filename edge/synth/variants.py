"""Which of a bundle's variants this machine can run, best first, and why not the others."""

from __future__ import annotations

from edge import kernels
from edge.bundle import Bundle, Variant
from edge.errors import ModelFailed, NoBundle
from edge.machine import Machine
from edge.profile import usable_variants

FUSED = "int8-fused"
"""Recipes that begin so need the operator library of edge/kernels."""
SELF_TEST_LAYERS = 40
"""Random layers through every instruction set of this CPU: about 0.06 s."""


def runnable(bundle: Bundle, machine: Machine) -> tuple[list[Variant], list[str]]:
    """The variants, and a sentence for each that was passed over. Raises NoBundle if none is left.

    A variant that the profile does not plan (the float one that others are measured against)
    runs anywhere.
    """
    plans = {plan.name: plan for plan in bundle.profile.variants}
    able = {plan.name for plan in usable_variants(bundle.profile, machine)}
    found: list[Variant] = []
    passed_over: list[str] = []
    for variant in bundle.manifest.variants:
        plan = plans.get(variant.name)
        if plan is not None and plan.name not in able:
            needs = " or ".join(plan.needs)
            passed_over.append(f"{variant.name} needs a CPU with {needs}")
        elif any(FUSED in graph for graph in variant.graphs.values()) and (why := no_kernels()):
            mend = kernels.how_to_build()
            passed_over.append(f"{variant.name} needs our int8 operators: {why} ({mend})")
        else:
            found.append(variant)
    if not found:
        raise NoBundle(
            f"{bundle.path.name} has no variant for this machine: {'; '.join(passed_over)}",
            f"Build it here: edge build {bundle.voice.name}",
        )
    return found, passed_over


def no_kernels() -> str:
    """Why the operator library cannot be used here; empty if it can."""
    library = kernels.library_path()
    if library is None:
        return "the library is not built"
    try:
        kernels.self_test(library, SELF_TEST_LAYERS)
    except (ModelFailed, OSError) as error:
        return str(error)
    return ""
