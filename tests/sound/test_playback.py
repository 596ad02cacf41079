"""What the playback thread does where memory ends while it writes."""

from __future__ import annotations

import queue

import numpy as np
import pytest

from edge.pcm import PcmChunk, Samples
from edge.sound.events import Failed, Finished, Started
from edge.sound.playback import Player
from tests.helpers.fakes import DEADLINE_S
from tests.helpers.paced_sink import FakeSink

RATE = 22_050
WORD = PcmChunk(np.full(RATE // 20, 0.5, np.float32), RATE)
"""50 ms, all of which a device may hold."""


class Starved(FakeSink):
    """A paced device to whose thread memory is refused once, at the block `nth`."""

    def __init__(self, nth: int) -> None:
        super().__init__(RATE, paced=True, latency_s=0.2)
        self._left = nth

    def write(self, samples: Samples) -> bool:
        self._left -= 1
        if self._left == 0:
            raise MemoryError
        return super().write(samples)


@pytest.mark.parametrize("nth", [4, 5], ids=["silence", "more silence"])
def test_a_word_told_as_heard_is_heard(nth: int) -> None:
    """Three blocks hold the word; what fails is the silence behind it, that it may be heard."""
    sink, told = Starved(nth), queue.Queue[object]()
    player = Player(lambda rate: sink, told.put, lambda: None)
    player.start()
    player.put("one", WORD)
    player.end("one", WORD.seconds)
    assert isinstance(told.get(timeout=DEADLINE_S), Started)
    assert isinstance(told.get(timeout=DEADLINE_S), Finished)
    player.close()
    assert sink.closed
    np.testing.assert_array_equal(sink.heard[: len(WORD.samples)], WORD.samples)


def test_what_was_written_before_a_failure_is_heard() -> None:
    sink, told = Starved(4), queue.Queue[object]()
    player = Player(lambda rate: sink, told.put, lambda: None)
    player.put("one", WORD)
    player.end("one", WORD.seconds)
    player.put("two", WORD)
    player.start()
    events = [told.get(timeout=DEADLINE_S) for _ in range(3)]
    assert [type(event) for event in events] == [Started, Finished, Failed]
    player.close()
    np.testing.assert_array_equal(sink.heard[: len(WORD.samples)], WORD.samples)
