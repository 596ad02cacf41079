"""Family `piper`: VITS voices, whose phonemes espeak-ng makes.

This module answers without the model and without piper-tts; `load` imports both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from edge.bundle import Bundle, Variant
from edge.bundle.measured import Cost
from edge.synth import Synthesizer


def load(bundle: Bundle, variant: Variant, cost: Cost | None) -> Synthesizer:
    from edge.synth.piper.synthesizer import PiperSynthesizer

    return PiperSynthesizer(bundle, variant, cost)


def speakers(bundle: Bundle) -> tuple[str, ...]:
    config = read_config(bundle)
    return tuple(config.get("speaker_id_map", ())) if config.get("num_speakers", 1) > 1 else ()


def phonemes(bundle: Bundle) -> frozenset[str]:
    config = read_config(bundle)
    espeak = config.get("phoneme_type", "espeak") == "espeak"
    return frozenset(config["phoneme_id_map"] if espeak else ())


def phonemizer(bundle: Bundle) -> Callable[[str], list[list[str]]]:
    from edge.synth.piper.phonemizers import open_phonemizer
    from edge.text.inline_phonemes import phonemize_given

    phonemize = open_phonemizer(read_config(bundle)).phonemize
    return lambda text: phonemize_given(text, phonemize)


def reads(bundle: Bundle, language: str) -> bool:
    from edge.synth.piper.foreign import espeak_name

    return bool(phonemes(bundle)) and espeak_name(language) is not None


def read_config(bundle: Bundle) -> dict[str, Any]:
    """Read Piper's own description of the voice."""
    config: dict[str, Any] = json.loads(bundle.file("config.json").read_text(encoding="utf-8"))
    return config
