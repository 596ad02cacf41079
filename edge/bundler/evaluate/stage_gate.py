"""Measure what quantizing costs a family whose stages are measured one by one.

Such a family speaks with the voice of a clip, and a build has none, so its variants are held
against float32 stage by stage on random tokens. Whoever has a clip listens afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from edge.bundler.candidates import Candidate, Original
from edge.bundler.evaluate.outliers import write_with_outliers
from edge.bundler.evaluate.pocket_stages import PAUSE_DB, SOUND_DB, measure_codec, measure_lm
from edge.bundler.evaluate.stage_loss import MEL_DB, NEXT, STATE_DB, flow_loss, llm_loss
from edge.bundler.export.export_log import ExportRow, Parity
from edge.bundler.quantize import maker
from edge.errors import QualityTooLow
from edge.families import FAMILIES
from edge.profile import Budget, Profile
from edge.voice import Voice

STAGES = "stages.json"
NO_GAIN = 1.0
"""A cloned voice is as loud as its clip: there is nothing to measure before there is one."""
LOUD = "loud channels: "
"""Beginning of a measure of what a recipe makes of a graph with loud channels (outliers.py)."""
MEASURES = {"llm": llm_loss, "flow_step": flow_loss, "lm": measure_lm, "codec": measure_codec}
LOUDENED = frozenset({"llm", "flow_step"})
"""Stages that are tried with loud channels, too: those whose norms outliers.py can make loud."""
MOST = {MEL_DB: 4.0, STATE_DB: 4.0, NEXT: 0.1, SOUND_DB: 4.0, PAUSE_DB: 10.0}
"""The floor under each quantized stage: measure -> the most that it may be, whatever a profile
says. Of the mels a profile's log_mel_db may ask for less.

4 dB: of the voice joe, 1.4 dB passed the judges and 4.8 dB did not. 0.1 nats, by which the next
token's chances differ: llama.cpp's table for an 8 B model (its README of perplexity) has 0.03 and
0.07 for 4 bits, 0.10 for 3 and 0.45 for 2; up to it at most 22 % of the draws fall otherwise. 10
dB in pauses: so much louder they were where only the weights of this codec had 8 bits, and 30 to
45 dB where all had (daScript #4063).
"""


@dataclass(frozen=True)
class StageQuality:
    """One stage of a variant beside its float32 graph. `limit` is None where a value is only
    shown; else a variant beyond it is not packed."""

    variant: str
    stage: str
    recipe: str
    bytes: int
    measure: str
    value: float
    limit: float | None

    @property
    def holds(self) -> bool:
        finite = bool(np.isfinite(self.value))
        return finite and (self.limit is None or self.value <= self.limit)


@dataclass(frozen=True)
class StageReport:
    """stages.json beside a bundle's manifest."""

    export: tuple[ExportRow, ...]
    parity: tuple[Parity, ...]
    quality: tuple[StageQuality, ...]


def warn(family: str, profile: Profile) -> str:
    """A sentence for whoever builds what the board cannot speak while it plays; else empty."""
    if not FAMILIES[family].stages:
        return ""
    estimate = profile.estimates.get(family)
    if estimate is not None and estimate <= 1:
        return ""
    if estimate is None and profile.has_accelerator:
        return ""
    needs = "more than a second" if estimate is None else f"about {estimate:g} seconds"
    return (
        f"{family} on {profile.title}: {needs} of work for a second of speech (an estimate, not "
        "measured). It cannot speak as it plays: use it for announcements made beforehand "
        "(edge prerender), or build a Piper voice"
    )


def choose_stages(
    original: Original,
    voice: Voice,
    profile: Profile,
    candidates: Sequence[Candidate],
    only: str | None,
) -> tuple[list[Candidate], list[StageQuality]]:
    """The profile's first variant that passes, and the smallest that runs on every such board;
    with `only`, that one. And all that was measured. Raises QualityTooLow."""
    plans = {plan.name: plan for plan in profile.variants}
    wanted = set(plans) if only is None else {only}
    whole = [c for c in candidates if c.name in wanted and not c.failure]
    rows = measure_stages(original, whole, profile.budget)
    broken = {row.variant: row for row in reversed(rows) if not row.holds}  # the first of each
    passed = [c for c in whole if c.name not in broken]
    if not passed:
        why = [f"{c.name}: {c.failure}" for c in candidates if c.failure]
        why += [
            f"{r.variant}: {r.stage}: {r.measure} is {r.value:.2g}, the limit is {r.limit:.2g}"
            if r.limit is not None
            else f"{r.variant}: {r.stage}: {r.measure} is {r.value}"
            for r in broken.values()
        ]
        raise QualityTooLow(
            f"no variant of {voice.name} passes for {profile.name}: {'; '.join(why) or only}",
            "Plan other variants or a wider budget in the profile.",
        )
    anywhere = [c for c in passed if c.name not in plans or not plans[c.name].needs]
    spare = min(anywhere, key=lambda c: c.bytes, default=passed[0])
    return ([passed[0]] if spare is passed[0] else [passed[0], spare]), rows


def measure_stages(
    original: Original, candidates: Sequence[Candidate], budget: Budget
) -> list[StageQuality]:
    """Rows for every quantized stage, as it is and made of a graph with loud channels; the same
    graph is measured once."""
    graphs = {stage: original.folder / name for stage, name in original.graphs.items()}
    numbers = json.loads((original.folder / "config.json").read_text(encoding="utf-8"))
    known: dict[tuple[str, str], list[tuple[str, float]]] = {}
    rows = []
    with TemporaryDirectory(prefix="edge-gate-") as name:
        for candidate in candidates:
            for stage, recipe in candidate.recipes.items():
                if recipe == "fp32":
                    continue
                path = candidate.graphs[stage]
                kind = "llm" if stage.startswith("llm") else stage
                if (kind, recipe) not in known:
                    known[kind, recipe] = _measured(
                        graphs, kind, recipe, path, numbers, Path(name)
                    )
                for measure, value in known[kind, recipe]:
                    limit = most(measure, budget)
                    size = path.stat().st_size
                    rows.append(
                        StageQuality(candidate.name, stage, recipe, size, measure, value, limit)
                    )
    return rows


def _measured(
    graphs: Mapping[str, Path],
    stage: str,
    recipe: str,
    path: Path,
    numbers: Mapping[str, Any],
    folder: Path,
) -> list[tuple[str, float]]:
    """The graph in `path` beside float32, and of some stages what the recipe makes of loud
    channels."""
    measure = MEASURES[stage]
    rows = measure(graphs, path, numbers)
    if stage not in LOUDENED:
        return rows
    loud, small = folder / f"{stage}-loud.onnx", folder / "small.onnx"
    if not loud.exists():
        write_with_outliers(graphs[stage], loud)
    maker(recipe, large=True)(loud, small, None)
    name, value = measure(graphs, small, numbers)[0]
    return [*rows, (f"{LOUD}{name}", value)]


def most(measure: str, budget: Budget) -> float | None:
    """Return the most that a measure may be, None where it is only shown. No profile widens
    MOST."""
    measure = measure.removeprefix(LOUD)
    floor = MOST.get(measure)
    return floor if floor is None or measure in (NEXT, PAUSE_DB) else min(floor, budget.log_mel_db)
