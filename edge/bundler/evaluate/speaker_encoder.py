"""Whether two sounds are one person's voice: Resemblyzer's speaker encoder, in numpy.

Three LSTM layers of 256 and one linear layer over 40 mel bands of 16 kHz sound (Wan et al. 2018,
generalized end-to-end loss; weights of the PyPI package Resemblyzer 0.1.4, Apache-2.0). That
package needs 5 GB of torch and a compiler and has not followed its own dependencies since 2020;
the network is small, so only its weights file is used. Its trimming of long silences is left out:
a synthesized sentence hardly has any.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.bundler.metrics import mel_power
from edge.errors import ChecksumMismatch, MissingPackage
from edge.pcm import Samples

RATE = 16000
INSTALL = "pip install --no-deps resemblyzer==0.1.4"
_SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
_MELS, _WINDOW, _HOP = 40, 400, 160  # 25 and 10 ms
_HIDDEN = 256
_SPAN = 160  # mel frames that one partial embedding covers: 1.6 s
_STEP = 77  # mel frames between partials: 1.3 a second
_MIN_COVERAGE = 0.75  # of the last partial that must be sound, not padding
_TARGET_DB = -30.0  # quieter sound is raised to this RMS level

Weights = dict[str, npt.NDArray[np.float32]]


class SpeakerEncoder:
    """Sound to a unit vector; the dot product of two is their similarity."""

    def __init__(self) -> None:
        """Raises MissingPackage or ChecksumMismatch if the weights are not the known ones."""
        self._weights = _load_weights()

    def embed(self, samples: Samples) -> npt.NDArray[np.float32]:
        """float32 samples of shape (frames,) at RATE to an embedding of shape (256,)."""
        level = 10.0 * np.log10(max(float(np.mean(samples.astype(np.float64) ** 2)), 1e-12))
        gain = 10.0 ** (max(0.0, _TARGET_DB - level) / 20.0)
        starts = _partial_starts(len(samples))
        missing = max(0, (starts[-1] + _SPAN) * _HOP - len(samples))
        padded = np.pad(samples * np.float32(gain), (0, missing))
        mel = mel_power(padded, RATE, _MELS, _WINDOW, _HOP).astype(np.float32).T
        partials = self._network(np.stack([mel[start : start + _SPAN] for start in starts]))
        return _unit(partials.mean(axis=0))

    def _network(self, mels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        layer = mels  # (partials, time, features)
        for index in range(3):
            layer = self._lstm(layer, index)
        last = layer[:, -1] @ self._weights["linear.weight"].T + self._weights["linear.bias"]
        return np.stack([_unit(row) for row in np.maximum(last, 0.0)])

    def _lstm(self, x: npt.NDArray[np.float32], index: int) -> npt.NDArray[np.float32]:
        """torch.nn.LSTM's layer: gates input, forget, cell, output; states start at zero."""
        w = self._weights
        bias = w[f"lstm.bias_ih_l{index}"] + w[f"lstm.bias_hh_l{index}"]
        driven = x @ w[f"lstm.weight_ih_l{index}"].T + bias
        recurrent = w[f"lstm.weight_hh_l{index}"].T
        hidden = np.zeros((len(x), _HIDDEN), np.float32)
        cell = np.zeros_like(hidden)
        states = np.empty((*x.shape[:2], _HIDDEN), np.float32)
        for time in range(x.shape[1]):
            enter, forget, new, leave = np.split(driven[:, time] + hidden @ recurrent, 4, axis=1)
            cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(new)
            hidden = _sigmoid(leave) * np.tanh(cell)
            states[:, time] = hidden
        return states


def _partial_starts(frames: int) -> list[int]:
    """The first mel frames of the partials, as Resemblyzer lays them."""
    mel_frames = -(-(frames + 1) // _HOP)
    starts = list(range(0, max(1, mel_frames - _SPAN + _STEP + 1), _STEP))
    coverage = (frames - starts[-1] * _HOP) / (_SPAN * _HOP)
    return starts[:-1] if coverage < _MIN_COVERAGE and len(starts) > 1 else starts


def _unit(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    length = float(np.linalg.norm(vector)) or 1.0
    return np.asarray(vector / length, np.float32)


def _sigmoid(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    half = np.float32(0.5)
    return np.asarray(half + half * np.tanh(half * x), np.float32)


def _load_weights() -> Weights:
    # The package itself cannot be imported without torch, so it is only looked for.
    spec = importlib.util.find_spec("resemblyzer")
    if spec is None or not spec.submodule_search_locations:
        raise MissingPackage(
            "comparing speakers needs the weights of the Python package 'resemblyzer'",
            f"Run: {INSTALL}",
        )
    path = Path(spec.submodule_search_locations[0]) / "pretrained.pt"
    raw = path.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != _SHA256:
        raise ChecksumMismatch(f"{path}: sha256 is {found}, not {_SHA256}", f"Run: {INSTALL}")
    return _read_legacy_torch(io.BytesIO(raw))


class _Unpickler(pickle.Unpickler):
    """Reads torch's format of before 1.6: only an OrderedDict of float tensors, nothing else."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, encoding="latin1")
        self.storages: dict[str, npt.NDArray[np.float32]] = {}

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
            ("torch", "FloatStorage"): "float32",
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return known[module, name]

    def persistent_load(self, pid: Any) -> Any:
        _, kind, key, _, count, *_ = pid
        return kind, key, count


class _Tensor:
    """Where in which storage a tensor lies; the storages follow after the pickle."""

    def __init__(self, storage: Any, offset: int, shape: Any, stride: Any, *_: Any) -> None:
        self.key, self.offset, self.shape = storage[1], offset, shape


def _read_legacy_torch(file: io.BytesIO) -> Weights:
    for _ in range(3):  # magic number, version, sizes of C types
        _Unpickler(file).load()
    tensors: dict[str, _Tensor] = _Unpickler(file).load()["model_state"]
    storages: dict[str, npt.NDArray[np.float32]] = {}
    for key in _Unpickler(file).load():
        count = int.from_bytes(file.read(8), "little")
        storages[key] = np.frombuffer(file.read(4 * count), "<f4")
    return {
        name: storages[t.key][t.offset : t.offset + int(np.prod(t.shape))].reshape(t.shape)
        for name, t in tensors.items()
    }
