"""What a profile plans for a voice, by its family."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edge.bundler.candidates import REFERENCE, Candidate, Original, plans
from edge.profile import VariantPlan, load_profile

FIVE = VariantPlan("five", "fp32", "fp32", options={"steps": 5})


def test_a_variant_with_options_is_for_their_family_alone() -> None:
    """And float with other numbers is not what the others are measured against."""
    original = Original(Path(), 24_000, {"flow_step": "flow_step.onnx"}, (), (), None)
    profile = replace(load_profile("rpi5"), variants=(FIVE,))
    assert plans(original, profile, "cosyvoice3") == [FIVE, REFERENCE]
    assert plans(original, profile, "piper") == [REFERENCE]
    recipes = {"flow_step": "fp32"}
    five, ten = Candidate("five", recipes, {}, options={"steps": 5}), Candidate("ten", recipes, {})
    assert ten.is_reference and not five.is_reference and not five.is_like(ten)
