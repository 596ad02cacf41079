"""A bundle that is to be installed, a folder or a tar file, opened and then read.

It is opened by whoever typed the command, and may be read by somebody with fewer rights: root
opens what lies in a home, and parses nothing of it. Sizes and kinds are checked on the way.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from edge.bundle import MANIFEST
from edge.bundle.safety import MAX_BUNDLE_BYTES, MAX_FILES
from edge.errors import BundleDamaged, NoBundle, UnsafeBundle

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Source:
    """An opened bundle: the tar file, or each file of the folder by its name."""

    path: Path
    size: int
    """Bytes to make room for."""
    tar: io.FileIO | None = None
    members: dict[str, IO[bytes]] = field(default_factory=dict)

    def files(self) -> Iterator[tuple[str, int, IO[bytes]]]:
        """Yield name, size and content of each file. Raises UnsafeBundle, BundleDamaged."""
        if self.tar is not None:
            yield from _unpacked(self.path, self.tar)
            return
        for name, file in self.members.items():
            yield name, os.fstat(file.fileno()).st_size, file


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a bundle without reading it. Raises NoBundle, UnsafeBundle."""
    with contextlib.ExitStack() as files:
        if path.is_file():
            tar = files.enter_context(io.FileIO(path))
            yield Source(path, _bounded(path, os.fstat(tar.fileno()).st_size), tar)
        elif (path / MANIFEST).is_file():
            members: dict[str, IO[bytes]] = {}
            for file in walk(path):
                descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
                name = file.relative_to(path).as_posix()
                members[name] = files.enter_context(os.fdopen(descriptor, "rb"))
            size = sum(os.fstat(file.fileno()).st_size for file in members.values())
            yield Source(path, _bounded(path, size), members=members)
        else:
            raise NoBundle(
                f"{path} is no bundle: neither a folder with a {MANIFEST} nor a tar file",
                "Make one: edge build; or pack one: tar -cf BUNDLE.tar -C build/bundles NAME",
            )


def _bounded(path: Path, size: int) -> int:
    if size > MAX_BUNDLE_BYTES:
        raise UnsafeBundle(
            f"{path} has {size:,} bytes; the limit for a bundle is {MAX_BUNDLE_BYTES:,}",
            "Is it the right file?",
        )
    return size


def _unpacked(source: Path, file: io.FileIO) -> Iterator[tuple[str, int, IO[bytes]]]:
    try:
        with (
            _Bounded(file) as raw,
            tarfile.open(fileobj=raw, mode="r:") as tar,
        ):
            for number, member in enumerate(tar):
                if number > 2 * MAX_FILES:
                    raise UnsafeBundle(
                        f"{source} holds more than {MAX_FILES} files", "Is it the right file?"
                    )
                if member.isdir():
                    continue
                if not member.isreg() or member.issparse():
                    raise UnsafeBundle(
                        f"{source.name} holds {member.name[:200]!r}, which is no plain file",
                        "Pack the folder that edge build wrote, as it is.",
                    )
                content = tar.extractfile(member)
                assert content is not None
                yield member.name.removeprefix("./"), member.size, content
    except (tarfile.TarError, EOFError, ValueError, RecursionError) as error:
        raise not_whole(source, error) from None


def not_whole(source: Path, error: Exception) -> BundleDamaged:
    return BundleDamaged(
        f"{source} is no whole tar file: {error}",
        "Copy it again; a compressed one is unpacked first (tar -xf), and its folder given.",
    )


def walk(source: Path) -> Iterator[Path]:
    """Yield the regular files under a folder. Raises UnsafeBundle."""
    entries = 0
    for folder, folders, files in os.walk(source):
        for name in (*folders, *files):
            entries += 1
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if entries > 2 * MAX_FILES:
                raise UnsafeBundle(
                    f"{source} holds more than {MAX_FILES} files", "Is it the right folder?"
                )
            if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
                raise UnsafeBundle(
                    f"{path} is a link or a device; a bundle holds plain files",
                    "Copy the folder that edge build wrote, as it is.",
                )
        yield from (Path(folder, name) for name in sorted(files))


class _Bounded(io.BufferedReader):
    """A file that refuses to be read in large pieces: tarfile reads the header of an entry whole,
    however long it says that it is."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= _BLOCK:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return super().read(size)
