"""Hand out the text of an utterance: whole, or in pieces as it comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from edge.errors import BadSsml, EmptyText
from edge.text import MAX_CHARACTERS, MAX_STREAM, TextFormat
from edge.text.claims import Markdown
from edge.text.cleaning import Piece, clean_piece
from edge.text.cutting import Splitter, Unfinished
from edge.text.markup import Gap, Warned
from edge.text.ssml_splitter import Part, SsmlSplitter


class TextFeed:
    """A text that is taken piece by piece. Not thread-safe: the lock of synthesis guards it."""

    def __init__(self, format: TextFormat = "auto") -> None:
        self.format = format
        self._splitter = self._make_splitter()
        self._parts: deque[Part] = deque()
        self.received = 0
        """Characters that have come."""
        self.closed = False
        """True if no more text comes."""

    @classmethod
    def whole(cls, text: str, format: TextFormat = "auto") -> TextFeed:
        """Make one that holds all of a text. Raises EmptyText, TextTooLong, BadSsml."""
        feed = cls(format)
        feed.received, feed.closed = len(text), True
        if not feed.is_ssml:
            feed._parts.append(clean_piece(Piece(text)))
            return feed
        feed._take_ssml(text)
        gaps = [part for part in feed._parts if isinstance(part, Gap)]
        if len(gaps) == len(feed._parts) and not any(gap.seconds for gap in gaps):
            raise EmptyText(
                f"nothing to speak in SSML of {len(text)} characters",
                "Give words: edge say --ssml '<speak>Hello from the board.</speak>'",
            )
        return feed

    @classmethod
    def words_of(cls, text: str, format: TextFormat = "auto") -> TextFeed:
        """Make one that holds all of a text, which may have no words. Raises TextTooLong,
        BadSsml."""
        try:
            return cls.whole(text, format)
        except EmptyText:
            feed = cls(format)
            feed.closed = True
            if feed.is_ssml:  # its marks are told all the same
                feed._take_ssml(text)
            return feed

    def cut_by(self, unfinished: Unfinished) -> None:
        """Never cut where `unfinished` says that the text may go on; to be called before any text
        comes."""
        if not self.received:
            self._splitter = self._make_splitter(unfinished)

    @property
    def is_ssml(self) -> bool:
        return self.format in ("ssml", "ssml-lenient")

    @property
    def markdown(self) -> Markdown | None:
        """Tell whether Markdown's marks are marks in it; None if the owner decides."""
        if self.format == "auto":
            return None
        return "always" if self.format == "markdown" else "never"

    def new_warnings(self) -> list[Warned]:
        """Take what was asked for and is not done, since the last call."""
        splitter = self._splitter
        if not isinstance(splitter, SsmlSplitter):
            return []
        found, splitter.warnings = splitter.warnings, []
        return found

    @property
    def ready(self) -> bool:
        """True if take() has an answer."""
        return bool(self._parts) or self.closed

    @property
    def waiting(self) -> int:
        """Characters that were not taken yet."""
        pieces = sum(len(part.text) for part in self._parts if isinstance(part, Piece))
        return pieces + self._splitter.waiting

    def add(self, chunk: str) -> None:
        """Take more text, cut anywhere."""
        self.received += len(chunk)
        self._keep(self._splitter.feed(chunk))

    def close(self) -> None:
        """Say that no more text comes."""
        if not self.closed:
            self.closed = True
            self._keep(self._splitter.finish())

    def take(self) -> Piece | Gap | None:
        """Take the next piece, cleaned, or the silence between two; None if there is none, or the
        text is at its end. Raises BadSsml where a mistake comes."""
        if not self._parts:
            return None
        part = self._parts.popleft()
        if isinstance(part, BadSsml):
            raise part
        return part

    def _take_ssml(self, text: str) -> None:
        """Take all of a text. Raises BadSsml."""
        splitter = SsmlSplitter(self.format == "ssml-lenient", MAX_CHARACTERS, whole=True)
        self._splitter = splitter
        for part in [*splitter.feed(text), *splitter.finish()]:
            if isinstance(part, BadSsml):
                raise part
            self._parts.append(part)

    def _make_splitter(self, unfinished: Unfinished | None = None) -> Splitter | SsmlSplitter:
        if self.is_ssml:
            lenient = self.format == "ssml-lenient"
            return SsmlSplitter(lenient, MAX_STREAM, whole=False, unfinished=unfinished)
        return Splitter() if unfinished is None else Splitter(unfinished)

    def _keep(self, parts: Iterable[Part]) -> None:
        for part in parts:
            try:
                self._parts.append(clean_piece(part) if isinstance(part, Piece) else part)
            except EmptyText:
                continue  # a stretch of white space or marks among words
