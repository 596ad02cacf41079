"""The container image's archive: engines find their way in it, and it is the same every time."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tools.oci_image import image, write

MADE = 1_700_000_000
"""Seconds since 1970."""
PASSWD = b"root:x:0:0::/root:/bin/sh\nedge-voice:x:998:998::/var/lib/edge-voice:/bin/false\n"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = io.BytesIO()
    with tarfile.open(fileobj=tree, mode="w") as files:
        entry = tarfile.TarInfo("./etc/passwd")
        entry.size = len(PASSWD)
        files.addfile(entry, io.BytesIO(PASSWD))
    folder = tmp_path_factory.mktemp("image")
    for name in ("image.oci.tar", "again.oci.tar"):
        write(
            folder / name, image(tree.getvalue(), "arm64", "1.2.3", 1_700_000_000), 1_700_000_000
        )
    return folder / "image.oci.tar"


def contents(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as files:
        return {entry.name: files.extractfile(entry).read() for entry in files}  # type: ignore[union-attr]


def led(files: dict[str, bytes], description: dict[str, Any]) -> bytes:
    """Follow a descriptor, as an engine does: by checksum, and its size is true."""
    kind, digest = description["digest"].split(":")
    found = files[f"blobs/{kind}/{digest}"]
    assert hashlib.sha256(found).hexdigest() == digest
    assert len(found) == description["size"]
    return found


def test_an_engine_finds_everything_from_the_index_on(archive: Path) -> None:
    files = contents(archive)
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    [listed] = json.loads(files["index.json"])["manifests"]
    assert listed["platform"] == {"architecture": "arm64", "os": "linux", "variant": "v8"}
    manifest = json.loads(led(files, listed))
    config = json.loads(led(files, manifest["config"]))
    [layer] = manifest["layers"]
    tree = gzip.decompress(led(files, layer))
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(tree).hexdigest()}"]
    assert (config["architecture"], config["os"]) == ("arm64", "linux")


def test_the_daemon_is_run_as_its_own_user_and_asked_how_it_is(archive: Path) -> None:
    [config] = [
        json.loads(text)["config"] for text in contents(archive).values() if b"Healthcheck" in text
    ]
    assert config["User"] == "998"
    assert [*config["Entrypoint"], *config["Cmd"]] == ["/usr/bin/edge", "serve"]
    assert config["Healthcheck"]["Test"][0] == "CMD"
    assert "ORT_DISABLE_TELEMETRY=1" in config["Env"]
    assert not config.get("ExposedPorts")


def test_the_same_tree_gives_the_same_bytes(archive: Path) -> None:
    assert archive.read_bytes() == archive.with_name("again.oci.tar").read_bytes()
