"""A bundle: one voice built for one board, a folder with a manifest.

Its page is docs/reference/bundle.md.

store.py finds the bundles of a machine, install.py adds one, safety.py says what a stranger's may
hold, measured.py keeps what this board measured of one.

manifest.json   what is in it, with the sha256 of every other file
manifest.sha256 the manifest's own checksum, as `sha256sum -c` reads it
voice.yaml profile.yaml   the descriptions that it was built from, byte for byte
everything else belongs to the family
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import ClassVar

from edge import records
from edge.detection import matches
from edge.errors import (
    BadRecord,
    BundleDamaged,
    BundleIncomplete,
    BundleTooNew,
    DiskFull,
    NoBundle,
    WrongBoard,
)
from edge.files import FULL, flush
from edge.machine import Machine
from edge.profile import Profile
from edge.voice import Voice

FORMAT = 2
"""The number that this version writes; it reads this one and all before. In 2 our operators may
end in GELU, which older ones would leave out without a word."""
MANIFEST, MANIFEST_SUM = "manifest.json", "manifest.sha256"
LEFT_OUT = "left-out.txt"
"""Checksums of files that the build left out, as `sha256sum` writes them."""
REPORTS = frozenset({"report.html", "report.md", "report.json", "export-log.json"})
"""Files for people, on the workstation; not in the manifest, and not installed."""
VOICE, PROFILE = "voice.yaml", "profile.yaml"
WEIGHTS = ".weights"
"""Ending of the file with a graph's weights, behind the graph's own name."""


@dataclass(frozen=True)
class FileEntry:
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Variant:
    """A graph set made by one recipe per stage: `graphs` maps stage -> file in the bundle."""

    name: str
    graphs: Mapping[str, str]
    options: Mapping[str, float] = field(default_factory=dict)
    """Numbers of its family that this variant speaks with in place of the model's own."""


@dataclass(frozen=True)
class Manifest:
    """Everything about a bundle that a program must know before it opens another file of it."""

    format: int
    voice: str
    profile: str
    family: str
    language: str
    rate: int
    """Samples per second, Hz."""
    gain: float
    """Factor of the samples, fixed for the voice, so that all voices are equally loud."""
    variants: tuple[Variant, ...]
    """Best first."""
    files: Mapping[str, FileEntry]
    """Every other file, by its path in the bundle."""
    tools: Mapping[str, str]
    """Packages that built it, with their versions."""


@dataclass(frozen=True)
class Bundle:
    """An opened bundle: its files are there and have their sizes; `file` verifies what is used."""

    path: Path
    manifest: Manifest
    voice: Voice
    profile: Profile

    def file(self, name: str) -> Path:
        """Verify a file's checksum and return its path. Raises BundleDamaged, Busy.

        Only what is loaded is read: a board with one variant of five waits for no other.
        """
        entry = self.manifest.files.get(name)
        try:
            whole = entry is not None and file_sha256(self.path / name) == entry.sha256
        except OSError as error:  # a memory card at its end says so when it is read
            records.raise_if_exhausted(self.path / name, error)
            raise BundleDamaged(
                f"{self.path.name}: {name} cannot be read: {error.strerror}", _again(self.manifest)
            ) from None
        if not whole:
            raise BundleDamaged(
                f"{self.path.name}: {name} differs from its checksum", _again(self.manifest)
            )
        return self.path / name

    def graph(self, name: str) -> Path:
        """Do the same for a graph, and for its weights if they have a file of their own."""
        if name + WEIGHTS in self.manifest.files:
            self.file(name + WEIGHTS)
        return self.file(name)

    def verify(self) -> None:
        """Compare every file with its checksum. Raises BundleDamaged."""
        for name in self.manifest.files:
            self.file(name)

    def variant(self, name: str | None = None) -> Variant:
        """Find the named variant; None is the first. Raises NoBundle naming those there are."""
        for variant in self.manifest.variants:
            if name in (None, variant.name):
                return variant
        names = ", ".join(variant.name for variant in self.manifest.variants)
        raise NoBundle(f"{self.path.name} has no variant {name!r}", f"Choose one of: {names}")

    @property
    def languages(self) -> tuple[str, ...]:
        """All languages that it speaks, its own first."""
        return (self.manifest.language, *self.voice.every_language[1:])

    def speaks(self, language: str) -> bool:
        """True if a language, or its part before the country, is one of the voice's."""
        wanted = language.replace("-", "_").lower().split("_")[0]
        return wanted in {known.lower().split("_")[0] for known in self.languages}

    @property
    def bytes(self) -> int:
        """Size of all files that the manifest lists."""
        return sum(entry.bytes for entry in self.manifest.files.values())

    @cached_property
    def left_out(self) -> dict[str, str]:
        """sha256 of each file that the build knew and left out, by its name. Raises
        BundleDamaged."""
        if LEFT_OUT not in self.manifest.files:
            return {}
        lines = records.read_text(self.file(LEFT_OUT)).splitlines()
        return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}

    @cached_property
    def id(self) -> str:
        """Hexadecimal sha256 that changes whenever anything in the bundle does."""
        return file_sha256(self.path / MANIFEST)


def open_bundle(path: Path, machine: Machine | None) -> Bundle:
    """Read a bundle and verify all but the checksums of the family's own files: `Bundle.file` does
    that when they are loaded. With a machine, refuse a bundle of another board (None: open any).

    Raises NoBundle, BundleDamaged, BundleIncomplete, BundleTooNew, WrongBoard, Busy.
    """
    manifest_path = path / MANIFEST
    if not manifest_path.is_file():
        raise NoBundle(f"{path} is not a bundle: no {MANIFEST} in it", "Make one: edge build")
    manifest = _read_manifest(path)
    again = _again(manifest)
    for name, entry in manifest.files.items():
        _look_at(path, name, entry, again)
    for name in (VOICE, PROFILE):  # parsed only once their checksums are known to hold
        if name not in manifest.files:
            raise BundleDamaged(f"{path.name}: the manifest does not list {name}", again)
        if file_sha256(path / name) != manifest.files[name].sha256:
            raise BundleDamaged(f"{path.name}: {name} differs from its checksum", again)
    voice = records.load_yaml(path / VOICE, Voice)
    profile = records.load_yaml(path / PROFILE, Profile)
    if machine is not None:
        refusal = matches(profile, machine).refusal
        if refusal:
            raise WrongBoard(
                f"{path.name} was built for {profile.title}: {refusal}",
                f"Build for this board: edge build {voice.name} (or accept it: --any-board)",
            )
    return Bundle(path, manifest, voice, profile)


@contextlib.contextmanager
def writing(destination: Path) -> Iterator[Path]:
    """Give an empty folder that becomes `destination` only when the block ends well.

    Every file in it is on the disk before the rename; an older bundle there is replaced, and
    leaves its date. Raises DiskFull.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent))
    try:
        yield folder
        keep_date(destination, folder)
        for file in sorted(folder.rglob("*")):
            flush(file)
        flush(folder)
        folder.chmod(0o755)
        _replace(folder, destination)
        flush(destination.parent)
    except OSError as error:
        if error.errno not in FULL:
            raise
        free = shutil.disk_usage(destination.parent).free
        raise DiskFull(
            f"no room for {destination}: {free:,} bytes are free",
            "Free some space, or choose another place: edge build --out DIR",
        ) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def seal(folder: Path, describe: Callable[[Mapping[str, FileEntry]], Manifest]) -> None:
    """Write the manifest over all that lies in the folder; the last step before the rename."""
    files = {
        file.relative_to(folder).as_posix(): FileEntry(file_sha256(file), file.stat().st_size)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name not in (MANIFEST, MANIFEST_SUM)
    }
    text = records.dump_json(describe(files)).encode()
    (folder / MANIFEST).write_bytes(text)
    digest = hashlib.sha256(text).hexdigest()
    (folder / MANIFEST_SUM).write_text(f"{digest}  {MANIFEST}\n", encoding="ascii")


def keep_date(before: Path, after: Path) -> None:
    """Make the bundle in the folder `after` as old as the one in `before`, where both are."""
    with contextlib.suppress(FileNotFoundError):
        times = (before / MANIFEST).stat()
        os.utime(after / MANIFEST, ns=(times.st_atime_ns, times.st_mtime_ns))


def file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _read_manifest(path: Path) -> Manifest:
    again = "Build it again with edge build, or install it again."
    try:
        text = records.read_text(path / MANIFEST)
        expected = records.read_text(path / MANIFEST_SUM).split()[:1]
        if expected != [hashlib.sha256(text.encode()).hexdigest()]:
            raise BundleDamaged(f"{path.name}: {MANIFEST} differs from its checksum", again)
        format_ = records.parse_json(text, _AnyManifest, MANIFEST).format
        if not 1 <= format_ <= FORMAT:
            raise BundleTooNew(
                f"{path.name} has bundle format {format_}; this version reads 1 to {FORMAT}",
                "Upgrade edge-voice on this machine, or build it with this version: "
                "edge build VOICE --profile P",
            )
        return records.parse_json(text, Manifest, MANIFEST)
    except BadRecord as error:
        raise BundleDamaged(f"{path.name}: {error.message}", again) from None


@dataclass(frozen=True)
class _AnyManifest:
    """The one key that every format has: later formats may change all others."""

    OPEN: ClassVar[bool] = True
    format: int


def _again(manifest: Manifest) -> str:
    return f"Build it again: edge build {manifest.voice} --profile {manifest.profile}"


def _look_at(path: Path, name: str, entry: FileEntry, remedy: str) -> None:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name:
        raise BundleDamaged(f"{path.name}: the manifest names {name!r}, outside itself", remedy)
    file = path / name
    if not file.is_file():
        raise BundleIncomplete(f"{path.name}: {name} is missing", remedy)
    if file.is_symlink() or not file.resolve().is_relative_to(path.resolve()):
        raise BundleDamaged(f"{path.name}: {name} is a link out of the bundle", remedy)
    size = file.stat().st_size
    if size != entry.bytes:
        raise BundleDamaged(
            f"{path.name}: {name} has {size:,} bytes, the manifest says {entry.bytes:,}", remedy
        )


def _replace(folder: Path, destination: Path) -> None:
    """Rename a folder; one cannot be renamed over a full one, so the old one steps aside first."""
    if not destination.exists():
        folder.rename(destination)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{destination.name}.old.", dir=destination.parent))
    destination.rename(aside / destination.name)
    folder.rename(destination)
    shutil.rmtree(aside, ignore_errors=True)
