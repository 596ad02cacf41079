"""What every recipe owes the build and the board; a new one is covered by its row.

The last test is the trial of the README's table: a recipe is one function and one row.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from edge import synth
from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.piper import export_piper
from edge.bundler.pipeline import Wish, build_bundle
from edge.bundler.quantize import Calibration, RecipeLog, floating, maker
from edge.bundler.quantize.observe import layers
from edge.bundler.quantize.recipe import session_of
from edge.errors import BadRecord
from edge.families import FAMILIES
from edge.machine import read_machine
from edge.profile import load_profile, profiles_dir
from edge.recipes import RECIPES, Recipe, graph_name, recipe_of
from edge.synth.variants import runnable, windowed
from tests.cpus.operators import matrix
from tests.helpers import kept_pocket
from tests.helpers.random_voices import VOICES, VoiceShape, write_letters, write_voice

SHAPE = VoiceShape(hidden=96, inter=32, filter=64, initial=64, flows=1)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_makes_a_graph_that_loads(
    name: str, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_KERNELS", str(library))
    row = RECIPES[name]
    model, config = write_voice(SHAPE, tmp_path, seed=3)
    written = export_piper(model, config, tmp_path, ExportLog())
    decoder = written["decoder-stream"]
    latent = np.random.default_rng(1).standard_normal((1, 32, 60), np.float32)
    chosen = tuple(layer.name for layer in layers(onnx.load(decoder)))[:1]
    learnt = Calibration((latent,), 22_050, layers=chosen, original=model)
    matrix(tmp_path / "matrix.onnx", "layers.0.mlp.up_proj")
    assert row.make or row.make_large
    if row.make:
        source = tmp_path / "matrix.onnx" if name == "int8-dynamic" else decoder
        assert maker(name)(source, tmp_path / "made.onnx", learnt).recipe == name
        if row.operators:
            onnx.checker.check_model(str(tmp_path / "made.onnx"))
        else:
            session_of(tmp_path / "made.onnx")
    if row.make_large:
        source = tmp_path / "matrix.onnx"
        if row.operators:  # they know one stage of one family
            source = kept_pocket.exported("pointwise", tmp_path / "pocket") / "codec.onnx"
        log = maker(name, large=True)(source, tmp_path / "large.onnx", None)
        assert log.recipe == name
        if not row.operators:
            session_of(tmp_path / "large.onnx")


@pytest.mark.parametrize("name", RECIPES)
def test_a_graph_in_a_bundle_says_its_recipe(name: str) -> None:
    for stage in ("encoder", "decoder", *FAMILIES["cosyvoice3"].stages):
        assert recipe_of(stage, graph_name(stage, name)) is RECIPES[name]


def test_a_graph_whose_name_says_nothing_is_plain_float() -> None:
    for graph in ("decoder.onnx", "", "decoder-of-tomorrow.onnx"):
        assert recipe_of("decoder", graph) is RECIPES["fp32"]


def test_rows_name_recipes_that_are_there() -> None:
    nearest = {row.nearest for row in RECIPES.values() if row.nearest}
    named = {
        recipe for card in FAMILIES.values() for some in card.stages.values() for recipe in some
    }
    pairs = [pair for card in FAMILIES.values() for pair in card.instead.items()]
    named |= {name.split()[-1] for pair in pairs for name in pair}  # or of one stage: STAGE RECIPE
    assert nearest | named <= set(RECIPES)
    for row in RECIPES.values():
        assert not row.nearest or not RECIPES[row.nearest].nearest, f"{row.name}: two steps away"
    for card in FAMILIES.values():
        assert not card.stages or set(card.follows) <= set(card.stages)
        for recipes in card.stages.values():
            assert all(RECIPES[recipe].make_large for recipe in recipes)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("decoder: toy", "decoder: 'toy' is no recipe; there are fp32, "),
        ("decoder: fp32, stages: {llm: toy}", "stages.llm: 'toy' is no recipe"),
        (
            "decoder: fp32, stages: {vocoder: fp16}",
            "no recipe can be planned for 'vocoder', but for llm, llm_prompt, flow_step",
        ),
    ],
)
def test_a_profile_names_recipes_of_the_table_alone(
    key: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BadRecord) as raised:
        load_profile(str(planned(tmp_path, key)))
    assert message in raised.value.message


def test_a_recipe_is_one_function_and_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def toy(source: Path, target: Path, calibration: Calibration | None) -> RecipeLog:
        assert calibration is None
        model = onnx.load(source)
        model.doc_string = "made by a toy"
        onnx.save(model, target)
        return RecipeLog("toy", source.stat().st_size, target.stat().st_size)

    monkeypatch.setattr(floating, "toy", toy, raising=False)
    monkeypatch.setitem(RECIPES, "toy", Recipe("toy", "floating.toy"))
    voice = write_letters(VOICES["medium"], tmp_path / "voice")
    wish = Wish(voice, str(planned(tmp_path, "decoder: toy")), "weights-int8")
    bundle = build_bundle(wish, tmp_path / "bundle", tmp_path / "cache", lambda *_: None)
    [variant] = bundle.manifest.variants
    assert variant.graphs["decoder"] == "decoder-toy.onnx"
    made = onnx.load(bundle.path / "decoder-toy.onnx", load_external_data=False)
    assert made.doc_string == "made by a toy"
    assert runnable(bundle, read_machine()) == ([variant], []) and not windowed(variant)
    assert synth.load(bundle).rate == 22_050


def planned(folder: Path, decoder: str) -> Path:
    """Write the Raspberry Pi 4's profile with another decoder for its variant weights-int8."""
    text = (profiles_dir() / "rpi4.yaml").read_text(encoding="utf-8")
    assert text.count("decoder: weights-int8") == 1
    path = folder / "rpi4.yaml"
    path.write_text(text.replace("decoder: weights-int8", decoder), encoding="utf-8")
    return path
