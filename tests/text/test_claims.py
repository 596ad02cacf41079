"""Rules claim stretches of the text as written; hostile texts cost no more than others."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import Any

import pytest

from edge.text.claims import Claim, How, Language, Rule, claim, spoken
from edge.text.cutting import LONGEST_PIECE
from edge.text.languages import LANGUAGES, find_language

if sys.version_info >= (3, 11):
    from re import _parser as parser  # type: ignore[attr-defined]
else:
    import sre_parse as parser

_ALL = [find_language(name) for name in (*LANGUAGES, "xx")]


def _read(text: str, language: Language) -> str:
    return spoken(text, claim(text, language, How())).text


_TOY = Language(
    "toy",
    (
        Rule("pair", re.compile(r"(\d) to (?P<it>\d)"), lambda match, how: f"<{match['it']}>"),
        Rule("digit", re.compile(r"\d"), lambda match, how: None if match[0] == "7" else "D"),
    ),
)


def test_earlier_rules_claim_first_and_only_their_part() -> None:
    assert _read("1 to 2, 7", _TOY) == "D to <2>, 7"


def test_what_is_given_is_closed_to_rules() -> None:
    claims = claim("1 to 2, 3", _TOY, How(), given=[Claim(5, 6, "dos", "lexicon")])
    assert spoken("1 to 2, 3", claims).text == "D to dos, D"


def test_a_long_text_is_read_as_its_stretches_are() -> None:
    line = "word " * 25 + "1 to 2 "
    text = line * (3 * LONGEST_PIECE // len(line))
    assert _read(text, _TOY) == line.replace("1 to 2", "D to <2>") * text.count("1 to 2")


def test_what_came_before_is_seen_but_not_claimed() -> None:
    marks = Language("m", (Rule("list", re.compile(r"^- ", re.M), lambda match, how: ""),))
    assert claim("- a", marks, How(), context="x ") == []
    assert claim("- a", marks, How(), context="x\n") == [Claim(0, 2, "", "list")]


@pytest.mark.parametrize(
    ("language", "rule"),
    [
        pytest.param(language, rule, id=f"{language.name}-{number}-{rule.name}")
        for language in _ALL
        for number, rule in enumerate(language.rules)
    ],
)
def test_every_rule_reads_its_example(language: Language, rule: Rule) -> None:
    written, said = rule.example
    claims = claim(written, language, How())
    assert spoken(written, claims).text == said
    assert rule.name in {made.rule for made in claims}
    assert rule in language.rules_for(written)


@pytest.mark.parametrize("language", _ALL, ids=lambda language: language.name)
def test_rules_that_are_not_tried_would_have_said_nothing(language: Language) -> None:
    rules = tuple(replace(rule, needs=frozenset()) for rule in language.rules)
    patient = replace(language, rules=rules)
    examples = {rule.example[0] for other in _ALL for rule in other.rules}
    for text in {*examples, *(e.upper() for e in examples), *(e.lower() for e in examples)}:
        assert claim(text, language, How()) == claim(text, patient, How()), text


@pytest.mark.parametrize("language", _ALL, ids=lambda language: language.name)
def test_no_rule_looks_without_end(language: Language) -> None:
    """Text is read in stretches of LONGEST_PIECE, so what a bounded pattern costs grows with the
    text and not with its square."""
    for rule in language.rules:
        assert _longest_repeat(rule.pattern) <= LONGEST_PIECE, rule.pattern.pattern


def _longest_repeat(pattern: re.Pattern[str]) -> int:
    tree: list[Any] = [parser.parse(pattern.pattern, pattern.flags)]
    longest = 0
    while tree:
        node = tree.pop()
        if isinstance(node, parser.SubPattern):
            node = list(node)
        if isinstance(node, (list, tuple)):
            if len(node) == 2 and str(node[0]) in ("MAX_REPEAT", "MIN_REPEAT"):
                longest = max(longest, int(node[1][1]))
            tree += node
    return longest
