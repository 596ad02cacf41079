"""Calibration by listening: through a real sound server, whose monitor is the microphone."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from edge.errors import NoSoundDevice
from edge.sound import devices
from edge.sound.calibrate import RATE, calibrate, listen, microphone, sweep
from edge.sound.portaudio import Pcm, PortAudioSink
from edge.sound.settings import Output
from tests.helpers.daemon_under_test import ROOT
from tests.helpers.fakes import DEADLINE_S
from tests.sound.server import SoundServer

pytestmark = pytest.mark.sound


class SleepySink(PortAudioSink):
    """A device that swallows the first `swallows_ms` after each start, as HDMI does."""

    swallows_ms = 0
    _left = 0

    def _start(self) -> None:
        super()._start()
        self._left = self.swallows_ms * RATE // 1000

    def _put(self, block: Pcm) -> bool:
        swallowed, self._left = min(self._left, len(block)), max(0, self._left - len(block))
        heard = block.copy()
        heard[:swallowed] = 0
        return super()._put(heard)


@pytest.mark.parametrize(("swallows_ms", "wake_ms"), [(0, 0), (330, 400)])
def test_what_a_device_swallows_is_found_and_mended(
    sound_server: SoundServer, swallows_ms: int, wake_ms: int
) -> None:
    def open_sink(wake_ms: float) -> SleepySink:
        sink = SleepySink(Output("pulse", wake_ms=wake_ms), RATE)
        sink.swallows_ms = swallows_ms
        return sink

    found = calibrate(open_sink, lambda: microphone("pulse"), idle=lambda: None)
    assert found.swallowed_ms == pytest.approx(swallows_ms, abs=20)
    assert (found.wake_ms, found.left_ms) == (wake_ms, 0)
    assert 0 <= found.latency_ms < 500


def test_the_command_says_what_to_set(sound_server: SoundServer) -> None:
    command = [sys.executable, "-m", "edge", "calibrate-audio", "--device", "pulse"]
    command += ["--record", "pulse", "--idle", "0"]
    run = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=3 * DEADLINE_S,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Set it: edge serve --device pulse --wake-ms 0" in run.stdout
    assert "    wake_ms: 0" in run.stdout


def test_a_recording_without_the_sound_is_an_error_that_says_what_to_do() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 6 * RATE).astype(np.float32)
    with pytest.raises(NoSoundDevice, match="does not hear") as raised:
        listen(noise, 0.0, 0.0)
    assert "--record" in raised.value.remedy


@pytest.mark.parametrize("swallowed_ms", [0, 60, 700])
def test_a_room_with_noise_and_an_echo_is_understood(swallowed_ms: int) -> None:
    random = np.random.default_rng(2)
    played = sweep()
    played[: swallowed_ms * RATE // 1000] = 0
    recorded = np.zeros(7 * RATE, np.float32)
    for delay_s, strength in ((0.25, 0.2), (0.262, 0.08), (0.29, 0.05)):
        start = round((1 + delay_s) * RATE)
        recorded[start : start + len(played)] += np.float32(strength) * played
    recorded += random.normal(0, 0.02, len(recorded)).astype(np.float32)
    heard = listen(recorded, 50.0, 51.0)
    assert heard.latency_s == pytest.approx(0.25, abs=0.002)
    assert heard.swallowed_s == pytest.approx(swallowed_ms / 1000, abs=0.025)


def test_a_machine_without_a_microphone(sound_server: SoundServer) -> None:
    sound_server.kill()
    devices.refresh()
    with pytest.raises(NoSoundDevice), microphone("pulse"):
        pass
