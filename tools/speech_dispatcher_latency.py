"""How soon a program's words are heard through speech-dispatcher, beside espeak-ng. On demand:

    python -m tools.speech_dispatcher_latency BUNDLE [--count 20] [--rates FOLDER]

From the call to the first sample that is captured behind a real sound server (to some 10 ms), and
from a stop to the last one. Figures are median and 95th percentile, ms. With --rates it writes a
text at rates 0, 50 and 100 as WAV files, to be listened to.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import wave
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from edge.adapters.echo import TYPED
from tests.helpers.browser import Browser
from tests.helpers.daemon_under_test import ROOT, ProcessDaemon
from tests.sound.server import Capture, SoundServer, private_server
from tests.sound.speech_server import SpeechServer, Ssip

RATE = 22050
AUDIBLE = 20  # of 32767
RESTING_S = 0.3
SENTENCE = (
    "The train to Oxford leaves from platform nine in a few minutes, and the next one at ten."
)
SPEECH = ["--enable-speech-dispatcher", "--autoplay-policy=no-user-gesture-required"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--rates", type=Path)
    options = parser.parse_args()
    with private_server(RATE) as sound, tempfile.TemporaryDirectory(dir="/tmp") as folder:
        daemon = ProcessDaemon(Path(folder) / "edge.sock", options.bundle)
        server = SpeechServer(Path(folder) / "speechd", daemon.path, ("espeak-ng",))
        try:
            with Ssip(server) as client:
                for module in ("edge_voice", "espeak-ng"):
                    client.say(f"SET self OUTPUT_MODULE {module}")
                    measure(sound, client, module, options.count)
                client.say("SET self OUTPUT_MODULE edge_voice")
                if options.rates:
                    write_rates(sound, client, options.rates)
            in_browser(sound, server, Path(folder), options.count)
        finally:
            server.stop()
            daemon.stop()


def measure(sound: SoundServer, client: Ssip, module: str, count: int) -> None:
    spoken, stopped, letters = [], [], []
    for number in range(count):
        text = f"Number {number}: {SENTENCE}"  # one that is in no cache
        with sound.capture() as capture:
            spoken.append(first_sound(capture, partial(client.speak, text)))
            time.sleep(0.6)
            before = capture.count
            client.say("STOP self")
            time.sleep(RESTING_S)
            loud = np.flatnonzero(np.abs(capture.samples()[before:].astype(int)) > AUDIBLE)
        stopped.append(1000 * loud[-1] / RATE if len(loud) else 0.0)
    client.say("CHAR a")  # what is typed is made from now on
    time.sleep(8)
    for letter in TYPED[:count]:
        with sound.capture() as capture:
            letters.append(first_sound(capture, partial(client.say, f"CHAR {letter}")))
        time.sleep(1)
    row(f"{module}: sentence to first sample", spoken)
    row(f"{module}: letter to first sample", letters)
    row(f"{module}: stop to last sample", stopped)


def in_browser(sound: SoundServer, server: SpeechServer, folder: Path, count: int) -> None:
    page = (ROOT / "docs" / "use" / "kiosk.html").as_uri()
    browser = Browser(folder / "profile", page, server.environment, SPEECH)
    try:
        browser.wait_for("speechSynthesis.getVoices().length")
        spoken = []
        for number in range(count):
            text = f"Platform {number}: {SENTENCE}"
            script = f"speechSynthesis.speak(new SpeechSynthesisUtterance('{text}'))"
            with sound.capture() as capture:
                spoken.append(first_sound(capture, partial(browser.run, script)))
            browser.run("speechSynthesis.cancel()")
            time.sleep(RESTING_S)
        row("Chromium with edge_voice: speak() to first sample", spoken)
    finally:
        browser.close()


def first_sound(capture: Capture, call: Callable[[], object]) -> float:
    """Milliseconds until the capture has one. What is before AUDIBLE is dither and silence."""
    before, since = capture.count, time.monotonic()
    call()
    while not np.any(np.abs(capture.peek()[before:].astype(int)) > AUDIBLE):
        assert time.monotonic() - since < 20, "nothing but silence"
        time.sleep(0.001)
    return 1000 * (time.monotonic() - since)


def write_rates(sound: SoundServer, client: Ssip, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for rate in (0, 50, 100):
        client.say(f"SET self RATE {rate}")
        ends = sum(name == "END" for name, _ in client.events)
        with sound.capture() as capture:
            client.speak(SENTENCE)
            client.wait_for("END", ends + 1)
            heard = capture.heard()
        with wave.open(str(folder / f"rate-{rate}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(heard.tobytes())
    client.say("SET self RATE 0")


def row(what: str, figures: list[float]) -> None:
    print(f"| {what} | {np.median(figures):.0f} | {np.percentile(figures, 95):.0f} |", flush=True)


if __name__ == "__main__":
    main()
