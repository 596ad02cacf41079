"""Read SSML, characters in any cutting: runs of text and how each is spoken, breaks and marks.

Nothing here does I/O. docs/use/ssml.md is the page, with what is not supported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from edge.errors import BadSsml
from edge.text import LANGUAGE, MAX_CHARACTERS, prosody
from edge.text.alphabets import ALPHABETS, unknown_sign
from edge.text.markup import (
    PLAIN,
    Break,
    End,
    Given,
    Item,
    Manner,
    Mark,
    Pause,
    Phonemes,
    Run,
    SayAs,
    Warned,
)
from edge.text.tags import Characters, Closed, Opened, Place, TagReader

MAX_MARK = 128
"""Characters of a mark's name; a voice's name and a speaker's have as many."""
KINDS = frozenset(
    {"characters", "spell-out", "verbatim", "digits", "number", "cardinal", "ordinal", "fraction"}
    | {"unit", "telephone", "date", "time", "currency", "address", "expletive"}
)
"""Kinds that say-as knows as interpret-as."""

_CONTROL = dict.fromkeys((*range(32), 127))
"""A mark's name may be written as a line of some protocol, so it holds no end of a line."""
_APART = frozenset({"p", "paragraph", "s", "sentence"})
_HIDDEN = frozenset({"metadata", "desc"})
_PLAIN_TAGS = frozenset({"speak", "meta", "metadata", "lookup", "desc"})
_IGNORED = {
    "audio": "no sound is fetched, and what stands in its place is spoken",
    "lexicon": "no file is fetched; the owner's lexicon says how words are read",
}
_PROSODY: Mapping[str, tuple[Callable[[str], float], Callable[[Manner, float], Manner]]] = {
    "rate": (prosody.rate, Manner.with_rate),
    "volume": (prosody.volume, Manner.louder),
    "pitch": (prosody.pitch, Manner.higher),
}
_WORD_END = re.compile(r"[^\W_]\Z")
_RESET = {"rate": {"rate": 1.0}, "volume": {"decibels": 0.0}, "pitch": {"semitones": 0.0}}


@dataclass
class _Element:
    """An open element, and what holds again when it is closed."""

    name: str
    manner: Manner
    given: Given | None
    muted: bool
    said: int
    """Runs before it."""
    start: int
    alias: str | None = None
    """Text in place of its own."""


@dataclass
class SsmlReader:
    """Turns characters into items. Raises BadSsml where strict; lenient, it takes whatever
    comes."""

    lenient: bool = False
    limit: int = MAX_CHARACTERS
    """Characters of the whole source."""
    _tags: TagReader = field(init=False)
    _open: list[_Element] = field(default_factory=list, init=False)
    _manner: Manner = field(default=PLAIN, init=False)
    _given: Given | None = field(default=None, init=False)
    _muted: bool = field(default=False, init=False)
    _last: str = field(default="", init=False)  # character that was said last
    _said: int = field(default=0, init=False)  # runs so far

    def __post_init__(self) -> None:
        self._tags = TagReader("speak", self.lenient, self.limit)

    def feed(self, chunk: str) -> Iterator[Item]:
        """Yield what the next characters complete."""
        for token in self._tags.feed(chunk):
            yield from self._item(token)

    def finish(self) -> Iterator[Item]:
        """Yield the rest."""
        for token in self._tags.finish():
            yield from self._item(token)

    def _item(self, token: Characters | Opened | Closed) -> Iterator[Item]:
        if isinstance(token, Characters):
            if not self._muted:
                yield self._run(token.text, token.start, token.end)
        elif isinstance(token, Opened):
            element = _Element(
                token.name, self._manner, self._given, self._muted, self._said, token.start
            )
            self._open.append(element)
            if self._muted:
                return
            try:
                yield from self._opened(token)
            except _Refused as refused:
                if not self.lenient:
                    raise refused.at(token.place) from None
                yield Warned(token.start, f"{refused.what}; its words are spoken")
        else:
            element = self._open.pop()
            if element.name in _APART and not element.muted:
                yield End(token.start)
            if element.alias is not None:
                yield self._run(element.alias, element.start, token.end)
            given = self._given
            if (
                isinstance(given, Phonemes)
                and given != element.given
                and self._said == element.said
            ):
                yield self._run(given.sounds, token.start, token.start)  # it has no text
            self._manner, self._given = element.manner, element.given
            self._muted = element.muted

    def _run(self, text: str, start: int, end: int) -> Run:
        self._last, self._said = text[-1:] or self._last, self._said + 1
        return Run(text, start, end, self._manner, self._given)

    def _opened(self, tag: Opened) -> Iterator[Item]:
        name = tag.name.removeprefix("ssml:")
        language = tag.attributes.get("xml:lang")
        if name in _APART:
            yield End(tag.start)
        if language is not None and (name == "speak" or name in _APART):
            self._speak_language(language, document=name == "speak")
        if name in _APART or name in _PLAIN_TAGS:
            self._muted = name in _HIDDEN
        elif name in ("token", "w"):
            if _WORD_END.search(self._last):
                yield self._run(" ", tag.start, tag.start)
        elif name == "break":
            yield self._break(tag)
        elif name == "mark":
            mark = _needed(tag, "name").translate(_CONTROL)
            if not 0 < len(mark) <= MAX_MARK:
                raise _Refused(f"mark: name has 1 to {MAX_MARK} characters", 'name="here"')
            yield Mark(mark, tag.start)
        elif name == "sub":
            self._open[-1].alias, self._muted = _needed(tag, "alias"), True
        elif name == "say-as":
            yield from self._say_as(tag)
        elif name == "phoneme":
            self._given = _phonemes(tag)
        elif name == "prosody":
            yield from self._prosody(tag)
        elif name == "emphasis":
            level = tag.attributes.get("level", "moderate")
            factor, decibels = _value(tag, "level", lambda _: prosody.emphasis(level))
            self._manner = self._manner.with_rate(factor).louder(decibels)
        elif name == "lang":
            self._speak_language(_needed(tag, "xml:lang"), document=False)
        elif name == "voice":
            yield from self._voice(tag)
        else:
            what = _IGNORED.get(name, "it means nothing here, and its words are spoken")
            shown = f"<{name}>" if name in _IGNORED else "a tag"
            yield Warned(tag.start, f"{shown}: {what}")

    def _break(self, tag: Opened) -> Item:
        if "time" in tag.attributes:
            return Break(_value(tag, "time", prosody.seconds), tag.start)
        if "strength" in tag.attributes:
            return Pause(_value(tag, "strength", prosody.strength), tag.start)
        return Pause(prosody.STRENGTHS["medium"], tag.start)

    def _say_as(self, tag: Opened) -> Iterator[Item]:
        kind = _needed(tag, "interpret-as").strip()
        if kind not in KINDS:
            yield Warned(tag.start, "<say-as>: this kind is not known, and is read as text")
            return
        self._given = SayAs(kind, tag.attributes.get("format", "").strip())

    def _prosody(self, tag: Opened) -> Iterator[Item]:
        for key, (read, apply) in _PROSODY.items():
            if key not in tag.attributes:
                continue
            if tag.attributes[key].strip() == "default":
                self._manner = replace(self._manner, **_RESET[key])  # type: ignore[arg-type]
                continue
            self._manner = apply(self._manner, _value(tag, key, read))
        for key in ("contour", "range", "duration"):
            if key in tag.attributes:
                yield Warned(tag.start, f"<prosody>: {key} is not supported")

    def _voice(self, tag: Opened) -> Iterator[Item]:
        if "xml:lang" in tag.attributes or "language" in tag.attributes:
            key = "xml:lang" if "xml:lang" in tag.attributes else "language"
            self._speak_language(tag.attributes[key], document=False)
        if name := tag.attributes.get("name", "").strip():
            self._manner = replace(self._manner, voice=name)
        for key in ("gender", "age", "variant"):
            if key in tag.attributes:
                yield Warned(tag.start, f"<voice>: {key} is not supported; name one")

    def _speak_language(self, written: str, document: bool) -> None:
        language = written.strip().replace("-", "_")
        first, _, rest = language.partition("_")
        country = rest.upper() if len(rest) == 2 else rest
        language = f"{first.lower()}_{country}" if country else first.lower()
        if not LANGUAGE.fullmatch(language):
            raise _Refused("xml:lang is no language", 'Write it like xml:lang="en-US"')
        self._manner = replace(self._manner, language=language, document=document)


class _Refused(Exception):
    """A mistake in a tag."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what, self.mend = what, mend

    def at(self, place: Place) -> BadSsml:
        return place.refuse(self.what, self.mend)


def _needed(tag: Opened, key: str) -> str:
    if key not in tag.attributes:
        raise _Refused(f"{tag.name}: {key} is missing", f'Write <{tag.name} {key}="...">')
    return tag.attributes[key]


def _value(tag: Opened, key: str, read: Callable[[str], prosody.Value]) -> prosody.Value:
    try:
        return read(tag.attributes.get(key, ""))
    except ValueError as error:
        name = tag.name.removeprefix("ssml:")
        raise _Refused(f"{name}: {key} is not one that is known", f"Write {error}.") from None


def _phonemes(tag: Opened) -> Phonemes:
    sounds = _needed(tag, "ph").strip()
    alphabet = ALPHABETS.get(tag.attributes.get("alphabet", "ipa").strip().lower())
    if alphabet is None:
        raise _Refused(
            "phoneme: this alphabet is not known",
            f"Choose one of: {', '.join(ALPHABETS)}",
        )
    if not sounds:
        raise _Refused("phoneme: ph is empty", 'Give sounds, as in ph="təˈmɑːtoʊ"')
    if (sign := unknown_sign(sounds, alphabet)) is not None:
        raise _Refused(
            f"phoneme: {sign!r} in ph is no sign of {alphabet}",
            "docs/use/ssml.md lists the signs.",
        )
    return Phonemes(sounds, alphabet)
