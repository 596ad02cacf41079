"""Bundles that are put under a root, found there, refused and damaged, as tests do it."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.bundle import MANIFEST, MANIFEST_SUM, Bundle
from edge.bundle.install import install
from edge.bundle.store import find_bundles
from edge.errors import EdgeError, UnsafeBundle


def put(source: Path, root: Path, signers: Path | None = None) -> Bundle:
    """Install without the self-test, which has tests of its own."""
    return install(source, root, None, lambda folder: None, signers).bundle


def found(root: Path) -> Bundle:
    [bundle] = find_bundles([root], None, any_board=True)
    return bundle


def refused(source: Path, root: Path, kind: type[EdgeError] = UnsafeBundle) -> str:
    """Return why it is not installed; nothing has changed."""
    before = sorted(root.rglob("*")) if root.exists() else []
    with pytest.raises(kind) as raised:
        put(source, root)
    assert type(raised.value) is kind and raised.value.remedy
    left = [path for path in root.rglob("*") if path.name != ".lock"]
    assert left == [path for path in before if path.name != ".lock"]
    return raised.value.message


def packed(folder: Path, to: Path) -> Path:
    with tarfile.open(to, "w") as tar:
        tar.add(folder, folder.name)
    return to


def edit_manifest(bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest and its checksum, as someone would who knows the format."""
    manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    change(manifest)
    text = json.dumps(manifest).encode()
    (bundle / MANIFEST).write_bytes(text)
    digest = hashlib.sha256(text).hexdigest()
    (bundle / MANIFEST_SUM).write_text(f"{digest}  {MANIFEST}\n", encoding="ascii")


def add_notice(bundle: Path) -> Path:
    """Add a file that only its own checksum protects; returns its path."""
    notice = bundle / "NOTICE"
    notice.write_text("Whose voice it is.", encoding="utf-8")
    digest = hashlib.sha256(notice.read_bytes()).hexdigest()
    entry = {"sha256": digest, "bytes": notice.stat().st_size}
    edit_manifest(bundle, lambda manifest: manifest["files"].update(NOTICE=entry))
    return notice


def flip(path: Path) -> None:
    """Flip a bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
