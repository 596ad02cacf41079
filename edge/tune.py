"""Time every variant of a bundle that this board can run, and choose.

Variants are loaded one after the other, round after round: a board of 512 MB cannot hold them all,
and a machine that drifts drifts for each. The least time of the rounds counts, since whatever else
runs can only add to it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edge import synth
from edge.bundle import Bundle
from edge.machine import Machine, read_machine
from edge.synth import Segment, Streaming, Style, Synthesizer
from edge.synth.schedule import Cost, Decoder, Plan, plan_runs
from edge.synth.variants import runnable
from edge.tuning import FORMAT, Tuning, machine_name, write_tuning

log = logging.getLogger(__name__)

ROUNDS = 3
GAIN = 0.03
"""What a variant must be faster by than the manifest's first: less may be chance."""
REPEATS = 3
"""Of everything, in a round."""
SHORT_RUN = 16
"""Frames of the short runs; the long ones are the longest that the schedule uses."""
TEXT = "The next train to Oxford leaves from platform two in about ten minutes."


@dataclass(frozen=True)
class Timed:
    """A variant on this board: seconds of work per second of speech, and what a run costs."""

    variant: str
    rtf: float
    first_audio_s: float
    cost: Cost | None


@dataclass(frozen=True)
class Outcome:
    """`timed` in the manifest's order; `reason` says why `chosen` is; `warning` may be empty."""

    timed: tuple[Timed, ...]
    chosen: str
    reason: str
    warning: str


def tune(bundle: Bundle, machine: Machine, rounds: int = ROUNDS) -> Outcome:
    """Takes some seconds for each variant. Raises what loading and speaking raise."""
    able, passed_over = runnable(bundle, machine)
    for why in passed_over:
        log.info("not timed: %s", why)
    names = [variant.name for variant in able]
    found: dict[str, list[_Round]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names:
            log.info("round %d of %d: %s", number + 1, rounds, name)
            found[name].append(_measure(synth.load(bundle, name)))
    timed = tuple(_least(name, found[name]) for name in names)
    chosen, reason = choose({one.variant: one.rtf for one in timed})
    decoder = found[chosen][0].decoder
    cost = next(one.cost for one in timed if one.variant == chosen)
    warning = ""
    if decoder is not None and cost is not None:
        warning = shortfall(replace(decoder, cost=cost), bundle.profile.budget.safety)
    return Outcome(timed, chosen, reason, warning)


def tune_and_keep(bundle: Bundle) -> tuple[Outcome, Path]:
    """Tune on this machine; the file then says what was found."""
    machine = read_machine()
    outcome = tune(bundle, machine)
    costs = {one.variant: one.cost for one in outcome.timed if one.cost is not None}
    name = machine_name(machine)
    tuning = Tuning(FORMAT, bundle.id, name, outcome.chosen, costs)
    return outcome, write_tuning(bundle, tuning)


HEAD = ("VARIANT", "RTF", "FIRST SOUND MS", "A RUN MS", "+ EACH FRAME MS")


def rows(outcome: Outcome) -> list[tuple[str, ...]]:
    """For people, under HEAD."""
    return [
        (
            one.variant,
            f"{one.rtf:.4f}",
            f"{1000 * one.first_audio_s:.0f}",
            f"{1000 * one.cost.fixed_s:.1f}" if one.cost else "-",
            f"{1000 * one.cost.per_frame_s:.2f}" if one.cost else "-",
        )
        for one in outcome.timed
    ]


def choose(rtfs: Mapping[str, float]) -> tuple[str, str]:
    """The fastest, by real-time factors in the manifest's order, and why."""
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


def shortfall(decoder: Decoder, safety: float) -> str:
    """What a person should know of a board that makes sound more slowly than it plays."""
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


@dataclass(frozen=True)
class _Runs:
    """The same sentence in runs of one size: what all but each segment's first took."""

    seconds: float
    count: int
    frames: int


@dataclass(frozen=True)
class _Round:
    rtf: float
    first_audio_s: float
    decoder: Decoder | None = None
    short: tuple[_Runs, ...] = ()
    long: tuple[_Runs, ...] = ()


def _measure(voice: Synthesizer) -> _Round:
    segments = voice.plan(TEXT, Style())
    _speak(voice, segments)  # warms up
    spoken = [_speak(voice, segments) for _ in range(REPEATS)]
    rtf = min(whole / seconds for whole, _, seconds in spoken)
    first = min(first for _, first, _ in spoken)
    if not isinstance(voice, Streaming):
        return _Round(rtf, first)
    short, long = [], []
    for _ in range(REPEATS):
        short.append(_runs(voice, segments, SHORT_RUN))
        long.append(_runs(voice, segments, voice.decoder.longest))
    return _Round(rtf, first, voice.decoder, tuple(short), tuple(long))


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
    return Timed(
        name, min(one.rtf for one in rounds), min(one.first_audio_s for one in rounds), cost
    )


def _speak(voice: Synthesizer, segments: list[Segment]) -> tuple[float, float, float]:
    """Seconds of work, of these until the first sound, and seconds of sound."""
    began, first, seconds = time.perf_counter(), 0.0, 0.0
    for segment in segments:
        for chunk in voice.speak(segment):
            if len(chunk.samples):
                first = first or time.perf_counter() - began
            seconds += chunk.seconds
    return time.perf_counter() - began, first, seconds
