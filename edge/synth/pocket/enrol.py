"""A clip to a voice print: made to end on a pause, and turned into latents."""

from __future__ import annotations

import numpy as np

from edge.bundle import Bundle
from edge.errors import ModelFailed
from edge.pcm import PcmChunk
from edge.profile import Provider
from edge.synth.clip import MOST_S, check_clip, resampled
from edge.synth.clip_pauses import end_on_pause
from edge.synth.pocket.codec import encode
from edge.synth.pocket.settings import read_settings
from edge.synth.pocket.speaker import FAMILY, to_arrays
from edge.synth.session import Session
from edge.synth.voice_print import VoicePrint


def enrol(bundle: Bundle, clip: PcmChunk) -> VoicePrint:
    """Raises BadClip, ModelFailed, MissingPackage."""
    settings = read_settings(bundle)
    check_clip(clip, MOST_S)
    graph = bundle.manifest.variants[0].graphs["encoder"]
    encoder = Session(bundle, graph, (Provider("CPUExecutionProvider"),))
    samples = end_on_pause(resampled(clip, settings.rate), settings.rate)
    latents = encode(encoder, settings, samples)
    if not np.isfinite(latents).all():
        raise ModelFailed(
            f"the encoder gave no numbers for a clip of {clip.seconds:.1f} s",
            f"Build the voice again: edge build {bundle.voice.name}",
        )
    return VoicePrint(FAMILY, to_arrays(latents))
