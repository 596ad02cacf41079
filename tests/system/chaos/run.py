"""One run: people and faults, then calm, and what must hold."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.bundle import Bundle
from tests.helpers.http_under_test import Http
from tests.sound.server import private_server
from tests.system.chaos.book import Book
from tests.system.chaos.ear import Ear
from tests.system.chaos.faults import Faults
from tests.system.chaos.house import House
from tests.system.chaos.people import DEADLINE_S, Person
from tests.system.chaos.strangers import Stranger
from tests.system.chaos.voice import RATE

PEOPLE, STRANGERS = 6, 3
CALM_S = 60.0
LOOK_S = 30.0
_TEXT = re.compile(r"zq\d+x\d")
MORE_KB = 24 << 10
"""Beyond a daemon just started: 16 MiB of phrases, and what two models at a time leave behind."""
MORE_KB_OF_SOUND = 16 << 10
"""PortAudio, libpulse and soxr, which a daemon just started has not loaded: 23 MB in a process of
their own. They do not grow."""
MORE_THREADS = (os.cpu_count() or 1) + 4
"""asyncio's own, in which bundles are read; it makes no more than these."""


@dataclass(frozen=True)
class Result:
    seconds: float
    lives: int
    figures: dict[str, int]
    faults: dict[str, int]
    before: dict[str, int]
    after: dict[str, int]
    scraps: list[int]
    wrong: list[str]


def run(
    seconds: float,
    seed: int,
    bundles: tuple[Bundle, Bundle],
    *,
    sound: bool = False,
    requests: int = 0,
    deaths: bool = True,
    only: str | None = None,
) -> Result:
    """For so long, and until so many utterances were asked for."""
    book = Book()
    ear = Ear(book.heard)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-")))
        server = stack.enter_context(private_server(RATE)) if sound else None
        house = House(folder, bundles, ear, server, tapped=(book.given, book.device_call))
        stack.callback(house.close)
        http = stack.enter_context(_http(house, folder))
        people = [Person(number, seed, house.socket, book) for number in range(PEOPLE)]
        people += [
            Stranger(PEOPLE + number, seed, house.socket, book, http)
            for number in range(STRANGERS)
        ]
        for person in people:
            person.start()
        over = threading.Event()
        watch = threading.Thread(target=_look, args=[house, book, over])
        watch.start()
        ends = time.monotonic() + seconds
        try:
            Faults(house, book, seed, deaths, only).run(
                lambda: time.monotonic() >= ends and len(book.entries) >= requests
            )
        finally:
            over.set()
            watch.join()
        for person in people:
            person.over.set()
        for person in people:
            person.join(DEADLINE_S)
            if person.is_alive():
                book.note(f"{person.name} hangs")
        after = _calm(house, book)
        time.sleep(0.3)  # what was played last is on its way to the ear
        house.catch_up()
        house.end()
        house.start()
        before = _calm(house, book)
        if house.end(15):
            book.note("it did not end well")
        house.catch_up()
        ear.cut()
        text = [line for line in house.log if _TEXT.search(line)]
        if text:
            book.note(f"text in the log: {text[0]!r}")
        if trouble := traceback_in(house.log):
            book.note(f"in the log:\n{trouble}")
    book.judge(house.deaf, house.deaths)
    more_kb = MORE_KB + (MORE_KB_OF_SOUND if sound else 0)
    for kind, most in (("descriptors", 0), ("threads", MORE_THREADS), ("kB", more_kb)):
        if after[kind] > before[kind] + most:
            book.note(f"{kind}: {after[kind]} at the end, {before[kind]} of a daemon just started")
    return Result(
        time.monotonic() - book.began, house.lives, book.figures(), {**book.acts, **book.faults},
        before, after, ear.scraps, book.wrong,
    )  # fmt: skip


def traceback_in(log: Sequence[str]) -> str:
    """Return the first traceback of a log; one that ends in the MemoryError that was made is none.

    asyncio itself says where an allocation failed in its own callbacks.
    """
    for place, line in enumerate(log):
        if "Traceback" not in line:
            continue
        block = log[place : place + 40]
        ends = next((each for each in block[1:] if not each.startswith(" ")), "")
        if not ends.removeprefix("numpy._core._exceptions._Array").startswith("MemoryError"):
            return "".join(log[max(0, place - 2) : place + 40])
    return ""


@contextlib.contextmanager
def _http(house: House, folder: Path) -> Iterator[int]:
    """Run `edge http` before the daemon; its port. It logs where the daemon does."""
    server = Http(house.socket, folder)
    assert server.process.stderr is not None
    lines = server.process.stderr
    drain = threading.Thread(target=lambda: house.log.extend(lines), name="http log", daemon=True)
    drain.start()
    try:
        yield int(server.url.rsplit(":", 1)[1].split("/")[0])
    finally:
        server.process.terminate()
        server.process.wait(DEADLINE_S)
        drain.join(DEADLINE_S)
        lines.close()


def _look(house: House, book: Book, over: threading.Event) -> None:
    """What the daemon uses in the course of a long run."""
    while not over.wait(LOOK_S):
        # Between two lives there is none to look at.
        with contextlib.suppress(OSError, IndexError):
            used = ", ".join(f"{kind} {count}" for kind, count in house.used().items())
            minutes = (time.monotonic() - book.began) / 60
            asked = f"{len(book.entries):,} asked for"
            print(f"{minutes:.1f} min, life {house.lives}, {asked}: {used}", flush=True)


def _settled(house: House) -> dict[str, int]:
    """The least of some looks: a connection or a device that is being closed is not kept."""
    looks = []
    for _ in range(10):
        looks.append(house.used())
        time.sleep(0.1)
    return {kind: min(look[kind] for look in looks) for kind in looks[0]}


def _calm(house: House, book: Book) -> dict[str, int]:
    """When nothing is under way any more and the device is let go of; what it uses then."""
    deadline = time.monotonic() + CALM_S
    while time.monotonic() < deadline:
        report = house.status()
        if (
            house.loaded
            and report
            and report.speaking is None
            and not report.queue
            and report.device == "closed"
        ):
            clients = report.counters["clients"]
            if clients == 1:
                return _settled(house)
        time.sleep(0.1)  # between two looks
    book.note(f"no calm in {CALM_S:.0f} s: {house.status()}")
    return house.used()
