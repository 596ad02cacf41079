"""Sentences to calibrate on, as latents: what a decoder will really be given."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edge.bundler.packages import require
from edge.bundler.quantize.recipe import load, refuse, session
from edge.pcm import Samples
from edge.text.cutting import MAX_TOKENS

_SEED = 20_240_501


def latents(
    encoder: Path,
    config: Path,
    texts: Sequence[str],
    speaker: int | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Samples, ...]:
    """One latent (1, channels, frames) per sentence of `texts`, with noise of a fixed seed.

    encoder: the fp32 encoder.onnx of a Piper voice; config: its config.json. A function of its
    arguments alone, so a caller may keep the result. Raises ExportFailed, MissingPackage.
    """
    piper = require(
        "piper", "calibrating", "In the clone of Edge Voice: python -m pip install '.[piper]'"
    )
    settings = require(
        "piper.config", "calibrating", "In the clone of Edge Voice: pip install '.[piper]'"
    )
    logging.getLogger("piper").setLevel(logging.ERROR)
    described = settings.PiperConfig.from_dict(json.loads(config.read_text(encoding="utf-8")))
    voice = piper.PiperVoice(session=None, config=described)
    run = session(load(encoder), encoder.name)
    speakers = "speaker" in {item.name for item in run.get_inputs()}
    made: list[Samples] = []
    for number, text in enumerate(texts):
        told(number, len(texts))
        phonemes = [symbol for sentence in voice.phonemize(text) for symbol in sentence]
        ids = voice.phonemes_to_ids(phonemes[:MAX_TOKENS])
        noise = np.random.default_rng([_SEED, number])
        drawn = noise.standard_normal((1, 2, len(ids)), np.float32)
        feed = {
            "ids": np.array([ids], np.int64),
            "duration_noise": drawn * np.float32(described.noise_w_scale),
            "length_scale": np.array([described.length_scale], np.float32),
        }
        if speakers:
            feed["speaker"] = np.array([speaker or 0], np.int64)
        means, scales, durations = run.run(["means", "log_scales", "durations"], feed)
        if not np.all(np.isfinite(durations)) or not 0 < durations.sum() < 10_000:
            raise refuse(f"{encoder.name}: calibration sentence {number + 1} has no sane length")
        repeats = durations.reshape(-1).astype(np.int64)
        means = np.repeat(means, repeats, axis=2)
        spread = np.exp(np.repeat(scales, repeats, axis=2)) * np.float32(described.noise_scale)
        made.append(means + spread * noise.standard_normal(means.shape, np.float32))
    return tuple(made)
