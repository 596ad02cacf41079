"""Cloned voices on this machine: what a family made of a clip, each in a file for its owner only.

A file is an archive of the family's arrays with a label (array_archive.py). It fits the bundles in
which all that it was made of is the same. docs/use/clone-a-voice.md tells what is in it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edge import records
from edge.bundle import WEIGHTS, Bundle
from edge.errors import BadRecord, BadVoicePrint, NotWritable
from edge.families import FAMILIES
from edge.files import SYSTEM_STATE, flush, state_dir, write_whole
from edge.owner import become_owner
from edge.synth import print_seal
from edge.synth.array_archive import Array, arrays_of, label_of, to_bytes
from edge.voice import MAX_NAME, is_name

FORMAT = 2
MAX_BYTES = 64 << 20
"""Three seconds of a clip are 50 kB of mel; the keys and values of a prefix may be 20 MB."""
_SUFFIX, _STATE = ".print", ".state"


@dataclass(frozen=True)
class Label:
    """Description of a print, without its arrays."""

    format: int
    name: str
    family: str
    voice: str
    checkpoint: str
    """`checkpoint_of` of the bundles that it fits."""
    language: str
    made: str
    """Time, in UTC."""
    consent: str
    """Sentence that whoever made it declared."""
    seconds: float = 0.0
    """Length of the clip."""
    loudness: float = 0.0
    """Loudness of the clip as it was recorded, LUFS."""


@dataclass(frozen=True, eq=False)
class VoicePrint:
    """`arrays` belong to the family. `id` changes whenever the file does; empty before it is
    written."""

    family: str
    arrays: Mapping[str, Array]
    id: str = ""


def prints_dir(system: bool = False) -> Path:
    """Name the folder of cloned voices: the service's, or that of whoever runs this."""
    return (SYSTEM_STATE if system else state_dir()) / "prints"


def _folders() -> list[Path]:
    """List where cloned voices are: those of this machine, then those that systemd deciphered for
    the service (LoadCredentialEncrypted=), in memory that is never swapped."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    return [prints_dir(), *([Path(credentials)] if credentials else [])]


def check_name(name: str) -> None:
    """Check that a cloned voice may be called this. Raises BadVoicePrint."""
    if not is_name(name):
        raise BadVoicePrint(
            f"{name[:80]!r} cannot be a voice's name",
            f"Choose at most {MAX_NAME} letters, digits, '_', '.' and single '-', a letter or "
            "digit first.",
        )


def print_path(name: str, system: bool = False) -> Path:
    """Name the file where this print is or would be. Raises BadVoicePrint for a bad name."""
    check_name(name)
    return prints_dir(system) / f"{name}{_SUFFIX}"


def find_print(name: str) -> Path | None:
    """Find the file of the cloned voice of this name, if there is one."""
    if not is_name(name):
        return None
    places = (folder / f"{name}{_SUFFIX}" for folder in _folders())
    return next((path for path in places if path.is_file()), None)


def model_voice(name: str | None) -> str | None:
    """Name the voice whose model speaks as `name`: that of a cloned voice, or the name itself.
    Raises BadVoicePrint."""
    path = None if name is None else find_print(name)
    return name if path is None else read_label(path).voice


def state_file(path: Path) -> Path:
    """Name the file beside a print of what a family computed of its clip. It may be missing."""
    return path.with_name(path.name.removesuffix(_SUFFIX) + _STATE)


def checkpoint_of(bundle: Bundle) -> str:
    """Name what prints for this bundle are made of, the same for every board and recipe: from the
    checksums of the files on the family's card, or the bundle's id if there are none. Raises
    BundleDamaged."""
    names = FAMILIES[bundle.manifest.family].print_of
    sums = {name: entry.sha256 for name, entry in bundle.manifest.files.items()} | bundle.left_out
    if not names or not set(names) <= sums.keys():
        return bundle.id
    weights = {name + WEIGHTS for name in names} & sums.keys()
    told = "".join(f"{name} {sums[name]}\n" for name in sorted({*names, *weights}))
    return hashlib.sha256(told.encode()).hexdigest()


def save_print(
    print_: VoicePrint, label: Label, path: Path | None = None, recipients: Sequence[str] = ()
) -> Path:
    """Write a print, whole or not at all, and readable by its owner alone: among the voices of
    this machine, or at `path`; sealed if there are recipients, who alone can open it. Raises
    DiskFull, NotWritable, BadRecipient, MissingPackage."""
    text = records.dump_json(label)
    raw = to_bytes(text, print_.arrays)
    sealed = print_seal.sealed(raw, text, recipients) if recipients else raw
    return write_print(sealed, label.name, path)


def write_print(raw: bytes, name: str, path: Path | None = None) -> Path:
    """Write the bytes of a print as save_print() does."""
    path = path or print_path(name)
    become_owner(path.parent)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritable(
            f"{path.parent} cannot be made: {error.strerror}",
            "Set XDG_STATE_HOME to a folder of yours.",
        ) from None
    write_whole(path, raw, mode=0o600)
    flush(path.parent)
    if path.parent in (prints_dir(), prints_dir(system=True)) and state_file(path).exists():
        _wipe(state_file(path))  # of the clip that was here before
    return path


def read_label(path: Path) -> Label:
    """Tell who it is and what it fits, without its arrays. Raises BadVoicePrint."""
    with _opened(path) as file:
        return label_in(file, path)


def label_in(file: IO[bytes], path: Path) -> Label:
    """Read the label of an opened print, which is called `path`. Raises BadVoicePrint."""
    try:
        text = print_seal.label_of(file) if print_seal.is_sealed(file) else label_of(file)
        if json.loads(text).get("format") != FORMAT:
            raise ValueError(f"it is of another version; this one reads format {FORMAT}")
        return records.parse_json(text, Label, str(path))
    except BadRecord as error:
        raise _damaged(path, error.message) from None
    except Exception as error:  # nested too deeply, no mapping, ...: one damaged file of many
        raise _damaged(path, str(error)) from None


def load_print(path: Path, bundle: Bundle) -> VoicePrint:
    """Raises BadVoicePrint if it is damaged or was made with another checkpoint."""
    with _opened(path) as file:
        raw = file.read(MAX_BYTES + 1)
    return print_in(raw, path, bundle)


def print_in(raw: bytes, path: Path, bundle: Bundle) -> VoicePrint:
    """Read a print from its bytes, deciphered if need be. Raises BadVoicePrint, MissingPackage."""
    label = label_in(io.BytesIO(raw), path)
    check_fits(label, bundle)
    plain = io.BytesIO(raw)
    if print_seal.is_sealed(plain):
        plain = io.BytesIO(print_seal.opened(raw, path))
        if label_in(plain, path) != label:
            raise _damaged(path, "its label is not the one that was sealed")
    try:
        arrays = arrays_of(plain)
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    return VoicePrint(label.family, arrays, hashlib.sha256(raw).hexdigest())


def all_labels(also: Iterable[Path] = ()) -> list[Label]:
    """List the label of every print that can be read, by name, those in other folders too; a
    damaged one is passed over."""
    found: dict[str, Label] = {}
    places = [*_folders(), *also]
    for path in (path for folder in places for path in folder.glob(f"[!.]*{_SUFFIX}")):
        try:
            found.setdefault(path.stem, read_label(path))
        except BadVoicePrint:
            continue
    return [found[name] for name in sorted(found)]


def find_label(name: str, also: Iterable[Path] = ()) -> tuple[Label, Path] | None:
    """Find a cloned voice by its name, with its file; in other folders too. Raises
    BadVoicePrint."""
    if not is_name(name):
        return None
    for path in (folder / f"{name}{_SUFFIX}" for folder in (*_folders(), *also)):
        if path.is_file():
            return read_label(path), path
    return None


def fitting(path: Path, bundles: Iterable[Bundle]) -> Bundle:
    """Find the bundle that the print at `path` fits. Raises BadVoicePrint."""
    return bundle_for(read_label(path), bundles)


def bundle_for(label: Label, bundles: Iterable[Bundle]) -> Bundle:
    """Find the bundle that a print fits. Raises BadVoicePrint."""
    same = [bundle for bundle in bundles if bundle.voice.name == label.voice]
    for bundle in same:
        if checkpoint_of(bundle) == label.checkpoint:
            return bundle
    if same:
        check_fits(label, same[0])
    raise BadVoicePrint(
        f"the voice {label.name} needs {label.voice}, which is not here",
        f"Build or install {label.voice}, then: edge clone {label.name} CLIP.wav --replace",
    )


def remove_print(name: str, system: bool = False) -> None:
    """Overwritten, then removed; flash memory and backups may keep copies that no program can
    reach. Raises BadVoicePrint if there is none, NotWritable."""
    path = print_path(name, system)
    if (found := find_print(name)) is not None and found.parent not in (path.parent, prints_dir()):
        raise BadVoicePrint(
            f"{name} is a credential that systemd gives to the service: {found}",
            "Take it out of the unit: LoadCredentialEncrypted= (docs/use/clone-a-voice.md).",
        )
    become_owner(path.parent)
    try:
        if state_file(path).exists():
            _wipe(state_file(path))
        _wipe(path)
    except FileNotFoundError:
        names = ", ".join(label.name for label in all_labels())
        raise BadVoicePrint(
            f"there is no cloned voice {name!r} in {path.parent}",
            f"Choose one of: {names}" if names else "Make one: edge clone NAME CLIP.wav",
        ) from None
    except OSError as error:
        raise NotWritable(
            f"{path} cannot be wiped: {error.strerror}", "Do it as the user who cloned the voice."
        ) from None
    flush(path.parent)


def check_fits(label: Label, bundle: Bundle) -> None:
    """Raise BadVoicePrint if the print was made with another checkpoint."""
    here = checkpoint_of(bundle)
    if label.checkpoint != here:
        raise BadVoicePrint(
            f"the voice {label.name} was cloned with another checkpoint of {label.voice}: "
            f"{label.checkpoint[:12]}, and this one is {here[:12]}",
            f"Clone it again: edge clone {label.name} CLIP.wav --replace",
        )


def _wipe(path: Path) -> None:
    """Overwrite and remove. Raises OSError."""
    with path.open("r+b") as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _opened(path: Path) -> IO[bytes]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadVoicePrint(
            f"the voice print {path} cannot be read: {error.strerror}",
            "The daemon must run as the user who cloned the voice: edge doctor",
        ) from None
    if os.fstat(file.fileno()).st_size > MAX_BYTES:
        file.close()
        raise _damaged(path, f"it is larger than {MAX_BYTES:,} bytes")
    return file


def _damaged(path: Path, why: str) -> BadVoicePrint:
    return BadVoicePrint(
        f"the voice print {path} is damaged: {why}",
        f"Clone the voice again: edge clone {path.stem} CLIP.wav --replace",
    )
