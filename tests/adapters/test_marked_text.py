"""Tags of a stranger: a mark's name is one line, and no tag takes longer than its length."""

from __future__ import annotations

from edge.adapters.marked_text import strip_tags


def test_a_mark_s_name_holds_no_line_of_the_protocol() -> None:
    found = strip_tags("<mark name='a&#10;702 END'/>One.")
    assert found.marks == ((0, "a702 END"),)


def test_spaces_in_a_tag_do_not_stop_the_module() -> None:
    """At 64,000 of them it took 40 s, in which no STOP was read."""
    spaces = " " * 200_000
    assert strip_tags(f"One<{spaces}mark{spaces}name{spaces}>two").text == "Onetwo"
    assert strip_tags(f"One< {spaces}/ p>two").text.split() == ["Onetwo"]
    assert strip_tags("One< / p >two").text == "One two"
