"""The socket's other end, for Python programs and the command line. Blocking, no dependencies.

with Client() as voice:
    for message in voice.speak(Speak("The train leaves at nine.")):
        ...
    for message in voice.speak_stream(SpeakStart(), words_of_a_language_model):
        ...

for message in speak_once(Speak("The house is on fire.")):  # also while the daemon starts anew
    ...

numpy is imported only by `synthesize`, so that `edge say` answers quickly on a small board.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from edge.errors import ConnectionLost, NoDaemon, StreamEnded, UnknownUtterance
from edge.protocol import (
    MAX_TEXT,
    AudioChunk,
    AudioMark,
    AudioStart,
    AudioStop,
    AudioWord,
    Describe,
    ErrorReply,
    Explain,
    Explained,
    Info,
    Pause,
    Playback,
    Reload,
    Reloaded,
    Reply,
    ReplyDecoder,
    Request,
    Resume,
    Speak,
    SpeakAccepted,
    SpeakCancelled,
    SpeakChunk,
    SpeakFinished,
    SpeakStart,
    SpeakStarted,
    SpeakStop,
    Status,
    StatusReport,
    Stop,
    Stopped,
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    Volume,
    encode,
)

if TYPE_CHECKING:
    from edge.pcm import PcmChunk

_M = TypeVar("_M", bound=Reply)
_A = TypeVar("_A")

SoundMessage = AudioStart | AudioWord | AudioMark | AudioChunk

SYSTEM_SOCKET = Path("/run/edge-voice/edge-voice.sock")
READ_BYTES = 1 << 16
RETRIES_S = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds between two attempts to reach the daemon; the last one repeats."""
REPLY_TIMEOUT_S = 60.0
"""Seconds to wait for answers that come at once; a Pi may be loading a model meanwhile."""


def socket_path() -> Path:
    """Return $EDGE_VOICE_SOCKET, else the system's socket if it is there, else the user's."""
    if configured := os.environ.get("EDGE_VOICE_SOCKET"):
        return Path(configured)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and not SYSTEM_SOCKET.exists():
        return Path(runtime) / "edge-voice.sock"
    return SYSTEM_SOCKET


def speak_once(
    request: Speak, path: Path | None = None, patience_s: float = 60.0
) -> Iterator[Reply]:
    """Do what Client.speak() does, on connections of its own: where one is lost, or the daemon is
    started anew, ask again by the id, so that the utterance is spoken once.

    Raises NoDaemon or ConnectionLost when no daemon has answered for `patience_s`, and
    UnknownUtterance when a daemon that speaks no more had begun it: it may have been broken off.
    If that daemon could still tell how far it was heard, its SpeakCancelled comes before.
    """
    request = replace(request, id=request.id or uuid.uuid4().hex)
    assert request.id is not None
    reached = time.monotonic()
    expires = None if request.ttl is None else reached + request.ttl
    told: set[type[Reply]] = set()
    delays = iter(RETRIES_S)
    while True:
        answered = broken_off = False
        try:
            with Client(path) as client:
                for message in client.speak(request):
                    answered = True
                    if _was_shut_down(message):
                        broken_off = SpeakStarted in told
                        if broken_off:
                            yield message
                        break
                    once = isinstance(message, (SpeakAccepted, SpeakStarted))
                    if not once or type(message) not in told:
                        told.add(type(message))
                        yield message
                else:
                    return
        except (NoDaemon, ConnectionLost):
            if not answered and time.monotonic() - reached > patience_s:
                raise
        except UnknownUtterance:
            late = expires is not None and time.monotonic() >= expires
            if SpeakStarted in told or not late:
                raise
            yield SpeakCancelled(id=request.id, reason="expired")
            return
        if broken_off:
            raise UnknownUtterance(
                "the daemon was stopped in the middle of the utterance",
                "Speak the rest anew, from the place that speak-cancelled tells.",
            )
        if answered:
            reached, delays = time.monotonic(), iter(RETRIES_S)
        time.sleep(next(delays, RETRIES_S[-1]))
        left = None if expires is None else expires - time.monotonic()
        if request.again == "report" or SpeakStarted in told or (left is not None and left <= 0):
            request = replace(request, again="report")
        else:
            request = replace(request, again="speak", ttl=left)


def pcm(messages: Iterable[SoundMessage]) -> Iterator[PcmChunk]:
    """Yield the sound among these messages as numbers."""
    import numpy as np

    from edge.pcm import INT16_PEAK, PcmChunk

    for message in messages:
        if isinstance(message, AudioChunk):
            whole = np.frombuffer(message.payload, "<i2")
            yield PcmChunk(np.divide(whole, INT16_PEAK, dtype=np.float32), message.rate)


def _was_shut_down(message: Reply) -> bool:
    """True if the daemon is shutting down and will not speak this any further."""
    return isinstance(message, SpeakCancelled) and message.reason == "shutdown"


class Client:
    """One connection. Raises NoDaemon, ConnectionLost, and the daemon's own errors, each as its
    class in edge.errors; one of a later version is an EdgeError with its code."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or socket_path()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(self.path))
        except OSError as error:
            self._socket.close()
            remedy = "Start one: edge serve (or speak without one: edge say --local TEXT)"
            if isinstance(error, PermissionError):
                remedy = "Join the group, then log in again: sudo usermod -aG edge-voice $USER"
            raise NoDaemon(
                f"no daemon answers on {self.path}: {error.strerror or error}", remedy
            ) from None
        self._decoder = ReplyDecoder()
        self._replies = self._receive()

    def speak(self, request: Speak, wait: bool = True) -> Iterator[Reply]:
        """Speak on the daemon's sound card; yields what becomes of it, the last one an end.

        Without `wait` only the acceptance is waited for.
        """
        self._send(request)
        return self._spoken(wait)

    def speak_stream(
        self, request: SpeakStart, chunks: Iterable[str], wait: bool = True
    ) -> Iterator[Reply]:
        """Speak a text that comes in chunks, cut anywhere; it sounds meanwhile.

        The chunks are fetched in a thread of their own, and no more of them once it has ended.
        """
        self._send(request)
        answers = self._spoken(wait)
        yield next(answers)  # accepted, else nothing is sent
        yield from self._streamed(chunks, SpeakChunk, SpeakStop(), answers, wait)

    def synthesize(self, request: Synthesize) -> Iterator[PcmChunk]:
        """Yield the sound itself, chunk by chunk as it is made."""
        return pcm(self.sound(request))

    def sound(self, request: Synthesize) -> Iterator[SoundMessage]:
        """Yield the same sound as it was sent, its words if the request asks for them, and its
        marks."""
        self._send(request)
        return self._sound_messages(AudioStop)

    def sound_stream(
        self, request: SynthesizeStart, chunks: Iterable[str]
    ) -> Iterator[SoundMessage]:
        """Do the same for a text that comes in chunks, cut anywhere."""
        self._send(request)
        sound = self._sound_messages(SynthesizeStopped)
        return self._streamed(chunks, SynthesizeChunk, SynthesizeStop(), sound)

    def synthesize_stream(
        self, request: SynthesizeStart, chunks: Iterable[str]
    ) -> Iterator[PcmChunk]:
        """Yield the sound of a text that comes in chunks, cut anywhere."""
        return pcm(self.sound_stream(request, chunks))

    def _spoken(self, wait: bool) -> Iterator[Reply]:
        accepted = self._answer(SpeakAccepted)
        self._socket.settimeout(None)  # a queue may be long; a dead daemon closes the socket
        yield accepted
        while wait:
            message = self._expect()
            if getattr(message, "id", None) == accepted.id:
                yield message
                wait = not isinstance(message, (SpeakFinished, SpeakCancelled))

    def _sound_messages(
        self, end: type[AudioStop] | type[SynthesizeStopped]
    ) -> Iterator[SoundMessage]:
        self._socket.settimeout(None)
        while not isinstance(message := self._expect(), end):
            if isinstance(message, SoundMessage):
                yield message

    def _streamed(
        self,
        chunks: Iterable[str],
        chunk: type[SpeakChunk] | type[SynthesizeChunk],
        stop: SpeakStop | SynthesizeStop,
        answers: Iterator[_A],
        wait: bool = True,
    ) -> Iterator[_A]:
        """Yield the answers, while a thread sends the chunks."""
        over, sent = threading.Event(), threading.Event()
        failures: list[Exception] = []

        def send() -> None:
            try:
                for text in chunks:
                    for at in range(0, len(text), MAX_TEXT):
                        if over.is_set():
                            return
                        self._send(chunk(text[at : at + MAX_TEXT]))
                sent.set()
                self._send(stop)
            except Exception as error:
                failures.append(error)
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)  # wakes the reader of the answers

        sender = threading.Thread(target=send, name="text", daemon=True)
        sender.start()
        ended = False
        try:
            for answer in answers:
                yield answer
                ended = isinstance(answer, SpeakFinished)
            if not wait:
                sender.join()
            elif ended and not sent.is_set():
                raise StreamEnded(
                    "the utterance ended before all of its text had come; the rest is not spoken",
                    "Speak it as another stream; access.stream_silence_s sets how long one waits.",
                )
        except ConnectionLost:
            if failures:
                raise failures[0] from None
            raise
        finally:
            over.set()

    def stop(self, id: str | None = None, mine: bool = False) -> tuple[str, ...]:
        """Stop one utterance, or all of this connection's, or everybody's; returns the ids that
        were stopped."""
        self._send(Stop(id=id, scope="mine" if mine else "all"))
        return self._answer(Stopped).ids

    def pause(self) -> Playback:
        """Hold back all but urgent speech; what sounds stops at the next block."""
        return self._set(Pause())

    def resume(self) -> Playback:
        """Go on with the sample at which pause() came."""
        return self._set(Resume())

    def set_volume(self, percent: int) -> Playback:
        """Set how loud the sound card speaks, 0 to 100 percent."""
        return self._set(Volume(percent))

    def _set(self, request: Pause | Resume | Volume) -> Playback:
        self._send(request)
        return self._answer(Playback)

    def status(self) -> StatusReport:
        self._send(Status())
        return self._answer(StatusReport)

    def explain(self, request: Explain) -> Explained:
        """Ask how a text would be read; nothing is spoken."""
        self._send(request)
        return self._answer(Explained)

    def reload(self) -> tuple[str, ...]:
        """Have the configuration and the installed bundles read again; returns what changed."""
        self._send(Reload())
        self._socket.settimeout(None)  # a voice is loaded meanwhile
        return self._answer(Reloaded).changed

    def describe(self) -> Info:
        self._send(Describe())
        return self._answer(Info)

    def abort(self) -> None:
        """End the connection, from any thread: whoever waits for an answer gets ConnectionLost."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, message: Request) -> None:
        try:
            self._socket.sendall(encode(message))
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from None

    def _answer(self, kind: type[_M]) -> _M:
        """Wait for a message of this kind; events of other utterances may come before it."""
        self._socket.settimeout(REPLY_TIMEOUT_S)
        while True:
            message = self._expect()
            if isinstance(message, kind):
                return message

    def _expect(self) -> Reply:
        message = next(self._replies, None)
        if message is None:
            raise self._lost("this connection has failed before")
        if isinstance(message, ErrorReply):
            raise message.error()
        return message

    def _receive(self) -> Iterator[Reply]:
        while True:
            try:
                data = self._socket.recv(READ_BYTES)
            except OSError as error:
                raise self._lost(error.strerror or str(error)) from None
            if not data:
                raise self._lost("it closed the connection")
            yield from self._decoder.messages(data)

    def _lost(self, why: str) -> ConnectionLost:
        return ConnectionLost(
            f"the daemon on {self.path} went away: {why}",
            "See what it says: edge status, or journalctl -u edge-voice",
        )
