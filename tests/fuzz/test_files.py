"""Files that strangers write, damaged at random: one of our errors, or they are fine. 15 s."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tarfile
import tempfile
from pathlib import Path

import onnx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx.external_data_helper import set_external_data

from edge.bundle import MANIFEST, MANIFEST_SUM, Bundle, open_bundle
from edge.bundle.install import install
from edge.bundle.safety import check_graph, check_name
from edge.config import load_config
from edge.errors import BadRecord, EdgeError, UnsafeBundle
from tests.test_config import WHOLE

EDITS = st.lists(
    st.tuples(st.integers(0, 1 << 16), st.binary(max_size=6), st.integers(0, 6)), max_size=5
)
"""(place, what is put there, how many bytes it replaces)"""


def edited(whole: bytes, edits: list[tuple[int, bytes, int]]) -> bytes:
    data = bytearray(whole)
    for place, new, length in edits:
        at = place % (len(data) + 1)
        data[at : at + length] = new
    return bytes(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@settings(max_examples=300)
@given(edits=EDITS)
@example(edits=[(0, b"\xff", 1)])
@example(edits=[(0, b"? [a]\n", 0)])
@example(edits=[(0, b"2020-01-01: 1\n", 0)])
@example(edits=[(0, b"1: 1\n", 0)])
@example(edits=[(0, b"~: 1\n", 0)])
@example(edits=[(0, b"--- \n", 0), (len(WHOLE), b"\n---\n", 0)])
def test_a_configuration(folder: Path, edits: list[tuple[int, bytes, int]]) -> None:
    path = folder / "config.yaml"
    path.write_bytes(edited(WHOLE.encode(), edits))
    with contextlib.suppress(BadRecord):
        assert load_config(path).rows()


@settings(max_examples=300)
@given(edits=EDITS, name=st.sampled_from([MANIFEST, "voice.yaml", "profile.yaml"]))
def test_a_manifest_and_the_descriptions(
    folder: Path, tone_bundle: Bundle, edits: list[tuple[int, bytes, int]], name: str
) -> None:
    """With checksums that fit, as whoever means it would write."""
    bundle = folder / "bundle"
    shutil.rmtree(bundle, ignore_errors=True)
    shutil.copytree(tone_bundle.path, bundle)
    manifest = (bundle / MANIFEST).read_text(encoding="utf-8")
    data = edited((bundle / name).read_bytes(), edits)
    (bundle / name).write_bytes(data)
    if name != MANIFEST:
        entry = tone_bundle.manifest.files[name]
        manifest = manifest.replace(entry.sha256, hashlib.sha256(data).hexdigest())
        manifest = manifest.replace(f'"bytes": {entry.bytes}', f'"bytes": {len(data)}')
        (bundle / MANIFEST).write_text(manifest, encoding="utf-8")
    digest = hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()
    (bundle / MANIFEST_SUM).write_text(f"{digest}  {MANIFEST}\n", encoding="ascii")
    with contextlib.suppress(EdgeError):
        open_bundle(bundle, None)


@settings(max_examples=150)
@given(edits=EDITS)
def test_a_tar_file(
    folder: Path, tone_bundle: Bundle, edits: list[tuple[int, bytes, int]]
) -> None:
    path = folder / "bundle.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(tone_bundle.path, "tone")
    path.write_bytes(edited(path.read_bytes(), edits))
    with tempfile.TemporaryDirectory(dir=folder) as state:
        root = Path(state) / "bundles"
        with contextlib.suppress(EdgeError):
            install(path, root, None, lambda folder: None)
        assert {entry.name for entry in root.iterdir()} <= {".lock", "tone"}
        assert [entry.name for entry in Path(state).iterdir()] == ["bundles"]


@pytest.fixture(scope="module")
def graph() -> bytes:
    tensor = onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [2], [1.0, 2.0])
    beside = onnx.helper.make_tensor("v", onnx.TensorProto.FLOAT, [2], bytes(8), raw=True)
    set_external_data(beside, "graph.onnx.weights", 0, 8)
    node = onnx.helper.make_node("Constant", [], ["c"], value=tensor)
    inner = onnx.helper.make_graph([node], "inner", [], [], [tensor])
    both = [node, onnx.helper.make_node("If", ["w"], ["d"], then_branch=inner)]
    made = onnx.helper.make_graph(both, "g", [], [], [tensor, beside])
    return bytes(onnx.helper.make_model(made).SerializeToString())


@settings(max_examples=500)
@given(edits=EDITS)
def test_a_graph(folder: Path, graph: bytes, edits: list[tuple[int, bytes, int]]) -> None:
    """What is let through has no values elsewhere, as onnx itself reads it."""
    path = folder / "graph.onnx"
    data = edited(graph, edits)
    path.write_bytes(data)
    try:
        check_graph(path)
    except UnsafeBundle:
        return
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception:
        return  # no graph at all: it does not load either
    places = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    assert places <= {"graph.onnx.weights"}


@given(name=st.text(max_size=30))
@example(name="../a.json")
@example(name="a/./b.json")
@example(name="a//b.json")
@example(name="con\n.json")
@example(name="a.json\n")
@example(name="")
def test_a_name(name: str) -> None:
    try:
        check_name(name)
    except UnsafeBundle:
        return
    assert (Path("/root") / name).resolve() == Path("/root") / name
    assert name.isprintable()
