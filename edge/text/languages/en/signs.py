"""Say single signs and Greek letters in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, after
from edge.text.languages.en.numbers import cardinal

UP = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n")


DOWN = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ"


SIGNS = {
    "=": "equals",
    "≠": "is not equal to",
    "≈": "is approximately equal to",
    "≅": "is congruent to",
    "≡": "is equivalent to",
    "≤": "is less than or equal to",
    "≥": "is greater than or equal to",
    "<=": "is less than or equal to",
    ">=": "is greater than or equal to",
    "!=": "is not equal to",
    "==": "equals",
    "->": "to",
    "&&": "and",
    "&amp;": "and",
    "&lt;": "is less than",
    "&gt;": "is greater than",
    "=>": "implies",
    "<": "is less than",
    ">": "is greater than",
    "+": "plus",
    "−": "minus",
    "±": "plus or minus",
    "×": "times",
    "·": "times",
    "⋅": "times",
    "*": "times",
    "÷": "divided by",
    "∞": "infinity",
    "√": "the square root of",
    "∛": "the cube root of",
    "∑": "the sum of",
    "∏": "the product of",
    "∫": "the integral of",
    "∂": "partial",
    "∇": "nabla",
    "∆": "delta",
    "∈": "is in",
    "∉": "is not in",
    "⊂": "is a subset of",
    "⊆": "is a subset of",
    "∪": "union",
    "∩": "intersection",
    "∅": "the empty set",
    "∀": "for all",
    "∃": "there exists",
    "∝": "is proportional to",
    "∴": "therefore",
    "∧": "and",
    "∨": "or",
    "¬": "not",
    "→": "to",
    "⇒": "implies",
    "⇔": "if and only if",
    "←": "from",
    "↔": "to and from",
    "↑": "up",
    "↓": "down",
    "∠": "angle",
    "⊥": "is perpendicular to",
    "∥": "is parallel to",
    "^": "to the power of",
    "%": "percent",
    "‰": "per mille",
    "°": "degrees",
    "©": "copyright",
    "®": "registered",
    "™": "trademark",
    "§": "section",
    "¶": "paragraph",
    "&": "and",
    "@": "at",
    "#": "number",
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
    "¥": "yen",
    "₹": "rupees",
    "¢": "cents",
    "~": "about",
    "\\": "backslash",
    "|": "",
}


GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "µ": "micro",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "υ": "upsilon",
    "φ": "phi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "Γ": "gamma",
    "Δ": "delta",
    "Θ": "theta",
    "Λ": "lambda",
    "Ξ": "xi",
    "Π": "pi",
    "Σ": "sigma",
    "Φ": "phi",
    "Ψ": "psi",
    "Ω": "omega",
}


def _sign(match: re.Match[str], how: How) -> str | None:
    said = SIGNS[match[0]]
    return said.removesuffix(" of") if re.match(r"\sof\b", after(match)) else said


_PLAIN_SIGNS = "|".join(
    re.escape(sign)
    for sign in sorted(
        (s for s in SIGNS if s not in ("*", "|", "\\", "~", "^", "#", "-")), key=len, reverse=True
    )
)


SIGN_RULES: tuple[Rule, ...] = (
    Rule(
        "letter",
        re.compile(r"(?<![Α-Ωα-ω])[α-ωΓΔΘΛΞΠΣΦΨΩµ](?![Α-Ωα-ω])"),
        lambda match, how: GREEK.get(match[0]),
        ("Δt and 2π", "delta t and two pi"),
        frozenset(GREEK),
    ),
    Rule(
        "sign",
        re.compile(r"(?<=\d)\+(?!\w)"),
        lambda match, how: "plus",
        ("18+", "eighteen plus"),
        frozenset("+"),
    ),
    Rule(
        "sign",
        re.compile(r"(?<=[A-Za-z])/(?=\d)"),
        lambda match, how: " slash ",
        ("it is GB/2", "it is GB slash two"),
        frozenset("/"),
    ),
    Rule(
        "sign",
        re.compile(_PLAIN_SIGNS),
        _sign,
        ("that ≥ this & more", "that is greater than or equal to this and more"),
        frozenset("".join(SIGNS)),
    ),
    Rule(
        "sign",
        re.compile(r"(?:^|(?<=[\n(:]))[ \t]?-[ \t](?=[\d.])"),
        lambda match, how: " minus ",
        ("a change: - 5", "a change: minus five"),
        frozenset("-"),
    ),
    Rule(
        "sign",
        re.compile(r"(?<![\w-])[-−–](?=[\d.]\d?)|−"),
        lambda match, how: "minus",
        ("− none", "minus none"),
        frozenset("-−–"),
    ),
    Rule(
        "sign",
        re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,6}|[₀-₉]{1,6}"),
        lambda match, how: cardinal(match[0].translate(UP).translate(DOWN)),
        ("note⁴", "note four"),
        frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉"),
    ),
)
