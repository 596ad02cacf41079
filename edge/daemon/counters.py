"""Counts of the daemon's work since it started, and how quickly it answered lately."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

LATEST = 256
"""Utterances whose latency is remembered."""


@dataclass
class Counters:
    """Not thread-safe: the lock of synthesis guards it."""

    spoken: int = 0
    cancelled: int = 0
    failed: int = 0
    seconds: float = 0.0
    """Sound that was heard, or sent to clients."""
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=LATEST))
    """Seconds from accepted to the first sample, of the latest utterances."""


def percentile(values: Sequence[float], percent: float) -> float:
    """Find the percentile by nearest rank: a value that did occur. Takes one value at least."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
