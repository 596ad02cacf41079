"""Spellings of one sound are no errors; other words are. Milliseconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundler.evaluate.transcript import word_errors, words


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("There are 24 hours in a day.", "there are twenty-four hours in a day"),
        ("It was opened in 1985.", "It was opened in nineteen eighty five"),
        ("in 1905", "in nineteen oh five"),
        ("in 2026", "in twenty twenty-six"),
        ("in 2009", "in two thousand and nine"),
        ("in 1900", "in nineteen hundred"),
        ("350 tickets", "Three hundred and fifty tickets"),
        ("1,250 dollars", "one thousand two hundred fifty dollars"),
        ("312,004", "three hundred twelve thousand four"),
        ("March 3rd", "March third"),
        ("the 21st, 12th and 40th", "the twenty first, twelfth and fortieth"),
        ("platform 07", "platform zero seven"),
        ("18 degrees, 5%", "18°, five percent"),
        ("Mr. O'Connor", "Mister OConnor"),
        ("the ice-cream", "The ice cream!"),
    ],
)
def test_one_sound_in_two_spellings(written: str, heard: str) -> None:
    assert words(written, "en") == words(heard, "en")


def test_and_between_other_words_stays() -> None:
    assert words("a hundred and then", "en") == ("a", "hundred", "and", "then")
    assert words("twenty and thirty", "en") == ("twenty", "and", "thirty")


def test_other_languages_keep_accents_and_digits() -> None:
    assert words("L'été, à 14 h !", "fr") == ("lété", "à", "14", "h")
    assert words("Schöne Straße.", "de") == ("schöne", "straße")


@pytest.mark.parametrize(
    ("spoken", "heard", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "a c", 1),
        ("a b c", "a b b c", 1),
        ("a b c", "", 3),
        ("", "a b", 2),
        ("a b c d", "b c d e", 2),
    ],
)
def test_word_errors(spoken: str, heard: str, errors: int) -> None:
    assert word_errors(spoken.split(), heard.split()) == errors


@given(st.integers(0, 999_999))
def test_every_number_becomes_words_only(number: int) -> None:
    spelled = words(f"{number} {number}th", "en")
    assert spelled
    assert all(word.isalpha() for word in spelled)
