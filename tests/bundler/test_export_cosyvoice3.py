"""CosyVoice3 from a tiny random checkpoint of the released structure to a bundle; about 60 s.

It needs the extra `cosyvoice3`, which `make test` does not install (torch is 200 MB and more):
`.venv/bin/pip install -e '.[cosyvoice3]'`, then `pytest tests/bundler/test_export_cosyvoice3.py`.
"""

from __future__ import annotations

import json
import os
import pickle
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch", reason="needs the extra cosyvoice3: pip install torch")
pytest.importorskip("onnxscript", reason="needs the extra cosyvoice3: pip install onnxscript")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from edge import records  # noqa: E402
from edge.bundle import Bundle, open_bundle  # noqa: E402
from edge.bundler.candidates import Candidate, Original  # noqa: E402
from edge.bundler.evaluate.stage_gate import LOUD, STAGES, StageReport, choose_stages  # noqa: E402
from edge.bundler.evaluate.stage_loss import NEXT, STATE_DB, Speaking  # noqa: E402
from edge.bundler.export.cosyvoice3 import (  # noqa: E402
    NOISE_FRAMES,
    OFFICIAL_NOISE_FRAMES,
    fixed_noise,
    graphs,
    parity,
)
from edge.bundler.export.cosyvoice3.assets import step_times  # noqa: E402
from edge.bundler.export.cosyvoice3.checkpoint import build, read_state  # noqa: E402
from edge.bundler.export.cosyvoice3.dimensions import read_dimensions  # noqa: E402
from edge.bundler.export.cosyvoice3.model import Model, read_model  # noqa: E402
from edge.bundler.export.cosyvoice3.vocoder import F0Predictor, fourier  # noqa: E402
from edge.bundler.export.export_log import ExportLog  # noqa: E402
from edge.bundler.pipeline import Wish, build_bundle  # noqa: E402
from edge.bundler.quantize.recipe import session_of  # noqa: E402
from edge.errors import EdgeError, ExportFailed, QualityTooLow  # noqa: E402
from edge.profile import profiles_dir  # noqa: E402
from tests.helpers.kept_cosyvoice3 import NOISE, unpack  # noqa: E402
from tests.helpers.tiny_cosyvoice3 import write_checkpoint  # noqa: E402

GRAPHS = {"llm", "flow_front", "flow_step", "f0", "vocoder"}


def files(folder: Path) -> dict[str, Path]:
    return {name: folder / f"{name}.pt" for name in ("llm", "flow", "hift")}


def read(folder: Path) -> Model:
    d = read_dimensions(folder / "cosyvoice3.yaml", folder / "CosyVoice-BlankEN" / "config.json")
    return read_model(files(folder), d)


def quiet(stage: str, done: int, total: int) -> None:
    """The progress of a build that shows none."""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> Model:
    return read(checkpoint)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def bundle(checkpoint: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    wish = Wish("cosyvoice3-0.5b", "jetson-orin-nano", checkpoint=checkpoint)
    return build_bundle(wish, tmp_path_factory.mktemp("built") / "b", cache, quiet)


def test_the_bundle_holds_what_a_board_needs(bundle: Bundle) -> None:
    assert bundle.manifest.family == "cosyvoice3" and bundle.manifest.rate == 24_000
    first = bundle.manifest.variants[0]
    assert set(first.graphs) == GRAPHS
    assert first.graphs["llm"] == "llm-int4-fp16.onnx"  # as the profile plans it
    assert first.graphs["flow_step"] == "flow_step-fp16.onnx"
    for stage in ("f0", "vocoder", "flow_front"):
        assert first.graphs[stage] == f"{stage}-fp32.onnx"
    beside = {"config.json", "vocab.json", "merges.txt", "noise.npy", "text_embed.npy"}
    encoders = {"speech_embed.npy", "campplus.onnx", "speech_tokenizer_v3.onnx"}
    assert beside | encoders <= set(bundle.manifest.files)
    assert STAGES not in bundle.manifest.files
    assert open_bundle(bundle.path, None).manifest == bundle.manifest


def test_the_noise_is_what_torch_draws() -> None:
    drawn = torch.randn((80, OFFICIAL_NOISE_FRAMES), generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(fixed_noise(80), drawn[:, :NOISE_FRAMES], atol=3e-6)


def test_every_stage_agrees_with_pytorch(bundle: Bundle) -> None:
    report = records.load_json(bundle.path / STAGES, StageReport)
    assert {row.stage.split(",")[0] for row in report.parity} == GRAPHS
    assert not parity.failures(list(report.parity))
    greedy = next(row for row in report.parity if "greedy" in row.stage)
    assert greedy.max_abs == 0
    tried = {row.stage: row for row in report.export if row.bytes and row.stage in GRAPHS}
    assert set(tried) == GRAPHS
    ours = {"llm", "flow_step"}
    assert {row.stage for row in tried.values() if row.exporter == "our own"} == ours
    assert {row.exporter for name, row in tried.items() if name not in ours} == {"torch dynamo"}
    assert any(row.stage == "llm: layers.1" and row.nodes_after for row in report.export)
    assert {row.recipe for row in report.quality} >= {"int4-fp16", "fp16"}
    loud = [row for row in report.quality if row.measure.startswith(LOUD)]
    assert {row.stage for row in loud} == ours and all(row.limit for row in loud)
    moved = [row for row in report.quality if row.measure == NEXT]
    assert moved and all(0 < row.value < 0.1 == row.limit for row in moved)
    chunks = next(row for row in report.parity if "kept state" in row.stage)
    assert 0 < chunks.relative_l2 < 1e-6
    kept = {row.measure: row for row in report.quality if "kept state" in row.measure}
    assert kept[STATE_DB].limit == bundle.profile.budget.log_mel_db
    assert kept["mel of kept state, relative L2"].value < 1e-3


def test_the_graphs_carry_no_trace_of_where_they_were_made(bundle: Bundle) -> None:
    for name in bundle.manifest.variants[0].graphs.values():
        raw = bundle.file(name).read_bytes()
        assert b"/tests/" not in raw and b".py" not in raw
        graph = onnx.load(str(bundle.file(name)))
        assert {item.key for item in graph.metadata_props} == {"family", "stage"}
        assert min(i.version for i in graph.opset_import if i.domain == "") >= graphs.OPSET


def test_the_same_checkpoint_gives_the_same_bytes(
    checkpoint: Path, bundle: Bundle, tmp_path: Path
) -> None:
    wish = Wish("cosyvoice3-0.5b", "jetson-orin-nano", checkpoint=checkpoint)
    again = build_bundle(wish, tmp_path / "b", tmp_path / "cache", quiet)
    assert again.manifest.files == bundle.manifest.files


def test_the_kept_graphs_are_what_the_exporter_writes(
    bundle: Bundle, cache: Path, tmp_path: Path
) -> None:
    """Else: python -m tests.helpers.kept_cosyvoice3, and look at what has changed."""
    [folder] = (cache / "stages").glob("export-*[!k]")
    kept = unpack(tmp_path).path
    for stage in GRAPHS:
        ours, theirs = onnx.load(kept / f"{stage}-fp32.onnx"), onnx.load(folder / f"{stage}.onnx")
        for part in ("input", "output", "node"):
            assert getattr(ours.graph, part) == getattr(theirs.graph, part), (stage, part)
        made = {tensor.name: tensor for tensor in theirs.graph.initializer}
        assert [tensor.name for tensor in ours.graph.initializer] == list(made), stage
        for tensor in ours.graph.initializer:
            expected = onnx.numpy_helper.to_array(made[tensor.name])
            np.testing.assert_allclose(onnx.numpy_helper.to_array(tensor), expected, atol=1e-6)
    for name in set(bundle.manifest.files) & {file.name for file in kept.iterdir()}:
        if name == "config.json":  # written anew around the kept graphs, with one key more
            ours = json.loads((kept / name).read_text())
            del ours["sampling"]["least"]
            assert ours == json.loads(bundle.file(name).read_text())
        elif not name.endswith((".weights", ".onnx", ".npy", ".yaml")):
            assert (kept / name).read_bytes() == bundle.file(name).read_bytes(), name
    for name in ("speech_embed.npy", "text_embed.npy"):
        np.testing.assert_array_equal(np.load(kept / name), np.load(bundle.file(name)))
    noise = np.load(kept / NOISE)
    assert (noise.shape, noise.dtype) == ((80, 2000), np.load(bundle.file(NOISE)).dtype)


def test_a_variant_beyond_the_budget_is_not_packed(
    checkpoint: Path, cache: Path, tmp_path: Path
) -> None:
    text = (profiles_dir() / "jetson-orin-nano.yaml").read_text()
    profile = tmp_path / "jetson-orin-nano.yaml"
    profile.write_text(text.replace("log_mel_db: 2.0", "log_mel_db: 0.0"))
    wish = Wish("cosyvoice3-0.5b", str(profile), "fp16-gpu", checkpoint=checkpoint)
    with pytest.raises(QualityTooLow, match=r"mel.*, dB"):
        build_bundle(wish, tmp_path / "b", cache, quiet)
    assert not (tmp_path / "b").exists()


def test_a_flow_in_four_bits_is_not_made(checkpoint: Path, cache: Path, tmp_path: Path) -> None:
    """Below the floor of its stage, whatever the profile says."""
    text = (profiles_dir() / "jetson-orin-nano.yaml").read_text()
    profile = tmp_path / "jetson-orin-nano.yaml"
    profile.write_text(text.replace("stages: {llm: int4-fp16}", "stages: {flow_step: int4}"))
    wish = Wish("cosyvoice3-0.5b", str(profile), "fp16-gpu", checkpoint=checkpoint)
    with pytest.raises(EdgeError, match="int4 is not known for flow_step"):
        build_bundle(wish, tmp_path / "b", cache, quiet)
    assert not (tmp_path / "b").exists()


def test_a_language_model_that_chooses_otherwise_is_not_packed(
    checkpoint: Path, bundle: Bundle, cache: Path, tmp_path: Path
) -> None:
    """Whatever budget a profile has: its head is three times too loud here."""
    [folder] = (cache / "stages").glob("export-*[!k]")
    names = {stage: f"{stage}.onnx" for stage in GRAPHS}
    original = Original(folder, 24_000, names, (), (), None)
    model = onnx.load(folder / "llm.onnx")
    head = next(node for node in model.graph.node if node.name.startswith("llm_decoder/"))
    tensor = next(t for t in model.graph.initializer if t.name == head.input[1])
    array = onnx.numpy_helper.to_array(tensor)
    tensor.CopyFrom(onnx.numpy_helper.from_array(3 * array, tensor.name))
    onnx.save(model, tmp_path / "llm.onnx")
    paths = {stage: folder / name for stage, name in names.items()}
    recipes = dict.fromkeys(GRAPHS, "fp32") | {"llm": "int4"}
    bad = Candidate("bad", recipes, paths | {"llm": tmp_path / "llm.onnx"})
    wide = replace(bundle.profile.budget, log_mel_db=20.0)
    profile = replace(bundle.profile, budget=wide)
    with pytest.raises(QualityTooLow, match=r"KL in nats is .*, the limit is 0\.1"):
        choose_stages(original, bundle.voice, profile, [bad], "bad")


@pytest.mark.parametrize("name", ["flow_front", "f0", "vocoder"])
def test_the_older_exporter_takes_over(
    model: Model, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(stage: graphs.Stage) -> None:
        stage.module(*(value[..., :0] for value in stage.inputs(**stage.example).values()))
        raise RuntimeError("no such operator")

    monkeypatch.setattr(graphs, "_by_dynamo", fail)
    stage = next(stage for stage in graphs.stages(model) if stage.name == name)
    log = ExportLog()
    graphs.write_graph(stage, tmp_path / "a.onnx", log)
    rows = [row for row in log.rows if row.stage == name]
    assert [(row.exporter, row.ok) for row in rows] == [
        ("torch dynamo", False),
        ("torch script", True),
    ]
    assert rows[0].error
    assert not parity.failures(parity.prove(stage, tmp_path / "a.onnx", model))


class Broken(nn.Module):
    def forward(self, x: Any) -> Any:
        return x if bool(x.sum() > 0) and x.nonsense else -x


class Outer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Broken()

    def forward(self, token: Any) -> Any:
        return self.inner(2 * token)


def test_a_stage_that_fails_names_its_module(model: Model, tmp_path: Path) -> None:
    step = next(stage for stage in graphs.stages(model) if stage.name == "flow_front")
    stage = replace(
        step,
        module=Outer(),
        axes={"token": {1: "n"}},
        inputs=lambda n: {"token": torch.ones(1, n)},
    )
    log = ExportLog()
    with pytest.raises(ExportFailed):
        graphs.write_graph(stage, tmp_path / "a.onnx", log)
    assert [row.ok for row in log.rows] == [False, False]
    assert all("flow_front: inner: " in row.error for row in log.rows)
    assert not (tmp_path / "a.onnx").exists()


def test_one_failing_stage_does_not_stop_the_others(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(stage: graphs.Stage, path: Path, log: ExportLog) -> None:
        if stage.name == "flow_front":
            raise ExportFailed("flow_front: broken for the test", "-")
        path.write_bytes(b"")

    monkeypatch.setattr(graphs, "write_graph", fail)
    monkeypatch.setattr(parity, "prove", lambda *_: [])
    wish = Wish("cosyvoice3-0.5b", "x86-64", checkpoint=checkpoint)
    with pytest.raises(ExportFailed, match="1 of 5 stages failed: flow_front: broken"):
        build_bundle(wish, tmp_path / "b", tmp_path / "cache", quiet)
    log = (tmp_path / "b.export-log.json").read_text()
    assert all(f"{stage}: parity" in log for stage in GRAPHS - {"flow_front"})


def test_a_graph_that_differs_is_not_packed(model: Model) -> None:
    rows = [parity.Parity("llm", 2e-6, 1.0), parity.Parity("f0", float("nan"), 0.0)]
    assert len(parity.failures(rows)) == 2


def test_both_spellings_and_the_prefix_give_the_same_weights(
    checkpoint: Path, tmp_path: Path
) -> None:
    other = write_checkpoint(tmp_path, "weight_g", generator=True)
    one, two = read_state(checkpoint / "hift.pt"), read_state(other / "hift.pt")
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert one["f0_predictor.condnet.0.weight"].dtype == torch.float64


def test_weight_norm_is_folded_as_torch_does_it(tmp_path: Path) -> None:
    layer = nn.utils.parametrizations.weight_norm(nn.Conv1d(6, 5, 3))
    whole = nn.ModuleDict({"conv": layer})
    layer.parametrizations.weight.original0.data.uniform_(0.1, 3)
    torch.save(whole.state_dict(), tmp_path / "a.pt")
    weight = read_state(tmp_path / "a.pt")["conv.weight"]
    assert torch.allclose(weight.float(), layer.weight.detach(), atol=1e-6)


def test_the_pitch_is_what_convolutions_say(model: Model) -> None:
    mel = torch.randn(1, model.dimensions.flow.mels, 30)
    x, f0 = mel.double(), model.f0
    for i, conv in enumerate(f0.condnet[::2]):
        x = functional.pad(x, (0, 3) if i == 0 else (2, 0))
        x = functional.elu(functional.conv1d(x, conv.weight, conv.bias))
    wanted = f0.classifier(x.transpose(1, 2)).abs()[..., 0]
    assert torch.allclose(f0(mel), wanted, rtol=1e-12)
    assert build(lambda: F0Predictor(model.dimensions.vocoder)).classifier.weight.is_meta


def test_steps_are_small_at_first() -> None:
    times = step_times(10)
    assert times[0] == 0 and times[-1] == pytest.approx(1.0)
    np.testing.assert_allclose(times, 1 - np.cos(np.arange(11) / 10 * np.pi / 2), atol=1e-6)


def test_convolutions_make_the_fourier_transforms() -> None:
    forward, inverse, square = fourier(16)
    x, window = torch.randn(1, 480), torch.hann_window(16)
    wanted = torch.stft(x, 16, 4, 16, window, return_complex=True)
    padded = functional.pad(x[None], (8, 8), mode="reflect")
    got = functional.conv1d(padded, forward, stride=4)
    assert torch.allclose(got, torch.cat((wanted.real, wanted.imag), dim=1), atol=1e-5)
    back = functional.conv_transpose1d(got, inverse, stride=4)
    back = back / functional.conv_transpose1d(torch.ones_like(got[:, :1]), square, stride=4)
    assert torch.allclose(back[0, :, 8:-8], torch.istft(wanted, 16, 4, 16, window), atol=1e-5)


def test_a_prompt_in_parts_is_the_prompt(bundle: Bundle) -> None:
    path = bundle.file(bundle.manifest.variants[0].graphs["llm"])
    numbers = json.loads(bundle.file("config.json").read_text())
    x = np.random.default_rng(0).standard_normal((1, 9, 64)).astype(np.float32)
    whole = Speaking(session_of(path), numbers, 9).go_on(x)
    one = Speaking(session_of(path), numbers, 12)
    parts = [one.go_on(x[:, i : i + 1]) for i in range(9)]
    assert np.linalg.norm(parts[-1] - whole) < 0.01 * np.linalg.norm(whole)  # float16 between


def test_the_time_is_a_table_and_no_weight_of_it_is_left(model: Model, tmp_path: Path) -> None:
    """140 of the released flow's 331 million see nothing but the time."""
    stage = next(stage for stage in graphs.stages(model) if stage.name == "flow_step")
    graphs.write_graph(stage, tmp_path / "a.onnx", ExportLog())
    written = onnx.load(tmp_path / "a.onnx").graph.initializer
    held = sum(int(np.prod(tensor.dims)) for tensor in written)
    learnt = {name: value.numel() for name, value in model.step.named_parameters()}
    timed = ("time_embed", "attn_norm", "norm_out")
    of_time = sum(count for name, count in learnt.items() if any(t in name for t in timed))
    tables = sum(
        int(np.prod(t.dims))
        for t in written
        if t.name.startswith(("times", "cos", "sin", "tails"))
    )
    assert of_time > sum(learnt.values()) / 3
    assert held - tables < sum(learnt.values()) - of_time + 2000  # shapes and step sizes


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, (str(Path(os.environ["EVIL"])),)


def damage_code(folder: Path) -> None:
    torch.save({"llm_decoder.weight": Evil()}, folder / "llm.pt")


def damage_plain_pickle(folder: Path) -> None:
    (folder / "llm.pt").write_bytes(pickle.dumps({"a": Evil()}))


def damage_cut(folder: Path) -> None:
    raw = (folder / "flow.pt").read_bytes()
    (folder / "flow.pt").write_bytes(raw[: len(raw) // 2])


def damage_tail(folder: Path) -> None:
    """The directory of the archive lies at its end."""
    raw = (folder / "llm.pt").read_bytes()
    (folder / "llm.pt").write_bytes(raw[:-1])


def damage_empty(folder: Path) -> None:
    (folder / "hift.pt").write_bytes(b"")


def damage_folder(folder: Path) -> None:
    (folder / "hift.pt").unlink()
    (folder / "hift.pt").mkdir()


def damage_nested(folder: Path) -> None:
    state = torch.load(folder / "flow.pt", weights_only=True)
    torch.save({"state_dict": state}, folder / "flow.pt")


def damage_program(folder: Path) -> None:
    """TorchScript: code and weights in one archive."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is old
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), folder / "llm.pt")


def damage_list(folder: Path) -> None:
    torch.save([torch.zeros(3)], folder / "hift.pt")


def damage_keys(folder: Path) -> None:
    state = torch.load(folder / "flow.pt", weights_only=True)
    del state["input_embedding.weight"]
    state["decoder.estimator.proj_out.bias"] = torch.zeros(7)
    state["spk_embed_affine_layer.bias"] = torch.zeros(80, dtype=torch.int64)
    state["extra.weight"] = torch.zeros(2)
    torch.save(state, folder / "flow.pt")


def damage_size(folder: Path) -> None:
    state = torch.load(folder / "llm.pt", weights_only=True)
    state["llm_decoder.weight"] = torch.zeros(1).expand(1 << 40, 1 << 20)  # no bytes behind it
    torch.save(state, folder / "llm.pt")


def damage_values(folder: Path) -> None:
    state = torch.load(folder / "llm.pt", weights_only=True)
    state["speech_embedding.weight"][3, 3] = float("nan")
    torch.save(state, folder / "llm.pt")


def damage_norm(folder: Path) -> None:
    state = torch.load(folder / "hift.pt", weights_only=True)
    del state["conv_pre.parametrizations.weight.original0"]
    torch.save(state, folder / "hift.pt")


def damage_norm_size(folder: Path) -> None:
    state = torch.load(folder / "hift.pt", weights_only=True)
    state["conv_pre.parametrizations.weight.original0"] = torch.zeros(1 << 20, 1, 1)
    huge = torch.zeros(1).expand(1 << 20, 1 << 10, 5)
    state["conv_pre.parametrizations.weight.original1"] = huge
    torch.save(state, folder / "hift.pt")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damage_code, ["llm.pt", "something other than weights"]),
        (damage_plain_pickle, ["llm.pt"]),
        (damage_cut, ["flow.pt", "cut short"]),
        (damage_tail, ["llm.pt", "cut short"]),
        (damage_empty, ["hift.pt", "cut short (0 bytes)"]),
        (damage_folder, ["hift.pt"]),
        (damage_nested, ["flow.pt", "'state_dict' is", "not weights"]),
        (damage_program, ["llm.pt"]),
        (damage_list, ["hift.pt", "list"]),
        (
            damage_keys,
            [
                "input_embedding.weight is missing",
                "decoder.estimator.proj_out.bias has shape (7,), (80,) is expected",
                "spk_embed_affine_layer.bias has type torch.int64",
                "extra.weight is unknown",
            ],
        ),
        (damage_size, ["llm_decoder.weight has shape"]),
        (damage_values, ["speech_embedding.weight holds a value that is no number"]),
        (damage_norm, ["conv_pre: weight norm", "magnitudes None"]),
        (damage_norm_size, ["conv_pre has shape", "67,108,864"]),
    ],
)
def test_a_hostile_checkpoint_is_refused_in_words(
    damage: Callable[[Path], None],
    said: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EVIL", str(tmp_path / "ran"))
    folder = write_checkpoint(tmp_path / "c")
    damage(folder)
    with pytest.raises(EdgeError) as caught:
        read(folder)
    assert all(words in caught.value.message for words in said), caught.value.message
    assert "released" in caught.value.remedy
    assert not (tmp_path / "ran").exists(), "code in the checkpoint was run"
