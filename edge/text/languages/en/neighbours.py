"""Tell which reading of a word its neighbours speak for."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

BE = (
    r"(?:am|is|are|was|were|be|been|being|['’]s|['’]re|['’]m|isn['’]t|aren['’]t|wasn['’]t"
    r"|weren['’]t|feels?|felt|seems?|seemed|looks?|stays?|remains?|becomes?|became)"
)
HAVE = (
    r"(?:have|has|had|having|['’]ve|haven['’]t|hasn['’]t|hadn['’]t|was|were|been|be|being|is|are"
    r"|got|already|never|ever)"
)
ADVERB = (
    r"(?:not|never|always|also|often|usually|still|just|only|really|even|sometimes|soon|ever"
    r"|all|both|rather|\w{2,12}ly)"
)
MODAL = (
    r"(?:to|will|would|can|could|may|might|must|shall|should|do|does|did|cannot"
    r"|(?:do|does|did|wo|ca|could|would|should)n['’]t|let['’]s|please|['’]ll|['’]d)"
)
SUBJECT = r"(?:I|you|we|they|who|people)"
DETERMINER = (
    r"(?:the|an?|my|your|his|her|its|our|their|this|these|those|no|any|some|each|every|another"
    r"|whose|two|three|four|five|many|several|few|first|last|next|new"
    r"|(?!(?:it|let|that|he|she|what|who|there|here|where)['’]s)\w{2,15}['’]s)"
)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern once: there are more of them than `re` keeps by itself."""
    return re.compile(pattern, re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """One reading of a word, and what must stand before or behind it."""

    ipa: str
    before: str = ""
    behind: str = ""

    def fits(self, left: str, right: str) -> bool:
        if self.before and not _compiled(rf"(?:{self.before})\Z").search(left):
            return False
        return not self.behind or _compiled(self.behind).match(right) is not None


def after(words: str) -> str:
    return rf"(?:^|[\s,;(\"“'’]){words}\s(?:\w{{1,12}}ly\s)?"


AFTER_MODAL = rf"(?:^|[\s(\"“,;'’]|\w(?=['’])){MODAL}\s(?:{ADVERB}\s|help\s){{0,2}}"
VERB = (
    rf"{AFTER_MODAL}"
    rf"|(?:^|[\s(\"“,;]){SUBJECT}(?:['’](?:ll|d))?\s(?:{ADVERB}\s){{0,2}}"
    r"|\b(?:do|does|did|will|would|can|could|may|might|must|should)(?:n['’]t)?\s(?:it|he|she"
    r"|this|that)\s|\b(?:help|helps|make|makes|let|lets)\s(?:me|us|you|him|her|them|it)\s"
)
"""Before a verb."""
PREPOSITION = (
    r"\b(?:due|according|thanks|prior|similar|access|subject|relative|related|compared|addition"
    r"|changes?|response|damage|threat|key|mild|low|light|small|return|returned|went|go|goes"
    r"|going|opposed|next)\sto\s"
)
""""to" that stands before a noun."""
NOUN = (
    rf"(?:^|[\s(\"“,;]){DETERMINER}\s"
    r"|(?:^|\s)(?:of|in|on|for|with|from|by|at|into|under|without|per|about|against|between|during"
    r"|as|is|are|was|were|be)\s(?:\w{2,14}(?:al|ic|ive|ous|ful)\s)?"
)
"""Right before a noun."""
OBJECT = (
    r"\s(?:the|an?|it|them|him|her|us|me|my|your|his|our|their|this|that|these|those|all|every"
    r"|each|both|everything|yourself|themselves)\b"
)
START = r"(?:^|[.!?:;]\s{1,2}|\n[-*•\d.\s]{0,6})[\"“]?"
PLURAL = (
    r"(?:^|\s)(?!this|his|its|is|was|has|does|as|us|sales|news|sports|arms|goods)\w{2,14}[^s\W]s\s"
)
"""Before a verb whose subject it is, or a noun."""
