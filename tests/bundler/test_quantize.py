"""Recipes on a small random voice, and what must never happen to a real one's durations."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from edge.bundle import Bundle
from edge.bundler.corpus import sentences
from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.piper import export_piper
from edge.bundler.metrics import log_mel_distance_db, snr_db
from edge.bundler.quantize import Calibration, RecipeLog, calibrate, decode, maker
from edge.bundler.quantize.dynamic import duration_nodes
from edge.bundler.quantize.observe import as_convolution, layers
from edge.bundler.quantize.recipe import constants, load, session
from edge.bundler.quantize.sensitivity import CUTS, Judge, search
from edge.bundler.quantize.static import Plan
from edge.errors import ExportFailed
from edge.pcm import Samples
from edge.recipes import RECIPES
from tests.helpers.random_voices import VoiceShape, write_voice

SHAPE = VoiceShape(hidden=96, inter=32, filter=64, initial=64, flows=2)
CHANNELS = 32
DECODER_RECIPES = ("fp32", "fp16", "int8-static", "weights-int8")


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("voice")
    return export_piper(*write_voice(SHAPE, folder, seed=3), folder, ExportLog())


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    random = np.random.default_rng(1)
    drawn = tuple(random.standard_normal((1, CHANNELS, 80 + 9 * i), np.float32) for i in range(2))
    return Calibration(drawn, rate=22_050, log_mel_db=0.5, sentences=1)


@pytest.fixture(scope="module")
def made(
    voice: dict[str, Path], calibration: Calibration, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Path, RecipeLog]]:
    folder = tmp_path_factory.mktemp("made")
    results = {}
    for recipe in DECODER_RECIPES:
        target = folder / f"{recipe}.onnx"
        log = maker(recipe)(voice["decoder-stream"], target, calibration)
        results[recipe] = (target, log)
    return results


def spoken(path: Path, latent: Samples, frames: int | None = None) -> Samples:
    return decode.audio(session(load(path), path.name), latent, frames)


@pytest.mark.parametrize("recipe", DECODER_RECIPES)
def test_a_decoder_keeps_its_inputs_outputs_and_sound(
    recipe: str,
    voice: dict[str, Path],
    made: dict[str, tuple[Path, RecipeLog]],
    calibration: Calibration,
) -> None:
    path, log = made[recipe]
    before, after = load(voice["decoder-stream"]), load(path)
    assert list(after.graph.input) == list(before.graph.input)
    assert [item.name for item in after.graph.output] == [i.name for i in before.graph.output]
    assert {entry.key: entry.value for entry in after.metadata_props} == {
        entry.key: entry.value for entry in before.metadata_props
    }
    latent = calibration.latents[1]
    reference, sound = spoken(voice["decoder-stream"], latent), spoken(path, latent)
    least_db, most_log_mel_db = {
        "fp32": (140.0, 0.0),
        "fp16": (40.0, 0.1),
        "int8-static": (20.0, 0.7),
        "weights-int8": (25.0, 0.5),
    }[recipe]
    assert snr_db(reference, sound) >= least_db
    assert log_mel_distance_db(reference, sound, 22_050) <= most_log_mel_db
    assert log.bytes_after == path.stat().st_size
    assert log.bytes_before == voice["decoder-stream"].stat().st_size


@pytest.mark.parametrize(("recipe", "least_db"), [("fp16", 50.0), ("int8-static", 25.0)])
def test_the_sound_hardly_depends_on_the_chunks(
    recipe: str,
    least_db: float,
    made: dict[str, tuple[Path, RecipeLog]],
    calibration: Calibration,
) -> None:
    latent = calibration.latents[0]
    whole, pieces = spoken(made[recipe][0], latent), spoken(made[recipe][0], latent, 20)
    assert snr_db(whole, pieces) >= least_db


def weight_bytes(path: Path) -> int:
    return sum(len(tensor.raw_data) for tensor in load(path).graph.initializer)


@pytest.mark.parametrize(("recipe", "part"), [("fp16", 0.55), ("weights-int8", 0.5)])
def test_the_weights_shrink(
    recipe: str, part: float, voice: dict[str, Path], made: dict[str, tuple[Path, RecipeLog]]
) -> None:
    assert weight_bytes(made[recipe][0]) < part * weight_bytes(voice["decoder-stream"])


@pytest.mark.parametrize(
    "recipe",
    sorted(
        r
        for r in RECIPES
        if RECIPES[r].make and not any(word in r for word in ("fused", "2d", "window"))
    ),
)
def test_the_same_input_gives_the_same_bytes(
    recipe: str,
    voice: dict[str, Path],
    made: dict[str, tuple[Path, RecipeLog]],
    calibration: Calibration,
    tmp_path: Path,
) -> None:
    stage = "encoder" if recipe == "int8-dynamic" else "decoder-stream"
    first, second = tmp_path / "first.onnx", tmp_path / "second.onnx"
    maker(recipe)(voice[stage], second, calibration)
    if recipe in made:
        first = made[recipe][0]
    else:
        maker(recipe)(voice[stage], first, calibration)
    assert first.read_bytes() == second.read_bytes()


def test_int8_convolutions_stay_int8_in_the_optimised_graph(
    voice: dict[str, Path], calibration: Calibration, tmp_path: Path
) -> None:
    names = tuple(layer.name for layer in layers(load(voice["decoder-stream"])))
    chosen = dataclasses.replace(calibration, layers=names)
    maker("int8-static")(voice["decoder-stream"], tmp_path / "int8.onnx", chosen)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(tmp_path / "int8.onnx"), options)
    kinds = Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)
    assert kinds["QLinearConv"] == len(names)
    assert kinds["QuantizeLinear"] <= len(names)
    assert kinds["DequantizeLinear"] == len(names)
    assert kinds["ConvTranspose"] == 0
    # The last convolution makes the waveform itself, and stays float.
    assert kinds["Conv"] + kinds["FusedConv"] == 1


def test_signed_activations_and_both_forms_make_the_same_sound(
    voice: dict[str, Path], calibration: Calibration, tmp_path: Path
) -> None:
    flat = export_piper(*write_voice(SHAPE, tmp_path, seed=3), tmp_path, ExportLog(), conv2d=True)
    source = voice["decoder-stream"]
    # One layer: what other roundings do in the first would be rounded anew in each that follows.
    name = "dec.ups.0"
    alone = dataclasses.replace(calibration, layers=(name,))
    signed = dataclasses.replace(alone, activations="s8")
    sounds = []
    for given, wish in ((source, alone), (source, signed), (flat["decoder-stream"], alone)):
        maker("int8-static")(given, tmp_path / "made.onnx", wish)
        sounds.append(spoken(tmp_path / "made.onnx", calibration.latents[0]))
    assert snr_db(spoken(source, calibration.latents[0]), sounds[0]) < 60.0  # it is quantized
    assert snr_db(sounds[0], sounds[1]) >= 45.0
    assert snr_db(sounds[0], sounds[2]) >= 45.0


def test_the_search_keeps_the_limit_and_tells_what_it_did(
    voice: dict[str, Path], calibration: Calibration, made: dict[str, tuple[Path, RecipeLog]]
) -> None:
    _, log = made["int8-static"]
    kept = [step for step in log.curve if step.kept]
    assert [step.layer for step in kept] == list(log.quantized)
    # Cut between any two, another CPU's roundings would choose.
    assert len(kept) in {len(log.curve) * part // CUTS for part in range(CUTS + 1)}
    totals = [step.cumulative for step in kept if step.cumulative is not None]
    assert totals and max(totals) <= calibration.log_mel_db
    assert sum(step.work for step in log.curve) == pytest.approx(1.0)
    assert {step.layer for step in log.curve} == {*log.quantized, *log.kept_float}
    assert [row.layer for row in log.sensitivity] == [step.layer for step in log.curve]


def test_a_lower_limit_keeps_fewer_layers_and_none_costs_nothing(
    voice: dict[str, Path], calibration: Calibration
) -> None:
    plan = Plan(load(voice["decoder-stream"]), calibration, "decoder")
    judge = Judge(plan, calibration)
    assert judge.distance(()) == 0.0
    assert 0.0 < judge.distance(list(plan.work)[:1]) < judge.distance(list(plan.work))
    nothing = search(plan, dataclasses.replace(calibration, log_mel_db=0.0))
    assert not any(step.kept for step in nothing)


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(16, 8, 4), (8, 4, 2), (4, 2, 1)])
def test_a_transposed_convolution_is_an_interleaved_one(
    kernel: int, stride: int, padding: int
) -> None:
    random = np.random.default_rng(2)
    weight = random.standard_normal((3, 2, kernel)).astype(np.float32)
    x = random.standard_normal((3, 9)).astype(np.float32)
    left, right = (kernel - 1 - padding) // stride, (stride - 1 + padding) // stride
    begin = padding + left * stride
    end = (left + right - 1) * stride + kernel - begin
    full = np.zeros((2, 8 * stride + kernel), np.float32)
    for i in range(9):
        full[:, i * stride : i * stride + kernel] += np.einsum("c,cok->ok", x[:, i], weight)
    expected = full[:, begin : full.shape[1] - end]
    conv = as_convolution(weight, stride, [begin, end])
    assert conv is not None
    taps = conv.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(x, taps, axis=1)
    made = np.einsum("pck,ctk->pt", conv, windows).reshape(2, stride, -1)
    np.testing.assert_allclose(made.transpose(0, 2, 1).reshape(2, -1), expected, atol=1e-5)


def test_failures_name_the_recipe_and_the_reason(
    voice: dict[str, Path], calibration: Calibration, tmp_path: Path
) -> None:
    target = tmp_path / "never.onnx"
    with pytest.raises(ExportFailed, match=r"int8-static.*calibration"):
        maker("int8-static")(voice["decoder-stream"], target, None)
    with pytest.raises(ExportFailed, match=r"int8-static.*streaming decoder"):
        maker("int8-static")(voice["encoder"], target, calibration)
    with pytest.raises(ExportFailed, match=r"int8-dynamic.*MatMul"):
        maker("int8-dynamic")(voice["decoder-stream"], target, None)
    unknown = dataclasses.replace(calibration, layers=("dec.nothing",))
    with pytest.raises(ExportFailed, match=r"dec\.nothing"):
        maker("int8-static")(voice["decoder-stream"], target, unknown)
    assert not target.exists()


@pytest.fixture(scope="module")
def joe(joe_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The real voice's fp32 encoder, its weights inside as before packing, and its config."""
    packed = joe_bundle.graph(joe_bundle.manifest.variants[0].graphs["encoder"])
    graph = tmp_path_factory.mktemp("joe") / "encoder.onnx"
    onnx.save(onnx.load(packed), graph)
    return graph, joe_bundle.file("config.json")


@pytest.mark.voice
@pytest.mark.parametrize("recipe", ["int8-dynamic", "weights-int8"])
def test_the_duration_predictor_is_never_quantized(
    recipe: str, joe: tuple[Path, Path], tmp_path: Path
) -> None:
    encoder, config = joe
    target = tmp_path / "encoder.onnx"
    log = maker(recipe)(encoder, target, None)
    before, after = load(encoder), load(target)
    named = {node.name for node in before.graph.node if node.name.startswith("dp.")}
    matmuls = {node.name for node in before.graph.node if node.op_type == "MatMul"}
    never = duration_nodes(before)
    assert len(named & matmuls) == 23  # the exporter's names agree with the structure
    assert named <= never
    assert not never & set(log.quantized)
    weights, kept = constants(before), constants(after)
    used = {name for node in before.graph.node if node.name in never for name in node.input}
    assert all(np.array_equal(kept[name], weights[name]) for name in used & set(weights))
    assert target.stat().st_size < 0.4 * encoder.stat().st_size
    texts = sentences("calibration", "en")[10:12]
    expected = calibrate.latents(encoder, config, texts)
    found = calibrate.latents(target, config, texts)
    for one, other in zip(expected, found, strict=True):
        assert abs(one.shape[2] - other.shape[2]) <= 0.06 * one.shape[2]
        assert np.all(np.isfinite(other))


@pytest.mark.voice
def test_onnxruntime_runs_the_int8_encoder_in_few_nodes(
    joe: tuple[Path, Path], tmp_path: Path
) -> None:
    """Its own SkipLayerNormalization takes 8 times as long as a sum and a norm; a MatMul that
    stays as it is has its scales, or its bias, in nodes of their own."""
    target = tmp_path / "encoder.onnx"
    maker("int8-dynamic")(joe[0], target, None)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 4  # it warns that such a file is for this machine alone
    onnxruntime.InferenceSession(target, options, providers=["CPUExecutionProvider"])
    nodes = onnx.load(tmp_path / "optimized.onnx").graph.node
    kinds = Counter(node.op_type for node in nodes)
    assert kinds["SkipLayerNormalization"] == kinds["MatMulInteger"] == 0
    assert kinds["LayerNormalization"] == 36
    assert kinds["DynamicQuantizeMatMul"] == 25
    assert kinds["FusedMatMul"] == 12  # logits and values of six layers, without transposes
    assert kinds["MatMul"] == 3 * 3 + 6  # each flow's first layer and spline; near values
    assert len(nodes) < 480


@pytest.mark.voice
def test_calibration_depends_on_nothing_but_its_arguments(joe: tuple[Path, Path]) -> None:
    texts = sentences("calibration", "en")[:2]
    first, second = calibrate.latents(*joe, texts), calibrate.latents(*joe, texts)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert first[0].shape[1] == 192
