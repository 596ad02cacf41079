"""Read what holds in every language."""

from __future__ import annotations

import re

from edge.text.claims import How, Language, Rule


def _as_it_is(match: re.Match[str], how: How) -> str:
    return match[0]


GIVEN = Rule(
    "given",
    re.compile(r"\[\[.{1,400}?\]\]"),
    _as_it_is,
    ("[[həˈloʊ]]", "[[həˈloʊ]]"),
    frozenset("["),
)
"""Phonemes in a text are nobody's to read otherwise: every language's first rule."""

LANGUAGE = Language("other", (GIVEN,))
