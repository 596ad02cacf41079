"""Clients of all kinds, each a thread with a seed of its own: patient, hasty, rude and dying."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge.client import Client, speak_once
from edge.errors import EdgeError
from edge.protocol import (
    AudioChunk,
    AudioStop,
    ErrorReply,
    Pause,
    Playback,
    Priority,
    Reply,
    Resume,
    Speak,
    SpeakAccepted,
    SpeakCancelled,
    SpeakChunk,
    SpeakFinished,
    SpeakStart,
    SpeakStop,
    Status,
    StatusReport,
    Stop,
    Stopped,
    Synthesize,
    Volume,
    encode,
    to_frame,
)
from tests.helpers.daemon_under_test import Wire
from tests.system.chaos.book import Book, Entry
from tests.system.chaos.ear import Ear
from tests.system.chaos.voice import WORDS, text_of

DEADLINE_S = 90.0
"""For anything: far more than any fault lasts, on a busy machine too."""
Act = Callable[[], None]
PRIORITIES: tuple[Priority, ...] = ("urgent", "normal", "normal", "normal", "background")


BROKEN_OFF = "shutdown"
"""Said by speak_once before it raises UnknownUtterance, which is the end: how far it was heard."""


class Person(threading.Thread):
    """Acts until `over`; what it must not see goes into the book."""

    def __init__(self, number: int, seed: int, path: Path, book: Book) -> None:
        super().__init__(name=f"person {number}", daemon=True)
        self._chance = random.Random(f"{seed}/{number}")
        self._path, self._book, self._number = path, book, number
        self._serial = 0
        self.over = threading.Event()

    def acts(self) -> list[tuple[Act, int]]:
        """What it may do, and how often."""
        return [
            (self.speak_patiently, 8),
            (self.speak_many, 4),
            (self.speak_in_pieces, 3),
            (self.take_the_sound, 4),
            (self.stop, 2),
            (self.pause, 1),
            (self.turn_the_volume, 1),
            (self.ask, 2),
            (self.die, 2),
            (self.send_nonsense, 2),
            (self.read_slowly, 1),
        ]

    def run(self) -> None:
        names, weights = zip(*self.acts(), strict=True)
        while not self.over.is_set():
            [act] = self._chance.choices(names, weights)
            self._book.act(act.__name__)
            began = time.monotonic()
            try:
                act()
            except (OSError, EdgeError) as error:
                if isinstance(error, TimeoutError) or time.monotonic() - began > DEADLINE_S:
                    self._book.note(f"{act.__name__} hung: {error}")
                self.over.wait(0.05)  # the daemon is away
            except Exception as error:
                self._book.note(f"{act.__name__}: {type(error).__name__}: {error}")
            self.over.wait(self._chance.uniform(0, 0.3))

    def _wire(self) -> Wire:
        wire = Wire(self._path)
        wire.socket.settimeout(DEADLINE_S)
        return wire

    def _request(self, entry: Entry, breaks_at: int | None = None) -> Speak:
        chance = self._chance
        self._serial += 1
        return Speak(
            text_of(entry.number, entry.words, breaks_at),
            id=f"{self._number}-{self._serial}",
            volume=chance.uniform(0.4, 1.0),
            speed=chance.uniform(0.5, 3.0),
            words=chance.random() < 0.5,
            priority=chance.choice(PRIORITIES),
            ttl=chance.choice((None, None, None, 5.0, 0.2)),
            key=chance.choice((None, None, None, "a", "b")),
        )

    def _entry(self, kind: str) -> tuple[Entry, int | None]:
        """One in ten breaks the model in the middle."""
        words = self._chance.randint(1, WORDS)
        breaks_at = self._chance.randrange(words) if self._chance.random() < 0.1 else None
        return self._book.begin(words, kind, breaks_at is not None), breaks_at

    def speak_patiently(self) -> None:
        """With the client library, over everything that happens."""
        entry, breaks_at = self._entry("patient")
        try:
            for message in speak_once(self._request(entry, breaks_at), self._path, DEADLINE_S):
                if (how := end_of(message)) and how != BROKEN_OFF:
                    self._book.end(entry, how)
        except EdgeError as error:
            self._book.end(entry, error.code)

    def speak_many(self) -> None:
        """At once on one connection; those whose end is not told are asked for again."""
        requests: dict[str, tuple[Entry, Speak]] = {}
        for _ in range(self._chance.randint(2, 6)):
            entry, breaks_at = self._entry("many")
            request = self._request(entry, breaks_at)
            assert request.id is not None
            requests[request.id] = (entry, request)
        waiting = dict(requests)
        try:
            with self._wire() as wire:
                wire.send(*(request for _, request in requests.values()))
                while waiting and (reply := wire.receive()) is not None:
                    self._settle(reply, requests, waiting)
        except OSError as error:
            if isinstance(error, TimeoutError):
                self._book.note(f"no end of {list(waiting)} in {DEADLINE_S:.0f} s")
        for id, (entry, request) in waiting.items():
            self._ask_for(id, entry, request)

    def _settle(
        self,
        reply: Reply,
        requests: dict[str, tuple[Entry, Speak]],
        waiting: dict[str, tuple[Entry, Speak]],
    ) -> None:
        id = getattr(reply, "id", None)
        if id in requests and (how := end_of(reply)):
            self._book.end(requests[id][0], how)
            waiting.pop(id, None)

    def _ask_for(self, id: str, entry: Entry, request: Speak) -> None:
        """What became of it, from whichever daemon is there now."""
        question = Speak(request.text, id=id, again="report")
        try:
            for message in speak_once(question, self._path, DEADLINE_S):
                if (how := end_of(message)) and how != BROKEN_OFF:
                    self._book.end(entry, how)
        except EdgeError as error:
            self._book.end(entry, error.code)

    def speak_in_pieces(self) -> None:
        entry, _ = self._entry("pieces")
        text, chance = text_of(entry.number, entry.words), self._chance
        request = self._request(entry)
        try:
            with self._wire() as wire:
                wire.send(SpeakStart(id=request.id, priority=request.priority, key=request.key))
                while text:
                    length = chance.randint(1, 20)
                    wire.send(SpeakChunk(text[:length]))
                    text = text[length:]
                    self.over.wait(chance.choice((0, 0, 0.02)))
                wire.send(SpeakStop())
                while (reply := wire.receive()) is not None:
                    if getattr(reply, "id", None) == request.id and (how := end_of(reply)):
                        self._book.end(entry, how)
                        return
        except OSError as error:
            if isinstance(error, TimeoutError):
                self._book.note("no end of a stream")
        assert request.id is not None
        self._ask_for(request.id, entry, request)

    def take_the_sound(self) -> None:
        """Whole and in order, or an error; none of it on the sound card."""
        entry, _ = self._entry("sound")
        places: list[int] = []
        ear = Ear(lambda number, word, _: places.append(word if number == entry.number else -1))
        how = "connection-lost"
        try:
            with self._wire() as wire:
                wire.send(Synthesize(text_of(entry.number, entry.words)))
                while (reply := wire.receive()) is not None:
                    if isinstance(reply, AudioChunk):
                        ear.feed(reply.payload)
                    elif isinstance(reply, (AudioStop, ErrorReply)):
                        how = "finished" if isinstance(reply, AudioStop) else reply.code
                        break
        finally:
            self._book.end(entry, how)
        ear.feed(np.zeros(1000, np.int16).tobytes())
        if how == "finished" and places != list(range(entry.words)):
            self._book.note(f"the sound of {entry.words} words was {places}")

    def stop(self) -> None:
        with self._wire() as wire:
            wire.send(Stop(scope="all" if self._chance.random() < 0.3 else "mine"))
            wire.until(Stopped)

    def pause(self) -> None:
        with self._wire() as wire:
            wire.send(Pause())
            wire.until(Playback)
            self.over.wait(self._chance.uniform(0, 0.4))
            wire.send(Resume())
            wire.until(Playback)

    def turn_the_volume(self) -> None:
        with self._wire() as wire:
            wire.send(Volume(self._chance.randint(40, 100)))
            wire.until(Playback)

    def ask(self) -> None:
        with self._wire() as wire:
            wire.send(Status())
            replies = wire.until(StatusReport)
            last = replies[-1] if replies else None
            if isinstance(last, ErrorReply) and last.code == "internal":
                return  # an allocation failed, and that is told
            if last is not None and not isinstance(last, StatusReport):
                self._book.note(f"status was answered by {last}")

    def die(self) -> None:
        """In the middle of a message, of an answer, or of one's own speech."""
        entry, breaks_at = self._entry("dying")
        request = self._request(entry, breaks_at)
        data = encode(to_frame(request))
        whole = self._chance.random() < 0.5
        accepted = False
        try:
            with self._wire() as wire:
                wire.send(data if whole else data[: self._chance.randrange(len(data))])
                if whole and self._chance.random() < 0.7:
                    accepted = isinstance(wire.receive(), SpeakAccepted)
        except OSError as error:
            if isinstance(error, TimeoutError):
                self._book.note("no answer to one who died")
        if not whole and not accepted:
            self._book.end(entry, "never asked")
            return
        assert request.id is not None
        self._ask_for(request.id, entry, request)

    def send_nonsense(self) -> None:
        chance = self._chance
        nonsense = chance.choice((
            chance.randbytes(chance.randint(1, 2000)),
            b'{"type":"speak","data_length":99999999999}\n',
            b'{"type":"speak","payload_length":-1}\n',
            b'{"type":"speak","data":{"text":1}}\n' * 20,
            b"[" * 70_000,
            b'{"type":"synthesize-chunk","data":{"text":"zq"}}\n',
        ))  # fmt: skip
        try:
            with self._wire() as wire:
                wire.send(nonsense)
                wire.socket.shutdown(socket.SHUT_WR)
                while wire.receive() is not None:
                    pass
        except (BrokenPipeError, ConnectionResetError):
            pass

    def read_slowly(self) -> None:
        with self._wire() as wire:
            wire.send(*[Synthesize("word " * 1900)] * 3)
            self.over.wait(self._chance.uniform(0, 1))


def end_of(message: Reply) -> str | None:
    """How an utterance has ended, if it has."""
    match message:
        case SpeakFinished():
            return "finished"
        case SpeakCancelled(reason=reason):
            return reason
        case ErrorReply(code=code):
            return code
    return None


def answers(path: Path) -> bool:
    try:
        with Client(path) as client:
            client.status()
    except EdgeError:
        return False
    return True
