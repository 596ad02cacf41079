"""Which voice speaks where nobody names one, and that nothing changes it without a word."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge import cli
from edge.bundle import MANIFEST, Bundle
from edge.bundle.install import install
from edge.bundle.store import default_voice, find_bundles
from edge.daemon.reloading import changed_bundles
from edge.daemon.voices import Voices
from edge.families import DEFAULT_VOICE
from edge.voice import voice_path
from tests.conftest import build_tone


def build(place: Path, voice: str, comment: str = "") -> Bundle:
    """A bundle of the voice in this place; each is younger than those before."""
    place.mkdir(exist_ok=True)
    text = voice_path("tone").read_text(encoding="utf-8")
    description = place / f"{voice}.yaml"
    named = text.replace("name: tone", f"name: {voice}")
    description.write_text(f"{named}# {comment}\n", encoding="utf-8")
    bundle = build_tone(place / voice, str(description))
    if not comment:
        number = len(list(place.glob(f"*/{MANIFEST}")))
        os.utime(bundle.path / MANIFEST, (number, number))
    return bundle


def names(*places: Path, voice: str | None = None) -> list[str]:
    return [bundle.voice.name for bundle in find_bundles(places, voice, any_board=True)]


def test_the_oldest_is_the_default_until_heart_comes_or_one_is_configured(tmp_path: Path) -> None:
    place = tmp_path / "bundles"
    build(place, "zebra")
    build(place, "ant")
    assert names(place)[0] == "zebra"
    build(place, DEFAULT_VOICE)
    assert names(place)[0] == DEFAULT_VOICE
    assert names(place, voice="ant")[0] == "ant"
    assert names(place / "ant", place)[0] == "ant"  # named itself


def test_a_newer_build_of_a_voice_makes_it_no_younger(tmp_path: Path) -> None:
    place = tmp_path / "bundles"
    old = build(place, "zebra").id
    build(place, "ant")
    assert build(place, "zebra", "newer").id != old
    assert names(place)[0] == "zebra"


def test_an_installed_one_keeps_its_age_too(tmp_path: Path) -> None:
    root, place = tmp_path / "installed", tmp_path / "bundles"
    for voice in ("zebra", "ant"):
        install(build(place, voice).path, root, None, lambda folder: None)
    for age, voice in enumerate(("zebra", "ant")):
        os.utime(root / voice / "current" / MANIFEST, (age, age))
    done = install(build(place, "zebra", "newer").path, root, None, lambda folder: None)
    assert done.replaced is not None
    assert names(root)[0] == "zebra"


def test_a_daemon_that_finds_another_default_says_so(tmp_path: Path) -> None:
    place = tmp_path / "bundles"
    before = [build(place, "ant")]
    after = [build(place, DEFAULT_VOICE), *before]
    said = list(changed_bundles(Voices(before), Voices(after)))
    assert said[-1] == (
        f"the default voice is {DEFAULT_VOICE} now, was ant; "
        "to keep that: voice: ant in the configuration"
    )
    assert not list(changed_bundles(Voices(after), Voices(after)))


def test_a_build_that_changes_the_default_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place, cache = tmp_path / "bundles", ["--cache", str(tmp_path / "cache")]
    build(place, "ant")
    config = tmp_path / "config.yaml"
    config.write_text(f"bundles: [{place}]\nany_board: true\n", encoding="utf-8")
    monkeypatch.setenv("EDGE_VOICE_CONFIG", str(config))
    text = voice_path("tone").read_text(encoding="utf-8")
    for voice, changed in (("bee", False), (DEFAULT_VOICE, True)):
        description = tmp_path / f"{voice}.yaml"
        description.write_text(text.replace("name: tone", f"name: {voice}"), encoding="utf-8")
        command = ["build", str(description), "--profile", "x86-64", "--out", str(place), *cache]
        assert cli.run(command) == 0
        said = capsys.readouterr().out
        assert ("The default voice is" in said) == changed
        assert (f"--voice {voice} " in said) != changed
    assert default_voice([place], "ant") == "ant"
    assert default_voice([tmp_path / "none"], None) is None
