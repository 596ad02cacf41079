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
