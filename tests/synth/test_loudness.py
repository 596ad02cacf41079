"""How loud a bundle may speak before it is refused: into headphones, a square wave hurts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.errors import ModelFailed
from edge.pcm import PcmChunk
from edge.synth.self_test import MAX_LOUDNESS, speak
from edge.synth.tone import ToneSynthesizer
from tests.bundle.test_bundle import edit_manifest

PEAK = 0.9


@pytest.fixture
def noisy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A voice of white noise, as loud as noise can be that is hardly clipped."""

    def noise(*_: object) -> Iterator[PcmChunk]:
        samples = np.random.default_rng(7).normal(0, MAX_LOUDNESS / 2, 22_050)
        yield PcmChunk(samples.clip(-PEAK, PEAK).astype(np.float32), 22_050)

    monkeypatch.setattr(ToneSynthesizer, "speak", noise)


@pytest.mark.parametrize("gain, loud", [(1.0, False), (1.5, False), (8.0, True)])
def test_the_gain_counts(noisy: None, copied_bundle: Path, gain: float, loud: bool) -> None:
    """A stranger's bundle of a quiet voice, with a gain that clips nearly all of it."""
    edit_manifest(copied_bundle, lambda manifest: manifest.update(gain=gain))
    if loud:
        with pytest.raises(ModelFailed, match="as loud as no speech"):
            speak(copied_bundle)
    else:
        speak(copied_bundle)
