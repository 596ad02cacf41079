"""The short form: each fault once, among six clients; `python -m tests.system.chaos` for more."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest

from edge.client import Client, speak_once
from edge.errors import EdgeError
from edge.protocol import Reply, Speak, SpeakAccepted, SpeakFinished, SpeakStarted
from tests.system.chaos.book import Entry, faults, lost_by_the_server
from tests.system.chaos.bundles import two_bundles
from tests.system.chaos.ear import Ear
from tests.system.chaos.faults import cause_of
from tests.system.chaos.house import House
from tests.system.chaos.run import run
from tests.system.chaos.voice import BEEP, beep, text_of


def test_nothing_is_lost_doubled_or_hung(tmp_path: Path) -> None:
    result = run(0, 1, two_bundles(tmp_path))
    assert not result.wrong, "\n".join(result.wrong)
    assert result.figures["events"] == result.figures["utterances"] > 50
    assert result.figures["ended finished"] > 10
    assert result.figures["words heard"] > 100


@pytest.mark.parametrize("size", [100, 441, 5000, 100_000])
def test_the_ear_tells_the_words_however_they_come(size: int) -> None:
    words = [(n * 7 % 256, n % 16) for n in range(60)]
    samples = np.concatenate([*(beep(*word) for word in words), np.zeros(500)])
    data = (0.1 * 32767 * samples).astype("<i2").tobytes()
    heard: list[tuple[int, int]] = []
    ear = Ear(lambda number, word, frames: heard.append((number, word)))
    for start in range(0, len(data), size):
        ear.feed(data[start : start + size])
    assert heard == words and not ear.scraps


def test_what_was_cut_short_and_went_on_without_a_gap_is_told() -> None:
    samples = np.concatenate([beep(3, 1)[:600], beep(9, 0), beep(3, 1), np.zeros(500)])
    heard: list[tuple[int, int, int]] = []
    Ear(lambda *word: heard.append(word)).feed((3000 * samples).astype("<i2").tobytes())
    assert [word[:2] for word in heard] == [(3, 1), (9, 0), (3, 1)]


@pytest.mark.parametrize(
    ("heard", "end", "wrong"),
    [
        ([(0, BEEP), (1, BEEP), (2, BEEP)], "finished", []),
        ([(0, BEEP), (0, 500), (1, BEEP), (2, BEEP)], "finished", []),
        ([(0, BEEP), (2, BEEP)], "finished", ["lost words [1]"]),
        ([(0, BEEP), (1, BEEP), (2, BEEP)] * 2, "finished", ["double"]),
        ([(0, BEEP), (1, BEEP), (0, BEEP)], "stopped", ["double"]),
        ([(0, BEEP), (1, 441), (0, BEEP), (1, BEEP), (2, BEEP)], "finished", []),
        ([(0, BEEP)], "stopped", []),
        ([(0, BEEP)], "expired", ["heard, and never begun"]),
    ],
)
def test_what_is_wrong_is_seen(heard: list[tuple[int, int]], end: str, wrong: list[str]) -> None:
    assert faults(Entry(1, 3, "patient", [end], heard)) == wrong


@pytest.mark.parametrize(
    ("frames", "died", "wrong"), [(600, True, 0), (600, False, 1), (1800, True, 1)]
)
def test_the_moment_before_a_death_may_be_heard_of_what_expires(
    frames: int, died: bool, wrong: int
) -> None:
    assert len(faults(Entry(1, 3, "patient", ["expired"], [(0, frames)], died=died))) == wrong


@pytest.mark.parametrize(
    ("frames", "call", "spared"),
    [
        (BEEP, (5.0, "abort"), True),
        (BEEP, (1.1, "start"), True),
        (BEEP, (1.1, "abort"), False),
        (BEEP, (1.1, "close"), False),
        (BEEP // 2, (5.0, "abort"), False),
    ],
)
def test_what_the_sound_server_lost_is_told_from_what_the_daemon_did(
    frames: int, call: tuple[float, str], spared: bool
) -> None:
    entry = Entry(1, 1, "patient", ["finished"], given=[(1.0, 0, frames)])
    assert lost_by_the_server(entry, [call]) == ({0} if spared else set())


@pytest.mark.parametrize(
    ("status", "place", "cause"),
    [
        (-signal.SIGSEGV, "site-packages/soxr/__init__.py", "ended_by_soxr"),
        (-signal.SIGSEGV, "edge/sound/portaudio.py", None),
        (-signal.SIGQUIT, "", "ended_by_libpulse"),
        (-signal.SIGABRT, "", None),
        (1, "", None),
    ],
)
def test_a_crash_is_soxrs_only_if_it_was_there(status: int, place: str, cause: str | None) -> None:
    log = ["ready\n", "Fatal Python error: Segmentation fault\n", "\n", "Current thread 1:\n"]
    log += [f'  File "/x/{place}", line 99 in __init__\n', '  File "/soxr/", line 1 in f\n']
    assert cause_of(status, log) == cause


def test_libpulse_ends_with_status_1_where_sigquit_is_ignored() -> None:
    assert cause_of(1, ["ready\n", "Not enough memory\n", "\n"]) == "ended_by_libpulse"
    assert cause_of(1, []) is None


@pytest.mark.parametrize("phase", [SpeakAccepted, SpeakStarted])
def test_killed_in_a_phase_it_is_spoken_once_or_reported(
    tmp_path: Path, phase: type[SpeakAccepted | SpeakStarted]
) -> None:
    """8 s: a daemon is killed as soon as the client was told this."""
    heard: list[tuple[int, int]] = []
    ear = Ear(lambda number, word, frames: heard.append((number, word)))
    house = House(tmp_path, two_bundles(tmp_path), ear, None)
    try:
        if phase is SpeakAccepted:  # it waits behind another
            with Client(house.socket) as client:
                list(client.speak(Speak(text_of(1, 16)), wait=False))
        told: list[Reply | str] = []
        try:
            for message in speak_once(Speak(text_of(2, 8)), house.socket):
                told.append(message)
                if isinstance(message, phase):
                    house.end()
                    house.start()
        except EdgeError as error:
            told.append(error.code)
        house.end(signal.SIGTERM)
    finally:
        house.close()
    places = [word for number, word in heard if number == 2]
    if phase is SpeakAccepted:
        assert isinstance(told[-1], SpeakFinished) and places == list(range(8))
    else:
        assert told[-1] == "unknown-utterance" and places == list(range(len(places)))
        assert len(places) < 8
