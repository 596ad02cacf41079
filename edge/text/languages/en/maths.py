"""Say formulas and mathematical signs in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, before
from edge.text.languages.en.numbers import DIGITS, NUM, letters, number, ordinal
from edge.text.languages.en.signs import DOWN, GREEK, RAISED, SIGNS, UP

_BINARY = {
    "+": "plus",
    "-": "minus",
    "−": "minus",
    "–": "minus",
    "*": "times",
    "×": "times",
    "x": "times",
    "·": "times",
    "⋅": "times",
    "/": "divided by",
    "÷": "divided by",
    "=": "equals",
    "==": "equals",
    "≈": "is approximately",
    "≠": "is not equal to",
    "!=": "is not equal to",
    "<": "is less than",
    ">": "is greater than",
    "≤": "is less than or equal to",
    "≥": "is greater than or equal to",
    "<=": "is less than or equal to",
    ">=": "is greater than or equal to",
    "±": "plus or minus",
    "^": "to the power of",
    "→": "to",
    ":": "to",
    "%": "mod",
}


_ROOTS = {"√": "the square root of", "∛": "the cube root of"}


def power(exponent: str) -> str:
    """Say an exponent: 2 -> squared, 10 -> to the tenth power."""
    text = exponent.translate(UP)
    if text == "2":
        return "squared"
    if text == "3":
        return "cubed"
    if text.isdecimal():
        return (
            f"to the {ordinal(text)} power" if len(text) < 4 else f"to the power of {number(text)}"
        )
    if text.lstrip("-−+").replace(".", "").isdecimal():
        return f"to the power of {number(text)}"
    return f"to the power of {text.upper() if len(text) == 1 else text}"


_TOKEN = re.compile(
    rf"(?P<num>{NUM})|(?P<up>[{RAISED}]{{1,6}}|\^\(?[-−]?(?:\d{{1,6}}|[a-zA-Z])\)?)"
    rf"|(?P<down>[₀-₉]{{1,4}}|_\d{{1,2}})"
    r"|(?P<op><=|>=|!=|==|[-+−–*×·⋅/÷=≈≠<>≤≥±→:%])|(?P<root>[√∛])|(?P<pi>[α-ωΑ-Ω∞µ])"
    r"|(?P<fact>!)|(?P<word>sin|cos|tan|log|ln|exp|lim|max|min|mod)"
    r"|(?P<var>[A-Za-z])|(?P<par>[()\[\]])|\s{1,3}"
)


def formula(text: str) -> str:
    """Say a formula token by token."""
    said: list[str] = []
    last = "op"
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        it = token[0]
        if kind is None:
            continue
        if kind == "num":
            said.append(number(it))
        elif kind == "up":
            said.append(power(it.lstrip("^").strip("()")))
        elif kind == "down":
            said.append(number(it.lstrip("_").translate(DOWN)))
        elif kind == "op":
            sign = it in "-−–+" and last in ("op", "open")
            said.append(("minus" if it != "+" else "plus") if sign else _BINARY[it])
        elif kind == "root":
            said.append(_ROOTS[it])
        elif kind == "pi":
            said.append(GREEK.get(it) or SIGNS.get(it, it))
        elif kind == "fact":
            said.append("factorial")
        elif kind == "var":
            if it == "x" and last == "num" and re.match(r"\s{0,2}\d", text[token.end() :]):
                said.append("times")
                kind = "op"
            else:
                said.append(letters(it))
        elif kind == "word":
            said.append(
                {"ln": "L N", "exp": "E X P", "lim": "the limit", "log": "log"}.get(it, it)
            )
        elif it in "([" and last in ("var",):
            said.append("of")
            kind = "open"
        elif it in "([":
            kind = "open"
        last = kind
    return " ".join(said)


_ATOM = (
    rf"(?:(?:(?:[√∛]|[-−+±])\s?)?\(?(?:{NUM}|[a-zA-Z]_\d{{1,2}}(?!\w)|[A-Za-z](?![A-Za-z_])|[a-z](?=[a-z][²³^])"
    rf"|[α-ωΑ-Ω∞]|(?:sin|cos|tan|log|ln)\s?\(?[a-zA-Z0-9]\)?"
    rf"|[a-z]\([a-z0-9]\)){{1,3}}(?:[{RAISED}]{{1,4}}|\^\(?[-−]?(?:\d{{1,4}}|[a-z])\)?"
    rf"|!(?!=))?\)?(?:[{RAISED}]{{1,3}})?)"
)


_OP = r"\s?(?:<=|>=|!=|==|[+−–*×·⋅/÷=≈≠<>≤≥±^]|(?<=\s)[-x:](?=\s)|-(?=\d))\s?"


def _formula(match: re.Match[str], how: How) -> str | None:
    text = match["it"]
    strong = re.search(r"[=≈≠<>≤≥×÷√∛±^⁰-ⁿ²³*·⋅α-ωΑ-Ω]", text) or (
        "+" in text and re.search(r"[\da-z]\s?\+\s?[\da-z]", text)
    )
    if not strong and not re.search(r"\s[-−–/]\s", text):
        return None
    if not strong and re.search(r"[A-Za-z]", text):
        return None
    if not strong and re.fullmatch(r"\d{1,9}\s-\s\d{1,9}", text.strip()):
        first, last = text.split(" - ")
        if int(first) < int(last):
            return None  # a range
    return formula(text)


_COMMANDS = {
    "times": "×",
    "cdot": "·",
    "div": "÷",
    "pm": "±",
    "leq": "≤",
    "le": "≤",
    "geq": "≥",
    "ge": "≥",
    "neq": "≠",
    "ne": "≠",
    "approx": "≈",
    "infty": "∞",
    "to": "→",
    "rightarrow": "→",
    "sqrt": "√",
} | {name: sign for sign, name in GREEK.items() if sign.islower() and sign != "µ"}


_FRACTION = re.compile(r"\\d?frac\{([^{}]{1,40})\}\{([^{}]{1,40})\}")


def latex(text: str) -> str:
    """Say a formula of LaTeX, the few commands that language models use."""
    plain = _FRACTION.sub(r" \1 over \2 ", text)
    plain = re.sub(r"\\([A-Za-z]{1,12})", lambda m: f" {_COMMANDS.get(m[1], m[1])} ", plain)
    plain = re.sub(r"\^\{([^{}]{1,12})\}", r"^(\1)", plain).replace("_", " ")
    parts = re.split(r"\s(over)\s", re.sub(r"[{}]", "", plain))
    return " ".join(part if part == "over" else formula(part) for part in parts if part.strip())


def _scientific(match: re.Match[str], how: How) -> str:
    return f"{number(match[1])} times ten to the {_exponent(match[2])}"


def _exponent(text: str) -> str:
    plain = text.translate(UP)
    if plain.lstrip("+").isdecimal():
        return f"{ordinal(plain.lstrip('+'))}"
    return f"minus {ordinal(plain.lstrip('-−'))}"


def _product(text: str) -> str | None:
    """Say the letters of a product, F = ma, but leave words as they are: x = no."""
    left, right = re.split(r"\s?=\s?", text)
    if right != "ma" and not right[1:].isupper() and re.search("[aeiou]", right):
        return None
    return f"{letters(left)} equals {letters(right)}"


def _chemical(match: re.Match[str], how: How) -> str:
    return " ".join(
        number(part.translate(DOWN)) if part.translate(DOWN).isdecimal() else letters(part)
        for part in re.findall(r"[A-Z][a-z]?|[₀-₉]{1,3}", match[0])
    )


def _compare(match: re.Match[str], how: How) -> str:
    sign = match["sign"]
    quiet = {
        "<": "less than",
        ">": "greater than",
        "≤": "less than or equal to",
        "≥": "greater than or equal to",
        "<=": "less than or equal to",
        ">=": "greater than or equal to",
        "≈": "approximately",
        "±": "plus or minus",
    }
    return quiet[sign]


def _absolute(match: re.Match[str], how: How) -> str | None:
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 :].partition("\n")[0]
    if line.count("|") != 2:
        return None  # a table's row
    article = "" if re.search(r"\b[Tt]he\s$", before(match)) else "the "
    return f"{article}absolute value of {formula(match['in'])}"


LATEX: tuple[Rule, ...] = (
    Rule(
        "math",
        re.compile(
            r"\$\$(?P<a>[^$]{1,200})\$\$|\\\[(?P<b>[^$\[\]]{1,200})\\\]"
            r"|\\\((?P<c>[^$\n]{1,100}?)\\\)"
            r"|(?<![\w$])\$(?=[^$\n]{0,80}[=^\\_])(?=[^$\n]{0,80}[A-Za-z])(?P<d>[^\s$=<>≤≥≠][^$\n]{0,98})"
            r"(?<![\s=])\$(?![\w$])"
        ),
        lambda match, how: latex(match["a"] or match["b"] or match["c"] or match["d"]),
        (
            r"$E = mc^2$ and \(\frac{1}{2} \times x\)",
            "E equals M C squared and one over two times X",
        ),
        frozenset("$\\"),
    ),
    Rule(
        "math",
        re.compile(
            rf"(?<![\w|])\|(?P<in>{_ATOM}(?:{_OP}{_ATOM}){{0,3}})\|(?=\s?[-=<>≤≥≠+−*]\s?[\da-z])"
        ),
        _absolute,
        ("|x − 3| < 5", "the absolute value of X minus three less than five"),
        frozenset("|"),
    ),
)
"""Tried before the backslash could be a path's, and a stroke a table's."""


POWERS_OF_TEN: tuple[Rule, ...] = (
    Rule(
        "math",
        re.compile(
            rf"(?<![\w.,])({NUM})\s?[×x·*]\s?10(?:\^|\*\*)?\(?([{RAISED}]{{1,4}}"
            rf"|[-−+]?\d{{1,3}})\)?(?!\w)"
        ),
        lambda match, how: (
            _scientific(match, how) if re.search(rf"10(?:[{RAISED}]|\^|\*\*)", match[0]) else None
        ),
        ("3 × 10⁸", "three times ten to the eighth"),
        DIGITS,
    ),
    Rule(
        "math",
        re.compile(r"(?<![\w.,])(\d{1,6}(?:\.\d{1,9})?)[eE]([+-]?\d{1,3})(?!\w)"),
        _scientific,
        ("1.5e-3", "one point five times ten to the minus third"),
        DIGITS,
    ),
)


MATHS: tuple[Rule, ...] = (
    Rule(
        "math",
        re.compile(rf"(?<![\w.,$€£/])(?P<it>{_ATOM}(?:{_OP}{_ATOM}){{1,12}})(?![\w/]|[.,]\d)"),
        _formula,
        ("2 + 2 = 4", "two plus two equals four"),
        frozenset("+-−–*×·⋅/÷=≈≠<>≤≥±^"),
    ),
    Rule(
        "math",
        re.compile(
            rf"(?<![\w.,])(?P<it>[√∛]\s?\(?(?:{NUM}|[a-z])\)?|(?:{NUM}"
            rf"|(?:{NUM})?[α-ω]?[A-Za-z]|(?:{NUM})?[α-ω])(?:[{RAISED}]{{1,4}}|\^\(?[-−]?(?:\d{{1,4}}|[a-z])\)?)"
            rf"|(?:\d{{1,4}}|(?<![\w'’])[knmx])!(?=\s?[=a-z)/+×·]))"
        ),
        lambda match, how: formula(match["it"]),
        ("√16 and x²", "the square root of sixteen and X squared"),
        frozenset("√∛^!" + RAISED),
    ),
    Rule(
        "math",
        re.compile(r"(?<![\w.,])(?P<it>[A-Za-z]{1,2}\s?=\s?[a-zA-Z]{2,3})(?![\w'’])"),
        lambda match, how: _product(match["it"]),
        ("F = ma and V = IR", "F equals M eh and V equals I R"),
        frozenset("="),
    ),
    Rule(
        "math",
        re.compile(r"(?<!\w)(?:[A-Z][a-z]?[₀-₉]{0,3}){1,8}(?<=[₀-₉])(?:[A-Z][a-z]?){0,4}(?!\w)"),
        _chemical,
        ("CO₂", "C O two"),
        frozenset("₀₁₂₃₄₅₆₇₈₉"),
    ),
    Rule(
        "math",
        re.compile(r"(?<![<\-=])(?P<sign><=|>=|[<>≤≥≈±])(?=\s?[-−+$€£.]?\d)"),
        _compare,
        ("temperatures <5", "temperatures less than five"),
        frozenset("<>≤≥≈±"),
    ),
)
