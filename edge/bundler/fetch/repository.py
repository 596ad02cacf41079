"""Read a repository of bundles, in a folder or behind an https address, and bring one of them.

This is the one place where a board opens a connection, and only to the address that it was told.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence
from pathlib import Path

from edge.bundle.repository import (
    INDEX,
    MAX_INDEX_BYTES,
    SIGNATURE,
    Entry,
    Index,
    check_index,
    parse_index,
)
from edge.bundler.fetch.download import DELAYS, TIMEOUT, Remedies, download_small
from edge.bundler.fetch.kept import Progress, Wanted, bring_url, check, keep
from edge.errors import FetchFailed, NoBundle

_MAX_SIGNATURE_BYTES = 1 << 16
_AGAIN = "Make the repository again: edge repository make DIR; then type this again."
_REMEDIES = Remedies("Is it the right address? See: edge repository list ADDRESS", _AGAIN)


def is_address(place: str) -> bool:
    """Tell an address from a folder."""
    return urllib.parse.urlsplit(place).scheme in {"http", "https"}


def read_index(place: str, signers: Path | None = None) -> Index:
    """Read what the repository at `place`, a folder or an address, holds; with `signers`, only if
    one of them signed it.

    Raises NoBundle, FetchFailed, BadRecord, BundleTooNew, UnsafeBundle.
    """
    data = _read(place, INDEX, MAX_INDEX_BYTES)
    if data is None:
        raise NoBundle(
            f"{place} is no repository: it has no {INDEX}",
            "Make one: edge repository make DIR",
        )
    if signers is not None:
        signature = _read(place, SIGNATURE, _MAX_SIGNATURE_BYTES)
        check_index(data, signature, signers, place)
    return parse_index(data, f"{place}/{INDEX}")


def bring(
    place: str,
    entry: Entry,
    cache: Path,
    report: Progress,
    delays: Sequence[float] = DELAYS,
    timeout: float = TIMEOUT,
) -> Path:
    """Return the tar file of a bundle, its checksum compared: where it lies in a folder, or in
    `cache`, whither it is fetched, going on from what an earlier try left.

    Raises NoBundle, ChecksumMismatch, FetchFailed, DiskFull.
    """
    wanted = Wanted(entry.file, place, entry.bytes, entry.sha256, changed=_AGAIN)
    if not is_address(place):
        file = Path(place, entry.file)
        if not file.is_file():
            raise NoBundle(f"{place} has no {entry.file}, which its {INDEX} names", _AGAIN)
        check(file, wanted)
        return file
    url = f"{place.rstrip('/')}/{entry.file}"

    def download(part: Path) -> None:
        bring_url(url, wanted, part, report, delays, timeout, _REMEDIES)

    return keep(wanted, cache, report, download)


def _read(place: str, name: str, limit: int) -> bytes | None:
    """Read a small file of the repository; None if it is not there."""
    if is_address(place):
        return download_small(f"{place.rstrip('/')}/{name}", limit, _REMEDIES)
    try:
        with Path(place, name).open("rb") as file:
            data = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FetchFailed(f"{place}/{name}: {error.strerror}", "Who may read it?") from None
    if len(data) > limit:
        raise FetchFailed(f"{place}/{name} has more than {limit:,} bytes", _AGAIN)
    return data
