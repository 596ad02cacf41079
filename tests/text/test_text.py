"""Text before any voice sees it: what is kept, what is refused, where it is cut."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import EmptyText, TextTooLong
from edge.text import MAX_CHARACTERS
from edge.text.cleaning import clean
from edge.text.cutting import cut_at_clauses, sentences


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\t\r", "\0", "...", "?!", "\u200b", "\u0301", "\ud800", "\ue000", "\u00a0\u3000"],
)
def test_what_cannot_be_spoken_is_refused(text: str) -> None:
    with pytest.raises(EmptyText) as raised:
        clean(text)
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (" One.\n", "One."),
        ("One\0two", "One two"),
        ("a\x1b[2Jb", "a [2Jb"),
        ("one\ntwo", "one\ntwo"),
        ("caf\u00e9 \u6f22\u5b57", "caf\u00e9 \u6f22\u5b57"),
        ("\U0001f600", "\U0001f600"),
        ("5", "5"),
        ("\u20ac", "\u20ac"),
        ("a\ud800b", "a b"),
    ],
)
def test_the_rest_is_kept(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_the_limit_is_named() -> None:
    assert len(clean("a" * MAX_CHARACTERS)) == MAX_CHARACTERS
    with pytest.raises(TextTooLong, match=r"10,001 .* 10,000"):
        clean("a" * (MAX_CHARACTERS + 1))


def test_a_refusal_does_not_quote_the_text() -> None:
    with pytest.raises(EmptyText) as raised:
        clean("\u2026\u2026!!")
    assert "\u2026" not in raised.value.message


@given(st.text(st.characters(), max_size=200))
def test_cleaning_ends_in_a_text_or_a_refusal(text: str) -> None:
    try:
        cleaned = clean(text)
    except EmptyText:
        return
    assert clean(cleaned) == cleaned
    assert not any(unicodedata.category(c) in ("Cc", "Cs") and c != "\n" for c in cleaned)
    assert [c for c in cleaned if c.isalnum()] == [c for c in text if c.isalnum()]


def test_sentences() -> None:
    text = 'He said "Go." Then (what?) it rained... It is 3.5 km.\n\nA title\n\nNext one'
    assert sentences(text) == [
        'He said "Go.',  # the quote behind the mark is part of the gap
        "Then (what?",
        "it rained...",
        "It is 3.5 km.",
        "A title",
        "Next one",
    ]


words = st.text(st.sampled_from("abc,.;"), min_size=1, max_size=8)
tokens = st.lists(words, min_size=1, max_size=60).map(" ".join)


@given(tokens, st.integers(10, 40))
def test_cuts_fall_between_words(sentence: str, limit: int) -> None:
    pieces = ["".join(piece) for piece in cut_at_clauses(sentence, limit)]
    assert "".join(pieces) == sentence
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert all(piece.endswith(" ") for piece in pieces[:-1])


def test_a_cut_prefers_a_clause_to_a_word() -> None:
    pieces = cut_at_clauses("one two three, four five six seven", 25)
    assert pieces == ["one two three, ", "four five six seven"]


def test_a_word_without_end_is_refused() -> None:
    with pytest.raises(TextTooLong, match="one word"):
        cut_at_clauses("a" * 41, 40)
    assert cut_at_clauses("a" * 40, 40) == ["a" * 40]
    assert cut_at_clauses("", 40) == []
