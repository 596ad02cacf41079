"""Describe a voice of one's own by its files alone, so that nobody must write YAML for it: a Piper
voice, or a folder with a checkpoint of Pocket TTS (own_checkpoint.py).

The description that this makes goes into the bundle, and `edge voices my-voice.onnx` prints it.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from edge.bundle import file_sha256
from edge.bundler import own_checkpoint
from edge.errors import BadRecord, ExportFailed
from edge.files import is_lfs_pointer
from edge.records import read_text
from edge.text import LANGUAGE
from edge.voice import Voice, load_voice, models_dir, parse_voice, voice_path

CHECKPOINTS = (".ckpt", ".pt", ".pth", ".safetensors")
"""Endings of what a training saves; no graph is in it."""
INPUTS = ("input", "input_lengths", "scales")
"""Inputs of every graph that Piper exports; one with several speakers has `sid` too."""
_PAIR = "Piper writes both files together: take the .onnx.json of the same training."
_EXPORT = (
    "Export it as .onnx with the program that trained it. Piper's: "
    "python -m piper.train.export_onnx --checkpoint FILE.ckpt --output-file my-voice.onnx"
)


def is_own(place: str) -> bool:
    """Tell whether `place` is a model or a folder, and not a voice's name or a description."""
    if place.endswith((".onnx", *CHECKPOINTS)):
        return True
    return Path(place).is_dir() and not (models_dir() / f"{place}.yaml").is_file()


def described(place: str, config: Path | None, licence: str | None) -> tuple[Voice, str]:
    """Return a voice, its local paths absolute, and the text that describes it in its bundle.

    `place` is a name in models/, a YAML file, a Piper voice's .onnx file or a folder with one. For
    the last two, `config` is the file that else lies beside the model with .json added. Raises
    UnknownVoice, and BadRecord or ExportFailed saying how to mend what is missing or wrong.
    """
    if not is_own(place):
        if config is not None or licence is not None:
            raise BadRecord(
                f"{place} has a description: --config and --licence are for a model without one",
                "Write files and licence into the YAML file.",
            )
        return load_voice(place), read_text(voice_path(place))
    if (found := own_checkpoint.find(Path(place))) is not None:
        return own_checkpoint.described(Path(place), found, licence)
    model = find_model(Path(place))
    _check_inputs(model)
    config = config or Path(f"{model}.json")
    files = {"model": model, "config": config}
    told = _read_config(model, config)
    name = own_name(place)
    description = {
        "name": name,
        "title": f"{name}, described by its files alone",
        "family": "piper",
        "language": _language(told),
        "licence": {"name": own_checkpoint.PRIVATE if licence is None else licence},
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
    voice = parse_voice(text, place)
    placed = {
        role: dataclasses.replace(source, path=str(files[role].resolve()))
        for role, source in voice.files.items()
    }
    return dataclasses.replace(voice, files=placed), text


def own_name(place: str) -> str:
    """Return the name of the voice: the model's file name, as far as a name may hold it."""
    folder = own_checkpoint.find(Path(place)) is not None
    stem = Path(place).resolve().name if folder else find_model(Path(place)).stem
    return own_checkpoint.as_name(stem)


def find_model(place: Path) -> Path:
    """Return the .onnx file that `place` is or that lies in it; raises BadRecord."""
    if place.is_dir():
        models = sorted(place.glob("*.onnx"))
        saved = sorted(path for path in place.iterdir() if path.suffix in CHECKPOINTS)
        if len(models) == 1:
            return models[0]
        if models:
            names = ", ".join(path.name for path in models)
            raise BadRecord(
                f"{place} holds several models: {names}",
                f"Name one: edge build {quote(str(models[0]))}",
            )
        if not saved:
            raise BadRecord(
                f"{place} holds no .onnx file",
                "Name a folder with a Piper voice: my-voice.onnx and my-voice.onnx.json.",
            )
        place = saved[0]
    if place.suffix in CHECKPOINTS:
        raise BadRecord(f"{place} is a checkpoint of a training, not a model", _EXPORT)
    if not place.is_file():
        raise BadRecord(f"{place}: no such file", "Check the path.")
    return place


def _check_inputs(model: Path) -> None:
    """Raise ExportFailed for a graph of another architecture, before its parts are looked at, and
    BadRecord for what is no graph but the place of one."""
    from edge.bundler.export.original import read_original

    if model.is_file() and is_lfs_pointer(model):
        raise BadRecord(
            f"{model} is a pointer of Git LFS, not the model itself",
            f"Fetch it: git -C {quote(str(model.parent))} lfs pull",
        )
    inputs = read_original(model).inputs
    if not set(INPUTS) <= inputs.keys():
        raise ExportFailed(
            f"{model} is no Piper voice: it takes {', '.join(inputs) or 'nothing'}, and a Piper "
            f"voice takes {', '.join(INPUTS)}",
            "Only Piper voices are built from a file alone. Type `edge voices` for those of other "
            "families.",
        )


def _read_config(model: Path, path: Path) -> dict[str, Any]:
    if not path.is_file():
        others = sorted(model.parent.glob("*.json"))
        other = quote(str(others[0])) if len(others) == 1 else "FILE.json"
        raise BadRecord(
            f"{model} has no configuration: there is no {path}",
            f"Put it there under that name, or: edge build {quote(str(model))} --config {other}",
        )
    try:
        told = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"{path}: not readable as JSON: {error}", _PAIR) from None
    if not isinstance(told, dict) or "phoneme_id_map" not in told:
        raise BadRecord(f"{path} is no Piper configuration: it has no phoneme_id_map", _PAIR)
    return told


def _language(told: dict[str, Any]) -> str:
    """Find the language as BCP 47 with an underscore: `en_US` for espeak-ng's `en-us`."""
    for section, key in (("language", "code"), ("espeak", "voice")):
        part = told.get(section)
        tag = part.get(key) if isinstance(part, dict) else None
        if isinstance(tag, str):
            language, _, region = tag.replace("_", "-").partition("-")
            region = region.partition("-")[0].upper()
            for each in (f"{language.lower()}_{region}", language.lower()):
                if LANGUAGE.fullmatch(each):
                    return each
    return own_checkpoint.UNDETERMINED
