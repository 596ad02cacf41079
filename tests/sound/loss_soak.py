"""What is heard while a sound server dies, hangs, is suspended and loses its sink, at random.

    python -m tests.sound.loss_soak [SECONDS] [SEED]

A counter is played, so that each recorded sample tells its place. Prints what was left out and
what was said twice, per event and in all.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import sys
import threading
import time
from pathlib import Path

import numpy as np

from edge.errors import NoSoundDevice
from tests.sound.server import Capture, SoundServer, private_server
from tests.sound.test_device_loss import PERIOD, RATE, Pcm, counter, gated, without_silence

EVENTS = ("kill", "remove", "freeze", "suspend")


def soak(seconds: int, seed: int) -> None:
    chance = random.Random(seed)
    pieces: list[Pcm] = []
    events: list[str] = []
    with private_server(RATE) as server, contextlib.ExitStack() as stack:
        sink, gate = stack.enter_context(gated())
        ending = threading.Event()
        period, errors, blocks = counter(PERIOD / RATE), [], 0

        def speak() -> None:
            nonlocal blocks
            size = PERIOD // 40
            while not ending.is_set():
                start = size * (blocks % 40)
                try:
                    sink.write(period[start : start + size])
                except NoSoundDevice as error:
                    errors.append(error.message)
                blocks += 1

        speech = threading.Thread(target=speak)
        captures = stack.enter_context(contextlib.ExitStack())
        capture = captures.enter_context(server.capture())
        speech.start()
        capture.wait_for_sound()
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            time.sleep(chance.uniform(0.3, 1.2))
            events.append(event := chance.choice(EVENTS))
            if event in ("kill", "remove"):
                gate.clear()
                pieces.append(lose(server, capture, event, chance))
                captures.close()
                capture = captures.enter_context(server.capture())
                gate.set()
            else:
                hold(server, event, chance)
        ending.set()
        speech.join()
        sink.finish()
        pieces.append(without_silence(capture.samples()))
    print({event: events.count(event) for event in EVENTS})
    report(pieces, errors, blocks)


def lose(server: SoundServer, capture: Capture, event: str, chance: random.Random) -> Pcm:
    if event == "kill":
        server.kill()
    else:
        server.remove_sink()
    capture.wait_for_end()
    heard = without_silence(capture.peek())
    time.sleep(chance.uniform(0, 1))
    if event == "kill":
        server.start()
    else:
        server.add_sink("ci")
    return heard


def hold(server: SoundServer, event: str, chance: random.Random) -> None:
    if event == "freeze":
        server.freeze()
        time.sleep(chance.uniform(0, 1))
        server.thaw()
    elif event == "suspend":
        server.pactl("suspend-sink", "ci", "1")
        time.sleep(chance.uniform(0, 0.5))
        server.pactl("suspend-sink", "ci", "0")


def report(pieces: list[Pcm], errors: list[str], blocks: int) -> None:
    played, heard = blocks * (PERIOD // 40), sum(map(len, pieces))
    print(f"{played / RATE:.1f} s spoken, {len(errors)} errors {errors[:2]}")
    joints = [
        int(after[0]) - int(before[-1])
        for before, after in itertools.pairwise(p for p in pieces if len(p))
    ]
    print("at a loss, ms left out (below 0: said twice):", milliseconds(joints))
    steps = np.concatenate([np.diff(pcm.astype(np.int32)) for pcm in pieces])
    print("elsewhere:", milliseconds([step for step in steps if step % PERIOD != 1]))
    print(f"in all: {1000 * (heard - played) / RATE:+.0f} ms heard over what was spoken")
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    print(f"threads {threading.active_count()}, file descriptors {descriptors}")


def milliseconds(steps: list[int]) -> list[float]:
    """From steps of the counter, of which 1 is none."""
    left_out = [(step - 1 + PERIOD // 2) % PERIOD - PERIOD // 2 for step in steps]
    return [round(1000 * int(count) / RATE, 1) for count in left_out]


if __name__ == "__main__":
    given = dict(zip(("seconds", "seed"), map(int, sys.argv[1:]), strict=False))
    soak(**({"seconds": 60, "seed": 1} | given))
