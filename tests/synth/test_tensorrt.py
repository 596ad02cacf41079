"""The decoder for a GPU, built by NVIDIA's TensorRT-RTX for an Ampere GPU; no GPU is needed.

TensorRT itself cannot be had from the package index. TensorRT-RTX is its sibling: the same parser,
and a builder that needs no GPU. It supports 8.6 and not an Orin's 8.7, which is the same
generation. Needs the extra `tensorrt-check`; 12 s.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import onnxruntime
import pytest

from edge.bundle import Bundle
from edge.synth.gpu.engines import shape_profile
from edge.synth.gpu.windows import SIZES
from tests.synth.test_gpu_voice import jetson as jetson

pytestmark = [
    pytest.mark.voice,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorrt_rtx") is None,
        reason="TensorRT-RTX is not installed: pip install '.[tensorrt-check]'",
    ),
]


def test_tensorrt_takes_the_whole_decoder_and_builds_one_engine_for_all_lengths(
    jetson: Bundle,
) -> None:
    graph = jetson.graph(jetson.variant("fp16-gpu").graphs["decoder"])
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    options = shape_profile({i.name: i.shape for i in session.get_inputs()}, SIZES)
    command = [sys.executable, "-m", "tools.tensorrt_rtx_build", str(graph), json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["whole"] and answer["subgraphs"] == 1
    size = sum(file.stat().st_size for file in graph.parent.glob(f"{graph.name}*"))
    assert size < answer["bytes"] < 2 * size
