"""Cut a sentence into runs of the decoder: the first sound comes as soon as can be, and each next
run is as long as the sound that is already out covers, so that playback never waits and little
time goes to overhead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.bundle.measured import Cost as Cost

MIN_LEAD_S = 0.04
"""Sound in the first chunk: covers hand-over between threads and the system's own hiccups."""
LONGEST_FRAMES = 48
"""Frames of a run on one thread. Beyond this mostly memory grows: 96 frames cost 20 to 40 MiB more
and save 1 to 4 % of CPU time."""
LONGEST_THREADED_FRAMES = 96
"""Frames of a run on more threads, whose hand-over is paid layer by layer: two threads take 0.87
(int8) and 0.80 (fp32) of the time that they take with 48. 128 gain 2 % more at most, for up to 24
MiB."""
SHORTEST_FRAMES = 8
"""Below this the fixed cost of a run dominates."""


@dataclass(frozen=True)
class Decoder:
    """`frame_s`: sound in one frame. `look_ahead`: frames that go in before sound comes out.
    `granularity`: chunks of a multiple of it, the last apart, give the same bits as a whole.
    `longest`: frames of a run, but for its look-ahead and a stub."""

    frame_s: float
    look_ahead: int
    cost: Cost
    granularity: int = 1
    longest: int = LONGEST_FRAMES


@dataclass(frozen=True)
class Plan:
    """`lengths`: frames of each run, adding up to the sentence. `held`: how many runs are done
    before the sound of any of them is given out; more than one only where the board is too slow
    to play what it makes at once."""

    lengths: tuple[int, ...]
    held: int


def longest_run(threads: int) -> int:
    """Return the most frames of a run on so many intra-op threads."""
    return LONGEST_FRAMES if threads == 1 else LONGEST_THREADED_FRAMES


def plan_runs(frames: int, decoder: Decoder, safety: float) -> Plan:
    """Cut a sentence of `frames` so that playback, once begun, never waits, even if each run takes
    `safety` times what `decoder.cost` says; and so that it begins as early as that allows."""
    if frames <= 0:
        return Plan((), 0)
    step = decoder.granularity
    lead = max(MIN_LEAD_S, safety * decoder.cost.run(SHORTEST_FRAMES))
    least = _up(decoder.look_ahead + max(1, round(lead / decoder.frame_s)), step)
    if frames - least < SHORTEST_FRAMES:
        least = frames  # a stub of its own would cost a run for nothing
    rest = _follow(frames, least, decoder, safety)
    before = least
    if rest is None:  # too slow for that: find the least that must be out before playback begins
        starves, before, rest = least, _up(frames, step), []
        while before - starves > step:
            middle = starves + _up((before - starves) // 2, step)
            if (found := _follow(frames, middle, decoder, safety)) is None:
                starves = middle
            else:
                before, rest = middle, found
    held = tuple(_bounded(min(before, frames), decoder))
    return Plan((*held, *rest), len(held))


def _follow(frames: int, before: int, decoder: Decoder, safety: float) -> list[int] | None:
    """Plan the runs after the first `before` frames, each as long as the sound ahead covers; None
    if playback would have to wait for one."""
    cost, lengths = decoder.cost, []
    ahead_s = (before - decoder.look_ahead) * decoder.frame_s  # sound out and not yet heard
    left = frames - before
    while left > 0:
        affordable = int((ahead_s / safety - cost.fixed_s) / cost.per_frame_s)
        if affordable >= left and left < decoder.longest + SHORTEST_FRAMES:
            length = left
        else:
            length = min(max(decoder.longest, decoder.granularity), affordable)
            length = length // decoder.granularity * decoder.granularity
            if length < SHORTEST_FRAMES:
                return None
        lengths.append(length)
        left -= length
        ahead_s += length * decoder.frame_s - safety * cost.run(length)
    return lengths


def _bounded(frames: int, decoder: Decoder) -> Iterator[int]:
    """Cut `frames` into runs of about the longest, the first with its look-ahead: bounds
    memory."""
    step = decoder.granularity
    length = _up(decoder.look_ahead + decoder.longest, step)
    while frames > 0:
        if frames - length < SHORTEST_FRAMES:
            length = frames
        yield length
        frames -= length
        length = _up(decoder.longest, step)


def _up(frames: int, step: int) -> int:
    return -(-frames // step) * step
