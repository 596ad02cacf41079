"""What SSML does to sound, chunk by chunk, however the sound is cut into chunks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.daemon.marked_speech import RAMP_S, as_loud_as, in_source, resampled, with_marks
from edge.pcm import PcmChunk, Word
from edge.synth import Segment, Style
from edge.synth.prosody import Stretch as Spoken
from edge.synth.prosody import spoken_so
from edge.text.markup import Manner, Markup, Stretch
from edge.text.words import WordSpan

RATE = 1000
WORDS = [Word(0, 3, 0, 200), Word(4, 7, 300, 200), Word(8, 13, 600, 300)]
"""Words of "one two three" in a second of sound."""


def chunks(cuts: list[int]) -> Iterator[PcmChunk]:
    places = sorted({0, 1000, *cuts})
    for start, end in itertools.pairwise(places):
        words = tuple(w.moved(-start) for w in WORDS if start <= w.start < end)
        yield PcmChunk(np.ones(end - start, np.float32), RATE, words)


def marked(manners: list[tuple[int, int, Manner]]) -> Markup:
    return Markup(tuple(Stretch(a, b, m, was_start=a, was_end=b) for a, b, m in manners))


CUTS = st.lists(st.integers(1, 999), max_size=6)


@given(CUTS)
def test_marks_lie_before_the_word_behind_them(cuts: list[int]) -> None:
    marks = [(0, "start"), (4, "two"), (5, "inside two"), (13, "end")]
    placed, found = 0, []
    for chunk in with_marks(chunks(cuts), marks):
        found += [(mark.name, placed + mark.start) for mark in chunk.bookmarks]
        placed += len(chunk.samples)
    assert found == [("start", 0), ("two", 300), ("inside two", 600), ("end", 1000)]


@given(CUTS)
def test_the_amplitude_goes_over_within_the_ramp_and_never_jumps(cuts: list[int]) -> None:
    soft = Manner(decibels=-6.0)
    markup = marked([(0, 4, Manner()), (4, 8, soft), (8, 13, Manner())])
    made = np.concatenate([c.samples for c in as_loud_as(chunks(cuts), markup)])
    ramp = round(RAMP_S * RATE)
    assert np.all(made[:300] == 1) and np.all(made[600 + ramp :] == 1)
    assert made[300 + ramp : 600] == pytest.approx(soft.gain)
    assert np.abs(np.diff(made)).max() <= (1 - soft.gain) / (ramp - 1) + 1e-6


def test_one_manner_is_one_factor_without_any_words() -> None:
    silent = marked([(0, 13, Manner().louder(-1000))])
    (chunk,) = as_loud_as([PcmChunk(np.ones(9, np.float32), RATE)], silent)
    assert not chunk.samples.any()


@given(CUTS)
def test_words_of_one_stretch_of_the_source_are_one(cuts: list[int]) -> None:
    """As of <sub alias="one two">12</sub> three."""
    markup = Markup(
        (Stretch(0, 7, was_start=7, was_end=36), Stretch(7, 13, was_start=36, was_end=42))
    )
    words = [word for chunk in in_source(chunks(cuts), markup) for word in chunk.words]
    assert [(word.text_start, word.text_end) for word in words] == [(7, 36), (37, 42)]


def test_another_rate_keeps_the_time_of_words() -> None:
    (chunk,) = resampled(chunks([250, 400]), 2 * RATE)
    assert chunk.rate == 2000 and len(chunk.samples) == 2000
    assert [word.start for word in chunk.words] == [0, 600, 1200]
    assert list(resampled([], RATE)) == []


def segment() -> Segment:
    words = (WordSpan(0, 3, 1, 3), WordSpan(4, 7, 4, 6), WordSpan(8, 13, 7, 9))
    return Segment(tuple(range(10)), Style(), words=words)


def test_each_id_goes_with_its_word_and_what_follows() -> None:
    spoken = spoken_so(segment(), [Spoken(0, 4), Spoken(4, 8, rate=2.0), Spoken(8, 13, pitch=1.5)])
    assert spoken.rates == (1.0,) * 4 + (2.0,) * 3 + (1.0,) * 3
    assert spoken.pitches == (1.0,) * 7 + (1.5,) * 3


def test_nothing_asked_for_is_nothing_changed() -> None:
    assert spoken_so(segment(), [Spoken(0, 13)]) is not None
    plain = spoken_so(segment(), [Spoken(0, 13)])
    assert (plain.rates, plain.pitches) == ((), ())
    alone = Segment((1, 2), Style())
    assert spoken_so(alone, [Spoken(0, 9, rate=2.0)]).rates == (2.0, 2.0)
