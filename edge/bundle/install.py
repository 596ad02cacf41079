"""Put a bundle, from a folder or a tar file, beside the one in use, and exchange them at the end.

Whenever the power goes, `current` names a whole bundle: the old one until the last step but one,
the new one after it. What was left half done is removed by the next install. The bundle may be a
stranger's: sizes and names are checked before anything is read, its content before it is run.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import stat
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edge.bundle import MANIFEST, REPORTS, Bundle, open_bundle
from edge.bundle.safety import (
    MAX_BUNDLE_BYTES,
    MAX_FILE_BYTES,
    MAX_FILES,
    SIGNATURE,
    check_content,
    check_name,
)
from edge.bundle.store import (
    CURRENT,
    Starts,
    folder_name,
    linked,
    remove_others,
    switch,
    write_starts,
)
from edge.errors import (
    BundleDamaged,
    DiskFull,
    EdgeError,
    MissingPackage,
    NoBundle,
    NotWritable,
    UnsafeBundle,
)
from edge.files import FULL, flush, locked
from edge.machine import Machine

NAMESPACE = "edge-voice-bundle"
"""Purpose of the signature, which ssh-keygen demands: one made for mail or git does not do."""
RESERVE_BYTES = 16 << 20
"""Room left free for the system's logs and our own counters."""
_INCOMING = ".incoming-"
_BLOCK = 1 << 20
_SSH_KEYGEN_S = 30


@dataclass(frozen=True)
class Installed:
    """The outcome of an install."""

    bundle: Bundle
    replaced: Path | None
    """Folder that was current before; None if there was none."""


def install(
    source: Path,
    root: Path,
    machine: Machine | None,
    try_out: Callable[[Path], None],
    signers: Path | None = None,
) -> Installed:
    """Install the bundle at `source` under `root`; with `signers`, only if one of them signed it.

    `try_out(folder)` raises if the bundle does not speak. With a machine, a bundle of another
    board is refused. Raises NoBundle, UnsafeBundle, DiskFull, NotWritable, ModelFailed and what
    open_bundle does; then nothing has changed.
    """
    with _writing(root), locked(root / ".lock"):
        for left in root.glob(f"{_INCOMING}*"):
            shutil.rmtree(left)
        size = _size(source)
        free = shutil.disk_usage(root).free
        if free < size + RESERVE_BYTES:
            raise DiskFull(
                f"no room in {root}: the bundle has {size:,} bytes, {free:,} are free and "
                f"{RESERVE_BYTES:,} stay so",
                "Free some space: the previous bundles there, or logs (journalctl --vacuum-size).",
            )
        incoming = Path(tempfile.mkdtemp(prefix=_INCOMING, dir=root))
        try:
            folder = _copied(source, incoming)
            if signers is not None:
                check_signature(folder, signers)
            bundle = open_bundle(folder, machine)
            _check_listed(folder, bundle)
            check_content(bundle)
            home = root / bundle.voice.name
            final = home / folder_name(bundle)
            current = linked(home, CURRENT)
            try_out(folder)
            if not _is_whole(final):
                _move(folder, final, root)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        write_starts(home, Starts())
        flush(home)
        switch(home, final)
        remove_others(home)
        _hand_over(home, root)
        return Installed(open_bundle(final, None), None if current == final else current)


def check_signature(folder: Path, signers: Path) -> None:
    """Check that `manifest.json.sig` is by one of the allowed signers; the manifest's checksums
    vouch for all else. Raises UnsafeBundle, MissingPackage."""
    signature, manifest = folder / SIGNATURE, folder / MANIFEST
    if not signature.is_file() or not manifest.is_file():
        raise UnsafeBundle(
            f"the bundle has no {SIGNATURE}, and only signed ones are installed here",
            f"Sign it: ssh-keygen -Y sign -n {NAMESPACE} -f KEY {MANIFEST}",
        )
    allowed, signed = ["-f", str(signers)], ["-s", str(signature)]
    answer = _ssh_keygen(["find-principals", *allowed, *signed], manifest)
    if answer.returncode == 0:
        signer = answer.stdout.splitlines()[0]
        answer = _ssh_keygen(
            ["verify", *allowed, "-I", signer, "-n", NAMESPACE, *signed], manifest
        )
    if answer.returncode:
        said = answer.stderr.strip().splitlines()
        raise UnsafeBundle(
            f"the signature is not of anyone in {signers}: {(said or ['no word of why'])[-1]}",
            "Do not use it; or, if you trust whoever signed it, add their key to that file.",
        )


def _ssh_keygen(arguments: list[str], signed: Path) -> subprocess.CompletedProcess[str]:
    try:
        with signed.open("rb") as file:
            return subprocess.run(
                ["ssh-keygen", "-Y", *arguments],
                stdin=file,
                capture_output=True,
                text=True,
                timeout=_SSH_KEYGEN_S,
            )
    except FileNotFoundError:
        raise MissingPackage(
            "ssh-keygen is not installed, which checks signatures",
            "sudo apt install openssh-client",
        ) from None


# Reading what a stranger made


def _size(source: Path) -> int:
    """Count the bytes to make room for. Raises NoBundle, UnsafeBundle."""
    if source.is_file():
        size = source.stat().st_size
    elif (source / MANIFEST).is_file():
        size = sum(path.lstat().st_size for path in _walk(source))
    else:
        raise NoBundle(
            f"{source} is no bundle: neither a folder with a {MANIFEST} nor a tar file",
            "Make one: edge build; or pack one: tar -cf BUNDLE.tar -C build/bundles NAME",
        )
    if size > MAX_BUNDLE_BYTES:
        raise UnsafeBundle(
            f"{source} has {size:,} bytes; the limit for a bundle is {MAX_BUNDLE_BYTES:,}",
            "Is it the right file?",
        )
    return size


def _copied(source: Path, incoming: Path) -> Path:
    """Copy what `source` holds, each file onto the disk; returns the folder that is the bundle."""
    total = count = 0
    for name, size, file in _members(source):
        count, total = count + 1, total + size
        if count > MAX_FILES or size > MAX_FILE_BYTES or total > MAX_BUNDLE_BYTES:
            raise UnsafeBundle(
                f"{source}: more than {MAX_FILES} files, or one of {size:,} bytes, {total:,} in "
                f"all; the limits are {MAX_FILE_BYTES:,} and {MAX_BUNDLE_BYTES:,}",
                "Is it the right file?",
            )
        if Path(name).name in REPORTS:
            continue
        check_name(name)
        path = incoming / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            copy = path.open("xb")
        except (FileExistsError, NotADirectoryError):
            raise UnsafeBundle(
                f"{source.name} holds {name!r} twice",
                "Pack the folder that edge build wrote, as it is.",
            ) from None
        with copy:
            try:
                while block := file.read(_BLOCK):
                    copy.write(block)
            except tarfile.TarError as error:  # its end is missing
                raise _not_whole(source, error) from None
            copy.flush()
            os.fsync(copy.fileno())
    tops = list(incoming.iterdir())
    if not (incoming / MANIFEST).exists() and len(tops) == 1 and tops[0].is_dir():
        return tops[0]
    return incoming


def _members(source: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Yield name, size and content of each file. Raises UnsafeBundle, BundleDamaged."""
    if source.is_dir():
        for path in _walk(source):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as file:
                name = path.relative_to(source).as_posix()
                yield name, os.fstat(descriptor).st_size, file
        return
    try:
        with (
            _Bounded(io.FileIO(source)) as raw,
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
        raise _not_whole(source, error) from None


def _not_whole(source: Path, error: Exception) -> BundleDamaged:
    return BundleDamaged(
        f"{source} is no whole tar file: {error}",
        "Copy it again; a compressed one is unpacked first (tar -xf), and its folder given.",
    )


def _walk(source: Path) -> Iterator[Path]:
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


def _check_listed(folder: Path, bundle: Bundle) -> None:
    """Check that nothing lies there that the manifest does not list. Raises UnsafeBundle."""
    known = {*bundle.manifest.files, MANIFEST, "manifest.sha256", SIGNATURE}
    for path in _walk(folder):
        if (name := path.relative_to(folder).as_posix()) not in known:
            raise UnsafeBundle(
                f"the bundle holds {name}, which its manifest does not list",
                "Remove it, if you know what it is; else do not use the bundle.",
            )


# Writing


def _is_whole(final: Path) -> bool:
    """True if the same bundle lies there from an earlier install; a damaged one is removed."""
    if not final.is_dir():
        return False
    try:
        open_bundle(final, None)
    except EdgeError:
        shutil.rmtree(final)
        return False
    return True


def _move(folder: Path, final: Path, root: Path) -> None:
    folder.chmod(0o755)  # mkdtemp's 0700 would hide it from the service
    for path in (*folder.rglob("*"), folder):
        if path.is_dir():
            flush(path)
    final.parent.mkdir(exist_ok=True)
    folder.rename(final)
    flush(final.parent)
    flush(root)


def _hand_over(home: Path, root: Path) -> None:
    """Give what root installs for the service to it: it may have to go back by itself."""
    owner = root.parent.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        for path in (root, home, *home.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


@contextlib.contextmanager
def _writing(root: Path) -> Iterator[None]:
    """Make `root`, and say in our words what the disk refuses. Raises DiskFull, NotWritable."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        flush(root.parent)
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskFull(f"no room in {root}: {error.strerror}", "Free some space.") from None
        raise NotWritable(
            f"{error.filename or root}: {error.strerror}",
            f"Type it as somebody who may write in {root}: sudo edge install --system BUNDLE",
        ) from None
