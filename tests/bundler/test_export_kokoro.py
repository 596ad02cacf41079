"""Kokoro's graphs hold what the official classes compute; files that are not what they say are
refused, and a checkpoint runs no code."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from edge.bundler.export.kokoro import STAGES
from edge.bundler.export.kokoro.packs import read_packs
from edge.bundler.export.kokoro.torch_file import read_torch_file
from edge.bundler.export.kokoro.weights import read_weights
from edge.errors import ExportFailed
from edge.voice import load_voice
from tests.helpers import small_kokoro as small

REFERENCE = Path(__file__).parents[1] / "data" / "kokoro" / "reference.npz"
"""Made by tools/kokoro_reference.py of the same weights."""
MOST = 2e-6
"""Relative L2 of float32 against float32; the order of sums differs from CPU to CPU."""


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.write_voice(tmp_path_factory.mktemp("kokoro"))


@pytest.mark.parametrize("stage", STAGES)
def test_a_graph_computes_what_the_official_classes_do(stage: str, voice: Path) -> None:
    wanted = np.load(REFERENCE)
    weights = read_weights(voice.parent / "small.pth")
    index, style = wanted["index"], wanted["style"]
    inputs = {
        "encoder": {"ids": wanted["ids"], "style": style},
        "frames": {
            **{name: wanted[name][:, :, index] for name in ("prosody", "content")},
            "style": style,
        },
        "decoder": {"x": wanted["x"], "source": wanted["source"], "style": style},
    }[stage]
    session = onnxruntime.InferenceSession(STAGES[stage](weights).SerializeToString())
    names = [item.name for item in session.get_outputs()]
    for name, got in zip(names, session.run(names, inputs), strict=True):
        distance = np.linalg.norm(got.astype(np.float64) - wanted[name])
        assert distance <= MOST * np.linalg.norm(wanted[name]), name


def test_the_weights_of_a_checkpoint_are_read_whole(voice: Path) -> None:
    made = read_weights(voice.parent / "small.pth")
    given = small.weights()
    name = "decoder.module.generator.conv_post"
    value, gain = given[f"{name}.weight_v"], given[f"{name}.weight_g"]
    length = np.sqrt((value.astype(np.float64) ** 2).sum((1, 2), keepdims=True))
    got = made["decoder.generator.conv_post.weight"]
    np.testing.assert_allclose(got, gain * value / length, rtol=1e-6)
    assert made["text_encoder.lstm.B"].shape == (2, 4 * small.HIDDEN)
    assert not [name for name in made if ".module." in name or name.endswith(("_g", "_v"))]


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    small.write_torch_file(
        tmp_path / "other.pth", {"net": {"weight": np.ones((2, 2), np.float32)}}
    )
    with pytest.raises(ExportFailed, match="not a Kokoro voice"):
        read_weights(tmp_path / "other.pth")


class Stranger:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("a checkpoint ran code",)


def written(path: Path, data: bytes, storage: bytes = b"") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", data)
        archive.writestr("a/data/0", storage)
    return path


def test_a_checkpoint_runs_no_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "bad.pth", pickle.dumps({"x": Stranger()}, protocol=2))
    with pytest.raises(ExportFailed, match="print"):
        read_torch_file(file)
    assert not capsys.readouterr().out


@pytest.mark.parametrize("keep", [0, 1, 100])
def test_a_checkpoint_that_was_cut_short_is_refused(
    keep: int, voice: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(voice.parent / "small.pth") as archive:
        data = archive.read("archive/data.pkl")
        storage = archive.read("archive/data/0")
    file = written(tmp_path / "cut.pth", data, storage[:keep])
    with pytest.raises(ExportFailed):
        read_torch_file(file)


def table(folder: Path, data: npt.NDArray[np.float32], extra: bytes = b"") -> dict[str, Path]:
    (folder / "x.bin").write_bytes(data.tobytes() + extra)
    return {"voice-x": folder / "x.bin"}


@pytest.mark.parametrize(
    ("data", "extra"),
    [
        (np.zeros(0, np.float32), b""),
        (np.zeros(2 * small.STYLE + 1, np.float32), b""),
        (np.zeros(2 * small.STYLE, np.float32), b"\0"),
        (np.full(2 * small.STYLE, np.nan, np.float32), b""),
    ],
    ids=["empty", "half a row", "half a number", "not finite"],
)
def test_a_table_that_is_none_is_refused(
    data: npt.NDArray[np.float32], extra: bytes, tmp_path: Path, voice: Path
) -> None:
    weights = read_weights(voice.parent / "small.pth")
    with pytest.raises(ExportFailed, match="table of styles"):
        read_packs(table(tmp_path, data, extra), weights)


def test_tables_of_torch_and_of_plain_numbers_are_the_same(tmp_path: Path, voice: Path) -> None:
    weights = read_weights(voice.parent / "small.pth")
    rows = np.random.default_rng(0).standard_normal((4, 2 * small.STYLE)).astype(np.float32)
    files = table(tmp_path, rows)
    small.write_torch_file(tmp_path / "y.pt", {"voice": rows[:, None]})
    names, tables = read_packs({**files, "voice-y": tmp_path / "y.pt"}, weights)
    assert names == ("x", "y")
    np.testing.assert_array_equal(tables, [rows, rows])


def test_every_language_of_the_54_voices_is_described() -> None:
    codes = ["en_US", "en_GB", "es", "fr_FR", "hi_IN", "it_IT", "ja_JP", "pt_BR", "zh_CN"]
    voices = [load_voice(f"{code}-kokoro") for code in codes]
    speakers = [role for voice in voices for role in voice.files if role.startswith("voice-")]
    assert len(speakers) == len(set(speakers)) == 54
    assert all(source.sha256 and source.bytes for v in voices for source in v.files.values())
