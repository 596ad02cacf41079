"""Texts are read as a person would: figures, signs and Markdown; and nothing of them is lost."""

from __future__ import annotations

import itertools
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edge.text.alphabets import to_own
from edge.text.claims import How, spoken
from edge.text.cleaning import Piece
from edge.text.cutting import LONGEST_PIECE, Splitter
from edge.text.exceptions import shipped
from edge.text.reader import Reader
from tools.text_accuracy import DATA

ENGLISH = Reader("en_US", How())


def read(text: str, **how: object) -> str:
    return Reader("en_US", How(**how)).read(Piece(text)).text  # type: ignore[arg-type]


# Nothing is lost

_WORDS_OF = {
    "−": ("minus",),
    "<": ("less",),
    ">": ("greater", "implies", "to"),
    "≤": ("less than or equal",),
    "≥": ("greater than or equal",),
    "≠": ("not equal",),
    "√": ("square root",),
    "±": ("plus or minus",),
    "×": ("times", "by"),
    "÷": ("divided by",),
    "=": ("equal", "implies"),
    "%": ("percent",),
    "°": ("degree",),
    "$": ("dollar", "cent"),
    "€": ("euro", "cent"),
    "£": ("pound", "pen"),
    "½": ("half",),
}
_TEXTS = st.lists(
    st.sampled_from(
        [*_WORDS_OF, *"0123456789.,-/:+ ", " kg", " km/h", "%", " a", "x", " in ", "5", "10 "]
    ),
    max_size=12,
).map("".join)


@given(_TEXTS)
def test_no_sign_and_no_comparison_is_lost(text: str) -> None:
    said = read(f"so {text}")  # at the begin of a line, ">" may quote
    for sign, words in _WORDS_OF.items():
        assert sign not in text or any(word in said for word in words), (sign, said)
    assert not re.search(r"\d", said)


_ONES = "zero one two three four five six seven eight nine".split()  # noqa: SIM905


@given(st.integers(0, 10**12), st.integers(0, 4), st.booleans())
def test_a_decimal_keeps_its_sign_and_every_place(number: int, zeros: int, minus: bool) -> None:
    places = "0" * zeros + str(number)
    text = f"it is {'−' if minus else ''}3.{places} now"
    tail = " ".join(_ONES[int(digit)] for digit in places)
    assert read(text) == f"it is {'minus ' if minus else ''}three point {tail} now"


@given(st.text("0123456789", min_size=2, max_size=9))
def test_a_leading_zero_is_said(digits: str) -> None:
    said = " ".join(_ONES[int(digit)] for digit in f"0{digits}")
    assert read(f"code 0{digits} is") == f"code {said} is"


@given(_TEXTS)
def test_places_of_what_is_read_lead_back_in_order(text: str) -> None:
    claims = ENGLISH.claims(Piece(text))
    made = spoken(text, claims)
    for change in made.changes:
        if change.start < change.end:
            assert made.before(change.start, change.end) == (change.was_start, change.was_end)
    for before, after in itertools.pairwise(claims):
        assert before.end <= after.start


# What is off, and what is the owner's


READERS = tuple(
    Reader(language, How()) for language in ("en_US", "de_DE", "fr_FR", "pl_PL", "ja_JP")
)
KEPT = tuple(
    path.read_bytes().decode("utf-8", "replace")[:LONGEST_PIECE]
    for folder in ("text", "ssml", "requests", "lexicon", "phrase")
    for path in sorted((DATA.parent / "corpus" / folder).iterdir())
)
"""Texts that the fuzzers keep."""


def off_and_on(reader: Reader, text: str) -> None:
    piece = Piece(text)
    assert reader.given(piece) == ([], []), "plain text gives no readings"
    assert reader.as_written(text).text == text, "off means off: the phonemizer gets what was sent"
    claims = reader.claims(piece)  # on, whatever it is
    ends = [0, *(made.end for made in claims)]
    assert all(made.start >= end for made, end in zip(claims, ends, strict=False)), "none overlap"


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.language.name)
def test_off_means_off_for_all_that_the_fuzzers_keep(reader: Reader) -> None:
    for text in KEPT:
        off_and_on(reader, text)


@given(st.sampled_from(READERS), st.text(max_size=200))
def test_off_means_off(reader: Reader, text: str) -> None:
    off_and_on(reader, text)


def test_phonemes_in_a_text_are_left_alone() -> None:
    assert read("say [[həˈloʊ 5 $5]] 5") == "say [[həˈloʊ 5 $5]] five"


def test_the_wishes_are_heeded() -> None:
    assert read("3/4/2026") == "March fourth, twenty twenty-six"
    assert read("3/4/2026", dates="dmy") == "the third of April, twenty twenty-six"
    assert read("see https://a-b.org/c now", urls="host") == "see eh dash B dot org now"
    assert read("see https://a-b.org/c now", urls="skip") == "see  now"
    assert read("done 🎉", emoji="say") == "done party popper"
    assert read("**so**", markdown="never") == "**so**"
    assert read("- 5", markdown="always") == "five"
    assert read("- 5").strip() == "minus five"
    assert read("我 is me") == " is me"
    assert read("我 is me", every_script=True) == "我 is me"


# A text that comes piece by piece


_STREAMED = [
    row[0] for texts in yaml.safe_load((DATA / "en.yaml").read_text()).values() for row in texts
]


@pytest.mark.parametrize("filler", ["Well, then. ", "It is so: "])
def test_no_claim_is_cut(filler: str) -> None:
    """All texts of the corpus one behind the other, in front of one another: wherever the cutter
    cuts, the pieces are read as the whole is."""
    for first, second in itertools.pairwise(_STREAMED):
        if "\n" in first + second or not first[-1].isalnum():
            continue
        text = f"{filler}{first}, {second} and so on. "
        splitter = Splitter(ENGLISH.unfinished)
        pieces = [*splitter.feed(text), *splitter.finish()]
        assert "".join(piece.text for piece in pieces) == text
        borders = {piece.start for piece in pieces}
        for made in ENGLISH.claims(Piece(text)):
            inside = borders & set(range(made.start + 1, made.end))
            assert not inside, (text, made, [piece.text for piece in pieces])


def test_a_long_block_of_code_is_named_once() -> None:
    text = "Run this:\n```python\n" + "x = 1\n" * 300 + "```\nDone."
    splitter = Splitter(ENGLISH.unfinished)
    pieces = [*splitter.feed(text), *splitter.finish()]
    assert len(pieces) > len(text) // LONGEST_PIECE
    said = [ENGLISH.read(piece).text.strip() for piece in pieces]
    assert " ".join(part for part in said if part) == "Run this:\na block of code. Done."


def test_a_mark_at_the_begin_of_a_piece_is_no_item() -> None:
    splitter = Splitter(ENGLISH.unfinished)
    text = "The difference of the two numbers is, as you can see, - 5 or less."
    pieces = [*splitter.feed(text), *splitter.finish()]
    assert len(pieces) > 1
    assert "- five" in " ".join(ENGLISH.read(piece).text for piece in pieces)


# What we ship


def test_every_shipped_word_can_be_spoken() -> None:
    for word, ipa in shipped("en").items():
        for own in ("espeak", "misaki"):
            assert to_own(ipa, "ipa", own, "en_US"), word  # type: ignore[arg-type]
    assert len(shipped("en")) >= 300
    assert shipped("xx") == {}


def test_a_shipped_word_is_given_to_a_voice_that_takes_phonemes() -> None:
    text = "Siobhan read it yesterday."
    reader = Reader("en_US", How(), sounds=lambda given: f"<{given.sounds}>")
    assert reader.read(Piece(text)).text == "[[<ʃɪˈvɔːn>]] [[<ˈɹɛd>]] it yesterday."
    assert ENGLISH.read(Piece(text)).text == text


# The page


def _examples() -> list[tuple[str, str, str]]:
    page = (DATA.parents[2] / "docs/use/text.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `(.+)` \| (.+?) \| (.+?) \|$", page, re.MULTILINE)


@pytest.mark.parametrize(("written", "said", "rules"), _examples())
def test_the_page_tells_the_truth(written: str, said: str, rules: str) -> None:
    claims = ENGLISH.claims(Piece(written))
    assert spoken(written, claims).text == said
    assert set(rules.split(", ")) <= {made.rule for made in claims}
