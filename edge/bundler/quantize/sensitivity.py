"""Which layers may be int8: the damage of each alone, then as many as the limit allows.

Everything is measured on the sound, on the same latents: the log-mel distance from float32.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import numpy as np
import onnx

from edge.bundler.metrics import log_mel_distance_db
from edge.bundler.quantize import decode
from edge.bundler.quantize.recipe import Added, Calibration, session
from edge.pcm import Samples

ALONE = (3, 64)
"""Sentences, and frames out of the middle of each (0.7 s), that put the layers in order."""
TOGETHER = 128
"""Frames out of the middle of each of calibration.sentences that the limit is kept on."""
CUTS = 8
"""Places to cut the order at. Between any two layers, totals lie so near to each other that
another CPU's roundings would choose: 48 layers of joe with AVX2 where VNNI took 51."""
_QUIET_DB = 1e-3  # damage below this is none: the order is then by work


class Quantizable(Protocol):
    """`work`: layer -> part of the work, in the graph's order."""

    work: Mapping[str, float]

    def quantized(self, chosen: Collection[str]) -> onnx.ModelProto: ...


def search(plan: Quantizable, calibration: Calibration) -> tuple[Added, ...]:
    """Layers in the order in which they were tried: most work saved for the least damage first.

    The damages of layers add like squares, so layers are ordered by work over squared damage. The
    longest beginning of that order that keeps the limit is found by halving, at one of CUTS
    places. The same calibration gives the same choice.
    """
    judge = Judge(plan, calibration, calibration.sentences, TOGETHER)
    first, limit = Judge(plan, calibration, *ALONE), calibration.log_mel_db
    # Counted in frames that are decoded.
    total, spent = len(plan.work) * first.frames + CUTS.bit_length() * judge.frames, 0

    def distance(of: Judge, layers: Sequence[str]) -> float:
        nonlocal spent
        calibration.report(min(spent, total - 1), total)
        spent += of.frames
        return of.distance(layers)

    alone = {name: distance(first, [name]) for name in plan.work}
    order = sorted(alone, key=lambda name: -plan.work[name] / max(alone[name], _QUIET_DB) ** 2)
    totals: dict[str, float] = {}  # with this layer and all before it
    fits, fails = 0, CUTS + 1
    while fails - fits > 1:
        middle = (fits + fails) // 2
        beginning = order[: len(order) * middle // CUTS]
        lost = distance(judge, beginning)
        totals |= dict.fromkeys(beginning[-1:], lost)
        if lost <= limit:
            fits = middle
        else:
            fails = middle
    chosen = set(order[: len(order) * fits // CUTS])
    return tuple(
        Added(name, alone[name], totals.get(name), plan.work[name], name in chosen)
        for name in order
    )


class Judge:
    """Mean log-mel distance, dB, over `count` of the calibration sentences, evenly chosen, or
    over `most` frames out of the middle of each; `frames` in all."""

    def __init__(
        self,
        plan: Quantizable,
        calibration: Calibration,
        count: int | None = None,
        most: int | None = None,
    ) -> None:
        self._plan, self._calibration = plan, calibration
        count = min(count or calibration.sentences, len(calibration.latents))
        places = (2 * np.arange(count) + 1) * len(calibration.latents) // (2 * count)
        self._latents = [_middle(calibration.latents[place], most) for place in places]
        self.frames = sum(latent.shape[2] for latent in self._latents)
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


def _middle(latent: Samples, most: int | None) -> Samples:
    """At most so many frames (None: all) of a latent (1, channels, frames)."""
    if most is None or latent.shape[2] <= most:
        return latent
    begin = (latent.shape[2] - most) // 2
    return np.ascontiguousarray(latent[:, :, begin : begin + most])
