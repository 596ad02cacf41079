"""No client can take the voice away from the others: each attack, beside it a stop and an urgent
text of somebody else, and what the attacker is told."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.daemon import server as server_module
from edge.daemon.connection import Connection
from edge.daemon.memory import let_go
from edge.daemon.requests import Requests
from edge.protocol import (
    AudioStart,
    AudioStop,
    ErrorReply,
    Ping,
    Reload,
    Reloaded,
    Request,
    Speak,
    SpeakAccepted,
    SpeakChunk,
    SpeakFinished,
    SpeakStart,
    Status,
    StatusReport,
    Stop,
    Stopped,
    Synthesize,
    encode,
)
from tests.helpers.daemon_under_test import ThreadDaemon, Wire
from tests.helpers.fakes import DEADLINE_S

CHATTER = "The weather in some other town is fine today."


@contextlib.contextmanager
def fire_alarm(daemon: ThreadDaemon) -> Iterator[None]:
    """Beside an attack, another connection is answered, speaks urgently, and stops it."""
    yield
    with daemon.connect() as wire:
        wire.ping()
        wire.send(Speak("Fire!", id="alarm", priority="urgent"))
        assert isinstance(wire.receive(), SpeakAccepted)
        wire.send(Stop(scope="all"))
        *_, stopped = said = list(wire.until(Stopped))
        assert isinstance(stopped, Stopped)
        if "alarm" not in stopped.ids and not any(isinstance(m, SpeakFinished) for m in said):
            wire.until(SpeakFinished)  # it had ended by itself just before


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


def test_a_flood_of_requests_gives_way_after_each(
    daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: how many of the flood are answered before a ping of somebody else."""
    order: list[int] = []
    handle = Requests.handle

    def noted(self: Requests, connection: Connection, message: Request) -> None:
        order.append(connection.number)
        handle(self, connection, message)

    monkeypatch.setattr(Requests, "handle", noted)
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


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) / 256


@pytest.mark.parametrize("leave", ["hung up", "dropped"])
def test_who_reads_nothing_costs_little_memory_and_leaves_none(
    leave: str, daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "LET_GO_S", 0.1)
    if leave == "dropped":
        monkeypatch.setattr("edge.daemon.connection.SEND_TIMEOUT_S", 1.0)
    gc.collect()
    gc.disable()  # what only it finds stays for minutes in a daemon that has little to do
    let_go()  # of what earlier tests left
    before, deaf = resident_mb(), 40
    one = encode(Ping("\N{PARTY POPPER}" * 1_000))
    try:
        with contextlib.ExitStack() as stack:
            crowd = [stack.enter_context(daemon.connect()) for _ in range(deaf)]
            for wire in crowd:
                wire.socket.setblocking(False)
            while sum(fill(wire, one) for wire in crowd):  # until it reads nothing more
                clients(daemon)
            with fire_alarm(daemon):
                pass
            most = resident_mb() - before
            if leave == "dropped":
                wait_until(lambda: clients(daemon) == 0)
        assert most < 8 * deaf
        wait_until(lambda: clients(daemon) == 0 and resident_mb() - before < 8)
    finally:
        gc.enable()


def fill(wire: Wire, message: bytes) -> int:
    """Send as often as there is room; returns how often."""
    for sent in itertools.count():
        try:
            assert wire.socket.send(message) == len(message), "it would read a broken frame"
        except BlockingIOError:
            return sent
    raise AssertionError


def clients(daemon: ThreadDaemon) -> int:
    """Count the connections to the daemon, but for the one that asks."""
    with daemon.connect() as wire:
        wire.send(Status())
        report = wire.receive()
    assert isinstance(report, StatusReport)
    return report.counters["clients"] - 1


def wait_until(holds: Callable[[], bool]) -> None:
    patience = threading.Event()
    for _ in range(int(DEADLINE_S / 0.05)):
        if holds():
            return
        patience.wait(0.05)
    raise AssertionError("in vain")


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


def test_who_reads_no_sound_loses_its_place_and_is_told(
    daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else happens meanwhile: it is its time that wakes the daemon."""
    for name, value in (("MAX_OPEN_JOBS", 2), ("UNSENT_S", 1.0), ("STALLED_S", 0.2)):
        monkeypatch.setattr(f"edge.daemon.schedule.{name}", value)
    long = "word " * 1_900
    with daemon.connect() as one, daemon.connect() as two, daemon.connect() as other:
        for deaf in (one, two):
            deaf.send(Synthesize(long))
            assert isinstance(deaf.receive(), AudioStart)
        other.send(Synthesize("One."))
        assert other.sound().any()
        ends = [wire.until(AudioStop)[-1] for wire in (one, two)]
    codes = sorted(getattr(end, "code", "whole") for end in ends)
    assert codes in (["busy", "busy"], ["busy", "whole"])
