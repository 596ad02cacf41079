"""Run a decoder in either form: whole sentences, or one in chunks with its states."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnxruntime

from edge.bundler.quantize.recipe import Array
from edge.pcm import Samples


def run(
    session: onnxruntime.InferenceSession,
    latent: Samples,
    frames: int | None = None,
    speaker: int | None = None,
    outputs: list[str] | None = None,
) -> list[dict[str, Array]]:
    """The outputs of each chunk of `frames` frames (None: one chunk) by name.

    `outputs` are the wanted ones besides the states. The first chunk is as long as the streaming
    graph's `min_first_frames` asks.
    """
    inputs = {item.name: item.shape for item in session.get_inputs()}
    states = {name: np.zeros(shape, np.float32) for name, shape in _states(inputs)}
    wanted = ["audio"] if outputs is None else outputs
    fixed: dict[str, Array] = {}
    if "speaker" in inputs:
        fixed["speaker"] = np.array([speaker or 0], np.int64)
    least = int(session.get_modelmeta().custom_metadata_map.get("min_first_frames", 1))
    total = latent.shape[2]
    size = total if frames is None or not states else frames
    results, at = [], 0
    while at < total:
        end = min(total, at + (max(size, least) if at == 0 else size))
        feed: dict[str, Array] = {"latent": latent[:, :, at:end], **fixed, **states}
        if "first" in inputs:
            feed["first"] = np.array([at == 0])
            feed["last"] = np.array([end == total])
        names = [*wanted, *(f"next_{name}" for name in states)]
        values = dict(zip(names, session.run(names, feed), strict=True))
        states = {name: values.pop(f"next_{name}") for name in states}
        results.append(values)
        at = end
    return results


def audio(
    session: onnxruntime.InferenceSession,
    latent: Samples,
    frames: int | None = None,
    speaker: int | None = None,
) -> Samples:
    """Samples (frames * hop,) of one sentence."""
    chunks = run(session, latent, frames, speaker)
    joined: Samples = np.concatenate([chunk["audio"].reshape(-1) for chunk in chunks])
    return joined


def _states(inputs: dict[str, list[int]]) -> Iterator[tuple[str, list[int]]]:
    return ((name, shape) for name, shape in inputs.items() if name.startswith("state_"))
