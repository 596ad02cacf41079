"""Cloned voices on this machine: what a family made of a clip, each in a file for its owner only.

A file is an npz without pickled objects: the family's arrays, and `label` as JSON text in bytes.
It fits the one bundle that it was made with. docs/use/clone-a-voice.md tells what is in it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge import records
from edge.bundle import Bundle
from edge.errors import BadRecord, BadVoicePrint, NotWritable
from edge.files import state_dir, write_whole
from edge.owner import become_owner
from edge.voice import MAX_NAME, is_name

FORMAT = 1
MAX_BYTES = 64 << 20
"""Three seconds of a clip are 50 kB of mel; the keys and values of a prefix may be 20 MB."""
MAX_ARRAYS = 64
MAX_LABEL = 16 << 10
_LABEL, _SUFFIX, _STATE = "label", ".npz", ".state"

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Label:
    """`bundle` is the id of the one that the print fits; `made` the time, in UTC. `consent` is
    what whoever made it declared."""

    format: int
    name: str
    family: str
    voice: str
    bundle: str
    language: str
    made: str
    consent: str


@dataclass(frozen=True, eq=False)
class VoicePrint:
    """`arrays` belong to the family. `id` changes whenever the file does; empty before it is
    written."""

    family: str
    arrays: Mapping[str, Array]
    id: str = ""


def prints_dir() -> Path:
    return state_dir() / "prints"


def check_name(name: str) -> None:
    """Check that a cloned voice may be called this. Raises BadVoicePrint."""
    if not is_name(name):
        raise BadVoicePrint(
            f"{name[:80]!r} cannot be a voice's name",
            f"Choose at most {MAX_NAME} letters, digits, '_', '.' and single '-', a letter or "
            "digit first.",
        )


def print_path(name: str) -> Path:
    """Name the file where this print is or would be. Raises BadVoicePrint for a bad name."""
    check_name(name)
    return prints_dir() / f"{name}{_SUFFIX}"


def find_print(name: str) -> Path | None:
    """Find the file of the cloned voice of this name, if there is one."""
    if not is_name(name):
        return None
    path = prints_dir() / f"{name}{_SUFFIX}"
    return path if path.is_file() else None


def state_file(path: Path) -> Path:
    """Name the file beside a print of what a family computed of its clip. It may be missing."""
    return path.with_name(path.name.removesuffix(_SUFFIX) + _STATE)


def save_print(print_: VoicePrint, label: Label) -> Path:
    """Whole or not at all, and readable by its owner alone. Raises DiskFull, NotWritable."""
    path = print_path(label.name)
    become_owner(path.parent)
    arrays: dict[str, Any] = {f"array.{n}": array for n, array in print_.arrays.items()}
    assert not any(array.dtype.hasobject for array in arrays.values()), "it would be pickled"
    arrays[_LABEL] = np.frombuffer(records.dump_json(label).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritable(
            f"{path.parent} cannot be made: {error.strerror}",
            "Set XDG_STATE_HOME to a folder of yours.",
        ) from None
    write_whole(path, buffer.getvalue(), mode=0o600)
    if state_file(path).exists():  # of the clip that was here before
        _wipe(state_file(path))
    return path


def read_label(path: Path) -> Label:
    """Who it is and what it fits, without its arrays. Raises BadVoicePrint."""
    with _opened(_bytes(path), path) as archive:
        return _label(archive, path)


def load_print(path: Path, bundle: Bundle) -> VoicePrint:
    """Raises BadVoicePrint if it is damaged or was made with another bundle."""
    raw = _bytes(path)
    with _opened(raw, path) as archive:
        label = _label(archive, path)
        _check_fits(label, bundle)
        try:
            arrays = {
                name.removeprefix("array."): archive[name]
                for name in archive.files
                if name != _LABEL
            }
        except Exception as error:
            raise _damaged(path, str(error)) from None
    return VoicePrint(label.family, arrays, hashlib.sha256(raw).hexdigest())


def all_labels() -> list[Label]:
    """List the label of every print that can be read, by name; a damaged one is passed over."""
    found: list[Label] = []
    folder = prints_dir()
    for path in sorted(folder.glob(f"[!.]*{_SUFFIX}")) if folder.is_dir() else []:
        try:
            found.append(read_label(path))
        except BadVoicePrint:
            continue
    return found


def fitting(path: Path, bundles: Iterable[Bundle]) -> Bundle:
    """The one of these bundles that the print was made with. Raises BadVoicePrint."""
    label = read_label(path)
    same = [bundle for bundle in bundles if bundle.voice.name == label.voice]
    for bundle in same:
        if bundle.id == label.bundle:
            return bundle
    if same:
        _check_fits(label, same[0])
    raise BadVoicePrint(
        f"the voice {label.name} needs {label.voice}, which is not here",
        f"Build or install {label.voice}, then: edge clone {label.name} CLIP.wav --replace",
    )


def remove_print(name: str) -> None:
    """Overwritten, then removed; flash memory and backups may keep copies that no program can
    reach. Raises BadVoicePrint if there is none, NotWritable."""
    path = print_path(name)
    become_owner(path.parent)
    try:
        if state_file(path).exists():
            _wipe(state_file(path))
        _wipe(path)
    except FileNotFoundError:
        names = ", ".join(label.name for label in all_labels())
        raise BadVoicePrint(
            f"there is no cloned voice {name!r}",
            f"Choose one of: {names}" if names else "Make one: edge clone NAME CLIP.wav",
        ) from None
    except OSError as error:
        raise NotWritable(
            f"{path} cannot be wiped: {error.strerror}", "Do it as the user who cloned the voice."
        ) from None


def _wipe(path: Path) -> None:
    """Overwrite and remove. Raises OSError."""
    with path.open("r+b") as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadVoicePrint(
            f"the voice print {path} cannot be read: {error.strerror}",
            "The daemon must run as the user who cloned the voice: edge doctor",
        ) from None
    if len(raw) > MAX_BYTES:
        raise _damaged(path, f"it is larger than {MAX_BYTES:,} bytes")
    return raw


def _opened(raw: bytes, path: Path) -> Any:
    """An npz whose members are few and stored as they are, so that none can grow in memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as listed:
            members = listed.infolist()
        if len(members) > MAX_ARRAYS or any(
            member.compress_type != zipfile.ZIP_STORED or member.file_size > len(raw)
            for member in members
        ):
            raise _damaged(path, "it holds too much, or is compressed")
        return np.load(io.BytesIO(raw), allow_pickle=False)
    except BadVoicePrint:
        raise
    except Exception as error:  # zipfile raises seven kinds for damaged bytes, and may learn more
        raise _damaged(path, str(error)) from None


def _label(archive: Any, path: Path) -> Label:
    try:
        text = archive[_LABEL]
        if text.dtype != np.uint8 or text.ndim != 1 or text.size > MAX_LABEL:
            raise _damaged(path, "its label is no text")
        raw = text.tobytes().decode()
        if json.loads(raw).get("format") != FORMAT:
            raise _damaged(path, f"it is of another version; this one reads format {FORMAT}")
        return records.parse_json(raw, Label, str(path))
    except BadRecord as error:
        raise _damaged(path, error.message) from None
    except BadVoicePrint:
        raise
    except Exception as error:  # nested too deeply, encrypted, ...: one damaged file of many
        raise _damaged(path, str(error)) from None


def _check_fits(label: Label, bundle: Bundle) -> None:
    if label.bundle != bundle.id:
        raise BadVoicePrint(
            f"the voice {label.name} was cloned with another build of {label.voice}: "
            f"{label.bundle[:12]}, and this one is {bundle.id[:12]}",
            f"Clone it again: edge clone {label.name} CLIP.wav --replace",
        )


def _damaged(path: Path, why: str) -> BadVoicePrint:
    return BadVoicePrint(
        f"the voice print {path} is damaged: {why}",
        f"Clone the voice again: edge clone {path.stem} CLIP.wav --replace",
    )
