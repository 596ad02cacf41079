"""What the daemon has done since it started, and how quickly it answered lately."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

LATEST = 256


@dataclass
class Counters:
    """Not thread-safe: the speaker's lock guards it. `latencies_s`: from accepted to the first
    sample, of the latest utterances."""

    spoken: int = 0
    cancelled: int = 0
    failed: int = 0
    seconds: float = 0.0
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=LATEST))


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank: a value that did occur, of at least one."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
