"""What a sink that outlives its device does where memory ends as well."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import NoSoundDevice
from edge.sound import failover
from edge.sound.device_thread import DeviceThread
from edge.sound.failover import FailoverSink
from tests.helpers.paced_sink import FakeSink

RATE = 22_050


def test_what_cannot_be_played_again_is_told_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the next device ends "what it holds", which is nothing, and all counts as heard."""

    def no_memory(*_: object) -> None:
        raise MemoryError

    card = FakeSink(RATE)
    device = DeviceThread("fake", lambda rate: card)
    sink = FailoverSink([device], RATE)
    block = np.full(441, 0.5, np.float32)
    sink.write(block)
    card.failures = 1
    with monkeypatch.context() as patch:
        patch.setattr(failover.np, "concatenate", no_memory)
        with pytest.raises(NoSoundDevice):
            sink.write(block)
    sink.close()
    assert device.close(1.0)
