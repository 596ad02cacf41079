"""Phrases on the disk, in a folder that the owner of the board names.

A file is the sha256 of what follows, a line of JSON, and the samples. Its name is a keyed hash of
the text; the key lies in the folder too, for its owner only. The text itself is not stored, but
the sound of it is: who may read the folder may listen.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.errors import NotWritable
from edge.pcm import Samples, Word

log = logging.getLogger(__name__)

DISK_BYTES = 128 << 20
SECRET, SUFFIX, PARTIAL = "secret", ".phrase", ".partial-"
SECRET_BYTES, SUM_BYTES = 32, 32
MAX_FILE_BYTES = 8 << 20


@dataclass(frozen=True)
class Phrase:
    """Sound that was spoken, before any gain."""

    samples: Samples
    """float32 (frames,)"""
    rate: int
    """Samples per second, Hz."""
    words: tuple[Word, ...] = ()


class PhraseStore:
    """A folder of phrases, `limit` bytes at the most: those not used for longest go first.

    Raises NotWritable if the folder cannot be used. What goes wrong later is only slower speech.
    """

    def __init__(self, folder: Path, limit: int = DISK_BYTES) -> None:
        self._folder, self._limit = folder, limit
        self._counting = threading.Lock()  # one thread reads phrases, another writes them
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for partial in folder.glob(f"{PARTIAL}*"):  # of a daemon that was killed
                partial.unlink()
            self.secret = self._read_secret()
        except OSError as error:
            raise NotWritable(
                f"the folder for phrases {folder} cannot be used: {error.strerror}",
                "Choose another: edge serve --phrase-cache DIR",
            ) from None
        self.count = len(self._files())

    def load(self, key: str) -> Phrase | None:
        """Read a phrase; None if it is not there or not whole. Never raises."""
        path = self._path(key)
        try:
            # Whatever lies there: a link is not followed, and nobody's pipe is waited for.
            how = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            with os.fdopen(os.open(path, how), "rb") as file:
                raw = file.read(MAX_FILE_BYTES + 1)
        except OSError:
            return None
        phrase = _parse(raw)
        if phrase is None:
            log.warning("a damaged phrase was thrown away: %s", path.name)
            self._remove(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return phrase

    def save(self, key: str, phrase: Phrase) -> None:
        """Write a phrase and make room for it. Never raises; a failure is logged."""
        try:
            was_there = self._path(key).exists()
            self._write(self._path(key), _bytes(phrase))
            with self._counting:
                self.count += not was_there
            self._make_room()
        except OSError as error:
            log.warning("a phrase was not saved: %s", error.strerror)

    def _read_secret(self) -> bytes:
        path = self._folder / SECRET
        try:
            secret = path.read_bytes()
        except FileNotFoundError:
            secret = b""
        if len(secret) != SECRET_BYTES:  # new, or cut off: the phrases of an old one are lost
            secret = os.urandom(SECRET_BYTES)
            self._write(path, secret)
        path.chmod(0o600)
        return secret

    def _write(self, path: Path, data: bytes) -> None:
        descriptor, name = tempfile.mkstemp(prefix=PARTIAL, dir=self._folder)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _make_room(self) -> None:
        files = [(path.stat().st_mtime_ns, path.stat().st_size, path) for path in self._files()]
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self._limit:
                return
            self._remove(path)
            total -= size

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink()
            with self._counting:
                self.count -= 1

    def _files(self) -> list[Path]:
        return list(self._folder.glob(f"*{SUFFIX}"))

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{SUFFIX}"


def _bytes(phrase: Phrase) -> bytes:
    words = [dataclasses.astuple(word) for word in phrase.words]
    head = json.dumps({"rate": phrase.rate, "words": words}).encode() + b"\n"
    body = head + phrase.samples.astype("<f4").tobytes()
    return hashlib.sha256(body).digest() + body


def _parse(raw: bytes) -> Phrase | None:
    checksum, body = raw[:SUM_BYTES], raw[SUM_BYTES:]
    if len(raw) > MAX_FILE_BYTES or hashlib.sha256(body).digest() != checksum:
        return None
    head, _, pcm = body.partition(b"\n")
    try:
        described = json.loads(head)
        words = tuple(Word(*word) for word in described["words"])
        return Phrase(np.frombuffer(pcm, "<f4"), described["rate"], words)
    except (ValueError, TypeError, KeyError, RecursionError):  # whole, but not of this version
        return None
