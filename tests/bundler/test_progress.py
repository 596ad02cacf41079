"""What a build says while it works: lines for a log, as a pure function of time, and costs."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundler.progress import EVERY_S, Lines, Steps, progress


def test_a_step_has_a_line_when_it_begins_and_when_it_ends() -> None:
    lines = Lines(100.0)
    assert lines.report("export", 0, 0, 100.5) == ["edge: [  0.5 s] export"]
    assert lines.report("pack", 0, 0, 103.0) == [
        "edge: [  3.0 s] export: done in 2.5 s",
        "edge: [  3.0 s] pack",
    ]
    assert lines.end(103.5) == []  # it was over before anybody could wonder
    assert lines.end(200.0) == []


def test_a_long_step_says_how_far_it_is_and_what_is_left() -> None:
    lines = Lines(0.0)
    lines.report("compare fused", 0, 40, 0.0)
    assert lines.report("compare fused", 3, 40, 3.0) == []
    assert lines.report("compare fused", 10, 40, 12.0) == [
        "edge: [ 12.0 s] compare fused: 25 %, about 36 s left"
    ]
    assert lines.report("compare fused", 11, 40, 13.0) == []


def test_what_has_no_known_end_says_how_long_it_has_been() -> None:
    lines = Lines(0.0)
    lines.report("export", 0, 0, 21.0)
    assert lines.tick(31.0) == ["edge: [ 31.0 s] export: 10 s so far"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 40), st.floats(0, 3))))
def test_nothing_is_silent_for_long_nor_talkative(told: list[tuple[str, int, float]]) -> None:
    lines, now, spoken, steps = Lines(0.0), 0.0, 0.0, 0
    step = ""
    for name, done, later in told:
        now += later
        steps += name != step
        step = name
        if lines.report(name, done, 40, now):
            spoken = now
        assert now - spoken < EVERY_S + 3
    assert len(lines.end(now)) <= 1


def test_without_a_terminal_plain_lines_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert not sys.stderr.isatty()
    with progress("joe for a Pi") as report:
        report("export", 0, 0)
        report("compare fp32", 1, 40)
    first, *rest = capsys.readouterr().err.splitlines()
    assert first == "edge: building joe for a Pi"
    assert [line.partition("] ")[2] for line in rest] == ["export", "compare fp32"]


def test_on_a_terminal_bars_have_a_time_that_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress("joe for a Pi") as report:
        report("export", 0, 0)
        report("compare fp32", 20, 40)
    said = capsys.readouterr().err
    assert "compare fp32" in said and "left" in said
    assert said.rstrip().count("100 %") >= 2  # what is over is shown as over


def test_what_each_step_cost_is_added_up() -> None:
    told: list[tuple[str, int, int]] = []
    steps = Steps(lambda *step: told.append(step))
    steps("export", 0, 0)
    steps("compare", 0, 2)
    sum(i * i for i in range(200_000))
    steps("compare", 1, 2)
    steps("export", 0, 0)
    export, compare = steps.costs()
    assert (export.step, compare.step) == ("export", "compare")
    assert compare.cpu_seconds >= 0 and compare.wall_seconds > 0
    assert [step for step, *_ in told] == ["export", "compare", "compare", "export"]
