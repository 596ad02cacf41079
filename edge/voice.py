"""Read a voice before any build: its family, its licence, and its files with their checksums.

One YAML file in models/ describes one voice; models/example.yaml shows every key. The file itself
goes into a bundle byte for byte, so `voice_path` says where it lies and `parse_voice` reads its
text again on the board, where the weights' sources are no longer looked at.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from edge.catalogue import CATALOGUE, load_catalogue, nearest
from edge.errors import BadRecord, UnknownVoice
from edge.families import FAMILIES
from edge.records import parse_yaml, read_text
from edge.text import LANGUAGE

EXAMPLE = "example"
"""models/example.yaml explains the keys; it is no voice."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MAX_NAME = 64
"""Characters of a voice's name, which is a folder's too."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.]|-(?!-))*")  # "--" parts voice from profile
_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")  # PyPI's name rule
_VERSION = re.compile(r"[0-9][A-Za-z0-9.!+]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_URL = re.compile(r"[!-~]+")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def is_name(name: str) -> bool:
    """True if a voice, or a cloned one, may be called this."""
    return len(name) <= MAX_NAME and _NAME.fullmatch(name) is not None


@dataclass(frozen=True)
class Archive:
    """Size and checksum of an archive, as `bytes` and `sha256` are those of a file of it."""

    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        if self.bytes <= 0 or not _SHA256.fullmatch(self.sha256):
            raise ValueError("an archive needs bytes above 0 and sha256 of 64 digits 0-9a-f")


@dataclass(frozen=True)
class Source:
    """Where one file comes from: a file of a PyPI package, an https url or a file of the archive
    there, a local path, or the checkpoint folder that the user gives (edge build --checkpoint).

    `sha256` and `bytes` may be left out for a path and for a checkpoint's file.
    """

    package: str | None = None
    version: str | None = None
    member: str | None = None
    """Path inside the package or the archive, from its root."""
    url: str | None = None
    path: str | None = None
    """Path from the YAML file's folder, and inside it."""
    checkpoint: str | None = None
    """Path from the checkpoint folder."""
    hub: str | None = None
    """Repository at the hub, OWNER/NAME, that has a checkpoint's file too."""
    revision: str | None = None
    """Commit of that repository, 40 hexadecimal digits."""
    place: str | None = None
    """Path in that repository."""
    sha256: str | None = None
    bytes: int | None = None
    """Exact size."""
    archive: Archive | None = None
    """The .tgz file at `url`, where `member` names a file of it."""

    def __post_init__(self) -> None:
        kinds = (self.package, self.url, self.path, self.checkpoint)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("give exactly one of package, url, path and checkpoint")
        if self.package is not None:
            self._check_package(self.package)
        elif self.version is not None:
            raise ValueError("version belongs to package")
        elif (self.member is None) != (self.archive is None):
            raise ValueError("member belongs to package, or to url together with archive")
        if self.archive is not None and (self.url is None or self.package is not None):
            raise ValueError("archive belongs to url")
        if self.url is not None:
            _check_url(self.url)
            if self.member is not None:
                _check_inside("member", self.member)
        if self.path is not None:
            _check_inside("path", self.path)
        if self.checkpoint is not None:
            _check_inside("checkpoint", self.checkpoint)
            if PurePosixPath(self.checkpoint).is_absolute():
                raise ValueError(f"checkpoint {self.checkpoint!r} must be relative to its folder")
        if (self.hub, self.revision, self.place) != (None, None, None):
            self._check_hub()
        remote = self.package is not None or self.url is not None
        if remote and (self.sha256 is None or self.bytes is None):
            raise ValueError("sha256 and bytes are needed for a package and a url")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"sha256 must be 64 digits 0-9a-f, got {self.sha256!r}")
        if self.bytes is not None and self.bytes <= 0:
            raise ValueError(f"bytes must be more than 0, got {self.bytes}")

    def _check_hub(self) -> None:
        if self.checkpoint is None:
            raise ValueError("hub, revision and place belong to checkpoint")
        if not _REPOSITORY.fullmatch(self.hub or ""):
            raise ValueError(f"hub {self.hub!r} is no repository like OWNER/NAME")
        if not _COMMIT.fullmatch(self.revision or ""):
            raise ValueError(f"revision {self.revision!r} is no commit of 40 digits 0-9a-f")
        _check_inside("place", self.place or "")

    def _check_package(self, package: str) -> None:
        if self.version is None or self.member is None:
            raise ValueError("a package needs version and member too")
        if not _PACKAGE.fullmatch(package):
            raise ValueError(f"package {package!r} is not a package's name")
        if not _VERSION.fullmatch(self.version):
            raise ValueError(f"version {self.version!r} is not one exact version, like '1.0.0'")
        if PurePosixPath(self.member).is_absolute():
            raise ValueError(f"member {self.member!r} must be relative to the package's root")
        _check_inside("member", self.member)

    @property
    def filename(self) -> str:
        """Last part of the file's place, as people know the file."""
        place = self.member or self.path or self.checkpoint or urlsplit(self.url or "").path
        return PurePosixPath(place).name

    @property
    def origin(self) -> str:
        """Name of whoever hands the file out, for a list that people read."""
        if self.package is not None:
            return f"PyPI {self.package} {self.version}"
        if self.checkpoint is not None and self.hub is None:
            return "the checkpoint folder that you give"
        if self.hub is not None:
            return f"{self.hub} at the hub, or a folder of yours"
        return urlsplit(self.url).hostname or "" if self.url else "this computer"


@dataclass(frozen=True)
class Licence:
    """The terms of a voice. Who gives a voice to others tells all four: every voice in models/."""

    name: str
    """SPDX identifier, if there is one; or `private`."""
    statement: str = ""
    """The model card's whole statement on licence and provenance, word for word."""
    attribution: str = ""
    """Sentence that whoever uses the voice must show."""
    seller_note: str = ""
    """Advice for whoever sells a device with it."""
    terms: str = ""
    """Terms that whoever builds the voice must agree to, once; empty if there are none."""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("name is empty")


@dataclass(frozen=True)
class Voice:
    """One voice."""

    name: str
    title: str
    family: str
    """Name of a card in edge.families."""
    language: str
    """BCP 47 with underscores, like en_US; the one that a text is in if nobody says another."""
    licence: Licence
    files: dict[str, Source] = field(default_factory=dict)
    """Role -> where the file comes from."""
    languages: tuple[str, ...] = ()
    """Every language that it speaks, its own first, for a model of several."""
    default_speaker: int | None = None
    """Number of the speaker if a request names nobody, for a model with several speakers, counted
    from 0; None is the model's own choice."""

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise ValueError(
                f"name {self.name!r} must be at most {MAX_NAME} letters, digits, '_', '.' "
                "and single '-', and begin with a letter or digit"
            )
        if not self.title.strip():
            raise ValueError("title is empty")
        if not LANGUAGE.fullmatch(self.language):
            raise ValueError(f"language {self.language!r} is not like en_US or de")
        for language in self.languages:
            if not LANGUAGE.fullmatch(language):
                raise ValueError(f"languages: {language!r} is not like en_US or de")
        if self.languages and self.languages[0] != self.language:
            raise ValueError(f"languages must begin with the voice's own, {self.language}")
        if self.default_speaker is not None and self.default_speaker < 0:
            raise ValueError(f"default_speaker must be 0 or more, got {self.default_speaker}")
        if self.family not in FAMILIES:
            raise ValueError(f"family {self.family!r} is none of {', '.join(FAMILIES)}")
        needed, allowed = FAMILIES[self.family].needs, FAMILIES[self.family].may
        if missing := sorted(needed - self.files.keys()):
            raise ValueError(f"files of a {self.family} voice lack {', '.join(missing)}")
        unknown = [
            role
            for role in sorted(self.files.keys() - needed - allowed)
            if not role.startswith(FAMILIES[self.family].many or ("\0",))
        ]
        if unknown:
            known = ", ".join(sorted(needed | allowed)) or "no files"
            raise ValueError(
                f"files: unknown role {', '.join(unknown)}; a {self.family} voice has {known}"
            )

    @property
    def every_language(self) -> tuple[str, ...]:
        """All languages that it speaks, its own first."""
        return self.languages or (self.language,)

    @property
    def from_checkpoint(self) -> bool:
        """True if files of it lie in a checkpoint folder, which a build is given or fetches."""
        return any(source.checkpoint is not None for source in self.files.values())

    @property
    def speakers(self) -> int:
        """Number of its speakers, where each brings a file; else 1: its model may have more."""
        prefix = FAMILIES[self.family].speaker_files
        return max(1, sum(role.startswith(prefix) for role in self.files)) if prefix else 1

    @property
    def size(self) -> int:
        """Bytes of all its files together, if the description tells them."""
        return sum(source.bytes or 0 for source in self.files.values())

    @property
    def origins(self) -> tuple[str, ...]:
        """Places that its files come from, each once."""
        return tuple(dict.fromkeys(source.origin for source in self.files.values()))


def is_secure(url: str) -> bool:
    """Tell whether nobody on the way can read or change the file: https, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def models_dir() -> Path:
    """Find the folder of descriptions: in the installed package, else in the repository."""
    package = Path(__file__).parent
    installed = package / "models"
    return installed if installed.is_dir() else package.parent / "models"


def voice_path(name_or_path: str | Path) -> Path:
    """Find a description: a path as it is, or a name in models/; raises UnknownVoice."""
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in text or text.endswith((".yaml", ".yml")):
        return Path(name_or_path)
    names = _names()
    if text in names:
        return models_dir() / f"{text}.yaml"
    known = load_catalogue(models_dir() / CATALOGUE).names
    close = nearest(text, sorted({*names, *known}))
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    raise UnknownVoice(
        f"no voice {text!r}",
        f"{hint}Type `edge voices` for the list, or give an .onnx file or a YAML file.",
    )


def load_voice(name_or_path: str | Path) -> Voice:
    """Read a voice by its name in models/ or by its file, local paths made absolute.

    Raises UnknownVoice for a name that is not there, and BadRecord for a bad description.
    """
    path = voice_path(name_or_path)
    voice = parse_voice(read_text(path), str(path))
    folder = path.resolve().parent
    files = {role: _placed(source, folder, path) for role, source in voice.files.items()}
    return dataclasses.replace(voice, files=files)


def parse_voice(text: str, where: str) -> Voice:
    """Read a description's text; local paths stay as written. Raises BadRecord naming `where`."""
    return parse_yaml(text, Voice, where)


def all_voices() -> list[Voice]:
    """Read every voice in models/, by name; the commented example is not one."""
    return [load_voice(name) for name in _names()]


def _names() -> list[str]:
    return sorted(path.stem for path in models_dir().glob("*.yaml") if path.stem != EXAMPLE)


def _placed(source: Source, folder: Path, described_in: Path) -> Source:
    """Make a local path absolute; a stranger's description reaches no file outside its folder."""
    if source.path is None:
        return source
    place = (folder / source.path).resolve()
    if Path(source.path).is_absolute() or not place.is_relative_to(folder):
        raise BadRecord(
            f"{described_in}: path {source.path!r} leads outside the folder of the description",
            "Put the file beside the YAML file, and give its path relative to that.",
        )
    return dataclasses.replace(source, path=str(place))


def _check_inside(key: str, value: str) -> None:
    if not value or ".." in PurePosixPath(value).parts or "\0" in value:
        raise ValueError(f"{key} {value!r} must name a file and not go up with '..'")


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if not _URL.fullmatch(url) or not parts.hostname or not is_secure(url):
        raise ValueError(f"url {url!r} must begin with https://")
    if parts.username is not None:
        raise ValueError("url must not hold a user name or password: bundles carry it verbatim")
    if not PurePosixPath(parts.path).name:
        raise ValueError(f"url {url!r} names no file")
