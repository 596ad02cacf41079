"""The table and the page of `edge judge` have the columns that something was compared for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from edge.bundler.evaluate.judgement import OFFICIAL, Plan, Score
from edge.bundler.report.judged import HEAD, table, to_page, to_rows

PLAIN = Score("fp32", "en", 1, 0.05, 0.9, 3.1, 120.0, 0.5)
SOUND = dataclasses.replace(PLAIN, variant="int8", mel_db=0.456)
TOKENS = dataclasses.replace(SOUND, kl=0.01234, greedy=0.987)
THEIRS = Score(OFFICIAL, "en", 1, 0.05, 0.9, 3.1, None, None)
PLAN = Plan(("fp32", "int8"), ("en",), 1, None, None, None, Path("judged"))


def test_a_column_is_there_if_a_row_has_it() -> None:
    head, rows = table([PLAIN, THEIRS])
    assert head == HEAD and all(len(row) == len(HEAD) for row in rows)
    head, rows = table([PLAIN, TOKENS, THEIRS])
    assert head == (*HEAD, "KL", "GREEDY", "MEL")
    assert [row[-3:] for row in rows] == [
        ("-", "-", "-"), ("0.012 nats", "98.7 %", "0.46 dB"), ("-", "-", "-"),
    ]  # fmt: skip
    assert table([SOUND])[0] == (*HEAD, "MEL")


def test_programs_and_the_page_have_the_same() -> None:
    assert "kl" not in to_rows([PLAIN])[0] and "mel_db" in to_rows([PLAIN, SOUND])[0]
    assert to_rows([TOKENS])[0]["kl"] == 0.01234
    for scores, told in (([PLAIN], 0), ([SOUND], 0), ([TOKENS], 1)):
        page = to_page("a voice", "edge judge", scores, PLAN)
        assert page.count("<th>KL</th>") == told == page.count("given the official tokens")
        assert page.count("<th>MEL</th>") == (scores != [PLAIN])
