"""Fast speech: the length asked for, the pitch kept, the words where they are heard (1 s)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from edge.errors import MissingPackage
from edge.pcm import PcmChunk, Samples, Word
from edge.protocol import UNAIDED_SPEED
from edge.synth import time_stretch
from edge.synth.schedule import Cost, Decoder, plan_runs
from edge.synth.time_stretch import ALONE, MODEL_SPEED, check_speed, paced, quicker, stretched

RATE = 22050


def buzz(seconds: float, hz: float = 120.0) -> Samples:
    """Somewhat like a voice: a pitch and its harmonics."""
    time = np.arange(round(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * hz * n * time) / n for n in range(1, 12)).astype(np.float32) / 4


def cut(samples: Samples, *places: int, words: tuple[Word, ...] = ()) -> Iterator[PcmChunk]:
    whole = PcmChunk(samples, RATE, words)
    for start, stop in itertools.pairwise((0, *places, len(samples))):
        yield whole.part(start, stop)


def joined(chunks: Iterator[PcmChunk]) -> Samples:
    return np.concatenate([chunk.samples for chunk in chunks])


@pytest.mark.parametrize("factor", [1.05, 4 / 3, 2.0, 3.0])
def test_it_is_shorter_by_the_factor_and_its_pitch_stays(factor: float) -> None:
    sound = buzz(2.0)
    fast = joined(stretched(cut(sound), factor))
    assert len(fast) == pytest.approx(len(sound) / factor, rel=0.02)
    middle = fast[len(fast) // 4 : len(fast) // 4 + 8192]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 16))
    pitch = (np.argmax(spectrum[: (200 << 16) // RATE])) * RATE / (1 << 16)
    assert pitch == pytest.approx(120, abs=3)
    assert np.abs(fast).max() <= np.abs(sound).max() * 1.01


def test_how_the_sound_is_cut_is_not_heard() -> None:
    sound = buzz(1.0)
    whole = joined(stretched(cut(sound), 2.0))
    pieces = list(stretched(cut(sound, 100, 101, 3000, 9000, 20000), 2.0))
    np.testing.assert_array_equal(np.concatenate([c.samples for c in pieces]), whole)
    # It streams: most of what came in has gone out again before the end.
    assert len(pieces[-1].samples) < RATE // 20


def test_speed_one_is_the_same_sound_and_empty_chunks_go_through() -> None:
    chunks = [PcmChunk(np.zeros(0, np.float32), RATE), PcmChunk(buzz(0.1), RATE)]
    assert list(stretched(chunks, 1.0)) == chunks
    assert len(next(stretched(chunks, 2.0)).samples) == 0


def test_words_are_told_where_they_are_heard() -> None:
    words = tuple(Word(n, n + 1, n * 4000, 3000) for n in range(11))
    last = Word(11, 12, RATE * 2 - 1, 1)
    found: list[tuple[int, int, int]] = []
    made = 0
    for chunk in stretched(cut(buzz(2.0), 5000, 9000, 40000, words=(*words, last)), 2.5):
        for word in chunk.words:
            assert 0 <= word.start < len(chunk.samples) and word.length > 0
            found.append((word.text_start, made + word.start, word.length))
        made += len(chunk.samples)
    assert [number for number, _, _ in found] == list(range(12))
    assert found[:11] == [(n, n * 1600, 1200) for n in range(11)]


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0])
def test_frames_add_up_to_the_speed(speed: float) -> None:
    given = np.random.default_rng(1).integers(1, 6, 200)
    frames, factor = paced(given.tolist(), speed)
    assert sum(frames) / factor == pytest.approx(given.sum() / speed, abs=0.5)
    if speed == 1.0:
        assert frames == given.tolist()
    assert (factor == 1.0) == (speed <= ALONE)
    # No id is far from its share.
    made_at = speed if speed <= ALONE else MODEL_SPEED
    assert np.abs(np.array(frames) - given / made_at).max() <= 1
    least, factor = paced(given.tolist(), speed, least=1)
    assert min(least) >= 1
    if speed > ALONE:
        assert sum(least) / factor == pytest.approx(given.sum() / speed, abs=0.5)


def test_playback_of_fast_speech_does_not_starve() -> None:
    """A frame lasts less than half as long, so a run affords less than half as much."""
    slow = Decoder(0.012, look_ahead=4, cost=Cost(fixed_s=0.001, per_frame_s=0.004))
    fast = quicker(slow, 3.0)
    plan = plan_runs(200, fast, 1.5)
    out_s = ready_s = begins_s = 0.0
    done = 0
    for number, length in enumerate(plan.lengths, 1):
        ready_s += slow.cost.run(length)
        if number > plan.held:
            assert ready_s <= begins_s + out_s
        done += length
        out_s = (done - fast.look_ahead) * 0.012 / (3.0 / MODEL_SPEED)
        if number == plan.held:
            begins_s = ready_s
    assert quicker(slow, ALONE) is slow


def test_without_the_library_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_stretch, "LIBRARY", "libsonic-is-not-here.so.0")
    check_speed(ALONE)
    with pytest.raises(MissingPackage, match=r"speed 2 .*1\.5 is the most") as caught:
        check_speed(2.0)
    assert "sudo apt install libsonic0" in caught.value.remedy
    assert UNAIDED_SPEED == ALONE, "what clients ask for then"
