"""What numpy does between the graphs: drawing tokens, masks, steps, the source signal. 1 s."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edge import records
from edge.pcm import PcmChunk
from edge.synth.cosyvoice3.flow import block_mask
from edge.synth.cosyvoice3.sampling import Sampler, SilenceFilter, likeliest
from edge.synth.cosyvoice3.settings import Sampling, Settings, SourceNumbers
from edge.synth.cosyvoice3.source import Source
from edge.synth.cosyvoice3.vocoder import Stretch
from edge.synth.cosyvoice3.word_times import WordTimes
from edge.text.words import WordSpan
from tests.helpers.packed import cosyvoice3_numbers

CODES = 20
SAMPLING = Sampling(top_p=0.8, top_k=25, window=10, tau=0.1)


def logits(**chances: float) -> np.ndarray:
    """log of chances by id, as t3=0.5; the rest of CODES + 5 ids have almost none."""
    found = np.full(CODES + 5, -30.0, np.float32)
    for name, chance in chances.items():
        found[int(name[1:])] = np.log(chance)
    return found


def sampler(seed: int = 0, sampling: Sampling = SAMPLING) -> Sampler:
    return Sampler(sampling, CODES, (seed, 0))


def test_equal_seeds_draw_equal_tokens() -> None:
    random = np.random.default_rng(5)
    rows = random.standard_normal((50, CODES + 5)).astype(np.float32)

    def drawn(seed: int) -> list[int]:
        one = sampler(seed)
        return [one.draw(row, early=True) for row in rows]

    assert drawn(3) == drawn(3) != drawn(4)


def test_only_the_nucleus_is_drawn_from_and_the_one_that_crosses_it_belongs_to_it() -> None:
    scores = logits(t1=0.5, t2=0.2, t3=0.2, t4=0.1)  # 0.5, 0.7, then 0.9 crosses 0.8
    drawn = [sampler(seed).draw(scores, early=False) for seed in range(400)]
    assert set(drawn) == {1, 2, 3}
    shares = np.bincount(drawn, minlength=5)[1:4] / len(drawn)
    np.testing.assert_allclose(shares, np.array([5, 2, 2]) / 9, atol=0.08)


def test_the_nucleus_is_no_larger_than_top_k() -> None:
    few = Sampling(top_p=1.0, top_k=2, window=0, tau=0.1)
    scores = logits(t1=0.3, t2=0.3, t3=0.2, t4=0.2)
    assert {sampler(seed, few).draw(scores, early=False) for seed in range(100)} <= {1, 2}


def test_the_likeliest_are_those_of_a_whole_sort() -> None:
    random = np.random.default_rng(3)
    for chances in (random.random(300), random.integers(0, 9, 300) / 9.0, np.ones(300)):
        order = np.argsort(-chances, kind="stable")
        for count in (1, 25, 299, 300, 400):
            np.testing.assert_array_equal(likeliest(chances, count), order[:count])


def test_a_token_of_the_last_ten_is_drawn_anew_from_all_the_others() -> None:
    one = sampler()
    scores = logits(t1=0.98, t2=0.01, t3=0.01)
    assert one.draw(scores, early=False) == 1
    assert one.draw(scores, early=False) in (2, 3)  # below the nucleus, and drawn all the same


def test_the_same_token_may_come_again_after_ten() -> None:
    one = sampler(sampling=Sampling(top_p=0.1, top_k=1, window=3, tau=0.1))
    first = [one.draw(logits(t1=0.9, t2=0.1), early=False)]
    first += [one.draw(logits(t4=0.5, t5=0.5, t6=0.5, t7=0.5), early=False) for _ in range(3)]
    assert first[0] == 1 and 1 not in first[1:]
    assert one.draw(logits(t1=0.9, t2=0.1), early=False) == 1


def test_too_early_an_end_is_barred_only_where_the_released_code_meant_to() -> None:
    eos, sos = CODES + 1, CODES
    scores = logits(t1=0.3, **{f"t{eos}": 0.3, f"t{sos}": 0.4})

    def second(least: str, seed: int) -> int:
        sampling = Sampling(top_p=0.8, top_k=25, window=0, tau=1.0, least=least)  # type: ignore[arg-type]
        one = Sampler(sampling, CODES, (seed, 0))
        assert one.draw(scores, early=True) == 1  # the first one always sounds
        return one.draw(scores, early=True)

    assert {second("released", seed) for seed in range(60)} == {1, eos}
    assert {second("enforced", seed) for seed in range(60)} == {1}


def test_runs_of_silence_are_cut_to_five() -> None:
    silence = SilenceFilter(frozenset({1, 2}))
    tokens = [9, 1, 2, 1, 1, 1, 2, 1, 9, 1, 9]
    assert [t for t in tokens if silence.keeps(t)] == [9, 1, 2, 1, 1, 1, 9, 1, 9]


def test_blocks_see_themselves_and_what_was() -> None:
    seen = block_mask(5, 2)
    assert seen.astype(int).tolist() == [
        [1, 1, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 1, 1, 1],
    ]


def source_numbers() -> SourceNumbers:
    numbers = cosyvoice3_numbers({})
    return records.from_dict(Settings, numbers, "config.json").source


def test_the_source_does_not_depend_on_how_it_is_cut() -> None:
    pitch = np.array([0.0, 0.0, 120.0, 125.5, 130.25, 0.0, 200.0, 201.0, 199.0])
    whole = Source(source_numbers(), 24_000, (0, 1)).make(pitch)
    cut = Source(source_numbers(), 24_000, (0, 1))
    parts = [cut.make(pitch[a:b]) for a, b in ((0, 1), (1, 1), (1, 4), (4, 9))]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)
    assert len(whole) == 9 * 480


def test_a_sine_stands_still_within_a_frame() -> None:
    """Without noise, each frame of 20 ms is one value: the released model's way."""
    quiet = dataclasses.replace(source_numbers(), noise=0.0)
    signal = Source(quiet, 24_000, (0, 1)).make(np.array([120.0, 130.0, 140.0]))
    frames = signal.reshape(3, 480)
    assert (np.ptp(frames, axis=1) == 0).all() and len(np.unique(frames[:, 0])) == 3
    steps = np.outer([120, 130, 140], np.arange(1, 10)) / 24_000 % 1
    sines = 0.1 * np.sin(2 * np.pi * 480 * np.cumsum(steps, axis=0))
    expected = np.tanh(0.1 * sines.sum(axis=1) + 0.01)
    np.testing.assert_allclose(frames[:, 0], expected, atol=1e-5)


def test_without_a_pitch_there_is_only_noise_and_it_is_not_around_zero() -> None:
    signal = Source(source_numbers(), 24_000, (0, 1)).make(np.zeros(50))
    # Nine uniform noises of 0 to 0.1 / 3, weighed 0.1 each, and the bias.
    assert signal.mean() == pytest.approx(9 * 0.1 * 0.1 / 3 / 2 + 0.01, rel=0.01)


def test_the_released_phase_is_the_wrapped_one_but_for_rounding() -> None:
    pitch = np.full(40, 150.0)
    wrapped = Source(source_numbers(), 24_000, (0, 1)).make(pitch)
    released = Source(source_numbers(), 24_000, (0, 1), wrapped=False).make(pitch)
    np.testing.assert_allclose(wrapped, released, atol=2e-3)
    assert not np.array_equal(wrapped, released)


@pytest.mark.parametrize("speed", [0.5, 0.9, 1.0, 1.7, 3.0])
def test_a_stretch_does_not_depend_on_how_it_is_cut(speed: float) -> None:
    mel = np.random.default_rng(0).standard_normal((4, 61)).astype(np.float32)
    whole = Stretch(speed, 4).push(mel, final=True)
    cut = Stretch(speed, 4)
    parts = [cut.push(mel[:, a:b], final=b == 61) for a, b in ((0, 7), (7, 8), (8, 30), (30, 61))]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
    assert whole.shape[1] == int(61 / speed)


def test_every_word_gets_a_place_even_if_the_sound_is_shorter_than_expected() -> None:
    spans = [WordSpan(i, i + 1, i, i + 1, estimated=True) for i in range(4)]
    times = WordTimes(spans, 4)

    def chunk(size: int) -> PcmChunk:
        return PcmChunk(np.zeros(size, np.float32), 24_000)

    first = times.place(chunk(100), total=1000)
    last = times.place(chunk(50), total=150, last=True)
    assert [w.text_start for w in (*first.words, *last.words)] == [0, 1, 2, 3]
    assert len(first.words) == 1 and all(0 <= w.start < 50 for w in last.words)
