"""One row for each language that text is read in: its rules are in the module of its name."""

from __future__ import annotations

import functools
import importlib

from edge.text.claims import Language

LANGUAGES: tuple[str, ...] = ("de", "en", "es", "fr")
"""Languages with rules of their own; every other one has those of `other`."""


@functools.cache
def find_language(name: str) -> Language:
    """Find what is known of a language, named as voices are: en, en_US."""
    short = name.replace("-", "_").split("_")[0].lower()
    module = short if short in LANGUAGES else "other"
    found: Language = importlib.import_module(f"edge.text.languages.{module}").LANGUAGE
    return found
