"""The decoder for a GPU, built by NVIDIA's TensorRT-RTX for an Ampere GPU; no GPU is needed.

TensorRT itself cannot be had from the package index. TensorRT-RTX is its sibling: the same parser,
and a builder that needs no GPU. It supports 8.6 and not an Orin's 8.7, which is the same
generation. Needs the extra `tensorrt-check`; 12 s.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from edge.bundle import Bundle
from edge.synth.session import shape_profile
from edge.synth.windows import SIZES
from tests.test_gpu_voice import jetson as jetson

pytestmark = pytest.mark.voice
trt: Any = pytest.importorskip(
    "tensorrt_rtx",
    reason="TensorRT-RTX is not installed: pip install 'edge-voice[tensorrt-check]'",
)


def network(logger: Any, graph: Path) -> tuple[Any, Any, Any]:
    builder = trt.Builder(logger)
    parsed = builder.create_network(0)
    parser = trt.OnnxParser(parsed, logger)
    found = parser.parse(graph.read_bytes())
    assert found, [str(parser.get_error(i)) for i in range(parser.num_errors)]
    return builder, parsed, parser


def test_tensorrt_takes_the_whole_decoder_and_builds_one_engine_for_all_lengths(
    jetson: Bundle,
) -> None:
    logger = trt.Logger(trt.Logger.ERROR)
    graph = jetson.file(jetson.variant("fp16-gpu").graphs["decoder"])
    judge = trt.OnnxParser(trt.Builder(logger).create_network(0), logger)
    assert judge.supports_model_v2(graph.read_bytes()) and judge.num_subgraphs == 1

    builder, parsed, _parser = network(logger, graph)
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    options = shape_profile({i.name: i.shape for i in session.get_inputs()}, SIZES)
    profile = builder.create_optimization_profile()
    for least, usual, most in zip(*map(shapes, options.values()), strict=True):
        profile.set_shape(least[0], least[1], usual[1], most[1])
    config = builder.create_builder_config()
    assert config.add_optimization_profile(profile) == 0
    config.num_compute_capabilities = 1
    assert config.set_compute_capability(trt.ComputeCapability.SM86, 0)
    engine = builder.build_serialized_network(parsed, config)
    assert engine is not None
    assert graph.stat().st_size < engine.nbytes < 2 * graph.stat().st_size


def shapes(option: str) -> list[tuple[str, tuple[int, ...]]]:
    """As onnxruntime reads latent:1x192x64,mask:1x1x1x64."""
    found = []
    for part in option.split(","):
        name, sizes = part.split(":")
        found.append((name, tuple(int(size) for size in sizes.split("x"))))
    return found
