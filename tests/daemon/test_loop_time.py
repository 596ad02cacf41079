"""The loop's time, shared among clients."""

from __future__ import annotations

from edge.daemon.loop_time import LONGEST_REST_S, REST, SLICE_S, LoopTime


def test_who_asks_for_much_rests_the_longer_the_more_do() -> None:
    loop_time = LoopTime()
    assert loop_time.rest_s(SLICE_S / 2) == 0
    assert loop_time.rest_s(SLICE_S) == SLICE_S * REST
    loop_time.resting = 59
    assert loop_time.rest_s(SLICE_S) == 60 * SLICE_S * REST
    assert 60 * SLICE_S / (SLICE_S + loop_time.rest_s(SLICE_S)) < 0.35, "all of them, of the loop"
    assert loop_time.rest_s(60) == LONGEST_REST_S


def test_a_crowd_that_comes_at_once_uses_little_before_all_of_it_rests() -> None:
    """Beside it a single request of somebody else is not made to rest."""
    loop_time, used_s, message_s = LoopTime(), 0.0, 0.0001
    for _ in range(60):
        mine_s = message_s
        while not loop_time.rest_s(mine_s, many=True):
            mine_s += message_s
        used_s += mine_s
        loop_time.resting += 1
    assert used_s < 0.02 < 60 * SLICE_S
    assert loop_time.rest_s(message_s) == 0
