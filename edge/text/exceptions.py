"""Read the words that we ship with their phonemes: names, brands and loan words of a language.

A file is words/LANGUAGE.tsv: a word or several with spaces between, a tab, IPA. A line that begins
with "# " is a comment. The owner's own file of pronunciations goes before all of them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

_FOLDER = Path(__file__).parent / "words"


@functools.cache
def shipped(language: str) -> Mapping[str, str]:
    """Return word -> IPA for a language (en); empty if nothing is shipped for it."""
    path = _FOLDER / f"{language}.tsv"
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = (line.partition("\t") for line in lines if line and not line.startswith("#"))
    return {word: ipa for word, _, ipa in rows}
