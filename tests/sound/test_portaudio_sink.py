"""The sound card, through a real sound server whose sink is captured."""

from __future__ import annotations

import contextlib
import dataclasses
import threading

import numpy as np
import pytest
import soxr

from edge.errors import MissingPackage, NoSoundDevice
from edge.pcm import Samples, to_int16
from edge.sound import devices
from edge.sound.portaudio import PortAudioSink
from edge.sound.resampler import Resampler
from edge.sound.settings import Output
from tests.sound.server import DEADLINE_S, SoundServer

pytestmark = pytest.mark.sound

at_rates = pytest.mark.parametrize("sound_server", [22050, 48000], indirect=True)


def ramp(count: int) -> Samples:
    """1, 2, 3 ... in int16 steps: a gap, a repeat or a cut end shows at once."""
    return (np.arange(1, count + 1) / 32767).astype(np.float32)


def tone(seconds: float, rate: int) -> Samples:
    """Loud, and nowhere 0."""
    return np.full(round(seconds * rate), 0.25, np.float32)


def player(rate: int, **options: float) -> contextlib.closing[PortAudioSink]:
    output = Output("pulse", **{"wake_ms": 0} | options)  # type: ignore[arg-type]
    return contextlib.closing(PortAudioSink(output, rate))


def at_once(action: threading.Thread) -> threading.Thread:
    action.start()
    return action


@at_rates
def test_samples_arrive_unchanged_and_whole(sound_server: SoundServer) -> None:
    sound = ramp(sound_server.rate // 2)
    with sound_server.capture() as capture, player(sound_server.rate) as sink:
        underruns = [sink.write(piece) for piece in np.array_split(sound, 7)]
        sink.finish()
        np.testing.assert_array_equal(capture.heard(), to_int16(sound))
    assert not any(underruns)


def test_the_default_device_is_the_servers(sound_server: SoundServer) -> None:
    with (
        sound_server.capture() as capture,
        contextlib.closing(PortAudioSink(Output(), 48000)) as sink,
    ):
        sink.write(ramp(4800))
        sink.finish()
        np.testing.assert_array_equal(capture.heard(), to_int16(ramp(4800)))


@pytest.mark.parametrize("latency_ms", [20, 200])
def test_no_tail_is_cut_at_any_latency(sound_server: SoundServer, latency_ms: float) -> None:
    with (
        sound_server.capture() as capture,
        player(48000, block_ms=20, latency_ms=latency_ms) as sink,
    ):
        sink.write(ramp(20000))
        sink.finish()
        assert len(capture.heard()) == 20000


def test_another_rate_is_resampled_as_if_in_one_piece(sound_server: SoundServer) -> None:
    seconds = np.arange(22050) / 22050
    sound = (0.5 * np.sin(2 * np.pi * 440 * seconds) + 0.1).astype(np.float32)
    expected = to_int16(soxr.resample(sound, 22050, 48000))
    with sound_server.capture() as capture, player(22050) as sink:
        for _ in range(2):  # the second time shows that nothing of the first is left
            start = capture.count
            for piece in np.array_split(sound, 9):
                sink.write(piece)
            sink.finish()
            heard = capture.samples()[start:].astype(np.int32)
            first = np.flatnonzero(heard)[0] - np.flatnonzero(expected)[0]
            heard, rest = np.split(heard[first:], [len(expected)])
            assert np.abs(heard - expected).max() <= 1
            assert not rest.any()


def test_a_resampler_that_could_not_be_made_leaves_no_device_at_another_rate(
    sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*rates: int) -> Resampler:
        raise MissingPackage("the Python package soxr is not installed", "Install it.")

    with sound_server.capture() as capture, player(22050) as sink:
        with monkeypatch.context() as patch:
            patch.setattr("edge.sound.portaudio.Resampler", missing)
            with pytest.raises(MissingPackage):
                sink.write(tone(0.1, 22050))
        sink.write(tone(0.5, 22050))
        sink.finish()
        assert abs(len(capture.heard()) - 0.5 * sound_server.rate) < 0.02 * sound_server.rate


def test_wake_is_silence_before_the_first_sample(sound_server: SoundServer) -> None:
    with sound_server.capture() as capture, player(48000, wake_ms=400) as sink:
        start = capture.count
        sink.write(ramp(1000))
        sink.write(ramp(1000))
        sink.finish()
        captured = capture.samples()[start:]
        assert np.flatnonzero(captured)[0] >= 0.4 * 48000
        np.testing.assert_array_equal(capture.heard(), np.tile(to_int16(ramp(1000)), 2))


@at_rates
def test_abort_is_heard_within_50_ms_and_the_sink_speaks_again(sound_server: SoundServer) -> None:
    rate = sound_server.rate
    after = []
    with sound_server.capture() as capture, player(rate) as sink:
        for _ in range(3):
            start = len(capture.samples())
            writing = at_once(
                threading.Thread(target=sink.write, args=(tone(30, rate),), name="writer")
            )
            capture.wait_for_sound(start)
            called = capture.count
            sink.abort()
            writing.join(DEADLINE_S)
            assert not writing.is_alive()
            sounding = np.flatnonzero(capture.samples()[called:])
            after.append(sounding[-1] + 1 if len(sounding) else 0)
        # The best of three: a busy machine may delay one call, never make one fast.
        assert min(after) < 0.050 * rate, f"{after} samples sounded after the call"

        start = capture.count
        sink.write(ramp(5000))
        sink.finish()
        captured = capture.samples()[start:]
        np.testing.assert_array_equal(captured[captured != 0], to_int16(ramp(5000)))


def test_abort_ends_finish(sound_server: SoundServer) -> None:
    with sound_server.capture() as capture, player(48000, latency_ms=1000) as sink:
        sink.write(tone(0.9, 48000))
        finishing = at_once(threading.Thread(target=sink.finish, name="writer"))
        capture.wait_for_sound()
        sink.abort()
        finishing.join(DEADLINE_S)
        assert not finishing.is_alive()
        assert len(capture.heard()) < 0.9 * 48000


@at_rates
def test_a_killed_server_is_an_error_at_once_and_then_it_speaks_again(
    sound_server: SoundServer,
) -> None:
    rate = sound_server.rate
    errors: list[NoSoundDevice] = []

    def speak() -> None:
        try:
            sink.write(tone(120, rate))
        except NoSoundDevice as error:
            errors.append(error)

    with player(rate) as sink:
        with sound_server.capture() as capture:
            writing = at_once(threading.Thread(target=speak, name="writer"))
            capture.wait_for_sound()
            sound_server.kill()
        writing.join(DEADLINE_S)  # a sixth of what there was to say
        assert not writing.is_alive()
        assert len(errors) == 1
        with pytest.raises(NoSoundDevice):
            sink.write(tone(0.01, rate))  # still none there
        sink.abort()

        sound_server.start()
        with sound_server.capture() as capture:
            sink.write(ramp(5000))
            sink.finish()
            np.testing.assert_array_equal(capture.heard(), to_int16(ramp(5000)))


def test_a_server_killed_between_two_writes_is_an_error_once_the_buffer_is_full(
    sound_server: SoundServer,
) -> None:
    with player(48000, latency_ms=60) as sink:
        sink.write(tone(0.02, 48000))
        sound_server.kill()
        with pytest.raises(NoSoundDevice, match="cannot be used"):
            for _ in range(8):  # 60 ms wait in the device; one block more asks the server
                sink.write(tone(0.01, 48000))


def test_no_server(sound_server: SoundServer) -> None:
    sound_server.kill()
    devices.refresh()
    for name in ("pulse", None):
        with (
            contextlib.closing(PortAudioSink(Output(name), 48000)) as sink,
            pytest.raises(NoSoundDevice),
        ):
            sink.write(tone(0.1, 48000))


def test_a_device_that_appears_later_is_found(sound_server: SoundServer) -> None:
    sound_server.kill()
    devices.refresh()
    with player(48000) as sink:
        with pytest.raises(NoSoundDevice):
            sink.write(ramp(10))
        sound_server.start()
        with sound_server.capture() as capture:
            sink.write(ramp(1000))
            sink.finish()
            assert len(capture.heard()) == 1000


def test_an_unknown_name_lists_the_names_there_are(sound_server: SoundServer) -> None:
    with (
        contextlib.closing(PortAudioSink(Output("Bose"), 48000)) as sink,
        pytest.raises(NoSoundDevice, match=r"'Bose' is not a sound device here: .*pulse"),
    ):
        sink.write(ramp(10))


def test_a_removed_sink_is_an_error(sound_server: SoundServer) -> None:
    with player(48000) as sink:
        sink.write(tone(0.1, 48000))
        sound_server.remove_sink()
        with pytest.raises(NoSoundDevice):
            sink.write(tone(60, 48000))
        with pytest.raises(NoSoundDevice):
            sink.write(tone(1, 48000))


def test_a_starved_device_is_reported_once_and_loses_nothing(sound_server: SoundServer) -> None:
    with sound_server.capture() as capture, player(48000) as sink:
        assert not sink.write(ramp(4800))
        capture.wait_for_sound()
        capture.wait_for(capture.count + 48000 // 2)
        reports = [sink.write(ramp(4800)) for _ in range(4)]
        sink.finish()
        captured = capture.samples()
        np.testing.assert_array_equal(captured[captured != 0], np.tile(to_int16(ramp(4800)), 5))
    assert sum(reports) == 1


def test_every_channel_of_a_card_gets_the_voice(
    sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pulse,) = [device for device in devices.known_devices() if device.name == "pulse"]
    stereo = dataclasses.replace(pulse, channels=2)  # opened with two, as a card would be
    monkeypatch.setattr(devices, "find", lambda *_: stereo)
    with sound_server.capture() as capture, player(48000) as sink:
        sink.write(ramp(20000) + np.float32(100 / 32767))
        sink.finish()
        heard = capture.heard().astype(np.int32)  # the mean of left and right
        assert len(heard) == 20000
        assert np.abs(heard - np.arange(101, 20101)).max() <= 1


def test_listing_leaves_an_open_sink_alone(sound_server: SoundServer) -> None:
    with sound_server.capture() as capture, player(48000) as sink:
        sink.write(ramp(5000))
        assert [device.name for device in devices.list_devices() if device.default] == ["default"]
        sink.write(ramp(5000))
        sink.finish()
        captured = capture.samples()
        np.testing.assert_array_equal(captured[captured != 0], np.tile(to_int16(ramp(5000)), 2))
