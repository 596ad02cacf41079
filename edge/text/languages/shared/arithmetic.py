"""Read fractions, signs, ranges and ratios, and see that none is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from edge.text.claims import How, Rule, Say, after, before
from edge.text.languages.shared.quantities import SIGN
from edge.text.languages.vocabulary import DASH, DIGITS, Vocabulary, any_of, listed

VULGAR = {
    "½": (1, 2),
    "⅓": (1, 3),
    "⅔": (2, 3),
    "¼": (1, 4),
    "¾": (3, 4),
    "⅕": (1, 5),
    "⅖": (2, 5),
    "⅗": (3, 5),
    "⅘": (4, 5),
    "⅙": (1, 6),
    "⅚": (5, 6),
    "⅛": (1, 8),
    "⅜": (3, 8),
    "⅝": (5, 8),
    "⅞": (7, 8),
    "⅒": (1, 10),
}


@dataclass(frozen=True)
class Fractions:
    """How a language says fractions."""

    say: Callable[[str, int, int, str], str | None]
    """Says one: the whole number before it or "", what stands over and under the stroke, and what
    follows."""
    denominators: frozenset[int] = frozenset((2, 3, 4, 5, 6, 8, 10))


def fractions(v: Vocabulary, words: Fractions) -> tuple[Rule, ...]:
    """Make the rules of fractions."""

    units = any_of(v.all_units)
    unit = rf"(?:\s?(?P<unit>{units})(?![\w/]|\.\w))?"

    def say(whole: str, top: int, bottom: int, match: re.Match[str]) -> str | None:
        name = ""
        if match["unit"]:
            forms = v.all_units[match["unit"]]
            name = v.table.form(forms, "2") if whole or top > 1 else v.table.one(forms)
            name = f" {name.replace('{0}', '').strip()}"
        said = words.say(whole, top, bottom, name or after(match))
        return None if said is None else said + name

    def vulgar(match: re.Match[str], how: How) -> str | None:
        return say(match["w"] or "", *VULGAR[match["f"]], match)

    def written(match: re.Match[str], how: How) -> str | None:
        top, bottom = int(match["n"]), int(match["d"])
        if not 0 < top < bottom or bottom not in words.denominators:
            return None
        return say(match["w"] or "", top, bottom, match)

    found = (
        Rule(
            "fraction",
            re.compile(rf"(?<![\d.,/])(?:(?P<w>\d{{1,4}})\s?)?(?P<f>[{''.join(VULGAR)}]){unit}"),
            vulgar,
            ("¾", words.say("", 3, 4, "") or ""),
            frozenset(VULGAR),
        ),
        Rule(
            "fraction",
            re.compile(
                r"(?<![\w.,/:])(?<![\w)]-)(?:(?P<w>\d{1,3})[ \u00a0])?"
                r"(?P<n>\d{1,2})[/⁄](?P<d>\d{1,3})"
                rf"(?![\w/]|[.,]\d){unit}"
            ),
            written,
            ("3/4", words.say("", 3, 4, "") or ""),
            frozenset("/⁄"),
        ),
    )
    return found if words.denominators else found[:1]


def say_as_decimal(v: Vocabulary) -> Fractions:
    """Read a half and a quarter as decimals, other parts as divisions: words for them are not
    known."""

    def say(whole: str, top: int, bottom: int, rest: str) -> str | None:
        if 1000 % bottom:
            divided = f"{top} {v.signs['÷']} {bottom}"
            return f"{whole} {v.signs['+']} {divided}" if whole else divided
        places = str(1000 * top // bottom).rjust(3, "0").rstrip("0")
        return v.said_decimal(f"{whole or 0}{v.table.decimal}{places}")

    return Fractions(say, frozenset())


def ranges(v: Vocabulary) -> tuple[Rule, ...]:
    """Make the rules of ranges and ratios."""

    def span(match: re.Match[str], how: How) -> str | None:
        first, last = v.plain(match["a"]), v.plain(match["b"])
        low, high = (float(end.replace(",", ".")) for end in (first, last))
        spaced, hyphen = match["gap"] != "", match["dash"] in "-‐‑"
        if "=" in after(match, 16) or (spaced and match["dash"] == "−"):
            return f"{first} {v.signs['−']} {last}"
        if low < high:
            return f"{_zeroed(v, first)} {v.until} {_zeroed(v, last)}"
        if spaced:
            return f"{first} {v.signs['−']} {last}"
        if hyphen and len(match["a"]) > 2:
            return (
                f"{_zeroed(v, first)} {v.signs['-']} {_zeroed(v, last)}"  # a number in an archive
            )
        return f"{first} {v.ratio} {last}"

    return (
        Rule(
            "range",
            re.compile(
                rf"(?<![\w.,/:{DASH}+])(?P<a>{v.plain_number})(?P<gap>\s?)(?P<dash>[{DASH}])(?P=gap)"
                rf"(?P<b>{v.plain_number})(?![\w/:{DASH}])"
            ),
            span,
            ("10–12", f"10 {v.until} 12"),
            frozenset(DASH),
        ),
        Rule(
            "score",
            re.compile(r"(?<![\w:.,])(?P<a>\d{1,5}):(?P<b>\d{1,6})(?![\w:]|[.,]\d)"),
            lambda match, how: f"{match['a']} {v.ratio} {match['b']}",
            ("3:1", f"3 {v.ratio} 1"),
            frozenset(":"),
        ),
    )


def _zeroed(v: Vocabulary, number: str) -> str:
    """Say the zero in front of a number, if there is one."""
    return v.spell(number) if number[0] == "0" and number.isdecimal() and number != "0" else number


def signs(v: Vocabulary) -> tuple[Rule, ...]:
    """Make the rules of single signs: the last of all, for what no other rule has claimed."""
    single = {**_named_by_tables(v), **{c: v.signs[c] for c in _SINGLE if c in v.signs}}
    pairs = {sign: v.signs[known] for sign, known in _PAIRS.items() if known in v.signs}
    minus, times = v.signs["−"], v.signs["×"]

    def single_sign(match: re.Match[str], how: How) -> str | None:
        sign = match[0]
        if 3 * sign in before(match, 2) + sign + after(match, 2):
            return None  # a line is drawn, not meant
        return single[sign]

    def stroke(match: re.Match[str], how: How) -> str:
        return v.signs["÷"] if "=" in match.string else v.signs["/"]

    return (
        _sign(
            "π",
            rf"(?<![\u0370-\u03ff])[{''.join(GREEK)}](?![\u0370-\u03ff])"
            if v.language != "el"
            else "(?!)π",
            lambda m, how: GREEK[m[0]],
            ("2 π", "2 pi") if v.language != "el" else ("", ""),
            "".join(GREEK),
        ),
        _sign(
            ":",
            # In French a space stands before every colon: "le 7/11 : 129 €" is no ratio.
            r"(?<=\d\s):(?=\s\d)"
            + (r"(?<![/.,\d]\d\d\s:)(?<!/\d\s:)(?=\s\d{1,2}\b(?!,))" * (v.language == "fr")),
            lambda m, how: v.signs["÷"] if "=" in m.string else v.ratio,
            ("12 : 3 = 4", f"12 {v.signs['÷']} 3 {v.signs['=']} 4"),
            ":",
        ),
        _sign(
            "/",
            r"(?<=\b(?:19|20)\d\d)/(?=(?:19|20)?\d\d\b(?![/]|[.,]\d))",
            lambda m, how: " ",
            ("2023/24", "2023 24"),
            "/",
        ),
        _sign(
            "<=",
            rf"(?<![<>=!+-])(?:{any_of(pairs)})(?![<>=+-])",
            lambda m, how: pairs[m[0]],
            ("1 <= 2", f"1 {v.signs['≤']} 2"),
            "=-",
        ),
        _sign(
            "×",
            rf"(?<=[\d)\]])\s?(?P<it>[×*·⋅](?=\s?{SIGN}[\d(])|x(?=\s?[\d(]))",
            lambda m, how: v.by if v.by and _SIZE.match(after(m, 24)) else times,
            ("3x4", f"3 {times} 4"),
            "x×*·⋅",
        ),
        _sign(
            "/",
            r"(?<=[\d)])\s?(?P<it>/)(?=\s?[\d(])",
            stroke,
            ("7/3 = x", f"7 {v.signs['÷']} 3 {v.signs['=']} x"),
            "/",
        ),
        _sign(
            "−",
            r"(?<=[\d)a-z]\s)[-−–](?=\s[\d(])|(?<=[\w)])−(?=[\w(])",
            lambda m, how: minus,
            ("x − (3)", f"x {minus} (3)"),
            "-−–",
        ),
        _sign(
            "^",
            r"(?<=[\w)])\^(?=[-−]?[\w(])",
            lambda m, how: v.signs["^"],
            ("x^n", f"x {v.signs['^']} n"),
            "^",
        ),
        _sign(
            "²",
            r"(?<=[\w)])[²³⁴⁵⁶⁷⁸⁹]",
            lambda m, how: v.signs.get(m[0]) or _power(v, m[0]),
            ("x²", f"x {v.signs.get('²') or _power(v, '²')}"),
            "²³⁴⁵⁶⁷⁸⁹",
        ),
        _sign(
            "&",
            r"(?<!&)&(?![&#\w]{1,8};)",
            lambda m, how: v.signs["&"],
            ("A & B", f"A {v.signs['&']} B"),
            "&",
        ),
        _sign(
            "<",
            rf"[{re.escape(''.join(single))}]",
            single_sign,
            ("1 < 2", f"1 {v.signs['<']} 2"),
            "".join(single),
        ),
    )


def _sign(sign: str, pattern: str, say: Say, example: tuple[str, str], needs: str) -> Rule:
    return Rule("sign", re.compile(pattern), say, example, frozenset(needs))


_SIZE = re.compile(
    r"\s?\d{1,5}(?:[.,]\d{1,2})?(?:\s?[x×]\s?\d{1,5}(?:[.,]\d{1,2})?){0,2}\s?(?:[mck]?m|px)\b"
)
GREEK = dict(
    zip(
        "αβγδεηθκλμνπρστφχψωΔΣΠΦΨΓΛΘ",
        listed(
            """alpha beta gamma delta epsilon eta theta kappa lambda mu nu pi rho sigma tau phi chi
            psi omega delta sigma pi phi psi gamma lambda theta"""
        ),
        strict=True,
    )
)
"""Letters of formulas, by the names that most languages have for them."""
_SINGLE = "−+±×÷=≠≈<>≤≥√∞°§№→"


def _named_by_tables(v: Vocabulary) -> dict[str, str]:
    """Name the signs that stand without their number: %, °, €."""
    many = v.table.form
    found = {
        c: many(v.all_units[c], "5").replace("{0}", "").strip() for c in "%‰°" if c in v.all_units
    }
    for sign in v.money_signs:
        if len(sign) == 1 and not sign.isalpha():
            found[sign] = many(v.currency(sign), "5").replace("{0}", "").strip()
    return found


_PAIRS = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "+/-": "±", "+-": "±"}


def _power(v: Vocabulary, sign: str) -> str:
    return f"{v.signs['^']} {'0123456789'['⁰¹²³⁴⁵⁶⁷⁸⁹'.index(sign)]}"


THOUSANDS = Rule(
    "number",
    re.compile(
        r"(?<![\w.,:/-])(?<!\d\s)[1-9]\d{0,2}(?:[ \u00a0\u202f]\d{3}){0,2}[ \u00a0\u202f]000"
        r"(?=\s[^\W\d_][^\W\d_A-Z]{3}|\sde\s|[.;!?)]|\s?$)"
    ),
    lambda match, how: re.sub(r"\s", "", match[0]),
    ("1 000 000", "1000000"),
    DIGITS,
)
"""Whole thousands that spaces part, in every language, where no unit follows."""


def numbers(v: Vocabulary) -> tuple[Rule, ...]:
    """Make the rules of plain numbers: the phonemizer reads their digits, but not every sign."""

    def signed(match: re.Match[str], how: How) -> str:
        return v.signed(match[0])

    def bare(match: re.Match[str], how: How) -> str | None:
        said = v.plain(match[0])
        return None if said == match[0] and v.decimal_word is None else v.said_decimal(said)

    return (
        Rule(
            "number",
            re.compile(
                rf"(?:(?<![\w.,)\]°%€:])(?:[-+±–]|−\s?)|(?<![\w)\]])−\s?)(?P<n>{v.plain_number})(?!/)"
            ),
            signed,
            ("-7", f"{v.signs['−']} 7"),
            DIGITS,
        ),
        Rule(
            "number",
            re.compile(r"(?<![\w.,])[-−–+]?[.,]\d{1,12}(?![\w]|[.,]\d)"),
            lambda match, how: v.signed(re.sub(r"(?=[.,])", "0", match[0])),
            (".5", v.said_decimal(f"0{v.table.decimal}5")),
            DIGITS,
        ),
        Rule(
            "number",
            re.compile(rf"(?<![\w.,/:-]){v.plain_number}(?![.,/:-]?\d)"),
            bare,
            v.number_example,
            DIGITS,
        ),
    )
