"""A repository: a folder of packed bundles and an index, which any web server or stick serves.

    DIR/index.json        what there is: voices, boards, versions, sizes, checksums
    DIR/index.json.sig    the index signed with ssh-keygen, if a key was given
    DIR/V--P--ID.tar      the bundles

The index carries each board's profile whole, so that a board finds its own bundle by the same
rules as a build. It names plain files beside it alone, and is written after them.
"""

from __future__ import annotations

import dataclasses
import difflib
import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge import __version__, records
from edge.bundle import PROFILE, REPORTS, Bundle, file_sha256
from edge.bundle.install import check_signed, ssh_keygen
from edge.bundle.safety import MAX_BUNDLE_BYTES
from edge.bundle.source import walk
from edge.bundle.store import folder_name
from edge.detection import detect
from edge.errors import BadRecord, BundleTooNew, NoBundle, NotWritable, UnsafeBundle
from edge.files import flush, write_whole
from edge.machine import Machine
from edge.profile import Profile
from edge.voice import is_name

FORMAT = 1
INDEX, SIGNATURE = "index.json", "index.json.sig"
NAMESPACE = "edge-voice-repository"
"""Purpose of the index's signature, which ssh-keygen demands."""
MAX_INDEX_BYTES = 4 << 20
"""Bytes of an index: 176 voices for nine boards take 0.6 MB."""
MAX_ENTRIES = 20_000

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.tar")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """One bundle of a repository."""

    voice: str
    profile: str
    file: str
    bytes: int
    sha256: str
    """Checksum of the tar file, hexadecimal."""
    made_by: str
    """Version of edge-voice that packed it."""

    def __post_init__(self) -> None:
        if not is_name(self.voice):
            raise ValueError(f"voice {self.voice[:64]!r} is no voice's name")
        if not _FILE.fullmatch(self.file):
            raise ValueError(f"file {self.file[:64]!r} is not the name of a tar file beside it")
        if not 0 < self.bytes <= MAX_BUNDLE_BYTES:
            raise ValueError(f"bytes is {self.bytes:,}; a bundle has 1 to {MAX_BUNDLE_BYTES:,}")
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError("sha256 is not 64 hexadecimal digits")


@dataclass(frozen=True)
class Index:
    """Lists what a repository holds."""

    format: int
    profiles: Mapping[str, str]
    """A profile's name -> its YAML, as the newest bundle for it carries it."""
    bundles: tuple[Entry, ...]

    def __post_init__(self) -> None:
        if len(self.bundles) > MAX_ENTRIES:
            raise ValueError(f"{len(self.bundles):,} bundles; the limit is {MAX_ENTRIES:,}")
        for entry in self.bundles:
            if entry.profile not in self.profiles:
                raise ValueError(f"{entry.file} is for {entry.profile[:40]!r}, an unknown profile")

    @property
    def voices(self) -> list[str]:
        return sorted({entry.voice for entry in self.bundles})


def parse_index(data: bytes, where: str) -> Index:
    """Read an index. Raises BadRecord naming the place in it, BundleTooNew for a later format."""
    try:
        text = data.decode("utf-8")
        found = json.loads(text).get("format")
    except (ValueError, RecursionError, AttributeError) as error:
        raise BadRecord(
            f"{where} is no index: {error}", "Make it: edge repository make DIR"
        ) from None
    if isinstance(found, int) and found > FORMAT:
        raise BundleTooNew(
            f"{where} has format {found}, and this version of edge-voice reads {FORMAT}",
            "Upgrade edge-voice on this machine.",
        )
    return records.parse_json(text, Index, where)


def check_index(data: bytes, signature: bytes | None, signers: Path, where: str) -> None:
    """Check that one of the allowed signers signed the index. Raises UnsafeBundle."""
    if signature is None:
        raise UnsafeBundle(
            f"{where} has no {SIGNATURE}, and only signed ones are used here",
            "Sign it: edge repository make DIR --sign KEY",
        )
    with tempfile.TemporaryDirectory() as folder:
        index, signed = Path(folder, INDEX), Path(folder, SIGNATURE)
        index.write_bytes(data)
        signed.write_bytes(signature)
        check_signed(index, signed, signers, NAMESPACE)


def choose(index: Index, voice: str, machine: Machine) -> Entry:
    """Choose the voice's bundle for this machine: of the profiles that fit, the most specific.

    Raises NoBundle naming the nearest voices, and UnknownProfile saying which boards it is for.
    """
    mine = {entry.profile: entry for entry in index.bundles if entry.voice == voice}
    if not mine:
        near = difflib.get_close_matches(voice, index.voices, 5, 0.4) or index.voices[:5]
        raise NoBundle(
            f"the repository has no voice {voice[:64]!r}; the nearest are {', '.join(near)}",
            "See what it has: edge repository list DIR",
        )
    profiles = [
        records.parse_yaml(index.profiles[name], Profile, f"profile {name}") for name in mine
    ]
    return mine[detect(machine, profiles).profile.name]


# Making one


def make(folder: Path, bundles: Sequence[Bundle], key: Path | None) -> Index:
    """Pack the bundles into `folder` and write the index over them, signed with `key`.

    Of two bundles for one voice and board, the later one is in the index. Raises NotWritable,
    UnsafeBundle, MissingPackage.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritable(f"{folder}: {error.strerror}", "Choose another folder.") from None
    packed = {(b.voice.name, b.profile.name): (_entry(folder, b), b) for b in bundles}
    index = Index(
        FORMAT,
        {b.profile.name: (b.path / PROFILE).read_text("utf-8") for _, b in packed.values()},
        tuple(entry for entry, _ in packed.values()),
    )
    data = json.dumps(dataclasses.asdict(index), indent=1).encode() + b"\n"
    signature = _sign(data, key) if key else None
    if signature is None:
        (folder / SIGNATURE).unlink(missing_ok=True)
    else:
        write_whole(folder / SIGNATURE, signature)
    write_whole(folder / INDEX, data)
    return index


def _entry(folder: Path, bundle: Bundle) -> Entry:
    file = folder / f"{folder_name(bundle)}.tar"
    if not file.is_file():  # its name holds the bundle's checksum
        _pack(bundle.path, file)
    return Entry(
        bundle.voice.name,
        bundle.profile.name,
        file.name,
        file.stat().st_size,
        file_sha256(file),
        __version__,
    )


def _pack(source: Path, file: Path) -> None:
    """Pack the bundle's files, without names, times and owners of this machine."""
    temporary = file.with_name(f".{file.name}")
    with temporary.open("wb") as raw, tarfile.open(fileobj=raw, mode="w") as tar:
        for path in walk(source):
            name = path.relative_to(source).as_posix()
            if name in REPORTS:
                continue
            data = path.read_bytes()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
        tar.close()
        raw.flush()
        os.fsync(raw.fileno())
    temporary.replace(file)
    flush(file.parent)


def _sign(data: bytes, key: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder, INDEX)
        index.write_bytes(data)
        done = ssh_keygen(["sign", "-n", NAMESPACE, "-f", str(key), str(index)])
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise UnsafeBundle(
                f"cannot sign with {key}: {(said or ['no word of why'])[-1]}",
                "Give the private key whose public one is in the boards' verify_with.",
            )
        return Path(folder, SIGNATURE).read_bytes()
