"""What happens to the daemon, one fault at a time, and what it must say of it."""

from __future__ import annotations

import contextlib
import itertools
import random
import resource
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.bundle import open_bundle
from edge.bundle.store import CURRENT, linked
from edge.client import Client
from edge.errors import EdgeError
from tests.system.chaos.book import Book
from tests.system.chaos.hostile_state import Outside, plant, remove
from tests.system.chaos.house import House

FROM_BYTES = 4096
"""Samples, messages and reads; below it are Python's own small objects, in arenas of 1 MiB."""


ENDS = {70: "ended_by_a_thread_without_memory", -signal.SIGQUIT: "ended_by_libpulse"}
"""Exit status of a daemon, if an allocation of a thread's own fails, or one of libpulse's: its
pa_xmalloc() says OOM and raises SIGQUIT. Where that is ignored, as it is for what a shell began in
the background, it ends with status 1."""
OOM = "Not enough memory"
CRASHED = "Fatal Python error: Segmentation fault"


class Faults:
    """`kill` and the like are chosen so often that a life lasts some tens of faults."""

    def __init__(
        self, house: House, book: Book, seed: int, deaths: bool = True, only: str | None = None
    ) -> None:
        """Without `deaths`, one life sees all that a daemon lives through; `only` names a fault
        besides which there is no other."""
        self._house, self._book, self._deaths = house, book, deaths
        self._chance = random.Random(seed)
        every: list[tuple[Callable[[], None], int]] = [
            (self.stand_still, 4),
            (self.lose_the_device, 6),
            (self.exchange_bundles, 4),
            (self.full_disk, 3),
            (self.no_memory, 3),
            (self.failing_allocations, 3),
            (self.install_over_flipped_bits, 2),
        ]
        if deaths:
            every += [
                (self.kill, 2),
                (self.terminate, 1),
                (self.break_the_bundle, 2),
                (self.hostile_state, 2),
            ]
        if house.mounted:
            every += [(self.read_only_disk, 3), (self.failing_disk, 3)]
        if house.server is not None:
            every.append((self.freeze_the_server, 3))
        if only is not None:
            every = [(fault, weight) for fault, weight in every if fault.__name__ == only]
            assert every, f"there is no fault {only!r} in this run"
        self.every = [fault for fault, _ in every]
        self._weights = [weight for _, weight in every]

    def run(self, is_over: Callable[[], bool]) -> None:
        """Each once, and then at random."""
        first = list(self.every)
        self._chance.shuffle(first)
        while first or not is_over():
            [fault] = [first.pop()] if first else self._chance.choices(self.every, self._weights)
            time.sleep(self._chance.uniform(0.1, 1.5))
            self._book.faults[fault.__name__] += 1
            began = time.monotonic()
            try:
                fault()
            except Exception as error:
                self._book.note(f"{fault.__name__}: {type(error).__name__}: {error}")
                raise
            self._book.times.append((fault.__name__, began, time.monotonic()))
            if self._house.status() is None and not self._ended_without_memory(fault):
                self._book.note(f"no answer after {fault.__name__}: {self._house.last_words()}")
                if self._house.process is not None and self._house.process.poll() is not None:
                    self._house.end()
                    self._house.start()

    def _ended_without_memory(self, fault: Callable[[], None]) -> bool:
        """Start a daemon anew that ended as it should where an allocation failed, and count it."""
        if fault != self.failing_allocations or (ended := self._house.ending()) is None:
            return False
        self._house.end()  # its log is read to the end
        if (cause := cause_of(ended, self._house.log_of_this_life)) is None:
            return False
        self._book.faults[cause] += 1
        self._house.start()
        return True

    def _while(self) -> None:
        time.sleep(self._chance.uniform(0.1, 1.0))

    def kill(self) -> None:
        self._house.end()
        self._while()
        self._house.start()

    def terminate(self) -> None:
        if (returned := self._house.end(signal.SIGTERM)) != 0:
            self._book.note(f"terminated, it returned {returned}")
        self._house.start()

    def stand_still(self) -> None:
        assert self._house.process is not None
        self._house.process.send_signal(signal.SIGSTOP)
        self._while()
        self._house.process.send_signal(signal.SIGCONT)

    def lose_the_device(self) -> None:
        server = self._house.server
        if server is None:
            self._house.lost.touch()
            self._while()
            self._house.lost.unlink()
        elif self._chance.random() < 0.5:
            server.kill()
            self._while()
            server.start()
        else:
            server.remove_sink()
            self._while()
            server.add_sink("ci")

    def freeze_the_server(self) -> None:
        assert self._house.server is not None
        self._house.server.freeze()
        self._while()
        self._house.server.thaw()

    def exchange_bundles(self) -> None:
        self._house.exchange()
        self._reload(expected=True)

    def full_disk(self) -> None:
        """A real one where there is a disk of its own; else a limit on every file."""
        if self._house.mounted:
            path = self._house.fill()
            self._while()
            self._reload(expected=None)
            path.unlink()
        else:
            self._house.limit(resource.RLIMIT_FSIZE, 0)
            self._while()
            self._reload(expected=None)
            self._house.limit(resource.RLIMIT_FSIZE, None)

    def read_only_disk(self) -> None:
        self._house.read_only(True)
        self._while()
        self._reload(expected=None)
        if self._deaths and self._chance.random() < 0.5:  # also from the beginning
            self._house.end()
            self._house.start()
        self._house.read_only(False)

    def no_memory(self) -> None:
        """For a second voice: the exchange is refused, and the first one speaks on."""
        self._house.exchange()
        statm = Path(f"/proc/{self._house.pid}/statm").read_text(encoding="ascii")
        size = int(statm.split()[0]) * resource.getpagesize()
        self._house.limit(resource.RLIMIT_AS, size + (24 << 20))
        # Unless it still holds both: what was accepted before an exchange keeps its voice.
        if not self._reload(expected=None):
            self._book.faults["refused_for_want_of_memory"] += 1
        self._house.limit(resource.RLIMIT_AS, None)
        self._reload(expected=True)

    def break_the_bundle(self) -> None:
        """While nobody looks, and then the power goes: the previous one speaks."""
        self._house.put_bundles()
        self._house.end()
        current = linked(self._house.home, CURRENT)
        assert current is not None
        path = current / "voice.yaml"
        path.write_bytes(path.read_bytes()[:-1])
        self._house.start()
        report = self._house.status()
        if report is None or not any("went back" in each for each in report.warnings):
            self._book.note(f"it did not tell that a bundle is broken: {report}")
        self._house.put_bundles()
        self._reload(expected=True)

    def failing_allocations(self) -> None:
        """Whatever asks for a page or more, now and then: the daemon answers afterwards."""
        failed = self._house.failing.failed
        one_in = self._chance.choice((20, 200))
        with self._house.failing.allocations(one_in, FROM_BYTES):
            self._while()
            self._reload(expected=None, may_hang_up=True)
        self._book.faults["allocations_that_failed"] += self._house.failing.failed - failed

    def failing_disk(self) -> None:
        """EIO, as a worn SD card gives it."""
        failed = self._house.failing.failed
        with self._house.failing.disk(self._chance.choice((2, 10)), self._house.disk):
            self._while()
            self._reload(expected=None)
        self._book.faults["calls_that_failed"] += self._house.failing.failed - failed
        self._reload(expected=True)

    def install_over_flipped_bits(self) -> None:
        """Installing what is there already mends it."""
        self._house.put_bundles()
        current = linked(self._house.home, CURRENT)
        assert current is not None
        path = current / self._chance.choice(sorted(self._house.latest.manifest.files))
        data = bytearray(path.read_bytes())
        data[self._chance.randrange(len(data))] ^= 1 << self._chance.randrange(8)
        path.write_bytes(data)
        self._house.put_bundle(self._house.latest)
        current = linked(self._house.home, CURRENT)
        assert current is not None
        try:
            open_bundle(current, None).verify()
        except EdgeError as error:
            self._book.note(f"installing again mended nothing: {error.message}")
        self._reload(expected=True)

    def hostile_state(self) -> None:
        """What the service's own user can leave in its folder; nothing outside it changes."""
        self._house.put_bundles()
        self._house.end()
        outside = Outside(self._house.folder / "outside")
        planted = plant(self._house.disk / "phrases", self._house.home, outside.folder)
        self._house.start()
        self._while()
        self._reload(expected=None)
        with contextlib.suppress(EdgeError):
            self._house.put_bundles()
        for fault in outside.changes():
            self._book.note(f"hostile state: {fault}")
        self._house.end()
        for path in planted:
            remove(path)
        self._house.put_bundles()
        self._house.start()

    def _reload(self, expected: bool | None, may_hang_up: bool = False) -> bool:
        """Whether it was taken; None: either will do, if it is told."""
        try:
            with Client(self._house.socket) as client:
                client.reload()
        except EdgeError as error:
            lost = error.code == "connection-lost" and not may_hang_up
            if expected or lost:
                self._book.note(f"reload: {error.message}")
            return False
        return True


def cause_of(status: int, log: Sequence[str]) -> str | None:
    """Name what ended a daemon whose allocations failed; None is no cause that may be.

    libsoxr uses memory that it did not get: edge/sound/resampler.py. Where it crashed is the first
    line of the thread that faulthandler calls the current one.
    """
    if status == -signal.SIGSEGV:
        after = itertools.dropwhile(lambda line: CRASHED not in line, log)
        place = next((line for line in after if line.lstrip().startswith("File ")), "")
        return "ended_by_soxr" if "/soxr/" in place else None
    if status == 1 and next((line for line in reversed(log) if line.strip()), "").strip() == OOM:
        return ENDS[-signal.SIGQUIT]
    return ENDS.get(status)
