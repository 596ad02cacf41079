"""Hand out the text of an utterance: whole, or in pieces as it comes."""

from __future__ import annotations

from collections import deque

from edge.errors import EmptyText
from edge.text.cleaning import Piece, clean_piece
from edge.text.cutting import Splitter, Unfinished


class TextFeed:
    """A text that is taken piece by piece. Not thread-safe: the lock of synthesis guards it."""

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._pieces: deque[Piece] = deque()
        self.received = 0
        """Characters that have come."""
        self.closed = False
        """True if no more text comes."""

    @classmethod
    def whole(cls, text: str) -> TextFeed:
        """Make one that holds all of a text. Raises EmptyText, TextTooLong."""
        feed = cls()
        feed._pieces.append(clean_piece(Piece(text)))
        feed.received, feed.closed = len(text), True
        return feed

    @classmethod
    def words_of(cls, text: str) -> TextFeed:
        """Make one that holds all of a text, which may have no words. Raises TextTooLong."""
        try:
            return cls.whole(text)
        except EmptyText:
            feed = cls()
            feed.closed = True
            return feed

    def cut_by(self, unfinished: Unfinished) -> None:
        """Never cut where `unfinished` says that the text may go on; to be called before any text
        comes."""
        if not self.received:
            self._splitter = Splitter(unfinished)

    @property
    def ready(self) -> bool:
        """True if take() has an answer."""
        return bool(self._pieces) or self.closed

    @property
    def waiting(self) -> int:
        """Characters that were not taken yet."""
        return sum(len(piece.text) for piece in self._pieces) + self._splitter.waiting

    def add(self, chunk: str) -> None:
        """Take more text, cut anywhere."""
        self.received += len(chunk)
        self._keep(self._splitter.feed(chunk))

    def close(self) -> None:
        """Say that no more text comes."""
        if not self.closed:
            self.closed = True
            self._keep(self._splitter.finish())

    def take(self) -> Piece | None:
        """Take the next piece, cleaned; None if there is none, or the text is at its end."""
        return self._pieces.popleft() if self._pieces else None

    def _keep(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            try:
                self._pieces.append(clean_piece(piece))
            except EmptyText:
                continue  # a stretch of white space or marks among words
