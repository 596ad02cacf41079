"""The daemon, or the sound server, stands still for a minute while something is spoken. On demand:

    python -m tests.system.chaos.stand_still [--seconds 60]

Prints what clients were told, and when, and which words were heard; times are from the stop on.
"""

from __future__ import annotations

import argparse
import signal
import tempfile
import threading
import time
from pathlib import Path

from edge.client import Client
from edge.errors import EdgeError
from edge.protocol import Speak, SpeakWord, Synthesize
from tests.sound.server import private_server
from tests.system.chaos.bundles import two_bundles
from tests.system.chaos.ear import Ear
from tests.system.chaos.house import House
from tests.system.chaos.people import end_of
from tests.system.chaos.voice import RATE, WORDS, text_of

BEFORE_S = 0.3
"""From the first word that is told to the stop: it is in the middle of an utterance."""
COUNT = 4


class Clock:
    """Seconds since the stop."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def restart(self) -> None:
        self._began = time.monotonic()

    def tell(self, what: str) -> None:
        print(f"  {time.monotonic() - self._began:7.2f} s  {what}", flush=True)


def speak(path: Path, number: int, clock: Clock, begun: threading.Event, **more: float) -> bool:
    name = f"speak {number}" + "".join(f", {key} {value:g}" for key, value in more.items())
    request = Speak(text_of(number, WORDS), id=f"stood-{number}", words=True, **more)  # type: ignore[arg-type]
    try:
        with Client(path) as client:
            for message in client.speak(request):
                if isinstance(message, SpeakWord):
                    begun.set()
                if how := end_of(message):
                    clock.tell(f"{name}: {how}")
        return True
    except EdgeError as error:
        clock.tell(f"{name}: {error.code}: {error.message}")
        return False


def ask(path: Path, clock: Clock) -> None:
    """Somebody who comes while it stands still."""
    try:
        with Client(path) as client:
            report = client.status()
            clock.tell(f"status, asked for meanwhile: device {report.device}")
            seconds = sum(c.seconds for c in client.synthesize(Synthesize(text_of(0, 4))))
            clock.tell(f"synthesize, asked for meanwhile: {seconds:.2f} s of sound")
    except EdgeError as error:
        clock.tell(f"somebody else: {error.code}: {error.message}")


def stand_still(house: House, seconds: float, daemon: bool, heard: list[tuple[int, int]]) -> None:
    assert house.process is not None and house.server is not None
    clock, begun = Clock(), threading.Event()
    print(f"{'the daemon' if daemon else 'the sound server'} stands still for {seconds:g} s")
    threads = [
        threading.Thread(target=speak, args=[house.socket, number, clock, begun])
        for number in range(1, COUNT)
    ]
    threads.append(
        threading.Thread(
            target=speak, args=[house.socket, COUNT, clock, begun], kwargs={"ttl": seconds / 2}
        )
    )
    for thread in threads:
        thread.start()
        time.sleep(0.05)  # in this order
    assert begun.wait(20), "nothing is spoken"
    time.sleep(BEFORE_S)
    clock.restart()
    if daemon:
        house.process.send_signal(signal.SIGSTOP)
    else:
        house.server.freeze()
    asking = threading.Thread(target=ask, args=[house.socket, clock])
    asking.start()
    time.sleep(seconds)
    clock.tell("it goes on")
    if daemon:
        house.process.send_signal(signal.SIGCONT)
    else:
        house.server.thaw()
    for thread in (*threads, asking):
        thread.join(seconds + 60)
        assert not thread.is_alive(), "a client hangs"
    if not daemon:  # does it speak again?
        while not speak(house.socket, COUNT + 1, clock, begun):
            time.sleep(0.2)  # between two tries
    house.catch_up()
    for number in range(1, COUNT + 2):
        words = [word for utterance, word in heard if utterance == number]
        if words:
            lost = sorted(set(range(WORDS)) - set(words))
            twice = sorted({word for word in words if words.count(word) > 1})
            print(f"  heard of {number}: {len(set(words))} of {WORDS} words; "
                  f"not {lost}; twice {twice}")  # fmt: skip
    print(f"  used: {house.used()}")
    heard.clear()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.system.chaos.stand_still")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    heard: list[tuple[int, int]] = []
    with tempfile.TemporaryDirectory(prefix="edge-") as folder, private_server(RATE) as server:
        ear = Ear(lambda number, word, frames: heard.append((number, word)))
        house = House(Path(folder), two_bundles(Path(folder)), ear, server)
        try:
            for daemon in (True, False):
                stand_still(house, options.seconds, daemon, heard)
        finally:
            house.close()


if __name__ == "__main__":
    main()
