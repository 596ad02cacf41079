"""Write files that appear whole or not at all, whenever the power goes, and lock them."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from edge.errors import DiskFull, NotWritable

BUILT = Path("build/bundles")
"""Where `edge build` puts bundles, from the folder that it is run in."""
SYSTEM_STATE = Path("/var/lib/edge-voice")
"""The state folder of the service; systemd gives it as $STATE_DIRECTORY."""
SYSTEM_CACHE = Path("/var/cache/edge-voice")
"""The cache folder of the service; systemd gives it as $CACHE_DIRECTORY."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers of a disk, a quota or a file that can take no more."""

LFS_POINTER = b"version https://git-lfs.github.com/"


def state_dir() -> Path:
    """Name the folder of what this program must not lose: `$STATE_DIRECTORY`, which systemd gives
    to the service, else one of the user's own."""
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local/state") / "edge-voice"


def cache_dir() -> Path:
    """Name the folder for files that can be fetched or made again."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "edge-voice"


def is_lfs_pointer(path: Path) -> bool:
    """Tell whether a file is what git leaves in place of a large one that was not fetched."""
    with path.open("rb") as file:
        return file.read(len(LFS_POINTER)) == LFS_POINTER


def flush(path: Path) -> None:
    """Bring a file, or a folder's list of names, onto the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, which is made; a second process or thread waits.

    The file stays: removing it would let two in.
    """
    import fcntl  # `edge say` needs no lock

    how = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, how, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_whole(path: Path, data: bytes, mode: int = 0o644, option: str = "--out DIR") -> None:
    """Write to a temporary name in the same folder, flush to the disk, rename.

    `option` is what names the place on the command line. The temporary file has mode 0600 until
    all is written, and is never reached by its name, which whoever owns the folder may have given
    to a link. Raises DiskFull, NotWritable.
    """
    import tempfile  # 3 ms on a PC, which `edge say` need not wait for

    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)  # mkstemp's 0600 hides it from a service or web server
            os.fsync(file.fileno())
        temporary.replace(path)
        temporary = None
    except OSError as error:
        if error.errno in FULL:
            raise DiskFull(
                f"no room for {path}: {len(data):,} bytes could not be written",
                f"Free some space, or choose another place ({option}, --cache DIR).",
            ) from None
        raise NotWritable(
            f"{path} cannot be written: {error.strerror}", f"Choose another place: {option}"
        ) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
