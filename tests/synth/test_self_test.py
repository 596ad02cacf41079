"""What a bundle does beyond its limits in the self-test ends with it, and is told in words."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.bundle import Bundle, FileEntry, seal
from edge.errors import ModelFailed
from edge.pcm import PcmChunk
from edge.profile import load_profile
from edge.synth.self_test import MAX_WRITTEN, TIMEOUT_S, Limits, limits_of, speak, try_in_child
from edge.synth.tone import ToneSynthesizer
from tests.helpers.fakes import DEADLINE_S
from tests.helpers.kept_cosyvoice3 import unpack
from tests.helpers.packed import pack

LIMITS = Limits(memory=4 << 30, file=1 << 20, seconds=int(DEADLINE_S), cpu_s=int(DEADLINE_S))
HUNGRY = 2 << 30
"""Float32 values, twice what the limit of memory lets in."""
CARD = """
from edge.families import FAMILIES, Family
FAMILIES["toy"] = Family("toy", run="toy_run")
"""
RUN = """
import os, subprocess, sys
from pathlib import Path
from edge.synth.tone import ToneSynthesizer
def load(bundle, variant, cost):
    place = Path({place!r})
    {turned}
    return ToneSynthesizer(variant)
"""

Node = onnx.NodeProto


def refused(folder: Path, **limits: int) -> str:
    with pytest.raises(ModelFailed, match="the bundle failed its self-test: ") as raised:
        try_in_child(folder, replace(LIMITS, **limits))
    assert raised.value.remedy and "Traceback" not in raised.value.message
    return raised.value.message


# What is no speech


def test_a_sound_that_cannot_be_speech(
    tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(tone_bundle.path)
    for value, words in ((0.0, "silent"), (np.nan, "no numbers")):
        broken = PcmChunk(np.full(22_050, value, np.float32), 22_050)
        monkeypatch.setattr(ToneSynthesizer, "speak", lambda _, segment, c=broken: iter([c]))
        with pytest.raises(ModelFailed, match=words):
            speak(tone_bundle.path)
    monkeypatch.setattr(ToneSynthesizer, "speak", lambda _, segment: iter([]))
    with pytest.raises(ModelFailed, match=r"last 0\.00 s"):
        speak(tone_bundle.path)


# A stranger's graph


def turned(graph: onnx.GraphProto, nodes: list[Node], constants: dict[str, object]) -> None:
    """Let the graph add `evil`, a number, to all that its first node reads."""
    x = graph.node[0].input[0]
    for node in graph.node:
        node.input[:] = ["turned" if name == x else name for name in node.input]
    made = [*nodes, helper.make_node("Add", [x, "evil"], ["turned"]), *graph.node]
    del graph.node[:]
    graph.node.extend(made)
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()
    )


def hungry(graph: onnx.GraphProto) -> None:
    x = graph.node[0].input[0]
    nodes = [
        helper.make_node("Shape", [x], ["shape"], start=0, end=1),  # 1, known when it is run
        helper.make_node("Mul", ["shape", "most"], ["many"]),
        helper.make_node("ConstantOfShape", ["many"], ["zeros"]),
        helper.make_node("ReduceMax", ["zeros"], ["evil"], keepdims=0),
    ]
    turned(graph, nodes, {"most": np.array([HUNGRY])})


def endless(graph: onnx.GraphProto) -> None:
    kinds = (("i", TensorProto.INT64), ("go", TensorProto.BOOL), ("v", TensorProto.FLOAT))
    inputs = [helper.make_tensor_value_info(name, kind, []) for name, kind in kinds]
    outputs = [
        helper.make_tensor_value_info("on", TensorProto.BOOL, []),
        helper.make_tensor_value_info("next", TensorProto.FLOAT, []),
    ]
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Cos", ["v"], ["next"])],
        "body",
        inputs,
        outputs,
    )
    node = helper.make_node("Loop", ["most", "yes", "zero"], ["evil"], body=body)
    most = np.array(np.iinfo(np.int64).max)
    turned(graph, [node], {"most": most, "yes": np.array(True), "zero": np.float32(0)})


def strangers(folder: Path, turn: Callable[[onnx.GraphProto], None]) -> Path:
    """Make a bundle whose language model does more than it should, as its maker wanted it."""
    bundle = unpack(folder, least="enforced")
    path = folder / bundle.manifest.variants[0].graphs["llm"]
    model = onnx.load(path, load_external_data=False)
    turn(model.graph)
    onnx.save(model, path)
    seal(folder, lambda files: replace(bundle.manifest, files=files))
    return folder


def test_a_graph_that_asks_for_more_memory_than_there_is(tmp_path: Path) -> None:
    said = refused(strangers(tmp_path / "voice", hungry))
    assert "llm-fp32.onnx" in said and "alloc" in said


def test_a_graph_without_an_end(tmp_path: Path) -> None:
    folder = strangers(tmp_path / "voice", endless)
    assert "more than 3 s of CPU time" in refused(folder, cpu_s=3)
    assert "not spoken within 2 s" in refused(folder, seconds=2)


# A family that was turned against us by its model


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Make a bundle of a family that does what a line of Python says before it speaks."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sitecustomize.py").write_text(CARD, encoding="utf-8")
    (tmp_path / "voice").mkdir()
    pack(tmp_path / "voice", "toy", 22_050)

    def make(turned: str) -> Path:
        code = RUN.format(place=str(tmp_path), turned=turned)
        (tmp_path / "toy_run.py").write_text(code, encoding="utf-8")
        return tmp_path / "voice"

    return make


def test_what_keeps_within_its_limits_speaks(toy: Callable[[str], Path], tmp_path: Path) -> None:
    try_in_child(toy(f"(place / 'cache').write_bytes(bytes({LIMITS.file}))"), LIMITS)
    assert (tmp_path / "cache").stat().st_size == LIMITS.file


@pytest.mark.parametrize(
    "turned, said",
    [
        (f"(place / 'large').write_bytes(bytes({LIMITS.file + 1}))", "wrote a file of more than"),
        ("while True: print('words without end', file=sys.stderr)", "said more than"),
        (f"kept = bytes({2 * LIMITS.memory})", "asked for more than 4,096 MB"),
        ("os.kill(os.getpid(), 11)", "ended by SIGSEGV"),
        ("raise SystemExit(5)", "ended with 5"),
        ("os._exit(3)", "ended with 3"),
        ("raise KeyError('what was it')", "KeyError: 'what was it'"),
    ],
)
def test_what_goes_beyond_is_told(toy: Callable[[str], Path], turned: str, said: str) -> None:
    assert said in refused(toy(turned))


def test_what_it_started_ends_with_it(toy: Callable[[str], Path], tmp_path: Path) -> None:
    """And nobody waits for it, though it holds what it was given."""
    line = "(place / 'pid').write_text(str(subprocess.Popen(['sleep', '1000']).pid))"
    try_in_child(toy(line), LIMITS)
    pid = int((tmp_path / "pid").read_text())
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(descriptor, "rb") as ended:  # readable once it is dead
        assert select.select([ended], [], [], DEADLINE_S)[0]


# What is allowed


def test_a_board_with_a_gpu_may_compile(tone_bundle: Bundle) -> None:
    """TensorRT takes minutes, and writes an engine with a graph's weights; a CPU does neither."""
    plain = limits_of(tone_bundle)
    assert (plain.file, plain.seconds) == (MAX_WRITTEN, TIMEOUT_S)
    profile = load_profile("jetson-orin-nano")
    large = FileEntry("0" * 64, 60_000_000)  # joe's graphs
    manifest = replace(tone_bundle.manifest, files={"decoder.onnx": large})
    board = limits_of(replace(tone_bundle, profile=profile, manifest=manifest))
    engine_and_context = 2 * 40_000_000  # docs/design/jetson.md: 38 MB, and in its graph again
    assert board.file > max(large.bytes, engine_and_context)
    assert board.seconds >= 600  # 9.5 minutes were reported


def test_the_limits_hold_for_the_whole_process(toy: Callable[[str], Path], tmp_path: Path) -> None:
    names = ("DATA", "FSIZE", "CPU", "CORE")
    line = "import resource as r; (place / 'got').write_text(str([r.getrlimit(getattr(r, " + (
        f"'RLIMIT_' + name))[0] for name in {names}]))"
    )
    try_in_child(toy(line), LIMITS)
    expected = [LIMITS.memory, LIMITS.file, LIMITS.cpu_s, 0]
    assert (tmp_path / "got").read_text() == str(expected)
