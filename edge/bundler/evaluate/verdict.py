"""Which variants go into the bundle, in which order, and why (docs/design/build.md).

Nothing here looks at a machine or a clock: what a build for a board may depend on is in the
arguments, so that two builders decide alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from edge.bundler.evaluate.quality import Gate, Variant
from edge.bundler.evaluate.reasons import (
    After,
    Asked,
    CannotRun,
    Failed,
    FailsGate,
    Fallback,
    Faster,
    First,
    ForOthers,
    Larger,
    NoFaster,
    Reason,
    Slower,
)
from edge.profile import Budget

SAME_SPEED = 1.03
"""Ratios of CPU time closer than this are the same: the spread between two runs."""
MAX_CLIPPED = 1e-4
GPU = "a GPU"
"""Something that a variant without state needs of a machine, besides features of its CPU."""

Verdict = Literal["chosen", "packed", "refused", "skipped"]
Kind = frozenset[str]
"""Features of one kind of machine, of all that variants need."""


@dataclass(frozen=True)
class Option:
    """A variant as the rule sees it. `needs`: of each of these sets a machine must have one, or
    it cannot run it. `stock`: only onnxruntime's operators, and nothing learnt from sentences."""

    name: str
    needs: tuple[frozenset[str], ...] = ()
    stock: bool = True

    def runs(self, kind: Kind) -> bool:
        return all(kind & wanted for wanted in self.needs)

    def lacking(self, kind: Kind) -> tuple[str, ...]:
        """All that would let it run there, sorted; empty if it does."""
        missing = [wanted for wanted in self.needs if not kind & wanted]
        return tuple(sorted(frozenset().union(*missing)))

    @property
    def can_fall_back(self) -> bool:
        return self.stock and not self.needs


@dataclass(frozen=True)
class Question:
    """The decision to make. `options` are in the profile's order; `kinds` are the machines that
    the bundle is for; `clock`: it is for the one that times it; `every`: pack all that pass."""

    options: tuple[Option, ...]
    kinds: tuple[Kind, ...]
    clock: bool = False
    every: bool = False


@dataclass(frozen=True)
class Found:
    """Knowledge of the variants so far, by name. `sizes`: bytes of those that were made, of which
    `measured` have been held against the gates too; `failed`: those that could not be."""

    measured: Mapping[str, Variant]
    sizes: Mapping[str, int]
    failed: Mapping[str, Failed]
    limits: Sequence[Gate]

    @cached_property
    def passed(self) -> Set[str]:
        """Names of those that keep every gate."""
        return {name for name, one in self.measured.items() if not broken(one, self.limits)}


@dataclass(frozen=True)
class Decided:
    """The outcome of one variant; `skipped` is one that was not measured."""

    name: str
    verdict: Verdict
    why: Reason


def gates(budget: Budget, reference: Variant) -> tuple[Gate, ...]:
    """The profile's demands as limits; those that compare with fp32 as it was measured."""
    found = [
        Gate("log_mel_db", "at most", budget.log_mel_db),
        Gate("clipped_fraction", "at most", MAX_CLIPPED),
    ]
    if reference.dnsmos_ovrl is not None:
        found.append(Gate("dnsmos_ovrl", "at least", reference.dnsmos_ovrl - budget.dnsmos_loss))
    if reference.word_error_rate is not None:
        limit = reference.word_error_rate + budget.word_errors / 100
        found.append(Gate("word_error_rate", "at most", limit))
    return tuple(found)


def broken(variant: Variant, limits: Sequence[Gate]) -> tuple[tuple[Gate, float], ...]:
    """The gates that it breaks, with its values."""
    return tuple(
        (gate, getattr(variant, gate.measure)) for gate in limits if gate.holds(variant) is False
    )


def kinds_of(options: Sequence[Option], always: Set[str]) -> tuple[Kind, ...]:
    """Every machine of a board that the options tell apart; all of them have `always`."""
    words = sorted(frozenset().union(*(w for o in options for w in o.needs)) - always)
    return tuple(
        frozenset(always).union(some)
        for count in range(len(words), -1, -1)
        for some in itertools.combinations(words, count)
    )


def next_to_measure(question: Question, found: Found, all_of_them: bool = False) -> str | None:
    """The first in the profile's order that is not known yet and that would be packed if it
    passed; None once no other could be. What `decide` packs is then what it packs of all.
    `all_of_them`: every one that can run."""
    for option in question.options:
        if option.name in found.measured or option.name in found.failed:
            continue
        if question.every or _firsts(question, found, option):
            return option.name
        if all_of_them and any(map(option.runs, question.kinds)):
            return option.name
    return None


def next_to_fall_back_on(question: Question, found: Found) -> str | None:
    """The next that must be made (first) or measured (then, the smallest first), until the
    smallest that can be fallen back on is known; None once it is."""
    able = [o.name for o in question.options if o.can_fall_back and o.name not in found.failed]
    for name in able:
        if name not in found.sizes:
            return name
    for name in sorted(able, key=lambda name: found.sizes[name]):
        if name not in found.measured:
            return name
        if name in found.passed:
            return None
    return None


def overturned(question: Question, found: Found) -> bool:
    """Whether this machine's clock prefers another than the profile's first that runs here: then
    the profile's order says little here, and the rest of it is to be timed too."""
    serving = _serving(question, found)
    chosen = _chosen(question, found, serving)
    return question.clock and chosen is not None and chosen != serving[0].name


def decide(question: Question, found: Found) -> list[Decided]:
    """The chosen one first, then the packed in the profile's order, the refused, the skipped.

    None is chosen, and none packed, where nothing passes.
    """
    serving = _serving(question, found)
    chosen = _chosen(question, found, serving)
    spare = _spare(question, found)
    decided = [
        _decided(question, found, option, chosen, serving, spare) for option in question.options
    ]
    ranks = ("chosen", "packed", "refused", "skipped")
    return sorted(decided, key=lambda one: ranks.index(one.verdict))


def _preferred(question: Question, found: Found, option: Option, kind: Kind) -> list[str]:
    """Those before it that pass and run on such a machine."""
    before = itertools.takewhile(lambda other: other is not option, question.options)
    return [o.name for o in before if o.name in found.passed and o.runs(kind)]


def _firsts(question: Question, found: Found, option: Option) -> list[Kind]:
    """The machines on which it runs and none that passes is preferred to it."""
    able = [kind for kind in question.kinds if option.runs(kind)]
    return [kind for kind in able if not _preferred(question, found, option, kind)]


def _serving(question: Question, found: Found) -> list[Option]:
    """Those that are the first to pass for some machine, in the profile's order."""
    passed = [option for option in question.options if option.name in found.passed]
    return [option for option in passed if _firsts(question, found, option)]


def _chosen(question: Question, found: Found, serving: Sequence[Option]) -> str | None:
    if not serving:
        return None
    if not question.clock:
        return serving[0].name
    fastest = _fastest(question, found)
    return next(
        o.name
        for o in _timed(question, found)
        if found.measured[o.name].cpu_ratio <= found.measured[fastest].cpu_ratio * SAME_SPEED
    )


def _timed(question: Question, found: Found) -> list[Option]:
    """All that pass and run on the machine whose clock decides."""
    able = [o for o in question.options if all(map(o.runs, question.kinds))]
    return [o for o in able if o.name in found.passed]


def _fastest(question: Question, found: Found) -> str:
    names = [o.name for o in _timed(question, found)]
    return min(names, key=lambda name: found.measured[name].cpu_ratio)


def _spare(question: Question, found: Found) -> str | None:
    able = [o.name for o in question.options if o.can_fall_back and o.name in found.passed]
    return min(able, key=lambda name: found.measured[name].bytes, default=None)


def _decided(
    question: Question,
    found: Found,
    option: Option,
    chosen: str | None,
    serving: Sequence[Option],
    spare: str | None,
) -> Decided:
    name = option.name
    verdict: Verdict
    if name in found.failed:
        return Decided(name, "skipped", found.failed[name])
    if name in found.measured and name not in found.passed:
        why = FailsGate(broken(found.measured[name], found.limits))
        return Decided(name, "refused", why)
    if name == chosen:
        return Decided(name, "chosen", _why_chosen(question, found, name, serving[0].name))
    if name in found.measured and name == spare:
        return Decided(name, "packed", Fallback(found.measured[name].bytes))
    if question.clock and not all(map(option.runs, question.kinds)):
        verdict = "refused" if name in found.passed else "skipped"
        return Decided(name, verdict, CannotRun(option.lacking(question.kinds[0])))
    if name not in found.measured:
        before = _before(question, found, option)
        if name in found.sizes and spare is not None:
            other = found.measured[spare].bytes
            return Decided(name, "skipped", Larger(spare, found.sizes[name], other, before))
        return Decided(name, "skipped", After(before, made=False))
    if not question.clock and option in serving:
        return Decided(name, "packed", _for_others(question, found, option, serving))
    if question.clock:
        verdict = "packed" if question.every else "refused"
        return Decided(name, verdict, _beaten(question, found, name, chosen))
    if question.every:
        return Decided(name, "packed", Asked())
    return Decided(name, "refused", After(_before(question, found, option), made=True))


def _why_chosen(question: Question, found: Found, name: str, first: str) -> First | Faster:
    own = found.measured[name].cpu_ratio
    if name == first:
        return First(question.clock, own)
    return Faster(first, own, found.measured[first].cpu_ratio)


def _beaten(question: Question, found: Found, name: str, chosen: str | None) -> Slower | NoFaster:
    fastest = _fastest(question, found)
    own, least = found.measured[name].cpu_ratio, found.measured[fastest].cpu_ratio
    if own > least * SAME_SPEED or chosen is None:
        return Slower(fastest, own, least)
    return NoFaster(chosen, own, found.measured[chosen].cpu_ratio)


def _for_others(
    question: Question, found: Found, option: Option, serving: Sequence[Option]
) -> ForOthers:
    """Said of the machine that has most of those that would load it."""
    before = list(itertools.takewhile(lambda other: other is not option, serving))
    kind = _firsts(question, found, option)[0]
    lacking = {word for other in before for word in other.lacking(kind)}
    return ForOthers(tuple(other.name for other in before), tuple(sorted(lacking)))


def _before(question: Question, found: Found, option: Option) -> tuple[str, ...]:
    """Those that are preferred to it wherever it runs: on each kind the first of them."""
    firsts = [
        _preferred(question, found, option, kind)[0]
        for kind in question.kinds
        if option.runs(kind)
    ]
    return tuple(dict.fromkeys(firsts))
