"""Define what every recipe takes and gives, and how it reads and writes its graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import numpy_helper

from edge.bundler.export.original import read_original
from edge.errors import ExportFailed
from edge.files import write_whole
from edge.pcm import Samples

LARGEST_WEIGHT = 64
"""Size of the largest int8 weight that onnxruntime multiplies in integers: 7 bits.

Its kernels for u8 x s8 on AVX2, and on AVX-512 without VNNI, add two products in 16 bits
(VPMADDUBSW), which saturate: 2 * 255 * 127 = 64,770 is more than 32,767, and 2 * 255 * 64 = 32,640
is not. So the integers are the same on every CPU, and a build hears what the board will say.
Sources: onnxruntime's mlas/lib/amd64/QgemmU8X8KernelAvx2.asm and its page on quantization, which
calls this reduce_range; measured in tests/kernels/test_cpus.py.
"""
STORED_WEIGHT = 127
"""Size of the largest int8 weight that becomes float before it is multiplied: 8 bits."""

Array = npt.NDArray[Any]
Activations = Literal["u8", "s8"]

_REPORT = "Build with another recipe for this stage, and report the voice: this is our mistake."


@dataclass(frozen=True)
class Sensitivity:
    """The log-mel distance, dB, from the reference when only this layer is quantized."""

    layer: str
    error: float


@dataclass(frozen=True)
class Calibration:
    """Material that a recipe may learn from: sentences as latents, and how much it may lose.

    latents: float32 (1, channels, frames) each, as the fp32 encoder makes them
    (`calibrate.latents`). rate: Hz of the decoder's audio. log_mel_db: the most that int8-static
    may lose on them. activations: "u8" for x86 with VNNI, "s8" for ARM. sentences: how many of
    the latents the sensitivity search decodes. layers: skip the search and quantize just these.
    original: the voice's own file, for a recipe that writes its graph from the weights.
    report: is told how many of how many steps of a long search are done.
    """

    latents: tuple[Samples, ...]
    rate: int
    log_mel_db: float = 1.2  # measured on joe: DNSMOS -0.01; at 1.5 pauses hiss, -0.05
    activations: Activations = "u8"
    sentences: int = 6
    layers: tuple[str, ...] | None = None
    speaker: int | None = None
    original: Path | None = None
    report: Callable[[int, int], None] = lambda done, total: None

    def __post_init__(self) -> None:
        if any(x.ndim != 3 or x.shape[2] < 1 for x in self.latents):
            raise ValueError("latents must be (1, channels, frames)")
        if self.log_mel_db < 0 or self.rate <= 0 or self.sentences < 1:
            raise ValueError("log_mel_db, rate and sentences must be positive")


@dataclass(frozen=True)
class Added:
    """One step of the greedy choice: the layer, its log-mel distance alone and that of all kept
    so far with it (None where that was not measured), in dB, its part of the convolutions' work,
    and whether it stayed."""

    layer: str
    alone: float
    cumulative: float | None
    work: float
    kept: bool


@dataclass(frozen=True)
class RecipeLog:
    """The work of a recipe: layers in its small type and layers left in float32."""

    recipe: str
    bytes_before: int
    bytes_after: int
    quantized: tuple[str, ...] = ()
    kept_float: tuple[str, ...] = ()
    curve: tuple[Added, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def sensitivity(self) -> tuple[Sensitivity, ...]:
        """The search's rows for a build report, in the order in which layers were tried."""
        return tuple(Sensitivity(step.layer, step.alone) for step in self.curve)


Make = Callable[[Path, Path, Calibration | None], RecipeLog]
"""make(source, target, calibration): the fp32 graph of a stage into another. Raises ExportFailed
naming node and reason, DiskFull. The same input gives the same bytes."""


def refuse(message: str, remedy: str = _REPORT) -> ExportFailed:
    return ExportFailed(message, remedy)


def need(calibration: Calibration | None, recipe: str) -> Calibration:
    if calibration is None or not calibration.latents:
        raise refuse(f"{recipe}: needs calibration sentences and got none")
    return calibration


def load(path: Path) -> onnx.ModelProto:
    """The model in `path`, checked as every file from outside is; raises ExportFailed."""
    read_original(path)
    return onnx.load(str(path))


def save(model: onnx.ModelProto, path: Path) -> int:
    """Check, write whole or not at all, and return the size in bytes."""
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise refuse(f"{path.name}: {str(error).splitlines()[0]}") from None
    raw = model.SerializeToString(deterministic=True)
    write_whole(path, raw)
    return len(raw)


def session_of(path: Path) -> onnxruntime.InferenceSession:
    """Make a session from a file: one that is too large to hold twice."""
    return session(str(path), path.name)


def session(model: onnx.ModelProto | bytes | str, name: str) -> onnxruntime.InferenceSession:
    """One CPU thread, so that sums have one order. `model` may be a file's path. Raises
    ExportFailed if it does not load."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # as on the board
    raw = model if isinstance(model, (bytes, str)) else model.SerializeToString(deterministic=True)
    try:
        return onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise refuse(f"{name}: onnxruntime refuses it: {str(error).splitlines()[0]}") from None


def constants(model: onnx.ModelProto) -> dict[str, Array]:
    return {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}


def replace_initializers(model: onnx.ModelProto, added: dict[str, Array]) -> None:
    """Add constants, and drop those that no node uses any more."""
    graph = model.graph
    tensors = {item.name: item for item in graph.initializer}
    tensors.update({name: numpy_helper.from_array(data, name) for name, data in added.items()})
    used = {name for node in graph.node for name in node.input}
    used.update(item.name for item in graph.output)
    del graph.initializer[:]
    graph.initializer.extend(tensor for name, tensor in tensors.items() if name in used)


def replace_nodes(model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto]) -> None:
    kept = list(nodes)
    del model.graph.node[:]
    model.graph.node.extend(kept)


def int8_rows(
    weight: Array, axis: int, largest: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Round to -largest..largest, a scale per slice of `axis`; a slice of zeros has scale 1."""
    others = tuple(i for i in range(weight.ndim) if i != axis)
    peak = np.abs(weight.astype(np.float64)).max(axis=others, keepdims=True)
    scale = np.where(peak > 0, peak / largest, 1.0).astype(np.float32)
    small = np.clip(np.rint(weight / scale), -largest, largest).astype(np.int8)
    return small, scale.reshape(-1)
