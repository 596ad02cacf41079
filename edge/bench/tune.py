"""Time every variant of a bundle that this board can run, and choose.

Variants are loaded one after the other, round after round: a board of 512 MB cannot hold them all,
and a machine that drifts drifts for each. The least time of the rounds counts, since whatever else
runs can only add to it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from edge import synth
from edge.bundle import Bundle
from edge.bundle.measured import FORMAT, Tuning, machine_name, write_tuning
from edge.errors import ProviderMissing
from edge.machine import Machine, read_machine
from edge.synth import Segment, Streaming, Style, Synthesizer
from edge.synth.schedule import Cost, Decoder, Plan, plan_runs
from edge.synth.variants import runnable, windowed

log = logging.getLogger(__name__)

ROUNDS = 3
GAIN = 0.03
"""Least gain (a fraction) for a variant to replace the manifest's first: less may be chance."""
REPEATS = 3
"""Number of times that each text is spoken in a round."""
SHORT_RUN = 16
"""Frames of the short runs; the long ones are the longest that the schedule uses."""
TEXTS = (
    "Seven.",
    "The next train to Oxford leaves from platform two in about ten minutes.",
    "The museum opens at nine in the morning, and visitors who have booked ahead may use the "
    "side entrance, while everyone else is asked to wait by the fountain until a guide comes.",
)
"""Short, medium and long, one after the other: a GPU that is fast at one length again and again
may not be when lengths change."""
MEDIUM = 1


@dataclass(frozen=True)
class Timed:
    """A variant on this board."""

    variant: str
    rtf: float
    """Seconds of work per second of speech."""
    first_audio_s: float
    cost: Cost | None
    """None for a voice that is not cut into runs."""
    seconds: tuple[float, ...] = ()
    """Seconds of work for each of TEXTS."""


@dataclass(frozen=True)
class Outcome:
    """The measurements, and what follows from them."""

    timed: tuple[Timed, ...]
    """In the manifest's order."""
    chosen: str
    """The name of a variant."""
    reason: str
    warning: str
    """Empty if the board keeps up."""


def tune(bundle: Bundle, machine: Machine, rounds: int = ROUNDS) -> Outcome:
    """Time every variant, some seconds each; choose one. Raises what loading and speaking do."""
    able, passed_over = runnable(bundle, machine)
    for why in passed_over:
        log.info("not timed: %s", why)
    names = [variant.name for variant in able]
    gpus = {variant.name for variant in able if windowed(variant) and _has_gpu(bundle)}
    found: dict[str, list[_Round]] = {name: [] for name in names}
    for number in range(rounds):
        for name in list(found):
            log.info("round %d of %d: %s", number + 1, rounds, name)
            try:
                found[name].append(_measure(synth.load(bundle, name), synth.trial_style(bundle)))
            except ProviderMissing as error:
                if gpus >= set(found):
                    raise
                log.warning("not timed: %s: %s", name, error.message)
                del found[name]
    timed = tuple(_least(name, rounds) for name, rounds in found.items())
    losing = slower_somewhere(timed, gpus)
    chosen, reason = choose({one.variant: one.rtf for one in timed if one.variant not in losing})
    reason += "".join(f"; {why}" for why in losing.values())
    decoder = found[chosen][0].decoder
    cost = next(one.cost for one in timed if one.variant == chosen)
    budget, warnings = bundle.profile.budget, []
    if decoder is not None and cost is not None:
        warnings.append(shortfall(replace(decoder, cost=cost), budget.safety))
    first_audio_s = next(one.first_audio_s for one in timed if one.variant == chosen)
    warnings.append(late(first_audio_s, budget.first_audio_ms))
    return Outcome(timed, chosen, reason, " ".join(filter(None, warnings)))


def tune_and_keep(bundle: Bundle) -> tuple[Outcome, Path]:
    """Tune on this machine; return the file too that now says what was found."""
    machine = read_machine()
    outcome = tune(bundle, machine)
    costs = {one.variant: one.cost for one in outcome.timed if one.cost is not None}
    name = machine_name(machine)
    tuning = Tuning(FORMAT, bundle.id, name, outcome.chosen, costs)
    return outcome, write_tuning(bundle, tuning)


def choose(rtfs: Mapping[str, float]) -> tuple[str, str]:
    """Return the fastest, by real-time factors in the manifest's order, and why."""
    first, fastest = next(iter(rtfs)), min(rtfs, key=lambda name: rtfs[name])
    if len(rtfs) == 1:
        return first, "the only variant that this CPU can run"
    if fastest == first:
        return first, "the fastest, and the bundle's first choice"
    gain = 1 - rtfs[fastest] / rtfs[first]
    if gain <= GAIN:
        return first, (
            f"the bundle's first choice: {fastest} is faster by {gain:.1%}, "
            f"and less than {GAIN:.0%} may be chance"
        )
    return fastest, f"faster than the bundle's first choice, {first}, by {gain:.0%}"


def slower_somewhere(timed: Sequence[Timed], gpus: Set[str]) -> dict[str, str]:
    """Return the GPU's variants that the fastest on the CPU beats at some length, and where."""
    on_cpu = [one for one in timed if one.variant not in gpus]
    losing: dict[str, str] = {}
    if not on_cpu:
        return losing
    best = min(on_cpu, key=lambda one: one.rtf)
    for one in timed:
        if one.variant not in gpus:
            continue
        for mine, theirs, text in zip(one.seconds, best.seconds, TEXTS, strict=True):
            if mine >= theirs:
                losing[one.variant] = (
                    f"{one.variant} takes {1000 * mine:.0f} ms for {len(text)} characters on the "
                    f"GPU and {best.variant} {1000 * theirs:.0f} ms on the CPU"
                )
                break
    return losing


def shortfall(decoder: Decoder, safety: float) -> str:
    """Say that a board makes sound more slowly than it plays; "" if it does not."""
    share = safety * decoder.cost.run(decoder.longest) / (decoder.longest * decoder.frame_s)
    if share <= 1:
        return ""
    frames = round(4 / decoder.frame_s)
    plan = plan_runs(frames, decoder, safety)
    held = plan.lengths[: plan.held]
    wait = sum(map(decoder.cost.run, held))
    return (
        f"this board cannot keep up: a second of speech takes it up to {share:.2f} s "
        f"(measured {share / safety:.2f}, times {safety:g} for safety). Sound is held back until "
        f"playback need not stop: a sentence of 4 s starts after about {wait:.1f} s. "
        "A smaller voice would start sooner: edge voices"
    )


def late(first_audio_s: float, goal_ms: int) -> str:
    """Say that the first sound comes after the goal of the board's profile; "" if it does not."""
    if 1000 * first_audio_s <= goal_ms:
        return ""
    return (
        f"the first sound comes after {1000 * first_audio_s:.0f} ms; the goal of this board's "
        f"profile is {goal_ms} ms. A smaller voice would start sooner: edge voices"
    )


@dataclass(frozen=True)
class _Runs:
    """A sentence in runs of one size, each segment's first run left out."""

    seconds: float
    count: int
    frames: int


@dataclass(frozen=True)
class _Round:
    """`spoken`: seconds of work for each of TEXTS; `sounding`: seconds of sound in all."""

    spoken: tuple[float, ...]
    sounding: float
    first_audio_s: float
    decoder: Decoder | None = None
    short: tuple[_Runs, ...] = ()
    long: tuple[_Runs, ...] = ()


def _measure(voice: Synthesizer, style: Style) -> _Round:
    planned = [voice.plan(text, style) for text in TEXTS]
    for segments in planned:
        _speak(voice, segments)  # warms up
    rounds = [[_speak(voice, segments) for segments in planned] for _ in range(REPEATS)]
    spoken = tuple(min(whole for whole, _, _ in of_text) for of_text in zip(*rounds, strict=True))
    sounding = sum(seconds for _, _, seconds in rounds[0])
    first = min(of_round[MEDIUM][1] for of_round in rounds)
    if not isinstance(voice, Streaming):
        return _Round(spoken, sounding, first)
    short, long = [], []
    for _ in range(REPEATS):
        short.append(_runs(voice, planned[MEDIUM], SHORT_RUN))
        long.append(_runs(voice, planned[MEDIUM], voice.decoder.longest))
    return _Round(spoken, sounding, first, voice.decoder, tuple(short), tuple(long))


def _runs(voice: Streaming, segments: list[Segment], size: int) -> _Runs:
    count = total = 0

    def cut(frames: int) -> Plan:
        nonlocal count, total
        step = voice.decoder.granularity
        first = min(frames, -(-(voice.decoder.look_ahead + size) // step) * step)
        even = [min(size, frames - at) for at in range(first, frames, size)]
        count, total = count + len(even), total + frames - first
        return Plan((first, *even), 1)

    seconds = 0.0
    for segment in segments:
        began = 0.0
        for _ in voice.speak_in(segment, cut):
            # The encoder ran before the first chunk, and that chunk's run is no plain one.
            began = began or time.perf_counter()
        seconds += time.perf_counter() - began
    return _Runs(seconds, count, total)


def _least(name: str, rounds: list[_Round]) -> Timed:
    cost = None
    if rounds[0].decoder is not None:
        short = min((runs for one in rounds for runs in one.short), key=lambda r: r.seconds)
        long = min((runs for one in rounds for runs in one.long), key=lambda r: r.seconds)
        # seconds = count * fixed + frames * per_frame, twice
        apart = long.frames * short.count - short.frames * long.count
        if apart > 0:  # else the sentence was over before the second run
            slope = (long.seconds * short.count - short.seconds * long.count) / apart
            per_frame_s = max(slope, 1e-9)
            fixed_s = max(0.0, (short.seconds - short.frames * per_frame_s) / short.count)
            cost = Cost(fixed_s, per_frame_s)
    seconds = tuple(min(of_text) for of_text in zip(*(one.spoken for one in rounds), strict=True))
    first = min(one.first_audio_s for one in rounds)
    return Timed(name, sum(seconds) / rounds[0].sounding, first, cost, seconds)


def _has_gpu(bundle: Bundle) -> bool:
    return any(
        provider.name != "CPUExecutionProvider"
        for provider in bundle.profile.runtime.providers.decoder
    )


def _speak(voice: Synthesizer, segments: list[Segment]) -> tuple[float, float, float]:
    """Return the seconds of work, those until the first sound, and the seconds of sound."""
    began, first, seconds = time.perf_counter(), 0.0, 0.0
    for segment in segments:
        for chunk in voice.speak(segment):
            if len(chunk.samples):
                first = first or time.perf_counter() - began
            seconds += chunk.seconds
    return time.perf_counter() - began, first, seconds
