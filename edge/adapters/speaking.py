"""One message of speech-dispatcher's, from the daemon's socket to the server's sound."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.adapters.marked_text import stretches
from edge.adapters.server_audio import (
    BEGIN,
    END,
    PAUSED,
    PIECE_S,
    QUIET,
    STOPPED,
    Pcm,
    audio_event,
    mark_event,
    tone,
)
from edge.adapters.speech_settings import Settings, choose, voices_of
from edge.adapters.symbols import Symbols
from edge.client import Client
from edge.errors import EdgeError
from edge.protocol import (
    MAX_STREAM,
    MAX_TEXT,
    UNAIDED_SPEED,
    AudioChunk,
    AudioMark,
    AudioStart,
    Synthesize,
    SynthesizeStart,
    VoiceChoice,
)

log = logging.getLogger(__name__)

SETTLE_S = 0.05
"""From a message's arrival to its STOP, at least. The server tells of a stop a moment before it is
ready for the next one, which it drops ("Cannot stop now"), to wait for it for ever.
Source: speech-dispatcher 0.11.4, src/common/speak_queue.c."""


@dataclass(frozen=True)
class Message:
    """`text` makes the text, given the names of characters in the voice's language."""

    text: Callable[[Symbols], str]
    settings: Settings
    tags: bool = False
    """True if it is SSML, well-formed or not."""
    as_written: bool = False
    """True if what is spoken are the names of characters, not the words of somebody."""
    capital_tone: bool = False


class _Interrupted(Exception):
    """Somebody's STOP or PAUSE: `event` is the answer."""

    def __init__(self, event: bytes) -> None:
        self.event = event


class Speaking:
    """A thread of its own, so that STOP and PAUSE are read meanwhile. Whatever happens, it sends
    BEGIN once and then one of END, STOP and PAUSE: a server that waits for them waits for ever."""

    def __init__(
        self,
        message: Message,
        path: Path,
        symbols: Callable[[str], Symbols],
        send: Callable[[bytes], None],
    ) -> None:
        self._message, self._path, self._symbols, self._send = message, path, symbols, send
        self._client: Client | None = None
        self._came = time.monotonic()
        self._begun = self._stopped = self._paused = False
        self._thread = threading.Thread(target=self._run, name="speaking", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped = True
        if self._client is not None:
            self._client.abort()

    def pause(self) -> None:
        """At the next mark, from which the server goes on later."""
        self._paused = True

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        end = STOPPED
        try:
            with Client(self._path) as self._client:
                self._speak(self._client)
            end = END
        except _Interrupted as interrupted:
            end = interrupted.event
        except EdgeError as error:
            if not self._stopped:
                log.warning("%s (%s)", error.message, error.remedy)
        except Exception as error:  # its words may quote the text
            log.error("speaking failed: %s", type(error).__name__)
        self._begin()
        if end == STOPPED:
            time.sleep(max(0.0, self._came + SETTLE_S - time.monotonic()))
        self._send(end)

    def _speak(self, client: Client) -> None:
        message, settings = self._message, self._message.settings
        voice = choose(voices_of(client.describe()), settings)
        text = message.text(self._symbols(voice.languages[0] if voice else ""))
        start = SynthesizeStart(
            VoiceChoice(name=voice.name) if voice else None,
            text_format="ssml-lenient" if message.tags else "plain",
            speed=settings.speed,
            normalize="off" if message.as_written else "on",
        )
        for stretch in stretches(text, MAX_STREAM, message.tags):
            self._play_or_slower(client, start, stretch)

    def _play_or_slower(self, client: Client, start: SynthesizeStart, text: str) -> None:
        """A screen reader must not fall silent because a library is missing."""
        try:
            self._play(client, start, text)
        except EdgeError as error:
            if error.code != "missing-package" or start.speed <= UNAIDED_SPEED:
                raise
            log.warning("%s (%s)", error.message, error.remedy)
            self._play(client, replace(start, speed=UNAIDED_SPEED), text)

    def _play(self, client: Client, start: SynthesizeStart, text: str) -> None:
        """Send sound as it comes, and each mark at its sample."""
        if len(text) <= MAX_TEXT:
            answers = client.sound(Synthesize(text, **vars(start)))
        else:
            answers = client.sound_stream(start, [text])
        marks: deque[tuple[int, str]] = deque()  # frame, name
        played = rate = 0
        for answer in answers:
            if isinstance(answer, AudioStart):
                rate = answer.rate
                if self._message.capital_tone:
                    self._sound(tone(rate), rate)
            elif isinstance(answer, AudioMark):
                marks.append((round(answer.start_s * rate), answer.name))
            elif isinstance(answer, AudioChunk):
                samples = np.frombuffer(answer.payload, "<i2")
                while marks and marks[0][0] < played + len(samples):
                    frame, name = marks.popleft()
                    before = max(0, frame - played)
                    self._sound(samples[:before], rate)
                    samples, played = samples[before:], played + before
                    self._mark(name)
                self._sound(samples, rate)
                played += len(samples)
        for _, name in marks:
            self._mark(name)

    def _sound(self, samples: Pcm, rate: int) -> None:
        settings = self._message.settings
        if not self._begun:
            audible = np.flatnonzero((samples > QUIET) | (samples < -QUIET))
            samples = samples[audible[0] :] if len(audible) else samples[:0]
        if settings.gain != 1:
            samples = (samples * settings.gain).astype(np.int16)
        step = round(PIECE_S * rate)
        for at in range(0, len(samples), step):
            self._check()
            self._begin()
            piece = samples[at : at + step]
            self._send(audio_event(piece, round(rate * settings.stretch)))

    def _mark(self, name: str) -> None:
        self._check()
        self._begin()
        self._send(mark_event(name))
        if self._paused:
            raise _Interrupted(PAUSED)

    def _check(self) -> None:
        if self._stopped:
            raise _Interrupted(STOPPED)

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._send(BEGIN)
