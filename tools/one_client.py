"""Measure what one client can take from the others: `python -m tools.one_client BUNDLE`.

Against a fresh daemon for each attack, with a sound card that swallows samples at their pace, a
process of its own asks for `ping` and `stop` and for urgent speech. The time on the clock counts
whatever else this machine does, so two more stand beside it: the clock less the time in which the
daemon's sockets' thread or the one that asks was ready and had no core, an estimate for a quiet
machine; and the CPU time of the sockets' thread, which is the least.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.client import Client
from edge.pcm import Samples
from edge.protocol import (
    Describe,
    Ping,
    Pong,
    Reload,
    Request,
    Speak,
    SpeakAccepted,
    SpeakCancelled,
    SpeakFinished,
    Status,
    Stop,
    Stopped,
    SynthesizeChunk,
    SynthesizeStart,
    encode,
)
from tests.helpers.daemon_under_test import Wire

SECONDS = 10.0
AFTER_S = 12.0
"""From the attackers' end to the last look at the memory."""
PAUSE_S = 0.02
ATTACKS: dict[str, Callable[[Path], None]] = {}


class NullSink:
    """Swallows samples at their pace."""

    name, latency_s = "null", 0.06

    def __init__(self, _: object, rate: int, *__: object) -> None:
        self._rate, self._end, self._life = rate, 0.0, 0
        self._changed = threading.Condition()

    def write(self, samples: Samples) -> bool:
        with self._changed:
            life = self._life
            self._end = max(self._end, time.monotonic()) + len(samples) / self._rate
            while life == self._life and (left := self._end - time.monotonic() - 0.06) > 0:
                self._changed.wait(left)
        return False

    def finish(self) -> None:
        pass

    def abort(self) -> None:
        with self._changed:
            self._life, self._end = self._life + 1, 0.0
            self._changed.notify_all()

    interrupt = close = abort


def attack(what: str) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    def keep(function: Callable[[Path], None]) -> Callable[[Path], None]:
        ATTACKS[what] = function
        return function

    return keep


@attack("nothing")
def nothing(path: Path) -> None:
    threading.Event().wait()


def flood(path: Path, clients: int, *requests: Request, reads: bool = True) -> None:
    """Have so many clients send the same again and again, as fast as they are read."""
    data = b"".join(map(encode, requests))

    def one() -> None:
        with contextlib.suppress(OSError), Wire(path) as wire:
            if reads:
                threading.Thread(target=read_all, args=(wire,), daemon=True).start()
            while True:
                wire.socket.sendall(data)

    together(*[one] * clients)


def read_all(wire: Wire) -> None:
    with contextlib.suppress(OSError):
        while wire.socket.recv(1 << 20):
            pass


def together(*work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    threading.Event().wait()


@attack("50 clients send `speak` without end")
def speaks(path: Path) -> None:
    flood(path, 50, *[Speak("One.", priority="background")] * 100)


@attack("1 client sends `status` without end")
def status(path: Path) -> None:
    flood(path, 1, *[Status()] * 1000)


@attack("8 clients send `status` without end, the queue full")
def crowded_status(path: Path) -> None:
    with Wire(path) as wire:
        wire.send(*[Speak("One. " * 300, priority="background")] * 64)
        flood(path, 8, *[Status()] * 1000)


@attack("8 clients send `describe` without end")
def describe(path: Path) -> None:
    flood(path, 8, *[Describe()] * 1000)


@attack("60 clients send pings of 4 kB and read nothing")
def deaf(path: Path) -> None:
    flood(path, 60, *[Ping("\N{PARTY POPPER}" * 1000)] * 100, reads=False)


@attack("60 text streams that trickle")
def trickle(path: Path) -> None:
    wires = [Wire(path) for _ in range(60)]
    for wire in wires:
        wire.send(SynthesizeStart())
    while True:
        for wire in wires:
            wire.send(SynthesizeChunk(" "))
        threading.Event().wait(0.5)


@attack("64 connections at once, again and again")
def connections(path: Path) -> None:
    def one() -> None:
        while True:
            with contextlib.suppress(OSError), Wire(path) as wire:
                wire.send(Ping())
                wire.receive()

    together(*[one] * 64)


@attack("1 client sends `reload` without end")
def reloads(path: Path) -> None:
    flood(path, 1, *[Reload()] * 1000)


# What another user meets meanwhile


def schedule_ms(thread: Path) -> tuple[float, float]:
    """How long a thread has run, and how long it was ready and had no core."""
    ran, queued, _ = map(int, (thread / "schedstat").read_text("ascii").split())
    return ran / 1e6, queued / 1e6


class Look:
    """The daemon's memory and its sockets' thread, as /proc tells."""

    def __init__(self, pid: int) -> None:
        self._proc, self._thread = Path(f"/proc/{pid}"), Path(f"/proc/{pid}/task/{pid}")

    def resident_mb(self) -> float:
        return int((self._proc / "statm").read_text("ascii").split()[1]) / 256

    def cpu_ms(self) -> tuple[float, float]:
        """How long the sockets' thread has run, and how long it, or who asks, was ready and had no
        core."""
        ran, queued = schedule_ms(self._thread)
        return ran, queued + schedule_ms(Path("/proc/thread-self"))[1]


Wait = tuple[float, float, float]
"""Milliseconds on the clock, without what waited for a core, and of CPU."""


def ask(path: Path, look: Look) -> tuple[dict[str, list[Wait]], float]:
    """Ask for SECONDS; return how long each question waited, and the most memory."""
    waits: dict[str, list[Wait]] = {"ping": [], "stop": [], "urgent": []}
    most, end = look.resident_mb(), time.monotonic() + SECONDS
    with Wire(path) as wire:

        def timed(name: str, request: Request, answer: type) -> None:
            (ran, queued), began = look.cpu_ms(), time.monotonic()
            wire.send(request)
            last = wire.until(answer)[-1]
            waited_ms = 1e3 * (time.monotonic() - began)
            assert isinstance(last, answer), f"{name}: {last}"
            ran_now, queued_now = look.cpu_ms()
            waits[name].append((waited_ms, max(waited_ms - queued_now + queued, 0), ran_now - ran))

        while time.monotonic() < end:
            timed("ping", Ping(), Pong)
            timed("stop", Stop("nobody"), Stopped)
            if len(waits["ping"]) % 10 == 1:
                timed("urgent", Speak("Fire!", priority="urgent"), SpeakAccepted)
                wire.until(SpeakFinished, SpeakCancelled)
            most = max(most, look.resident_mb())
            threading.Event().wait(PAUSE_S)
    return waits, most


@contextlib.contextmanager
def daemon(bundle: Path, path: Path) -> Iterator[Look]:
    command = [sys.executable, "-m", "tools.one_client", "--serve", str(bundle), str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if "ready on" in line:
                break
        threading.Thread(target=running.stderr.read, daemon=True).start()
        try:
            yield Look(running.pid)
        finally:
            running.terminate()


def row(bundle: Path, what: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edge.sock"
        with daemon(bundle, path) as look:
            with Client(path) as client:
                list(client.speak(Speak("One.")))  # what is loaded once is no attacker's
            before = look.resident_mb()
            command = [sys.executable, "-m", "tools.one_client", "--attack", what, str(path)]
            with subprocess.Popen(command, stderr=subprocess.DEVNULL) as attacker:
                try:
                    waits, most = ask(path, look)
                finally:
                    attacker.kill()
            time.sleep(AFTER_S)
            after = look.resident_mb()
    cells = []
    for each in waits.values():
        clock, alone, cpu = (sorted(values) for values in zip(*each, strict=True))
        middle, late = clock[len(clock) // 2], clock[int(len(clock) * 0.95)]
        cells.append(f"{middle:.1f}, {late:.0f}, {clock[-1]:.0f} ({alone[-1]:.0f}, {cpu[-1]:.0f})")
    return f"| {what} | {' | '.join(cells)} | {before:.0f}, {most:.0f}, {after:.0f} |"


def serve(bundle: Path, path: Path) -> int:
    from edge.cli import run
    from edge.sound import failover

    failover.PortAudioSink = NullSink  # type: ignore[attr-defined, assignment]
    return run(["serve", "--any-board", "--bundle", str(bundle), "--socket", str(path)])


def main(words: list[str]) -> int:
    if words[0] == "--serve":
        return serve(Path(words[1]), Path(words[2]))
    if words[0] == "--attack":
        ATTACKS[words[1]](Path(words[2]))
    chosen = [what for what in ATTACKS if re.search(words[1] if words[1:] else "", what)]
    print("ms: median, 95 %, worst (worst without waiting for a core, most CPU)")
    print("MiB: before, most, after")
    print("| Beside | ping | stop | urgent accepted | Memory |\n|---|---|---|---|---|")
    for what in chosen:
        print(row(Path(words[0]), what), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
