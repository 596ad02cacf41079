"""Fewer steps and another guidance of the same flow, as a variant's options ask for them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.errors import BadRecord, BundleDamaged
from edge.profile import VariantPlan
from edge.records import from_dict
from edge.synth import Style
from edge.synth.cosyvoice3.flow_grid import Grid, make_grid
from edge.synth.cosyvoice3.prompt_state import key_of
from edge.synth.cosyvoice3.settings import FlowNumbers, read_settings
from edge.synth.cosyvoice3.speaker import nobody
from edge.synth.cosyvoice3.synthesizer import CosyVoice3Synthesizer


@pytest.fixture(scope="module")
def numbers(cosyvoice3_bundle: Bundle) -> FlowNumbers:
    return read_settings(cosyvoice3_bundle).flow


def voice(bundle: Bundle, options: dict[str, float]) -> CosyVoice3Synthesizer:
    [variant] = bundle.manifest.variants
    return CosyVoice3Synthesizer(bundle, dataclasses.replace(variant, options=options))


def test_five_steps_are_every_second_one_and_go_as_far(numbers: FlowNumbers) -> None:
    ten, five = make_grid(numbers, {}), make_grid(numbers, {"steps": 5})
    assert ten.rows == tuple(range(10)) and five.rows == (0, 2, 4, 6, 8)
    assert ten.sizes is not None and five.sizes is not None
    for grid in (ten, five):  # with less without: from time 0 to 1 in all
        assert grid.sizes is not None
        assert grid.sizes.sum() == pytest.approx(1.0, abs=1e-6)
    assert np.allclose(five.sizes, ten.sizes.reshape(5, 2, 2).sum(axis=1), atol=1e-7)
    assert ten.name == make_grid(numbers, {"steps": 10, "guidance": 0.7}).name == ""
    assert five.name and five.name != make_grid(numbers, {"steps": 5, "guidance": 1}).name


def test_without_guidance_the_condition_alone_counts(numbers: FlowNumbers) -> None:
    grid = make_grid(numbers, {"guidance": 0})
    assert grid.sizes is not None
    assert not grid.sizes[:, 1].any() and grid.sizes[:, 0].sum() == pytest.approx(1.0, abs=1e-6)


def test_an_older_bundle_has_its_own_sizes_and_no_other(numbers: FlowNumbers) -> None:
    older = dataclasses.replace(numbers, times=())
    assert make_grid(older, {}) == Grid(tuple(range(10)), None)
    assert make_grid(older, {}).inputs(3).keys() == {"step"}
    with pytest.raises(BundleDamaged, match=r"5 steps .* which has 10"):
        make_grid(older, {"steps": 5})
    with pytest.raises(BundleDamaged, match="3 steps"):
        make_grid(numbers, {"steps": 3})


def test_a_variant_speaks_with_its_options(cosyvoice3_bundle: Bundle) -> None:
    """The same tokens, so as long; another mel; and the model's own numbers are no option."""

    def said(options: dict[str, float]) -> np.ndarray:
        loaded = voice(cosyvoice3_bundle, options)
        [segment] = loaded.plan("One.", Style(seed=3))
        return np.concatenate([chunk.samples for chunk in loaded.speak(segment)])

    own = said({})
    assert np.array_equal(said({"steps": 10, "guidance": 0.7}), own)
    for options in ({"steps": 5}, {"guidance": 0}, {"steps": 2, "guidance": 1.5}):
        other = said(options)
        assert len(other) == len(own) and not np.array_equal(other, own), options
        assert np.isfinite(other).all()


def test_what_is_kept_of_a_clip_belongs_to_one_grid(cosyvoice3_bundle: Bundle) -> None:
    someone = nobody(read_settings(cosyvoice3_bundle))
    keys = {
        key_of(cosyvoice3_bundle, voice(cosyvoice3_bundle, options)._flow.made_by, someone)
        for options in ({}, {"steps": 5}, {"guidance": 0})
    }
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"steps": 3}, "steps 3, but it may be 1, 2, 5, 10"),
        ({"guidance": 4}, "guidance 4, but it may be 0 to 3"),
        ({"speed": 1}, "'speed' is none; there are steps, guidance"),
    ],
)
def test_a_profile_asks_for_what_there_is(options: dict[str, float], told: str) -> None:
    plan = {"name": "five", "encoder": "fp32", "decoder": "fp32", "options": options}
    with pytest.raises(BadRecord) as raised:
        from_dict(VariantPlan, plan, "profile.yaml")
    assert told in raised.value.message
