"""Try the graphs on this machine's onnxruntime: any cut of rows and frames must be the same.

That they are the model is proved against the official package
(tests/bundler/test_export_pocket.py, tools/pocket_parity.py), which a build does not have. What
may differ from machine to machine is how onnxruntime goes on from a cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from edge import kernels
from edge.bundler.export.export_log import Parity
from edge.bundler.export.pocket.layout import LATENT
from edge.bundler.export.pocket.weights import Weights
from edge.errors import ExportFailed
from edge.synth.pocket.caches import RowCache
from edge.synth.pocket.codec import SoundStream, encode
from edge.synth.pocket.settings import Settings
from edge.synth.session import Array, Held

LIMIT = 1e-5
"""Relative L2. Sums of another order differ by 1e-7 to 2e-6."""
FRAMES = 20


class TriedGraph:
    """A graph that lies in a file, on one thread of the CPU. Raises ExportFailed."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        if library := kernels.library_path():
            options.register_custom_ops_library(str(library))
        self._name = path.name
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, ["CPUExecutionProvider"]
            )
        except Exception as error:
            raise self._failed(error) from None
        self.inputs: Mapping[str, Any] = {i.name: i.shape for i in self._session.get_inputs()}

    def hold(self, arrays: Mapping[str, Array], states: Mapping[str, Array]) -> Held:
        return Held(self._session, arrays, states, self._failed)

    def _failed(self, error: Exception) -> ExportFailed:
        said = (str(error).strip() or repr(error)).splitlines()[0][:200]
        return ExportFailed(
            f"{self._name}: onnxruntime {onnxruntime.__version__}: {said}",
            "Install a newer one: python -m pip install --upgrade onnxruntime",
        )


def prove(weights: Weights, settings: Settings, folder: Path) -> list[Parity]:
    """Compare cuts of each stage. Raises ExportFailed."""
    random = np.random.default_rng(0)
    width = weights.sizes.lm.width
    rows = (0.3 * random.standard_normal((30, width))).astype(np.float32)
    noise = (0.5 * random.standard_normal((1, LATENT))).astype(np.float32)
    lm = TriedGraph(folder / "lm.onnx")
    wanted = forced(lm, settings, rows, noise, [1] * len(rows))[-1]
    cuts = {"as one": [30], "voice, text, step": [12, 17, 1]}
    found = [
        _compared(f"lm, 30 rows, {cut}", wanted, forced(lm, settings, rows, noise, lengths)[-1])
        for cut, lengths in cuts.items()
    ]
    codec = TriedGraph(folder / "codec.onnx")
    latents = random.standard_normal((FRAMES, LATENT)).astype(np.float32)
    whole = _sound(codec, settings, latents, [1] * FRAMES)
    for lengths in ([FRAMES], [1, 2, 4, 4, 4, 4, 1], [3, 5, 5, 7]):
        name = f"codec, runs of {', '.join(map(str, lengths))} frames"
        found.append(_compared(name, whole, _sound(codec, settings, latents, lengths)))
    encoder = TriedGraph(folder / "encoder.onnx")
    sound = np.sin(np.cumsum(random.uniform(0.01, 0.3, 26 * settings.frame))).astype(np.float32)
    long = encode(encoder, settings, sound)
    short = encode(encoder, settings, sound[: 9 * settings.frame])
    found.append(_compared("encoder, 9 of 26 frames", long[:9], short))
    if wrong := [f"{p.stage}: {p.relative_l2:.1e}" for p in found if not p.relative_l2 <= LIMIT]:
        raise ExportFailed(
            f"cuts differ by more than {LIMIT:.0e}: {'; '.join(wrong)}",
            "Install a newer onnxruntime: python -m pip install --upgrade onnxruntime",
        )
    return found


def forced(
    lm: TriedGraph, settings: Settings, rows: Array, noise: Array, lengths: Sequence[int]
) -> list[Array]:
    """Run rows through a language model in runs of these lengths; latent and end of each run."""
    cache = RowCache.like(lm, len(rows))
    held = lm.hold(cache.arrays, {})
    found, start = [], 0
    for length in lengths:
        x = rows[None, start : start + length]
        made = held.run({"x": x, "noise": noise, **cache.places(length)}, settings.outputs)
        found.append(np.concatenate([made["latent"][0], made["eos"][0]]))
        start += length
    return found


def _sound(codec: TriedGraph, settings: Settings, latents: Array, lengths: Sequence[int]) -> Array:
    stream = SoundStream(codec, settings)
    cuts = np.cumsum(lengths)[:-1]
    return np.concatenate([stream.push(part) for part in np.split(latents, cuts)])


def _compared(name: str, wanted: Array, got: Array) -> Parity:
    difference = wanted.astype(np.float64) - got
    size = float(np.linalg.norm(wanted.astype(np.float64)))
    apart = float(np.linalg.norm(difference))
    return Parity(name, apart / size if size else apart, float(np.abs(difference).max(initial=0)))
