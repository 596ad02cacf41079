"""Make and measure what a profile can choose, in its order, and nothing that it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edge.bundler.candidates import (
    Candidate,
    Original,
    is_float,
    make_candidate,
    planned_recipe,
    plans,
)
from edge.bundler.evaluate.quality import Gate, Variant
from edge.bundler.evaluate.reasons import Failed
from edge.bundler.evaluate.trial import Trial
from edge.bundler.evaluate.verdict import (
    GPU,
    Decided,
    Found,
    Option,
    Question,
    decide,
    gates,
    kinds_of,
    next_to_fall_back_on,
    next_to_measure,
    overturned,
)
from edge.bundler.progress import Report
from edge.bundler.quantize.recipe import Sensitivity
from edge.bundler.stage_cache import StageCache
from edge.machine import Machine
from edge.profile import Profile, VariantPlan
from edge.recipes import RECIPES
from edge.voice import Voice


@dataclass(frozen=True)
class Selected:
    """`decided` is in the bundle's order; `made` and `measured` are by name, in the profile's."""

    decided: Sequence[Decided]
    made: Mapping[str, Candidate]
    measured: Mapping[str, Variant]
    limits: Sequence[Gate]

    @property
    def packed(self) -> list[Candidate]:
        names = [one.name for one in self.decided if one.verdict in ("chosen", "packed")]
        return [self.made[name] for name in names]

    @property
    def sensitivity(self) -> tuple[Sensitivity, ...]:
        searched = [c.sensitivity for c in self.made.values() if c.sensitivity]
        return searched[-1] if searched else ()


def ask(
    original: Original, voice: Voice, profile: Profile, here: Machine | None, every: bool
) -> Question:
    """Ask what is to be decided for a board; `here`: only for this machine, which is one.

    What is for a GPU is timed there (edge tune): the CPU's clock says nothing of it.
    """
    options = tuple(
        _option(plan, voice.family, original.graphs)
        for plan in plans(original, profile, voice.family)
    )
    for_gpu = any(GPU in wanted for option in options for wanted in option.needs)
    if here is None or for_gpu:
        return Question(options, kinds_of(options, {*profile.board.cpu_features}), False, every)
    return Question(options, (here.features,), True, every)


def _option(plan: VariantPlan, family: str, stages: Mapping[str, str]) -> Option:
    recipes = [RECIPES[planned_recipe(plan, family, stage)] for stage in stages]
    needs = [frozenset(plan.needs)] if plan.needs else []
    if any(recipe.windowed for recipe in recipes):
        needs.append(frozenset({GPU}))
    return Option(plan.name, tuple(needs), all(recipe.stock for recipe in recipes))


class Selection:
    """One walk along the profile's order. `judges`: where their files are kept, if they are
    asked."""

    def __init__(
        self,
        original: Original,
        voice: Voice,
        profile: Profile,
        stages: StageCache,
        report: Report,
        judges: Path | None,
    ) -> None:
        self._original, self._voice, self._profile = original, voice, profile
        self._stages, self._report, self._judges = stages, report, judges
        self._plans = {plan.name: plan for plan in plans(original, profile, voice.family)}
        self._made: dict[str, Candidate] = {}
        self._measured: dict[str, Variant] = {}

    def reference(self) -> Candidate:
        """The float candidate, made now. Raises nothing: the exporter's graphs are float."""
        name = next(name for name, plan in self._plans.items() if is_float(plan))
        return self._make(name)

    def run(self, question: Question, trial: Trial) -> Selected:
        """Measure as little as the question can be answered from."""
        self._measure(self.reference().name, trial)
        while (name := next_to_measure(question, self._found())) is not None:
            self._measure(name, trial)
        while (name := next_to_fall_back_on(question, self._found())) is not None:
            if name in self._made:
                self._measure(name, trial)
            else:
                self._make(name)
        self._time(trial)
        if overturned(question, self._found()):
            while (name := next_to_measure(question, self._found(), True)) is not None:
                self._measure(name, trial)
            self._time(trial)
        return self._selected(question)

    def run_quickly(self, question: Question, trial: Trial) -> Selected:
        """Measure the first of the profile's order that passes, and float, which it is timed
        beside; nothing smaller is looked for to fall back on, nor anything faster."""
        self._measure(self.reference().name, trial)
        while (name := next_to_measure(question, self._found())) is not None:
            self._measure(name, trial)
        self._time(trial, memory=False)
        return self._selected(replace(question, every=True))

    def _found(self) -> Found:
        whole = {name: c for name, c in self._made.items() if not c.failure}
        reference = next(name for name, c in whole.items() if c.is_reference)
        limits: Sequence[Gate] = ()
        if reference in self._measured:
            limits = gates(self._profile.budget, self._measured[reference])
        return Found(
            dict(self._measured),
            {name: c.bytes for name, c in whole.items()},
            {n: Failed(c.failure, c.remedy) for n, c in self._made.items() if c.failure},
            limits,
        )

    def _make(self, name: str) -> Candidate:
        if name not in self._made:
            plan = self._plans[name]
            self._made[name] = make_candidate(
                self._original, self._voice, self._profile, plan, self._stages, self._report
            )
        return self._made[name]

    def _measure(self, name: str, trial: Trial) -> None:
        """How it sounds; as fast as the reference, until it is timed."""
        candidate = self._make(name)
        if candidate.failure or name in self._measured:
            return
        numbers = asdict(trial.sound(candidate))
        del numbers["seconds"]
        if self._judges is not None:
            numbers |= asdict(trial.opinion(candidate, self._judges))
        self._measured[name] = Variant(
            name=name,
            recipes=dict(candidate.recipes),
            verdict="packed",
            reason="",
            bytes=candidate.bytes,
            cpu_ratio=1.0,
            rtf=1.0,
            **numbers,
        )

    def _selected(self, question: Question) -> Selected:
        found = self._found()
        made = {name: self._made[name] for name in self._plans if name in self._made}
        measured = {name: self._measured[name] for name in made if name in self._measured}
        return Selected(decide(question, found), made, measured, found.limits)

    def _time(self, trial: Trial, memory: bool = True) -> None:
        costs = trial.costs([self._made[name] for name in self._measured], memory)
        for name, cost in costs.items():
            self._measured[name] = replace(
                self._measured[name],
                peak_rss_bytes=cost.peak_rss_bytes,
                **asdict(cost.speed),
            )
