"""Tags: beside expat, the same in any cutting, every limit before work, every mistake placed."""

from __future__ import annotations

import itertools
import xml.parsers.expat
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.errors import BadSsml
from edge.text.tags import (
    MAX_ATTRIBUTES,
    MAX_DEPTH,
    MAX_TAG,
    MAX_TAGS,
    Closed,
    Opened,
    TagReader,
    Token,
)
from edge.text.tags import Characters as Text
from tests.fuzz.corpus import ATTACKS

PIECES = st.lists(
    st.sampled_from(
        [
            "<speak>", "</speak>", "<p>", "</p>", "<break/>", "<break time='1s'/>", "</s>",
            "<s a=\"x>y\">", "a", " b ", "&amp;", "&#233;",
            "&#x1F600;", "&nbsp;", "&", "<", ">", "]]>",
            "]", "]]", "<![CDATA[", "<!--", "-->", "--", "-", "<?pi x?>", "\n", "'", '"', "é",
            "=", "/", "<p a='1' a='2'>", "<p a=1>", "<p a='&lt;'>", "<p a='&x'>", "<1>", "</p >",
            "< p>", "<p", "<!DOCTYPE a>", "&#0;", "&lt", "<a:b>", "</a:b>", "<p a='1'b='2'>",
        ]
    ),
    max_size=14,
)  # fmt: skip


def read(source: str, lenient: bool = False, cuts: tuple[int, ...] = ()) -> list[Token]:
    reader = TagReader("speak", lenient)
    places = sorted({0, len(source), *(cut % (len(source) + 1) for cut in cuts)})
    found: list[Token] = []
    for start, end in itertools.pairwise(places):
        found += reader.feed(source[start:end])
    return [*found, *reader.finish()]


def joined(tokens: list[Token]) -> Iterator[object]:
    """Each character with its place in the source, and each tag."""
    for token in tokens:
        if not isinstance(token, Text):
            yield token
        elif len(token.text) == token.end - token.start:
            yield from ((c, token.start + i) for i, c in enumerate(token.text))
        else:
            yield token.text, token.start, token.end


def outcome(source: str, lenient: bool, cuts: tuple[int, ...]) -> object:
    try:
        return list(joined(read(source, lenient, cuts)))
    except BadSsml as error:
        return error.message, error.remedy


@given(PIECES, st.lists(st.integers(0, 200), max_size=6), st.booleans())
@example(["<speak>", "]", "]", ">", "</speak>"], [8, 9], False)
@example(["'", "]]>"], [1], False)
@example(["<speak>", "<!--", "-", "-->", "</speak>"], list(range(30)), False)
def test_any_cutting_gives_the_same(pieces: list[str], cuts: list[int], lenient: bool) -> None:
    source = "".join(pieces)
    whole = outcome(source, lenient, ())
    assert outcome(source, lenient, tuple(cuts)) == whole
    assert outcome(source, lenient, tuple(range(len(source)))) == whole


@given(PIECES, st.booleans())
def test_strict_takes_what_expat_takes_and_reads_the_same(pieces: list[str], wrap: bool) -> None:
    source = "".join(pieces)
    if wrap:
        source = f"<speak>{source}</speak>"
    said: list[str] = []
    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: said.append(f"<{name} {attributes}")
    parser.EndElementHandler = lambda name: said.append(f"</{name}")
    parser.CharacterDataHandler = said.extend
    parser.StartDoctypeDeclHandler = lambda *_: said.append("<!DOCTYPE")
    try:
        parser.Parse(source, True)
        well_formed = "<!DOCTYPE" not in said and said[0].split()[0] == "<speak"
    except xml.parsers.expat.ExpatError:
        well_formed = False
    try:
        found = read(source)
    except BadSsml:
        assert not well_formed, source
        return
    assert well_formed, source
    ours: list[str] = []
    for token in found:
        if isinstance(token, Text):
            ours.extend(token.text)
        elif isinstance(token, Opened):
            ours.append(f"<{token.name} {dict(token.attributes)}")
        else:
            ours.append(f"</{token.name}")
    assert ours == said


@given(st.text(st.sampled_from("<>/&;!?-[]CDATA'\"= apm#x1\n"), max_size=80), st.integers(0, 80))
def test_lenient_takes_anything_and_loses_no_word(source: str, cut: int) -> None:
    found = read(source, lenient=True, cuts=(cut,))
    places = [token.start for token in found] + [token.end for token in found[-1:]]
    assert places == sorted(places) and all(0 <= place <= len(source) for place in places)
    depth = 0
    for token in found:
        depth += isinstance(token, Opened) - isinstance(token, Closed)
        assert depth >= 0
    assert depth == 0


@pytest.mark.parametrize(
    ("source", "line", "column", "says", "mend"),
    [
        ("Hello", 1, 1, "does not begin with <speak>", "plain text needs no text_format"),
        ("", 1, 1, "does not begin with <speak>", "Put it between"),
        ("<speak>\n<p>One", 2, 1, "<p> is not closed", "</p>"),
        ("<speak>A & B</speak>", 1, 10, "& begins no character", "&amp;"),
        ("<speak>&nbsp;</speak>", 1, 8, "& begins no character", "&#233;"),
        ("<speak>3 < 5</speak>", 1, 10, "< begins no tag", "&lt;"),
        ("<speak>\n\n a</p></speak>", 3, 3, "open is <speak> of line 1, column 1", "</speak>"),
        ("<speak>a</speak>b", 1, 17, "behind </speak>", "one <speak>"),
        ("<speak/><speak/>", 1, 9, "behind </speak>", "one <speak>"),
        ("<speak><break time=1/></speak>", 1, 8, "attributes of <break>", "in quotes"),
        ("<speak><p a='1' a='2'/></speak>", 1, 8, "attributes of <p>", "each once"),
        ("<!DOCTYPE speak><speak/>", 1, 1, "declaration", "no entity, file or network"),
        ("<speak><!-- a -- b --></speak>", 1, 15, "-- stands inside", "-->"),
        ("<speak><!-- a", 1, 14, "<!-- is not closed", "-->"),
        ("<speak>a ]]> b</speak>", 1, 10, "]]> stands outside", "]]&gt;"),
        ("<speak>" + "<p>" * MAX_DEPTH, 1, 197, "more than 64 deep", "Close some"),
        ("<speak>" + "<p/>" * MAX_TAGS, 1, 8004, "more than 2,000 tags", "several requests"),
        (
            "<speak><p " + " ".join(f"a{i}=''" for i in range(MAX_ATTRIBUTES + 1)) + "/>",
            1, 8, "17 attributes; the limit is 16", "Leave some out",
        ),
        ("<speak><p a='" + "x" * MAX_TAG, 1, 8, "more than 2,000 characters", "Close it"),
        ("<speak>" + "x" * 10_000, 1, 1, "10,007 characters, tags included", "several requests"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_how_to_mend_it(
    source: str, line: int, column: int, says: str, mend: str
) -> None:
    with pytest.raises(BadSsml) as raised:
        read(source)
    assert raised.value.message.startswith(f"ssml: line {line}, column {column}: ")
    assert says in raised.value.message and mend in raised.value.remedy


@pytest.mark.parametrize(
    "source",
    [
        "<speak>the secret word & more",
        "<speak><secret>",
        "<speak></secret>",
        "<speak><secret a=1></secret>",
        "<speak secret='&secret;'>",
    ],
)
def test_a_mistake_quotes_no_word_of_the_text(source: str) -> None:
    with pytest.raises(BadSsml) as raised:
        read(source)
    assert "secret" not in raised.value.message + raised.value.remedy


@pytest.mark.parametrize("name", ATTACKS)
def test_the_known_attacks_are_refused_and_cost_nothing(name: str) -> None:
    source = ATTACKS[name]
    with pytest.raises(BadSsml):
        read(source[:10_000])
    read(source, lenient=True)  # and there they end, too
    reader = TagReader("speak", lenient=True)
    for character in source[:4_000]:
        list(reader.feed(character))
    list(reader.finish())


def test_an_entity_of_html_is_taken_where_lenient() -> None:
    (text,) = read("&eacute;", lenient=True)
    assert text == Text("é", 0, 8)
