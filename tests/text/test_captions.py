"""Captions: how words become cues, and cues a file."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.text.captions import ROW, Cue, TimedWord, cut, timed_words, written


def spoken(text: str, gap_s: float = 0.0) -> list[TimedWord]:
    """Each word takes a tenth of a second for each character."""
    places, at = [], 0.0
    for match in re.finditer(r"\S+", text):
        places.append((match.start(), match.end(), at, len(match[0]) / 10))
        at += len(match[0]) / 10 + gap_s
    return timed_words(text, places)


def rows(text: str) -> list[tuple[str, ...]]:
    return [cue.rows for cue in cut(spoken(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("The kettle is on.", [("The kettle is on.",)]),
        (
            "The kettle is on. And the tea is in the pot, "
            "where it has always been, ever since 1844.",
            [
                ("The kettle is on.",),
                ("And the tea is in the pot,", "where it has always been, ever since 1844."),
            ],
        ),
        (
            "Call Dr. Smith before the train to Oxford leaves, "
            "and tell him of the tea in the pot, please.",
            [
                ("Call Dr. Smith before the", "train to Oxford leaves,"),
                ("and tell him of the", "tea in the pot, please."),
            ],
        ),
        ("One.\n\nTwo.", [("One.",), ("Two.",)]),
        ("水が冷たい。" * 4, [("水が冷たい。水が冷たい。水が冷たい。水が冷", "たい。")]),
    ],
    ids=["nothing", "a sentence", "two sentences", "a title", "paragraphs", "no spaces"],
)
def test_where_captions_are_cut(text: str, expected: list[tuple[str, ...]]) -> None:
    assert rows(text) == expected


@given(st.lists(st.text("ab,.?字", min_size=1, max_size=99), max_size=40), st.floats(0, 2))
def test_nothing_is_lost_and_everything_fits(words: list[str], gap_s: float) -> None:
    text = " ".join(words)
    cues = cut(spoken(text, gap_s))
    shown = "".join("".join(cue.rows) for cue in cues)
    assert shown.replace(" ", "") == text.replace(" ", "")
    before = 0.0
    for cue in cues:
        assert 1 <= len(cue.rows) <= 2
        assert all(len(row) + row.count("字") <= ROW for row in cue.rows)
        assert before <= cue.start_s < cue.end_s
        before = cue.end_s


def test_a_silence_ends_a_caption_and_a_short_one_stays_a_second() -> None:
    words = [TimedWord("Yes.", 0.0, 0.3), TimedWord("No.", 5.0, 5.2), TimedWord("Oh.", 5.4, 5.6)]
    assert cut(words) == [Cue(("Yes.",), 0.0, 1.0), Cue(("No. Oh.",), 5.0, 5.6)]


def test_tags_of_ssml_are_not_shown() -> None:
    text = "<speak>Tea &amp; <emphasis>milk</emphasis>.</speak>"
    places = [(0, 10, 0, 0.1), (10, 17, 0.1, 0.1), (18, len(text), 0.2, 0.1)]
    shown = [word.text for word in timed_words(text, places, ssml=True)]
    assert shown[0] == "Tea" and "<" not in "".join(shown) and "milk" in " ".join(shown)


def test_the_two_formats() -> None:
    cues = [Cue(("a < b & c",), 0.0, 1.0), Cue(("One", "two"), 1.0, 3661.5)]
    assert written(cues, "vtt") == (
        "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.000\na &lt; b &amp; c\n\n"
        "2\n00:00:01.000 --> 01:01:01.500\nOne\ntwo\n"
    )
    assert written(cues, "srt") == (
        "1\n00:00:00,000 --> 00:00:01,000\na < b & c\n\n"
        "2\n00:00:01,000 --> 01:01:01,500\nOne\ntwo\n"
    )
