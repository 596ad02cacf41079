"""What every sink promises: see edge.sound.sink.Sink. A new sink is one row in SINKS."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from edge.errors import NoSoundDevice
from edge.pcm import Samples, to_int16
from edge.sound.device_thread import DeviceThread
from edge.sound.failover import FailoverSink
from edge.sound.portaudio import PortAudioSink
from edge.sound.settings import Output
from edge.sound.sink import Sink
from tests.helpers.fakes import DEADLINE_S
from tests.helpers.paced_sink import FakeSink
from tests.sound.server import private_server

RATE = 22050


@dataclass
class Rig:
    """A sink, and what of it was heard without the silence, as int16."""

    sink: Sink
    heard: Callable[[], npt.NDArray[np.int16]]
    break_device: Callable[[], None]
    mend_device: Callable[[], None]


def without_silence(pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    sounding: npt.NDArray[np.int16] = pcm[pcm != 0]
    return sounding


@contextlib.contextmanager
def fake(paced: bool) -> Iterator[Rig]:
    sink = FakeSink(RATE, paced)

    def set_failures(count: int) -> Callable[[], None]:
        return lambda: setattr(sink, "failures", count)

    def heard() -> npt.NDArray[np.int16]:
        return without_silence(to_int16(sink.heard))

    yield Rig(sink, heard, set_failures(1000), set_failures(0))


@contextlib.contextmanager
def failover(make_sink: Callable[[int], Sink]) -> Iterator[FailoverSink]:
    """That does not wait for what is lost."""
    line = DeviceThread("the device", make_sink)
    sink = FailoverSink([line], RATE, wait_s=0)
    try:
        yield sink
    finally:
        sink.close()
        assert line.close(DEADLINE_S)


@contextlib.contextmanager
def failover_fake() -> Iterator[Rig]:
    with fake(paced=True) as rig:
        card = rig.sink
        with failover(lambda rate: card) as rig.sink:
            yield rig


@contextlib.contextmanager
def portaudio(threaded: bool) -> Iterator[Rig]:
    with private_server(RATE) as server, contextlib.ExitStack() as stack:

        def make_sink(rate: int) -> Sink:
            return PortAudioSink(Output("pulse", wake_ms=0), rate)

        sink: Sink
        if threaded:
            sink = stack.enter_context(failover(make_sink))
        else:
            sink = stack.enter_context(contextlib.closing(make_sink(RATE)))
        captures = [stack.enter_context(server.capture())]

        def heard() -> npt.NDArray[np.int16]:
            return without_silence(captures[-1].samples())

        def mend() -> None:
            server.start()
            captures.append(stack.enter_context(server.capture()))

        yield Rig(sink, heard, server.kill, mend)


SINKS = {
    "fake": lambda: fake(paced=False),
    "fake-paced": lambda: fake(paced=True),
    "failover-fake": failover_fake,
    "portaudio": lambda: portaudio(threaded=False),
    "failover-portaudio": lambda: portaudio(threaded=True),
}


@pytest.fixture(
    params=[
        pytest.param(make, id=name, marks=[pytest.mark.sound] if "portaudio" in name else [])
        for name, make in SINKS.items()
    ]
)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with request.param() as made:
        yield made


def ramp(count: int) -> Samples:
    return (np.arange(1, count + 1) / 32767).astype(np.float32)


def test_all_that_is_written_is_heard_in_order(rig: Rig) -> None:
    for piece in np.array_split(ramp(5000), 6):
        rig.sink.write(piece)  # it runs dry where this machine is busy; all is heard nevertheless
    rig.sink.finish()
    np.testing.assert_array_equal(rig.heard(), to_int16(ramp(5000)))


def test_it_can_be_written_after_finish(rig: Rig) -> None:
    for _ in range(2):
        rig.sink.write(ramp(1000))
        rig.sink.finish()
    np.testing.assert_array_equal(rig.heard(), np.tile(to_int16(ramp(1000)), 2))


def test_nothing_written_is_nothing_heard(rig: Rig) -> None:
    rig.sink.abort()
    rig.sink.finish()
    assert rig.sink.write(np.zeros(0, np.float32)) is False
    rig.sink.finish()
    rig.sink.abort()
    assert len(rig.heard()) == 0
    assert rig.sink.latency_s > 0


def test_abort_forgets_what_waits_and_the_next_words_are_whole(rig: Rig) -> None:
    rig.sink.write(np.full(200, 0.9, np.float32))
    rig.sink.abort()
    rig.sink.finish()
    rig.sink.write(ramp(3000))
    rig.sink.finish()
    np.testing.assert_array_equal(rig.heard()[-3000:], to_int16(ramp(3000)))


def test_abort_from_another_thread_ends_a_write(rig: Rig) -> None:
    sound = np.full(60 * RATE, 0.25, np.float32)
    writing = threading.Thread(target=rig.sink.write, args=(sound,), name="writer")
    writing.start()
    rig.sink.abort()
    while writing.is_alive():  # the first may have come before the write
        writing.join(0.02)
        rig.sink.abort()
    rig.sink.write(ramp(3000))
    rig.sink.finish()
    np.testing.assert_array_equal(rig.heard()[-3000:], to_int16(ramp(3000)))


def test_a_lost_device_is_an_error_until_it_is_back(rig: Rig) -> None:
    rig.sink.write(ramp(100))
    rig.break_device()
    with pytest.raises(NoSoundDevice):
        for _ in range(3):
            rig.sink.write(ramp(1000))
    rig.sink.abort()
    with pytest.raises(NoSoundDevice):
        rig.sink.write(ramp(1000))
    rig.mend_device()
    rig.sink.write(ramp(3000))
    rig.sink.finish()
    np.testing.assert_array_equal(rig.heard()[-3000:], to_int16(ramp(3000)))


def test_closing_twice_is_no_error(rig: Rig) -> None:
    rig.sink.write(ramp(100))
    rig.sink.close()
    rig.sink.close()
