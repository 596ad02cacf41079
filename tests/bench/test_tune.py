"""edge tune: what it chooses, what it keeps, and that whoever loads the bundle takes it."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import synth
from edge.bench.tune import choose, late, shortfall, tune
from edge.bundle import Bundle
from edge.bundle.measured import (
    FORMAT,
    Cost,
    Tuning,
    machine_name,
    read_tuning,
    tuning_path,
    write_tuning,
)
from edge.cli import run
from edge.machine import read_machine
from edge.synth import Streaming
from edge.synth.schedule import Decoder


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state/edge-voice/tune"


def tuning(of: Bundle, **changes: object) -> Tuning:
    name = of.manifest.variants[0].name
    return dataclasses.replace(
        Tuning(FORMAT, of.id, machine_name(read_machine()), name, {name: Cost(0.004, 0.001)}),
        **changes,
    )


def with_variants(bundle: Bundle, *names: str) -> Bundle:
    """The same graphs under several names."""
    [variant] = bundle.manifest.variants
    variants = tuple(dataclasses.replace(variant, name=name) for name in names)
    return dataclasses.replace(
        bundle, manifest=dataclasses.replace(bundle.manifest, variants=variants)
    )


# Choosing


def test_the_fastest_is_chosen_and_a_small_gain_is_not() -> None:
    assert choose({"int8": 0.5, "fp32": 0.4})[0] == "fp32"
    assert choose({"int8": 0.5, "fp32": 0.49})[0] == "int8"
    assert choose({"int8": 0.5})[0] == "int8"


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=6))
def test_what_is_chosen_is_never_slower_than_the_first(rtfs: list[float]) -> None:
    named = {f"v{i}": rtf for i, rtf in enumerate(rtfs)}
    chosen, reason = choose(named)
    assert named[chosen] <= named["v0"] and reason
    assert named[chosen] <= min(rtfs) / 0.97 + 1e-9


def test_a_board_that_cannot_keep_up_is_told_so() -> None:
    slow = Decoder(0.0116, 42, Cost(0.003, 0.015))
    assert "cannot keep up" in shortfall(slow, 1.3)
    assert shortfall(dataclasses.replace(slow, cost=Cost(0.003, 0.001)), 1.3) == ""


def test_a_first_sound_after_the_profiles_goal_is_told() -> None:
    assert late(0.2, 200) == ""
    assert late(0.34, 200) == (
        "the first sound comes after 340 ms; the goal of this board's profile is 200 ms. "
        "A smaller voice would start sooner: edge voices"
    )


@pytest.mark.voice
@pytest.mark.parametrize(("goal_ms", "told"), [(1, True), (60_000, False)])
def test_tuning_compares_with_the_goal_of_the_bundles_own_profile(
    joe_bundle: Bundle, goal_ms: int, told: bool
) -> None:
    profile = joe_bundle.profile
    budget = dataclasses.replace(profile.budget, first_audio_ms=goal_ms)
    bundle = dataclasses.replace(joe_bundle, profile=dataclasses.replace(profile, budget=budget))
    assert ("the first sound comes after" in tune(bundle, read_machine(), 1).warning) is told


# Keeping


def test_a_tuning_is_read_as_it_was_written(tone_bundle: Bundle, state: Path) -> None:
    assert read_tuning(tone_bundle, read_machine()) is None
    path = write_tuning(tone_bundle, tuning(tone_bundle))
    assert [path] == list(state.iterdir())
    assert read_tuning(tone_bundle, read_machine()) == tuning(tone_bundle)


def test_the_service_keeps_it_where_systemd_says(
    tone_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}/var:{tmp_path}/other")
    assert tuning_path(tone_bundle).parent == tmp_path / "var/tune"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format": 1}',
        "\xff",
        '{"format": 2, "bundle": "", "machine": "", "variant": "", "costs": {}}',
    ],
)
def test_a_damaged_file_is_passed_over_and_told(
    tone_bundle: Bundle, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_tuning(tone_bundle, tuning(tone_bundle))
    path.write_text(text, encoding="latin-1")
    with caplog.at_level(logging.WARNING):
        assert read_tuning(tone_bundle, read_machine()) is None
        assert synth.load(tone_bundle).rate == 22_050
    assert "edge tune" in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"bundle": "0" * 64},
        {"machine": "a board that this card was in before"},
        {"variant": "int3"},
        {"costs": {"int3": Cost(0.0, 1.0)}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_was_measured_of_something_else_is_passed_over(
    tone_bundle: Bundle, changes: dict[str, object]
) -> None:
    write_tuning(tone_bundle, tuning(tone_bundle, **changes))
    assert read_tuning(tone_bundle, read_machine()) is None


@pytest.mark.parametrize("cost", ['{"fixed_s": -1, "per_frame_s": 1}', '{"fixed_s": 0}'])
def test_an_impossible_cost_is_passed_over(tone_bundle: Bundle, cost: str) -> None:
    path = write_tuning(tone_bundle, tuning(tone_bundle, costs={}))
    name = tone_bundle.manifest.variants[0].name
    path.write_text(path.read_text().replace('"costs": {}', f'"costs": {{"{name}": {cost}}}'))
    assert read_tuning(tone_bundle, read_machine()) is None


# Loading


def test_the_tuned_variant_is_loaded_if_it_can_run_here(
    tone_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = with_variants(tone_bundle, "weights-int8", "fp32")
    loaded: list[str] = []
    monkeypatch.setattr(
        "edge.synth.tone.load", lambda _, variant, cost: loaded.append(variant.name)
    )
    synth.load(bundle)
    write_tuning(bundle, tuning(bundle, variant="fp32"))
    synth.load(bundle)
    synth.load(bundle, "weights-int8")
    assert loaded == ["weights-int8", "fp32", "weights-int8"]


def test_every_variant_is_timed_and_the_choice_is_kept(
    tone_bundle: Bundle, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["tune", "--bundle", str(tone_bundle.path)]) == 0
    said = capsys.readouterr().out
    assert "chosen: fp32" in said and str(state) in said
    found = read_tuning(tone_bundle, read_machine())
    assert found is not None and found.variant == "fp32"


def test_two_variants_are_told_apart_by_name(tone_bundle: Bundle) -> None:
    machine = dataclasses.replace(read_machine(), features=read_machine().features | {"avx_vnni"})
    outcome = tune(with_variants(tone_bundle, "int8", "fp32"), machine, rounds=1)
    assert [one.variant for one in outcome.timed] == ["int8", "fp32"]
    assert outcome.chosen in ("int8", "fp32")


@pytest.mark.voice
def test_a_real_voice_speaks_by_what_was_measured(joe_bundle: Bundle) -> None:
    outcome = tune(joe_bundle, read_machine(), rounds=1)
    [timed] = outcome.timed
    assert timed.cost is not None and timed.first_audio_s > 0
    assert timed.cost.run(48) > 0
    write_tuning(joe_bundle, tuning(joe_bundle, costs={"fp32": Cost(0.0, 0.02)}))
    slow = synth.load(joe_bundle)
    assert isinstance(slow, Streaming) and slow.decoder.cost == Cost(0.0, 0.02)
    [segment] = slow.plan("The next train to Oxford leaves from platform two.", synth.Style())
    first, *_ = (chunk for chunk in slow.speak(segment) if len(chunk.samples))
    assert first.seconds > 1  # a board that slow must hold much back
