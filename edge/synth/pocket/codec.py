"""Latents to sound, and a clip's sound to latents: causal, frame by frame."""

from __future__ import annotations

import numpy as np

from edge.pcm import Samples
from edge.synth.pocket.caches import Graph, StreamState
from edge.synth.pocket.settings import Settings
from edge.synth.session import Array

ROWS = 16
"""Rows of the codec's transformers in a frame."""
FADE_S = 0.005
"""Seconds that the sound of a segment fades in: the decoder begins with a small step."""
ENCODED_AT_ONCE = 12
"""Frames of a clip in one run: 166 MiB at the peak for any length."""
_NOT_LAST = np.zeros(1, bool)
"""No layer looks ahead, so none needs to know the end."""


class SoundStream:
    """The sound of one segment, from its latents."""

    def __init__(self, session: Graph, settings: Settings) -> None:
        self._state = StreamState(session, settings.codec, ROWS)
        self._settings, self._begun = settings, False
        self._first = True
        self._fused = "first" in session.inputs

    def push(self, latents: Array) -> Samples:
        """Turn latents (T, 32) into T frames of samples; T is at least 1."""
        parts = []
        while len(latents):
            count = min(len(latents), self._state.room())
            parts.append(self._run(np.ascontiguousarray(latents[:count], np.float32)))
            latents = latents[count:]
        samples = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if not self._begun:
            fade = round(FADE_S * self._settings.rate)
            samples[:fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)
            self._begun = True
        return np.clip(samples, -1.0, 1.0)

    def _run(self, latents: Array) -> Samples:
        length = len(latents) * self._settings.frame
        inputs = {"latent": latents, **self._state.places(len(latents))}
        if self._fused:  # our own operators know where a sentence begins
            inputs |= {"first": np.array([self._first]), "last": _NOT_LAST}
            self._first = False
        made = self._state.held.run(inputs, {"audio": (1, 1, length)})
        return made["audio"].reshape(-1).copy()


def encode(encoder: Graph, settings: Settings, samples: Samples) -> Array:
    """Turn a clip at the voice's rate into latents (F, inner), a dozen frames at a time: a whole
    clip of 30 s would take 3.8 GB. Raises ModelFailed."""
    state = StreamState(encoder, settings.encoder, ROWS)
    frame = settings.frame
    padded = np.zeros(-(-len(samples) // frame) * frame, np.float32)
    padded[: len(samples)] = samples
    parts = []
    first = True
    while len(padded):
        count = min(len(padded) // frame, ENCODED_AT_ONCE, state.room())
        inputs = {
            "audio": padded[: count * frame].reshape(1, 1, -1),
            "first": np.array([first]),
            **state.places(count),
        }
        made = state.held.run(inputs, {"latents": (count, settings.inner)})
        parts.append(made["latents"].copy())
        padded, first = padded[count * frame :], False
    return np.concatenate(parts)
