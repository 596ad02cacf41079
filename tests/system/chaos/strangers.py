"""Clients of another user, and clients that are slow but alive; what they ask twice or again."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import socket
from pathlib import Path

import numpy as np

from edge.protocol import (
    AudioChunk,
    AudioStop,
    ErrorReply,
    Speak,
    Stop,
    Synthesize,
    encode,
    to_frame,
)
from tests.helpers.daemon_under_test import Wire
from tests.helpers.http_under_test import TOKEN
from tests.system.chaos.book import Book, Entry
from tests.system.chaos.ear import Ear
from tests.system.chaos.people import DEADLINE_S, Act, Person, end_of
from tests.system.chaos.voice import text_of

ANOTHER_USER = 4242
"""A number that no user of this machine has."""
_SETRESUID = {"x86_64": 117, "aarch64": 147}
MOST_BYTES = 40
"""Bytes that a slow client sends at a time, or its HTTP client takes."""


class Stranger(Person):
    """Belongs to another user, where root runs this: the daemon sees who connects."""

    def __init__(self, number: int, seed: int, path: Path, book: Book, http: int) -> None:
        """`http` is the port of `edge http` before the daemon."""
        super().__init__(number, seed, path, book)
        self._http = http

    def run(self) -> None:
        if os.geteuid() == 0:
            become(ANOTHER_USER)
        super().run()

    def acts(self) -> list[tuple[Act, int]]:
        return [
            *super().acts(),
            (self.trickle, 3),
            (self.sip, 3),
            (self.ask_twice_at_once, 4),
            (self.use_an_id_again, 4),
            (self.trickle_over_http, 3),
            (self.leave_http_half_way, 2),
        ]

    def trickle(self) -> None:
        """Send a message bit by bit, and see it through."""
        entry, breaks_at = self._entry("trickle")
        request = self._request(entry, breaks_at)
        data = encode(to_frame(request))
        assert request.id is not None
        try:
            with self._wire() as wire:
                while data:
                    length = self._chance.randint(1, MOST_BYTES)
                    wire.send(data[:length])
                    data = data[length:]
                    self.over.wait(self._chance.choice((0, 0.01, 0.05)))
                while (reply := wire.receive()) is not None:
                    if getattr(reply, "id", None) == request.id and (how := end_of(reply)):
                        self._book.end(entry, how)
                        return
        except OSError as error:
            if isinstance(error, TimeoutError):
                self._book.note("no end of what trickled")
        self._ask_for(request.id, entry, request)

    def sip(self) -> None:
        """Read an answer slowly; it is whole all the same."""
        entry, _ = self._entry("sound sipped")
        self._take(entry, text_of(entry.number, entry.words), slowly=True)

    def ask_twice_at_once(self) -> None:
        """The same text on two connections: one of them may be given what the other made."""
        entry, _ = self._entry("sound twice")
        text = text_of(entry.number, entry.words)
        twin = Twin(self._chance.getrandbits(32), self._path, self._book, entry, text)
        twin.start()
        self._take(entry, text)
        twin.join(DEADLINE_S)
        if twin.is_alive():
            self._book.note("the second of two that asked at once hangs")

    def use_an_id_again(self) -> None:
        """As soon as its first use has ended. Each is told its own end, once."""
        id = f"{self._number}-again-{self._serial}"
        self._serial += 1
        with self._wire() as wire:
            for _ in range(3):
                entry, _ = self._entry("id again")
                request = Speak(text_of(entry.number, entry.words), id=id, speed=2.0)
                if not (how := self._speak_or_stop(wire, request)):
                    self._ask_for(id, entry, request)
                    return
                self._book.end(entry, how)

    def _speak_or_stop(self, wire: Wire, request: Speak) -> str:
        """How it ended; empty if the connection is lost."""
        try:
            wire.send(request)
            if self._chance.random() < 0.5:
                self.over.wait(self._chance.uniform(0, 0.2))
                wire.send(Stop(id=request.id))
            while (reply := wire.receive()) is not None:
                if getattr(reply, "id", None) == request.id and (how := end_of(reply)):
                    return how
        except OSError as error:
            if isinstance(error, TimeoutError):
                self._book.note("no end of an id that was used again")
        return ""

    def trickle_over_http(self) -> None:
        """The request comes slowly, the answer is taken slowly, and it is whole."""
        entry, _ = self._entry("sound over http")
        body = json.dumps({"input": text_of(entry.number, entry.words), "voice": "tone",
                           "response_format": "pcm", "model": "tts-1"}).encode()  # fmt: skip
        request = _head(len(body)) + body
        how, answer = "connection-lost", b""
        try:
            with socket.create_connection(("127.0.0.1", self._http), DEADLINE_S) as client:
                while request:
                    length = self._chance.randint(1, 3 * MOST_BYTES)
                    client.sendall(request[:length])
                    request = request[length:]
                    self.over.wait(0.01)
                while data := client.recv(1 << 12):
                    answer += data
                    self.over.wait(self._chance.choice((0, 0, 0.02)))
            how = "finished" if answer.startswith(b"HTTP/1.1 200") else "refused over http"
        except TimeoutError:
            self._book.note("http hangs")
        finally:
            self._book.end(entry, how)
        if how != "finished" and not answer:
            self._book.note("http hung up without an answer")

    def leave_http_half_way(self) -> None:
        """A header, a body or an answer that nobody will finish."""
        request = _head(4000) + b'{"input": "'
        with socket.create_connection(("127.0.0.1", self._http), DEADLINE_S) as client:
            client.sendall(request[: self._chance.randrange(1, len(request))])
            self.over.wait(self._chance.uniform(0, 1))

    def _take(self, entry: Entry, text: str, slowly: bool = False) -> None:
        how = ""
        try:
            how = self._sound(entry, text, slowly)
        finally:
            self._book.end(entry, how or "connection-lost")

    def _sound(self, entry: Entry, text: str, slowly: bool = False) -> str:
        """Take the sound of `text`, and note if it is not whole; how it ended."""
        places: list[int] = []
        ear = Ear(lambda number, word, _: places.append(word if number == entry.number else -1))
        how = "connection-lost"
        with self._wire() as wire:
            wire.send(Synthesize(text))
            while (reply := wire.receive()) is not None:
                if slowly:
                    self.over.wait(self._chance.choice((0, 0.01, 0.05)))
                if isinstance(reply, AudioChunk):
                    ear.feed(reply.payload)
                elif isinstance(reply, (AudioStop, ErrorReply)):
                    how = "finished" if isinstance(reply, AudioStop) else reply.code
                    break
        ear.feed(np.zeros(1000, np.int16).tobytes())
        if how == "finished" and places != list(range(entry.words)):
            self._book.note(f"{entry.kind}: the sound of {entry.words} words was {places}")
        return how


class Twin(Stranger):
    """Asks for one text, whose entry another ends."""

    def __init__(self, seed: int, path: Path, book: Book, entry: Entry, text: str) -> None:
        super().__init__(0, seed, path, book, 0)
        self._entry_of_both, self._text = entry, text

    def run(self) -> None:
        try:
            self._sound(self._entry_of_both, self._text)
        except TimeoutError:
            self._book.note("one of two that asked at once got no answer")
        except OSError:
            pass  # the daemon is away


def become(user: int) -> None:
    """Make this thread another user's, and leave the others as they are (setresuid(2), notes)."""
    "localhost".encode("idna")  # loaded now: another user may not read this Python's files
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_SETRESUID[platform.machine()], user, user, user):
        raise OSError(ctypes.get_errno(), "setresuid")


def _head(length: int) -> bytes:
    return (
        "POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode("ascii")
