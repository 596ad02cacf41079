"""Keep what was fetched: each file in the cache under its checksum, whole or not at all.

The cache is a flat folder of files named by their sha256 (or md5-MD5, where a list has only that),
with `.part` for a download under way and `.lock` so that two builds do not bring a file twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.bundler.fetch.download import IN_THE_YAML, Remedies, download
from edge.errors import ChecksumMismatch, DiskFull, FetchFailed
from edge.files import FULL, flush, locked

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Wanted:
    """A file to be had, and how to know that it is the right one."""

    name: str
    origin: str
    """Name of whoever hands it out, for messages."""
    bytes: int
    digest: str
    """Hexadecimal checksum; empty if only the size is known."""
    algorithm: Literal["sha256", "md5", "commit"] = "sha256"
    """`commit`: the file's checksum is not known; `digest` is that of its address, which holds a
    commit, and its size is all that can be checked."""
    changed: str = ""
    """Remedy if it is another file."""

    @property
    def entry(self) -> str:
        return self.digest if self.algorithm == "sha256" else f"{self.algorithm}-{self.digest}"


def keep(
    wanted: Wanted,
    cache: Path,
    report: Progress,
    bring: Callable[[Path], None],
    room: int = 1,
) -> Path:
    """Return the file's entry in the cache; `bring` writes it into a part if it is not there.

    `room` is how many times its size the disk must hold while it comes. Raises ChecksumMismatch,
    DiskFull, FetchFailed, and what `bring` raises.
    """
    entry = cache / wanted.entry
    part = cache / f"{wanted.entry}.part"
    with _writing(cache, wanted.bytes):
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache / f"{wanted.entry}.lock"):
            if entry.is_file():
                if _is(entry, wanted):
                    report(wanted.name, wanted.bytes, wanted.bytes)
                    return entry
                entry.unlink()  # damaged on the disk since it was checked
            _check_room(wanted.bytes, cache, part, room)
            report(wanted.name, 0, wanted.bytes)
            bring(part)
            try:
                check(part, wanted)
            except ChecksumMismatch:
                part.unlink()
                raise
            flush(part)
            part.replace(entry)
            flush(cache)
            report(wanted.name, wanted.bytes, wanted.bytes)
    return entry


def bring_url(
    url: str,
    wanted: Wanted,
    part: Path,
    report: Progress,
    delays: Sequence[float],
    timeout: float,
    remedies: Remedies = IN_THE_YAML,
    token: str = "",
) -> None:
    """Download into `part`, going on from what is there unless that turns out to be damaged."""

    def show(held: int) -> None:
        report(wanted.name, held, wanted.bytes)

    def bring() -> None:
        download(
            url,
            part,
            wanted.bytes,
            show,
            remedies=remedies,
            delays=delays,
            timeout=timeout,
            token=token,
        )

    went_on = part.exists()
    bring()
    if went_on and not _is(part, wanted):
        part.unlink()  # a power cut can leave blocks of zeros in an earlier run's part
        bring()


def check(path: Path, wanted: Wanted) -> None:
    """Raise ChecksumMismatch unless `path` is the file that is wanted."""
    size = path.stat().st_size
    if size != wanted.bytes:
        raise ChecksumMismatch(
            f"{path}: expected {wanted.bytes} bytes, got {size}", wanted.changed
        )
    if wanted.algorithm == "commit":
        return
    if wanted.digest and (found := digest_of(path, wanted.algorithm)) != wanted.digest:
        raise ChecksumMismatch(
            f"{wanted.name} from {wanted.origin}: expected {wanted.algorithm} {wanted.digest}, "
            f"got {found}",
            wanted.changed,
        )


def _is(path: Path, wanted: Wanted) -> bool:
    if wanted.algorithm == "commit":
        return path.stat().st_size == wanted.bytes
    return digest_of(path, wanted.algorithm) == wanted.digest


def digest_of(path: Path, algorithm: str = "sha256") -> str:
    """Return the hexadecimal checksum of a file."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _check_room(size: int, cache: Path, part: Path, room: int) -> None:
    needed = room * size
    if room == 1:
        needed -= part.stat().st_size if part.exists() else 0
    if needed > shutil.disk_usage(cache).free:
        raise _disk_full(cache, needed)


def _disk_full(cache: Path, needed: int) -> DiskFull:
    free = shutil.disk_usage(cache).free
    return DiskFull(
        f"{cache}: {needed} bytes are needed, {free} are free",
        "Make room there, or set XDG_CACHE_HOME to a folder on a larger disk.",
    )


@contextlib.contextmanager
def _writing(cache: Path, needed: int) -> Iterator[None]:
    """Turn the operating system's refusals to write under `cache` into errors with a remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise _disk_full(cache, needed) from None
        raise FetchFailed(
            f"{error.filename or cache}: {error.strerror or error}",
            "Make that folder writable, or set XDG_CACHE_HOME to one that is.",
        ) from None
