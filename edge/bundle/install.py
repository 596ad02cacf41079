"""Put a bundle, from a folder or a tar file, beside the one in use, and exchange them at the end.

Whenever the power goes, `current` names a whole bundle: the old one until the last step but one,
the new one after it. What was left half done is removed by the next install. The bundle may be a
stranger's: sizes and names are checked before anything is read, its content before it is run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.bundle import MANIFEST, REPORTS, Bundle, keep_date, open_bundle
from edge.bundle.safety import (
    MAX_BUNDLE_BYTES,
    MAX_FILE_BYTES,
    MAX_FILES,
    SIGNATURE,
    check_content,
    check_name,
)
from edge.bundle.source import Source, not_whole, opened, walk
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
    DiskFull,
    EdgeError,
    MissingPackage,
    NotWritable,
    UnsafeBundle,
)
from edge.files import FULL, flush, locked
from edge.machine import Machine
from edge.owner import become_owner

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

    Root becomes the owner of `root`, for good, once the source is opened and before it is read.
    `try_out(folder)` raises if the bundle does not speak. With a machine, a bundle of another
    board is refused. Raises NoBundle, UnsafeBundle, DiskFull, NotWritable, ModelFailed and what
    open_bundle does; then nothing has changed.
    """
    with opened(source) as given:
        become_owner(root)
        return _install(given, root, machine, try_out, signers)


def _install(
    source: Source,
    root: Path,
    machine: Machine | None,
    try_out: Callable[[Path], None],
    signers: Path | None,
) -> Installed:
    with _writing(root), locked(root / ".lock"):
        for left in root.glob(f"{_INCOMING}*"):
            shutil.rmtree(left)
        size = source.size
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
            if current is not None:
                keep_date(current, final)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        write_starts(home, Starts())
        flush(home)
        switch(home, final)
        remove_others(home)
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


def _copied(source: Source, incoming: Path) -> Path:
    """Copy what `source` holds, each file onto the disk; returns the folder that is the bundle."""
    total = count = 0
    for name, size, file in source.files():
        count, total = count + 1, total + size
        if count > MAX_FILES or size > MAX_FILE_BYTES or total > MAX_BUNDLE_BYTES:
            raise UnsafeBundle(
                f"{source.path}: more than {MAX_FILES} files, or one of {size:,} bytes, "
                f"{total:,} in all; the limits are {MAX_FILE_BYTES:,} and {MAX_BUNDLE_BYTES:,}",
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
                f"{source.path.name} holds {name!r} twice",
                "Pack the folder that edge build wrote, as it is.",
            ) from None
        with copy:
            try:
                while block := file.read(_BLOCK):
                    copy.write(block)
            except tarfile.TarError as error:  # its end is missing
                raise not_whole(source.path, error) from None
            copy.flush()
            os.fsync(copy.fileno())
    tops = list(incoming.iterdir())
    if not (incoming / MANIFEST).exists() and len(tops) == 1 and tops[0].is_dir():
        return tops[0]
    return incoming


def _check_listed(folder: Path, bundle: Bundle) -> None:
    """Check that nothing lies there that the manifest does not list. Raises UnsafeBundle."""
    known = {*bundle.manifest.files, MANIFEST, "manifest.sha256", SIGNATURE}
    for path in walk(folder):
        if (name := path.relative_to(folder).as_posix()) not in known:
            raise UnsafeBundle(
                f"the bundle holds {name}, which its manifest does not list",
                "Remove it, if you know what it is; else do not use the bundle.",
            )


# Writing


def _is_whole(final: Path) -> bool:
    """True if the same bundle lies there from an earlier install; one that is damaged, be it by a
    bit, is removed."""
    if not final.is_dir():
        return False
    try:
        open_bundle(final, None).verify()
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
