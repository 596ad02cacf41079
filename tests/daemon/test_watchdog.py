"""Signs of life: sent while every thread comes round, to nobody but who asked for them."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.daemon.watchdog import CHECKS, keep_alive
from tests.helpers.fakes import DEADLINE_S

WATCHDOG_S = 0.12


class Turning:
    """Comes round at each nudge, unless it is stuck."""

    def __init__(self, name: str) -> None:
        self.name, self.turns, self.stuck, self.nudges = name, 0.0, False, 0

    def nudge(self) -> None:
        self.nudges += 1
        self.turns += not self.stuck


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(DEADLINE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", str(round(WATCHDOG_S * 1e6)))
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        yield listening


async def watched(threads: list[Turning], enough: asyncio.Event) -> None:
    task = asyncio.create_task(keep_alive(threads))
    await asyncio.wait_for(enough.wait(), DEADLINE_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def until(reached: asyncio.Event, is_so: object) -> None:
    assert callable(is_so)
    while not is_so():
        await asyncio.sleep(WATCHDOG_S / CHECKS)
    reached.set()


def watch(threads: list[Turning], is_so: object) -> None:
    """Run the watchdog until something is so."""

    async def run() -> None:
        reached = asyncio.Event()
        looking = asyncio.create_task(until(reached, is_so))
        await watched(threads, reached)
        await looking

    asyncio.run(run())


def test_signs_of_life_while_all_come_round(manager: socket.socket) -> None:
    threads = [Turning("synthesis"), Turning("playback")]
    watch(threads, lambda: threads[0].nudges >= 4)
    signs = [manager.recv(100) for _ in range(3)]
    assert set(signs) == {b"WATCHDOG=1"}


def test_none_while_one_stands_still(
    manager: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    threads = [Turning("synthesis"), Turning("playback")]
    threads[1].stuck = True
    with caplog.at_level(logging.WARNING):
        watch(threads, lambda: threads[0].nudges >= 4)
    assert "no sign of life from playback" in caplog.text and "synthesis" not in caplog.text
    assert manager.recv(100) == b"WATCHDOG=1"  # the first, before anything was compared
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(100)


@pytest.mark.parametrize(("name", "value"), [("WATCHDOG_USEC", "0"), ("WATCHDOG_PID", "1")])
def test_nothing_where_nobody_waits_for_it(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    asyncio.run(keep_alive([Turning("synthesis")]))
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(100)
