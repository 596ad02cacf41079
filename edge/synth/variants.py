"""Which of a bundle's variants this machine can run, best first, and why not the others."""

from __future__ import annotations

from edge import kernels
from edge.bundle import Bundle, Variant
from edge.errors import ModelFailed, NoBundle, ProviderMissing
from edge.machine import Machine
from edge.profile import Profile, Provider, usable_variants
from edge.recipes import recipe_of

SELF_TEST_LAYERS = 40
"""Random layers through every instruction set of this CPU: about 0.06 s."""


def runnable(bundle: Bundle, machine: Machine) -> tuple[list[Variant], list[str]]:
    """The variants, and a sentence for each that was passed over. Raises NoBundle if none is left,
    ProviderMissing if the profile requires a GPU's provider that is not offered.

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
        elif _needs_operators(variant) and (why := no_kernels()):
            mend = kernels.how_to_build()
            passed_over.append(f"{variant.name} needs our int8 operators: {why} ({mend})")
        elif why := _other_place(variant, bundle.profile):
            passed_over.append(f"{variant.name} {why}")
        else:
            found.append(variant)
    if not found:
        raise NoBundle(
            f"{bundle.path.name} has no variant for this machine: {'; '.join(passed_over)}",
            f"Build it here: edge build {bundle.voice.name}",
        )
    return found, passed_over


def windowed(variant: Variant) -> bool:
    """True if a variant's decoder keeps no state, which is for a GPU."""
    return recipe_of("decoder", variant.graphs.get("decoder", "")).windowed


def _needs_operators(variant: Variant) -> bool:
    return any(recipe_of(stage, graph).operators for stage, graph in variant.graphs.items())


def on_gpu(providers: tuple[Provider, ...]) -> tuple[Provider, ...]:
    """Pick a chain's providers for a decoder without state; the CPU if there is no other."""
    return tuple(p for p in providers if p.name != "CPUExecutionProvider") or providers


def on_cpu(providers: tuple[Provider, ...]) -> tuple[Provider, ...]:
    """Pick a chain's providers for a decoder with state: a GPU would plan each length of it
    anew."""
    cpu = tuple(p for p in providers if p.name == "CPUExecutionProvider")
    return cpu or (Provider("CPUExecutionProvider"),)


def _other_place(variant: Variant, profile: Profile) -> str:
    """Why this variant is not for what can be had here: a GPU, or none."""
    chain = profile.runtime.providers.decoder
    gpus = [p for p in on_gpu(chain) if p.name != "CPUExecutionProvider"]
    demanded = [p.name for p in gpus if p.require]
    if not gpus or "decoder" not in variant.graphs:
        return ""
    if not windowed(variant):
        return f"is for the CPU, and the profile demands {demanded[0]}" if demanded else ""
    from edge.synth.session import available_providers  # a board may lack onnxruntime

    offered = available_providers()
    for provider in gpus:
        if provider.name in offered:
            return ""
        if provider.require:
            raise ProviderMissing(
                f"the profile demands {provider.name}; this onnxruntime offers "
                + ", ".join(offered),
                "Install the onnxruntime build for this board (edge doctor names it), "
                "or set require: false in the profile.",
            )
    return (
        f"needs {' or '.join(p.name for p in gpus)}; "
        f"this onnxruntime offers {', '.join(offered)} (edge doctor)"
    )


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
