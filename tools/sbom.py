"""Write a release's bill of materials: CycloneDX JSON, the same bytes for the same files.

    python -m tools.sbom FOLDER VERSION > BILL

Each file of the release is a component, and what it carries are components within: Python's
packages by the metadata that really lies there, an image's Debian packages by its list beside it.
"""

from __future__ import annotations

import datetime
import email.message
import email.parser
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA$")
_CLASSIFIER = "License :: OSI Approved :: "
_LICENCE_LENGTH = 80
"""Characters; a longer field is the licence's whole text, and its classifier names it."""


def wheel_packages(path: Path) -> Iterator[email.message.Message]:
    with zipfile.ZipFile(path) as wheel:
        for name in wheel.namelist():
            if _METADATA.match(name):
                yield _parsed(wheel.read(name))


def deb_packages(path: Path) -> Iterator[email.message.Message]:
    """Read the metadata of every Python package that a Debian package carries."""
    data = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(data.stdout)) as tree:
        for member in tree:
            if _METADATA.search(member.name) and (file := tree.extractfile(member)):
                yield _parsed(file.read())


def _parsed(metadata: bytes) -> email.message.Message:
    return email.parser.BytesParser().parsebytes(metadata, headersonly=True)


def licence(metadata: email.message.Message) -> str | None:
    """Find the licence that a package names: an SPDX expression, else its own short words."""
    if expression := metadata["License-Expression"]:
        return str(expression)
    words = " ".join(str(metadata["License"] or "").split())
    if words and words != "UNKNOWN" and len(words) <= _LICENCE_LENGTH:
        return words
    named = [str(line) for line in metadata.get_all("Classifier", [])]
    return next((line[len(_CLASSIFIER) :] for line in named if line.startswith(_CLASSIFIER)), None)


def python_component(metadata: email.message.Message, holder: str) -> Component:
    name = re.sub(r"[-_.]+", "-", str(metadata["Name"])).lower()
    purl = PackageURL("pypi", None, name, str(metadata["Version"]))
    named = licence(metadata)
    return Component(
        name=name,
        version=purl.version,
        purl=purl,
        bom_ref=f"{holder}#{purl}",
        licenses=[LicenseFactory().make_from_string(named)] if named else (),
    )


def debian_components(listed: str, holder: str) -> Iterator[Component]:
    """Turn lines of `dpkg-query --show`, "name version architecture", into components."""
    for line in listed.splitlines():
        name, version, arch = line.split()
        purl = PackageURL("deb", "debian", name, version, {"arch": arch})
        yield Component(name=name, version=version, purl=purl, bom_ref=f"{holder}#{purl}")


def file_component(path: Path, folder: Path) -> Component:
    name = path.relative_to(folder).as_posix()
    inside: Iterable[Component] = ()
    if path.suffix == ".whl":
        inside = (python_component(found, name) for found in wheel_packages(path))
    elif path.suffix == ".deb" and path.parent.name == "debian":
        inside = (python_component(found, name) for found in deb_packages(path))
    elif (packages := path.with_name(f"{path.name}.packages")).exists():
        inside = debian_components(packages.read_text(encoding="utf-8"), name)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Component(
        type=ComponentType.FILE,
        name=name,
        bom_ref=name,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        components=list(inside),
    )


def bill(folder: Path, version: str, made: datetime.datetime) -> str:
    """Return the whole bill, checked against CycloneDX's own schema."""
    files = [file_component(path, folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    product = Component(
        type=ComponentType.APPLICATION,
        name="edge-voice",
        version=version,
        bom_ref="edge-voice",
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
        purl=PackageURL("pypi", None, "edge-voice", version),
    )
    bom = Bom(components=files, metadata=BomMetaData(component=product, timestamp=made))
    sums = [f"{file.name} {digest.content}\n" for file in files for digest in file.hashes]
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, "".join(sums))
    bom.register_dependency(product, files)
    text: str = JsonV1Dot6(bom).output_as_string(indent=1)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SystemExit(f"not CycloneDX: {wrong}")
    return text


def main() -> None:
    folder, version = Path(sys.argv[1]), sys.argv[2]
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    print(bill(folder, version, datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)))


if __name__ == "__main__":
    main()
