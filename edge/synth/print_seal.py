"""Seal the file of a cloned voice with age, so that only chosen machines can speak with it.

A sealed file is SEALED, the label as one line of JSON, and what age made of the whole print. The
label is in clear, so that voices can be listed without the key; a copy of it is inside.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from edge.config import config_folders
from edge.errors import BadRecipient, BadVoicePrint, MissingPackage
from edge.synth.array_archive import MAX_LABEL

SEALED = b"edge-voice sealed print, age\n"
KEY = "print-key"
"""File with the identities of age that open prints on this machine, or the name of a credential
that systemd gives to the service."""
SERVICE_CREDENTIALS = "/run/credentials/edge-voice.service"
"""Folder of what systemd gave to the running service, readable by its user: `edge install` goes on
as him."""
_AGE_S = 30
"""Seconds for age; a key that asks for a passphrase would wait for ever."""


def is_sealed(file: IO[bytes]) -> bool:
    """Look at the beginning of a file, and go back to it."""
    file.seek(0)
    begins = file.read(len(SEALED)) == SEALED
    file.seek(0)
    return begins


def label_of(file: IO[bytes]) -> str:
    """Read the label of a sealed file. Raises ValueError."""
    file.seek(len(SEALED))
    line = file.readline(MAX_LABEL)
    if not line.endswith(b"\n"):
        raise ValueError("its label has no end")
    return line.decode()


def sealed(raw: bytes, label: str, recipients: Sequence[str]) -> bytes:
    """Seal a print for the recipients: public keys of age or SSH, or files of them. Raises
    BadRecipient, MissingPackage."""
    arguments = ["--encrypt"]
    for recipient in recipients:
        arguments += ["-R" if Path(recipient).is_file() else "-r", recipient]
    answer = _age(arguments, raw)
    if answer.returncode:
        raise BadRecipient(
            f"age cannot encrypt for {', '.join(recipients)}: {_last(answer.stderr)}",
            "Give the public key of the machine that is to speak: age-keygen -y print-key",
        )
    return SEALED + " ".join(label.split("\n")).encode() + b"\n" + answer.stdout


def opened(raw: bytes, path: Path) -> bytes:
    """Open the seal of the file `path` with this machine's key. Raises BadVoicePrint,
    MissingPackage."""
    places = key_files()
    key = next((place for place in places if os.access(place, os.R_OK)), None)
    if key is None:
        raise BadVoicePrint(
            f"the voice print {path} is encrypted, and there is no key here: "
            f"{' or '.join(map(str, places))}",
            "Put this machine's key there (docs/use/clone-a-voice.md), or: edge unclone "
            f"{path.stem}",
        )
    cipher = raw[raw.index(b"\n", len(SEALED)) + 1 :]
    answer = _age(["--decrypt", "--identity", str(key)], cipher)
    if answer.returncode:
        raise BadVoicePrint(
            f"the voice print {path} cannot be deciphered with {key}: {_last(answer.stderr)}",
            f"Clone it anew for this machine's key: edge clone {path.stem} CLIP.wav --replace "
            "--encrypt KEY",
        )
    return answer.stdout


def key_files() -> list[Path]:
    """List where the key is looked for: what systemd gives to this service, or gave to the
    daemon's, first."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY", SERVICE_CREDENTIALS)
    return [folder / KEY for folder in (Path(credentials), *config_folders())]


def _age(arguments: Sequence[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run age without a terminal to ask on."""
    try:
        return subprocess.run(
            ["age", *arguments],
            input=given,
            capture_output=True,
            timeout=_AGE_S,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise MissingPackage(
            "the program age, which encrypts cloned voices, is not installed",
            "sudo apt install age",
        ) from None
    except subprocess.TimeoutExpired:
        raise BadVoicePrint(
            f"age gave no answer within {_AGE_S} s", "Use a key without a passphrase."
        ) from None


def _last(said: bytes) -> str:
    """Return age's reason: its last line but for where to report a bug."""
    lines = [line for line in said.decode(errors="replace").splitlines() if "report" not in line]
    return lines[-1].removeprefix("age: ").removeprefix("error: ") if lines else "no reason given"
