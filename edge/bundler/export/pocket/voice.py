"""A voice that a bundle brings: a clip of it, as `edge clone` would take it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.bundler.export.pocket.trial import TriedGraph
from edge.synth.clip import MOST_S, check_clip, resampled
from edge.synth.clip_file import read_clip
from edge.synth.clip_pauses import end_on_pause
from edge.synth.loudness import levelled
from edge.synth.pocket.codec import encode
from edge.synth.pocket.settings import Settings
from edge.synth.pocket.speaker import DEFAULT


def write_voice(clip: Path, settings: Settings, folder: Path) -> None:
    """Turn a clip into the latents that the bundle speaks with if nobody is named. Raises BadClip,
    ExportFailed."""
    read = read_clip(clip, MOST_S)
    check_clip(read, MOST_S)
    samples = end_on_pause(resampled(levelled(read), settings.rate), settings.rate)
    np.save(folder / DEFAULT, encode(TriedGraph(folder / "encoder.onnx"), settings, samples))
