"""Family `kokoro`: many voices in one model, each a table of styles. docs/design/kokoro.md is its
page.

This module answers without the model and without what reads a language; `load` imports both.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.bundle import Bundle, Variant
from edge.bundle.measured import Cost
from edge.synth import Synthesizer
from edge.synth.kokoro.settings import read_settings


def load(bundle: Bundle, variant: Variant, cost: Cost | None) -> Synthesizer:
    from edge.synth.kokoro.synthesizer import KokoroSynthesizer

    return KokoroSynthesizer(bundle, variant, cost)


def speakers(bundle: Bundle) -> tuple[str, ...]:
    return read_settings(bundle).speakers


def phonemes(bundle: Bundle) -> frozenset[str]:
    return frozenset(read_settings(bundle).vocabulary)


def phonemizer(bundle: Bundle) -> Callable[[str], list[list[str]]]:
    from edge.synth.kokoro.front_end import open_front_end
    from edge.synth.signs import phonemes_of

    vocabulary = read_settings(bundle).vocabulary
    read = open_front_end(bundle.manifest.language)
    return lambda text: [
        [sign for sign in phonemes_of(part, read.phonemes) if sign in vocabulary]
        for part in read.sentences(text)
    ]
