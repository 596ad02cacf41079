"""A failure that nobody foresaw ends one connection, with an answer and one line in the log."""

from __future__ import annotations

import logging
import threading

import pytest

from edge import synth
from edge.bundle import Bundle
from edge.daemon import replies as replies_module
from edge.daemon.requests import Requests
from edge.daemon.text_streams import TextStreams
from edge.pcm import Samples, to_int16
from edge.protocol import (
    REQUESTS,
    AudioStop,
    Describe,
    ErrorReply,
    Info,
    Pong,
    Reload,
    Speak,
    SpeakChunk,
    SpeakFinished,
    SpeakStart,
    SpeakStarted,
    Status,
    StatusReport,
    Stop,
    Synthesize,
)
from tests.daemon.test_daemon import put_in
from tests.helpers.daemon_under_test import ThreadDaemon
from tests.helpers.fakes import DEADLINE_S, FakeVoice, Gate
from tests.protocol.test_protocol import FULL


@pytest.mark.parametrize("kind", sorted(REQUESTS))
def test_a_handler_that_raises_is_answered_and_nothing_is_left(
    kind: str,
    daemon: ThreadDaemon,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("Zanzibar")  # could be a text

    monkeypatch.setattr(Requests, "handle", broken)
    with caplog.at_level(logging.INFO), daemon.connect() as wire:
        wire.send(FULL[kind])  # type: ignore[arg-type]
        error = wire.receive()
        assert isinstance(error, ErrorReply) and error.code == "internal"
        assert error.id == getattr(FULL[kind], "id", None)
        assert wire.receive() is None, "it hangs up"
    monkeypatch.undo()
    with daemon.connect() as wire:
        wire.send(Status())
        report = wire.receive()
        assert isinstance(report, StatusReport) and report.counters["clients"] == 1
    lines = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(lines) == 1 and "RuntimeError" in lines[0] and "Zanzibar" not in caplog.text


def test_who_says_stop_and_leaves_is_obeyed(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    """The daemon writes to the client that has gone before it reads what that said last."""
    gate = Gate(1)
    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), gate))
    wire = daemon.connect()
    wire.send(Speak("The kettle is on."))
    gate.wait_until_reached()
    busy, left = threading.Event(), threading.Event()

    def write_to_one_that_has_left() -> None:
        busy.set()
        assert left.wait(DEADLINE_S)
        [connection] = daemon.server._connections.values()
        connection.send(Pong())

    daemon.loop.call_soon_threadsafe(write_to_one_that_has_left)
    assert busy.wait(DEADLINE_S)
    wire.send(Stop())
    wire.close()
    left.set()
    daemon.wait_until_idle()
    gate.open()
    assert daemon.server.synthesis.counters.cancelled == 1


def test_sound_that_cannot_be_told_has_no_hole(
    daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An allocation fails between two chunks: the client sees no audio-stop."""
    told: list[int] = []

    def failing(samples: Samples) -> object:
        told.append(len(samples))
        if len(told) == 2:
            raise MemoryError
        return to_int16(samples)

    monkeypatch.setattr(replies_module, "to_int16", failing)
    with daemon.connect() as wire:
        wire.send(Synthesize("One two three. " * 40))
        kinds = []
        while (reply := wire.receive()) is not None:
            kinds.append(type(reply))
        assert AudioStop not in kinds
    with daemon.connect() as wire:
        wire.ping()
    assert "unexpected MemoryError; hung up" in caplog.text


@pytest.mark.parametrize("code", ["internal", "bad-frame"])
def test_a_stream_of_which_a_piece_was_lost_has_failed(
    code: str, daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the half of it is spoken, and whoever asks again is told that all was heard."""

    def failing(*_: object) -> None:
        raise MemoryError

    with daemon.connect() as wire:
        wire.send(SpeakStart(id="a"), SpeakChunk("The kettle is on. "))
        wire.until(SpeakStarted)
        if code == "internal":
            monkeypatch.setattr(TextStreams, "chunk", failing)
            wire.send(SpeakChunk("Tea comes in a minute."))
        else:
            wire.send(b"no frame\n")
        broken = wire.until()[-1]
        assert isinstance(broken, ErrorReply) and broken.code == code
        assert wire.receive() is None
    with daemon.connect() as wire:
        wire.send(Speak("-", id="a", again="report"))
        end = wire.until(SpeakFinished)[-1]
    assert isinstance(end, ErrorReply) and (end.id, end.code) == ("a", code)


def test_a_stream_of_which_no_more_could_be_read_has_failed(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(SpeakStart(id="a"), SpeakChunk("The kettle is on. "))
        wire.until(SpeakStarted)
        [connection] = daemon.server._connections.values()
        connection._writer.transport.max_size = 1 << 62  # no machine has room for that
        wire.send(SpeakChunk("Tea comes in a minute."))
        assert wire.receive() is None
    with daemon.connect() as wire:
        wire.send(Speak("-", id="a", again="report"))
        end = wire.until(SpeakFinished)[-1]
    assert isinstance(end, ErrorReply) and (end.id, end.code) == ("a", "internal")


def test_a_reload_that_raises_is_answered(
    daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(daemon.server.setup, "reload", broken)
    with daemon.connect() as wire:
        wire.send(Reload())
        error = wire.receive()
        assert isinstance(error, ErrorReply) and error.code == "internal"
        wire.ping()


def test_a_damaged_bundle_does_not_keep_the_others_from_being_described(
    daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(bundle: Bundle) -> tuple[str, ...]:
        from edge.errors import BundleDamaged

        raise BundleDamaged(f"{bundle.path.name}: config.json", "Install it again.")

    monkeypatch.setattr("edge.synth.speakers", damaged)
    with daemon.connect() as wire:
        wire.send(Describe())
        assert isinstance(wire.receive(), Info)


def test_what_is_said_of_the_loop_is_said_once(
    daemon: ThreadDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    loop = daemon.loop
    context = {"message": "socket.accept() out of system resource", "exception": OSError(24, "no")}
    with daemon.connect() as wire:
        for _ in range(100):
            loop.call_soon_threadsafe(loop.call_exception_handler, context)
        wire.ping()
    assert sum("out of system resource" in r.getMessage() for r in caplog.records) == 1
