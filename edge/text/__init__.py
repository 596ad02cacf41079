"""The room of text: what is done to words before a family turns them into sound.

Everything here is a function of text alone, without I/O (but for the lexicon's file), clock, model
or thread; and a place in a text always counts the characters of the text as its author wrote it.
"""

from __future__ import annotations

import re
from typing import Literal

MAX_CHARACTERS = 10_000
"""Characters of one request: ten to twelve minutes of speech. Longer texts come in pieces."""

MAX_STREAM = 200_000
"""Characters of a text that comes piece by piece: some 4 hours, and then the next one."""

TextFormat = Literal["auto", "plain", "text", "markdown", "ssml", "ssml-lenient"]
"""The signs of a text that mean something. `auto`: Markdown, as the configuration says. `text` is
Wyoming's word for plain. `ssml-lenient` takes what is not well-formed, too."""

MIN_SPEED, MAX_SPEED = 0.5, 3.0
"""Tempo at which a text may be read; 1 is the voice's own. 3 is some 40 characters a second, the
fastest that people listen to."""

LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_([A-Z]{2}|[0-9]{3}))?")
"""A language as voices and lexicons name it: BCP 47 with underscores, like en, en_US, es_419 or
zh_Hant_TW."""
