"""Read addresses of the web and of files, hashtags and emoji; a language gives its words for the
signs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from edge.text.claims import INNER_DOT, NOT_ASCII, How, Rule, after, before
from edge.text.markdown import MARKDOWN


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
    letters: Callable[[str], str] = lambda text: " ".join(text.upper())
    """Names letters and digits one by one."""
    digits: Callable[[str], str] = lambda digits: digits
    """Says a number in an address."""


_TLD = (
    "com|org|net|edu|gov|io|ai|co|uk|de|fr|es|it|nl|eu|us|info|dev|app|tv|me|ca|au|jp"
    "|ch|at|be|pl|pt"
    "|se|no|fi|dk|ie|nz|in|br|mx|biz|xyz|online|tech|shop|site|cloud|ly|gl|gg|fm|local"
)
_FILE = (
    "txt|pdf|docx?|xlsx?|pptx?|csv|json|ya?ml|toml|xml|html?|css|jsx?|tsx?|py|ipynb|rs"
    "|go|java|kt|c|h|cpp"
    "|hpp|cs|rb|php|sh|bash|zsh|ps1|bat|exe|dll|so|zip|tar|gz|bz2|xz|7z|rar|iso|img"
    "|dmg|deb|rpm|apk|jpe?g"
    "|png|gif|svg|webp|bmp|ico|mp[34]|wav|flac|ogg|m4a|mov|avi|mkv|webm|md|rst|tex|log"
    "|conf|cfg|ini|env"
    "|lock|sql|db|onnx|pt|bin|key|pem|service|bak|tmp|epub|odt|ods"
)
_URL = (
    r"(?:https?://|ftp://|www\.)[\w\-.~:/?#@!$&*+,;=%]{1,300}(?<![.,;:!?])"
    rf"|(?<![\w@.\-/])(?:[\w-]{{1,40}}\.){{1,5}}(?:{_TLD})(?:(?::\d{{2,5}})?/[\w\-.~/?#@&"
    rf"+=%]{{0,200}}(?<![.,;:!?])|(?!\w|\.\w|-))"
)


def reading(signs: Signs) -> tuple[Rule, ...]:
    """Make the rules of a language from its words for signs."""
    return (*MARKDOWN, *_addresses(signs), *_emoji(signs))


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
        if part.isdecimal():
            said.append(signs.digits(part))
        elif part[0].isalpha():
            said.append(_word(part, signs))
        elif name := names.get(part, ""):
            said.append(name)
    return " ".join(said)


_PART = re.compile(r"\d{1,40}|[A-Z]{2,20}(?![a-z])|[A-Z]?[^\W\d_A-Z]{1,60}|[A-Z]{1,60}|[^\w\s]|_")
_SPELLED_PARTS = frozenset(
    [
        "https",
        "http",
        "www",
        "ftp",
        "io",
        "uk",
        "us",
        "eu",
        "tv",
        "html",
        "htm",
        "css",
        "js",
        "ts",
        "jsx",
        "tsx",
        "py",
        "pdf",
        "csv",
        "json",
        "xml",
        "svg",
        "png",
        "jpg",
        "jpeg",
        "gif",
        "mp",
        "mp3",
        "db",
        "id",
        "api",
        "ui",
        "url",
        "src",
        "usr",
        "md",
        "txt",
        "tmp",
        "cfg",
        "ini",
        "sql",
        "ssh",
        "ssl",
        "usb",
        "gpu",
        "cpu",
        "img",
        "cc",
        "ch",
        "de",
        "fr",
        "es",
        "nl",
        "pl",
        "pt",
        "jp",
        "nz",
        "tsv",
        "rst",
        "yml",
        "exe",
        "dll",
        "gz",
        "rpm",
        "iso",
        "dmg",
        "apk",
        "deb",
        "wav",
        "bz",
        "xz",
        "rar",
        "lt",
        "rs",
        "hpp",
        "cpp",
        "cs",
        "rb",
        "php",
        "sh",
    ]
)
_AS_WORDS = frozenset("json yaml py txt gif deb img src id es de pt fr ini")


def _word(part: str, signs: Signs) -> str:
    if len(part) == 1 and part.isalpha():
        return signs.letters(part)
    if part.lower() in _SPELLED_PARTS - _AS_WORDS and len(part) < 6:
        return signs.letters(part)
    if part.isupper() and len(part) > 4:
        return part.lower()
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
        words = [signs.digits(p) if p.isdecimal() else _tag_word(p) for p in parts if p != "_"]
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
                r"(?<![\w/.:<\\])(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][\w.@+-]{1,60}){1,12}[/"
                r"\\]?(?<![.,])"
                r"|(?<![\w/.:-])[A-Za-z_][\w-]{0,40}(?:/[\w.-]{1,60}){1,8}\.[a-z]{1,5}(?!\w)"
            ),
            lambda match, how: file(match, how) if _is_path(match) else None,
            ("/opt/voices", f"{signs.slash} opt {signs.slash} voices"),
            frozenset("/\\"),
        ),
        Rule(
            "file",
            re.compile(
                rf"(?<![\w/.@:])(?!\d{{1,9}}\.\d)[\w-]{{1,60}}(?:\.[\w-]{{1,30}}){{0,3}}"
                rf"\.(?:{_FILE})(?![\w/]|\.\w)"
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
                f"report {signs.letters('v')} {signs.digits('2')} {signs.dot} "
                f"{signs.letters('csv')}",
            ),
            frozenset(INNER_DOT),
        ),
        Rule(
            "url",
            re.compile(_URL),
            url,
            ("example.org/news", f"example {signs.dot} org {signs.slash} news"),
            frozenset((INNER_DOT, "/")),
        ),
        Rule(
            "hashtag",
            re.compile(r"(?<![\w&/#])#(?![A-Z]{1,4}-?\d)(?=\w{0,60}[^\W\d])(\w{1,60})"),
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
    if any(c.isnumeric() and not c.isdecimal() for c in text):
        return False  # a fraction
    if text[0] in "~." or ":" in text[:2] or "\\" in text:
        return True
    if text[0] == "/":
        return (
            re.search(r"[\w€$£¥%°)]$", before(match, 1)) is None
            and re.match(r"/[a-zA-Z_.]", text) is not None
        )
    return True


# Emoji


_PICTURE = (
    "[\U0001f000-\U0001faff\u2600-\u26ff\u2700-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23f3"
    "\u23f8-\u23fa\u2049\u203c\u2139\u25aa-\u25ab\u25b6\u25c0\u25fb-\u25fe\u2934\u2935\u3030\u303d]"
)
_JOINED = "[\ufe0e\ufe0f\u200d\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"


def _emoji(signs: Signs) -> tuple[Rule, ...]:
    return (
        Rule(
            "emoji",
            re.compile(rf"\s?(?:[\d#*]\ufe0f?\u20e3|{_PICTURE}{_JOINED}{{0,8}}){{1,20}}"),
            lambda match, how: _emoji_said(match[0]) if how.emoji == "say" else _left_out(match),
            ("Well done 🎉!", "Well done!"),
            frozenset(NOT_ASCII),
        ),
        Rule(
            "emoji",
            re.compile(r"(?<=\s)(?:[:;]-?[)(DPpOo/|]|=-?[)(DP]|:'\(|[xX]D)(?=\s|$|[.,!?])"),
            lambda match, how: "",
            ("fine :)", "fine "),
            frozenset(":;=<xX"),
        ),
    )


def _left_out(match: re.Match[str]) -> str:
    keycap = re.match(r"\s?([\d#*])\ufe0f?\u20e3", match[0])
    if keycap and keycap[1].isdecimal():
        return f" {keycap[1]}"
    return " " if match[0][0].isspace() and re.match(r"\w", after(match, 1)) else ""


def _emoji_said(text: str) -> str:
    import unicodedata

    names = [unicodedata.name(c, "").lower() for c in text if re.match(_PICTURE, c)]
    return " " + ", ".join(name for name in names if name)
