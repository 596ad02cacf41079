"""Make a family's graphs: one module each, which its card in edge.families names."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path

import onnx

from edge.bundle import Bundle
from edge.bundler.export.export_log import ExportLog
from edge.bundler.export.original import OriginalGraph
from edge.bundler.export.piper.weights import Array
from edge.bundler.export.record import Exported
from edge.families import FAMILIES

Exporter = Callable[[Mapping[str, Path], Path, ExportLog], Exported]
"""export(files by role, the bundle's folder, a log of every stage). Raises ExportFailed."""
Gains = Callable[[onnx.ModelProto], Mapping[str, Array]]
"""Finds the channel gains of the convolutions of a float decoder, by name, on the latents of a
calibration."""
FusedWriter = Callable[[Path, str, int, Gains], onnx.ModelProto]
"""write_fused(the voice's own file, the stage's name, bits of the weights, gains): the stage
with our own int8 operators. Raises ExportFailed."""

WindowWriter = Callable[[OriginalGraph], onnx.ModelProto]
"""write_window(the voice's own graph): the decoder without state, for a GPU's windows
(edge/synth/gpu/windows.py); inputs are frames and `mask`, metadata `context` and `hop`."""

Learner = Callable[[Bundle, str, Path, Callable[[int, int], None]], None]
"""learn(a bundle, the variant that is to speak, a folder, told(done, total)): writes into the
folder what a bundle needs beside its graphs, and learnt.json, a list of `Learnt`."""


def exporter(family: str) -> Exporter:
    """Import the function that makes a family's graphs."""
    made: Exporter = importlib.import_module(FAMILIES[family].make_module).export
    return made


def fused_writer(family: str) -> FusedWriter:
    """Import the function that writes a family's stages with our own operators."""
    made: FusedWriter = importlib.import_module(FAMILIES[family].make_module).write_fused
    return made


def window_writer(family: str) -> WindowWriter:
    """Import the function that writes a family's decoder for a GPU."""
    made: WindowWriter = importlib.import_module(FAMILIES[family].make_module).write_window
    return made


def learner(family: str) -> Learner:
    """Import the function that learns of a family's speakers."""
    made: Learner = importlib.import_module(f"{FAMILIES[family].make_module}.norms").learn
    return made
