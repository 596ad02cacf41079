"""Which variants go into the bundle, in which order, and why: in words that a person can check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from edge.build.quality import Gate, Variant, shown
from edge.profile import Budget, Profile
from edge.synth.variants import FUSED

SAME_SPEED = 1.03
"""Ratios of CPU time closer than this are the same: the spread between two runs."""
MAX_CLIPPED = 1e-4


def gates(budget: Budget, reference: Variant) -> tuple[Gate, ...]:
    """The profile's demands as limits; those that compare with fp32 as it was measured."""
    found = [
        Gate("log_mel_db", "at most", budget.log_mel_db),
        Gate("clipped_fraction", "at most", MAX_CLIPPED),
    ]
    if reference.dnsmos_ovrl is not None:
        found.append(Gate("dnsmos_ovrl", "at least", reference.dnsmos_ovrl - budget.dnsmos_loss))
    if reference.word_error_rate is not None:
        limit = reference.word_error_rate + budget.word_errors / 100
        found.append(Gate("word_error_rate", "at most", limit))
    return tuple(found)


def decide(
    profile: Profile,
    measured: Sequence[Variant],
    limits: Sequence[Gate],
    runnable: Mapping[str, bool] | None,
) -> list[Variant]:
    """The variants with their verdicts, the chosen one first, then the packed, then the refused.

    `runnable`: which of them this machine's CPU can run, where it is of the board's architecture;
    None where it is not, and then the board decides (edge tune): all that pass are packed in the
    profile's order.
    """
    passed: list[Variant] = []
    refused: list[Variant] = []
    for variant in measured:
        broken = [gate for gate in limits if gate.holds(variant) is False]
        if broken:
            refused.append(replace(variant, verdict="refused", reason=_broken(variant, broken)))
        else:
            passed.append(variant)
    if runnable is None:
        packed = [
            replace(v, verdict="packed", reason="It passes; the board times it and decides.")
            for v in passed
        ]
        first = replace(
            packed[0],
            verdict="chosen",
            reason="The profile's first choice that passes; the board's own timing may change it.",
        )
        return [first, *packed[1:], *refused]
    return [*_by_speed(profile, passed, runnable), *refused]


def _by_speed(
    profile: Profile, passed: Sequence[Variant], runnable: Mapping[str, bool]
) -> list[Variant]:
    here = [v for v in passed if runnable[v.name]]
    fastest = min(here, key=lambda v: v.cpu_ratio)
    near = [v for v in here if v.cpu_ratio <= fastest.cpu_ratio * SAME_SPEED]
    best = min(near, key=lambda v: v.log_mel_db or 0.0)
    anywhere = {
        plan.name
        for plan in profile.variants
        if not plan.needs and FUSED not in (plan.encoder[: len(FUSED)], plan.decoder[: len(FUSED)])
    }
    spare = min((v for v in passed if v.name in anywhere), key=lambda v: v.bytes)
    decided = [replace(best, verdict="chosen", reason=_fastest(best, here))]
    for variant in passed:
        if variant is best:
            continue
        if variant is spare:
            reason = "The smallest that runs on every such board: the one to fall back on."
            decided.append(replace(variant, verdict="packed", reason=reason))
        else:
            decided.append(replace(variant, verdict="refused", reason=_slower(variant, best)))
    return sorted(decided, key=lambda v: ("chosen", "packed", "refused").index(v.verdict))


def _broken(variant: Variant, broken: Sequence[Gate]) -> str:
    words = []
    for gate in broken:
        measure, value = gate.of, getattr(variant, gate.measure)
        unit = f" {measure.unit}" if measure.unit else ""
        words.append(
            f"{measure.label} is {shown(measure, value)}{unit}, "
            f"{gate.bound} {shown(measure, gate.limit)} is demanded"
        )
    return "; ".join(words) + "."


def _fastest(best: Variant, here: Sequence[Variant]) -> str:
    others = [v for v in here if v is not best]
    if not others:
        return "The only one that passes here."
    next_ = min(others, key=lambda v: v.cpu_ratio)
    return (
        f"It passes and takes {best.cpu_ratio:.2f} of fp32's CPU time here; "
        f"the next, {next_.name}, takes {next_.cpu_ratio:.2f}."
    )


def _slower(variant: Variant, best: Variant) -> str:
    if variant.cpu_ratio > best.cpu_ratio * SAME_SPEED:
        return f"Slower than {best.name}: {variant.cpu_ratio:.2f} of fp32's CPU time here."
    return f"No faster than {best.name}, and it sounds no better."
