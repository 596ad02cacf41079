"""edge build: what it refuses before it begins, and a voice of one's own without a description."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from edge import synth
from edge.bundle import VOICE, open_bundle
from edge.bundler import corpus
from edge.bundler.own_voice import described
from edge.cli import run
from edge.synth import Style
from edge.voice import load_voice
from tests.helpers.random_voices import VOICES, write_letters

FP32 = ["--profile", "rpi4", "--only", "fp32"]


def test_one_variant_and_every_variant_cannot_both_be_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["build", "--only", "fp32", "--every"]) == 2
    assert "give one of --only VARIANT, --every and --quick" in capsys.readouterr().err


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder as a training leaves it: a model, its configuration, and nothing else."""
    folder = tmp_path / "my own"
    write_letters(VOICES["medium"], folder)
    (folder / "random.yaml").unlink()
    (folder / "voice.onnx").rename(folder / "my voice.onnx")
    (folder / "voice.onnx.json").rename(folder / "my voice.onnx.json")
    return folder


def built(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(["build", *words, *FP32, "--out", str(folder / "out"), "--cache", str(folder)])
    assert status == 0, capsys.readouterr().err


def refused(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the two lines that a mistake is answered with."""
    assert run(["build", *words, *FP32, "--out", str(folder / "out")]) == 1
    assert not (folder / "out").exists()
    return capsys.readouterr().err


def test_a_voice_is_built_from_its_files_alone(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        corpus, "sentences", lambda purpose, language: ("the train leaves at nine, and so do we.",)
    )
    built([str(own / "my voice.onnx")], tmp_path, capsys)
    bundle = open_bundle(tmp_path / "out/my-voice--rpi4", machine=None)
    bundle.verify()
    assert (bundle.voice.name, bundle.voice.language) == ("my-voice", "en_US")
    assert bundle.voice.licence.name == "private"
    [segment] = synth.load(bundle).plan("tea", Style())
    assert len(segment.ids) > 0

    capsys.readouterr()
    assert run(["voices", str(own)]) == 0
    shown = capsys.readouterr().out
    assert shown == (bundle.path / VOICE).read_text("utf-8")
    (own / "mine.yaml").write_text(shown, "utf-8")  # a description to go on with
    placed, _ = described(str(own), None, None)
    assert load_voice(own / "mine.yaml").files["model"].sha256 == placed.files["model"].sha256
    assert run(["voices", str(bundle.path / VOICE)]) == 0
    assert "Licence: private" in capsys.readouterr().out


def test_a_folder_a_configuration_elsewhere_and_a_licence_can_be_named(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        corpus, "sentences", lambda purpose, language: ("the train leaves at nine, and so do we.",)
    )
    config = (own / "my voice.onnx.json").rename(tmp_path / "config.json")
    built([str(own), "--config", str(config), "--licence", "CC0-1.0"], tmp_path, capsys)
    bundle = open_bundle(tmp_path / "out/my-voice--rpi4", machine=None)
    assert bundle.voice.licence.name == "CC0-1.0"


def test_a_model_without_its_configuration(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own / "my voice.onnx.json").unlink()
    said = refused([str(own)], tmp_path, capsys)
    assert "my voice.onnx has no configuration" in said and "--config FILE.json" in said
    (own / "my voice.onnx.json").write_text(json.dumps({"audio": {}}))
    assert "it has no phoneme_id_map" in refused([str(own)], tmp_path, capsys)


@pytest.mark.parametrize("name", ["last.ckpt", "model.pth", "model.safetensors"])
def test_a_checkpoint_in_place_of_a_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / name).write_bytes(b"PK")
    for place in (tmp_path / name, tmp_path):
        said = refused([str(place)], tmp_path, capsys)
        assert f"{name} is a checkpoint of a training, not a model" in said
        assert "piper.train.export_onnx" in said


def test_a_model_of_another_architecture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
        for name in ("tokens", "style", "audio")
    ]
    node = helper.make_node("Add", ["tokens", "style"], ["audio"])
    graph = helper.make_graph([node], "other", values[:2], values[2:])
    onnx.save(helper.make_model(graph), str(tmp_path / "other.onnx"))
    said = refused([str(tmp_path / "other.onnx")], tmp_path, capsys)
    assert "other.onnx is no Piper voice: it takes tokens, style" in said
    assert "edge voices" in said


def test_a_folder_without_a_model_or_with_two(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own / "second.onnx").write_bytes(b"")
    said = refused([str(own)], tmp_path, capsys)
    assert "several models: my voice.onnx, second.onnx" in said
    assert f"edge build '{own}/my voice.onnx'" in said
    (tmp_path / "empty").mkdir()
    assert "holds no .onnx file" in refused([str(tmp_path / "empty")], tmp_path, capsys)


def test_what_a_description_says_is_not_said_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(["tone", "--licence", "MIT"], tmp_path, capsys)
    assert "tone has a description" in said


@pytest.mark.parametrize(
    ("told", "language"),
    [
        ({"language": {"code": "de_DE"}}, "de_DE"),
        ({"espeak": {"voice": "en-gb-x-rp"}}, "en_GB"),
        ({"espeak": {"voice": "cmn"}}, "cmn"),
        ({}, "und"),
    ],
)
def test_the_language_is_the_configurations(
    own: Path, told: dict[str, object], language: str
) -> None:
    config = own / "my voice.onnx.json"
    config.write_text(json.dumps({"phoneme_id_map": {"a": [0]}} | told))
    assert described(str(own), None, None)[0].language == language
