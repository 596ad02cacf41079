"""A clip to a voice print: made to end on a pause, and turned into latents."""

from __future__ import annotations

import numpy as np

from edge.bundle import Bundle
from edge.errors import ModelFailed
from edge.pcm import PcmChunk, Samples
from edge.profile import Provider
from edge.synth.clip import MOST_S, check_clip, resampled
from edge.synth.pocket.codec import encode
from edge.synth.pocket.settings import read_settings
from edge.synth.pocket.speaker import FAMILY, to_arrays
from edge.synth.session import Session
from edge.synth.voice_print import VoicePrint

FRAME_S, FLOOR_DB = 0.02, 35.0
"""Frames that are so far below the loudest are a pause."""
FADE_S, PAUSE_S = 0.02, 0.08


def enrol(bundle: Bundle, clip: PcmChunk) -> VoicePrint:
    """Raises BadClip, ModelFailed, MissingPackage."""
    settings = read_settings(bundle)
    check_clip(clip, MOST_S)
    graph = bundle.manifest.variants[0].graphs["encoder"]
    encoder = Session(bundle, graph, (Provider("CPUExecutionProvider"),))
    samples = ended_on_pause(resampled(clip, settings.rate), settings.rate)
    latents = encode(encoder, settings, samples)
    if not np.isfinite(latents).all():
        raise ModelFailed(
            f"the encoder gave no numbers for a clip of {clip.seconds:.1f} s",
            f"Build the voice again: edge build {bundle.voice.name}",
        )
    return VoicePrint(FAMILY, to_arrays(latents))


def ended_on_pause(samples: Samples, rate: int) -> Samples:
    """Cut behind the last sound, fade it out and add a short silence: a clip that ends in speech
    makes the model go on with it, one that ends in a long silence makes it begin late."""
    length = int(FRAME_S * rate)
    count = len(samples) // length
    if not count:
        return samples
    frames = samples[: count * length].reshape(count, length).astype(np.float64)
    levels = 20 * np.log10(np.sqrt((frames**2).mean(axis=1)) + 1e-12)
    end = (int(np.nonzero(levels > levels.max() - FLOOR_DB)[0][-1]) + 1) * length
    kept = samples[:end].copy()
    fade = min(int(FADE_S * rate), end)
    kept[end - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return np.concatenate([kept, np.zeros(int(PAUSE_S * rate), np.float32)])
