"""Standard input or a file as text while it comes: from a pipe, or from somebody who types."""

from __future__ import annotations

import codecs
import contextlib
import os
import select
from collections.abc import Iterator
from pathlib import Path

from edge.errors import BadRecord
from edge.protocol import MAX_STREAM

READ_BYTES = 8192
QUIET_S = 1.0
"""Seconds of pause behind a whole line after which the next text is an utterance of its own."""


@contextlib.contextmanager
def open_input(name: str | None) -> Iterator[TextInput]:
    """Open the file of this name; `-` or None is standard input. Raises BadRecord."""
    if name is None or name == "-":
        yield TextInput()
        return
    with contextlib.ExitStack() as cleanup:
        try:
            file = cleanup.enter_context(Path(name).open("rb", buffering=0))
        except OSError as error:
            raise BadRecord(f"{name}: {error.strerror}", "Check the path.") from None
        yield TextInput(file.fileno(), name)


class TextInput:
    """UTF-8 from a file descriptor; bytes that are not UTF-8 become U+FFFD."""

    def __init__(self, descriptor: int = 0, name: str = "standard input") -> None:
        self.name = name
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._first = ""

    def begins(self) -> bool:
        """Wait for text that is more than white space; False at the end of the input."""
        while not self._first.strip():
            text = self._read()
            if text is None:
                return False
            self._first = text
        return True

    def utterance(self) -> Iterator[str]:
        """Yield what belongs together, chunk by chunk as it comes: up to a pause or the limit."""
        text: str | None
        text, self._first = self._first, ""
        sent = 0
        while text is not None:
            yield text
            sent += len(text)
            if sent > MAX_STREAM - READ_BYTES or (text.endswith("\n") and self._is_quiet()):
                return
            text = self._read()

    def rest(self) -> Iterator[str]:
        """Yield all that is left, chunk by chunk."""
        while self.begins():
            yield self._first
            self._first = ""

    def _is_quiet(self) -> bool:
        return not select.select([self._descriptor], [], [], QUIET_S)[0]

    def _read(self) -> str | None:
        while raw := os.read(self._descriptor, READ_BYTES):
            if text := self._decoder.decode(raw):
                return text
        return self._decoder.decode(b"", final=True) or None
