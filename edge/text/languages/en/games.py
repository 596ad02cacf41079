"""Say scores, ratios and the moves of chess in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, after, before
from edge.text.languages.en.numbers import DIGITS, cardinal, letters, number

_GAME = re.compile(
    r"\b(?:won|wins?|beat|beats|lost|loses?|lead|leads|led|trail\w{0,3}|score[ds]?"
    r"|final|drew|draw|tied"
    r"|tie|defeat\w{0,3}|victory|ahead|result|sets?|half-?time|full-?time|match|game"
    r"|record|ended|odds)\b"
    r"[^.;!?\d]{0,40}$",
    re.IGNORECASE,
)


def _score(match: re.Match[str], how: How) -> str | None:
    if not _GAME.search(before(match)):
        return None
    return f"{cardinal(match['a'])} to {cardinal(match['b'])}"


def _ratio(match: re.Match[str], how: How) -> str:
    return " to ".join(number(part) for part in match[0].split(":"))


_PIECES = {"K": "king", "Q": "queen", "R": "rook", "B": "bishop", "N": "knight"}


def _square(text: str) -> str:
    return f"{letters(text[0])} {cardinal(text[1])}"


def _move(match: re.Match[str], how: How) -> str:
    said = []
    if match["piece"]:
        said.append(_PIECES[match["piece"]])
    if match["from"]:
        said.append(letters(match["from"]))
    if match["takes"]:
        said.append("takes")
    said.append(_square(match["to"]))
    if match["promoted"]:
        said.append(f"promotes to {_PIECES[match['promoted'][-1]]}")
    if match["check"]:
        said.append("check" if match["check"] == "+" else "checkmate")
    return " ".join(said)


def _pawn(match: re.Match[str], how: How) -> str | None:
    if not _CHESS.search(before(match)) and not re.match(
        r"[\s,]{1,2}(?:\d{1,3}\.|[KQRBN]?[a-h]?x?[a-h][1-8]\b|opening|defen[cs]e|square|pawn)",
        after(match),
    ):
        return None
    return _square(match[0])


_CHESS = re.compile(
    r"(?:\b(?:chess|pawn|moves?|opens?|opened|opening|with|plays?|played|square|on|to|from)\s"
    r"|\b\d{1,3}\.{1,3}\s?|\b[KQRBN]?x?[a-h][1-8][+#]?[\s,]{1,2})$"
)


def _castle(match: re.Match[str], how: How) -> str:
    return (
        "castles queenside"
        if match[0].count("O") + match[0].count("0") == 3
        else "castles kingside"
    )


GAMES: tuple[Rule, ...] = (
    Rule(
        "chess",
        re.compile(r"(?<![\w-])(?:O-O-O|O-O|0-0-0)(?![\w-])"),
        _castle,
        ("O-O", "castles kingside"),
        frozenset("O0"),
    ),
    Rule(
        "chess",
        re.compile(
            r"(?<![\w-])(?:(?P<piece>[KQRBN])(?P<from>[a-h1-8])?(?P<takes>x)?|(?P<from2>[a-h])x)?"
            r"(?P<to>[a-h][1-8])(?P<promoted>=[QRBN])?(?P<check>[+#])?(?![\w-])"
        ),
        lambda match, how: _move_or_pawn(match, how),
        ("Nf3 and Qxd5+", "knight F three and queen takes D five check"),
        DIGITS,
    ),
    Rule(
        "score",
        re.compile(r"(?<![\w.,:/-])\d{1,3}(?:\.\d)?:\d{1,3}(?:\.\d)?(?![\w:/-]|[.,]\d)"),
        _ratio,
        ("a 3:1 ratio", "a three to one ratio"),
        frozenset(":"),
    ),
    Rule(
        "score",
        re.compile(r"(?<![\w.,:/$-])(?P<a>\d{1,3})[-–—](?P<b>\d{1,3})(?![\w:/%-]|[.,]\d)"),
        lambda match, how: (
            _score(match, how) if match["a"][0] != "0" or match["a"] == "0" else None
        ),
        ("won 3-1", "won three to one"),
        DIGITS,
    ),
)


def _move_or_pawn(match: re.Match[str], how: How) -> str | None:
    if match["piece"] or match["from2"] or match["check"] or match["promoted"]:
        if match["from2"]:
            return f"{letters(match['from2'])} takes {_square(match['to'])}" + (
                " check" if match["check"] == "+" else ""
            )
        return _move(match, how)
    return _square(match["to"]) if _pawn(match, how) else None
