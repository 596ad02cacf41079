"""The real speech-dispatcher with our output module, and what its sound server played (20 s)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.adapters.server_audio import QUIET
from edge.bundle import Bundle
from edge.protocol import Synthesize
from tests.helpers.daemon_under_test import ProcessDaemon
from tests.sound.server import Capture, SoundServer
from tests.sound.speech_server import SpeechServer, Ssip

pytestmark = pytest.mark.sound

RATE = 22050
AHEAD_MS = 300
SENTENCES = "One two three four. Five six seven eight. Nine ten eleven."
LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen."
# So that a loaded machine makes no hole in what is compared sample by sample. A sound that is
# shorter than this would not be heard at all.
far_ahead = pytest.mark.parametrize("speech_server", [AHEAD_MS], indirect=True)
at_the_voice_s_rate = pytest.mark.parametrize("sound_server", [RATE], indirect=True)


@pytest.fixture
def tone_daemon(
    sound_server: SoundServer, tone_bundle: Bundle, tmp_path: Path
) -> Iterator[ProcessDaemon]:
    running = ProcessDaemon(tmp_path / "edge.sock", tone_bundle.path)
    yield running
    running.stop()


@pytest.fixture
def speech_server(
    sound_server: SoundServer,
    tone_daemon: ProcessDaemon,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[SpeechServer]:
    """As it is installed, or with the fixture's parameter in milliseconds ahead."""
    ahead_ms = getattr(request, "param", None)
    running = SpeechServer(tmp_path / "speechd", tone_daemon.path, ahead_ms=ahead_ms)
    yield running
    running.stop()


def made(daemon: ProcessDaemon, text: str) -> np.ndarray:
    """From the first audible sample on, as the module gives it."""
    with daemon.connect() as wire:
        wire.send(Synthesize(text))
        sound = wire.sound()
    return sound[np.flatnonzero(np.abs(sound.astype(int)) > QUIET)[0] :]


def played(capture: Capture) -> np.ndarray:
    """All of it, once what the server counts as spoken has been heard too."""
    capture.wait_for(capture.count + capture.rate * (AHEAD_MS + 200) // 1000)
    return capture.peek()


def assert_same(heard: np.ndarray, wanted: np.ndarray) -> None:
    """Up to a factor: the server has a volume of its own. A gap or a cut would move samples."""
    heard, wanted = np.trim_zeros(heard), np.trim_zeros(wanted)
    length = min(len(heard), len(wanted))
    assert abs(len(heard) - len(wanted)) < RATE // 100
    assert np.corrcoef(heard[:length], wanted[:length])[0, 1] > 0.99


@far_ahead
@at_the_voice_s_rate
def test_spd_say_is_heard_whole_and_without_a_gap(
    speech_server: SpeechServer, sound_server: SoundServer, tone_daemon: ProcessDaemon
) -> None:
    assert "edge_voice" in speech_server.spd_say("-O").split()
    assert "tone" in speech_server.spd_say("-L").split()
    with sound_server.capture() as capture:
        speech_server.spd_say("--wait", SENTENCES)
        assert_same(played(capture), made(tone_daemon, SENTENCES))


@at_the_voice_s_rate
def test_stop_is_heard_soon_and_the_next_message_is_spoken(
    speech_server: SpeechServer, sound_server: SoundServer
) -> None:
    with sound_server.capture() as capture, Ssip(speech_server) as client:
        client.speak(" ".join([LONG] * 5))
        capture.wait_for_sound()
        before = capture.count
        client.say("STOP self")
        client.wait_for("CANCELED")
        rest = np.flatnonzero(played(capture)[before:])
        # docs/measurements/2026-11-22-other-programs.md has the time; here only far from the end.
        assert len(rest) == 0 or rest[-1] < RATE, f"{rest[-1] / RATE} s"
        before = capture.count
        client.speak("One.")
        client.wait_for("END")
        assert played(capture)[before:].any()


@far_ahead
@at_the_voice_s_rate
def test_pause_waits_for_the_sentence_and_resume_says_the_rest(
    speech_server: SpeechServer, sound_server: SoundServer, tone_daemon: ProcessDaemon
) -> None:
    with sound_server.capture() as capture, Ssip(speech_server) as client:
        client.speak(SENTENCES)
        client.wait_for("BEGIN")
        client.say("PAUSE self")
        client.wait_for("PAUSED")
        first = played(capture)
        client.say("RESUME self")
        client.wait_for("END")
        rest = played(capture)[len(first) :]
        assert_same(first, made(tone_daemon, SENTENCES.partition(".")[0] + "."))
        assert_same(rest, made(tone_daemon, SENTENCES.partition(". ")[2]))


def test_marks_come_in_order_and_letters_keys_and_icons_are_heard(
    speech_server: SpeechServer, sound_server: SoundServer
) -> None:
    with sound_server.capture() as capture, Ssip(speech_server) as client:
        client.say("SET self SSML_MODE on")
        client.speak('<speak>One. <mark name="a"/>Two. <mark name="b"/>Three.</speak>')
        client.wait_for("END")
        names = [name for name, _ in client.events]
        assert names == ["BEGIN", "INDEX MARK a", "INDEX MARK b", "END"]
        client.say("SET self SSML_MODE off")
        for ends, command in enumerate(("CHAR e", "KEY shift_a", "SOUND_ICON bell"), 2):
            before = capture.count
            client.say(command)
            client.wait_for("END", ends)
            assert played(capture)[before:].any(), command


def test_a_daemon_that_is_killed_ends_the_message_and_the_next_one_is_spoken(
    speech_server: SpeechServer,
    sound_server: SoundServer,
    tone_daemon: ProcessDaemon,
    tone_bundle: Bundle,
) -> None:
    with sound_server.capture() as capture, Ssip(speech_server) as client:
        client.speak(" ".join([LONG] * 200))  # more than the pipes between hold
        capture.wait_for_sound()
        tone_daemon.process.kill()
        client.wait_for("CANCELED")
        for ended in range(2, 10):  # each is told at once; the server must not lose one
            client.speak("Nobody is there.")
            client.wait_for("CANCELED", ended)
        again = ProcessDaemon(tone_daemon.path, tone_bundle.path)
        try:
            before = capture.count
            client.speak("One.")
            client.wait_for("END")
            assert played(capture)[before:].any()
        finally:
            again.stop()


@pytest.mark.voice
def test_joe_speaks_and_keeps_the_signs_of_a_text(
    sound_server: SoundServer, joe_bundle: Bundle, tmp_path: Path
) -> None:
    daemon = ProcessDaemon(tmp_path / "joe.sock", joe_bundle.path)
    server = SpeechServer(tmp_path / "joe", daemon.path)
    try:
        with sound_server.capture() as capture:
            for text in ("It costs $5, 50% off.", "It costs 5 50 off."):
                before = capture.count
                server.spd_say("--wait", text)
                length = len(np.trim_zeros(played(capture)[before:]))
                if "$" in text:
                    longest = length
            assert length < longest, "the server took the dollars and the percents out"
    finally:
        server.stop()
        daemon.stop()


def test_the_module_is_a_thin_client() -> None:
    """It stays in memory as long as the desktop does."""
    script = (
        "import sys, edge.adapters.speech_dispatcher\n"
        "heavy = {'onnxruntime', 'sounddevice', 'edge.daemon', 'edge.synth', 'soxr', 'yaml'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
