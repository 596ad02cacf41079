"""Places in a text that was changed in several steps lead back to what was written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.text.claims import Claim, spoken
from edge.text.mapping import Change, Spoken


def test_a_place_in_a_change_leads_to_all_that_was_changed() -> None:
    read = spoken("pay $5 now", [Claim(4, 6, "five dollars", "money")])
    assert read.text == "pay five dollars now"
    assert read.before(4, 8) == read.before(9, 16) == (4, 6)
    assert read.before(17, 20) == (7, 10)
    assert read.after(7, 10) == (17, 20)


def test_what_was_left_out_has_no_place_of_its_own() -> None:
    read = spoken("**bold** word", [Claim(0, 2, "", "markdown"), Claim(6, 8, "", "markdown")])
    assert read.text == "bold word"
    assert read.before(0, 4) == (2, 6)
    assert read.before(5, 9) == (9, 13)


def test_two_words_do_not_become_one() -> None:
    assert spoken("3D", [Claim(0, 1, "three", "number")]).text == "three D"


def test_steps_join() -> None:
    first = spoken("a $5 b", [Claim(2, 4, "five dollars", "money")])
    second = spoken(first.text, [Claim(7, 14, "bucks!", "lexicon")])
    joined = first.then(second)
    assert joined.text == "a five bucks! b"
    assert joined.changes == (Change(2, 13, 2, 4),)
    assert joined.before(14, 15) == (5, 6)


@st.composite
def _steps(draw: st.DrawFn) -> list[Spoken]:
    text = draw(st.text("abc ", min_size=1, max_size=12))
    steps = []
    for _ in range(draw(st.integers(1, 3))):
        cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
        claims = [
            Claim(start, end, draw(st.text("xyz", max_size=4)), "rule")
            for start, end in zip(cuts[::2], cuts[1::2], strict=False)
        ]
        steps.append(spoken(text, claims))
        text = steps[-1].text
    return steps


@given(_steps())
def test_joined_steps_keep_what_is_between_their_changes(steps: list[Spoken]) -> None:
    joined = steps[0]
    for step in steps[1:]:
        joined = joined.then(step)
    assert joined.text == steps[-1].text
    last = None
    for change in joined.changes:
        assert change.start <= change.end and change.was_start <= change.was_end
        assert last is None or (last.end <= change.start and last.was_end <= change.was_start)
        start, was = (last.end, last.was_end) if last else (0, 0)
        assert change.start - start == change.was_start - was
        last = change
