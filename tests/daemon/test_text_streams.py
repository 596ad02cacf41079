"""Text that comes piece by piece: spoken from its first clause on, each character once."""

from __future__ import annotations

import itertools
import socket

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import synth
from edge.bundle import Bundle
from edge.client import Client
from edge.config import Access, Config
from edge.daemon import text_streams
from edge.errors import EdgeError
from edge.pcm import to_int16
from edge.protocol import (
    MAX_STREAM,
    MAX_TEXT,
    AudioStart,
    AudioStop,
    ErrorReply,
    Pong,
    Speak,
    SpeakAccepted,
    SpeakCancelled,
    SpeakChunk,
    SpeakFinished,
    SpeakStart,
    SpeakStarted,
    SpeakStop,
    Stop,
    Stopped,
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
)
from edge.text.cleaning import Piece
from edge.text.cutting import LONGEST_PIECE, Splitter
from tests.daemon.test_daemon import put_in, spoken
from tests.helpers.daemon_under_test import ThreadDaemon, Wire
from tests.helpers.fakes import FakeVoice, Gate

FIRST, SECOND = "The kettle is on.", " Tea comes in a minute, or in two."

# The pieces of a text


def pieces(*chunks: str) -> list[Piece]:
    splitter = Splitter()
    found = [piece for chunk in chunks for piece in splitter.feed(chunk)]
    return found + splitter.finish()


def texts(text: str) -> list[str]:
    return [piece.text for piece in pieces(text)]


ALPHABET = st.sampled_from([*"abzMr0.。,!?;:—\"')」 \n", ". ", ", ", "word ", "\n\n", "x" * 90])
text_of_marks = st.lists(ALPHABET, max_size=120).map("".join)


@given(text_of_marks, st.lists(st.integers(0, 2000), max_size=12))
def test_pieces_are_the_text_and_do_not_depend_on_the_chunks(text: str, cuts: list[int]) -> None:
    whole = pieces(text)
    assert "".join(piece.text for piece in whole) == text
    assert all(text[p.start : p.start + len(p.text)] == p.text for p in whole)
    assert all(0 < len(piece.text) <= LONGEST_PIECE for piece in whole)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    assert pieces(*[text[a:b] for a, b in itertools.pairwise(edges)]) == whole
    assert pieces(*text) == whole


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three", ["One.", " Two!", " Three"]),
        ('He said "Go." Then left.', ['He said "Go."', " Then left."]),
        ("It is 3.5 km to Mr. Smith, e.g. by bus. Yes.", [
            "It is 3.5 km to Mr. Smith,", " e.g. by bus.", " Yes.",
        ]),
        ("1. Tea. 2. Milk.", ["1. Tea.", " 2. Milk."]),
        ("Well, a clause is short, and this one is long enough, and so on", [
            "Well, a clause is short,", " and this one is long enough, and so on",
        ]),
        ("A title\n\nA line\nof text", ["A title\n\n", "A line\nof text"]),
        ("你好。再见。", ["你好。", "再见。"]),
        ("word " * 130, ["word " * 120, "word " * 10]),
        ("a" * 601, ["a" * 600, "a"]),
    ],
)  # fmt: skip
def test_where_a_text_is_cut(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


# To the sound card


def test_speaking_starts_at_the_first_clause(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    with daemon.connect() as wire:
        wire.send(SpeakStart(id="a"), SpeakChunk("The ket"), SpeakChunk("tle is on. Te"))
        assert wire.until(SpeakStarted) == [SpeakAccepted("a", 0), SpeakStarted("a")]
        wire.send(SpeakChunk("a comes in a minute, or in two."), SpeakStop())
        finished = wire.receive()
        wire.send(Speak(FIRST, id="b"))  # and a plain request on the same connection
        wire.until(SpeakFinished)
    one, two = spoken(tone_bundle, FIRST), spoken(tone_bundle, SECOND.strip())
    assert finished == SpeakFinished("a", round((len(one) + len(two)) / 22050, 3))
    heard = daemon.card.heard()
    sounding = heard[np.flatnonzero(heard)]
    expected = np.concatenate([one, two, one])
    np.testing.assert_array_equal(sounding, expected[np.flatnonzero(expected)])


def test_others_wait_for_a_stream_and_a_stop_ends_it(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire, daemon.connect() as other:
        wire.send(SpeakStart(id="a"), SpeakChunk("One. Two"))
        wire.until(SpeakStarted)
        other.send(Speak(FIRST, id="b"))
        assert other.receive() == SpeakAccepted("b", 0)
        other.send(Stop(id="a", scope="all"))
        assert wire.receive() == SpeakCancelled("a", "stopped")
        assert isinstance(other.until(SpeakFinished)[-1], SpeakFinished)
        wire.send(SpeakChunk(" three. Four."), SpeakStop())  # means nothing any more
        wire.ping()
        wire.send(SpeakStart(id="a"), SpeakChunk("Five."), SpeakStop())
        assert isinstance(wire.until(SpeakFinished)[-1], SpeakFinished)


def test_a_stream_without_words_is_refused(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(SpeakStart(id="a"), SpeakChunk("... "), SpeakChunk("\n\n --"), SpeakStop())
        accepted, error = wire.until()
    assert isinstance(accepted, SpeakAccepted)
    assert isinstance(error, ErrorReply) and (error.code, error.id) == ("empty-text", "a")


def test_a_client_that_falls_silent_is_spoken_to_its_end(
    daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    silent = Config(access=Access(stream_silence_s=0.5))
    daemon.server.setup.config = silent
    with daemon.connect() as wire:
        wire.send(SpeakStart(id="a"), SpeakChunk("One two"))
        assert wire.until(SpeakFinished)[-1] == SpeakFinished(
            "a", round(len(spoken(tone_bundle, "One two")) / 22050, 3)
        )
        wire.send(SpeakChunk(" three."))
        error = wire.receive()
    assert isinstance(error, ErrorReply) and error.code == "stream-ended"


def test_a_client_that_shuts_its_half_ends_its_text(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(SpeakStart(), SpeakChunk("One two"), SynthesizeStart(), SynthesizeChunk("One"))
        wire.socket.shutdown(socket.SHUT_WR)
        kinds = {type(reply) for reply in wire.until()}
    assert kinds >= {SpeakFinished, AudioStop, SynthesizeStopped}


def test_a_client_that_leaves_is_spoken_to_its_end(
    daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    with daemon.connect() as wire:
        wire.send(SpeakStart(), SpeakChunk("One two"))
        wire.receive()
    daemon.wait_until_idle()
    heard = np.trim_zeros(daemon.card.heard())
    expected = np.trim_zeros(spoken(tone_bundle, "One two"))
    np.testing.assert_array_equal(heard, expected)


# Limits


def test_a_client_that_sends_faster_than_is_spoken_waits(
    daemon: ThreadDaemon, tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_streams, "MAX_WAITING_TEXT", 40)
    gate = Gate(1)
    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), gate))
    with daemon.connect() as wire, daemon.connect() as other:
        wire.send(SynthesizeStart(), SynthesizeChunk("One two. " * 10))
        gate.wait_until_reached()
        wire.send(Pinged)  # not read for now
        [connection] = [c for c in daemon.server._connections.values() if c.held]
        other.ping()
        assert connection.held
        gate.open()
        assert isinstance(wire.until(Pong)[-1], Pong)
        wire.send(SynthesizeStop())
        wire.until(SynthesizeStopped)


Pinged = b'{"type":"ping"}\n'


def test_a_held_client_is_read_again_after_a_stop(
    daemon: ThreadDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_streams, "MAX_WAITING_TEXT", 40)
    daemon.card.give_room(0)
    with daemon.connect() as wire, daemon.connect() as other:
        wire.send(SpeakStart(id="a"), SpeakChunk("One two. " * 900), Pinged)
        wire.receive()
        daemon.card.wait_until_held()
        other.send(Stop(scope="all"))
        assert other.receive() == Stopped(("a",))
        assert {type(wire.receive()), type(wire.receive())} == {SpeakCancelled, Pong}


def test_a_stream_has_a_limit(daemon: ThreadDaemon) -> None:
    daemon.card.give_room(0)
    with daemon.connect() as wire:
        wire.send(SpeakStart(id="a"))
        wire.receive()
        wire.send(Stop(id="a"))  # what comes now costs no synthesis
        wire.until(Stopped)
        wire.send(*[SpeakChunk("a" * MAX_TEXT)] * (MAX_STREAM // MAX_TEXT), Pinged)
        assert isinstance(wire.until(Pong)[-1], Pong)
        wire.send(SpeakChunk("a"))
        error = wire.receive()
    assert isinstance(error, ErrorReply) and error.code == "text-too-long"
    assert "200,000" in error.text


@pytest.mark.parametrize("start", [SpeakStart(voice="nobody"), SpeakStart(speaker="x")])
def test_the_chunks_of_a_refused_stream_cause_no_further_errors(
    daemon: ThreadDaemon, start: SpeakStart
) -> None:
    with daemon.connect() as wire:
        wire.send(start, SpeakChunk("One. Two"), SpeakChunk(" three."), SpeakStop())
        error = wire.until()[-1]
        wire.ping()
    assert isinstance(error, ErrorReply) and error.code in ("unknown-voice", "bad-style")


def test_one_stream_of_a_kind_at_a_time(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(SpeakStart(id="a"), SpeakStart(id="b"))
        error = wire.until()[-1]
        assert isinstance(error, ErrorReply) and "speak-stop" in error.remedy
        wire.send(SynthesizeStart(), SynthesizeChunk("Two."), SynthesizeStop())
        wire.until(SynthesizeStopped)
        wire.send(SpeakChunk("One."), SpeakStop())
        assert isinstance(wire.until(SpeakFinished)[-1], SpeakFinished)


# Back to the client


def answer(wire: Wire) -> bytes:
    start, *chunks, stop, stopped = wire.until(SynthesizeStopped)
    assert isinstance(start, AudioStart) and isinstance(stop, AudioStop)
    assert stopped == SynthesizeStopped()
    return b"".join(chunk.payload for chunk in chunks)  # type: ignore[union-attr]


def test_one_sound_for_a_whole_stream(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    expected = np.concatenate([spoken(tone_bundle, FIRST), spoken(tone_bundle, SECOND.strip())])
    with daemon.connect() as wire:
        for _ in range(2):
            wire.send(SynthesizeStart(), *[SynthesizeChunk(c) for c in FIRST + SECOND])
            wire.send(Synthesize(FIRST + SECOND), SynthesizeStop())  # as Home Assistant does
            assert answer(wire) == to_int16(expected).tobytes()
            wire.send(Synthesize(FIRST))
            np.testing.assert_array_equal(wire.sound(), to_int16(spoken(tone_bundle, FIRST)))
        wire.send(SynthesizeStart(), SynthesizeStop())
        assert answer(wire) == b""


def test_streams_that_wait_for_text_hold_up_nobody(daemon: ThreadDaemon) -> None:
    wires = [daemon.connect() for _ in range(10)]
    for wire in wires:
        wire.send(SynthesizeStart(), SynthesizeChunk("One. Two"))
        assert isinstance(wire.receive(), AudioStart)
    with daemon.connect() as other:
        other.send(Synthesize(FIRST))
        assert other.sound().any()
    for wire in wires:
        wire.close()


def test_a_sound_that_is_stopped_does_not_look_whole(
    daemon: ThreadDaemon, tone_bundle: Bundle
) -> None:
    gate = Gate(2)
    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), gate))
    with daemon.connect() as wire, daemon.connect() as other:
        wire.send(Synthesize(FIRST))
        gate.wait_until_reached()
        other.send(Stop(scope="all"))
        error = wire.until(AudioStop)[-1]
        gate.open()
    assert isinstance(error, ErrorReply) and error.code == "cancelled"


# The client library


def test_the_client_streams(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    with Client(daemon.path) as client:
        said = list(client.speak_stream(SpeakStart(), iter([FIRST, SECOND])))
        assert [type(m) for m in said] == [SpeakAccepted, SpeakStarted, SpeakFinished]
        chunks = list(client.synthesize_stream(SynthesizeStart(), [FIRST, SECOND]))
        assert sum(len(chunk.samples) for chunk in chunks) == len(
            spoken(tone_bundle, FIRST)
        ) + len(spoken(tone_bundle, SECOND.strip()))
        with pytest.raises(EdgeError) as refused:
            list(client.speak_stream(SpeakStart(voice="nobody"), ["One."]))
        assert refused.value.code == "unknown-voice"


def test_a_failing_source_of_text_is_told(daemon: ThreadDaemon) -> None:
    def words() -> object:
        yield "One. "
        raise ValueError("the language model broke")

    with Client(daemon.path) as client, pytest.raises(ValueError, match="model broke"):
        list(client.speak_stream(SpeakStart(), words()))  # type: ignore[arg-type]
