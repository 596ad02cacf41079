"""One row for each language that text is read in: its rules are in the module of its name."""

from __future__ import annotations

import functools
import importlib

from edge.text.claims import Language
from edge.text.languages.other import language_without_rules
from edge.text.languages.tables import load_countries

LANGUAGES: tuple[str, ...] = ("de", "en", "es", "fr", "it", "nl", "pl", "pt")
"""Languages with rules of their own; every other one has those of `other`."""


@functools.cache
def find_language(name: str) -> Language:
    """Find what is known of a language, named as voices are: en, en_US."""
    short, *rest = name.replace("-", "_").split("_")
    short = short.lower()
    if short not in LANGUAGES:
        return language_without_rules(short)
    module = importlib.import_module(f"edge.text.languages.{short}")
    country = load_countries(short).get(rest[-1].upper() if rest else "")
    found: Language = module.language(country) if country else module.LANGUAGE
    return found
