"""Prove an exported Piper voice: its graphs must say what the original says.

The reader trusts the order of layers and the constants of VITS. A voice of another kind could fit
both by chance, so each export is run once beside the original, with the original's own noise
brought outside. Needs onnxruntime; the weights are random-free, so a wrong graph is far off.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from edge.build.export.original import refuse

Array = npt.NDArray[Any]

# Rounding alone leaves 85 to 100 dB; a wrong slope, epsilon or order leaves below 40.
MIN_RATIO_DB = 60.0
_PHONEMES = 40
_ATTEMPTS = 3  # a duration just at a whole number may round the other way once
_SCALES = (0.667, 1.0, 0.8)  # noise, length, noise_w: what configs ship with
_INPUTS = ("input", "input_lengths", "scales", "sid")


def prove(
    path: Path, stages: Mapping[str, bytes], symbols: Sequence[int], speaker: int | None
) -> float:
    """The ratio of the original's audio to the difference, in dB; raises ExportFailed.

    path: the original, already checked by read_original. stages: the exported models. symbols:
    the phoneme ids that the voice knows. speaker: an index to speak with, if there are several.
    """
    original = onnx.load(path)
    noises = [n.output[0] for n in original.graph.node if n.op_type == "RandomNormalLike"]
    constants = {tensor.name for tensor in original.graph.initializer}
    names = [value.name for value in original.graph.input if value.name not in constants]
    if len(noises) != 2 or not set(names) <= set(_INPUTS):
        raise refuse(f"{path}: {len(noises)} noises and the inputs {names}; a Piper voice has 2")
    output = original.graph.output[0].name
    for name in noises:
        original.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    reference = _session(original.SerializeToString())
    del original
    sessions = {name: _session(raw) for name, raw in stages.items()}
    chosen = {} if speaker is None else {"speaker": np.array([speaker], np.int64)}
    ratios = []
    for seed in range(_ATTEMPTS):
        ids = np.random.default_rng(seed).choice(np.asarray(symbols, np.int64), (1, _PHONEMES))
        feed = {"input": ids, "input_lengths": np.array([_PHONEMES], np.int64)}
        feed["scales"] = np.array(_SCALES, np.float32)
        feed["sid"] = np.array([speaker or 0], np.int64)
        given = {name: feed[name] for name in names}
        try:
            duration_noise, noise, audio = reference.run([*noises, output], given)
        except Exception as error:  # onnxruntime's classes share no public base
            raise refuse(f"{path}: the original does not run: {error}") from None
        latent = _latent(sessions["encoder"], ids, duration_noise, noise, chosen)
        if latent is None:
            ratios.append(-np.inf)
            continue
        whole = sessions["decoder"].run(None, {"latent": latent, **chosen})[0]
        pieces = _in_chunks(sessions["decoder-stream"], latent, chosen)
        ratios.append(min(_ratio(whole, audio), _ratio(pieces, audio)))
        if ratios[-1] >= MIN_RATIO_DB:
            return float(ratios[-1])
    raise refuse(
        f"{path}: the exported graphs differ from the original: {max(ratios):.1f} dB, "
        f"at least {MIN_RATIO_DB:.0f} dB are expected"
    )


def _latent(
    encoder: ort.InferenceSession,
    ids: Array,
    duration_noise: Array,
    noise: Array,
    speaker: dict[str, Array],
) -> Array | None:
    """None if the durations differ from the original's."""
    scale, length, width = np.array(_SCALES, np.float32)
    feed = {"ids": ids, "duration_noise": duration_noise * width, **speaker}
    feed["length_scale"] = np.array([length])
    means, log_scales, durations = encoder.run(None, feed)
    if not np.isfinite(durations).all() or durations.sum() != noise.shape[2]:
        return None
    frames = np.repeat(np.arange(ids.shape[1]), durations[0].astype(np.int64))
    latent: Array = means[:, :, frames] + noise * np.exp(log_scales[:, :, frames]) * scale
    return latent


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


def _ratio(found: Array, wanted: Array) -> float:
    wanted = wanted.reshape(1, -1).astype(np.float64)
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return -np.inf
    difference = max(float(np.linalg.norm(found - wanted)), 1e-30)
    return float(20 * np.log10(np.linalg.norm(wanted) / difference))


def _session(raw: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    options.intra_op_num_threads = 1
    try:
        return ort.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's classes share no public base
        raise refuse(f"onnxruntime cannot load the model: {error}") from None
