"""Family `hibari`: English voices whose spectra a network draws, and numpy turns into sound.

This module answers without the model and without hibari-tts; `load` imports both.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge.bundle import Bundle, Variant
from edge.bundle.measured import Cost
from edge.synth import Synthesizer


def load(bundle: Bundle, variant: Variant, cost: Cost | None) -> Synthesizer:
    from edge.synth.hibari.synthesizer import HibariSynthesizer

    return HibariSynthesizer(bundle, variant, cost)


def phonemes(bundle: Bundle) -> frozenset[str]:
    return frozenset(read_vocabulary(bundle))


def phonemizer(bundle: Bundle) -> Callable[[str], list[list[str]]]:
    from edge.synth.hibari.synthesizer import make_phonemizer
    from edge.synth.signs import phonemes_of

    vocabulary = read_vocabulary(bundle)
    cut, read = make_phonemizer(bundle.manifest.language)
    return lambda text: [
        [phoneme for phoneme in phonemes_of(part, read) if phoneme in vocabulary]
        for part in cut(text)
    ]


def read_vocabulary(bundle: Bundle) -> dict[str, int]:
    """Read the voice's phonemes and their ids."""
    ids: dict[str, int] = json.loads(bundle.file("vocab.json").read_text(encoding="utf-8"))
    return dict(ids)


@contextmanager
def without_scipy() -> Iterator[None]:
    """Keep hibari-tts from importing scipy, where there is one: 20 MiB, for two transforms that
    edge.synth.hibari.signal has of numpy, so that a voice sounds alike on every machine."""
    if "scipy" in sys.modules:
        yield
        return
    sys.modules["scipy"] = None  # type: ignore[assignment]  # Python's own way to refuse one
    try:
        yield
    finally:
        del sys.modules["scipy"]
