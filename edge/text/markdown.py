"""Leave the marks of Markdown out, and pause where its lines and cells end.

No mark is a rule's own: what stands between two of them is read by all the others.
"""

from __future__ import annotations

import re

from edge.text.claims import Claim, How, Rule, Say, after, before
from edge.text.cutting import FENCE

_LINE = r"(?:^|(?<=\n))"
_TARGET = r"\([^()\s]{1,300}(?:\s\"[^\"\n]{0,100}\")?\)"
_LINKED = rf"(?:{_TARGET}|\[[^\[\]\n]{{0,40}}\])"
_RULE_CELL = r"[ \t]{0,3}:?-{2,40}:?[ \t]{0,3}"
_FAR = 300
"""Characters in which a mark's fellow is looked for."""


def code_blocks(text: str, inside: bool, named: str) -> list[Claim]:
    """Claim the blocks of code between fences. A block of one line is read, a longer one is only
    `named`.

    `inside`: the text begins in a block whose beginning was said before.
    """
    found: list[Claim] = []
    at = 0
    if inside:
        end = text.find(FENCE)
        if end < 0:
            return [Claim(0, len(text), "", "code")] if text else []
        at = end + len(FENCE)
        found.append(Claim(0, at, "", "code"))
    while (start := text.find(FENCE, at)) >= 0:
        first = start + len(FENCE)
        end = text.find(FENCE, first)
        at = end + len(FENCE) if end >= 0 else len(text)
        language, newline, body = text[first : end if end >= 0 else len(text)].partition("\n")
        if end >= 0 and len((body.strip() if newline else language).splitlines()) == 1:
            found.append(Claim(start, first + (len(language) + 1 if newline else 0), "", "code"))
            found.append(Claim(end, at, ".", "code"))
        else:
            found.append(Claim(start, at, f"{named}." if named else "", "code"))
    return found


def _left_out(match: re.Match[str], how: How) -> str | None:
    return None if how.markdown == "never" else ""


def _unless_plain(said: str) -> Say:
    return lambda match, how: None if how.markdown == "never" else said


def _emphasis(match: re.Match[str], how: How) -> str | None:
    """Leave a mark out that has its fellow in the same paragraph."""
    if how.markdown == "never":
        return None
    text, start, end = match.string, match.start(), match.end()
    if match[0] == "__" and _DUNDER.search(text, max(0, start - 32), end + 32):
        return None
    left, right = text[start - 1 : start] if start else "", text[end : end + 1]
    closing, opening = _FELLOWS[match[0]]
    if right.strip() and not left.isalnum():
        paragraph = text.find("\n\n", end, end + _FAR)
        if closing.search(text, end, end + _FAR if paragraph < 0 else paragraph):
            return ""
    if left.strip() and not right.isalnum():
        paragraph = text.rfind("\n\n", max(0, start - _FAR), start)
        if opening.search(
            text, max(0, start - _FAR, paragraph + 2 if paragraph >= 0 else 0), start
        ):
            return ""
    return None


_FELLOWS = {
    mark: (re.compile(rf"\S{re.escape(mark)}"), re.compile(rf"(?<!\w){re.escape(mark)}\S"))
    for mark in ("*", "**", "***", "_", "__", "___", "~~")
}
"""Mark -> what closes it behind, what opens it before."""
_DUNDER = re.compile(r"(?<!\w)__\w{1,30}__(?=[.(]\w)")


def _heading(match: re.Match[str], how: How) -> str | None:
    number = how.markdown == "auto" and match[0].strip() == "#" and after(match, 1).isdecimal()
    return None if how.markdown == "never" or number else ""


def _quote(match: re.Match[str], how: How) -> str | None:
    """Take "> 5" for a comparison."""
    compares = how.markdown == "auto" and re.match(r"[^\w\"'“‘(\[*]|[\d_]", after(match, 1))
    return None if how.markdown == "never" or compares else ""


def _item(match: re.Match[str], how: How) -> str | None:
    """Take "- 5" for an item only where another item stands near."""
    if how.markdown == "never":
        return None
    if how.markdown == "auto" and re.match(r"[\d.$€£]", after(match, 1)):
        ahead, behind = before(match, 240), after(match, 240)
        near = r"(?:^|\n)\s{0,6}[-*+•–]\s[^\n]{0,200}\n$", r"\n\s{0,6}[-*+•–]\s"
        if not re.search(near[0], ahead) and not re.search(near[1], behind):
            return None
    return ""


def _line_end(match: re.Match[str], how: How) -> str | None:
    """End an item or a heading as a sentence, so that a pause is heard."""
    if how.markdown == "never":
        return None
    line = before(match, 240).rpartition("\n")[2]
    return ".\n" if _STANDS_ALONE.match(line) else None


_STANDS_ALONE = re.compile(r"\s{0,8}(?:[-*+•‣◦▪–]\s|\d{1,3}[.)]\s|#{1,6}\s|>)")


def _cell(match: re.Match[str], how: How) -> str | None:
    if how.markdown == "never":
        return None
    left = before(match, 300).rpartition("\n")[2]
    right = after(match, 300).partition("\n")[0]
    if not left.strip():
        return ""
    if not right.strip():
        return "."
    return ", " if "|" in left or "|" in right else None


def _angle(match: re.Match[str], how: How) -> str | None:
    """Leave out what stands around an address: <https://example.org>."""
    ahead = before(match, 320)
    if how.markdown == "never" or (match[0] == ">" and not _ADDRESS.search(ahead)):
        return None
    return ""


_ADDRESS = re.compile(r"<(?:https?://|mailto:|[\w.+-]{1,64}@)[^<>\s]{1,300}$")

_ENTITIES = {
    "&amp;": "&",
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&apos;": "'",
    "&#39;": "'",
    "&nbsp;": " ",
    "&ndash;": "–",
    "&mdash;": "—",
    "&hellip;": "…",
}

MARKDOWN: tuple[Rule, ...] = (
    Rule(
        "markdown",
        re.compile(
            rf"{_LINE}[ \t]{{0,3}}\|?{_RULE_CELL}(?:\|{_RULE_CELL}){{0,12}}\|?[ \t]{{0,3}}(?=\n|$)"
        ),
        _left_out,
        ("so\n\n---\n\nit", "so\n\n\n\nit"),
        frozenset("-"),
    ),
    Rule(
        "markdown",
        re.compile(rf"{_LINE}[ \t]{{0,3}}(?:[*_][ \t]?){{3,12}}(?=\n|$)"),
        _left_out,
        ("so\n\n***\n\nit", "so\n\n\n\nit"),
        frozenset("*_"),
    ),
    Rule(
        "markdown",
        re.compile(rf"{_LINE}(?:>[ \t]?){{1,4}}(?=\S)"),
        _quote,
        ("> so be it", "so be it"),
        frozenset(">"),
    ),
    Rule(
        "markdown",
        re.compile(rf"{_LINE}[ \t]{{0,3}}#{{1,6}}[ \t]{{1,4}}"),
        _heading,
        ("# News", "News"),
        frozenset("#"),
    ),
    Rule(
        "markdown",
        re.compile(
            rf"(?:{_LINE}|(?<=> ))[ \t]{{0,12}}[-*+•‣◦▪–][ \t]{{1,4}}(?:\[[ xX]\][ \t])?(?=\S)"
        ),
        _item,
        ("- so\n- it", "so.\nit"),
        frozenset("-*+•‣◦▪–"),
    ),
    Rule(
        "markdown",
        re.compile(r"(?<=[\w)\]*`\"”’'%°])[*_]{0,2}[ \t]{0,3}\n(?=\s{0,3}\S)"),
        _line_end,
        ("# So\nit", "So.\nit"),
        frozenset("\n"),
    ),
    Rule(
        "markdown",
        re.compile(rf"!?\[(?=[^\[\]\n]{{1,200}}\]{_LINKED})"),
        _left_out,
        ("see ![our page](https://x.org/a)", "see our page"),
        frozenset("["),
    ),
    Rule(
        "markdown",
        re.compile(rf"(?<=[^\[\n])\]{_LINKED}"),
        _left_out,
        ("[so](b)", "so"),
        frozenset("]"),
    ),
    Rule(
        "markdown",
        re.compile(r"\[\^\w{1,12}\]:?"),
        _left_out,
        ("so[^1]", "so"),
        frozenset("^"),
    ),
    Rule(
        "markdown",
        re.compile(
            r"<(?=(?:https?://|mailto:|[\w.+-]{1,64}@)[^<>\s]{1,300}>)"
            r"|(?<=[\w/])>(?=[\s.,;:!?)]|$)"
        ),
        _angle,
        ("<mailto:so>", "mailto:so"),
        frozenset("<"),
    ),
    Rule(
        "markdown",
        re.compile(r"(?<!`)`{1,2}(?!`)"),
        _left_out,
        ("the `so` command", "the so command"),
        frozenset("`"),
    ),
    Rule(
        "markdown",
        re.compile(
            r"(?<![*\\])\*{1,3}(?!\*)|(?<![~\\])~~(?!~)|(?<![\w_\\])_{1,3}(?=[^\s_])"
            r"|(?<=[^\s_])_{1,3}(?![\w_])"
        ),
        _emphasis,
        ("**so** and _so_", "so and so"),
        frozenset("*_~"),
    ),
    Rule(
        "markdown",
        re.compile(r"<br\s?/?>"),
        _unless_plain(", "),
        ("so<br>it", "so, it"),
        frozenset("<"),
    ),
    Rule(
        "markdown",
        re.compile(r"</?(?:b|i|em|strong|u|p|sub|sup|code|div|span|li|ul|ol|h[1-6])>"),
        _left_out,
        ("<b>so</b>", "so"),
        frozenset("<"),
    ),
    Rule(
        "markdown",
        re.compile(r"&(?:quot|apos|nbsp|ndash|mdash|hellip|#39);"),
        lambda match, how: None if how.markdown == "never" else _ENTITIES[match[0]],
        ("so&nbsp;it", "so it"),
        frozenset("&"),
    ),
    Rule(
        "markdown",
        re.compile(r"\\(?=[*_#`\[\]>+.!|~-])"),
        _left_out,
        (r"so\. it", "so. it"),
        frozenset("\\"),
    ),
    Rule(
        "table",
        re.compile(r"[ \t]{0,20}\|[ \t]{0,20}"),
        _cell,
        ("| so | it |", "so, it."),
        frozenset("|"),
    ),
)
