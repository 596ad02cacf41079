"""Read what is no prose in any language: Markdown, code, addresses of the web and of files,
hashtags, emoji. A language gives its words for the signs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from edge.text.claims import Claim, How, Rule, after, before
from edge.text.cutting import FENCE


@dataclass(frozen=True)
class Signs:
    """The words for what stands in addresses, and for what is left out."""

    dot: str = "dot"
    slash: str = "slash"
    backslash: str = "backslash"
    colon: str = "colon"
    at: str = "at"
    dash: str = "dash"
    underscore: str = "underscore"
    tilde: str = "tilde"
    hash: str = "hash"
    hashtag: str = "hashtag"
    equals: str = "equals"
    ampersand: str = "and"
    percent: str = "percent"
    plus: str = "plus"
    question: str = ""
    code_block: str = "a block of code"
    letters: Callable[[str], str] = lambda text: " ".join(text.upper())
    """Names letters and digits one by one."""
    digits: Callable[[str], str] = lambda digits: digits
    """Says a number in an address."""


def code_blocks(text: str, inside: bool, signs: Signs) -> list[Claim]:
    """Claim the blocks of code between fences. A block of one line is read, a longer one named.

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
        end = text.find(FENCE, start + len(FENCE))
        inner = text[start + len(FENCE) : end if end >= 0 else len(text)]
        head, newline, body = inner.partition("\n")
        at = end + len(FENCE) if end >= 0 else len(text)
        lines = body.strip().splitlines() if newline else [head.strip()]
        if len(lines) == 1 and end >= 0:
            first = start + len(FENCE) + (len(head) + 1 if newline else 0)
            found.append(Claim(start, first, "", "code"))
            found.append(Claim(end, at, ".", "code"))
        else:
            found.append(Claim(start, at, f"{signs.code_block}.", "code"))
    return found


_LINE = r"(?:^|(?<=\n))"
_TLD = (
    "com|org|net|edu|gov|io|ai|co|uk|de|fr|es|it|nl|eu|us|info|dev|app|tv|me|ca|au|jp|ch|at|be|pl|pt"
    "|se|no|fi|dk|ie|nz|in|br|mx|biz|xyz|online|tech|shop|site|cloud|ly|gl|gg|fm|local"
)
_FILE = (
    "txt|pdf|docx?|xlsx?|pptx?|csv|json|ya?ml|toml|xml|html?|css|jsx?|tsx?|py|ipynb|rs|go|java|kt|c|h|cpp"
    "|hpp|cs|rb|php|sh|bash|zsh|ps1|bat|exe|dll|so|zip|tar|gz|bz2|xz|7z|rar|iso|img|dmg|deb|rpm|apk|jpe?g"
    "|png|gif|svg|webp|bmp|ico|mp[34]|wav|flac|ogg|m4a|mov|avi|mkv|webm|md|rst|tex|log|conf|cfg|ini|env"
    "|lock|sql|db|onnx|pt|bin|key|pem|service|bak|tmp|epub|odt|ods"
)
_URL = (
    r"(?:https?://|ftp://|www\.)[\w\-.~:/?#@!$&*+,;=%]{1,300}(?<![.,;:!?])"
    rf"|(?<![\w@.\-/])(?:[\w-]{{1,40}}\.){{1,5}}(?:{_TLD})(?:(?::\d{{2,5}})?/[\w\-.~/?#@&+=%]{{0,200}}(?<![.,;:!?])|(?!\w|\.\w|-))"
)


def reading(signs: Signs) -> tuple[Rule, ...]:
    """Make the rules of a language from its words for signs."""
    return (*_markdown(signs), *_addresses(signs), *_emoji(signs))


# Markdown


def _if_marked(said: str) -> Callable[[re.Match[str], How], str | None]:
    return lambda match, how: None if how.markdown == "never" else said


def _emphasis(match: re.Match[str], how: How) -> str | None:
    """Leave a mark out that has its fellow in the same paragraph."""
    if how.markdown == "never":
        return None
    mark = match[0]
    behind = match.string[match.end() : match.end() + 400].partition("\n\n")[0]
    ahead = match.string[max(0, match.start() - 400) : match.start()].rpartition("\n\n")[2]
    opens = (
        re.match(r"[^\s]", behind) is not None
        and re.search(r"(?:^|[\s(\"“'\[>—–*_~|:-])$", ahead) is not None
    )
    closes = re.search(r"[^\s]$", ahead) is not None
    if opens and _closing(mark).search(behind):
        return ""
    if closes and _opening(mark).search(ahead):
        return ""
    return None


def _closing(mark: str) -> re.Pattern[str]:
    return re.compile(rf"[^\s]{re.escape(mark)}")


def _opening(mark: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|[^\w]){re.escape(mark)}[^\s]")


def _heading(match: re.Match[str], how: How) -> str | None:
    if how.markdown == "never" or (
        how.markdown == "auto" and match[0].strip() == "#" and re.match(r"\d", after(match))
    ):
        return None
    return ""


def _item(match: re.Match[str], how: How) -> str | None:
    """Take a list's mark for one where another line of a list is near, or no number follows."""
    if how.markdown == "never":
        return None
    alone = re.match(r"[\d.$€£]", after(match)) is not None
    others = re.search(r"(?:^|\n)\s{0,6}[-*+•]\s[^\n]{0,200}\n$", before(match, 240)) or re.search(
        r"\n\s{0,6}[-*+•]\s", after(match, 240)
    )
    if alone and not others and how.markdown != "always":
        return None
    return ""


def _line_end(match: re.Match[str], how: How) -> str | None:
    """End a line of a list or a heading as a sentence, so that a pause is heard."""
    if how.markdown == "never":
        return None
    line = before(match, 200).rpartition("\n")[2]
    return ".\n" if _STANDS_ALONE.match(line) else None


_STANDS_ALONE = re.compile(r"\s{0,8}(?:[-*+•]\s|\d{1,3}[.)]\s|#{1,6}\s|>)")


def _link(match: re.Match[str], how: How) -> str | None:
    return None if how.markdown == "never" else ""


def _row_end(match: re.Match[str], how: How) -> str | None:
    return None if how.markdown == "never" else "."


def _cell(match: re.Match[str], how: How) -> str | None:
    if how.markdown == "never":
        return None
    line_before = before(match, 300).rpartition("\n")[2]
    line_after = after(match, 300).partition("\n")[0]
    if not line_before.strip():
        return ""
    if not line_after.strip():
        return "."
    if "|" in line_before or "|" in line_after:
        return ","
    return None


def _markdown(signs: Signs) -> tuple[Rule, ...]:
    marks = frozenset("*_`#~|[]>-+•\n")
    return (
        Rule(
            "markdown",
            re.compile(
                rf"{_LINE}[ \t]{{0,3}}(?:\|?[ \t]{{0,3}}:?-{{2,40}}:?[ \t]{{0,3}}){{1,12}}\|?[ \t]{{0,3}}(?=\n|$)"
            ),
            _if_marked(""),
            ("a\n\n---\n\nb", "a\n\n\n\nb"),
            frozenset("-"),
        ),
        Rule(
            "markdown",
            re.compile(rf"{_LINE}[ \t]{{0,3}}(?:\*\s?){{3,12}}(?=\n|$)"),
            _if_marked(""),
            ("a\n\n***\n\nb", "a\n\n\n\nb"),
            frozenset("*"),
        ),
        Rule(
            "markdown",
            re.compile(rf"{_LINE}(?:>[ \t]?){{1,4}}(?=\S)"),
            _if_marked(""),
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
            ("- tea\n- milk", "tea.\nmilk"),
            frozenset("-*+•‣◦▪–"),
        ),
        Rule(
            "markdown",
            re.compile(r"(?<=[\w)\]*`\"”’'%°])[*_]{0,2}[ \t]{0,3}\n(?=\s{0,3}\S)"),
            _line_end,
            ("# A\nb", "A.\nb"),
            frozenset("\n"),
        ),
        Rule(
            "markdown",
            re.compile(r"!\[(?=[^\[\]\n]{0,200}\]\([^()\s]{1,300}\))"),
            _link,
            ("![a cat](cat.png)", "a cat"),
            frozenset("["),
        ),
        Rule(
            "markdown",
            re.compile(
                r"\[(?=[^\[\]\n]{1,200}\](?:\([^()\s]{1,300}(?:\s\"[^\"\n]{0,100}\")?\)|\[[^\[\]\n]{0,40}\]))"
            ),
            _link,
            ("see [our page](https://x.org/a)", "see our page"),
            frozenset("["),
        ),
        Rule(
            "markdown",
            re.compile(
                r"(?<=[^\[\n])\](?:\([^()\s]{1,300}(?:\s\"[^\"\n]{0,100}\")?\)|\[[^\[\]\n]{0,40}\])"
            ),
            _link,
            ("[a](b)", "a"),
            frozenset("]"),
        ),
        Rule(
            "markdown",
            re.compile(r"\[\^\d{1,3}\]:?"),
            _if_marked(""),
            ("so[^1]", "so"),
            frozenset("^"),
        ),
        Rule(
            "markdown",
            re.compile(r"<(?=https?://[^<>\s]{1,300}>)|(?<=\w)>(?=[\s.,;]|$)(?<=[\w/]>)"),
            lambda match, how: (
                ""
                if how.markdown != "never"
                and re.search(r"<https?://[^<>\s]{0,64}>?$|^$", before(match) + match[0])
                or match[0] == "<"
                else None
            ),
            ("<https://a.io>", "H T T P S colon slash slash a dot I O"),
            frozenset("<"),
        ),
        Rule(
            "markdown",
            re.compile(r"(?<!`)`{1,2}(?!`)"),
            _if_marked(""),
            ("the `edge` command", "the edge command"),
            frozenset("`"),
        ),
        Rule(
            "markdown",
            re.compile(
                r"(?<![*\\])\*{1,3}(?!\*)|(?<![~\\])~~(?!~)|(?<![\w_\\])_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?![\w_])"
            ),
            _emphasis,
            ("**bold** and _so_", "bold and so"),
            frozenset("*_~"),
        ),
        Rule(
            "markdown",
            re.compile(
                r"<br\s?/?>|</?(?:b|i|em|strong|u|p|sub|sup|code|div|span|li|ul|ol|h[1-6])>"
            ),
            lambda match, how: (
                None if how.markdown == "never" else ("," if match[0].startswith("<br") else "")
            ),
            ("<b>so</b>", "so"),
            frozenset("<"),
        ),
        Rule(
            "markdown",
            re.compile(r"\\(?=[*_#`\[\]()>+.!|~-])"),
            _if_marked(""),
            (r"5\. a", "five. a"),
            frozenset("\\"),
        ),
        Rule(
            "table",
            re.compile(r"[ \t]{0,20}\|[ \t]{0,20}"),
            _cell,
            ("| a | b |", "a, b."),
            frozenset("|"),
        ),
    )


# Addresses


def _spelled(text: str, signs: Signs, quiet: bool = False) -> str:
    """Say an address: words as words, signs by name; `quiet` leaves dashes and underscores out."""
    names = {
        ".": signs.dot,
        "/": signs.slash,
        "\\": signs.backslash,
        ":": signs.colon,
        "@": signs.at,
        "-": "" if quiet else signs.dash,
        "_": "" if quiet else signs.underscore,
        "~": signs.tilde,
        "#": signs.hash,
        "=": signs.equals,
        "&": signs.ampersand,
        "%": signs.percent,
        "+": signs.plus,
        "?": signs.question,
    }
    said: list[str] = []
    for part in _PART.findall(text):
        if part.isdigit():
            said.append(signs.digits(part))
        elif part[0].isalpha():
            said.append(_word(part, signs))
        elif name := names.get(part, ""):
            said.append(name)
    return " ".join(said)


_PART = re.compile(r"\d{1,40}|[A-Z]{2,20}(?![a-z])|[A-Z]?[^\W\d_A-Z]{1,60}|[A-Z]{1,60}|[^\w\s]|_")
_SPELLED_PARTS = frozenset(
    "https http www ftp io uk us eu tv html htm css js ts jsx tsx py pdf csv json xml svg png jpg jpeg gif mp mp3 db id api ui url "
    "src md txt tmp cfg ini sql ssh ssl usb gpu cpu img cc ch de fr es nl pl pt jp nz tsv rst yml exe dll gz rpm iso dmg apk deb wav bz xz rar lt rs hpp cpp cs rb php sh".split()
)
_AS_WORDS = frozenset("json yaml py txt gif deb img src id es de pt fr ini")


def _word(part: str, signs: Signs) -> str:
    if len(part) == 1 and part.isalpha():
        return signs.letters(part)
    if part.lower() in _SPELLED_PARTS - _AS_WORDS and len(part) < 6:
        return signs.letters(part)
    if part.isupper() and len(part) > 1 and not re.search("[AEIOUY]", part):
        return signs.letters(part)
    return part


def _url(match: re.Match[str], how: How, signs: Signs) -> str | None:
    text = match[0]
    if how.urls == "skip":
        return ""
    if how.urls == "host":
        host = re.sub(r"^(?:[a-z]{3,5}://)?(?:www\.)?", "", text)
        return _spelled(re.split(r"[/?#]", host)[0], signs)
    return _spelled(text.rstrip("/") if "://" not in text[-3:] else text, signs)


def _addresses(signs: Signs) -> tuple[Rule, ...]:
    def url(match: re.Match[str], how: How) -> str | None:
        return _url(match, how, signs)

    def mail(match: re.Match[str], how: How) -> str:
        return _spelled(match["it"], signs)

    def file(match: re.Match[str], how: How) -> str | None:
        return _spelled(match[0], signs, quiet=True)

    def tag(match: re.Match[str], how: How) -> str:
        parts = _PART.findall(match[1])
        words = [signs.digits(p) if p.isdigit() else _tag_word(p) for p in parts if p != "_"]
        return f"{signs.hashtag} {' '.join(words)}"

    def _tag_word(part: str) -> str:
        return part

    def handle(match: re.Match[str], how: How) -> str:
        return f"{signs.at} {_spelled(match[1], signs)}"

    return (
        Rule(
            "e-mail",
            re.compile(
                r"(?:mailto:)?(?P<it>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,60}(?:\.[\w-]{1,40}){1,4})"
            ),
            mail,
            (
                "jo.doe@x.org",
                f"jo {signs.dot} doe {signs.at} {signs.letters('x')} {signs.dot} org",
            ),
            frozenset("@"),
        ),
        Rule(
            "file",
            re.compile(
                rf"(?<![\w/.@:])(?!\d{{1,9}}\.\d)[\w-]{{1,60}}(?:\.[\w-]{{1,30}}){{0,3}}\.(?:{_FILE})(?![\w/]|\.\w)"
            ),
            lambda match, how: (
                file(match, how)
                if not re.fullmatch(
                    r"\w{1,20}\.(?:so|c|h|go|me|in|key|bin|pt|log|env|lock|service|conf)", match[0]
                )
                or re.search(r"[-_]", match[0])
                or match[0][0].islower()
                else None
            ),
            (
                "report_v2.csv",
                f"report {signs.letters('v')} {signs.digits('2')} {signs.dot} {signs.letters('csv')}",
            ),
            frozenset("."),
        ),
        Rule(
            "url",
            re.compile(_URL),
            url,
            ("example.org/news", f"example {signs.dot} org {signs.slash} news"),
            frozenset("."),
        ),
        Rule(
            "file",
            re.compile(
                r"(?<![\w/.:<])(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][\w.@+-]{1,60}){1,12}[/\\]?(?<![.,])"
                r"|(?<![\w/.:-])[A-Za-z_][\w-]{0,40}(?:/[\w.-]{1,60}){1,8}\.[a-z]{1,5}(?!\w)"
            ),
            lambda match, how: file(match, how) if _is_path(match) else None,
            ("/opt/voices", f"{signs.slash} opt {signs.slash} voices"),
            frozenset("/\\"),
        ),
        Rule(
            "hashtag",
            re.compile(r"(?<![\w&/#])#(?=\w{0,60}[^\W\d])(\w{1,60})"),
            tag,
            ("#HappyDay", f"{signs.hashtag} Happy Day"),
            frozenset("#"),
        ),
        Rule(
            "hashtag",
            re.compile(r"(?<![\w@./])@([A-Za-z_]\w{1,40})"),
            handle,
            ("@jane", f"{signs.at} jane"),
            frozenset("@"),
        ),
    )


def _is_path(match: re.Match[str]) -> bool:
    text = match[0]
    if text[0] in "~." or ":" in text[:2] or "\\" in text:
        return True
    if text[0] == "/":
        return (
            re.search(r"\w$", before(match, 1)) is None
            and re.match(r"/[a-zA-Z_.]", text) is not None
        )
    return True


# Emoji


_PICTURE = (
    "[\U0001f000-\U0001faff\u2600-\u26ff\u2700-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23f3\u23f8-\u23fa"
    "\u2049\u203c\u2139\u25aa-\u25ab\u25b6\u25c0\u25fb-\u25fe\u2934\u2935\u3030\u303d]"
)
_JOINED = "[\ufe0e\ufe0f\u200d\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"


def _emoji(signs: Signs) -> tuple[Rule, ...]:
    return (
        Rule(
            "emoji",
            re.compile(rf"\s?(?:[\d#*]\ufe0f?\u20e3|{_PICTURE}{_JOINED}{{0,8}}){{1,20}}"),
            lambda match, how: _emoji_said(match[0]) if how.emoji == "say" else _left_out(match),
            ("Well done 🎉!", "Well done!"),
        ),
        Rule(
            "emoji",
            re.compile(r"(?<=\s)(?:[:;=]-?[)(DPpOo/|]|<3|:'\(|[xX]D)(?=\s|$|[.,!?])"),
            lambda match, how: "",
            ("fine :)", "fine "),
            frozenset(":;=<xX"),
        ),
    )


def _left_out(match: re.Match[str]) -> str:
    keycap = re.match(r"\s?([\d#*])\ufe0f?\u20e3", match[0])
    if keycap and keycap[1].isdigit():
        return f" {keycap[1]}"
    return " " if match[0][0].isspace() and re.match(r"\w", after(match, 1)) else ""


def _emoji_said(text: str) -> str:
    import unicodedata

    names = [unicodedata.name(c, "").lower() for c in text if re.match(_PICTURE, c)]
    return " " + ", ".join(name for name in names if name)
