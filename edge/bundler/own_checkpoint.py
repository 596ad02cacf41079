"""Describe a checkpoint folder of Pocket TTS by its files: a YAML of the official layout, the
weights and the tokenizer, as they are released and as training writes them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

import yaml

from edge.bundle import file_sha256
from edge.errors import BadRecord
from edge.records import read_text
from edge.voice import MAX_NAME, Voice, parse_voice

PRIVATE = "private"
UNDETERMINED = "und"
"""BCP 47's tag for a language that nobody has told."""
WEIGHTS, TOKENIZERS = "*.safetensors", ("tokenizer.model", "tokenizer.json")
CLIP = "voice.wav"
"""A clip of the voice that the bundle speaks with if nobody is named, where the folder has one."""
_LAYOUT = re.compile(r"^flow_lm:", re.MULTILINE)
_LANGUAGES = {
    "english": "en",
    "french": "fr",
    "german": "de",
    "italian": "it",
    "spanish": "es",
    "portuguese": "pt",
    "dutch": "nl",
}
"""Beginning of a released checkpoint's name -> its language."""
_PLACE = re.compile(r"/languages/([a-z]+)")


def find(place: Path) -> dict[str, Path] | None:
    """Return the files of a checkpoint folder by role; None if the folder is none. Raises
    BadRecord naming what it lacks."""
    weights = sorted(place.glob(WEIGHTS)) if place.is_dir() else []
    layouts = [path for path in sorted(place.glob("*.yaml")) if _LAYOUT.search(read_text(path))]
    if not weights or not layouts:
        return None
    tokenizers = [place / name for name in TOKENIZERS if (place / name).is_file()]
    for what, found in (("weights", weights), ("YAML", layouts), ("tokenizer", tokenizers)):
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or f"no {' or '.join(TOKENIZERS)}"
            raise BadRecord(
                f"{place} holds {names}: one {what} is needed",
                "Give a folder with one checkpoint: its .yaml, .safetensors and tokenizer.",
            )
    files = {"config": layouts[0], "model": weights[0], "tokenizer": tokenizers[0]}
    return files | ({"voice": place / CLIP} if (place / CLIP).is_file() else {})


def described(place: Path, files: Mapping[str, Path], licence: str | None) -> tuple[Voice, str]:
    """Return the voice, its paths absolute, and the text that describes it in its bundle."""
    name = as_name(place.resolve().name)
    description = {
        "name": name,
        "title": f"{name}, described by its files alone",
        "family": "pocket",
        "language": _language(files["config"]),
        "licence": {"name": PRIVATE if licence is None else licence},
        "files": {
            role: {
                "path": path.name,
                "sha256": file_sha256(path),
                "bytes": path.stat().st_size,
            }
            for role, path in files.items()
        },
    }
    text = yaml.safe_dump(description, sort_keys=False, allow_unicode=True)
    voice = parse_voice(text, quote(str(place)))
    placed = {
        role: dataclasses.replace(source, path=str(files[role].resolve()))
        for role, source in voice.files.items()
    }
    return dataclasses.replace(voice, files=placed), text


def as_name(stem: str) -> str:
    """Return a file's name as far as a voice's name may hold it."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", stem).strip("-._")[:MAX_NAME].rstrip("-") or "voice"


def _language(config: Path) -> str:
    """Find the language in the place that the weights are said to be at."""
    found = _PLACE.search(read_text(config))
    return _LANGUAGES.get(found[1], UNDETERMINED) if found else UNDETERMINED
