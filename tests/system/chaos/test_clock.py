"""The wall clock of a running daemon is set by years, forth and back, below Python: libfaketime
changes what every library sees, and leaves the monotonic clock. 10 s."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.client import Client
from edge.protocol import (
    Speak,
    SpeakAccepted,
    SpeakCancelled,
    SpeakFinished,
    SpeakStarted,
    SpeakWord,
    Synthesize,
)
from tests.system.chaos.bundles import two_bundles
from tests.system.chaos.ear import Ear
from tests.system.chaos.house import House
from tests.system.chaos.voice import WORDS, text_of

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
pytestmark = pytest.mark.skipif(LIBRARY is None, reason="sudo apt-get install -y faketime")


class WallClock:
    """Of the processes that are started with `environment`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.environment = {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.set("+0")

    def set(self, offset: str) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset}\n", encoding="ascii")
        new.rename(self._file)

    def year(self) -> int:
        """As a process sees it."""
        asked = [sys.executable, "-c", "import time; print(time.gmtime().tm_year)"]
        environment = {**os.environ, **self.environment}
        return int(subprocess.run(asked, env=environment, check=True, capture_output=True).stdout)


@pytest.fixture
def clock(tmp_path: Path) -> WallClock:
    return WallClock(tmp_path)


@pytest.fixture
def heard() -> list[tuple[int, int]]:
    return []


@pytest.fixture
def house(tmp_path: Path, clock: WallClock, heard: list[tuple[int, int]]) -> Iterator[House]:
    ear = Ear(lambda number, word, frames: heard.append((number, word)))
    made = House(tmp_path, two_bundles(tmp_path), ear, None, clock.environment)
    yield made
    made.close()


def test_a_clock_that_is_set_ends_nothing_and_makes_nothing_late(
    house: House, clock: WallClock, heard: list[tuple[int, int]]
) -> None:
    now = clock.year()
    for number, offset in enumerate(("+20y", "-20y", "+3600s")):
        with Client(house.socket) as first, Client(house.socket) as second:
            speaking = first.speak(Speak(text_of(2 * number, WORDS), id=f"{number}", words=True))
            told = {type(next(speaking)) for _ in range(3)}
            assert told == {SpeakAccepted, SpeakStarted, SpeakWord}
            # Who waits behind it is neither stale because of the jump, nor kept for ever.
            waiting = second.speak(Speak(text_of(2 * number + 1, WORDS), id=f"b{number}", ttl=600))
            assert isinstance(next(waiting), SpeakAccepted)
            clock.set(offset)
            assert isinstance(list(speaking)[-1], SpeakFinished)
            assert isinstance(list(waiting)[-1], SpeakFinished)
        with Client(house.socket) as client:
            again = list(client.speak(Speak("?", id=f"{number}", again="report")))
            assert isinstance(again[-1], SpeakFinished)
            assert sum(chunk.seconds for chunk in client.synthesize(Synthesize("zq1x1 zq1x2"))) > 0
            assert 0 <= client.status().uptime_s < 3600
    clock.set("+20y")
    assert clock.year() == now + 20  # the library does what is said here
    with Client(house.socket) as first, Client(house.socket) as second:
        speaking = first.speak(Speak(text_of(20, WORDS), words=True))
        next(speaking)
        stale = list(second.speak(Speak(text_of(21, 2), ttl=0.05)))
        assert stale[-1] == SpeakCancelled(id=stale[-1].id, reason="expired")  # type: ignore[union-attr]
        list(speaking)
    house.end()
    assert [place for number, place in heard if number < 6] == [*range(WORDS)] * 6
