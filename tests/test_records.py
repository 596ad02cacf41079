"""Strict records: what is not exactly right is refused, and the message says where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edge import records
from edge.errors import BadRecord


@dataclass(frozen=True)
class Part:
    name: str
    weight: float = 1.0


@dataclass(frozen=True)
class Whole:
    count: int
    ratio: float
    title: str
    on: bool
    kind: Literal["a", "b"]
    parts: tuple[Part, ...]
    by_name: dict[str, Part] = field(default_factory=dict)
    maybe: str | None = None
    either: int | str = 0

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError(f"count must be 0 or more, got {self.count}")


GOOD: dict[str, Any] = {
    "count": 1,
    "ratio": 0.5,
    "title": "x",
    "on": True,
    "kind": "a",
    "parts": [{"name": "p"}],
}

WRONG = [
    ("count", "1"), ("count", 1.0), ("count", True), ("count", None), ("count", -1),
    ("ratio", "0.5"), ("ratio", True), ("ratio", float("nan")), ("ratio", float("inf")),
    ("title", 7), ("title", None), ("title", ["x"]),
    ("title", "a\0b"), ("title", "a\ud800"), ("maybe", "\udfff"), ("either", "\0"),
    ("on", 1), ("on", "yes"), ("on", None),
    ("kind", "c"), ("kind", 1), ("kind", None), ("kind", ["a"]),
    ("parts", {"name": "p"}), ("parts", "p"), ("parts", [7]), ("parts", [{}]),
    ("parts", [{"name": "p", "colour": "red"}]), ("parts", [{"name": 5}]),
    ("by_name", []), ("by_name", {"x": 1}), ("by_name", {1: {"name": "p"}}),
    ("maybe", 1), ("either", True), ("either", 1.5), ("either", None),
]  # fmt: skip


def test_the_good_one_is_read() -> None:
    whole = records.from_dict(Whole, GOOD, "here")
    assert whole.parts == (Part("p", 1.0),) and whole.maybe is None
    assert isinstance(records.from_dict(Whole, GOOD | {"ratio": 2}, "here").ratio, float)


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_wrong_value_is_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(BadRecord) as raised:
        records.from_dict(Whole, GOOD | {key: value}, "here.yaml")
    assert raised.value.message.startswith("here.yaml: ")
    assert key in raised.value.message
    assert raised.value.remedy


@pytest.mark.parametrize("key", GOOD)
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(BadRecord, match=f"here: {key}: missing"):
        records.from_dict(Whole, {k: v for k, v in GOOD.items() if k != key}, "here")


def test_places_are_whole_paths() -> None:
    for data, place in (
        (GOOD | {"parts": [{"name": "p"}, {"name": 5}]}, r"here: parts\[1\]\.name"),
        (GOOD | {"by_name": {"x": {"name": "p", "weight": "1"}}}, r"here: by_name\.x\.weight"),
        (GOOD | {"extra": 1}, "here: unknown key 'extra'"),
    ):
        with pytest.raises(BadRecord, match=place):
            records.from_dict(Whole, data, "here")


BAD_YAML = {
    "a key twice": "name: a\nname: b\n",
    "a key twice, deeper": "name: a\nweight: {x: 1, x: 2}\n",
    "an alias": "name: &a x\nweight: *a\n",
    "an alias bomb": "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nname: *c\n",
    "a merge": "base: &b {name: x}\n<<: *b\n",
    "a tag": "name: !!python/object/apply:os.getcwd []\n",
    "two documents": "name: a\n---\nname: b\n",
    "a tab": "name:\n\t- x\n",
    "nothing": "",
    "a list": "- name: a\n",
    "text": "name",
    "a list as a key": "? [a, b]\n: 1\n",
    "very deep": "name: " + "[" * 2_000 + "]" * 2_000 + "\n",
    "a number of 5,000 digits": "name: " + "9" * 5_000 + "\n",
    "yes, which YAML takes for true": "name: yes\n",
    "an unquoted version, which is a number": "name: 1.10\n",
    "a date": "name: 2026-01-01\n",
    "a control character": "name: a\x07b\n",
}


@pytest.mark.parametrize("text", BAD_YAML.values(), ids=BAD_YAML)
def test_bad_yaml_is_refused(text: str) -> None:
    with pytest.raises(BadRecord, match=r"^part\.yaml: "):
        records.parse_yaml(text, Part, "part.yaml")


BAD_JSON = {
    "a key twice": '{"name": "a", "name": "b"}',
    "broken": '{"name": ',
    "NaN": '{"name": "a", "weight": NaN}',
    "1e999": '{"name": "a", "weight": 1e999}',
    "a list": "[]",
    "very deep": "[" * 100_000,
    "a value 8,000 deep": '{"name": ' + "[" * 8_000 + "]" * 8_000 + "}",
    "a value 30,000 deep": '{"name": ' + "[" * 30_000 + "]" * 30_000 + "}",
    "a number of 5,000 digits": '{"name": "a", "weight": ' + "9" * 5_000 + "}",
    "an integer too large for a float": '{"name": "a", "weight": ' + "9" * 400 + "}",
}


@pytest.mark.parametrize("text", BAD_JSON.values(), ids=BAD_JSON)
def test_bad_json_is_refused(text: str) -> None:
    with pytest.raises(BadRecord, match=r"^part\.json: "):
        records.parse_json(text, Part, "part.json")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "huge").write_bytes(b"a" * (records.MAX_FILE_BYTES + 1))
    for name, why in (
        ("binary", "not UTF-8"),
        ("huge", "larger than"),
        ("none", "No such file"),
        (".", "directory"),
    ):
        with pytest.raises(BadRecord, match=why):
            records.load_yaml(tmp_path / name, Part)


def test_a_long_value_is_shown_short() -> None:
    with pytest.raises(BadRecord) as raised:
        records.from_dict(Part, {"name": ["x" * 10_000]}, "here")
    assert len(raised.value.message) < 200


texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs", "So"]), max_size=12)
parts = st.builds(Part, texts, st.floats(allow_nan=False, allow_infinity=False))
wholes = st.builds(
    Whole,
    count=st.integers(0, 2**63),
    ratio=st.floats(allow_nan=False, allow_infinity=False),
    title=texts,
    on=st.booleans(),
    kind=st.sampled_from(["a", "b"]),
    parts=st.lists(parts, max_size=3).map(tuple),
    by_name=st.dictionaries(texts, parts, max_size=3),
    maybe=st.none() | texts,
    either=st.integers() | texts,
)


@given(wholes)
def test_what_is_written_is_read_again(whole: Whole) -> None:
    text = records.dump_json(whole)
    assert records.parse_json(text, Whole, "round trip") == whole
    assert records.dump_json(records.parse_json(text, Whole, "again")) == text
    dumped = yaml.safe_dump(json.loads(text), allow_unicode=True)
    assert records.parse_yaml(dumped, Whole, "round trip") == whole


def test_mappings_become_plain() -> None:
    by_name: Mapping[str, Part] = {"x": Part("y")}
    assert records.to_dict(by_name) == {"x": {"name": "y", "weight": 1.0}}


@pytest.mark.parametrize(
    "text",
    [
        "count: !!bool maybe",
        "count: !!int ''",
        "ratio: !!float ''",
        "title: !!timestamp soon",
        "by_name: !!map [a, b]",
        "? !!set {a}\n: 1",
        'title: "a\\0b"',
    ],
)
def test_yaml_that_cannot_be_converted_is_a_bad_record(text: str) -> None:
    with pytest.raises(BadRecord):
        records.parse_yaml(text, Whole, "x.yaml")
