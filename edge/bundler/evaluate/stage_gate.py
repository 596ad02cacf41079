"""Measure what quantizing costs a family whose stages are measured one by one.

Such a family speaks with the voice of a clip, and a build has none, so its variants are held
against float32 stage by stage on random tokens. Whoever has a clip listens afterwards.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.bundler.candidates import Candidate, Original
from edge.bundler.evaluate.pocket_stages import PAUSE_DB, SOUND_DB, measure_codec, measure_lm
from edge.bundler.export.export_log import ExportRow, Parity
from edge.bundler.quantize.recipe import session_of
from edge.errors import QualityTooLow
from edge.families import FAMILIES
from edge.profile import Budget, Profile
from edge.voice import Voice

STAGES = "stages.json"
NO_GAIN = 1.0
"""A cloned voice is as loud as its clip: there is nothing to measure before there is one."""
TOKENS = 50
TEXT = 16
MEL_DB, STATE_DB, NEXT = "mel, dB", "mel of kept state, dB", "next token, KL in nats"
MOST = {MEL_DB: 4.0, STATE_DB: 4.0, NEXT: 0.1, SOUND_DB: 4.0, PAUSE_DB: 10.0}
"""The floor under each quantized stage: measure -> the most that it may be, whatever a profile
says. Of the mels a profile's log_mel_db may ask for less.

4 dB: of the voice joe, 1.4 dB passed the judges and 4.8 dB did not. 0.1 nats, by which the next
token's chances differ: llama.cpp's table for an 8 B model (its README of perplexity) has 0.03 and
0.07 for 4 bits, 0.10 for 3 and 0.45 for 2; up to it at most 22 % of the draws fall otherwise. 10
dB in pauses: so much louder they were where only the weights of this codec had 8 bits, and 30 to
45 dB where all had (daScript #4063).
"""
DB = 20 / np.log(10)
"""Decibels in one unit of a mel of natural logarithms."""

Array = npt.NDArray[Any]


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
    """Rows for every quantized stage; the same graph is measured once."""
    graphs = {stage: original.folder / name for stage, name in original.graphs.items()}
    numbers = json.loads((original.folder / "config.json").read_text(encoding="utf-8"))
    measures = {"llm": _llm, "flow_step": _flow, "lm": measure_lm, "codec": measure_codec}
    known: dict[tuple[str, str], list[tuple[str, float]]] = {}
    rows = []
    for candidate in candidates:
        for stage, recipe in candidate.recipes.items():
            if recipe == "fp32":
                continue
            path = candidate.graphs[stage]
            if (stage, recipe) not in known:
                known[stage, recipe] = measures[stage](graphs, path, numbers)
            for measure, value in known[stage, recipe]:
                limit = most(measure, budget)
                size = path.stat().st_size
                rows.append(
                    StageQuality(candidate.name, stage, recipe, size, measure, value, limit)
                )
    return rows


def most(measure: str, budget: Budget) -> float | None:
    """Return the most that a measure may be, None where it is only shown. No profile widens
    MOST."""
    floor = MOST.get(measure)
    return floor if floor is None or measure in (NEXT, PAUSE_DB) else min(floor, budget.log_mel_db)


def _llm(
    graphs: Mapping[str, Path], path: Path, numbers: Mapping[str, Any]
) -> list[tuple[str, float]]:
    """Both are given the tokens that float32 likes best, one by one."""
    exact, small = session_of(graphs["llm"]), session_of(path)
    folder = graphs["llm"].parent
    text = np.load(folder / "text_embed.npy", mmap_mode="r")
    speech = np.load(folder / "speech_embed.npy", mmap_mode="r")
    random = np.random.default_rng(0)
    ids = random.integers(0, len(text), TEXT)
    rows = [speech[numbers["sos"]], *text[ids], speech[numbers["task"]]]
    x = np.array(rows, np.float32)[None]
    empty = np.zeros((2 * numbers["layers"], 1, numbers["kv_heads"], 0, numbers["head"]))
    pasts = [empty.astype(np.float32)] * 2
    distances, moved, same = [], [], 0
    for _ in range(TOKENS):
        scores = []
        for i, graph in enumerate((exact, small)):
            logits, pasts[i] = graph.run(["logits", "present"], {"x": x, "past": pasts[i]})
            scores.append(logits[0].astype(np.float64))
        distances.append(np.linalg.norm(scores[0] - scores[1]) / np.linalg.norm(scores[0]))
        moved.append(divergence(*scores))
        best = [int(score[: numbers["codes"]].argmax()) for score in scores]
        same += best[0] == best[1]
        x = np.array(speech[best[0]], np.float32)[None, None]
    return [
        (NEXT, float(np.mean(moved))),
        ("logits, relative L2", float(np.mean(distances))),
        ("best token differs", 1 - same / TOKENS),
    ]


def divergence(wanted: Array, got: Array) -> float:
    """Kullback and Leibler's, in nats, of the chances that two rows of logits give."""
    one, two = (x - x.max() for x in (wanted, got))
    one, two = (x - np.log(np.exp(x).sum()) for x in (one, two))
    return float((np.exp(one) * (one - two)).sum())


def _flow(
    graphs: Mapping[str, Path], path: Path, numbers: Mapping[str, Any]
) -> list[tuple[str, float]]:
    front, folder = session_of(graphs["flow_front"]), graphs["flow_step"].parent
    random = np.random.default_rng(0)
    token = random.integers(0, numbers["codes"], (1, TOKENS))
    xvec = random.standard_normal((1, numbers["flow"]["xvec"])).astype(np.float32)
    mu, spks = front.run(["mu", "spks"], {"token": token, "xvec": xvec})
    noise = np.load(folder / "noise.npy")[None, :, : mu.shape[2]]
    flow = numbers["flow"]
    exact, small = session_of(graphs["flow_step"]), session_of(path)
    given = noise, mu, spks, flow["steps"]
    whole = [mel_of(graph, *given, block=mu.shape[2], keeps=False) for graph in (exact, small)]
    # As it streams: blocks, in float32 all anew, in the small graph from its own state.
    blocks = mel_of(exact, *given, block=flow["block_frames"] // 2, keeps=False)
    chunks = mel_of(small, *given, block=flow["block_frames"] // 2, keeps=True)
    return [
        (MEL_DB, float(DB * np.abs(whole[1] - whole[0]).mean())),
        ("mel, relative L2", _relative(whole[0], whole[1])),
        (STATE_DB, float(DB * np.abs(chunks - blocks).mean())),
        ("mel of kept state, relative L2", _relative(blocks, chunks)),
    ]


def _relative(wanted: Array, got: Array) -> float:
    return float(np.linalg.norm(got - wanted) / np.linalg.norm(wanted))


def mel_of(
    graph: Any, noise: Array, mu: Array, spks: Array, steps: int, block: int, keeps: bool
) -> Array:
    """The mel (1, mels, T), without a clip, a frame seeing its block and those before it; block
    by block from the kept state where `keeps`, else all at once."""
    grid = 1 - np.cos(np.linspace(0, 1, steps + 1) * np.pi / 2)
    frames = mu.shape[2]
    places = np.arange(frames) // block
    mask = (places[:, None] >= places[None])[None, None]
    cuts = [*range(0, frames, block), frames] if keeps else [0, frames]
    states: list[dict[str, Array]] = [{} for _ in range(steps)]
    parts = []
    for begin, end in itertools.pairwise(cuts):
        x = noise[:, :, begin:end]
        inputs = {
            "mu": mu[:, :, begin:end],
            "cond": np.zeros_like(mu[:, :, begin:end]),
            "spks": spks,
            "attn_mask": mask[:, :, begin:end, :end],
        }
        if keeps:
            inputs["keep"] = np.arange(end - begin)
        for (now, then), state in zip(itertools.pairwise(grid), states, strict=True):
            now_inputs = {"x": x, "t": np.array([now], np.float32), **inputs, **state}
            v, kept, state["tails"] = graph.run(["v", "kept", "ends"], now_inputs)
            state["past"] = np.concatenate([state["past"], kept]) if "past" in state else kept
            x = x + np.float32(then - now) * v
        parts.append(x)
    return np.concatenate(parts, axis=2)
