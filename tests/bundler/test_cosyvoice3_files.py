"""What a CosyVoice3 checkpoint says beside its weights, and the recipes of its stages: all that
needs no torch. About 3 s."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.bundler.candidates import planned_recipe
from edge.bundler.evaluate.stage_gate import most, warn
from edge.bundler.evaluate.stage_loss import MEL_DB, NEXT, STATE_DB, divergence
from edge.bundler.export import exporter
from edge.bundler.export.cosyvoice3 import fixed_noise
from edge.bundler.export.cosyvoice3.assets import SPECIAL, check_encoder, special_tokens
from edge.bundler.export.cosyvoice3.dimensions import read_dimensions
from edge.bundler.export.cosyvoice3.hyperpyyaml import Document
from edge.bundler.export.export_log import ExportLog
from edge.bundler.fetch import place_checkpoint
from edge.bundler.pipeline import Wish, build_bundle
from edge.bundler.quantize import maker
from edge.bundler.quantize.recipe import session_of
from edge.bundler.quantize.transformer import int_blocks
from edge.commands.doctor.checks import too_slow
from edge.errors import BadRecord, ExportFailed, FetchFailed, MissingPackage
from edge.families import FAMILIES
from edge.profile import (
    VariantPlan,
    all_profiles,
    load_profile,
    profiles_dir,
)
from edge.recipes import RECIPES
from edge.voice import Source, load_voice

CONFIG = {
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_attention_heads": 14,
    "num_hidden_layers": 24,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06,
    "rope_theta": 1000000.0,
    "vocab_size": 151936,
}

YAML = """\
__set_seed1: !apply:random.seed [1986]
sample_rate: 24000
token_mel_ratio: 2
chunk_size: 25
llm: !new:cosyvoice.llm.llm.CosyVoice3LM
    speech_token_size: 6561
    sampling: !name:x.ras_sampling {top_p: 0.8, top_k: 25, win_size: 10, tau_r: 0.1}
flow: !new:cosyvoice.flow.flow.CausalMaskedDiffWithDiT
    output_size: 80
    spk_embed_dim: 192
    vocab_size: 6561
    token_mel_ratio: !ref <token_mel_ratio>
    pre_lookahead_len: 3
    pre_lookahead_layer: !new:x.PreLookaheadLayer {channels: 1024}
    decoder: !new:x.CausalConditionalCFM
        cfm_params: !new:omegaconf.DictConfig
            content: {sigma_min: 1e-06, inference_cfg_rate: 0.7}
        estimator: !new:cosyvoice.flow.DiT.dit.DiT
            dim: 1024
            depth: 22
            heads: 16
            dim_head: 64
            ff_mult: 2
            static_chunk_size: !ref <chunk_size> * <token_mel_ratio>
hift: !new:cosyvoice.hifigan.generator.CausalHiFTGenerator
    in_channels: 80
    base_channels: 512
    nb_harmonics: 8
    sampling_rate: !ref <sample_rate>
    nsf_alpha: 0.1
    nsf_sigma: 0.003
    nsf_voiced_threshold: 10
    upsample_rates: [8, 5, 3]
    upsample_kernel_sizes: [16, 11, 7]
    istft_params: {n_fft: 16, hop_len: 4}
    resblock_kernel_sizes: [3, 7, 11]
    resblock_dilation_sizes: [[1, 3, 5], [1, 3, 5], [1, 3, 5]]
    source_resblock_kernel_sizes: [7, 7, 11]
    source_resblock_dilation_sizes: [[1, 3, 5], [1, 3, 5], [1, 3, 5]]
    lrelu_slope: 0.1
    audio_limit: 0.99
    f0_predictor: !new:x.CausalConvRNNF0Predictor {cond_channels: 512}
feat_extractor: !name:x.mel_spectrogram {n_fft: 1920, hop_size: 480, win_size: 1920}
"""


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    (tmp_path / "cosyvoice3.yaml").write_text(YAML)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def test_the_noise_is_that_of_the_released_code() -> None:
    noise = fixed_noise(80)
    assert (noise.shape, noise.dtype) == ((80, 2000), np.float32)
    assert np.allclose(noise[0, :4], [-1.12584, -1.15236, -0.25058, -0.43388], atol=1e-5)


def test_the_numbers_of_the_released_model_are_read(checkpoint: Path) -> None:
    d = read_dimensions(checkpoint / "cosyvoice3.yaml", checkpoint / "config.json")
    assert (d.llm.head, d.llm.speech_rows, d.llm.layers) == (64, 6761, 24)
    assert (d.flow.block, d.flow.guidance, d.flow.depth) == (50, 0.7, 22)
    assert (d.vocoder.frame, d.vocoder.rate, d.vocoder.look_right) == (480, 24_000, 4)
    assert d.sampling.top_k == 25


def test_all_that_is_wrong_is_told_at_once(checkpoint: Path) -> None:
    text = YAML.replace("            depth: 22\n", "").replace("dim_head: 64", "dim_head: lots")
    (checkpoint / "cosyvoice3.yaml").write_text(text)
    (checkpoint / "config.json").write_text(json.dumps(CONFIG | {"hidden_size": -1}))
    with pytest.raises(BadRecord) as caught:
        read_dimensions(checkpoint / "cosyvoice3.yaml", checkpoint / "config.json")
    for word in ("estimator.depth: missing", "dim_head: 'lots'", "hidden_size: '-1'"):
        assert word in caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("vocab_size: 6561", "vocab_size: 4096", "speech_token_size differs"),
        ("heads: 16", "heads: 8", "dim is not heads x dim_head"),
        ("depth: 22", "depth: 1000000000", "depth: '1000000000' is not a number from 1 to 256"),
        ("hop_size: 480", "hop_size: 441", "hop_size is not the vocoder's frame"),
        ("[8, 5, 3]", "[8, [5], 3]", "upsample_rates"),
        ("[8, 5, 3]", "8", "upsample_rates: expected 1 to 8 numbers"),
    ],
)
def test_numbers_that_do_not_go_together_are_refused(
    checkpoint: Path, old: str, new: str, said: str
) -> None:
    assert old in YAML
    (checkpoint / "cosyvoice3.yaml").write_text(YAML.replace(old, new))
    with pytest.raises(BadRecord) as caught:
        read_dimensions(checkpoint / "cosyvoice3.yaml", checkpoint / "config.json")
    assert said in caught.value.message


def test_tags_are_data_and_references_are_computed() -> None:
    document = Document("a: 6\nb: !new:os.system {c: !ref <a>}\nd: !ref (<b.c> + 1) // 2", "x")
    assert document.at("b.c") == 6
    assert document.at("d") == 3


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['touch /tmp/x']",
        "a: !include:/etc/passwd",
        "a: &x [1]\nb: *x",
        "a: !ref <b>\nb: !ref <a>",
        "a: !ref <a> + 1",
        "a: !ref __import__('os')",
        "a: !ref 9 ** 9 ** 9 ** 9",
        "a: !ref 'x' * 1000000000",
        "a: !ref 1 / 0",
        "a: !ref " + "(" * 150 + "1",
        "a: !ref " + "1+" * 5000 + "1",
        "a: !ref [1]",
        "- a",
        "a: [",
    ],
)
def test_nothing_is_run_and_nothing_grows(text: str) -> None:
    with pytest.raises(BadRecord):
        Document(text, "hostile.yaml").at("a")


def test_special_tokens_follow_the_vocabulary(tmp_path: Path) -> None:
    vocab, config = tmp_path / "vocab.json", tmp_path / "tokenizer_config.json"
    vocab.write_text(json.dumps({f"w{i}": i for i in range(300)}))
    config.write_text(json.dumps({"added_tokens_decoder": {"300": {"content": SPECIAL[0]}}}))
    assert special_tokens(vocab, config, 600)["<|endofprompt|>"] == 303
    with pytest.raises(BadRecord, match="do not fit the 310 rows"):
        special_tokens(vocab, config, 310)
    config.write_text(json.dumps({"added_tokens_decoder": {"7": {"content": SPECIAL[0]}}}))
    with pytest.raises(BadRecord, match="has the id 7, 300 is expected"):
        special_tokens(vocab, config, 600)
    for bad in ("[]", "{", '{"a": 1}', '{"a": "b"}'):
        vocab.write_text(bad)
        with pytest.raises(BadRecord):
            special_tokens(vocab, config, 600)


def test_the_encoders_are_looked_at_before_they_are_packed(tmp_path: Path) -> None:
    path = tmp_path / "campplus.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ExportFailed, match="not an ONNX model"):
        check_encoder(path, {"input": (3, None)})
    linear(path, "x")
    with pytest.raises(ExportFailed, match="expected feats of 3 axes, feats_length of 1 axes"):
        check_encoder(path, {"feats": (3, 128), "feats_length": (1, None)})
    check_encoder(path, {"input": (3, None)})


def test_a_checkpoint_folder_is_asked_for_and_all_it_lacks_is_named(tmp_path: Path) -> None:
    voice = load_voice("cosyvoice3-0.5b")
    with pytest.raises(FetchFailed) as caught:
        place_checkpoint(voice, None)
    assert "--checkpoint DIR" in caught.value.remedy
    (tmp_path / "llm.pt").write_bytes(b"x")
    with pytest.raises(FetchFailed) as caught:
        place_checkpoint(voice, tmp_path)
    assert "flow.pt" in caught.value.message and "merges.txt" in caught.value.message
    assert "llm.pt" not in caught.value.message


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", ""])
def test_a_description_reaches_no_file_outside_the_checkpoint(name: str) -> None:
    with pytest.raises(ValueError, match="checkpoint"):
        Source(checkpoint=name)


def linear(path: Path, name: str) -> None:
    """One matrix of 64 x 48 in a layer of that name: input (1, n, 64) -> y."""
    weight = np.random.default_rng(3).standard_normal((64, 48)).astype(np.float32)
    node = helper.make_node("MatMul", ["input", "w"], ["y"], name=f"{name}/MatMul")
    graph = helper.make_graph(
        [node],
        "linear",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, "n", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, "n", 48])],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))


@pytest.mark.parametrize(
    ("recipe", "layer", "operator", "loss"),
    [
        ("int8-dynamic", "layers.0.mlp.up_proj", "MatMulInteger", 0.02),
        ("int4", "layers.0.mlp.up_proj", "MatMulNBits", 0.15),
        ("int4", "layers.0.mlp.down_proj", "MatMulInteger", 0.02),  # kept higher
        ("int4-fp16", "layers.0.mlp.down_proj", "MatMulNBits", 0.01),
        ("int4-fp16", "layers.0.mlp.up_proj", "MatMulNBits", 0.15),
        ("fp16", "layers.0.mlp.up_proj", "MatMul", 0.001),
    ],
)
def test_a_layer_in_fewer_bits_says_nearly_the_same(
    tmp_path: Path, recipe: str, layer: str, operator: str, loss: float
) -> None:
    linear(tmp_path / "a.onnx", layer)
    log = maker(recipe, large=True)(tmp_path / "a.onnx", tmp_path / "b.onnx", None)
    assert log.quantized == (f"{layer}/MatMul",)
    assert operator in {n.op_type for n in onnx.load(str(tmp_path / "b.onnx")).graph.node}
    x = np.random.default_rng(4).standard_normal((1, 5, 64)).astype(np.float32)
    exact, small = (
        session_of(tmp_path / name).run(None, {"input": x})[0] for name in ("a.onnx", "b.onnx")
    )
    assert 0 < np.linalg.norm(exact - small) < loss * np.linalg.norm(exact)


@pytest.mark.parametrize("bits", [4, 8])
def test_blocks_hold_the_largest_weight_exactly(bits: int) -> None:
    weight = np.zeros((64, 2), np.float32)
    weight[:, 0] = np.linspace(-4, 4, 64)
    packed, scales = int_blocks(weight, bits)
    if bits == 4:
        packed = np.stack((packed & 15, packed >> 4), axis=-1)
    values = packed.reshape(2, 2, 32).astype(np.float32)
    back = ((values - (1 << (bits - 1))) * scales[..., None]).reshape(2, 64).T
    assert back[0, 0] == -4.0 and back[63, 0] == 4.0
    assert not back[:, 1].any()
    assert np.abs(back - weight).max() <= np.abs(scales).max()


def test_no_profile_reaches_below_the_floors() -> None:
    able = FAMILIES["cosyvoice3"].stages
    for profile in all_profiles():
        for plan in profile.variants:
            for stage in able:
                recipe = planned_recipe(plan, "cosyvoice3", stage)
                if stage in FAMILIES["cosyvoice3"].twice and stage not in plan.stages:
                    continue
                assert recipe in able[stage], f"{profile.name} {plan.name}: {stage} as {recipe}"
                assert recipe == "fp32" or stage in FAMILIES["cosyvoice3"].follows
    assert set(able["vocoder"]) == set(able["f0"]) == set(able["flow_front"]) == {"fp32"}
    assert {name for name, row in RECIPES.items() if row.nearest} | set(able["llm"]) == set(
        RECIPES
    )


@pytest.mark.parametrize("stage", FAMILIES["cosyvoice3"].stages)
@pytest.mark.parametrize("recipe", RECIPES)
def test_whatever_a_profile_plans_a_stage_stays_above_its_floor(stage: str, recipe: Any) -> None:
    """It gets a recipe that it may have, or one that no build makes of it."""
    able = FAMILIES["cosyvoice3"].stages[stage]
    named_too = dict.fromkeys(FAMILIES["cosyvoice3"].follows, recipe)
    for named in ({}, named_too):
        plan = VariantPlan("p", recipe, recipe, (), named)
        planned = planned_recipe(plan, "cosyvoice3", stage)
        assert planned in able or (planned.startswith("int4") and stage == "flow_step")
    assert stage in FAMILIES["cosyvoice3"].follows or planned == "fp32"
    assert stage != "flow_step" or "int4" not in able  # see the build's refusal below


def test_no_budget_widens_the_limits_of_the_stages() -> None:
    wide = replace(load_profile("jetson-orin-nano").budget, log_mel_db=20.0)
    narrow = replace(wide, log_mel_db=0.5)
    for budget in (wide, narrow):
        assert most(NEXT, budget) == 0.1
        assert most("logits, relative L2", budget) is None
    for measure in (MEL_DB, STATE_DB):
        assert most(measure, wide) == 4.0 and most(measure, narrow) == 0.5


def test_a_divergence_is_that_of_the_chances() -> None:
    """By its formula, of three tokens; a shift of all logits changes no chance."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    expected = (p * np.log(p / q)).sum()
    assert divergence(np.log(p), np.log(q) + 7) == pytest.approx(expected)
    assert divergence(np.log(p), np.log(p)) == 0


def test_a_profile_cannot_name_a_stage_that_stays_float(tmp_path: Path) -> None:
    text = (profiles_dir() / "x86-64.yaml").read_text()
    line = "  - {name: fp32, encoder: fp32, decoder: fp32}"
    assert line in text
    (tmp_path / "x86-64.yaml").write_text(
        text.replace(line, line[:-1] + ", stages: {vocoder: int8-dynamic}}")
    )
    with pytest.raises(BadRecord, match="llm, llm_prompt, flow_step"):
        load_profile(str(tmp_path / "x86-64.yaml"))


def test_without_torch_the_package_to_install_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackage) as caught:
        exporter("cosyvoice3")({}, tmp_path, ExportLog())
    assert ".[cosyvoice3]" in caught.value.remedy


def test_a_build_of_another_voice_does_not_load_torch() -> None:
    code = "import sys, edge.bundler.pipeline; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_doctor_warns_of_a_bundle_that_is_too_slow_for_the_board(tmp_path: Path) -> None:
    text = (profiles_dir() / "x86-64.yaml").read_text().replace("cosyvoice3: 2.2", "tone: 4")
    (tmp_path / "x86-64.yaml").write_text(text)
    wish = Wish("tone", str(tmp_path / "x86-64.yaml"))
    bundle = build_bundle(wish, tmp_path / "b", tmp_path / "cache", lambda *_: None)
    [(verdict, message, remedy)] = too_slow(bundle)
    assert verdict == "warn" and "about 4 seconds" in message and "edge prerender" in remedy


def test_a_board_that_cannot_keep_up_is_warned_of() -> None:
    assert "about 5 seconds" in warn("cosyvoice3", load_profile("rpi5"))
    assert "more than a second" in warn("cosyvoice3", load_profile("rpi4"))
    assert not warn("cosyvoice3", load_profile("jetson-agx-orin"))
    assert not warn("piper", load_profile("rpi5"))
