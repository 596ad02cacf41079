"""Which layers may be int8: the damage of each alone, then as many as the limit allows.

Everything is measured on the sound, on the same latents: the log-mel distance from float32.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import numpy as np
import onnx

from edge.build.metrics import log_mel_distance_db
from edge.build.quantize import decode
from edge.build.quantize.recipe import Added, Calibration, session

_PATIENCE = 6  # layers in a row that did not fit any more, before the search ends
_QUIET_DB = 1e-3  # damage below this is none: the order is then by work


class Quantizable(Protocol):
    """`work`: layer -> part of the work, in the graph's order."""

    work: Mapping[str, float]

    def quantized(self, chosen: Collection[str]) -> onnx.ModelProto: ...


def search(plan: Quantizable, calibration: Calibration) -> tuple[Added, ...]:
    """Layers in the order in which they were tried: most work saved for the least damage first.

    The damages of layers add like squares, so layers are ordered by work over squared damage. The
    longest beginning of that order that keeps the limit is found by halving; then each further
    layer is tried by itself. The same calibration gives the same choice.
    """
    judge, limit = Judge(plan, calibration), calibration.log_mel_db
    alone = {name: judge.distance([name]) for name in plan.work}
    order = sorted(alone, key=lambda name: -plan.work[name] / max(alone[name], _QUIET_DB) ** 2)
    totals: dict[str, float] = {}  # with this layer and all that were kept before it
    fits, fails = 0, len(order) + 1
    while fails - fits > 1:
        middle = (fits + fails) // 2
        totals[order[middle - 1]] = judge.distance(order[:middle])
        if totals[order[middle - 1]] <= limit:
            fits = middle
        else:
            fails = middle
    kept, misses = order[:fits], 0
    for name in order[fits:]:
        if misses == _PATIENCE:
            totals.pop(name, None)
            continue
        totals[name] = judge.distance([*kept, name])
        if totals[name] <= limit:
            kept.append(name)
            misses = 0
        else:
            misses += 1
    chosen = set(kept)
    return tuple(
        Added(name, alone[name], totals.get(name), plan.work[name], name in chosen)
        for name in order
    )


class Judge:
    """Mean log-mel distance, dB, over some of the calibration sentences."""

    def __init__(self, plan: Quantizable, calibration: Calibration) -> None:
        self._plan, self._calibration = plan, calibration
        count = min(calibration.sentences, len(calibration.latents))
        places = (2 * np.arange(count) + 1) * len(calibration.latents) // (2 * count)
        self._latents = [calibration.latents[place] for place in places]
        run = session(plan.quantized(()), "float32")
        self._reference = [decode.audio(run, x, None, calibration.speaker) for x in self._latents]

    def distance(self, chosen: Collection[str]) -> float:
        if not chosen:
            return 0.0
        run = session(self._plan.quantized(chosen), "sensitivity search")
        speaker, rate = self._calibration.speaker, self._calibration.rate
        distances = [
            log_mel_distance_db(reference, decode.audio(run, latent, None, speaker), rate)
            for latent, reference in zip(self._latents, self._reference, strict=True)
        ]
        return float(np.mean(distances))
