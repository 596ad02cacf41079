"""Read English."""

from __future__ import annotations

from edge.text.claims import Language
from edge.text.languages.en.numbers import NUMBERS
from edge.text.languages.other import GIVEN

_ABBREVIATIONS = "dr mr mrs ms prof st jr sr vs no etc approx fig"

LANGUAGE = Language("en", rules=(GIVEN, *NUMBERS), abbreviations=frozenset(_ABBREVIATIONS.split()))
