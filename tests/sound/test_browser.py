"""Chromium speaks with our voice through speech-dispatcher: events, sound, the kiosk page."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.bundle import Bundle
from tests.helpers.browser import Browser
from tests.helpers.daemon_under_test import ROOT, ProcessDaemon
from tests.sound.server import SoundServer
from tests.sound.speech_server import SpeechServer

pytestmark = [pytest.mark.sound, pytest.mark.browser]

PAGE = (ROOT / "docs" / "use" / "kiosk.html").as_uri()
UNIT = ROOT / "systemd" / "user" / "edge-kiosk.service"
SENTENCES = "One two three four. Five six seven eight. Nine ten."
WATCH = """
window.events = [];
window.utter = (text, settings) => {
  const utterance = Object.assign(new SpeechSynthesisUtterance(text), settings);
  for (const name of ["start", "end", "error", "pause", "resume"])
    utterance["on" + name] = event => events.push(event.error || name);
  speechSynthesis.speak(utterance);
}
"""


def speech_options() -> list[str]:
    """Those of the kiosk's unit that speech needs."""
    [start] = [line for line in UNIT.read_text().splitlines() if line.startswith("ExecStart=")]
    return [
        word
        for word in start.split()
        if word.startswith(("--enable-speech-dispatcher", "--autoplay-policy"))
    ]


@pytest.fixture
def browser(sound_server: SoundServer, tone_bundle: Bundle, tmp_path: Path) -> Iterator[Browser]:
    with contextlib.ExitStack() as stack:
        daemon = ProcessDaemon(tmp_path / "edge.sock", tone_bundle.path)
        stack.callback(daemon.stop)
        server = SpeechServer(tmp_path / "speechd", daemon.path)
        stack.callback(server.stop)
        running = Browser(tmp_path / "profile", PAGE, server.environment, speech_options())
        stack.callback(running.close)
        running.wait_for("speechSynthesis.getVoices().length")
        running.run(WATCH)
        yield running


def events_until(browser: Browser, last: str) -> list[Any]:
    browser.wait_for(f"events.includes('{last}')")
    found = browser.run("events.splice(0)")
    assert isinstance(found, list)
    return found


def test_a_page_speaks_pauses_and_stops(browser: Browser, sound_server: SoundServer) -> None:
    voices = browser.run("speechSynthesis.getVoices().map(v => [v.name, v.localService])")
    assert voices == [["tone edge_voice", True]]
    with sound_server.capture() as capture:
        browser.run(f"utter('{SENTENCES}', {{rate: 2}})")
        capture.wait_for_sound()
        assert events_until(browser, "end") == ["start", "end"]

        browser.run(f"utter('{SENTENCES}', {{}})")
        browser.wait_for("events.includes('start')")
        browser.run("speechSynthesis.pause()")
        browser.wait_for("events.includes('pause')")
        browser.run("speechSynthesis.resume()")
        assert events_until(browser, "end") == ["start", "pause", "resume", "end"]

        browser.run(f"utter('{SENTENCES}', {{}})")
        browser.wait_for("events.includes('start')")
        browser.run("speechSynthesis.cancel()")
        assert events_until(browser, "interrupted") == ["start", "interrupted"]

        before = capture.count
        browser.run("utter('Five.', {})")
        assert events_until(browser, "end") == ["start", "end"]
        assert capture.samples()[before:].any()


def test_the_kiosk_page_follows_the_voice_with_its_caption(browser: Browser) -> None:
    words = browser.run("document.querySelectorAll('#caption span').length")
    browser.run("document.getElementById('speak').click()")
    browser.wait_for("document.querySelector('#caption .now')")
    browser.wait_for(f"document.querySelectorAll('#caption .said').length == {words}")
    assert browser.run("document.getElementById('state').textContent") == "tone edge_voice"
