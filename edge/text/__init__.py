"""The room of text: what is done to words before a family turns them into sound.

Everything here is a function of text alone, without I/O (but for the lexicon's file), clock, model
or thread; and a place in a text always counts the characters of the text as its author wrote it.
"""

from __future__ import annotations

import re

MAX_CHARACTERS = 10_000
"""Characters of one request: ten to twelve minutes of speech. Longer texts come in pieces."""

MIN_SPEED, MAX_SPEED = 0.5, 3.0
"""Tempo at which a text may be read; 1 is the voice's own. 3 is some 40 characters a second, the
fastest that people listen to."""

LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_([A-Z]{2}|[0-9]{3}))?")
"""A language as voices and lexicons name it: BCP 47 with underscores, like en, en_US, es_419 or
zh_Hant_TW."""
