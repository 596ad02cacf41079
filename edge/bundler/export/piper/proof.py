"""Prove an exported Piper voice: its graphs must say what the original says.

The reader trusts the order of layers and the constants of VITS. A voice of another kind could fit
both by chance, so each export is run once beside the original, with the original's own noise
brought outside. Needs onnxruntime; the weights are random-free, so a wrong graph is far off.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from edge.bundler.export.export_log import Parity
from edge.bundler.export.original import refuse

Array = npt.NDArray[Any]

# Rounding alone leaves 85 to 100 dB; a wrong slope, epsilon or order leaves below 40.
MIN_RATIO_DB = 60.0
_PHONEMES = 40
_ATTEMPTS = 3  # a duration just at a whole number may round the other way once
_SCALES = (0.667, 1.0, 0.8)  # noise, length, noise_w: what configs ship with
_INPUTS = ("input", "input_lengths", "scales", "sid")


@dataclass(frozen=True)
class _Truth:
    """The original's own noises, encoder outputs, latent and audio."""

    duration_noise: Array
    noise: Array
    means: Array
    log_scales: Array
    durations: Array
    latent: Array
    audio: Array


def prove(
    path: Path, stages: Mapping[str, bytes], symbols: Sequence[int], speaker: int | None
) -> tuple[Parity, ...]:
    """Each stage beside the original, on equal inputs; raises ExportFailed below MIN_RATIO_DB.

    path: the original, already checked by read_original. stages: the exported models. symbols:
    the phoneme ids that the voice knows. speaker: an index to speak with, if there are several.
    """
    sessions = {name: _session(raw) for name, raw in stages.items()}
    chosen = {} if speaker is None else {"speaker": np.array([speaker], np.int64)}
    original = _Original(path)
    worst = -np.inf
    for seed in range(_ATTEMPTS):
        ids = np.random.default_rng(seed).choice(np.asarray(symbols, np.int64), (1, _PHONEMES))
        truth = original.run(ids, speaker)
        feed = {"ids": ids, "length_scale": np.array([_SCALES[1]], np.float32), **chosen}
        feed["duration_noise"] = truth.duration_noise * np.float32(_SCALES[2])
        means, log_scales, durations = sessions["encoder"].run(None, feed)
        if not np.array_equal(durations.reshape(-1), truth.durations.reshape(-1)):
            continue
        whole = sessions["decoder"].run(None, {"latent": truth.latent, **chosen})[0]
        pieces = _in_chunks(sessions["decoder-stream"], truth.latent, chosen)
        rows = (
            _parity("encoder, means", means, truth.means),
            _parity("encoder, log scales", log_scales, truth.log_scales),
            _parity("encoder, durations", durations, truth.durations),
            _parity("decoder, whole", whole, truth.audio),
            _parity("decoder, in chunks", pieces, truth.audio),
            _parity("chunks against whole", pieces, whole),
        )
        worst = -20 * np.log10(max(1e-30, *(row.relative_l2 for row in rows)))
        if worst >= MIN_RATIO_DB:
            return rows
    raise refuse(
        f"{path}: the exported graphs differ from the original: {worst:.1f} dB, "
        f"at least {MIN_RATIO_DB:.0f} dB are expected"
    )


class _Original:
    """The original graph; the values of interest are found by what surrounds them."""

    def __init__(self, path: Path) -> None:
        model = onnx.load(path)
        graph = model.graph
        users: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                users.setdefault(name, []).append(node)
        noises = [n.output[0] for n in graph.node if n.op_type == "RandomNormalLike"]
        ceils = [n.output[0] for n in graph.node if n.op_type == "Ceil"]
        constants = {tensor.name for tensor in graph.initializer}
        self._inputs = [value.name for value in graph.input if value.name not in constants]
        if len(noises) != 2 or len(ceils) != 1 or not set(self._inputs) <= set(_INPUTS):
            raise refuse(
                f"{path}: {len(noises)} noises, {len(ceils)} roundings and the inputs "
                f"{self._inputs}; a Piper voice has 2, 1 and of {_INPUTS}"
            )
        scaled = noises[1]
        while users[scaled][0].op_type == "Mul":
            scaled = users[scaled][0].output[0]
        stats = next(
            (n.output for n in graph.node if n.op_type == "Split" and _is_stats(n, graph)), None
        )
        if stats is None:
            raise refuse(f"{path}: no Split into means and log scales; a Piper voice has one")
        self._outputs = [*noises, *stats, ceils[0], users[scaled][0].output[0]]
        self._outputs.append(graph.output[0].name)
        known = {value.name for value in graph.output}
        for name in self._outputs:
            if name not in known:
                graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
        self._path, self._session = path, _session(model.SerializeToString())

    def run(self, ids: Array, speaker: int | None) -> _Truth:
        feed: dict[str, Array] = {
            "input": ids,
            "input_lengths": np.array([ids.shape[1]], np.int64),
            "scales": np.array(_SCALES, np.float32),
            "sid": np.array([speaker or 0], np.int64),
        }
        try:
            found = self._session.run(self._outputs, {name: feed[name] for name in self._inputs})
        except Exception as error:  # onnxruntime's classes share no public base
            raise refuse(f"{self._path}: the original does not run: {error}") from None
        return _Truth(*found)


def _is_stats(node: onnx.NodeProto, graph: onnx.GraphProto) -> bool:
    """The Split of the encoder's projection, not one of the flow's or the durations'."""
    source = {name: n for n in graph.node for name in n.output}
    return len(node.output) == 2 and source[node.input[0]].op_type in ("Mul", "Conv")


def _in_chunks(stream: ort.InferenceSession, latent: Array, speaker: dict[str, Array]) -> Array:
    """The sentence in the shortest first chunk that is allowed, and the rest in halves."""
    first = int(stream.get_modelmeta().custom_metadata_map["min_first_frames"])
    total = latent.shape[2]
    cuts = sorted({0, min(first, total), (min(first, total) + total) // 2, total})
    names = [value.name for value in stream.get_outputs()]
    feed: dict[str, Array] = {
        value.name: np.zeros(value.shape, np.float32)
        for value in stream.get_inputs()
        if value.name.startswith("state_")
    }
    audio = []
    for begin, end in itertools.pairwise(cuts):
        feed |= {"latent": latent[:, :, begin:end], **speaker}
        feed |= {"first": np.array([begin == 0]), "last": np.array([end == total])}
        made = dict(zip(names, stream.run(names, feed), strict=True))
        audio.append(made.pop("audio"))
        feed |= {name.removeprefix("next_"): value for name, value in made.items()}
    return np.concatenate(audio, axis=1)


def _parity(stage: str, found: Array, wanted: Array) -> Parity:
    if found.size != wanted.size or not np.isfinite(found).all():
        return Parity(stage, relative_l2=1.0, max_abs=float("inf"))
    difference = found.reshape(-1).astype(np.float64) - wanted.reshape(-1)
    norm = max(float(np.linalg.norm(wanted)), 1e-30)
    relative = float(np.linalg.norm(difference)) / norm
    return Parity(stage, relative, float(np.abs(difference).max()))


def _session(raw: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    options.intra_op_num_threads = 1
    try:
        return ort.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's classes share no public base
        raise refuse(f"onnxruntime cannot load the model: {error}") from None
