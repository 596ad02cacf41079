"""Name the signs of addresses, files and hashtags in one language."""

from __future__ import annotations

from edge.text.claims import Rule
from edge.text.languages.vocabulary import Vocabulary
from edge.text.links import Signs, reading


def addresses(v: Vocabulary) -> tuple[Rule, ...]:
    """Make the rules of what is no prose in any language, with this one's words."""
    names = v.signs
    return reading(
        Signs(
            dot=names["."],
            slash=names["/"],
            backslash=names["\\"],
            colon=names[":"],
            at=names["@"],
            dash=names["-"],
            underscore=names["_"],
            tilde=names["~"],
            hash=names["#"],
            hashtag=v.hashtag,
            equals=names["="],
            ampersand=names["&"],
            percent=v.table.form(v.all_units["%"], "5").replace("{0}", "").strip(),
            plus=names["+"],
            digits=lambda number: v.spell(number) if number[0] == "0" else number,
        )
    )
