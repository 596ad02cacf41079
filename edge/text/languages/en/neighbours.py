"""Tell which reading of a word its neighbours speak for."""

from __future__ import annotations

import re
from dataclasses import dataclass

BE = (
    r"(?:am|is|are|was|were|be|been|being|'s|'re|'m|feels?|felt|seems?|seemed|looks?|stays?"
    r"|remains?)"
)
AUXILIARY = (
    r"(?:to|will|would|can|could|may|might|must|shall|should|do|does|did|don't|doesn't"
    r"|didn't|won't"
    r"|can't|cannot|couldn't|wouldn't|shouldn't|let's|please|'ll|'d|I|you|we|they|who|not|never"
    r"|always|often|also|then|and|help|let)"
)
HAVE = r"(?:have|has|had|having|'ve|was|were|been|be|being|is|are|got|just|already|never|ever)"


@dataclass(frozen=True)
class Reading:
    """One reading of a word, and what must stand before or behind it."""

    ipa: str
    before: str = ""
    behind: str = ""

    def fits(self, left: str, right: str) -> bool:
        ahead = not self.before or re.search(rf"(?:{self.before})$", left, re.IGNORECASE)
        return bool(ahead and (not self.behind or re.match(self.behind, right, re.IGNORECASE)))


def after(words: str) -> str:
    return rf"(?:^|[\s,;(\"“'’]){words}\s(?:\w{{1,12}}ly\s)?"


VERB = after(AUXILIARY)
"""Before a verb."""
OBJECT = (
    r"\s(?:the|a|an|it|them|him|her|us|me|my|your|his|our|their|this|that|these|those|all|every)\b"
)
START = r"(?:^|[.!?:;]\s{1,2}|\n)[\"“]?"
