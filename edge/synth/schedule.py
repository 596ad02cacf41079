"""How a sentence is cut into chunks: the first as short as can be, each next one as long as the
sound that is already out covers, so that playback never waits and little time goes to overhead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MIN_LEAD_S = 0.06
"""Sound in the first chunk: covers hand-over between threads and the system's own hiccups."""
LONGEST_FRAMES = 48
"""Beyond this only memory grows: peak RSS was 348 MiB for whole sentences, 200 MiB for this."""
SHORTEST_FRAMES = 8
"""Below this the fixed cost of a run dominates."""


@dataclass(frozen=True)
class Cost:
    """Seconds that one run of a streaming decoder takes: `fixed_s` + frames * `per_frame_s`."""

    fixed_s: float
    per_frame_s: float

    def run(self, frames: int) -> float:
        return self.fixed_s + frames * self.per_frame_s


@dataclass(frozen=True)
class Decoder:
    """`frame_s`: sound in one frame. `look_ahead`: frames that go in before sound comes out.
    `granularity`: chunks of a multiple of it, the last apart, give the same bits as a whole."""

    frame_s: float
    look_ahead: int
    cost: Cost
    granularity: int = 1


def chunk_lengths(frames: int, decoder: Decoder, safety: float) -> Iterator[int]:
    """Frames of each chunk; they add up to `frames`.

    `safety` is how many times longer than `decoder.cost` says a run may take without playback
    starving. Where the board cannot keep up at all, chunks stay short and the pauses with them.
    """
    lead = max(MIN_LEAD_S, safety * decoder.cost.run(SHORTEST_FRAMES))
    step = decoder.granularity
    length = decoder.look_ahead + max(1, round(lead / decoder.frame_s))
    length = -(-length // step) * step
    ahead_s = (length - decoder.look_ahead) * decoder.frame_s  # sound out and not yet heard
    while frames > 0:
        if frames - length < SHORTEST_FRAMES:
            length = frames  # a stub of its own would cost a run for nothing
        yield length
        frames -= length
        affordable = (ahead_s / safety - decoder.cost.fixed_s) / decoder.cost.per_frame_s
        length = min(LONGEST_FRAMES, max(SHORTEST_FRAMES, int(affordable)))
        length = max(step, length // step * step)
        ahead_s = max(0.0, ahead_s - safety * decoder.cost.run(length)) + length * decoder.frame_s
