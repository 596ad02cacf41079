"""The phonemizers of piper-tts: which one a voice wants, and what that needs beside piper-tts.

Most voices want espeak-ng, which piper-tts brings. piper-tts 1.8.0 imports the packages of the
others at the first text, and fetches the model of the Chinese one from the network there; here
both are looked for when the voice is loaded, and nothing is fetched.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.errors import BadRecord, MissingPackage
from edge.remedies import add_packages, for_speaking_alone
from edge.synth.piper.espeak import keep_voice

if TYPE_CHECKING:
    from piper import PiperVoice

MODELS = Path("/usr/share/edge-voice/phonemizers")
"""Where a phonemizer's own model is looked for; an administrator puts it there."""


@dataclass(frozen=True)
class Phonemizer:
    """Tells what one of them needs: nothing but piper-tts by default."""

    imports: tuple[str, ...] = ()
    extra: str = "piper"
    """Our pip extra that brings all of it."""
    model: str = ""
    """File below MODELS that must be there; empty if there is none."""
    origin: str = ""
    """Where the model comes from."""


PHONEMIZERS: Mapping[str, Phonemizer] = {
    "espeak": Phonemizer(),
    "text": Phonemizer(),
    "hebrew": Phonemizer(),
    "japanese": Phonemizer(("pyopenjtalk",), "piper-ja"),
    "thai": Phonemizer(("tltk.nlp", "unicode_rbnf"), "piper-th"),
    "pinyin": Phonemizer(
        ("transformers", "sentence_stream", "unicode_rbnf"),
        "piper-zh",
        "g2pW/g2pw.onnx",
        "zh/zh_CN/_resources/g2pw.tar.gz of Hugging Face's data set rhasspy/piper-checkpoints",
    ),
}
"""`phoneme_type` in a voice's config.json -> what it needs."""


def kind_of(config: Mapping[str, Any]) -> str:
    """Return the phonemizer's name. Raises BadRecord for one that piper-tts does not know."""
    kind = config.get("phoneme_type", "espeak")
    if kind not in PHONEMIZERS:
        raise BadRecord(
            f"config.json: phoneme_type is {str(kind)[:40]!r}; there are {', '.join(PHONEMIZERS)}",
            "Take a voice that piper-tts 1.8 can speak.",
        )
    return str(kind)


def open_phonemizer(config: Mapping[str, Any]) -> PiperVoice:
    """Make piper-tts's own text half, without its model: the phonemes cannot differ from its own.

    Raises MissingPackage naming what is not installed, and BadRecord as kind_of does.
    """
    kind = kind_of(config)
    needs = PHONEMIZERS[kind]
    try:
        from piper import PiperVoice
        from piper.config import PiperConfig

        keep_voice()
    except ImportError as error:
        raise MissingPackage(
            f"the piper family needs the package piper-tts: {error}", add_packages("piper")
        ) from None
    # They quote phonemes that a voice lacks and symbols that they drop: spoken text stays out of
    # logs.
    logging.getLogger("piper").setLevel(logging.ERROR)
    for module in needs.imports:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise MissingPackage(
                f"the voice's phonemizer ({kind}) needs the package {module.split('.')[0]}: "
                f"{error}",
                _bring(needs.extra),
            ) from None
    if needs.model and not (MODELS / needs.model).is_file():
        raise MissingPackage(
            f"the voice's phonemizer ({kind}) needs a model that is not at {MODELS / needs.model}",
            f"Unpack there: {needs.origin}. Nothing is fetched while a voice is loaded.",
        )
    return PiperVoice(
        session=None, config=PiperConfig.from_dict(dict(config)), download_dir=MODELS
    )


def _bring(extra: str) -> str:
    if extra == "piper" or not for_speaking_alone():
        return add_packages(extra)
    return (
        "No Debian package of Edge Voice brings it. Speak this voice from a clone: make setup, "
        f"then .venv/bin/python -m pip install '.[{extra}]'"
    )
