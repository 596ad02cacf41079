"""The interface of families fits one that clones on a Pi: tests/helpers/pocket_family.py. 5 s."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.errors import BadClip, BadStyle, EmptyText
from edge.families import FAMILIES, Family
from edge.pcm import PcmChunk, Samples
from edge.protocol import Speak, SpeakFinished, Synthesize, VoiceChoice
from edge.synth import Style, Synthesizer
from edge.synth.voice_print import FORMAT, Label, load_print, save_print
from tests.helpers import pocket_family
from tests.helpers.daemon_under_test import ThreadDaemon
from tests.synth.test_clip import voice as hum

TEXT = "The kettle is on, and the toast is done. Who would like some tea?"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return pocket_family.write_bundle(tmp_path_factory.mktemp("pocket") / "b")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setitem(
        FAMILIES, "pocket", Family("pocket", run="tests.helpers.pocket_family", clip_s=30.0)
    )


def clone(bundle: Bundle, name: str = "anna", seconds: float = 2.5) -> Path:
    made = synth.enroll(bundle, PcmChunk(hum(seconds, 44_100), 44_100), None)
    name_of = (bundle.voice.name, bundle.id, "en", "2026-01-01", "The speaker agreed.")
    return save_print(made, Label(FORMAT, name, made.family, *name_of))


def speak(voice: Synthesizer, style: Style) -> list[Samples]:
    return [c.samples for segment in voice.plan(TEXT, style) for c in voice.speak(segment)]


def test_a_clip_becomes_a_prefix_of_keys_and_values(bundle: Bundle) -> None:
    assert synth.clones(bundle)
    prefix = load_print(clone(bundle), bundle).arrays["prefix"]
    assert prefix.shape == (1, 31, pocket_family.DIM)  # 12.5 frames a second


def test_it_speaks_frame_by_frame_as_the_clip_has_it(bundle: Bundle) -> None:
    clone(bundle)
    voice = synth.load(bundle)
    nobody, anna = (speak(voice, Style(seed=2, speaker=name)) for name in (None, "anna"))
    assert {len(samples) for samples in anna} == {pocket_family.FRAME}  # 80 ms each
    assert not np.array_equal(nobody[0], anna[0])
    np.testing.assert_array_equal(anna, speak(voice, Style(seed=2, speaker="anna")))
    assert np.abs(np.concatenate(anna)).max() <= 1.0


def test_two_at_a_time_keep_their_states_apart(bundle: Bundle) -> None:
    voice = synth.load(bundle)
    [first, second] = voice.plan(TEXT, Style())
    alone = [[c.samples for c in voice.speak(segment)] for segment in (first, second)]
    mixed: list[list[Samples]] = [[], []]
    for pair in itertools.zip_longest(voice.speak(first), voice.speak(second)):
        for heard, chunk in zip(mixed, pair, strict=True):
            heard += [] if chunk is None else [chunk.samples]
    for heard, expected in zip(mixed, alone, strict=True):
        np.testing.assert_array_equal(heard, expected)


def test_what_cannot_be_done_is_refused_in_planning(bundle: Bundle) -> None:
    voice = synth.load(bundle)
    with pytest.raises(BadStyle):
        voice.plan(TEXT, Style(speaker="nobody"))
    with pytest.raises(EmptyText):
        voice.plan("...", Style())
    with pytest.raises(BadClip):
        synth.enroll(bundle, PcmChunk(np.zeros(48_000, np.float32), 24_000), None)


def test_the_daemon_speaks_with_it(bundle: Bundle, tmp_path: Path) -> None:
    clone(bundle)
    daemon = ThreadDaemon(tmp_path / "edge.sock", [bundle])
    try:
        with daemon.connect() as wire:
            wire.send(Synthesize(TEXT, voice=VoiceChoice(name="anna"), seed=2))
            assert len(wire.sound()) >= pocket_family.FRAME
            wire.send(Speak(TEXT, voice="anna"))
            wire.until(SpeakFinished)
            assert len(daemon.card.heard()) >= pocket_family.FRAME
    finally:
        daemon.stop()
