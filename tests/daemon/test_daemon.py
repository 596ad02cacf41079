"""The daemon from its socket to its sound card: every request ends once, and in order."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.client import Client
from edge.daemon.queue import MAX_WAITING_PER_CLIENT
from edge.errors import ConnectionLost, EdgeError, NoDaemon
from edge.pcm import Samples, to_int16
from edge.protocol import (
    AudioStart,
    AudioStop,
    Describe,
    ErrorReply,
    Info,
    Speak,
    SpeakAccepted,
    SpeakCancelled,
    SpeakFinished,
    SpeakStarted,
    Status,
    StatusReport,
    Stop,
    Stopped,
    Synthesize,
    VoiceChoice,
)
from edge.synth import Style
from tests.helpers.daemon_under_test import ThreadDaemon
from tests.helpers.fakes import DEADLINE_S, FakeVoice, Gate

ONE, TWO = "One sentence of words.", "Another one of more words than that."
LONG = "word " * 1900  # six minutes of beeps


def spoken(bundle: Bundle, text: str, style: Style | None = None) -> Samples:
    """What this text sounds like: the voice's samples times its gain."""
    voice = synth.load(bundle)
    chunks = [c for s in voice.plan(text, style or Style()) for c in voice.speak(s)]
    return np.concatenate([chunk.samples for chunk in chunks]) * bundle.manifest.gain


def put_in(daemon: ThreadDaemon, bundle: Bundle, voice: FakeVoice) -> None:
    daemon.server.voices._loaded[bundle.voice.name] = voice


# Speaking


def test_speech_is_accepted_started_finished(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    with daemon.connect() as wire:
        wire.send(Speak(ONE, id="a"))
        accepted, started, finished = wire.until(SpeakFinished)
        wire.ping()  # and nothing more came
    sound = spoken(tone_bundle, ONE)
    assert accepted == SpeakAccepted("a", 0)
    assert started == SpeakStarted("a")
    assert finished == SpeakFinished("a", round(len(sound) / tone_bundle.manifest.rate, 3))
    np.testing.assert_array_equal(daemon.card.heard()[: len(sound)], sound)
    assert not daemon.card.heard()[len(sound) :].any()


def test_utterances_are_heard_whole_and_in_order(
    daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    with daemon.connect() as wire:
        wire.send(Speak(ONE, id="a"), Speak(TWO, id="b", volume=0.5))  # in one write
        events = [*wire.until(SpeakFinished), *wire.until(SpeakFinished)]
    for id in ("a", "b"):
        mine = [type(event) for event in events if getattr(event, "id", None) == id]
        assert mine == [SpeakAccepted, SpeakStarted, SpeakFinished]
    finished = [event.id for event in events if isinstance(event, SpeakFinished)]
    assert finished == ["a", "b"]
    one, two = spoken(tone_bundle, ONE), spoken(tone_bundle, TWO) * np.float32(0.5)
    heard = daemon.card.heard()
    np.testing.assert_allclose(heard[: len(one)], one, atol=1e-6)
    rest = np.trim_zeros(heard[len(one) :])  # on a busy machine a silence parts the two
    np.testing.assert_allclose(rest, np.trim_zeros(two), atol=1e-6)


def test_synthesis_returns_the_same_samples(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    with daemon.connect() as wire:
        wire.send(Synthesize(ONE, speed=2.0))
        sound = wire.sound()
    expected = to_int16(spoken(tone_bundle, ONE, Style(speed=2.0)))
    np.testing.assert_array_equal(sound, expected)
    assert not daemon.card.blocks


def test_voices_are_chosen_by_name_and_by_language(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        for choice in (Speak(ONE, voice="second"), Speak(ONE, language="de")):
            wire.send(choice)
            assert isinstance(wire.until(SpeakFinished)[-1], SpeakFinished)
        wire.send(Speak(ONE, voice="nobody"))
        error = wire.receive()
    assert isinstance(error, ErrorReply) and error.code == "unknown-voice"
    assert "second (de_DE)" in error.remedy


def test_pipelined_synthesis_is_answered_in_order(
    daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    with daemon.connect() as wire:
        wire.send(Synthesize(LONG), Synthesize("..."), Synthesize(ONE))
        lengths = [len(wire.sound()) for _ in range(3)]
    assert lengths == [len(spoken(tone_bundle, LONG)), 0, len(spoken(tone_bundle, ONE))]


def test_a_client_that_shuts_its_half_gets_its_whole_answer(
    daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    with daemon.connect() as wire:
        wire.send(Synthesize(TWO), Speak(ONE))
        wire.socket.shutdown(socket.SHUT_WR)
        replies = wire.until()  # the daemon hangs up
    assert {type(reply) for reply in replies} >= {AudioStart, AudioStop, SpeakFinished}


def test_one_line_of_shell(daemon: ThreadDaemon) -> None:
    line = '{"type":"speak","data":{"text":"Hello.","id":"s"}}\n'
    command = ["socat", "-t", "20", "-", f"UNIX-CONNECT:{daemon.path}"]
    done = subprocess.run(command, input=line, capture_output=True, text=True, timeout=DEADLINE_S)
    assert '"speak-finished"' in done.stdout.splitlines()[-2]
    assert len(done.stdout.splitlines()) == 6


def test_status_and_describe(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Speak(ONE))
        wire.until(SpeakFinished)
        wire.send(Status(), Describe())
        status, info = wire.receive(), wire.receive()
    assert isinstance(status, StatusReport) and isinstance(info, Info)
    assert [(v.name, v.provider, v.variant) for v in status.voices] == [
        ("tone", "none", "fp32"),
        ("second", None, None),
    ]
    assert status.counters["spoken"] == 1 and status.counters["clients"] == 1
    assert [v.languages for v in info.tts[0].voices] == [("zxx",), ("de_DE",)]


# Stopping


def test_stop_while_sounding_is_heard_at_once(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    daemon.card.give_room(3)
    with daemon.connect() as wire:
        wire.send(Speak(LONG, id="a"))
        assert len(wire.until(SpeakStarted)) == 2
        daemon.card.wait_until_held()
        wire.send(Stop(id="a"))
        stopped, cancelled = wire.receive(), wire.receive()
        daemon.card.give_room()
        wire.send(Speak(ONE))
        wire.until(SpeakFinished)
    assert stopped == Stopped(("a",)) and cancelled == SpeakCancelled("a", "stopped")
    heard, block = daemon.card.heard(), 3 * round(0.02 * tone_bundle.manifest.rate)
    np.testing.assert_array_equal(heard[:block], spoken(tone_bundle, LONG)[:block])
    one = spoken(tone_bundle, ONE)  # at once: no silence is played out after a stop
    np.testing.assert_array_equal(heard[block : block + len(one)], one)
    assert daemon.card.aborts >= 1, "the device still held some of it"


def test_stop_while_synthesising(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    gate = Gate(2)
    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), gate))
    with daemon.connect() as wire:
        wire.send(Speak(TWO, id="a"))
        gate.wait_until_reached()
        wire.send(Stop())
        events = wire.until(SpeakCancelled)
        wire.send(Speak(ONE, id="a"))  # the same id again while the old chunk is under way
        assert wire.receive() == SpeakAccepted("a", 0)
        gate.open()
        rest = wire.until(SpeakFinished)
    assert events[-1] == SpeakCancelled("a", "stopped")
    assert rest[-1] == SpeakFinished("a", round(len(spoken(tone_bundle, ONE)) / 22050, 3))


def test_stop_while_waiting(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(1)
    with daemon.connect() as wire:
        wire.send(Speak(LONG, id="a"), Speak(ONE, id="b"))
        daemon.card.wait_until_held()
        wire.send(Stop(id="b"))
        events = wire.until(SpeakCancelled)
        daemon.card.give_room()
        wire.send(Status())
        assert events[-1] == SpeakCancelled("b", "stopped")
        assert Stopped(("b",)) in events


def test_stop_mine_leaves_others_and_all_does_not(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(1)
    with daemon.connect() as mine, daemon.connect() as other:
        other.send(Speak(LONG, id="theirs"))
        other.until(SpeakStarted)
        mine.send(Speak(ONE, id="m1"), Speak(ONE, id="m2"), Stop())
        assert mine.until(Stopped)[-1] == Stopped(("m1", "m2"))
        mine.send(Stop(scope="mine"), Stop(id="nobody", scope="all"))
        assert [e for e in mine.until(Stopped) if isinstance(e, Stopped)] == [Stopped(())]
        assert mine.receive() == Stopped(())
        mine.send(Stop(scope="all"))
        assert mine.receive() == Stopped(("theirs",))
        assert other.receive() == SpeakCancelled("theirs", "stopped")
        daemon.card.give_room()


# Clients that leave


def test_speech_goes_on_when_its_client_leaves(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    daemon.card.give_room(1)
    with daemon.connect() as wire:
        wire.send(Speak(TWO))
        daemon.card.wait_until_held()
    with daemon.connect() as wire:
        daemon.card.give_room()
        wire.send(Speak(ONE))
        wire.until(SpeakFinished)
    sound = spoken(tone_bundle, TWO)
    np.testing.assert_array_equal(daemon.card.heard()[: len(sound)], sound)


def test_synthesis_ends_when_its_client_leaves(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    gate = Gate(3)
    voice = FakeVoice(synth.load(tone_bundle), gate)
    put_in(daemon, tone_bundle, voice)
    with daemon.connect() as wire:
        wire.send(Synthesize(LONG))
        gate.wait_until_reached()
    gate.open()
    with daemon.connect() as wire:
        wire.send(Synthesize(ONE))
        wire.sound()
        wire.send(Status())
        status = wire.receive()
    assert isinstance(status, StatusReport)
    assert status.counters["cancelled"] == 1
    assert voice.made < 1900, "all of it was made for nobody"


# Limits


def test_a_full_queue_says_busy(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(0)
    with daemon.connect() as wire, daemon.connect() as other:
        wire.send(Speak(LONG))
        assert wire.receive() == SpeakAccepted("u1-1", 0)
        daemon.card.wait_until_held()
        wire.send(*[Speak(ONE) for _ in range(MAX_WAITING_PER_CLIENT + 1)])
        replies = [wire.receive() for _ in range(MAX_WAITING_PER_CLIENT + 1)]
        assert [type(r) for r in replies[:-1]] == [SpeakAccepted] * MAX_WAITING_PER_CLIENT
        assert isinstance(replies[-1], ErrorReply) and replies[-1].code == "busy"
        other.send(Speak(ONE))
        assert isinstance(other.receive(), SpeakAccepted), "one client must not fill it for all"
        wire.send(Stop(scope="all"))
        wire.until(Stopped)


def test_an_id_in_use_is_refused(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(0)
    with daemon.connect() as wire:
        wire.send(Speak(ONE, id="a"), Speak(TWO, id="a"))
        replies = wire.until()
    assert isinstance(replies[-1], ErrorReply) and replies[-1].code == "bad-message"


# Failures


def test_a_voice_that_breaks_ends_one_utterance(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    def break_once(number: int) -> None:
        if number == 2:
            raise RuntimeError(f"a package quotes the text: {TWO}")

    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), break_once))
    with daemon.connect() as wire:
        wire.send(Speak(TWO, id="a"), Synthesize(ONE))
        errors = [e for e in wire.until() if isinstance(e, ErrorReply)]
        assert [(e.code, e.id) for e in errors] == [("model-failed", "a")]
        assert TWO not in errors[0].text
        wire.until(AudioStop)
        voice = daemon.server.voices._loaded["tone"]
        assert isinstance(voice, FakeVoice)
        voice.made = 3  # it works again
        wire.send(Speak(ONE, id="b"))
        assert isinstance(wire.until(SpeakFinished)[-1], SpeakFinished)


def test_without_a_sound_card_synthesis_goes_on(daemon: ThreadDaemon) -> None:
    daemon.card.opening_fails = True
    with daemon.connect() as wire:
        for id in ("a", "b"):
            wire.send(Speak(ONE, id=id))
            error = wire.until()[-1]
            assert isinstance(error, ErrorReply)
            assert (error.code, error.id) == ("no-sound-device", id)
        wire.send(Synthesize(ONE))
        assert wire.sound().any()
        daemon.card.opening_fails = False
        wire.send(Speak(ONE))
        assert isinstance(wire.until(SpeakFinished)[-1], SpeakFinished)


def test_a_sink_that_raises_something_else_leaves_the_daemon_speaking(
    daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise ValueError("not foreseen")

    with daemon.connect() as wire:
        with monkeypatch.context() as patch:
            patch.setattr("tests.helpers.fakes.FakeSink.write", explode)
            wire.send(Speak(ONE))
            error = wire.until()[-1]
        assert isinstance(error, ErrorReply) and error.code == "no-sound-device"
        wire.send(Speak(ONE))
        assert isinstance(wire.until(SpeakFinished)[-1], SpeakFinished)


# The client library


def test_the_client_speaks_and_synthesizes(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    with Client(daemon.path) as client:
        first = list(client.speak(Speak(ONE), wait=False))
        second = list(client.speak(Speak(TWO)))
        sound = np.concatenate([c.samples for c in client.synthesize(Synthesize(ONE))])
        assert client.status().counters["spoken"] == 3
        assert client.describe().tts[0].voices[0].name == "tone"
        assert client.stop() == ()
        with pytest.raises(EdgeError) as raised:
            list(client.synthesize(Synthesize(ONE, VoiceChoice("nobody"))))
    assert [type(m) for m in first] == [SpeakAccepted]
    assert [type(m) for m in second] == [SpeakAccepted, SpeakStarted, SpeakFinished]
    np.testing.assert_allclose(sound, spoken(tone_bundle, ONE), atol=1 / 32767)
    assert raised.value.code == "unknown-voice"


def test_the_client_says_when_the_daemon_is_gone(daemon: ThreadDaemon, tmp_path: Path) -> None:
    with Client(daemon.path) as client:
        client.status()
        daemon.stop()
        for _ in range(2):
            with pytest.raises(ConnectionLost):
                client.status()
    with pytest.raises(NoDaemon, match=r"edge\.sock"):
        Client(daemon.path)
