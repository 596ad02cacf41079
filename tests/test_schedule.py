"""The plan of runs, held against a simulated playback."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge.synth.schedule import (
    LONGEST_FRAMES,
    SHORTEST_FRAMES,
    Cost,
    Decoder,
    Plan,
    longest_run,
    plan_runs,
)

FRAME_S = 256 / 22_050
LOOK_AHEAD = 42
SAFETY = 1.2

decoders = st.builds(
    Decoder,
    st.sampled_from([FRAME_S, 600 / 24_000]),
    st.integers(0, 60),
    st.builds(Cost, st.floats(0, 0.2), st.floats(1e-5, 0.05)),
    st.sampled_from([1, 2, 8, 16]),
    st.sampled_from([longest_run(1), longest_run(2)]),
)
sentences = st.integers(1, 1500)
safeties = st.floats(1, 3)


def waits(plan: Plan, decoder: Decoder, safety: float) -> float:
    """Seconds that playback stands still after it began, each run as slow as it may be."""
    clock = heard_until = waited = 0.0
    fed = sounded = 0
    for number, length in enumerate(plan.lengths, 1):
        clock += safety * decoder.cost.run(length)
        fed += length
        if number < plan.held:
            continue
        done = number == len(plan.lengths)
        out = fed if done else fed - decoder.look_ahead
        if number == plan.held:
            heard_until = clock
        waited += max(0.0, clock - heard_until)
        heard_until = max(heard_until, clock) + (out - sounded) * decoder.frame_s
        sounded = out
    return waited


@given(sentences, decoders, safeties)
def test_playback_never_waits_once_it_began(frames: int, decoder: Decoder, safety: float) -> None:
    plan = plan_runs(frames, decoder, safety)
    assert sum(plan.lengths) == frames and min(plan.lengths) > 0
    assert 1 <= plan.held <= len(plan.lengths)
    assert waits(plan, decoder, safety) < 1e-6


@given(sentences, decoders, safeties)
def test_runs_are_bounded_and_the_first_gives_sound(
    frames: int, decoder: Decoder, safety: float
) -> None:
    first, *others = lengths = plan_runs(frames, decoder, safety).lengths
    most = decoder.longest + SHORTEST_FRAMES
    assert first < decoder.look_ahead + most + decoder.granularity
    assert all(length < most for length in others)
    assert first > decoder.look_ahead or not others
    assert all(length % decoder.granularity == 0 for length in lengths[:-1])


@given(st.integers(200, 1500), st.floats(0, 0.02), st.floats(1e-5, 0.5 * FRAME_S))
def test_a_board_that_keeps_up_speaks_at_once(
    frames: int, fixed_s: float, per_frame_s: float
) -> None:
    decoder = Decoder(FRAME_S, LOOK_AHEAD, Cost(fixed_s, per_frame_s))
    plan = plan_runs(frames, decoder, SAFETY)
    assert plan.held == 1
    lead = (plan.lengths[0] - LOOK_AHEAD) * FRAME_S
    assert lead < max(0.04, SAFETY * decoder.cost.run(SHORTEST_FRAMES)) + FRAME_S


@given(st.integers(200, 1500), st.floats(1.05, 3.0))
def test_a_board_that_cannot_keep_up_holds_back_no_more_than_it_must(
    frames: int, factor: float
) -> None:
    decoder = Decoder(FRAME_S, LOOK_AHEAD, Cost(0.003, factor * FRAME_S / SAFETY))
    plan = plan_runs(frames, decoder, SAFETY)
    held = sum(plan.lengths[: plan.held])
    # The sound that is out must last for the work that is left.
    needed = SAFETY * (frames - held) * decoder.cost.per_frame_s
    assert (held - LOOK_AHEAD + frames - held) * FRAME_S >= needed - 1e-6
    if held < frames:
        one_less = (held - 1 - LOOK_AHEAD) * FRAME_S
        runs = (frames - held) // LONGEST_FRAMES + 2
        slack = runs * SAFETY * decoder.cost.fixed_s + LONGEST_FRAMES * decoder.cost.per_frame_s
        work = SAFETY * (frames - held) * decoder.cost.per_frame_s
        assert one_less < work + slack * SAFETY


def test_the_usual_plan_on_a_pc() -> None:
    decoder = Decoder(FRAME_S, LOOK_AHEAD, Cost(0.003, 0.08 * FRAME_S))
    plan = plan_runs(320, decoder, SAFETY)
    assert plan == Plan((45, 28, 48, 48, 48, 48, 55), 1)
    threaded = replace(decoder, longest=longest_run(2))
    assert plan_runs(320, threaded, SAFETY) == Plan((45, 28, 96, 96, 55), 1)
    assert plan_runs(30, decoder, SAFETY) == Plan((30,), 1)
    assert plan_runs(0, decoder, SAFETY) == Plan((), 0)
