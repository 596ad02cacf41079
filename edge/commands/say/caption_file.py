"""The captions of what is spoken into a file: text and sound pass through, then it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from edge.client import SoundMessage
from edge.files import write_whole
from edge.protocol import AudioWord
from edge.text.captions import Format, cut, timed_words, written


class CaptionFile:
    """`path` ends with .vtt or .srt; with `ssml` the text has tags, which nobody wants to read."""

    def __init__(self, path: Path, ssml: bool = False) -> None:
        self._path, self._ssml = path, ssml
        self._format: Format = "srt" if path.suffix == ".srt" else "vtt"
        self._text: list[str] = []
        self._places: list[tuple[int, int, float, float]] = []
        """First character, the one behind the last, start and length in seconds."""

    def text(self, chunks: Iterable[str]) -> Iterator[str]:
        """Pass the text on as it is sent."""
        for chunk in chunks:
            self._text.append(chunk)
            yield chunk

    def sound(self, messages: Iterable[SoundMessage]) -> Iterator[SoundMessage]:
        """Pass the sound on, with the words of it that were asked for."""
        for message in messages:
            if isinstance(message, AudioWord):
                word = message.text_start, message.text_end, message.start_s, message.seconds
                self._places.append(word)
            yield message

    def write(self) -> None:
        """Write the file, whole or not at all. Raises NotWritable, DiskFull."""
        words = timed_words("".join(self._text), self._places, self._ssml)
        captions = written(cut(words), self._format)
        write_whole(self._path, captions.encode(), option="--captions")
