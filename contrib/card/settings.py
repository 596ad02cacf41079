"""Follow edge-voice.yaml on the card: at each boot, before the daemon and the network.

    settings.py FAT STATE BUNDLES...

Each key is judged by itself: a mistake in one costs that one, is told in edge-voice-errors.txt
beside the file, and leaves the rest in force. So a wrong voice never costs the way in by ssh.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from edge import records
from edge.errors import BadRecord
from edge.files import write_whole

FILE, ERRORS = "edge-voice.yaml", "edge-voice-errors.txt"
HOSTNAME = "edge-voice"
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
"""RFC 1123, in the small letters that every resolver agrees on."""
_KEY_KINDS = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
)
_MAX_KEY = 8192
"""Characters; sshd reads no longer line of authorized_keys."""
_MAX_FILE = 64 << 10
"""Bytes; a small board reads more of YAML for longer than it boots."""
_MOST = 20
"""Mistakes that are told; who made more has put another file there."""


@dataclass(frozen=True)
class Card:
    """What the file may say."""

    voice: str | None = None
    """One of the voices on the card; None is the default one."""
    device: str = "default"
    """As audio.device of the daemon's configuration."""
    volume: int = 100
    """0 to 100 %."""
    hostname: str = HOSTNAME
    ssh_key: str | None = None
    """A public key that may log in as root; None opens no network."""

    def __post_init__(self) -> None:
        if not self.device.strip() or not self.device.isprintable():
            raise ValueError("device is empty or not printable; default is the system's own")
        if not 0 <= self.volume <= 100:
            raise ValueError("volume must be between 0 and 100")
        if not _LABEL.fullmatch(self.hostname):
            raise ValueError(
                f"hostname {self.hostname[:80]!r} must be 1 to 63 of a-z, 0-9 and -, "
                "with no - at either end"
            )
        if self.ssh_key is not None:
            check_key(self.ssh_key)


def check_key(text: str) -> None:
    """Raise ValueError unless `text` is one public ssh key, without options."""
    if "PRIVATE KEY" in text:
        raise ValueError("ssh_key is a private key: keep it, and give the line of its .pub file")
    words = text.split(maxsplit=2)
    if len(text) > _MAX_KEY or not text.isprintable() or len(words) < 2:
        raise ValueError("ssh_key must be one line, as in a .pub file: ssh-ed25519 AAAA... name")
    kind, encoded = words[:2]
    if kind not in _KEY_KINDS:
        known = ", ".join(_KEY_KINDS)
        raise ValueError(f"ssh_key begins with {kind[:40]!r}, not with one of: {known}")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("ssh_key is not whole: its second word is not base64") from None
    name = kind.encode()
    if not blob.startswith(len(name).to_bytes(4, "big") + name) or len(blob) < len(name) + 36:
        raise ValueError("ssh_key is not whole: what its second word holds is no such key")


def read(path: Path, voices: Iterable[str]) -> tuple[Card, list[str]]:
    """Read the file: what can be followed, and a sentence for each thing that cannot."""
    given, mistakes = _given(path)
    known = {field.name for field in fields(Card)}
    taken: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            shown = repr(key)[:60]
            mistakes.append(f"unknown key {shown}; known here: {', '.join(sorted(known))}")
            continue
        try:
            card = records.from_dict(Card, {key: value}, FILE)
        except BadRecord as error:
            mistakes.append(error.message.removeprefix(f"{FILE}: "))
            continue
        if key == "voice" and card.voice is not None and card.voice not in voices:
            there = ", ".join(sorted(voices)) or "none"
            mistakes.append(f"voice {card.voice[:80]!r} is not on this card; there are: {there}")
            continue
        taken[key] = getattr(card, key)
    return Card(**taken), mistakes


def _given(path: Path) -> tuple[dict[str, Any], list[str]]:
    if not path.exists():
        windows = path.with_name(f"{path.name}.txt")
        if windows.exists():
            return {}, [f"it is called {windows.name}: take the .txt away"]
        return {}, ["it is missing"]
    if path.stat().st_size > _MAX_FILE:
        return {}, [f"it is larger than {_MAX_FILE >> 10} KiB, so it is another file"]
    try:
        text = records.read_text(path).removeprefix("\ufeff")  # as Windows' editors save
        given = records.plain_yaml(text, FILE)
    except BadRecord as error:
        return {}, [error.message.removeprefix(f"{FILE}: ")]
    if given is None:  # all of it is commented out
        return {}, []
    if not isinstance(given, dict):
        return {}, ["it holds no lines of the form `key: value`"]
    return given, []


def configuration(card: Card) -> str:
    """Write the daemon's configuration; JSON is YAML."""
    voice = {"voice": card.voice} if card.voice else {}
    return "# Written at each boot from edge-voice.yaml on the card.\n" + json.dumps(
        {"format": 1, **voice, "audio": {"device": card.device, "volume": card.volume}}
    )


def follow(card: Card, state: Path) -> None:
    """Write what the daemon and sshd read; no key, no way in."""
    write_whole(state / "etc/config.yaml", configuration(card).encode())
    keys = state / "ssh/authorized_keys"
    if card.ssh_key is None:
        keys.unlink(missing_ok=True)
    else:
        write_whole(keys, f"{card.ssh_key.strip()}\n".encode(), 0o600)


def told(mistakes: list[str]) -> str:
    """Write the sentences for whoever puts the card into a computer; "" if nothing is wrong."""
    if not mistakes:
        return ""
    shown = [" ".join(mistake.split()) for mistake in mistakes[:_MOST]]
    if len(mistakes) > _MOST:
        shown.append(f"and {len(mistakes) - _MOST} more")
    lines = "".join(f"* {mistake}\r\n" for mistake in shown)  # Windows' oldest editor too
    return f"In {FILE} this could not be followed, and the rest is in force:\r\n\r\n{lines}"


def tell(mistakes: list[str], fat: Path) -> None:
    """Put the errors beside the file, which is written only if they are others than before."""
    path, text = fat / ERRORS, told(mistakes).encode("utf-8")
    there = path.read_bytes() if path.exists() else b""
    if text == there:
        return
    with _writable(fat):
        if text:
            write_whole(path, text)
        else:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _writable(fat: Path) -> Iterator[None]:
    mounted = fat.is_mount()
    if mounted:
        subprocess.run(["mount", "-o", "remount,rw", fat], check=True)
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["mount", "-o", "remount,ro", fat], check=False)


def voices_in(places: list[Path]) -> set[str]:
    """Name the voices of the bundles in these folders, which are called VOICE--BOARD or VOICE."""
    folders = (folder for place in places for folder in place.glob("[!.]*"))
    return {folder.name.split("--")[0] for folder in folders if folder.is_dir()}


def main() -> None:
    fat, state, *bundles = map(Path, sys.argv[1:])
    card, mistakes = read(fat / FILE, voices_in(bundles))
    follow(card, state)
    socket.sethostname(card.hostname)
    for mistake in mistakes:
        print(f"{FILE}: {mistake}", file=sys.stderr)
    tell(mistakes, fat)


if __name__ == "__main__":
    main()
