"""No client can take the voice away from the others: each attack, beside it a stop and an urgent
text of somebody else, and what the attacker is told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.client import Client
from edge.config import Access, Config
from edge.daemon import replies as replies_module
from edge.daemon import server as server_module
from edge.daemon.access import KEPT_FOR_OTHERS, MAX_CLIENTS, Peer, Rules
from edge.daemon.connection import Connection
from edge.daemon.loop_time import LONGEST_REST_S, REST, SLICE_S, LoopTime
from edge.daemon.outbox import FULL_BYTES, MAX_BYTES, MAX_MESSAGES, Outbox
from edge.errors import Busy, NotAllowed, StreamEnded
from edge.pcm import Samples, to_int16
from edge.protocol import (
    REQUESTS,
    AudioStop,
    Describe,
    ErrorReply,
    Info,
    Ping,
    Reload,
    Reloaded,
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
    Status,
    StatusReport,
    Stop,
    Stopped,
    Synthesize,
    encode,
)
from edge.sound.events import Finished
from tests.helpers.daemon_under_test import ROOT, ThreadDaemon, Wire
from tests.helpers.fakes import DEADLINE_S
from tests.protocol.test_protocol import FULL

CHATTER = "The weather in some other town is fine today."


# The pure parts


def test_an_outbox_counts_bytes_and_messages() -> None:
    outbox = Outbox()
    assert all(outbox.put(bytes(1 << 10)) for _ in range(FULL_BYTES >> 10)) and not outbox.is_full
    assert outbox.put(b"a") and outbox.is_full
    assert not outbox.put(bytes(MAX_BYTES))
    while outbox:
        outbox.take()
    assert outbox.bytes == 0 and not outbox.is_full
    assert outbox.put(bytes(MAX_BYTES), on_sent=lambda: None)
    assert not outbox.is_full, "sound is no answer: it comes by itself"
    few = Outbox()
    assert sum(few.put(b"") for _ in range(2 * MAX_MESSAGES)) == MAX_MESSAGES


def test_who_asks_for_much_rests_the_longer_the_more_do() -> None:
    loop_time = LoopTime()
    assert loop_time.rest_s(SLICE_S / 2) == 0
    assert loop_time.rest_s(SLICE_S) == SLICE_S * REST
    loop_time.resting = 59
    assert loop_time.rest_s(SLICE_S) == 60 * SLICE_S * REST
    assert 60 * SLICE_S / (SLICE_S + loop_time.rest_s(SLICE_S)) < 0.35, "all of them, of the loop"
    assert loop_time.rest_s(60) == LONGEST_REST_S


def test_the_last_places_are_for_others() -> None:
    one, other, root = Peer(1, 54_321, 0), Peer(1, 54_322, 0), Peer(1, 0, 0)
    rules = Rules.of(Access(clients_per_user=256))
    many = [one] * (MAX_CLIENTS - KEPT_FOR_OTHERS)
    with pytest.raises(Busy):
        rules.check_places(one, many)
    rules.check_places(other, many)
    rules.check_places(root, [*many, *[root] * (KEPT_FOR_OTHERS - 1)])
    with pytest.raises(Busy):
        rules.check_places(other, [*many, *[root] * KEPT_FOR_OTHERS])
    with pytest.raises(Busy, match="64 clients of the user"):
        Rules.of(Access()).check_places(one, [one] * 64)


def test_names_are_looked_up_at_a_load_and_groups_of_a_process_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = Rules.of(Access(users=("nobody",), groups=("daemon",)))

    def gone(*_: object) -> None:
        raise KeyError("no such user")

    monkeypatch.setattr("pwd.getpwnam", gone)
    monkeypatch.setattr("grp.getgrnam", gone)
    monkeypatch.setattr("pwd.getpwuid", gone)
    [group] = rules.gids
    rules.check_listed(Peer(1, 54_321, 54_321, frozenset({group})))  # SupplementaryGroups=
    with pytest.raises(NotAllowed):
        rules.check_listed(Peer(1, 54_321, 54_321))
    monkeypatch.setattr("pwd.getpwuid", lambda _: pytest.fail("asked though nobody is listed"))
    Rules.of(Access()).check_listed(Peer(1, 54_321, 54_321))


# Handlers that fail


@pytest.mark.parametrize("kind", sorted(REQUESTS))
def test_a_handler_that_raises_is_answered_and_nothing_is_left(
    kind: str,
    daemon: ThreadDaemon,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("Zanzibar")  # could be a text

    requests = daemon.server._requests
    monkeypatch.setattr(requests, "_act", broken)
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


# Attacks


@contextlib.contextmanager
def fire_alarm(daemon: ThreadDaemon) -> Iterator[None]:
    """Beside an attack, another connection is answered, speaks urgently, and stops it."""
    yield
    with daemon.connect() as wire:
        wire.ping()
        wire.send(Speak("Fire!", id="alarm", priority="urgent"))
        assert isinstance(wire.receive(), SpeakAccepted)
        wire.send(Stop(scope="all"))
        *before, stopped = wire.until(Stopped)
        assert isinstance(stopped, Stopped)
        assert "alarm" in stopped.ids or isinstance(before[-1], SpeakFinished)


def test_a_full_queue_takes_an_urgent_text_and_tells_whose_place_it_takes(
    daemon: ThreadDaemon,
) -> None:
    daemon.card.give_room(0)
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(daemon.connect()) for _ in range(5)]
        refused = 0
        for wire in crowd:
            wire.send(*[Speak(CHATTER, priority="background")] * 64)
            answers = [wire.receive() for _ in range(64)]
            refused += sum(isinstance(answer, ErrorReply) for answer in answers)
        assert refused in (5 * 64 - 192, 5 * 64 - 193), "one may have begun"
        urgent = stack.enter_context(daemon.connect())
        urgent.send(*[Speak("Fire!", priority="urgent")] * 65)
        answers = [urgent.receive() for _ in range(65)]
        accepted = [a for a in answers if isinstance(a, SpeakAccepted)]
        assert len(accepted) >= 64
        with fire_alarm(daemon):
            pass


def test_a_flood_of_requests_gives_way_after_each(daemon: ThreadDaemon) -> None:
    """Counted, not timed: how many of the flood are answered before a ping of somebody else."""
    order: list[int] = []
    requests = daemon.server._requests
    act = requests._act

    def noted(connection: Connection, message: object) -> None:
        order.append(connection.number)
        act(connection, message)  # type: ignore[arg-type]

    requests._act = noted  # type: ignore[method-assign]
    with contextlib.ExitStack() as stack:
        flood = [stack.enter_context(daemon.connect()) for _ in range(4)]
        other = stack.enter_context(daemon.connect())
        other.ping()
        for wire in flood:
            wire.send(encode(Status()) * 200)
        for _ in range(5):
            before = len(order)
            other.ping()
            assert len(order) - before <= 300, "the flood of 800 was answered first"
        with fire_alarm(daemon):
            pass
    assert len(set(order)) == 6


def test_who_reads_nothing_costs_little_memory(daemon: ThreadDaemon) -> None:
    def resident_mb() -> float:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) / 256

    before, deaf = resident_mb(), 8
    one = encode(Ping("\N{PARTY POPPER}" * 1_000))
    with contextlib.ExitStack() as stack:
        for _ in range(deaf):
            wire = stack.enter_context(daemon.connect())
            wire.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                for _ in range(2_000):
                    wire.socket.sendall(one)
        with fire_alarm(daemon):
            pass
        assert resident_mb() - before < 8 * deaf


def test_a_user_without_a_place_left_can_still_stop(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(0)
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(daemon.connect()) for _ in range(64)]
        for wire in idle:
            wire.ping()
        idle[0].send(Speak(CHATTER, id="a"))
        assert isinstance(idle[0].receive(), SpeakAccepted)
        with daemon.connect() as late:
            late.send(Status())
            answer = late.receive()
            assert isinstance(answer, ErrorReply) and answer.code == "busy"
            assert late.receive() is None
        with daemon.connect() as late:
            late.send(Stop(scope="all"))
            assert late.receive() == Stopped(("a",))


def test_reloads_join_one_another(daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    reloads, gate = 0, threading.Event()

    async def counted() -> tuple[str, ...]:
        nonlocal reloads
        reloads += 1
        await asyncio.to_thread(gate.wait, DEADLINE_S)
        return ()

    monkeypatch.setattr(daemon.server.setup, "reload", counted)
    with daemon.connect() as wire, daemon.connect() as other:
        wire.send(encode(Reload()) * 500)
        asked = 1 + server_module.MAX_RELOADS_ASKED
        for _ in range(500 - asked):
            refused = wire.receive()
            assert isinstance(refused, ErrorReply) and refused.code == "busy"
        other.send(Reload())
        other.ping()
        gate.set()
        assert [wire.receive() for _ in range(asked)] == [Reloaded()] * asked
        assert other.receive() == Reloaded()
        assert reloads == 2, "the one that ran, and one for all who asked meanwhile"
    with fire_alarm(daemon):
        pass


def test_a_stream_without_words_does_not_hold_the_card(daemon: ThreadDaemon) -> None:
    with daemon.connect() as silent, daemon.connect() as other:
        silent.send(SpeakStart(id="a"), SpeakChunk(" "))
        assert isinstance(silent.receive(), SpeakAccepted)
        other.send(Speak("One."))
        assert isinstance(other.until(SpeakFinished)[-1], SpeakFinished)


def test_streams_that_trickle_hold_no_places(daemon: ThreadDaemon) -> None:
    from edge.protocol import SynthesizeChunk, SynthesizeStart

    with contextlib.ExitStack() as stack:
        for _ in range(60):
            wire = stack.enter_context(daemon.connect())
            wire.send(SynthesizeStart(), SynthesizeChunk("One two"))
            wire.ping()
        with daemon.connect() as other:
            other.send(Synthesize("One."))
            assert other.sound().any()


# What a program may rely on


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


def test_a_stream_may_pause_for_as_long_as_it_likes(daemon: ThreadDaemon) -> None:
    """No timer runs for it: silence is no end."""
    with daemon.connect() as wire:
        wire.send(SpeakStart(id="a"), SpeakChunk("One two. "))
        assert isinstance(wire.until(SpeakStarted)[-1], SpeakStarted)
        streams = daemon.server._requests._streams._open
        assert [stream.timer for stream in streams.values()] == [None]
        wire.send(SpeakChunk("Three."), SpeakStop())
        assert isinstance(wire.until(SpeakFinished)[-1], SpeakFinished)


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


def test_a_socket_that_was_removed_is_made_anew(
    daemon: ThreadDaemon, tmp_path: Path, tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "LOOK_S", 0.02)
    path = tmp_path / "removed.sock"
    other = ThreadDaemon(path, [tone_bundle])
    try:
        path.unlink()
        made = threading.Event()
        for _ in range(int(DEADLINE_S / 0.05)):
            if path.exists() or made.wait(0.05):
                break
        with Wire(path) as wire:
            wire.ping()
    finally:
        other.stop()


def test_what_is_said_of_the_loop_is_said_once(
    daemon: ThreadDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    loop = daemon._loop
    context = {"message": "socket.accept() out of system resource", "exception": OSError(24, "no")}
    with daemon.connect() as wire:
        for _ in range(100):
            loop.call_soon_threadsafe(loop.call_exception_handler, context)
        wire.ping()
    assert sum("out of system resource" in r.getMessage() for r in caplog.records) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_edge_say_that_is_ended_is_silent(daemon: ThreadDaemon, number: int) -> None:
    daemon.card.give_room(0)
    command = [sys.executable, "-m", "edge", "say", "--socket", str(daemon.path), CHATTER]
    with daemon.connect() as other, subprocess.Popen(command, cwd=ROOT) as running:
        while not daemon.server.synthesis.live():
            other.ping()
        daemon.card.wait_until_held()
        running.send_signal(number)
        assert running.wait(DEADLINE_S) == 128 + number
        assert not daemon.server.synthesis.live()


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
