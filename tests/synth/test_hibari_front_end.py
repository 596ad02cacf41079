"""heart's English front end, its dictionaries held as text: the same phonemes, a fifth of the
memory."""

from __future__ import annotations

import json
import logging

import pytest
from hibari.g2p import G2P
from hypothesis import given
from hypothesis import strategies as st

from edge.bundler import corpus
from edge.synth.hibari import front_end
from edge.synth.hibari.json_table import JsonTable

ODD = (
    "I read the lead record; objects object.",
    "Xylograph zzyzx \u2028 café \\ \" {x}, \u201cquoted\u201d: 3rd $4.50 don't MacBook a/b",
)


@pytest.mark.parametrize("british", [False, True])
def test_it_reads_as_the_package_does(british: bool) -> None:
    ours, theirs = front_end.load_front_end(british), G2P(british=british)
    for text in (*corpus.sentences("evaluation", "en"), *ODD):
        assert ours(text) == theirs(text)


def test_other_files_are_left_to_the_package(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(front_end, "_WEIGHTS", b',"another":')
    with caplog.at_level(logging.WARNING):
        assert isinstance(front_end.load_front_end(False), G2P)
    assert "hibari-tts has other files" in caplog.text


values = st.text() | st.integers() | st.dictionaries(st.text("ab"), st.floats(-9, 9), max_size=2)


@given(st.dictionaries(st.text(), values, min_size=1), st.booleans(), st.booleans())
def test_a_table_answers_as_the_dictionary(
    made: dict[str, object], escaped: bool, ordered: bool
) -> None:
    text = json.dumps(made, ensure_ascii=escaped, sort_keys=ordered, separators=(",", ":"))
    table = JsonTable(text.encode())
    assert len(table) == len(made)
    for key in (*made, "", "never", '"'):
        assert table.get(key) == made.get(key)


@pytest.mark.parametrize("text", [b"", b"[]", b'{"a":1', b'{"a": 1, "b": {"c": {}}}', b'{"a":1}x'])
def test_what_is_no_such_table_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="not an object"):
        JsonTable(text)
