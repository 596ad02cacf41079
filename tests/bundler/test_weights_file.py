"""A graph whose weights lie beside it is the same graph (0.3 s)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from edge.bundle import WEIGHTS
from edge.bundler import pack
from edge.bundler.export.graph import GraphWriter


def write(path: Path, width: int) -> None:
    """A table and a matrix: a lookup and its product, with 3 odd bytes between them."""
    draw = np.random.default_rng(1)
    graph = GraphWriter("small", 17)
    row = graph.input("row", "int64", (1,))
    table = graph.constant(draw.integers(-9, 9, (3, width + 1), np.int8), "table")
    weights = graph.constant(draw.standard_normal((width + 1, width), np.float32), "weights")
    picked = graph.node("Gather", (table, row), "picked", axis=0)
    value = graph.node("MatMul", (graph.node("Cast", (picked,), "cast", to=1), weights), "made")
    graph.output(value, "answer", "float32", (1, width))
    path.write_bytes(graph.model().SerializeToString())


def run(path: Path) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"row": np.array([2])})
    return np.asarray(answer)


def test_it_gives_the_same_numbers_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    source = tmp_path / "source.onnx"
    write(source, 400)
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        pack.store(source, tmp_path / place / "graph.onnx")
    made, weights = tmp_path / "one/graph.onnx", tmp_path / f"one/graph.onnx{WEIGHTS}"
    assert np.array_equal(run(source), run(made))
    assert made.stat().st_size < 1024 < 401 * 400 * 4 < weights.stat().st_size
    for file in (made, weights):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()
    tensors = onnx.load(made, load_external_data=False).graph.initializer
    places = [int(e.value) for t in tensors for e in t.external_data if e.key == "offset"]
    assert len(places) == 2 and all(p % pack.ALIGNMENT == 0 for p in places)


def test_a_graph_of_small_constants_stays_whole(tmp_path: Path) -> None:
    source = tmp_path / "source.onnx"
    write(source, 8)
    pack.store(source, tmp_path / "graph.onnx")
    assert not (tmp_path / f"graph.onnx{WEIGHTS}").exists()
    assert np.array_equal(run(source), run(tmp_path / "graph.onnx"))


def test_floats_whose_lower_halves_are_nothing_take_half_of_the_room(tmp_path: Path) -> None:
    source, made = tmp_path / "source.onnx", tmp_path / "graph.onnx"
    write(source, 64)
    model = onnx.load(source)
    [weights] = [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
    bits = np.frombuffer(weights.raw_data, np.uint32) & 0xFFFF0000
    weights.raw_data = bits.astype(np.uint32).tobytes()
    onnx.save(model, source)
    pack.store(source, made, halves=True)
    assert np.array_equal(run(source), run(made))
    [kept] = [t for t in onnx.load(made).graph.initializer if t.name == "weights.bf16"]
    assert len(kept.raw_data) == 2 * len(bits)


def test_what_an_input_may_take_the_place_of_stays(tmp_path: Path) -> None:
    """As a state that begins as zeros, whose lower halves are nothing too."""
    source, made = tmp_path / "source.onnx", tmp_path / "graph.onnx"
    graph = GraphWriter("state", 17)
    x = graph.input("x", "float32", (2048,))
    state = graph.input("state", "float32", (2048,))
    graph.output(graph.node("Add", (x, state), "sum"), "y", "float32", (2048,))
    model = graph.model()
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(2048, "f4"), "state"))
    onnx.save(model, source)
    pack.store(source, made, halves=True)
    session = onnxruntime.InferenceSession(str(made), providers=["CPUExecutionProvider"])
    ones = np.ones(2048, np.float32)
    assert np.array_equal(session.run(None, {"x": ones})[0], ones)
    assert np.array_equal(session.run(None, {"x": ones, "state": ones})[0], 2 * ones)
