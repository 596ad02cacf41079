"""Stand-ins that a test can hold still: a sound card, and a voice that stops or breaks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np

from edge.errors import NoSoundDevice
from edge.pcm import PcmChunk, Samples
from edge.synth import Segment, Style, Synthesizer

DEADLINE_S = 120.0
"""Before a wait is called in vain, seconds: a machine that has eight things to do for each core
needs 20 for what takes 1. Nothing waits so long where all is well."""
PLENTY = 10**9


class FakeCard:
    """Every sample that its sinks were given, as soon as it was given: it has no clock.

    `room` is how many more blocks it takes before a write blocks.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.blocks: list[Samples] = []
        self.rates: list[int] = []
        self.room = PLENTY
        self.held = 0  # writes that wait for room
        self.opening_fails = False
        self.failing_writes = 0
        self.aborts = 0

    def open(self, rate: int) -> FakeSink:
        if self.opening_fails:
            raise NoSoundDevice("no sound device", "Plug one in; then: aplay -l")
        self.rates.append(rate)
        return FakeSink(self)

    def give_room(self, blocks: int = PLENTY) -> None:
        with self.changed:
            self.room = blocks
            self.changed.notify_all()

    def play(self, blocks: int) -> None:
        """Take so many more, and return when they have been given."""
        with self.changed:
            self.room += blocks
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: self.room == 0, DEADLINE_S), "nothing to play"

    def wait_until_held(self) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.held > 0, DEADLINE_S), "no write waits"

    def wait_until_heard(self) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.blocks, DEADLINE_S), "nothing sounds"

    def heard(self) -> Samples:
        with self.changed:
            return np.concatenate([np.zeros(0, np.float32), *self.blocks])


class FakeSink:
    """The contract of edge.sound.sink.Sink, on a FakeCard."""

    name = "fake"
    latency_s = 10.0  # long, so that a busy machine never makes the player fill in silence

    def __init__(self, card: FakeCard) -> None:
        self._card = card

    def write(self, samples: Samples) -> bool:
        card = self._card
        with card.changed:
            if card.failing_writes:
                card.failing_writes -= 1
                raise NoSoundDevice("the sound device is gone", "Plug it in again.")
            life = card.aborts
            card.held += 1
            card.changed.notify_all()
            came = card.changed.wait_for(lambda: card.room > 0 or card.aborts != life, DEADLINE_S)
            card.held -= 1
            assert came, "a write waited in vain"
            if card.aborts == life:
                card.room -= 1
                card.blocks.append(samples.copy())
            return False

    def finish(self) -> None:
        pass

    def interrupt(self) -> None:
        self.abort()

    def abort(self) -> None:
        with self._card.changed:
            self._card.aborts += 1
            self._card.changed.notify_all()

    def close(self) -> None:
        pass


class FakeVoice:
    """A real synthesizer; `before_chunk(n)` runs before its n-th chunk and may wait or raise."""

    def __init__(self, real: Synthesizer, before_chunk: Callable[[int], None]) -> None:
        self.rate, self.provider, self.variant = real.rate, real.provider, real.variant
        self._real, self._before_chunk = real, before_chunk
        self.made = 0
        self._changed = threading.Condition()

    def wait_until_made(self, chunks: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.made >= chunks, DEADLINE_S)

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        return self._real.plan(text, style, words)

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        for chunk in self._real.speak(segment):
            self._before_chunk(self.made)
            with self._changed:
                self.made += 1
                self._changed.notify_all()
            yield chunk


class Gate:
    """For FakeVoice: chunks pass up to `limit`, then wait."""

    def __init__(self, limit: int) -> None:
        self._changed = threading.Condition()
        self._limit, self._waiting = limit, False

    def __call__(self, number: int) -> None:
        with self._changed:
            self._waiting = number >= self._limit
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: number < self._limit, DEADLINE_S)
            self._waiting = False

    def wait_until_reached(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._waiting, DEADLINE_S)

    def open(self) -> None:
        with self._changed:
            self._limit = PLENTY
            self._changed.notify_all()
