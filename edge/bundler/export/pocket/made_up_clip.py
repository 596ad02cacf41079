"""A clip for a build, which has none: what speech might be for a codec, not what a voice sounds
like."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge import records
from edge.bundler.export.pocket.tables import STATISTICS
from edge.bundler.export.pocket.trial import TriedGraph
from edge.pcm import Samples
from edge.synth.pocket.codec import encode
from edge.synth.pocket.settings import Settings
from edge.synth.session import Array

CLIP_S = 2.5


def clip(rate: int) -> Samples:
    """A buzz of a voice's pitch and formants, in syllables with pauses between."""
    time = np.arange(int(CLIP_S * rate)) / rate
    pitch = 120 + 20 * np.sin(2 * np.pi * 0.7 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    sound = np.zeros(len(time))
    for harmonic in range(1, 40):
        hz = 120.0 * harmonic
        bumps = ((600, 200), (1500, 300), (2600, 400))
        formants = sum(float(np.exp(-(((hz - f) / w) ** 2))) for f, w in bumps)
        sound += (0.02 + formants) / harmonic**0.5 * np.sin(harmonic * phase)
    syllables = np.clip(np.sin(2 * np.pi * 2.2 * time), 0, None) ** 0.5
    phrases = np.sin(2 * np.pi * 0.8 * time) > -0.3
    made = 0.25 * sound / np.abs(sound).max() * syllables * phrases
    return np.asarray(made, np.float32)


def latents_of(folder: Path) -> Array:
    """Latents of the clip as the decoder takes them (F, 32), by the encoder in `folder`."""
    settings = records.load_json(folder / "config.json", Settings)
    mean, scale = np.load(folder / STATISTICS)
    raw = encode(TriedGraph(folder / "encoder.onnx"), settings, clip(settings.rate))
    return np.asarray((raw - mean) / scale, np.float32)
