"""What every family owes the daemon; a new one is covered by its card in edge.families.

Each is tested with a real voice of models/ that needs no more than what is installed here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.bundle.install import install
from edge.bundler.export import exporter
from edge.errors import BadStyle, EmptyText, TextTooLong
from edge.families import FAMILIES
from edge.pcm import Samples
from edge.synth import Segment, Style, Synthesizer
from edge.synth.self_test import try_in_child
from edge.text import MAX_CHARACTERS
from edge.text.cutting import MAX_TOKENS
from tests.helpers.kept_cosyvoice3 import unpack

TEXT = "The kettle is on, and the toast is done. Who would like some tea?"
LONG = "This sentence goes on, and on, and on and on and on with more of the same, " * 12 + "stop."


BUILT = {
    "tone": "tone_bundle",
    "piper": "joe_bundle",
    "hibari": "heart_bundle",
    "cosyvoice3": "cosyvoice3_bundle",
    "pocket": "pocket_bundle",
}
"""The fixture with a real voice of each family; nobody hands out the weights of the last two."""


@pytest.mark.parametrize("family", FAMILIES)
def test_a_board_installs_what_was_built(
    family: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The name, kind and content of every file that the family writes are let in, and it speaks
    within the limits of the self-test."""
    bundle: Bundle = request.getfixturevalue(BUILT[family])
    if family == "cosyvoice3":  # random weights end a sentence at once, if they are let
        bundle = unpack(tmp_path / "voice", least="enforced")
    installed = install(bundle.path, tmp_path / "bundles", None, try_in_child).bundle
    assert installed.id == bundle.id
    installed.verify()


@pytest.fixture(scope="module", params=FAMILIES)
def voice(request: pytest.FixtureRequest) -> Synthesizer:
    family = request.param
    assert callable(exporter(family)), f"{family} runs, but nothing builds it"
    return synth.load(request.getfixturevalue(BUILT[family]))


def speak(voice: Synthesizer, text: str, style: Style | None = None) -> Samples:
    segments = voice.plan(text, style or Style())
    return np.concatenate([c.samples for segment in segments for c in voice.speak(segment)])


@pytest.mark.parametrize("text", ["", " \n", "...", "\0\1"])
def test_no_words_are_refused_in_planning(voice: Synthesizer, text: str) -> None:
    with pytest.raises(EmptyText):
        voice.plan(text, Style())


def test_too_much_is_refused_in_planning(voice: Synthesizer) -> None:
    with pytest.raises(TextTooLong):
        voice.plan("a " * MAX_CHARACTERS, Style())


def test_a_speaker_that_is_not_there_is_refused_in_planning(voice: Synthesizer) -> None:
    with pytest.raises(BadStyle):
        voice.plan(TEXT, Style(speaker="nobody of this name"))


@pytest.mark.parametrize("speed", [0, 0.49, 3.01, float("nan"), float("inf"), -1])
def test_a_speed_out_of_range_is_no_style(speed: float) -> None:
    with pytest.raises(BadStyle):
        Style(speed=speed)


@pytest.mark.parametrize(
    "text", ["\U0001f600", "\u6f22\u5b57", "\u0640", "5", "\u20ac", "a" * 199]
)
def test_strange_texts_are_spoken_or_refused(voice: Synthesizer, text: str) -> None:
    try:
        sound = speak(voice, text)
    except (EmptyText, TextTooLong):
        return
    assert sound.size


def test_chunks_are_finite_float32_in_range(voice: Synthesizer) -> None:
    for segment in voice.plan(TEXT, Style()):
        for chunk in voice.speak(segment):
            assert chunk.samples.dtype == np.float32 and chunk.samples.ndim == 1
            assert chunk.rate == voice.rate
            assert np.isfinite(chunk.samples).all()
            assert np.abs(chunk.samples).max(initial=0) <= 1.0
    assert voice.provider


def test_equal_seeds_give_equal_samples(voice: Synthesizer) -> None:
    first = speak(voice, TEXT, Style(seed=7))
    np.testing.assert_array_equal(first, speak(voice, TEXT, Style(seed=7)))


def test_speed_changes_the_length(voice: Synthesizer) -> None:
    text = "Tea is ready."  # one segment at any speed
    lengths = [len(speak(voice, text, Style(speed=speed))) for speed in (0.5, 1.0, 2.0, 3.0)]
    assert lengths == sorted(lengths, reverse=True)
    assert [lengths[1] / length for length in lengths] == pytest.approx([0.5, 1, 2, 3], rel=0.05)


@pytest.mark.parametrize("speed", [0.5, 1.0, 3.0])
def test_a_segment_is_no_longer_than_one_inference_may_be(
    voice: Synthesizer, speed: float
) -> None:
    segments = voice.plan(LONG, Style(speed=speed))
    assert len(segments) > 1
    # Some families put marks between their tokens and around them.
    assert all(0 < len(segment.ids) <= 2 * MAX_TOKENS + 3 for segment in segments)
    assert [segment.index for segment in segments] == list(range(len(segments)))


def test_a_generator_may_be_dropped_at_any_chunk(voice: Synthesizer) -> None:
    [segment, *_] = voice.plan(TEXT, Style())
    whole = [chunk.samples for chunk in voice.speak(segment)]
    for count in range(min(3, len(whole)) + 1):
        part = list(itertools.islice(voice.speak(segment), count))
        for mine, expected in zip(part, whole, strict=False):
            np.testing.assert_array_equal(mine.samples, expected)
    np.testing.assert_array_equal(
        np.concatenate([c.samples for c in voice.speak(segment)]), np.concatenate(whole)
    )


def test_interleaved_generators_do_not_hear_each_other(voice: Synthesizer) -> None:
    texts = (TEXT, "Another text, quite unlike the first one.")
    alone = [speak(voice, text) for text in texts]
    plans = [voice.plan(text, Style()) for text in texts]
    mixed: list[list[Samples]] = [[], []]
    for pair in itertools.zip_longest(_chunks(voice, plans[0]), _chunks(voice, plans[1])):
        for heard, samples in zip(mixed, pair, strict=True):
            heard += [] if samples is None else [samples]
    for heard, expected in zip(mixed, alone, strict=True):
        np.testing.assert_array_equal(np.concatenate(heard), expected)


def _chunks(voice: Synthesizer, segments: list[Segment]) -> Iterator[Samples]:
    for segment in segments:
        for chunk in voice.speak(segment):
            yield chunk.samples


@pytest.mark.parametrize("text", [TEXT, LONG], ids=["short", "long"])
def test_every_word_has_its_place_in_the_sound(voice: Synthesizer, text: str) -> None:
    plain, spoken = voice.plan(text, Style()), voice.plan(text, Style(), words=True)
    assert [segment.ids for segment in plain] == [segment.ids for segment in spoken]
    named: list[str] = []
    # The one's model does not say, and the other's has random weights, whose attention is astray.
    estimates = voice.__class__.__name__ in ("CosyVoice3Synthesizer", "PocketSynthesizer")
    for segment in spoken:
        samples, last = 0, 0
        for chunk in voice.speak(segment):
            for word in chunk.words:
                assert 0 <= word.start < len(chunk.samples) and word.length > 0
                assert word.estimated == estimates and last <= samples + word.start
                last = samples + word.start
                named.append(text[word.text_start : word.text_end])
            samples += len(chunk.samples)
    assert named == text.split()
