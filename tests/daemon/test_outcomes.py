"""A lost connection is no lost and no doubled speech: asking again by the id."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle import Bundle
from edge.client import speak_once
from edge.daemon.events import Cancelled, Utterance
from edge.daemon.outcomes import MAX_REMEMBERED, Outcomes
from edge.errors import EdgeError, NoDaemon, UnknownUtterance
from edge.protocol import (
    ErrorReply,
    Reply,
    Speak,
    SpeakAccepted,
    SpeakCancelled,
    SpeakFinished,
    SpeakStarted,
    Stop,
    Stopped,
)
from edge.sound.events import Finished, Started
from edge.synth import Style
from edge.text.feed import TextFeed
from tests.helpers.daemon_under_test import ThreadDaemon
from tests.helpers.fakes import DEADLINE_S, FakeCard

TEXT = "One two three."


def utterance(id: str, user: int = 0) -> Utterance:
    feed = TextFeed.words_of("")
    return Utterance(id, feed, client=1, to="speaker", voice="tone", style=Style(), user=user)


def again(id: str) -> Speak:
    return Speak(TEXT, id=id, again="speak")


def sounding(card: FakeCard) -> int:
    """Samples that are not silence."""
    return int(np.count_nonzero(card.heard()))


def told(daemon: ThreadDaemon, message: Speak) -> list[Reply]:
    with daemon.connect() as wire:
        wire.send(message)
        return wire.until(SpeakFinished, SpeakCancelled)


def test_what_ended_is_told_and_not_spoken_again(daemon: ThreadDaemon) -> None:
    first = told(daemon, again("a"))
    heard = sounding(daemon.card)
    assert told(daemon, again("a")) == first == told(daemon, Speak(TEXT, id="a", again="report"))
    assert isinstance(first[-1], SpeakFinished)
    assert sounding(daemon.card) == heard
    told(daemon, Speak(TEXT, id="a"))  # who does not ask for it may use an id anew
    assert sounding(daemon.card) == 2 * heard


def test_what_sounds_is_joined_by_whoever_asked_last(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(1)
    with daemon.connect() as lost, daemon.connect() as second:
        lost.send(again("a"))
        assert isinstance(lost.until(SpeakStarted)[-1], SpeakStarted)
        second.send(again("a"))
        assert second.receive() == SpeakAccepted("a", 0) and second.receive() == SpeakStarted("a")
        lost.ping()  # and hears no more of it
        second.send(Stop("a", scope="all"))
        assert second.until(SpeakCancelled) == [Stopped(("a",)), SpeakCancelled("a", "stopped")]
        lost.ping()
    assert told(daemon, again("a"))[-1] == SpeakCancelled("a", "stopped")


def test_what_nobody_knows_is_spoken_or_reported(daemon: ThreadDaemon) -> None:
    [error] = told(daemon, Speak(TEXT, id="a", again="report"))
    assert isinstance(error, ErrorReply) and (error.code, error.id) == ("unknown-utterance", "a")
    assert isinstance(told(daemon, again("a"))[-1], SpeakFinished)


def test_a_failure_is_told_again(daemon: ThreadDaemon) -> None:
    daemon.card.opening_fails = True
    first = told(daemon, again("a"))
    daemon.card.opening_fails = False
    assert isinstance(first[-1], ErrorReply) and first[-1].code == "no-sound-device"
    assert told(daemon, again("a")) == first


def test_the_memory_is_bounded_and_each_users_own() -> None:
    outcomes = Outcomes(limit=3, users=2)
    for user in (1, 2, 3):
        for number in range(5):
            outcomes.begin(utterance(str(number), user))
            outcomes.note(Finished(str(number), 1.0), ends=True)
    known = {(u, n) for u in (1, 2, 3) for n in "01234" if outcomes.of(u, again(n))}
    assert known == {(u, n) for u in (2, 3) for n in "234"}
    with pytest.raises(UnknownUtterance):
        outcomes.of(1, Speak(TEXT, id="4", again="report"))
    assert MAX_REMEMBERED > 64  # what one connection may have waiting


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["ask", "start", "end", "stop"])), max_size=40
    )
)
def test_an_id_is_begun_once_however_often_it_is_asked_for(steps: list[tuple[int, str]]) -> None:
    outcomes, begun, history = Outcomes(), set[str](), dict[str, list[object]]()
    for number, step in steps:
        id = str(number)
        if step == "ask":
            known = outcomes.of(0, again(id))
            assert known == history.get(id)
            if known is None:
                assert id not in begun
                begun.add(id)
                history[id] = []
                outcomes.begin(utterance(id))
        elif outcomes.ticket(id) is not None:
            ends = step != "start"
            event = Started(id) if not ends else Finished(id, 1.0)
            outcomes.note(event, ends)
            history[id].append(event)
        outcomes.note(Cancelled("x", "stopped"), ends=True)  # without an id of a client's own


class Lives:
    """A daemon that is ended and started anew at the same place; the card outlives it."""

    def __init__(self, path: Path, bundle: Bundle) -> None:
        self.path, self._bundle, self.card = path, bundle, FakeCard()
        self._running: ThreadDaemon | None = None
        self.begin()

    def begin(self) -> None:
        self._running = ThreadDaemon(self.path, [self._bundle])

    @property
    def running(self) -> ThreadDaemon:
        assert self._running is not None
        return self._running

    def cut_connections(self) -> None:
        def cut() -> None:
            for connection in self.running.server._connections.values():
                connection._writer.transport.abort()

        self.running.loop.call_soon_threadsafe(cut)

    def end(self) -> None:
        """Without room on the card, which would let what sounds come to its end."""
        self.running.loop.call_soon_threadsafe(self.running.server.stop)
        self.running.thread.join(DEADLINE_S)
        self.running.stop()


@contextmanager
def spoken(path: Path, message: Speak, patience_s: float = DEADLINE_S) -> Iterator[list[Reply]]:
    """speak_once in a thread; at the end all that it yielded, and its error."""
    replies: list[Reply] = []

    def run() -> None:
        try:
            replies.extend(speak_once(message, path, patience_s))
        except EdgeError as error:
            replies.append(ErrorReply.of(error))

    thread = threading.Thread(target=run)
    thread.start()
    yield replies
    thread.join(DEADLINE_S)
    assert not thread.is_alive()


def kinds(replies: list[Reply]) -> list[type[Reply]]:
    return [type(reply) for reply in replies]


def test_the_client_goes_on_over_lost_connections(tmp_path: Path, tone_bundle: Bundle) -> None:
    lives = Lives(tmp_path / "edge.sock", tone_bundle)
    card = lives.running.card
    card.give_room(1)
    with spoken(lives.path, Speak(TEXT)) as replies:
        card.wait_until_held()
        lives.cut_connections()
        card.give_room()
    lives.end()
    assert kinds(replies) == [SpeakAccepted, SpeakStarted, SpeakFinished]
    assert sounding(card) == pytest.approx(3 * 0.12 * 22_050, rel=0.02)


def test_a_daemon_that_is_started_anew_speaks_what_waited(
    tmp_path: Path, tone_bundle: Bundle
) -> None:
    lives = Lives(tmp_path / "edge.sock", tone_bundle)
    first = lives.running
    first.card.give_room(1)
    with first.connect() as other:
        other.send(Speak("word " * 50, id="before"))
        other.until(SpeakStarted)
        with spoken(lives.path, Speak(TEXT, id="a")) as replies:
            while not first.server.synthesis.is_live("a"):
                other.ping()
            lives.end()
            lives.begin()
    lives.end()
    assert kinds(replies) == [SpeakAccepted, SpeakStarted, SpeakFinished]
    assert lives.running.card.heard().any()


def test_what_was_broken_off_is_reported(tmp_path: Path, tone_bundle: Bundle) -> None:
    lives = Lives(tmp_path / "edge.sock", tone_bundle)
    lives.running.card.give_room(1)
    with spoken(lives.path, Speak("word " * 50)) as replies:
        lives.running.card.wait_until_held()
        lives.end()
    assert kinds(replies) == [SpeakAccepted, SpeakStarted, SpeakCancelled, ErrorReply]
    assert isinstance(replies[-1], ErrorReply) and replies[-1].code == "unknown-utterance"


def test_no_daemon_is_told_in_bounded_time(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon):
        list(speak_once(Speak(TEXT), tmp_path / "none.sock", patience_s=0.1))


def test_what_is_too_late_is_not_spoken(tmp_path: Path, tone_bundle: Bundle) -> None:
    """Nobody was there while it was worth saying."""
    path = tmp_path / "edge.sock"
    with spoken(path, Speak(TEXT, id="a", ttl=1e-6)) as replies:
        daemon = ThreadDaemon(path, [tone_bundle])
    daemon.stop()
    # On a busy machine the daemon may be there first, and be the one that tells it.
    assert [r for r in replies if not isinstance(r, SpeakAccepted)] == [
        SpeakCancelled("a", "expired")
    ]
