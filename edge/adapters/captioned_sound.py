"""Sound with the times of its words, as JSON: what clients of Kokoro-FastAPI ask for.

OpenAI's speech interface has no such answer. Source of the fields: remsky/Kokoro-FastAPI,
CaptionedSpeechResponse of api/src/structures/schemas.py.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Literal

from edge.adapters.sound_formats import Encoder
from edge.protocol import AudioWord, Synthesize
from edge.text.captions import TimedWord, timed_words

Captions = Literal["whole", "lines"]
"""One object for all of the sound, or one in a line for each stretch of it."""


class CaptionedSound:
    """Wraps an encoder; `words` are those that have come and were not sent."""

    def __init__(
        self,
        encoder: Encoder,
        media_type: str,
        captions: Captions,
        request: Synthesize,
        words: list[AudioWord],
    ) -> None:
        self._encoder, self._media_type, self._captions = encoder, media_type, captions
        self._request, self._words = request, words
        self._kept = bytearray()

    def feed(self, pcm: bytes) -> bytes:
        self._kept += self._encoder.feed(pcm)
        if self._captions == "whole" or not self._kept:
            return b""
        return self._object()

    def finish(self) -> bytes:
        self._kept += self._encoder.finish()
        if self._captions == "lines" and not (self._kept or self._words):
            return b""
        return self._object()

    def _object(self) -> bytes:
        places = [(w.text_start, w.text_end, w.start_s, w.seconds) for w in self._words]
        self._words.clear()
        ssml = self._request.text_format in ("ssml", "ssml-lenient")
        answer = {
            "audio": base64.b64encode(self._kept).decode(),
            "audio_format": self._media_type,
            "timestamps": [_stamp(w) for w in timed_words(self._request.text, places, ssml)],
        }
        self._kept.clear()
        return json.dumps(answer).encode() + b"\n"


def _stamp(word: TimedWord) -> dict[str, Any]:
    start, end = round(word.start_s, 3), round(word.end_s, 3)
    return {"word": word.text, "start_time": start, "end_time": end}
