"""A device's thread that cannot be started: no memory for its stack, or no more processes."""

from __future__ import annotations

import threading

import pytest

from edge.sound.device_thread import DeviceThread
from tests.helpers.fakes import DEADLINE_S
from tests.helpers.paced_sink import FakeSink


def test_the_next_sound_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the daemon would be mute for good, and end with a traceback."""

    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    device = DeviceThread("fake", FakeSink)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        for _ in range(2):
            with pytest.raises(RuntimeError):
                device.run(22_050, lambda sink: "played", DEADLINE_S)
            device.release()  # as the player does with a device that failed, and ended with it
            device.post(lambda sink: None)
        assert device.close(DEADLINE_S)
    device = DeviceThread("fake", FakeSink)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(threading.Thread, "start", refused)
        device.run(22_050, lambda sink: "lost", DEADLINE_S)
    assert device.run(22_050, lambda sink: "played", DEADLINE_S) == "played"
    assert device.close(DEADLINE_S)
