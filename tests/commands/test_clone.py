"""`edge clone` as people read of it."""

from __future__ import annotations

from edge.cli import parser_of
from edge.synth.clip import MAX_S, MOST_S


def test_help_tells_the_limits() -> None:
    said = " ".join(parser_of("clone").format_help().split())
    assert f"up to S seconds, {MOST_S:g} at most; {MAX_S:g} if left out" in said
