"""Read how a daemon is set up: one YAML file, strict; docs/reference/configuration.md is its page.

A value comes from the command line, else from the file, else it is the default here; where that
is None, the profile of the default voice decides.
"""

from __future__ import annotations

import dataclasses
import grp
import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from edge import records
from edge.sound.settings import Wishes
from edge.text.claims import Emoji, Markdown, Policy
from edge.text.markup import MAX_BREAK_S

SYSTEM_FILE = Path("/etc/edge-voice/config.yaml")
DEFAULT = "default"
MAX_SILENCE_S = 86_400.0
"""A day: a program that pauses for longer opens another stream."""
FORMAT = 1
"""Grows when a file that this version reads would mean something else to an older one."""


@dataclass(frozen=True)
class AudioKeys(Wishes):
    """The sound card; Wishes in edge/sound/settings.py explains the other keys. The device None is
    the profile's, `default` the system's own."""

    volume: int = 100
    """Loudness at the start, 0 to 100 %."""

    def __post_init__(self) -> None:
        _demand("volume", self.volume, 0, 100)
        if "" in (self.device, self.fallback):
            raise ValueError("device is empty; default is the system's own")
        super().__post_init__()


@dataclass(frozen=True)
class Cache:
    """Room for the sound of phrases that repeat."""

    memory_mb: int = 16
    """MB in memory; 0 keeps nothing."""
    folder: str | None = None
    """Absolute path of a folder that keeps the sound over a restart; None keeps none."""
    folder_mb: int = 128
    """MB in that folder."""

    def __post_init__(self) -> None:
        _demand("memory_mb", self.memory_mb, 0, 1024)
        _demand("folder_mb", self.folder_mb, 1, 65_536)
        if self.folder is not None and not Path(self.folder).is_absolute():
            raise ValueError(f"folder {self.folder!r} must begin with /")


@dataclass(frozen=True)
class Access:
    """Users who may connect, of those who can open the socket. Root and the daemon's own user
    always may."""

    users: tuple[str | int, ...] = ()
    """Names or numbers; if `groups` is empty too, everyone may."""
    groups: tuple[str | int, ...] = ()
    """Names or numbers of groups whose members may."""
    clients_per_user: int = 64
    """Most connections of one user."""
    utterances_per_user: int = 4096
    """Most utterances of one user that wait or sound."""
    stream_silence_s: float = 0.0
    """Seconds without a word after which a text that comes piece by piece ends; 0: never, while
    its connection lives."""

    def __post_init__(self) -> None:
        _demand("clients_per_user", self.clients_per_user, 1, 256)
        _demand("utterances_per_user", self.utterances_per_user, 1, 4096)
        if not 0 <= self.stream_silence_s <= MAX_SILENCE_S:
            raise ValueError(
                f"stream_silence_s must be between 0 and {MAX_SILENCE_S:,.0f}, "
                f"got {self.stream_silence_s:g}"
            )
        self.uids()
        self.gids()

    def uids(self) -> frozenset[int]:
        """Look the users up. Raises ValueError for a name that this machine does not know."""
        return frozenset(
            _number("user", name, lambda n: pwd.getpwnam(n).pw_uid) for name in self.users
        )

    def gids(self) -> frozenset[int]:
        return frozenset(
            _number("group", name, lambda n: grp.getgrnam(n).gr_gid) for name in self.groups
        )


@dataclass(frozen=True)
class Install:
    """Rules for `edge install`."""

    verify_with: str | None = None
    """A file of ssh keys, as ssh-keygen(1) describes ALLOWED SIGNERS; if it is given, only bundles
    that one of them signed are taken."""


@dataclass(frozen=True)
class TextKeys:
    """How texts are read that hold more than words; docs/use/text.md shows it."""

    normalize: bool = True
    """False reads every text as it is written, and changes only the owner's words."""
    markdown: Markdown = "auto"
    """Whether Markdown's marks are marks; `always` takes a lone "- 5" for an item of a list."""
    urls: Policy = "say"
    """Whether an address of the web is said, its host alone, or nothing of it."""
    emoji: Emoji = "skip"
    pause_s: float = 0.0
    """Seconds of silence between sentences, beside the voice's own; twice that between
    paragraphs."""
    dates: Literal["auto", "mdy", "dmy"] = "auto"
    """Order of 3/4/2026: mdy or dmy; auto is that of the voice's country."""

    def __post_init__(self) -> None:
        if not 0 <= self.pause_s <= MAX_BREAK_S:
            raise ValueError(
                f"pause_s must be between 0 and {MAX_BREAK_S:g}, got {self.pause_s:g}"
            )


@dataclass(frozen=True)
class Config:
    """The whole file."""

    format: int = FORMAT
    """The file's own; another one is refused."""
    voice: str | None = None
    """Name of the default voice; None is that of the first bundle."""
    bundles: tuple[str, ...] = ()
    """Absolute paths of bundles or folders of them; empty for the installed ones."""
    any_board: bool = False
    """True to accept bundles that were built for other boards."""
    lexicon: str | None = None
    """Absolute path of the file of pronunciations."""
    text: TextKeys = field(default_factory=TextKeys)
    audio: AudioKeys = field(default_factory=AudioKeys)
    cache: Cache = field(default_factory=Cache)
    access: Access = field(default_factory=Access)
    install: Install = field(default_factory=Install)

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError(
                f"the file has format {self.format}, and this version of edge-voice reads {FORMAT}"
            )
        for key, places in (("bundles", self.bundles), ("lexicon", (self.lexicon or "/",))):
            for place in places:
                if not Path(place).is_absolute():
                    raise ValueError(f"{key}: {place!r} must begin with /")


@dataclass(frozen=True)
class InForce:
    """A configuration, and where its values came from."""

    config: Config
    origins: Mapping[str, str]
    """Key, like `audio.device` -> FILE:LINE or the option; a key that is not here has its
    default."""
    path: Path | None = None
    """The file that was read; None if there is none."""

    def override(self, key: str, value: Any, origin: str) -> InForce:
        """Replace the value of `audio.device` or the like; None changes nothing."""
        if value is None:
            return self
        *section, name = key.split(".")
        if section:
            inner = dataclasses.replace(getattr(self.config, section[0]), **{name: value})
            config = dataclasses.replace(self.config, **{section[0]: inner})
        else:
            config = dataclasses.replace(self.config, **{name: value})
        return InForce(config, {**self.origins, key: origin}, self.path)

    def completed(self, values: Mapping[str, Any], origin: str) -> InForce:
        """Fill in these values where nobody has decided yet."""
        found = self
        for key, value, _ in self.rows():
            if value is None and key in values:
                found = found.override(key, values[key], origin)
        return found

    def rows(self) -> list[tuple[str, Any, str]]:
        """List every key, its value, and where that came from, in the order of the page."""
        return [
            (key, value, self.origins.get(key, DEFAULT)) for key, value in _flat(self.config, "")
        ]


def config_file(named: Path | None = None) -> Path | None:
    """Find the file to read: `named`, else $EDGE_VOICE_CONFIG, else the user's own (which a
    service has not), else the system's. None if there is none; a named one must be there."""
    if named is not None:
        return named
    if given := os.environ.get("EDGE_VOICE_CONFIG"):
        return Path(given)
    places = [folder / SYSTEM_FILE.name for folder in config_folders()]
    return next((place for place in places if place.exists()), None)


def config_folders() -> list[Path]:
    """List the folders of what the owner sets: the service's own, else the user's and the
    system's."""
    if folder := os.environ.get("CONFIGURATION_DIRECTORY"):
        return [Path(folder.split(":")[0])]
    base = os.environ.get("XDG_CONFIG_HOME")
    return [(Path(base) if base else Path.home() / ".config") / "edge-voice", SYSTEM_FILE.parent]


def load_config(named: Path | None = None) -> InForce:
    """Read the configuration. Raises BadRecord naming the file and the key's place."""
    path = config_file(named)
    if path is None:
        return InForce(Config(), {})
    text = records.read_text(path)
    if not text.strip() or all(line.lstrip()[:1] in ("", "#") for line in text.splitlines()):
        return InForce(Config(), {}, path)  # all of it is commented out
    config = records.parse_yaml(text, Config, str(path))
    lines = records.key_lines(text)
    known = {key for key, _ in _flat(config, "")}
    return InForce(config, {k: f"{path}:{n}" for k, n in lines.items() if k in known}, path)


def _flat(record: Any, before: str) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key in dataclasses.fields(record):
        value = getattr(record, key.name)
        if dataclasses.is_dataclass(value):
            rows += _flat(value, f"{before}{key.name}.")
        else:
            rows.append((before + key.name, value))
    return rows


def _number(kind: str, name: str | int, look_up: Any) -> int:
    if isinstance(name, int):
        return name
    try:
        return int(look_up(name))
    except KeyError:
        raise ValueError(f"this machine has no {kind} {name!r}") from None


def _demand(name: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise ValueError(f"{name} must be between {least:,} and {most:,}, got {value:,}")
