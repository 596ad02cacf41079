"""Pause, resume, volume and status through the socket, and from Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.client import Client
from edge.daemon.counters import percentile
from edge.machine import read_temperature, read_throttling
from edge.pcm import PcmChunk, Word
from edge.protocol import (
    LiveUtterance,
    Pause,
    Playback,
    Speak,
    SpeakAccepted,
    SpeakCancelled,
    SpeakFinished,
    SpeakStart,
    SpeakStarted,
    Status,
    StatusReport,
    Stop,
    Volume,
)
from edge.synth import Style
from tests.daemon.test_daemon import LONG, ONE, TWO, put_in, spoken
from tests.helpers.counting_voice import BLOCK, WORD_FRAMES, CountingVoice, Stage
from tests.helpers.daemon_under_test import ThreadDaemon
from tests.helpers.fakes import FakeVoice, Gate

# Through the socket


def test_urgent_speech_cuts_in_and_the_other_goes_on(
    daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    daemon.card.give_room(12)  # the second word has begun: a word is 9 blocks
    with daemon.connect() as wire, daemon.connect() as other:
        wire.send(Speak(TWO, id="long"))
        wire.until(SpeakStarted)
        daemon.card.wait_until_held()
        gate = Gate(0)
        put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), gate))
        other.send(Speak(ONE, id="fire", priority="urgent"))
        accepted = other.receive()
        gate.open()
        while not daemon.server.player.buffered_s(urgent=True):
            other.ping()
        daemon.card.give_room()
        assert other.until(SpeakFinished)[-1].id == "fire"  # type: ignore[union-attr]
        finished = wire.until(SpeakFinished)[-1]
    assert accepted == SpeakAccepted("fire", 0)
    two, one = spoken(tone_bundle, TWO), spoken(tone_bundle, ONE)
    assert finished == SpeakFinished("long", round(len(two) / 22050, 3))
    heard = daemon.card.heard()
    start = 14 * BLOCK  # 13 whole blocks, and one that fades out
    np.testing.assert_array_equal(heard[: 13 * BLOCK], two[: 13 * BLOCK])
    np.testing.assert_array_equal(heard[start : start + len(one)], one)
    rest = two[9 * BLOCK :]  # from the second word on
    after = heard[start + len(one) :]
    np.testing.assert_array_equal(after[: len(rest)], rest)


def test_an_urgent_one_is_told_that_nobody_is_before_it(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(0)
    with daemon.connect() as wire:
        wire.send(Speak(LONG), Speak(ONE), Speak(ONE, priority="urgent"), Speak(ONE))
        ahead = [wire.receive() for _ in range(4)]
        wire.send(Stop())
    assert [each.ahead for each in ahead if isinstance(each, SpeakAccepted)][2] == 0


def test_a_replaced_and_an_expired_one_say_so(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(0)
    with daemon.connect() as first, daemon.connect() as second:
        first.send(Speak(LONG, id="long"), Speak(ONE, id="old", key="clock"))
        first.until(SpeakAccepted)
        first.until(SpeakAccepted)
        second.send(Speak(TWO, id="new", key="clock"), SpeakStart(id="late", ttl=0.001))
        assert first.until(SpeakCancelled)[-1] == SpeakCancelled("old", "replaced")
        assert second.until(SpeakCancelled)[-1] == SpeakCancelled("late", "expired")
        second.send(Stop(scope="all"))


def test_pause_holds_the_card_and_resume_goes_on(
    daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    daemon.card.give_room(3)
    with daemon.connect() as wire, Client(daemon.path) as client:
        wire.send(Speak(TWO, id="a"))
        wire.until(SpeakStarted)
        daemon.card.wait_until_held()
        assert client.pause() == Playback(True, 100)
        daemon.card.give_room()
        while client.status().device != "closed":
            client.stop("nothing")  # the daemon lets go of the card meanwhile
        status = client.status()
        assert status.paused and status.speaking is not None and status.speaking.id == "a"
        assert client.resume() == Playback(False, 100)
        wire.until(SpeakFinished)
    heard, sound = daemon.card.heard(), spoken(tone_bundle, TWO)
    paused = 4 * BLOCK  # the block that was being written is the last one
    np.testing.assert_array_equal(heard[:paused], sound[:paused])
    rest = heard[paused:]
    rest = rest[np.flatnonzero(rest)[0] :]
    np.testing.assert_array_equal(rest[: len(sound) - paused], sound[paused:])


def test_the_volume_is_ramped(tone_bundle: Bundle) -> None:
    class Level(CountingVoice):
        def speak(self, segment):  # type: ignore[no-untyped-def]
            for chunk in super().speak(segment):
                words = tuple(Word(0, 1, w.start, w.length) for w in chunk.words)
                yield PcmChunk(np.ones_like(chunk.samples), chunk.rate, words)

    with Stage(tone_bundle, Level(100_000)) as stage:
        stage.say(1, words=12)
        stage.card.play(2)
        stage.card.wait_until_held()
        stage.player.volume = 0.25
        stage.card.play(3)
        stage.card.wait_until_held()
        stage.player.volume = 1.0
        stage.card.give_room()
        stage.wait_for_ends(1)
        heard = stage.card.heard()[: 12 * WORD_FRAMES] / stage._gain
    assert np.abs(np.diff(heard)).max() <= 1 / BLOCK + 1e-6, "a click"
    assert heard[3 * BLOCK - 1] == 1 and heard[4 * BLOCK] == pytest.approx(0.25)
    assert heard[-1] == 1, "as loud as before"


def test_the_volume_is_checked(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Volume(0), b'{"type":"volume","data":{"percent":200}}\n')
        assert wire.receive() == Playback(False, 0)
        assert "200; expected 0 to 100" in wire.receive().text  # type: ignore[union-attr]
        wire.send(Speak(ONE))
        wire.until(SpeakFinished)
    assert not daemon.card.heard()[BLOCK:].any()


# Status


def test_status_tells_what_sounds_and_what_waits_and_no_text(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(5)
    with daemon.connect() as wire:
        wire.send(Speak("marmalade " * 40, id="a"), Speak("secret", id="b", priority="background"))
        wire.until(SpeakStarted)
        daemon.card.wait_until_held()
        wire.send(Status())
        status = wire.until(StatusReport)[-1]
        daemon.card.give_room()
    assert isinstance(status, StatusReport)
    assert status.speaking == LiveUtterance("a", 1, "tone", "normal", 0.1)
    assert status.queue == (LiveUtterance("b", 1, "tone", "background"),)
    assert status.latency_ms is not None and status.latency_ms.count == 1
    assert [len(voice.bundle) for voice in status.voices] == [64, 64]
    assert "marmalade" not in str(status) and "secret" not in str(status)


@pytest.mark.parametrize(
    ("values", "p50", "p95"), [([3.0], 3, 3), ([4, 1, 3, 2], 2, 4), ([*range(1, 101)], 50, 95)]
)
def test_percentiles_are_values_that_occurred(values: list[float], p50: float, p95: float) -> None:
    assert (percentile(values, 50), percentile(values, 95)) == (p50, p95)


def test_the_board_tells_how_warm_it_is(tmp_path: Path) -> None:
    assert read_temperature(tmp_path) is None and read_throttling(tmp_path) is None
    for number, text in enumerate(["48312\n", "61000", "-256000", "broken"]):
        zone = tmp_path / f"sys/class/thermal/thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "temp").write_text(text)
    firmware = tmp_path / "sys/devices/platform/soc/soc:firmware"
    firmware.mkdir(parents=True)
    (firmware / "get_throttled").write_text("50005\n")
    assert read_temperature(tmp_path) == 61.0
    assert read_throttling(tmp_path) == (
        "under-voltage", "throttled", "under-voltage before", "throttled before",
    )  # fmt: skip
    (firmware / "get_throttled").write_text("0")
    assert read_throttling(tmp_path) == ()


def test_pause_is_for_everybody(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Pause())
        assert wire.receive() == Playback(True, 100)
    with Client(daemon.path) as client:
        assert client.status().paused
        assert [type(m) for m in client.speak(Speak(ONE), wait=False)] == [SpeakAccepted]
        assert client.stop(mine=True) == ("u2-1",)


@pytest.mark.voice
def test_a_real_voice_goes_on_at_the_word_it_was_in(joe_bundle: Bundle, tmp_path: Path) -> None:
    text = "Please mind the gap between the train and the platform edge."
    voice = synth.load(joe_bundle)
    [segment] = voice.plan(text, Style(), words=True)
    chunks = list(voice.speak(segment))
    sound = np.concatenate([chunk.samples for chunk in chunks]) * joe_bundle.manifest.gain
    places = np.cumsum([0, *(len(chunk.samples) for chunk in chunks)])
    starts = [
        int(place) + word.start
        for place, chunk in zip(places, chunks, strict=False)
        for word in chunk.words
    ]
    daemon = ThreadDaemon(tmp_path / "edge.sock", [joe_bundle])
    try:
        daemon.card.give_room(60)  # 1.2 s of some 3
        with daemon.connect() as wire:
            wire.send(Speak(text, id="a"))
            wire.until(SpeakStarted)
            daemon.card.wait_until_held()
            wire.send(Speak("Fire!", id="fire", priority="urgent"))
            wire.until(SpeakAccepted)
            while not daemon.server.player.buffered_s(urgent=True):
                wire.ping()
            daemon.card.give_room()
            wire.until(SpeakFinished)
            wire.until(SpeakFinished)
    finally:
        daemon.stop()
    heard = np.trim_zeros(daemon.card.heard(), "b")
    [cut, *_] = np.flatnonzero(heard[: len(sound)] != sound[: len(heard)])
    begun = max(start for start in starts if start < cut)
    assert begun > 0, "the test must cut into a later word"
    rest = np.trim_zeros(sound[begun:], "b")
    np.testing.assert_array_equal(heard[-len(rest) :], rest)
