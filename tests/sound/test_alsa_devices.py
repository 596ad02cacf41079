"""Devices that take one rate or one channel only, made of ALSA's own plugins."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from edge.pcm import to_int16
from edge.sound import devices
from edge.sound.portaudio import PortAudioSink
from edge.sound.settings import Output
from tests.sound.server import SoundServer
from tests.sound.test_device_loss import alsa_devices

pytestmark = pytest.mark.sound

CONFIG = """
pcm.recorder {{ type file slave.pcm "null" file "{file}" format "raw" }}
pcm.mono {{
  type multi
  slaves.a.pcm "recorder"
  slaves.a.channels 1
  bindings.0.slave a
  bindings.0.channel 0
}}
# An encoder for S/PDIF; what it does to the sound is not looked at.
pcm.cd {{ type a52 slavepcm "null" rate 44100 channels 2 bitrate 448 }}
"""


@pytest.fixture
def recorded(sound_server: SoundServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    alsa_devices(tmp_path, monkeypatch, CONFIG.format(file=tmp_path / "recorded"))
    return tmp_path / "recorded"


def test_a_device_with_one_channel_gets_the_voice_as_it_is(recorded: Path) -> None:
    (mono,) = [device for device in devices.known_devices() if device.name == "mono"]
    assert mono.channels == 1
    sound = (np.arange(1, 20001) / 32767).astype(np.float32)
    with contextlib.closing(PortAudioSink(Output("mono"), 48000)) as sink:
        sink.write(sound)
        sink.finish()
    heard = np.fromfile(recorded, np.int16)
    np.testing.assert_array_equal(heard[heard != 0], to_int16(sound))


def test_a_device_with_one_rate_is_opened_at_it(recorded: Path) -> None:
    (cd,) = [device for device in devices.known_devices() if device.name == "cd"]
    with contextlib.closing(PortAudioSink(Output("cd"), 22050)) as sink:
        sink.write(np.full(22050, 0.1, np.float32))
        sink.finish()
        assert sink.name == "cd"
    stream = devices.open_output(cd, [48000, 44100], block_s=0.01, latency_s=0.06)
    assert (stream.samplerate, stream.channels) == (44100, 2)
    devices.close_stream(stream)
