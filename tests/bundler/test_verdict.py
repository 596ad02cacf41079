"""What is packed and why: the rule on random boards and measurements, and its sentences. 5 s."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Slower,
    apart,
)
from edge.bundler.evaluate.verdict import (
    SAME_SPEED,
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
from edge.profile import load_profile

FEATURES = ("asimddp", "avx2", "avx_vnni")
BOARD = frozenset({"asimd"})
LIMITS = (Gate("log_mel_db", "at most", 2.0),)


def variant(name: str, cpu_ratio: float, log_mel_db: float, bytes: int = 1000) -> Variant:
    return Variant(
        name=name,
        recipes={},
        verdict="packed",
        reason="",
        bytes=bytes,
        cpu_ratio=cpu_ratio,
        rtf=0.1,
        log_mel_db=log_mel_db,
        clipped_fraction=0.0,
    )


@dataclasses.dataclass(frozen=True)
class World:
    """All that could be found out: what each option is, once it is made and measured."""

    options: tuple[Option, ...]
    variants: Mapping[str, Variant]
    broken: frozenset[str]

    def question(self, here: frozenset[str] | None = None, every: bool = False) -> Question:
        if here is None:
            return Question(self.options, kinds_of(self.options, BOARD), False, every)
        return Question(self.options, (BOARD | here,), True, every)

    def found(self, made: frozenset[str], measured: frozenset[str]) -> Found:
        whole = made - self.broken
        return Found(
            {name: one for name, one in self.variants.items() if name in measured & whole},
            {name: one.bytes for name, one in self.variants.items() if name in whole},
            {name: Failed("no", "Mend it.") for name in made & self.broken},
            LIMITS,
        )

    def everything(self) -> Found:
        names = frozenset(self.variants)
        return self.found(names, names)


def walked(world: World, question: Question) -> Found:
    """What a build finds out before it decides: as edge.bundler.evaluate.selection does it."""
    made = measured = frozenset({"fp32"})
    known = world.found(made, measured)
    while (name := next_to_measure(question, known)) is not None:
        made, measured = made | {name}, measured | {name}
        known = world.found(made, measured)
    while (name := next_to_fall_back_on(question, known)) is not None:
        made, measured = made | {name}, measured | ({name} if name in made else set())
        known = world.found(made, measured)
    if overturned(question, known):
        while (name := next_to_measure(question, known, True)) is not None:
            made, measured = made | {name}, measured | {name}
            known = world.found(made, measured)
    return known


@st.composite
def worlds(draw: st.DrawFn) -> World:
    features = st.frozensets(st.sampled_from(FEATURES), min_size=1, max_size=2)
    names = [f"v{i}" for i in range(draw(st.integers(0, 5)))]
    options = [
        Option(name, tuple(draw(st.lists(features, max_size=2))), draw(st.booleans()))
        for name in names
    ]
    options.insert(draw(st.integers(0, len(options))), Option("fp32"))
    ratios = st.one_of(st.floats(0.05, 3.0), st.sampled_from([0.5, 0.51, 0.515, 1.0]))
    variants = {
        name: variant(
            name,
            draw(ratios),
            draw(st.sampled_from([0.0, 1.0, 2.0, 2.01, 4.0])),
            draw(st.sampled_from([10, 20, 30])) * 1_000_000,
        )
        for name in names
    }
    variants["fp32"] = variant("fp32", 1.0, 0.0, 60_000_000)
    broken = draw(st.frozensets(st.sampled_from(names), max_size=2)) if names else frozenset()
    return World(tuple(options), variants, broken)


machines = st.frozensets(st.sampled_from(FEATURES))


def verdicts(decided: list[Decided]) -> list[tuple[str, str]]:
    """The bundle's variants in its order."""
    return [(one.name, one.verdict) for one in decided if one.verdict in ("chosen", "packed")]


# For every such board


@given(worlds(), st.data())
def test_a_board_gets_the_same_from_every_builder(world: World, data: st.DataObject) -> None:
    clock = data.draw(
        st.fixed_dictionaries({name: st.floats(0.05, 3.0) for name in world.variants})
    )
    other = replace(
        world,
        variants={n: replace(v, cpu_ratio=clock[n]) for n, v in world.variants.items()},
    )
    every = data.draw(st.booleans())
    said = []
    for one in (world, other):
        question = one.question(every=every)
        decided = decide(question, walked(one, question))
        said.append([(each.name, each.verdict, each.why.sentence) for each in decided])
    assert said[0] == said[1]


@given(worlds())
def test_what_was_left_out_would_not_have_been_packed(world: World) -> None:
    question = world.question()
    little = walked(world, question)
    assert verdicts(decide(question, little)) == verdicts(decide(question, world.everything()))


@given(worlds())
def test_every_kind_of_machine_loads_the_first_that_passes_there(world: World) -> None:
    question = world.question()
    decided = decide(question, walked(world, question))
    named = {option.name: option for option in world.options}
    passed = world.everything().passed
    for kind in question.kinds:
        loaded = next(name for name, _ in verdicts(decided) if named[name].runs(kind))
        wanted = next(o.name for o in world.options if o.name in passed and o.runs(kind))
        assert loaded == wanted
    spare = [named[name] for name, _ in verdicts(decided) if named[name].can_fall_back]
    assert spare


@given(worlds())
def test_every_that_passes_is_packed_where_all_are_asked_for(world: World) -> None:
    question = world.question(every=True)
    decided = decide(question, walked(world, question))
    assert {name for name, _ in verdicts(decided)} == world.everything().passed
    order = [option.name for option in world.options]
    assert [n for n, _ in verdicts(decided)] == [
        n for n in order if n in world.everything().passed
    ]


# For the machine at hand


@given(worlds(), machines)
def test_no_variant_that_was_timed_here_is_faster_than_the_chosen_one(
    world: World, here: frozenset[str]
) -> None:
    question = world.question(here)
    known = walked(world, question)
    [chosen] = [one for one in decide(question, known) if one.verdict == "chosen"]
    named = {option.name: option for option in world.options}
    [kind] = question.kinds
    ratio = known.measured[chosen.name].cpu_ratio
    for name in known.passed:
        if named[name].runs(kind):
            assert ratio <= known.measured[name].cpu_ratio * SAME_SPEED
    if isinstance(chosen.why, Faster):  # then the profile's order says little: all were timed
        able = {name for name in world.everything().passed if named[name].runs(kind)}
        assert able <= known.passed


# Sentences


@given(worlds(), st.none() | machines, st.booleans())
def test_a_sentence_follows_from_what_was_decided(
    world: World, here: frozenset[str] | None, every: bool
) -> None:
    question = world.question(here, every)
    known = walked(world, question)
    decided = decide(question, known)
    assert sorted(one.name for one in decided) == sorted(option.name for option in world.options)
    assert [one.verdict for one in decided].count("chosen") == 1
    assert {one.name for one in decided if one.verdict != "skipped"} == set(known.measured)
    for one in decided:
        check(one, question, known)


def check(one: Decided, question: Question, known: Found) -> None:
    """Whether the reason is true, and its sentence says the same."""
    why, said = one.why, one.why.sentence
    assert said.endswith(".") and "  " not in said
    order = [option.name for option in question.options]
    option = question.options[order.index(one.name)]
    own = known.measured.get(one.name)
    if isinstance(why, FailsGate):
        assert one.verdict == "refused" and own is not None
        for gate, value in why.broken:
            assert gate.holds(own) is False and f"{value:.2f}" in said
    elif isinstance(why, Failed):
        assert one.verdict == "skipped" and one.name in known.failed and why.message in said
    elif isinstance(why, CannotRun):
        assert question.clock and one.verdict in ("refused", "skipped")
        [kind] = question.kinds
        assert why.lacking and not kind & set(why.lacking) and not option.runs(kind)
        assert all(word in said for word in why.lacking)
        assert set(why.lacking) <= frozenset().union(*option.needs)
    elif isinstance(why, (Slower, NoFaster, Faster)):
        assert question.clock and own is not None and one.name in known.passed
        other = known.measured[why.than]
        assert (why.ratio, why.other) == (own.cpu_ratio, other.cpu_ratio)
        assert f" {why.than}" in said
        numbers = re.search(r"([\d.]+) against ([\d.]+) of", said)
        assert numbers is not None
        shown, beside = map(float, numbers.groups())
        if isinstance(why, Slower):
            assert why.ratio > why.other * SAME_SPEED and shown > beside
            assert one.verdict == ("packed" if question.every else "refused")
        elif isinstance(why, Faster):
            assert why.ratio < why.other and shown < beside and one.verdict == "chosen"
            assert order.index(why.than) < order.index(one.name)
        else:
            assert why.other / SAME_SPEED <= why.ratio <= why.other * SAME_SPEED
            assert order.index(why.than) < order.index(one.name)
    elif isinstance(why, First):
        assert one.verdict == "chosen"
        before = order[: order.index(one.name)]
        able = [n for n in before if n in known.passed]
        if question.clock:
            [kind] = question.kinds
            able = [n for n in able if question.options[order.index(n)].runs(kind)]
        assert not able
    elif isinstance(why, Fallback):
        assert one.verdict == "packed" and option.can_fall_back and own is not None
        for other_option in question.options:
            if other_option.can_fall_back and other_option.name in known.passed:
                assert own.bytes <= known.sizes[other_option.name]
    elif isinstance(why, ForOthers):
        assert one.verdict == "packed" and not question.clock
        others = [question.options[order.index(name)] for name in why.before]
        without = [k for k in question.kinds if option.runs(k) and not k & set(why.lacking)]
        assert any(not any(o.runs(k) for o in others) for k in without)
        assert all(word in said for word in (*why.before, *why.lacking))
    elif isinstance(why, Asked):
        assert question.every and one.verdict == "packed" and one.name in known.passed
    elif isinstance(why, (After, Larger)):
        assert why.before and all(name in known.passed for name in why.before)
        assert all(order.index(name) < order.index(one.name) for name in why.before)
        others = [question.options[order.index(name)] for name in why.before]
        for kind in question.kinds:
            assert not option.runs(kind) or any(o.runs(kind) for o in others)
        if isinstance(why, After):
            assert why.made == (one.name in known.passed)
            assert one.verdict == ("refused" if why.made else "skipped")
        else:
            assert one.verdict == "skipped" and one.name in known.sizes and own is None
            assert why.other <= why.bytes and why.than in known.passed
    else:
        raise AssertionError(f"no rule is known for {why}")


@given(st.floats(0.01, 10), st.floats(1.0001, 10))
def test_two_ratios_are_shown_apart(ratio: float, factor: float) -> None:
    less, more = map(float, apart(ratio, ratio * factor))
    assert less < more


# The boards there are


X86 = load_profile("x86-64")
VNNI = ("avx512_vnni", "avx_vnni")
FUSED = Option("fused", (frozenset(VNNI),), stock=False)
INT8 = Option("int8", (), stock=False)
FP32_2D, FP32, SMALL = Option("fp32-2d"), Option("fp32"), Option("weights-int8")
PC = World(
    (FUSED, INT8, FP32_2D, FP32, SMALL),
    {
        "fused": variant("fused", 0.53, 0.5, 20_000_000),
        "int8": variant("int8", 1.2, 1.4, 20_000_000),
        "fp32-2d": variant("fp32-2d", 0.86, 0.0, 63_000_000),
        "fp32": variant("fp32", 1.0, 0.0, 63_000_000),
        "weights-int8": variant("weights-int8", 1.01, 1.0, 18_000_000),
    },
    frozenset(),
)


def said(world: World, here: frozenset[str] | None) -> dict[str, tuple[str, str]]:
    question = world.question(here)
    decided = decide(question, walked(world, question))
    return {one.name: (one.verdict, one.why.sentence) for one in decided}


def test_a_variant_that_this_cpu_cannot_run_is_not_called_slow() -> None:
    found = said(PC, frozenset({"avx2"}))
    verdict, sentence = found["fused"]
    assert verdict == "skipped"
    assert sentence == (
        "It cannot run on this machine: it needs avx512_vnni or avx_vnni, which this CPU does not "
        "have."
    )
    # int8 is the profile's first that runs here, and the clock knows better: all were timed.
    assert found["int8"] == (
        "refused",
        "Slower on this machine than fp32-2d: 1.20 against 0.86 of the reference's CPU time.",
    )
    assert found["fp32-2d"][0] == "chosen" and "0.86 against 1.20" in found["fp32-2d"][1]
    assert found["weights-int8"][0] == "packed"


def test_for_every_pc_each_kind_of_cpu_gets_its_own_and_the_clock_has_no_say() -> None:
    found = said(PC, None)
    assert {n: v for n, (v, _) in found.items() if v in ("chosen", "packed")} == {
        "fused": "chosen",
        "int8": "packed",
        "weights-int8": "packed",
    }
    assert found["int8"][1].startswith("For such boards without avx512_vnni or avx_vnni")
    assert found["fp32-2d"] == (
        "skipped",
        "Made, but not measured: to fall back on, weights-int8 is no larger (18.0 MB against "
        "63.0), and otherwise fused and int8 come before it in the profile's order.",
    )


def test_a_variant_that_breaks_a_gate_is_refused_with_the_limit() -> None:
    hiss = {**PC.variants, "fused": variant("fused", 0.3, 4.8)}
    verdict, sentence = said(replace(PC, variants=hiss), None)["fused"]
    assert verdict == "refused" and "4.80 dB" in sentence and "2.00" in sentence


def test_without_our_operators_the_report_says_how_to_build_them() -> None:
    verdict, sentence = said(replace(PC, broken=frozenset({"fused"})), None)["fused"]
    assert (verdict, sentence) == ("skipped", "Could not be made: no. Mend it.")


def test_opinions_are_held_against_those_of_fp32() -> None:
    judged = replace(PC.variants["fp32"], dnsmos_ovrl=3.28, word_error_rate=0.01)
    by_name = {gate.measure: gate for gate in gates(X86.budget, judged)}
    assert by_name["dnsmos_ovrl"].limit == pytest.approx(3.28 - X86.budget.dnsmos_loss)
    assert by_name["word_error_rate"].limit == pytest.approx(0.01 + X86.budget.word_errors / 100)
