"""Family `hibari`: English voices whose spectra a network draws, and numpy turns into sound.

This module answers without the model and without hibari-tts; `load` imports both.
"""

from __future__ import annotations

import json

from edge.bundle import Bundle, Variant
from edge.bundle.measured import Cost
from edge.synth import Synthesizer


def load(bundle: Bundle, variant: Variant, cost: Cost | None) -> Synthesizer:
    from edge.synth.hibari.synthesizer import HibariSynthesizer

    return HibariSynthesizer(bundle, variant, cost)


def phonemes(bundle: Bundle) -> frozenset[str]:
    return frozenset(read_vocabulary(bundle))


def read_vocabulary(bundle: Bundle) -> dict[str, int]:
    """Read the voice's phonemes and their ids."""
    ids: dict[str, int] = json.loads(bundle.file("vocab.json").read_text(encoding="utf-8"))
    return dict(ids)
