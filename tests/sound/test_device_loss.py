"""A sound device is lost in the middle of a word, hangs, or is another: what is heard then."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edge.errors import NoSoundDevice
from edge.pcm import Samples, to_int16
from edge.sound import devices
from edge.sound.device_thread import DeviceThread
from edge.sound.failover import FailoverSink, SoundCard
from edge.sound.portaudio import PortAudioSink
from edge.sound.settings import Output
from edge.sound.sink import Sink
from tests.sound.server import DEADLINE_S, Capture, SoundServer

pytestmark = pytest.mark.sound

RATE = 48000
PERIOD = 30000
TWICE = 0.06 * RATE
"""The most that may be heard twice: 50 ms, and the recorder's grain of 10."""
LOST = 0.03 * RATE
"""What a killed server takes with it of the recording: 10 ms, and more on a busy machine. Far less
than the 60 ms that the device held."""

Pcm = npt.NDArray[np.int16]


def counter(seconds: float) -> Samples:
    """1, 2, 3 ... 30000, 1, 2 ... in int16 steps: each sample tells its place."""
    return ((np.arange(round(seconds * RATE)) % PERIOD + 1) / 32767).astype(np.float32)


class Speech(threading.Thread):
    """The playback thread: writes as the player does, and keeps its failure."""

    def __init__(self, sink: Sink, sound: Samples) -> None:
        super().__init__(name="writer")
        self._sink, self._sound = sink, sound
        self.error: NoSoundDevice | None = None
        self.start()

    def run(self) -> None:
        try:
            for start in range(0, len(self._sound), RATE // 50):
                self._sink.write(self._sound[start : start + RATE // 50])
            self._sink.finish()
        except NoSoundDevice as error:
            self.error = error

    def end(self) -> None:
        self.join(3 * DEADLINE_S)
        assert not self.is_alive(), "it hangs"


class GatedSink(PortAudioSink):
    """Opens its device only while `gate` is open, which the recorder opens when it listens."""

    gate: threading.Event

    def _open(self) -> None:
        if not self.gate.is_set():
            raise NoSoundDevice("the gate is closed", "open it")
        super()._open()


@contextlib.contextmanager
def gated() -> Iterator[tuple[Sink, threading.Event]]:
    gate = threading.Event()

    def make_sink(rate: int) -> Sink:
        sink = GatedSink(Output("pulse", wake_ms=0), rate)
        sink.gate = gate
        return sink

    line = DeviceThread("pulse", make_sink)
    sink = FailoverSink([line], RATE, wait_s=DEADLINE_S)
    gate.set()
    try:
        yield sink, gate
    finally:  # a stream left open would hide new devices from the tests that follow
        sink.close()
        assert line.close(DEADLINE_S)


@contextlib.contextmanager
def output(**options: object) -> Iterator[Sink]:
    card = SoundCard(Output(**{"device": "pulse", "wait_s": DEADLINE_S} | options))  # type: ignore[arg-type]
    sink = card.open(RATE)
    try:
        yield sink
    finally:
        sink.close()
        card.close()


def half_a_second_heard(capture: Capture) -> None:
    capture.wait_for_sound()
    capture.wait_for(capture.count + RATE // 2)


def so_far(capture: Capture) -> Pcm:
    return without_silence(capture.peek())


def without_silence(pcm: Pcm) -> Pcm:
    sounding: Pcm = pcm[pcm != 0]
    return sounding


def assert_goes_on(before: Pcm, after: Pcm, sound: Samples) -> None:
    """`after` follows `before` with little said twice and nothing left out, up to the end."""
    assert after[-1] == to_int16(sound)[-1]
    step = (int(after[0]) - int(before[-1]) - 1 + PERIOD // 2) % PERIOD - PERIOD // 2
    assert -TWICE <= step <= LOST, f"{step} samples left out (below 0: said twice)"
    for part in (before, after):
        assert set(np.diff(part.astype(np.int32))) <= {1, 1 - PERIOD}, "a hole, or a repeat"


def test_a_server_killed_in_a_word_is_waited_for(sound_server: SoundServer) -> None:
    sound = counter(2)
    with gated() as (sink, gate):
        with sound_server.capture() as capture:
            speech = Speech(sink, sound)
            half_a_second_heard(capture)
            gate.clear()
            sound_server.kill()
            capture.wait_for_end()
            before = so_far(capture)
        sound_server.start()
        with sound_server.capture() as capture:
            gate.set()
            speech.end()
            assert_goes_on(before, without_silence(capture.samples()), sound)
    assert speech.error is None


def test_a_sink_that_is_exchanged_for_another_is_waited_for(sound_server: SoundServer) -> None:
    sound = counter(2)
    with gated() as (sink, gate):
        with sound_server.capture() as capture:
            speech = Speech(sink, sound)
            half_a_second_heard(capture)
            gate.clear()
            sound_server.remove_sink()
            capture.wait_for_end()
            before = so_far(capture)
        sound_server.add_sink("other")
        with sound_server.capture("other") as capture:
            gate.set()
            speech.end()
            assert_goes_on(before, without_silence(capture.samples()), sound)
    assert speech.error is None


def test_a_suspended_sink_holds_the_speech(sound_server: SoundServer) -> None:
    sound = counter(2)
    with sound_server.capture() as capture, output() as sink:
        speech = Speech(sink, sound)
        half_a_second_heard(capture)
        sound_server.pactl("suspend-sink", "ci", "1")
        held = so_far(capture)
        assert speech.is_alive()
        sound_server.pactl("suspend-sink", "ci", "0")
        speech.end()
        heard = without_silence(capture.samples())
    assert speech.error is None
    assert len(held) < len(sound)
    missing = len(sound) - len(heard)  # PulseAudio drops the block that it was playing
    assert 0 <= missing <= 0.025 * RATE
    assert heard[-1] == to_int16(sound)[-1]


def test_a_server_that_stands_still_loses_nothing(sound_server: SoundServer) -> None:
    sound = counter(2)
    with sound_server.capture() as capture, output() as sink:
        speech = Speech(sink, sound)
        half_a_second_heard(capture)
        sound_server.freeze()
        speech.join(1)  # standing still for a while is what is tested
        assert speech.is_alive()
        sound_server.thaw()
        speech.end()
        np.testing.assert_array_equal(without_silence(capture.samples()), to_int16(sound))
    assert speech.error is None


@contextlib.contextmanager
def lines(*names: str) -> Iterator[list[DeviceThread]]:
    made = [
        DeviceThread(name, functools.partial(PortAudioSink, Output(name, wake_ms=0)))
        for name in names
    ]
    try:
        yield made
    finally:
        for line in made:
            line.release()
            assert line.close(DEADLINE_S)


def test_a_server_that_hangs_is_an_error_in_bounded_time_and_then_speaks_again(
    sound_server: SoundServer,
) -> None:
    with lines("pulse") as [line], sound_server.capture() as capture:
        sink = FailoverSink([line], RATE, wait_s=0.3, answer_s=0.3)
        speech = Speech(sink, counter(2))
        half_a_second_heard(capture)
        sound_server.freeze()
        speech.end()
        assert speech.error is not None and "has not answered" in speech.error.message
        assert sink.name == "pulse (not answering)"
        with pytest.raises(NoSoundDevice, match="has not answered"):
            sink.write(counter(0.02))  # at once, and no second thread hangs
        sink.abort()
        sink.close()
        sound_server.thaw()
        assert line.wait_until_idle(DEADLINE_S)
        start = len(capture.samples())
        again = FailoverSink([line], RATE)
        Speech(again, counter(0.2)).end()
        heard = without_silence(capture.samples()[start:])
        again.close()
    np.testing.assert_array_equal(heard, to_int16(counter(0.2)))


def test_stop_is_heeded_while_the_server_hangs(sound_server: SoundServer) -> None:
    with sound_server.capture() as capture, output() as sink:
        speech = Speech(sink, counter(0.7))
        half_a_second_heard(capture)
        sound_server.freeze()
        while speech.is_alive():  # one abort ends one write
            sink.abort()
            speech.join(0.02)
        sound_server.thaw()
    assert speech.error is None


@pytest.fixture
def two_servers(
    sound_server: SoundServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[SoundServer, SoundServer]]:
    """Another one behind the ALSA name `spare`."""
    spare = SoundServer(sound_server.folder / "spare", RATE)
    alsa_devices(tmp_path, monkeypatch, f'pcm.spare {{ type pulse server "{spare.address}" }}')
    yield sound_server, spare
    spare.kill()


def alsa_devices(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (folder / "asound.conf").write_text(text, encoding="utf-8")
    paths = f"/usr/share/alsa/alsa.conf:{folder / 'asound.conf'}"
    monkeypatch.setenv("ALSA_CONFIG_PATH", paths)
    devices.refresh()


@pytest.mark.parametrize("on_loss", ["fallback", "wait"])
def test_speech_moves_to_the_fallback(
    two_servers: tuple[SoundServer, SoundServer], on_loss: str
) -> None:
    main, spare = two_servers
    sound = counter(2)
    wait_s = DEADLINE_S if on_loss == "fallback" else 0.5
    with (
        spare.capture() as fallback,
        output(fallback="spare", on_loss=on_loss, wait_s=wait_s) as sink,
    ):
        with main.capture() as capture:
            speech = Speech(sink, sound)
            half_a_second_heard(capture)
            main.kill()
            capture.wait_for_end()
            before = so_far(capture)
        speech.end()
        assert speech.error is None
        assert sink.name == "spare"
        assert_goes_on(before, without_silence(fallback.samples()), sound)

        sink.close()  # as the player does when nothing more comes; then the first goes first
        main.start()
        with main.capture() as capture:
            Speech(sink, counter(0.2)).end()
            assert len(so_far(capture)) == len(counter(0.2))


def test_speech_leaves_a_server_that_hangs(
    two_servers: tuple[SoundServer, SoundServer],
) -> None:
    main, spare = two_servers
    sound = counter(2)
    with (
        lines("pulse", "spare") as both,
        main.capture() as capture,
        spare.capture() as fallback,
    ):
        sink = FailoverSink(both, RATE, "fallback", DEADLINE_S, answer_s=2.0)
        speech = Speech(sink, sound)
        half_a_second_heard(capture)
        main.freeze()
        speech.end()
        assert speech.error is None
        after = without_silence(fallback.samples())
        main.thaw()
        assert both[0].wait_until_idle(DEADLINE_S)
        # The hung server still plays what it holds, which the fallback has played again.
        before = without_silence(capture.samples())
    twice = len(before) + len(after) - len(sound)
    assert 0 <= twice <= 0.06 * RATE + 2 * TWICE
    assert after[-1] == to_int16(sound)[-1]


def test_without_any_device_it_is_an_error_at_once(sound_server: SoundServer) -> None:
    sound_server.kill()
    devices.refresh()
    with output(fallback="spare") as sink:
        speech = Speech(sink, counter(1))
        speech.end()
    assert speech.error is not None


def test_a_kept_device_hums_and_then_speaks(sound_server: SoundServer) -> None:
    with sound_server.capture() as capture, output(keep_awake=True) as sink:
        Speech(sink, counter(0.2)).end()
        sink.close()
        start = capture.count
        capture.wait_for(start + RATE)
        hum = capture.peek()[start + RATE // 2 :]
        assert 0 < np.abs(hum).max() <= 33  # -60 dBFS of 32767
        assert np.abs(np.fft.rfft(hum)).argmax() * RATE / len(hum) == pytest.approx(30, abs=3)
        Speech(sink, counter(0.2)).end()
        heard = capture.samples()
        assert (heard == PERIOD // 4).sum() == 2  # each number of the counter, twice
