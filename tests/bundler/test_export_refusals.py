"""What an exporter refuses: files that are no voices, lie about themselves, or do not agree.

About 5 s of CPU time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.bundler.export import original
from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.piper import export_piper
from edge.errors import EdgeError, ExportFailed
from tests.helpers.random_voices import VOICES, write_voice

Change = Callable[[onnx.ModelProto], object]


@pytest.fixture
def voice(tmp_path: Path) -> tuple[Path, Path]:
    return write_voice(VOICES["speakers"], tmp_path)


def refused(model: Path, config: Path, *words: str, stage: str = "read") -> None:
    """The export fails, says all of `words` and what to do, and leaves no file."""
    log, out = ExportLog(), model.parent / "out"
    with pytest.raises(ExportFailed) as caught:
        export_piper(model, config, out, log)
    for word in words:
        assert word in caught.value.message
    assert caught.value.remedy
    assert not out.exists()
    row = log.rows[-1]
    assert (row.stage, row.ok, row.error) == (stage, False, caught.value.message)


def changed(model: Path, change: Change) -> None:
    loaded = onnx.load(model)
    change(loaded)
    model.write_bytes(loaded.SerializeToString())


def tensor(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    return next(t for t in model.graph.initializer if t.name == name)


def replace(name: str, array: Any) -> Change:
    return lambda model: tensor(model, name).CopyFrom(numpy_helper.from_array(array, name))


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVEfmt ", b"{}", b"\x00" * 100])
def test_a_file_that_is_not_onnx(voice: tuple[Path, Path], content: bytes) -> None:
    voice[0].write_bytes(content)
    refused(*voice, "not an ONNX model", str(voice[0]))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file(voice: tuple[Path, Path], part: float) -> None:
    raw = voice[0].read_bytes()
    voice[0].write_bytes(raw[: int(len(raw) * part)])
    refused(*voice, str(voice[0]))


def test_a_missing_file(voice: tuple[Path, Path]) -> None:
    voice[0].unlink()
    refused(*voice, "No such file")


def test_a_file_too_large_to_parse(
    voice: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(original, "MAX_MODEL_BYTES", 1000)
    refused(*voice, "bytes, the limit is 1000")


def test_another_architecture(voice: tuple[Path, Path]) -> None:
    weight = numpy_helper.from_array(np.ones((4, 4), np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        [weight],
    )
    voice[0].write_bytes(helper.make_model(graph).SerializeToString())
    refused(*voice, "not a Piper voice")


@pytest.mark.parametrize("location", ["../../etc/shadow", "/etc/shadow", "weights.bin"])
def test_data_in_another_file(voice: tuple[Path, Path], location: str) -> None:
    def outside(model: onnx.ModelProto) -> None:
        target = tensor(model, "dec.conv_pre.weight")
        target.ClearField("raw_data")
        target.data_location = TensorProto.EXTERNAL
        target.external_data.add(key="location", value=location)

    changed(voice[0], outside)
    refused(*voice, "dec.conv_pre.weight", repr(location))


@pytest.mark.parametrize(
    ("dims", "word"),
    [([1 << 40, 1 << 40], "needs"), ([-1, 5], "negative"), ([2, 2], "needs 4 values")],
)
def test_a_shape_that_its_bytes_do_not_fill(
    voice: tuple[Path, Path], dims: list[int], word: str
) -> None:
    changed(
        voice[0],
        lambda model: tensor(model, "dec.conv_pre.weight").dims.__setitem__(slice(None), dims),
    )
    refused(*voice, "dec.conv_pre.weight", word)


def test_a_bomb_of_computed_constants(voice: tuple[Path, Path]) -> None:
    def bomb(model: onnx.ModelProto) -> None:
        model.graph.initializer.append(
            numpy_helper.from_array(np.array([1 << 40], np.int64), "huge")
        )
        model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["huge"], ["zeros"]))
        conv = next(node for node in model.graph.node if node.op_type == "Conv")
        conv.input[1] = "zeros"

    changed(voice[0], bomb)
    refused(*voice, "Conv node", "not a constant")


def test_a_weight_of_the_wrong_shape(voice: tuple[Path, Path]) -> None:
    wrong = np.zeros((7, 8, 5), np.float32)
    changed(voice[0], replace("dec.conv_pre.weight", wrong[:, :3]))
    refused(*voice, "dec.conv_pre", "(7, 3, 5)")


def test_a_weight_that_is_not_a_number(voice: tuple[Path, Path]) -> None:
    shape = tuple(tensor(onnx.load(voice[0]), "enc_p.proj.weight").dims)
    changed(voice[0], replace("enc_p.proj.weight", np.full(shape, np.nan, np.float32)))
    refused(*voice, "enc_p", "NaN")


def test_modules_in_another_order(voice: tuple[Path, Path]) -> None:
    """Equal shapes in swapped places: only the names can tell, and they are believed."""

    def swap(model: onnx.ModelProto) -> None:
        convs = {node.name: node for node in model.graph.node}
        one = convs["/enc_p/encoder/attn_layers/0/conv_q"]
        other = convs["/enc_p/encoder/attn_layers/0/conv_k"]
        for i in (1, 2):
            one.input[i], other.input[i] = other.input[i], one.input[i]

    changed(voice[0], swap)
    refused(*voice, "conv_k", "attn_layers.0.conv_q is expected")


def test_a_generator_that_ends_early(voice: tuple[Path, Path]) -> None:
    def cut(model: onnx.ModelProto) -> None:
        names = [node.op_type for node in model.graph.node]
        del model.graph.node[names.index("ConvTranspose") :]
        model.graph.output[0].name = model.graph.node[-1].output[0]

    changed(voice[0], cut)
    refused(*voice, "ends at convolution")


def test_padding_that_is_not_symmetric(voice: tuple[Path, Path]) -> None:
    def shift(model: onnx.ModelProto) -> None:
        node = next(n for n in model.graph.node if n.name == "/dec/conv_pre")
        pads = next(a for a in node.attribute if a.name == "pads")
        pads.ints[:] = [2, 4]

    changed(voice[0], shift)
    refused(*voice, "/dec/conv_pre", "[2, 4]")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("num_speakers", 1, ("num_speakers is 1", "5")),
        ("num_speakers", 904, ("num_speakers is 904", "5")),
        ("num_symbols", 256, ("num_symbols is 256", "20")),
        ("audio", {"sample_rate": 0}, ("audio.sample_rate is 0",)),
        ("audio", {"sample_rate": "22050"}, ("audio.sample_rate is '22050'",)),
        ("audio", None, ("audio.sample_rate",)),
        ("hop_length", 256, ("hop_length is 256", "8")),
        ("phoneme_id_map", {"a": [20]}, ("'a'", "20 symbols")),
        ("phoneme_id_map", {"a": [-1]}, ("'a'",)),
        ("phoneme_id_map", None, ("phoneme_id_map",)),
    ],
)
def test_a_config_that_contradicts_the_graph(
    voice: tuple[Path, Path], key: str, value: Any, words: tuple[str, ...]
) -> None:
    config = json.loads(voice[1].read_text())
    config[key] = value
    voice[1].write_text(json.dumps(config))
    refused(*voice, str(voice[1]), *words)


def test_a_rate_that_contradicts_the_metadata(voice: tuple[Path, Path]) -> None:
    changed(voice[0], lambda model: model.metadata_props.add(key="sample_rate", value="16000"))
    refused(*voice, "22050", "16000")


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, "\ufeff{}"])
def test_a_config_that_is_no_object(voice: tuple[Path, Path], text: str) -> None:
    voice[1].write_text(text)
    refused(*voice, str(voice[1]))


@pytest.mark.parametrize(("old", "new"), [("Relu", "Abs"), ("Sigmoid", "Tanh"), ("Erf", "Sin")])
def test_the_same_layers_with_other_functions(
    voice: tuple[Path, Path], old: str, new: str
) -> None:
    """Every weight fits, so only running both can tell."""

    def swap(model: onnx.ModelProto) -> None:
        for node in model.graph.node:
            if node.op_type == old:
                node.op_type = new

    changed(voice[0], swap)
    refused(*voice, "differ from the original", stage="proof")


def damaged(model: onnx.ModelProto, random: np.random.Generator) -> bytes:
    """One node, attribute, tensor or up to ten bytes of the file changed."""
    raw = bytearray(model.SerializeToString())
    kind = random.integers(6)
    if kind == 0:
        for place in random.integers(len(raw), size=random.integers(1, 11)):
            raw[place] = random.integers(256)
        return bytes(raw)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    nodes, tensors = copy.graph.node, copy.graph.initializer
    node, tensor = nodes[random.integers(len(nodes))], tensors[random.integers(len(tensors))]
    if kind == 1:
        node.op_type = nodes[random.integers(len(nodes))].op_type
    elif kind == 2 and node.input:
        node.input[random.integers(len(node.input))] = tensor.name
    elif kind == 3 and node.attribute:
        del node.attribute[random.integers(len(node.attribute))]
    elif kind == 4:
        nodes.remove(node)
    else:
        shape = random.integers(4, size=random.integers(4))
        tensor.CopyFrom(numpy_helper.from_array(np.zeros(shape, np.float32), tensor.name))
    return copy.SerializeToString()


@pytest.mark.parametrize("seed", range(6))
def test_damage_is_refused_or_harmless_but_never_a_crash(
    voice: tuple[Path, Path], tmp_path: Path, seed: int
) -> None:
    whole, random, refusals = onnx.load(voice[0]), np.random.default_rng(seed), 0
    for _ in range(8):
        voice[0].write_bytes(damaged(whole, random))
        try:
            export_piper(*voice, tmp_path / "out", ExportLog())
        except ExportFailed:
            refusals += 1
    assert refusals > 0


def test_a_folder_that_cannot_be_written(voice: tuple[Path, Path], tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("in the way")
    log = ExportLog()
    with pytest.raises(EdgeError) as caught:
        export_piper(*voice, place, log)
    assert str(place) in caught.value.message
    assert [row.ok for row in log.rows] == [True] * 5 + [False]
