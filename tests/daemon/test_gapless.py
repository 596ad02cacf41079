"""Nothing is heard between two sentences, or two utterances, but what the voice itself puts there.

The clock is the voice: while it makes a chunk, the card plays `pace` times as much sound, so that
a slow board is tested to the sample, and without waiting.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.pcm import Samples
from edge.protocol import Speak, SpeakChunk, SpeakFinished, SpeakStart, SpeakStop
from tests.daemon.test_daemon import put_in, spoken
from tests.helpers.daemon_under_test import ThreadDaemon, Wire
from tests.helpers.fakes import FakeCard, FakeVoice

SENTENCES = ["One sentence of words.", "And the next one.", "Then a third one, which is longer."]
BLOCKS_OF_A_CHUNK = 9  # a beep of 180 ms in blocks of 20 ms


class Clock:
    """For FakeVoice: before its n-th chunk the card has played `pace` chunks for each before."""

    def __init__(self, card: FakeCard, pace: float) -> None:
        self._card, self._pace, self._played = card, pace, 0

    def __call__(self, number: int) -> None:
        if number == 0:
            return  # nothing sounds before the first one
        due = int(self._pace * (number - 1) * BLOCKS_OF_A_CHUNK)
        self._card.play(due - self._played)
        self._played = due


def expected(bundle: Bundle) -> Samples:
    return np.concatenate([spoken(bundle, text) for text in SENTENCES])


def heard_of(daemon: ThreadDaemon, count: int) -> Samples:
    return daemon.card.heard()[:count]


@pytest.mark.parametrize("pace", [0.1, 0.5, 0.95])
def test_no_gap_between_sentences_of_one_utterance(
    daemon: ThreadDaemon, tone_bundle: Bundle, pace: float
) -> None:
    daemon.card.give_room(0)
    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), Clock(daemon.card, pace)))
    with daemon.connect() as wire:
        wire.send(Speak(" ".join(SENTENCES)))
        finish(daemon, wire)
    sound = expected(tone_bundle)
    np.testing.assert_array_equal(heard_of(daemon, len(sound)), sound)


@pytest.mark.parametrize("pace", [0.1, 0.5, 0.95])
def test_no_gap_between_two_utterances(
    daemon: ThreadDaemon, tone_bundle: Bundle, pace: float
) -> None:
    daemon.card.give_room(0)
    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), Clock(daemon.card, pace)))
    with daemon.connect() as wire:
        wire.send(*[Speak(text) for text in SENTENCES])
        finish(daemon, wire, len(SENTENCES))
    sound = expected(tone_bundle)
    np.testing.assert_array_equal(heard_of(daemon, len(sound)), sound)


def test_no_gap_between_the_pieces_of_a_stream(daemon: ThreadDaemon, tone_bundle: Bundle) -> None:
    daemon.card.give_room(0)
    put_in(daemon, tone_bundle, FakeVoice(synth.load(tone_bundle), Clock(daemon.card, 0.95)))
    text = " ".join(SENTENCES)
    chunks = [SpeakChunk("".join(some)) for some in itertools.zip_longest(text, fillvalue="")]
    with daemon.connect() as wire:
        wire.send(SpeakStart(), *chunks, SpeakStop())
        finish(daemon, wire)
    sound = expected(tone_bundle)
    np.testing.assert_array_equal(heard_of(daemon, len(sound)), sound)


def finish(daemon: ThreadDaemon, wire: Wire, count: int = 1) -> None:
    """Let the rest play once all of it is made."""
    made = sum(len(text.split()) for text in SENTENCES)
    voice = daemon.server.voices._loaded["tone"]
    assert isinstance(voice, FakeVoice)
    voice.wait_until_made(made)
    daemon.card.give_room()
    for _ in range(count):
        wire.until(SpeakFinished)
