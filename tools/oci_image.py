"""Write one file system as an OCI image, in one archive: the same bytes for the same tree.

    python -m tools.oci_image TREE.tar ARCHITECTURE VERSION IMAGE.oci.tar

Source of the format: https://github.com/opencontainers/image-spec, image-layout.md and config.md;
of `Healthcheck`, which only Docker's own format knows: https://github.com/moby/docker-image-spec.
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TYPES = "application/vnd.oci.image."
USER = "edge-voice"
STATE = "/var/lib/edge-voice"
SOCKET = "/run/edge-voice/edge-voice.sock"
SECOND = 1_000_000_000
"""Health checks count nanoseconds."""


@dataclass(frozen=True)
class Blob:
    """A file of the image that is named by its own checksum."""

    kind: str
    content: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def described(self, **more: Any) -> dict[str, Any]:
        return {
            "mediaType": TYPES + self.kind,
            "digest": f"sha256:{self.digest}",
            "size": len(self.content),
            **more,
        }


def settings(uid: int) -> dict[str, Any]:
    """Say how the image is run: the daemon, as its own user, on a root that may be read-only."""
    return {
        # A number, so that who starts it can see that it is not root.
        "User": str(uid),
        "Entrypoint": ["/usr/bin/edge"],
        "Cmd": ["serve"],
        "WorkingDir": STATE,
        "Volumes": {STATE: {}, str(Path(SOCKET).parent): {}},
        "StopSignal": "SIGTERM",
        "Env": [
            "PATH=/usr/bin:/bin",
            f"HOME={STATE}",
            f"STATE_DIRECTORY={STATE}",
            "CONFIGURATION_DIRECTORY=/etc/edge-voice",
            f"EDGE_VOICE_SOCKET={SOCKET}",
            "ORT_DISABLE_TELEMETRY=1",
            "PYTHONDONTWRITEBYTECODE=1",
        ],
        "Healthcheck": {
            "Test": ["CMD", "/usr/bin/edge", "status"],
            "Interval": 30 * SECOND,
            "Timeout": 20 * SECOND,
            "StartPeriod": 60 * SECOND,
        },
    }


def user_number(tree: bytes) -> int:
    """Look USER up in the tree's own passwd."""
    with tarfile.open(fileobj=io.BytesIO(tree)) as files:
        passwd = next(member for member in files if member.name.lstrip("./") == "etc/passwd")
        held = files.extractfile(passwd)
        assert held is not None
        rows = [line.split(":") for line in held.read().decode().splitlines()]
    return next(int(row[2]) for row in rows if row[0] == USER)


def image(tree: bytes, architecture: str, version: str, made: int) -> list[Blob]:
    """Make the layer, the configuration, the manifest and, last, the index that names it."""
    when = datetime.datetime.fromtimestamp(made, datetime.timezone.utc)
    created = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    notes = {
        "org.opencontainers.image.title": "edge-voice",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.created": created,
        "org.opencontainers.image.licenses": "Apache-2.0",
    }
    platform = {"architecture": architecture, "os": "linux"}
    if architecture == "arm64":
        platform["variant"] = "v8"
    layer = Blob("layer.v1.tar+gzip", gzip.compress(tree, 6, mtime=0))
    unpacked = hashlib.sha256(tree).hexdigest()
    config = _json(
        "config.v1+json",
        created=created,
        **platform,
        config={**settings(user_number(tree)), "Labels": notes},
        rootfs={"type": "layers", "diff_ids": [f"sha256:{unpacked}"]},
        history=[{"created": created, "created_by": "tools/container.sh"}],
    )
    manifest = _json(
        "manifest.v1+json",
        schemaVersion=2,
        mediaType=f"{TYPES}manifest.v1+json",
        config=config.described(),
        layers=[layer.described()],
        annotations=notes,
    )
    name = {"org.opencontainers.image.ref.name": f"edge-voice:{version}"}
    listed = manifest.described(platform=platform, annotations=name)
    index = _json("index.v1+json", schemaVersion=2, manifests=[listed])
    return [layer, config, manifest, index]


def _json(kind: str, **fields: Any) -> Blob:
    return Blob(kind, json.dumps(fields, indent=1).encode())


def write(path: Path, blobs: list[Blob], made: int) -> None:
    """Write the archive, which appears whole."""
    *named, index = blobs
    files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": index.content}
    files |= {f"blobs/sha256/{blob.digest}": blob.content for blob in named}
    part = path.with_suffix(".part")
    with tarfile.open(part, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), made, 0o644
            archive.addfile(entry, io.BytesIO(content))
    shutil.move(part, path)


def main() -> None:
    tree, architecture, version, path = sys.argv[1:]
    made = int(os.environ["SOURCE_DATE_EPOCH"])
    write(Path(path), image(Path(tree).read_bytes(), architecture, version, made), made)


if __name__ == "__main__":
    main()
