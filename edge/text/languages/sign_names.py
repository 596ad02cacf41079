"""Name the signs of arithmetic and of addresses in every language of Piper's catalogue."""

from __future__ import annotations

import functools
from pathlib import Path

_FILE = Path(__file__).parent / "signs.tsv"
"""A row for each language, a column for each sign; – is the word between the ends of a range, and
, the name of the decimal sign. Written by hand, beside the names that CLDR's annotations have."""


@functools.cache
def sign_names(language: str) -> dict[str, str]:
    """Return what each sign is called; nothing for a language that is not known."""
    with _FILE.open(encoding="utf-8") as lines:
        head, *rows = (line.rstrip("\n").split("\t") for line in lines)
    row = next((row for row in rows if row[0] == language), None)
    if row is None:
        return {}
    names = dict(zip(head[1:], row[1:], strict=True))
    return {**names, "№": names["#"]}
