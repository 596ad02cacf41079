"""Read text with tags in it, characters in any cutting: what stands between the tags, and they.

XML without what makes it dangerous: no DOCTYPE, no entities but five, nothing fetched, a limit on
everything before work is done. Strict, it refuses what is not well-formed, with line, column and
how to mend it; lenient, it takes whatever comes, and what is no tag is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from edge.errors import BadSsml
from edge.text import MAX_CHARACTERS
from edge.text.entities import ENTITY, character_of, is_begun

MAX_DEPTH = 64
"""Elements inside one another. Amazon's and Google's services take fewer."""
MAX_TAGS = 2_000
"""Tags of one text: one for every five characters of the longest."""
MAX_ATTRIBUTES = 16
"""Attributes of a tag. The element with most in the standard, audio, has 11."""
MAX_TAG = 2_000
"""Characters of a tag: room for an alias of a paragraph; and what is waited for at the most."""

_NAME = r"[^\W\d][\w.:-]*"
_STOPS = {"": re.compile("[<>\"']"), '"': re.compile('["<]'), "'": re.compile("['<]")}
"""Next places to look at in a tag, outside of quotes and inside."""
_LOOSE_TAG = re.compile(r"<[^<>]*>")
_INSIDE = re.compile(rf"(/?)({_NAME})((?:\s.*?|))(/?)", re.DOTALL)
_ATTRIBUTE = re.compile(rf"""\s+({_NAME})\s*=\s*("[^"]*"|'[^']*')""")
_LOOSE_ATTRIBUTE = re.compile(rf"""(?<![\w.:-])({_NAME})\s*=\s*("[^"]*"|'[^']*')""")
_BEGINS = re.compile(r"</?[^\W\d]")
_MAY_BEGIN = re.compile(r"<[/!]?(?:[^\W\d]|\Z)|<!")
_TEXT_END = re.compile(r"[<&]|\]\]>")
_HIDDEN = {"<!--": "-->", "<?": "?>", "<![CDATA[": "]]>"}
"""Beginning of a stretch without tags -> its end."""


@dataclass(frozen=True)
class Characters:
    """Text. Either each character is one of the source, or `end - start` of it mean one."""

    text: str
    start: int
    end: int
    """Places in the source, end exclusive."""


@dataclass(frozen=True)
class Opened:
    """A tag that opens an element."""

    name: str
    attributes: Mapping[str, str]
    start: int
    end: int
    place: Place


@dataclass(frozen=True)
class Closed:
    """A tag that closes an element; or the end of one that was never closed, if lenient."""

    name: str
    start: int
    end: int


Token = Characters | Opened | Closed


@dataclass(frozen=True)
class Place:
    """Where in the source; both count from 1."""

    line: int = 1
    column: int = 1

    def refuse(self, what: str, mend: str) -> BadSsml:
        """Make the error for a mistake here."""
        return BadSsml(f"ssml: line {self.line}, column {self.column}: {what}", mend)

    def after(self, text: str) -> Place:
        """Find the place behind `text` that begins here."""
        lines = text.count("\n")
        column = len(text) - text.rfind("\n") if lines else self.column + len(text)
        return Place(self.line + lines, column)


@dataclass
class TagReader:
    """Turns characters into tokens. `limit`: characters of the whole source.

    The tokens of a text are the same however it is cut, but that Characters may come in parts.
    """

    root: str
    """Name of the one element that holds all others, where strict."""
    lenient: bool = False
    limit: int = MAX_CHARACTERS
    _rest: str = field(default="", init=False)
    _at: int = field(default=0, init=False)  # place of _rest in the source
    _place: Place = field(default_factory=Place, init=False)
    _received: int = field(default=0, init=False)
    _open: list[tuple[str, Place]] = field(default_factory=list, init=False)
    _tags: int = field(default=0, init=False)
    _hidden: str = field(default="", init=False)  # how the stretch begins that is under way
    _begun: bool = field(default=False, init=False)  # the root was there
    _seen: tuple[int, str] = field(default=(1, ""), init=False)  # of a tag; the quote that is open

    def feed(self, chunk: str) -> Iterator[Token]:
        """Yield what the next characters complete. Raises BadSsml; then nothing more is read."""
        self._received += len(chunk)
        if self._received > self.limit and not self.lenient:
            raise self._place.refuse(
                f"the text has {self._received:,} characters, tags included; the limit is "
                f"{self.limit:,}",
                "Send it in several requests, each a whole <speak>.",
            )
        self._rest += chunk
        yield from self._read(last=False)

    def finish(self) -> Iterator[Token]:
        """Yield the rest. Raises BadSsml where something was not closed."""
        yield from self._read(last=True)
        if self._hidden and not self.lenient:
            raise self._place.refuse(
                f"{self._hidden} is not closed", f"Close it: {_HIDDEN[self._hidden]}"
            )
        if self._open and not self.lenient:
            name, place = self._open[-1]
            raise place.refuse(f"{_shown(name)} is not closed", f"Close it: {_closing(name)}")
        if not self._begun and not self.lenient:
            raise self._outside()
        while self._open:
            yield Closed(self._open.pop()[0], self._at, self._at)

    def _read(self, last: bool) -> Iterator[Token]:
        while self._rest:
            before = len(self._rest)
            if self._hidden:
                yield from self._in_hidden(last)
            elif self._rest[0] == "<":
                yield from self._in_markup(last)
            elif self._rest[0] == "&":
                yield from self._in_entity(last)
            else:
                yield from self._in_text(last)
            if len(self._rest) == before:
                return  # more must come

    def _take(self, length: int) -> str:
        taken, self._rest = self._rest[:length], self._rest[length:]
        self._seen = 1, ""
        self._at += length
        self._place = self._place.after(taken)
        return taken

    def _text(self, length: int, said: str | None = None) -> Iterator[Token]:
        """Yield so many characters of the source as text; or `said`, one character for all."""
        start, place = self._at, self._place
        taken = self._take(length)
        text = taken if said is None else said
        if not self._open and not self.lenient:
            words = text.lstrip("\ufeff \t\r\n")
            if words:
                raise place.after(text[: -len(words)]).refuse(*self._outside_words())
            return
        if text:
            yield Characters(text, start, self._at)

    def _in_text(self, last: bool) -> Iterator[Token]:
        found = _TEXT_END.search(self._rest)
        if found is None:
            end = self._rest[-2:]
            held = 0 if last else len(end) - len(end.rstrip("]"))  # of a ]]> that may come
            if len(self._rest) > held:
                yield from self._text(len(self._rest) - held)
        elif found.start():
            yield from self._text(found.start())
        elif self.lenient:
            yield from self._text(found.end())
        else:
            raise self._place.refuse("]]> stands outside of CDATA", "Write ]]&gt; instead.")

    def _in_entity(self, last: bool) -> Iterator[Token]:
        found = ENTITY.match(self._rest)
        if found is None and not last and is_begun(self._rest):
            return
        character = None if found is None else character_of(found, self.lenient)
        if found is not None and character is not None:
            yield from self._text(found.end(), character)
        elif self.lenient:
            yield from self._text(1)
        else:
            raise self._place.refuse(
                "& begins no character that is known here",
                "Write &amp; for an ampersand. Known: &lt; &gt; &amp; &quot; &apos; and &#233;",
            )

    def _in_hidden(self, last: bool) -> Iterator[Token]:
        """Pass over a comment or an instruction; what stands in CDATA is text."""
        begin, end = self._hidden, _HIDDEN[self._hidden]
        found = self._rest.find(end)
        if begin == "<!--" and not self.lenient:
            upto = len(self._rest) if found < 0 else found + 1
            dashes = self._rest.find("--", 0, upto)
            if 0 <= dashes != found and (dashes + 2 < len(self._rest) or last):
                raise self._place.after(self._rest[:dashes]).refuse(
                    "-- stands inside a comment", "End the comment with --> or leave one - out."
                )
        if found < 0:
            length = len(self._rest) if last else max(0, len(self._rest) - len(end) + 1)
        else:
            length = found
        if begin == "<![CDATA[" and length:
            yield from self._text(length)
        else:
            self._take(length)
        if found >= 0:
            self._take(len(end))
            self._hidden = ""

    def _in_markup(self, last: bool) -> Iterator[Token]:
        rest = self._rest
        for begin in _HIDDEN:
            if rest.startswith(begin):
                if begin == "<![CDATA[" and not self._open and not self.lenient:
                    raise self._outside()
                self._hidden = begin
                self._take(len(begin))
                return
            if begin.startswith(rest) and not last:
                return
        if rest.startswith("<!") and not self.lenient:
            raise self._place.refuse(
                "a declaration (<!DOCTYPE, <!ENTITY) is not read here",
                "Leave it out: no entity, file or network address is ever looked up.",
            )
        if len(rest) == 1 and not last:
            return
        length = self._tag_length() if _MAY_BEGIN.match(rest) else 0
        if length is None and not last and len(rest) <= MAX_TAG:
            return
        begins = _BEGINS.match(rest) is not None
        if begins and not length and self.lenient:
            loose = _LOOSE_TAG.match(rest[: MAX_TAG + 1])
            length = None if loose is None else loose.end()
        if length and (begins or (self.lenient and rest.startswith("<!"))):
            yield from self._in_tag(rest[:length])
        elif self.lenient:
            yield from self._text(1)
        elif begins and length is None and len(rest) > MAX_TAG:
            raise self._place.refuse(
                f"a tag has more than {MAX_TAG:,} characters, the limit",
                "Close it with > or shorten what it says.",
            )
        else:
            raise self._place.refuse(
                "< begins no tag that ends", "Write &lt; for less than, and close a tag with >"
            )

    def _tag_length(self) -> int | None:
        """Count the characters of the tag that begins here: 0 if a < stands in it, and None if
        its end has not come, or lies beyond the limit. What was looked at is not again."""
        at, quote = self._seen
        while (stop := _STOPS[quote].search(self._rest, at, MAX_TAG + 1)) is not None:
            at = stop.end()
            if stop[0] == "<":
                return 0
            if stop[0] == ">":
                return at
            quote = "" if quote else stop[0]
        self._seen = min(len(self._rest), MAX_TAG + 1), quote
        return None

    def _in_tag(self, tag: str) -> Iterator[Token]:
        start, place = self._at, self._place
        inside = _INSIDE.fullmatch(tag, 1, len(tag) - 1)
        self._tags += 1
        if inside is None or (inside[1] and (inside[4] or inside[3].strip())):
            if not self.lenient:
                raise place.refuse(
                    "this is no tag", 'Write it like <break time="500ms"/> or </prosody>'
                )
            self._take(len(tag))  # <!DOCTYPE> and the like mean nothing
            return
        if self._tags > MAX_TAGS and not self.lenient:
            raise place.refuse(
                f"more than {MAX_TAGS:,} tags, the limit", "Send the text in several requests."
            )
        self._take(len(tag))
        closes, name, written, empty = inside.groups()
        if self._tags > MAX_TAGS:
            return
        if closes:
            yield from self._close(name, start, place)
            return
        attributes = self._attributes(name, written, place)
        if not self._open and not self.lenient and (self._begun or name != self.root):
            raise place.refuse(*self._outside_words())
        self._begun = True
        if len(self._open) >= MAX_DEPTH:
            if not self.lenient:
                raise place.refuse(
                    f"elements lie more than {MAX_DEPTH} deep, the limit", "Close some before."
                )
            return
        self._open.append((name, place))
        yield Opened(name, attributes, start, self._at, place)
        if empty:
            self._open.pop()
            yield Closed(name, self._at, self._at)

    def _close(self, name: str, start: int, place: Place) -> Iterator[Token]:
        if self.lenient:
            if name in (opened for opened, _ in self._open):
                while (closed := self._open.pop()[0]) != name:
                    yield Closed(closed, start, start)
                yield Closed(name, start, self._at)
            return
        opened, where = self._open[-1] if self._open else ("", Place())
        if opened != name:
            if not opened:
                raise place.refuse(f"{_closing(name)} closes nothing", "Leave it out.")
            raise place.refuse(
                f"{_closing(name)} closes nothing: open is {_shown(opened)} of line {where.line}, "
                f"column {where.column}",
                f"Close that one first: {_closing(opened)}",
            )
        self._open.pop()
        yield Closed(name, start, self._at)

    def _attributes(self, name: str, written: str, place: Place) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.lenient:
            for match in _LOOSE_ATTRIBUTE.finditer(written):
                if len(found) < MAX_ATTRIBUTES:
                    found.setdefault(match[1], self._value(match[2][1:-1], place))
            return found
        done = 0
        while (next := _ATTRIBUTE.match(written, done)) and next[1] not in found:
            found[next[1]] = self._value(next[2][1:-1], place)
            done = next.end()
        if len(found) > MAX_ATTRIBUTES:
            raise place.refuse(
                f"a tag has {len(found)} attributes; the limit is {MAX_ATTRIBUTES}",
                "Leave some out.",
            )
        if written[done:].strip():
            raise place.refuse(
                f"the attributes of {_shown(name)} cannot be read",
                'Write each once and in quotes, as in <break time="500ms"/>',
            )
        return found

    def _value(self, written: str, place: Place) -> str:
        def meant(found: re.Match[str]) -> str:
            character = character_of(found, self.lenient)
            return found[0] if character is None else character

        if not self.lenient:
            known = sum(character_of(m, False) is not None for m in ENTITY.finditer(written))
            if written.count("&") > known:
                raise place.refuse(
                    "& in an attribute begins no character that is known here",
                    "Write &amp; for an ampersand.",
                )
        return ENTITY.sub(meant, written)

    def _outside(self) -> BadSsml:
        return self._place.refuse(*self._outside_words())

    def _outside_words(self) -> tuple[str, str]:
        if self._begun:
            return f"something stands behind </{self.root}>", f"Put all into one <{self.root}>."
        return (
            f"the text does not begin with <{self.root}>",
            f"Put it between <{self.root}> and </{self.root}>; plain text needs no text_format.",
        )


_KNOWN = frozenset(
    {"speak", "p", "s", "sub", "mark", "break", "say-as", "phoneme", "prosody", "emphasis", "lang"}
    | {"voice", "audio", "desc", "token", "w", "lexicon", "lookup", "meta", "metadata"}
)


def _shown(name: str) -> str:
    """Show a tag by its name if that is one of the standard's: others may be words of the text,
    which stay out of messages."""
    return f"<{name}>" if name in _KNOWN else "a tag"


def _closing(name: str) -> str:
    return f"</{name}>" if name in _KNOWN else "the closing tag"
