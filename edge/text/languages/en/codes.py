"""Say telephone numbers, versions, addresses of machines, scores, moves and model numbers in
English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, after, before
from edge.text.languages.en.numbers import DIGITS, by_digit, cardinal, letters, number, pairs

_CALLED = re.compile(
    r"\b(?:call|dial|phone|tel|telephone|fax|text|contact|ring|mobile|cell|hotline|number is)\b"
    r"[^\d]{0,24}$",
    re.IGNORECASE,
)


def _phone(match: re.Match[str], how: How) -> str | None:
    text = match["it"]
    digits = re.sub(r"\D", "", text)
    if not 7 <= len(digits) <= 15:
        return None
    extension = ""
    if match["ext"]:
        extension = f", extension {by_digit(match['ext'])}"
    said: list[str] = []
    for group in re.split(r"[^\d+A-Z]{1,4}", text[: match.end("main") - match.start("it")]):
        if not group:
            continue
        if group[0] == "+":
            said.append(f"plus {by_digit(group[1:])}")
        elif group in ("800", "900") and said and said[0] in ("one", "plus one"):
            said.append(f"{cardinal(group[0])} hundred")
        elif group.isalpha():
            said.append(group.capitalize())
        else:
            said.append(by_digit(group))
    return ", ".join(said) + extension


def _short_number(match: re.Match[str], how: How) -> str | None:
    return by_digit(match["it"]) if _CALLED.search(before(match)) else None


def _dotted(text: str) -> str:
    """Say the numbers of a version: 17.4.1 -> seventeen point four point one."""
    head, *tail = text.split(".")
    return " point ".join([cardinal(head), *(by_digit(part) for part in tail)])


def _octet(text: str) -> str:
    return by_digit(text) if len(text) > 2 else cardinal(text)


def _ip(match: re.Match[str], how: How) -> str | None:
    parts = match["ip"].split(".")
    if any(int(part) > 255 for part in parts):
        return None
    said = " dot ".join(_octet(part) for part in parts)
    if match["net"]:
        said += f" slash {cardinal(match['net'])}"
    return said + (f" colon {_port(match['port'])}" if match["port"] else "")


def _port(digits: str) -> str:
    return pairs(digits) if len(digits) == 4 else number(digits)


def _ipv6(match: re.Match[str], how: How) -> str:
    return " colon ".join(letters(part) if part else "" for part in match[0].split(":")).replace(
        "  ", " "
    )


def _postcode(match: re.Match[str], how: How) -> str:
    return f"{letters(match[1])}, {letters(match[2])}"


def _mac(match: re.Match[str], how: How) -> str:
    return ", ".join(letters(part) for part in re.split("[:-]", match[0]))


def _version(match: re.Match[str], how: How) -> str:
    word = "" if not match["v"] else "V " if match["v"] in "vV" else match["v"]
    said = word + _dotted(match["n"])
    if tail := match["tail"]:
        said += " " + " ".join(
            number(part) if part.isdigit() else part
            for part in re.findall(r"\d{1,8}|[a-z]{1,12}", tail)
        )
    return said


_GAME = re.compile(
    r"\b(?:won|wins?|beat|beats|lost|loses?|lead|leads|led|trail\w{0,3}|score[ds]?|final|drew|draw|tied"
    r"|tie|defeat\w{0,3}|victory|ahead|result|sets?|half-?time|full-?time|match|game|record|ended|odds)\b"
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


def _code(match: re.Match[str], how: How) -> str | None:
    """Say a code of letters and digits part by part: RTX 4090 -> R T X forty ninety."""
    return coded(match["it"])


def coded(text: str) -> str:
    """Say letters as letters where they are capitals or alone, digits by two."""
    said: list[str] = []
    for part in re.findall(r"\d{1,20}|[A-Z]?[a-z]{2,20}|[A-Za-z]{1,20}|[.+/]", text):
        if part.isdigit():
            said.append(_model(part))
        elif part == ".":
            said.append("point")
        elif part == "+":
            said.append("plus")
        elif part == "/":
            said.append("slash")
        elif len(part) > 1 and (
            part[1:].islower() or part in ("COVID", "SARS", "USB", "MiG", "NATO", "RAM")
        ):
            said.append(part if part.islower() or part[1:].islower() else part)
        else:
            said.append(letters(part))
    return " ".join(said)


def _model(digits: str) -> str:
    if digits[0] == "0" and len(digits) > 1:
        return by_digit(digits)
    if len(digits) <= 2:
        return cardinal(digits)
    if len(digits) == 3 and not digits.endswith("00"):
        return pairs(digits)
    return pairs(digits) if len(digits) <= 4 else by_digit(digits)


def _reference(match: re.Match[str], how: How) -> str:
    word = f"{match['word']} " if match["word"] else ""
    hash_sign = "number " if match["hash"] else ""
    digits = match["it"]
    said = cardinal(digits) if len(digits) < 4 and digits[0] != "0" else by_digit(digits)
    return f"{word}{hash_sign}{said}"


def _grouped(match: re.Match[str], how: How) -> str:
    return by_digit(match["it"])


def _hash_number(match: re.Match[str], how: How) -> str:
    digits = match[1].replace(",", "")
    return f"number {cardinal(digits) if len(digits) < 4 else by_digit(digits)}"


def _road(match: re.Match[str], how: How) -> str:
    digits = match["n"]
    said = pairs(digits) if len(digits) == 3 else cardinal(digits)
    return (
        f"{letters(match['road'])} {said}{' ' + letters(match['tail']) if match['tail'] else ''}"
    )


def _flight(match: re.Match[str], how: How) -> str:
    return f"{match['word']}{letters(match['line'])} {pairs(match['n'])}"


def _place(match: re.Match[str], how: How) -> str:
    """Say a gate, a room, a bus: B12 -> B twelve; 42A -> forty-two A."""
    first, digits, last = match["first"] or "", match["n"], match["last"] or ""
    said = (
        f"{letters(first)} {pairs(digits) if len(digits) == 3 else number(digits)} {letters(last)}"
    )
    return said.strip()


NUMBERED: tuple[Rule, ...] = (
    Rule(
        "phone",
        re.compile(
            r"(?<![\w.,/$€£-])(?P<it>(?P<main>"
            r"(?:\+?1[\s.-]?)?\(\d{3}\)\s?\d{3}[\s.-]\d{4}"
            r"|(?:\+?1[\s.-])?\d{3}[\s.-]\d{3}[\s.-]\d{4}"
            r"|1[\s.-](?:800|888|877|866|855|900)[\s.-][A-Z]{3,4}[\s-]?[A-Z\d]{3,4}"
            r"|1[\s.-](?:800|888|877|866|855|900)[\s.-][A-Z]{4,9}"
            r"|\+\d{1,3}(?:[\s.-]\(?\d{1,5}\)?){2,6}"
            r"|\+\d{9,14}"
            r"|\+\d{1,3}\s?\(0\)\s?\d{1,5}(?:[\s/-]\d{2,8}){1,4}"
            r"|\(0\d{2,5}\)\s?\d{3,4}[\s-]?\d{3,5}"
            r"|0\d{2,4}[\s-]\d{3,4}[\s-]\d{3,4}"
            r"|\d{3}-\d{4})(?:,?\s(?:ext\.?|x|extension)\s?(?P<ext>\d{1,6}))?)(?![\w]|[-/]\d)"
        ),
        _phone,
        ("(555) 123-4567", "five five five, one two three, four five six seven"),
        DIGITS,
    ),
    Rule(
        "phone",
        re.compile(r"(?<![\w.,$€£:-])(?P<it>\d{3,4}|\d{6,12})(?![\w:]|[.,-]\d)"),
        _short_number,
        ("call 911", "call nine one one"),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(r"(?<![\w.,/-])\d{1,5}(?:-\d{1,7}){2,5}(?![\w/]|[.,-]\d)"),
        lambda match, how: by_digit(match[0]),
        (
            "978-3-16-148410-0",
            "nine seven eight, three, one six, one four eight four one zero, zero",
        ),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(r"(?<![\w&/#])#([A-Z]{1,4}-?\d[A-Z\d-]{0,24})(?![\w])"),
        lambda match, how: f"number {coded(match[1])}",
        ("order #AB-1234", "order number eh B twelve thirty-four"),
        frozenset("#"),
    ),
    Rule(
        "phone",
        re.compile(r"(?<!\w)[Ee]xt\.?\s?(\d{3,5})(?!\w)"),
        lambda match, how: f"extension {by_digit(match[1])}",
        ("ext. 204 please", "extension two zero four please"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(
            r"(?<![\w.])(?P<ip>\d{1,3}(?:\.\d{1,3}){3})(?:/(?P<net>\d{1,2}))?(?::(?P<port>\d{1,5}))?(?![\w]|\.\d)"
        ),
        _ip,
        ("192.168.1.10", "one nine two dot one six eight dot one dot ten"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(r"(?<!\w)([A-Z]{1,2}\d[A-Z\d]?)\s(\d[A-Z]{2})(?!\w)"),
        _postcode,
        ("SW1A 1AA", "S W one eh, one eh eh"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}(?![\w:])"),
        _mac,
        ("00:1B:44:11:3A:B7", "zero zero, one B, four four, one one, three eh, B seven"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(
            r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){1,7}(?::|(?::?[0-9a-fA-F]{1,4}){1,7})(?<=::)?(?![\w:])"
        ),
        lambda match, how: (
            _ipv6(match, how) if "::" in match[0] or match[0].count(":") > 4 else None
        ),
        ("fe80::1", "F E eight zero colon colon one"),
        frozenset(":"),
    ),
    Rule(
        "address",
        re.compile(r"\b[Pp]ort\s(?P<it>\d{2,5})(?!\w)"),
        lambda match, how: _port(match["it"]),
        ("port 8080", "port eighty eighty"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(r"(?<=\blocalhost):(\d{2,5})(?!\w)"),
        lambda match, how: f" colon {_port(match[1])}",
        ("localhost:5000", "localhost colon five thousand"),
        frozenset(":"),
    ),
    Rule(
        "phone",
        re.compile(r"(?:\b[Dd]ial|\b[Pp]ress)\s(?P<it>[*#][\d*#]{1,8})(?!\w)"),
        lambda match, how: " ".join(
            {"*": "star", "#": "pound"}.get(c) or by_digit(c) for c in match["it"]
        ),
        ("dial *67", "dial star six seven"),
        frozenset("*#"),
    ),
    Rule(
        "version",
        re.compile(
            r"(?<![\w.])(?P<v>[vV]|[Vv]ersion\s)?(?P<n>\d{1,4}(?:\.\d{1,6}){2,4})(?P<tail>(?:[.+-]?(?:alpha|beta|rc|dev|post|pre|b|a)[.-]?\d{0,4}))?(?![\w]|\.\d)"
        ),
        _version,
        ("2.10.1-beta", "two point one zero point one beta"),
        DIGITS,
    ),
    Rule(
        "version",
        re.compile(
            r"(?<![\w.])(?P<v>[vV])\.?\s?(?P<n>\d{1,4}(?:\.\d{1,6}){0,1})(?P<tail>(?:[.+-]?(?:alpha|beta|rc|dev|post|pre)[.-]?\d{0,4}))?(?![\w]|\.\d)"
        ),
        _version,
        ("v1.0", "V one point zero"),
        DIGITS,
    ),
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
"""What other rules could take for ranges, dates or measures."""

CODES: tuple[Rule, ...] = (
    Rule(
        "code",
        re.compile(r"(?<!\w)#\s?(\d{1,3}(?:,\d{3}){1,3}|\d{1,12})(?![\w-])"),
        _hash_number,
        ("#5", "number five"),
        frozenset("#"),
    ),
    Rule(
        "code",
        re.compile(
            r"\b(?:ISBN|IBAN|SKU|PIN|[Cc]ode|[Pp]asscode|[Tt]racking|[Oo]rder|[Ii]nvoice|[Aa]ccount|[Tt]icket"
            r"|[Cc]onfirmation|[Rr]eference|[Ss]erial|[Cc]ase|[Rr]ef\.?|[Ee]nding in|ID)"
            r"(?:\s(?:number|code|no\.?|is|ID|was))?:?\s#?(?P<it>\d(?:[\d\s-]{1,30}\d)?)(?![\w]|[.,]\d)"
        ),
        _grouped,
        ("PIN 4821", "PIN four eight two one"),
        DIGITS,
    ),
    Rule(
        "transport",
        re.compile(
            r"(?P<word>\b[Ff]light\s)(?P<line>[A-Z]{2}|[A-Z]\d|\d[A-Z])\s?-?(?P<n>\d{1,4})(?!\w)"
        ),
        _flight,
        ("Flight BA2490", "Flight B eh twenty-four ninety"),
        DIGITS,
    ),
    Rule(
        "transport",
        re.compile(
            r"(?<![\w-])(?P<road>I|US|SR|CR|[AMBE])(?:-|\s(?=\d{2,3}\b))?(?P<n>\d{1,4})(?P<tail>[NSEW])?(?![\w-]|\.\d)"
        ),
        lambda match, how: (
            _road(match, how)
            if "-" in match[0] or match["road"] in ("US", "SR", "CR") or " " not in match[0]
            else None
        ),
        ("I-95 and the M25", "I ninety-five and the M twenty-five"),
        DIGITS,
    ),
    Rule(
        "transport",
        re.compile(
            r"\b(?:[Gg]ate|[Pp]latform|[Ee]xit|[Bb]us|[Ll]ine|[Rr]oute|[Ss]eat|[Rr]oom|[Tt]rack|[Bb]ay"
            r"|[Tt]erminal|[Tt]ram|[Ll]evel|[Rr]ow|[Zz]one|[Uu]nit|[Aa]pt\.?|[Ss]uite|[Aa]partment|[Ff]orm|[Tt]rain|[Hh]ighway|[Dd]oor)"
            r"\s(?P<it>(?P<first>[A-Z]{0,3})-?(?P<n>\d{1,4})(?P<last>[A-Z]?))(?![\w-]|\.\d)"
        ),
        _place,
        ("Gate B12", "Gate B twelve"),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(
            r"(?<![\w.,$€£#@/\\-])(?P<it>(?=[A-Za-z\d-]{0,30}\d)(?=[\d-]{0,30}[A-Za-z])"
            r"[A-Za-z\d]{1,24}(?:[-+.](?=[A-Za-z\d])[A-Za-z\d]{1,16}){0,4}\+?)(?![\w@/\\]|[.,]\d)"
        ),
        lambda match, how: _code(match, how) if _is_code(match["it"]) else None,
        ("RTX4090 and B2B", "R T X forty ninety and B two B"),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(r"(?<=[A-Z]{2}\s)(?P<it>\d{3,4})(?![\w]|[.,:]\d|\s?(?:%|people|times))"),
        lambda match, how: (
            pairs(match["it"])
            if re.search(r"\b(?:[A-Z]{2,5})\s$", before(match))
            and not re.search(r"\b(?:BC|AD|IN|THE|AND|OF|OR|TO|AT|ON|US|FROM)\s$", before(match))
            else None
        ),
        ("RTX 4090", "RTX forty ninety"),
        DIGITS,
    ),
    Rule(
        "code",
        re.compile(r"(?<![\w.,])0\d{1,20}(?![\w]|[.,]\d)"),
        lambda match, how: by_digit(match[0]),
        ("007", "zero zero seven"),
        frozenset("0"),
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


_ORDERED = re.compile(r"\d{1,3}(?:st|nd|rd|th)-")
_NO_CODE = re.compile(r"\d{1,21}(?:st|nd|rd|th|s|am|pm|AM|PM|k|K|M|B|bn|x|X)?")


def _is_code(text: str) -> bool:
    return _NO_CODE.fullmatch(text) is None and not _ORDERED.match(text)
