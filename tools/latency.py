"""How quickly the daemon speaks and falls silent, through a real sound server. On demand:

    python -m tools.latency [BUNDLE] [--count 50] [--clients 0]

Without a bundle it builds the default voice, fp32. Figures are median and 95th percentile, ms.
So many clients ask meanwhile for one sound after the other, as fast as they are made.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from edge.bundler.pipeline import Wish, build_bundle
from edge.client import Client
from edge.files import cache_dir
from edge.protocol import (
    AudioChunk,
    AudioStop,
    Speak,
    SpeakCancelled,
    SpeakFinished,
    SpeakStarted,
    Stop,
    Synthesize,
)
from tests.helpers.daemon_under_test import ProcessDaemon, Wire
from tests.sound.server import Capture, private_server

RATE = 48000
SENTENCE = "Number {}: the train to Oxford leaves from platform nine in a few minutes."
RESTING_S = 10.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--clients", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edge-") as folder, private_server(RATE) as server:
        bundle = options.bundle or _default_bundle(Path(folder))
        path = Path(folder) / "edge.sock"
        for name, prepare in (("cold", _evict), ("warm", lambda _: None)):
            starts = []
            for _ in range(3):
                prepare(bundle)
                begun = time.monotonic()
                daemon = ProcessDaemon(path, bundle)
                starts.append(time.monotonic() - begun)
                daemon.stop()
            _report(f"start to ready, {name}", starts)
        daemon = ProcessDaemon(path, bundle)
        try:
            with (
                _greedy(path, options.clients),
                daemon.connect() as wire,
                server.capture() as capture,
            ):
                _speaking(wire, options.count)
                _stopping(wire, capture, options.count)
            _resting(daemon.process.pid)
        finally:
            daemon.stop()


@contextlib.contextmanager
def _greedy(path: Path, clients: int) -> Iterator[None]:
    """So many, each asking for the next sound when it has one."""
    over = threading.Event()

    def ask(number: int) -> None:
        with Client(path) as client:
            for turn in itertools.takewhile(lambda _: not over.is_set(), itertools.count()):
                for _ in client.synthesize(Synthesize(f"{SENTENCE.format(turn)} {number}.")):
                    pass

    threads = [threading.Thread(target=ask, args=[number]) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _default_bundle(folder: Path) -> Path:
    wish = Wish("en_US-joe-medium", "x86-64", "fp32")
    return build_bundle(wish, folder / "joe", cache_dir(), lambda *_: None).path


def _evict(bundle: Path) -> None:
    """The bundle's files from the disk anew; Python's own stay in memory."""
    for file in bundle.iterdir():
        descriptor = os.open(file, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _speaking(wire: Wire, count: int) -> None:
    made, said, over, again = [], [], [], []
    for number in range(count):
        text = SENTENCE.format(number)
        made.append(_until(wire, Synthesize(text, seed=1), AudioChunk))
        wire.until(AudioStop)
        said.append(_until(wire, Speak(text, volume=0.5), SpeakStarted))
        _silence(wire)
        over.append(said[-1] - made[-1])
        # Now the phrase is kept, if it was made to its end.
        wire.send(Synthesize(text))
        wire.until(AudioStop)
        again.append(_until(wire, Speak(text, volume=0.5), SpeakStarted))
        _silence(wire)
    _report("request to first audio-chunk", made)
    _report("request to first sample at the card", said)
    _report("the second less the first", over)
    _report("request to first sample, a repeated phrase", again)


def _until(wire: Wire, request: Speak | Synthesize, kind: type) -> float:
    begun = time.monotonic()
    wire.send(request)
    while not isinstance(wire.receive(), kind):
        pass
    return time.monotonic() - begun


def _silence(wire: Wire) -> None:
    wire.send(Stop())
    wire.until(SpeakCancelled, SpeakFinished)


def _stopping(wire: Wire, capture: Capture, count: int) -> None:
    """From the request to the last sample that the server's sink gave out."""
    answered, silent = [], []
    for number in range(count):
        wire.send(Speak(SENTENCE.format(number)))
        wire.until(SpeakStarted)
        capture.wait_for_sound(capture.count)
        capture.wait_for(capture.count + RATE // 2)
        place, begun = capture.count, time.monotonic()
        wire.send(Stop())
        wire.until(SpeakCancelled)
        answered.append(time.monotonic() - begun)
        capture.wait_for(place + RATE)
        sounding = np.flatnonzero(capture.samples()[place:])
        silent.append((int(sounding[-1]) + 1) / RATE if len(sounding) else 0.0)
    _report("stop to its answer", answered)
    _report("stop to silence", silent)


def _resting(pid: int) -> None:
    def ticks() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    _wait(lambda: _state(pid) == "S")
    time.sleep(2.0)  # the sound card is let go of
    before = ticks()
    time.sleep(RESTING_S)
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    now, peak = (int(status.split(f"{key}:")[1].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))
    print(f"resting: {ticks() - before} ticks of CPU in {RESTING_S:.0f} s")
    print(f"resting: {now:.0f} MiB, peak {peak:.0f} MiB")


def _state(pid: int) -> str:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    return stat.rsplit(")", 1)[1].split()[0]


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def _report(what: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    late = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    middle = statistics.median(ordered)
    print(f"{what}: {1000 * middle:.0f}, {1000 * late:.0f} ms (n = {len(ordered)})", flush=True)


if __name__ == "__main__":
    main()
