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
    """A paced device to whose thread memory is refused at the block `nth`, and from then on if it
    `stays`."""

    def __init__(self, nth: int, stays: bool = False) -> None:
        super().__init__(RATE, paced=True, latency_s=0.2)
        self._left, self._stays = nth, stays

    def write(self, samples: Samples) -> bool:
        self._left -= 1
        if self._left == 0:
            raise MemoryError
        return super().write(samples)

    def finish(self) -> None:
        if self._stays and self._left <= 0:
            raise MemoryError
        super().finish()


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


@pytest.mark.parametrize("others", [True, False], ids=["another's block", "silence"])
def test_a_word_that_is_lost_with_the_device_is_not_told_as_heard(others: bool) -> None:
    """No memory for the silence either that would push it out; it is heard in part at the most."""
    sink, told = Starved(4, stays=True), queue.Queue[object]()
    player = Player(lambda rate: sink, told.put, lambda: None)
    player.put("one", WORD)
    if others:
        player.end("one", WORD.seconds)
        player.put("two", WORD)
    player.start()
    ids = ["one", "two"] if others else ["one"]
    assert isinstance(told.get(timeout=DEADLINE_S), Started)
    failed = [told.get(timeout=DEADLINE_S) for _ in ids]
    assert [event.id for event in failed if isinstance(event, Failed)] == ids
    assert player.heard_s("one") < WORD.seconds
    player.close()
    assert told.empty()


@pytest.mark.parametrize("urgent", [True, False])
def test_a_stop_leaves_the_end_of_the_one_before(urgent: bool) -> None:
    """All of "one" is in the device, and unheard, when "two" begins and is stopped."""
    sink, told = FakeSink(RATE, paced=True, latency_s=0.2), queue.Queue[object]()
    player = Player(lambda rate: sink, told.put, lambda: None)
    player.put("one", WORD)
    player.end("one", WORD.seconds)
    player.start()
    assert told.get(timeout=DEADLINE_S) == Started("one")
    player.put("two", WORD, urgent=urgent)
    assert told.get(timeout=DEADLINE_S) == Started("two")
    player.cancel("two")
    assert told.get(timeout=DEADLINE_S) == Finished("one", WORD.seconds)
    player.close()
    np.testing.assert_array_equal(sink.heard[: len(WORD.samples)], WORD.samples)


def test_a_stop_of_both_is_heard_at_once_in_whichever_order() -> None:
    sink, told = FakeSink(RATE, paced=True, latency_s=2.0), queue.Queue[object]()
    player = Player(lambda rate: sink, told.put, lambda: None)
    long = PcmChunk(np.full(RATE, 0.5, np.float32), RATE)
    player.put("one", long)
    player.end("one", long.seconds)
    player.put("two", WORD)
    player.start()
    assert [told.get(timeout=DEADLINE_S) for _ in range(2)] == [Started("one"), Started("two")]
    player.cancel("two")
    player.cancel("one")
    assert np.count_nonzero(sink.heard) < len(long.samples)
    player.close()
    assert told.empty()
