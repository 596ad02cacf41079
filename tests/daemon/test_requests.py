"""What a program may rely on: ends, interruptions, streams that pause, and what ends with it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.client import Client
from edge.config import Access, Config
from edge.errors import EdgeError, EmptyText, StreamEnded, UnknownUtterance
from edge.protocol import (
    AudioStop,
    AudioWord,
    ErrorReply,
    Reply,
    Speak,
    SpeakAccepted,
    SpeakCancelled,
    SpeakChunk,
    SpeakFinished,
    SpeakInterrupted,
    SpeakResumed,
    SpeakStart,
    SpeakStarted,
    SpeakStop,
    SpeakWord,
    Stop,
    Stopped,
    Synthesize,
)
from edge.sound.events import Finished
from tests.helpers.daemon_under_test import ROOT, ThreadDaemon
from tests.helpers.fakes import DEADLINE_S, FakeSink

CHATTER = "The weather in some other town is fine today."


def test_an_id_used_again_is_another_utterance(daemon: ThreadDaemon) -> None:
    """The end of the old one, told late, is not the end of the new one."""
    daemon.card.give_room(0)
    with daemon.connect() as wire:
        wire.send(Speak(CHATTER, id="a"))
        assert isinstance(wire.receive(), SpeakAccepted)
        [old] = daemon.server.synthesis.live()
        wire.send(Stop("a"), Speak("One.", id="a"))
        assert [type(wire.receive()) for _ in range(3)] == [Stopped, SpeakCancelled, SpeakAccepted]
        daemon.server.synthesis.on_played(Finished(old.ticket, 1.0))
        wire.ping()
        daemon.card.give_room()
        assert [type(reply) for reply in wire.until(SpeakFinished)] == [
            SpeakStarted,
            SpeakFinished,
        ]


def test_what_is_bound_to_its_connection_ends_with_it(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(0)
    with daemon.connect() as watcher:
        with daemon.connect() as killed:
            killed.send(
                Speak(CHATTER, id="a", while_connected=True),
                Speak(CHATTER, id="b"),
                Speak(CHATTER, id="c", while_connected=True),
            )
            for _ in range(3):
                assert isinstance(killed.receive(), SpeakAccepted)
            killed.socket.shutdown(socket.SHUT_WR)  # it listens still
            watcher.ping()
            assert len(daemon.server.synthesis.live()) == 3
        left = ["a"]
        while left != ["b"]:
            watcher.ping()
            left = [utterance.id for utterance in daemon.server.synthesis.live()]
            assert "b" in left


def test_a_chunk_after_the_end_is_answered_and_the_client_raises(
    daemon: ThreadDaemon, tmp_path: Path
) -> None:
    daemon.server.setup.config = Config(access=Access(stream_silence_s=0.05))
    ended = threading.Event()

    def words() -> Iterator[str]:
        yield "One two. "
        ended.wait(DEADLINE_S)  # a model that calls a tool
        yield "Three."

    with Client(daemon.path) as client, pytest.raises(StreamEnded):
        for message in client.speak_stream(SpeakStart(), words()):
            if isinstance(message, SpeakFinished):
                pass
    ended.set()


def test_a_client_raises_the_errors_of_their_classes(daemon: ThreadDaemon) -> None:
    with Client(daemon.path) as client:
        with pytest.raises(UnknownUtterance):
            list(client.speak(Speak("One.", id="a", again="report")))
        with pytest.raises(EmptyText):
            list(client.speak(Speak("...")))
    later = ErrorReply("too bright", code="of-a-later-version").error()
    assert type(later) is EdgeError and later.code == "of-a-later-version"


def test_a_stream_may_pause_for_as_long_as_it_likes(
    daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No timer runs for it: silence is no end."""
    timers: list[str] = []
    call_later = daemon.loop.call_later

    def noted(delay: float, callback: Callable[..., object], *args: object) -> object:
        timers.append(getattr(callback, "__module__", ""))
        return call_later(delay, callback, *args)

    monkeypatch.setattr(daemon.loop, "call_later", noted)
    with daemon.connect() as wire:
        wire.send(SpeakStart(id="a"), SpeakChunk("One two. "))
        assert isinstance(wire.until(SpeakStarted)[-1], SpeakStarted)
        wire.send(SpeakChunk("Three."), SpeakStop())
        assert isinstance(wire.until(SpeakFinished)[-1], SpeakFinished)
    assert "edge.daemon.text_streams" not in timers


def test_interruptions_are_told_to_who_asks(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(2)
    with daemon.connect() as wire, daemon.connect() as plain:
        wire.send(Speak("word " * 20, id="a", interruptions=True))
        assert isinstance(wire.until(SpeakStarted)[-1], SpeakStarted)
        plain.send(Speak("Fire.", id="u", priority="urgent"))
        assert isinstance(plain.receive(), SpeakAccepted)
        while not daemon.server.player.buffered_s(True):
            plain.ping()
        daemon.card.give_room()
        told = wire.until(SpeakFinished)
        heard = [m for m in told if isinstance(m, (SpeakInterrupted, SpeakResumed))]
        assert heard == [SpeakInterrupted("a", "urgent"), SpeakResumed("a")]
        replies: list[Reply] = plain.until(SpeakFinished)
        assert not any(isinstance(r, (SpeakInterrupted, SpeakResumed, SpeakWord)) for r in replies)


def test_an_end_says_how_far_it_was_heard(
    daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `words`: who is stopped knows the place all the same."""
    monkeypatch.setattr(FakeSink, "latency_s", 0.0)  # what is written is heard
    daemon.card.give_room(0)
    text = "One two three four five six seven."
    with daemon.connect() as wire:
        wire.send(Speak(text, id="a"), Speak("Unheard.", id="b"))
        assert [type(wire.receive()) for _ in range(2)] == [SpeakAccepted] * 2
        daemon.card.play(20)
        daemon.card.wait_until_held()
        wire.send(Stop(scope="all"))
        told = [reply for _ in "ab" for reply in wire.until(SpeakCancelled)]
    ends = [reply for reply in told if isinstance(reply, SpeakCancelled)]
    heard, unheard = sorted(ends, key=lambda end: end.id)
    with daemon.connect() as wire:
        wire.send(Synthesize(text, words=True))
        words = [reply for reply in wire.until(AudioStop) if isinstance(reply, AudioWord)]
    begun = [word.text_end for word in words if word.start_s < heard.seconds]
    assert 0 < len(begun) < len(words)
    assert heard.text_end == begun[-1]
    assert (unheard.seconds, unheard.text_end) == (0, None)


def test_a_lost_device_is_told(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(2)
    with daemon.connect() as wire:
        wire.send(Speak("word " * 20, id="a", interruptions=True))
        assert isinstance(wire.until(SpeakStarted)[-1], SpeakStarted)
        daemon.server.player.device_lost(True)
        assert wire.receive() == SpeakInterrupted("a", "device")
        daemon.server.player.device_lost(False)
        assert wire.receive() == SpeakResumed("a")
        wire.send(Stop("a"))
        assert isinstance(wire.until(SpeakCancelled)[-1], SpeakCancelled)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_edge_say_that_is_ended_is_silent(daemon: ThreadDaemon, number: int) -> None:
    daemon.card.give_room(0)
    command = [sys.executable, "-m", "edge", "say", "--socket", str(daemon.path), CHATTER]
    before = signal.signal(number, signal.SIG_DFL)  # under nohup it is ignored, by children too
    child = subprocess.Popen(command, cwd=ROOT)
    signal.signal(number, before)
    with daemon.connect() as other, child as running:
        while not daemon.server.synthesis.live():
            other.ping()
        daemon.card.wait_until_held()
        running.send_signal(number)
        assert running.wait(DEADLINE_S) == 128 + number
        assert not daemon.server.synthesis.live()
