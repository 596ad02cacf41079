"""Pocket TTS from a checkpoint to graphs, beside what the official package computed; about 10 s.

The tiny checkpoints are of the released structures (tests/helpers/kept_pocket.py); the released
sizes are compared by tools/pocket_parity.py, which needs the package."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.pocket import export
from edge.bundler.export.pocket.safetensors import Tensors
from edge.bundler.export.pocket.trial import TriedGraph
from edge.bundler.export.pocket.vocabulary import read_vocabulary
from edge.errors import BadRecord, EdgeError, ExportFailed
from tests.helpers.kept_pocket import KINDS, unpack
from tests.helpers.pocket_parity import Made, distances

LIMIT = 2e-6
"""Relative L2 of each stage, given what the official code was given."""


@pytest.fixture(scope="module", params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp(request.param)
    files, reference = unpack(request.param, folder / "checkpoint")
    log, graphs = ExportLog(), folder / "graphs"
    graphs.mkdir()
    export(files, graphs, log)
    return Made(files, graphs, reference, log)


def test_every_stage_is_the_official_one(made: Made) -> None:
    found = distances(made, watched=(1, 1))
    assert set(found) == {"text ids", "latents", "end", "attention", "sound", "clip"}
    assert not {stage: far for stage, far in found.items() if not far <= LIMIT}


def test_the_log_tells_every_layer_and_any_cut_is_the_same(made: Made) -> None:
    rows = {row.stage: row for row in made.log.rows}
    assert {"lm: layers.1", "codec: seanet.11", "encoder: layers.0", "tables"} <= rows.keys()
    assert all(row.ok for row in rows.values())
    sizes = {s: sum(r.bytes for n, r in rows.items() if n.startswith(f"{s}: ")) for s in rows}
    assert 0.9 * rows["codec"].bytes < sizes["codec"] < rows["codec"].bytes
    assert len(made.log.parity) == 6 and max(p.relative_l2 for p in made.log.parity) < LIMIT


def test_bfloat16_and_its_relatives_are_read(tmp_path: Path) -> None:
    values = np.array([1.0, -0.15625, 3.0e38], np.float32)
    kinds = {
        "BF16": (values.view(np.uint32) >> 16).astype("<u2").tobytes(),
        "F16": np.array([1.0, -0.15625, 65504], "<f2").tobytes(),
        "F32": values.tobytes(),
    }
    for kind, raw in kinds.items():
        path = written(tmp_path / kind, {"a": (kind, [3], raw)})
        assert Tensors(path)["a"][:2].tolist() == [1.0, -0.15625]
    assert Tensors(tmp_path / "F32")["a"].tolist() == values.tolist()


def written(path: Path, tensors: dict[str, tuple[str, list[int], bytes]]) -> Path:
    header, data = {}, b""
    for name, (kind, shape, raw) in tensors.items():
        ends = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": ends}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda raw: raw[:-1], "outside of the file"),
        (lambda raw: raw[:4], "cut short"),
        (lambda raw: b"\xff" * 8 + raw[8:], "not a .safetensors file"),
        (lambda raw: raw.replace(b"BF16", b"I64 ", 1), "of type I64"),
        (lambda raw: raw.replace(b"out_eos.bias", b"out_eos.bits"), "out_eos.bias is missing"),
        (lambda raw: raw[:-2] + b"\x80\x7f", "holds a value that is no number"),
    ],
)
def test_a_damaged_file_of_weights_is_refused(
    tmp_path: Path, spoil: Callable[[bytes], bytes], said: str
) -> None:
    files, _ = unpack("drifting", tmp_path)
    files["model"].write_bytes(spoil(files["model"].read_bytes()))
    with pytest.raises(ExportFailed, match=said):
        export(files, tmp_path, ExportLog())


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ("num_layers: 2", "num_layers: 3", ExportFailed, "layers.2"),
        ("type: drifting", "type: flow_matching", BadRecord, "flow_lm.flow.type"),
        ("max_period: 10000", "max_period: 5000", BadRecord, "max_period 5000"),
        ("pad_mode: constant", "pad_mode: reflect", BadRecord, "SEANet"),
        ("z_dim: 20", "z_dims: 20", BadRecord, "unknown key 'z_dims'"),
        ("num_heads: 2", "num_heads: 5", BadRecord, "5 heads"),
    ],
)
def test_a_structure_that_is_not_known_is_named(
    tmp_path: Path, old: str, new: str, error: type[EdgeError], said: str
) -> None:
    files, _ = unpack("drifting", tmp_path)
    text = files["config"].read_text(encoding="utf-8")
    assert old in text
    files["config"].write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(error, match=said):
        export(files, tmp_path, ExportLog())


def test_a_tokenizer_of_another_kind_is_named(tmp_path: Path) -> None:
    files, _ = unpack("lsd", tmp_path)
    path = files["tokenizer"]
    told = json.loads(path.read_text(encoding="utf-8"))
    with pytest.raises(ExportFailed, match="400 pieces, and the text table has 399"):
        read_vocabulary(path, 399)
    told["model"]["byte_fallback"] = False
    path.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(ExportFailed, match="no byte fallback"):
        read_vocabulary(path, 400)
    path.write_bytes(b"\x0a\xff")
    with pytest.raises(ExportFailed, match="cut short"):
        read_vocabulary(path, 400)


def test_an_old_onnxruntime_is_named(tmp_path: Path) -> None:
    (tmp_path / "lm.onnx").write_bytes(b"none")
    with pytest.raises(ExportFailed, match=r"lm\.onnx: onnxruntime"):
        TriedGraph(tmp_path / "lm.onnx")
