"""Pieces of SSML: the same however it is cut on its way, each character with its place, and none
cut inside what an element says of a stretch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import BadSsml, EmptyText
from edge.text.cleaning import Piece
from edge.text.feed import TextFeed
from edge.text.markup import Gap, SayAs
from edge.text.ssml_splitter import Part, SsmlSplitter

PARTS = st.lists(
    st.sampled_from(
        [
            "One ", "two. ", "three, ", "four five six seven eight nine! ", "&amp;", "\0", "…",
            "<break/>", "<break time='1s'/>", "<mark name='m'/>", "<mark name='n'/>", "<p>",
            "</p>", "<s>", "</s>", "<sub alias='a b. c'>", "</sub>", "<prosody rate='slow'>",
            "</prosody>", "<say-as interpret-as='date'>", "</say-as>", "<x>", "</x>", "<w>",
            "</w>", "<lang xml:lang='de'>", "</lang>", "<phoneme ph='a'/>", "&",
            "<break strength='strong'/>",
        ]
    ),
    max_size=14,
)  # fmt: skip


def split(source: str, step: int, whole: bool = False, lenient: bool = False) -> list[Part]:
    splitter = SsmlSplitter(lenient, 10_000, whole)
    found: list[Part] = []
    for start in range(0, len(source), step):
        found += splitter.feed(source[start : start + step])
    return [*found, *splitter.finish()]


def shape(parts: list[Part]) -> list[object]:
    """Parts by what is heard of them: each character with its manner and its place."""
    found: list[object] = []
    for part in parts:
        if isinstance(part, BadSsml):
            found.append(part.message)
        elif isinstance(part, Gap):
            found.append(part)
        else:
            assert part.markup is not None
            markup = part.markup
            places = [markup.before(i, i + 1) for i in range(len(part.text))]
            manners = [
                (s.manner, s.given) for s in markup.stretches for _ in range(s.start, s.end)
            ]
            assert len(manners) == len(part.text)
            found.append((part.text, part.before, markup.marks, places, manners))
    return found


@given(PARTS, st.integers(1, 40), st.booleans(), st.booleans())
def test_any_cutting_gives_the_same(
    parts: list[str], step: int, whole: bool, lenient: bool
) -> None:
    source = f"<speak>{''.join(parts)}</speak>"
    assert shape(split(source, step, whole, lenient)) == shape(
        split(source, 9_999, whole, lenient)
    )


@given(PARTS)
def test_every_character_is_at_its_place(parts: list[str]) -> None:
    source = f"<speak>{''.join(parts)}</speak>"
    last = 0
    for part in split(source, 9_999, lenient=True):
        if not isinstance(part, Piece) or part.markup is None:
            continue
        assert part.text == part.text.strip() and part.text
        for place, character in enumerate(part.text):
            start, end = part.markup.before(place, place + 1)
            assert last <= start <= end <= len(source) or start <= last <= end
            last = max(last, start)
            if end - start == 1 and character != " ":
                assert source[start] == character
        marks = [place for place, _ in part.markup.marks]
        assert marks == sorted(marks) and all(0 <= mark <= len(part.text) for mark in marks)


@given(PARTS)
def test_no_mark_is_lost(parts: list[str]) -> None:
    source = f"<speak>{''.join(parts)}</speak>"
    named: list[str] = []
    for part in split(source, 3, lenient=True):
        if isinstance(part, Gap):
            named += part.marks
        elif isinstance(part, Piece) and part.markup is not None:
            named += (name for _, name in part.markup.marks)
    if "<sub" not in source:
        assert len(named) == source.count("<mark")


def pieces(source: str, whole: bool = False) -> list[str]:
    return [part.text for part in split(source, 5, whole) if isinstance(part, Piece)]


def test_a_stretch_that_is_one_thing_is_in_one_piece() -> None:
    given_ = "<say-as interpret-as='address'>Some Very Long Street, 12. The Town.</say-as>"
    source = f"<speak>I live in {given_} And so on, and on, and on, and on. Yes.</speak>"
    first, *rest = pieces(source)
    assert first == "I live in Some Very Long Street, 12. The Town." and len(rest) > 1
    (piece, *_) = split(source, 5)
    assert isinstance(piece, Piece) and piece.markup is not None
    assert {s.given for s in piece.markup.stretches} == {None, SayAs("address")}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<s>One</s><s>Two</s>", ["One.", "Two."]),
        ("<s>One </s> <s>Two?</s>", ["One.", "Two?"]),
        ("One <lang xml:lang='de'>zwei</lang> three", ["One", "zwei", "three"]),
        ("One<break time='1s'/>two", ["One", "two"]),
        ("One<break strength='none'/>two", ["Onetwo"]),
        ("One <emphasis>two</emphasis> three", ["One two three"]),
    ],
)
def test_where_elements_cut(source: str, expected: list[str]) -> None:
    assert pieces(f"<speak>{source}</speak>", whole=True) == expected


def test_a_piece_knows_what_was_before_it() -> None:
    parts = split("<speak><s>Chapter 1</s><s>Two</s></speak>", 99, whole=True)
    assert [part.before for part in parts if isinstance(part, Piece)] == ["", "Chapter 1."]


def test_a_feed_tells_a_mistake_where_it_comes_and_reads_no_further() -> None:
    feed = TextFeed("ssml")
    feed.add("<speak><p>One.</p> a & ")
    feed.add("two.</speak>")
    feed.close()
    first = feed.take()
    assert isinstance(first, Piece) and first.text == "One."
    with pytest.raises(BadSsml, match="column 22"):
        while feed.take():
            pass
    assert feed.take() is None


@pytest.mark.parametrize(
    "source", ["<speak/>", "<speak> <mark name='a'/> </speak>", "<speak>.</speak>"]
)
def test_no_words_and_no_silence_is_nothing(source: str) -> None:
    with pytest.raises(EmptyText):
        TextFeed.whole(source, "ssml")
    feed = TextFeed.words_of(source, "ssml")
    assert feed.take() == (Gap(0.0, 8, ("a",)) if "mark" in source else None)
    assert feed.take() is None


def test_ssml_that_is_refused_is_refused_at_once() -> None:
    with pytest.raises(BadSsml):
        TextFeed.words_of("<speak>a", "ssml")
