"""Finding a sound device by its name, without any sound."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.errors import NoSoundDevice
from edge.sound.devices import Device, find, holder_of, lost, sounddevice
from edge.sound.failover import reopen_delays
from tests.helpers.daemon_under_test import ROOT
from tests.helpers.fakes import DEADLINE_S


def device(name: str, index: int, default: bool = False) -> Device:
    return Device(name, 44100, 2, default, index)


DEVICES = (
    device("vc4-hdmi-0: MAI PCM i2s-hifi-0 (hw:0,0)", 0),
    device("vc4-hdmi-1: MAI PCM i2s-hifi-0 (hw:1,0)", 1),
    device("USB Audio Device: - (hw:2,0)", 2),
    device("default", 3, default=True),
    device("sysdefault", 4),
)


@pytest.fixture
def asound(tmp_path: Path) -> Path:
    """/proc/asound as the kernel shows it: a folder for each card, a link for each id."""
    for index, card in enumerate(["vc4hdmi0", "vc4hdmi1", "Device"]):
        (tmp_path / f"card{index}").mkdir()
        (tmp_path / card).symlink_to(f"card{index}")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "index"),
    [
        (None, 3),
        ("default", 3),  # whole names go before parts: sysdefault is another
        ("usb", 2),
        ("USB Audio Device: - (hw:2,0)".removesuffix(" (hw:2,0)"), 2),
        ("HDMI-1", 1),
        ("plughw:CARD=Device,DEV=0", 2),
        ("hw:CARD=vc4hdmi1", 1),
        ("CARD=vc4hdmi0,DEV=0", 0),
    ],
)
def test_a_name_finds_its_device(name: str | None, index: int, asound: Path) -> None:
    assert find(name, DEVICES, asound).index == index


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bluetooth", "is not a sound device here: vc4-hdmi-0.*; sysdefault"),
        ("hdmi", "fits several sound devices: vc4-hdmi-0.*; vc4-hdmi-1"),
        ("hw:2,0", "is not a sound device"),  # another card's after the next reboot
        ("hw:CARD=Gone,DEV=0", "is not a sound device"),
        ("hw:CARD=Device,DEV=1", "is not a sound device"),
        ("", "is not a sound device"),
    ],
)
def test_no_device_or_more_than_one(name: str, message: str, asound: Path) -> None:
    with pytest.raises(NoSoundDevice, match=message):
        find(name, DEVICES, asound)


def test_a_machine_without_sound() -> None:
    with pytest.raises(NoSoundDevice, match="no sound device"):
        find(None, ())


def test_a_busy_card_is_told_with_who_holds_it(asound: Path, tmp_path: Path) -> None:
    status = asound / "card2/pcm0p/sub0/status"
    status.parent.mkdir(parents=True)
    status.write_text("state: RUNNING\nowner_pid   : 812\n", encoding="ascii")
    usb, default = DEVICES[2], DEVICES[3]
    assert holder_of(usb, asound, tmp_path) == "a program (process 812)"
    (tmp_path / "812").mkdir()
    (tmp_path / "812/comm").write_text("pulseaudio\n", encoding="ascii")
    assert holder_of(usb, asound, tmp_path) == "pulseaudio (process 812)"
    status.write_text("closed\n", encoding="ascii")
    assert holder_of(usb, asound, tmp_path) is None
    assert holder_of(default, asound, tmp_path) is None
    busy = lost(sounddevice().PortAudioError("Error opening stream", -9985), usb)
    assert "is busy: another program holds it" in busy.message
    assert "--device default" in busy.remedy


def test_reopening_backs_off_to_5_seconds() -> None:
    delays = list(itertools.islice(reopen_delays(), 9))
    assert delays[0] == 0.1
    assert delays == sorted(delays)
    assert delays[-2:] == [5.0, 5.0]


def test_without_portaudio_the_import_works_and_listing_says_what_to_install() -> None:
    program = """
import ctypes.util
ctypes.util.find_library = lambda name: None
from edge.sound import devices, portaudio
from edge.errors import MissingPackage
try:
    devices.list_devices()
except MissingPackage as error:
    print(error.message, error.remedy)
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_S,
    )
    assert "PortAudio library not found" in run.stdout
    assert "sudo apt install libportaudio2" in run.stdout


_STOPPED = """
import threading, time
from edge.sound.device_thread import DeviceThread, NotAnswering

class Slow:
    name, latency_s = "slow", 0.06
    def write(self, samples):
        print("begun", flush=True)
        for _ in range(20):
            time.sleep(0.01)  # as a card plays: a stop does not make it quicker
        return False
    def interrupt(self): pass
    def abort(self): pass
    def close(self): pass

line = DeviceThread("slow", lambda rate: Slow())
try:
    line.run(22050, lambda sink: sink.write(None), 3.0)
except NotAnswering:
    print("given up")
else:
    print("played")
"""


def test_a_process_that_was_stopped_does_not_blame_the_device() -> None:
    """4 s: it is stopped for longer than it waits for a device, while that plays a block of 0.2 s,
    for which even a busy machine does not need the 3 s less a slice."""
    with subprocess.Popen(
        [sys.executable, "-c", _STOPPED], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "begun\n"
        child.send_signal(signal.SIGSTOP)
        time.sleep(3.5)  # it stands still
        child.send_signal(signal.SIGCONT)
        assert child.stdout.read() == "played\n"
