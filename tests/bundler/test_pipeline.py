"""A whole build, on a small random voice: what is packed and why, twice the same, interrupted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import synth
from edge.bundle import open_bundle
from edge.bundler import pipeline
from edge.bundler.evaluate import trial
from edge.bundler.evaluate.measurements import Speed, say
from edge.bundler.evaluate.quality import BuildReport
from edge.bundler.many import build_all
from edge.bundler.metrics import snr_db
from edge.bundler.pipeline import Wish, build_bundle
from edge.errors import DiskFull, ExportFailed
from edge.profile import profiles_dir
from edge.records import load_json
from edge.synth import Style
from tests.helpers.random_voices import DESCRIPTION, VOICES, write_letters


def quiet(stage: str, done: int, total: int) -> None:
    """The progress of a build that shows none."""


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The YAML file of a voice that says letters."""
    return write_letters(VOICES["medium"], tmp_path_factory.mktemp("random"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module", autouse=True)
def few_sentences() -> Iterator[None]:
    """What every build here is measured with: its subject is what is packed, not how it sounds."""
    few = ("the train leaves at nine.", "no, it does not.", "so when does it leave then?")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline.corpus, "sentences", lambda purpose, language: few)
        yield


@pytest.fixture(scope="module")
def built(voice: str, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "bundle"
    build_bundle(Wish(voice, "rpi4"), folder, cache, quiet)
    return folder


def test_what_can_be_packed_is_measured_and_the_rest_is_not_made(built: Path, cache: Path) -> None:
    bundle = open_bundle(built, machine=None)
    report = load_json(built / "report.json", BuildReport)
    assert [(v.name, v.verdict) for v in report.variants] == [
        ("fp32", "chosen"),  # first in the profile
        ("weights-int8", "packed"),
    ]
    assert [v.name for v in bundle.manifest.variants] == ["fp32", "weights-int8"]
    [skipped] = report.skipped
    assert skipped.name == "int8-decoder" and skipped.recipes["decoder"] == "int8-static"
    assert skipped.reason.startswith("Not made: fp32 comes before it in the profile's order")
    assert not list((cache / "stages").glob("decoder-int8-static-*"))
    assert report.every.startswith("edge build ") and report.every.endswith("--every")
    assert all(v.reason for v in report.variants)
    assert {p.stage for p in report.parity} >= {"encoder, means", "decoder, whole"}
    for page in ("report.md", "report.html"):
        assert skipped.reason.partition("'")[0] in (built / page).read_text()
    assert not [name for name in bundle.manifest.files if name.startswith("report")]


def test_the_report_says_what_each_step_cost(built: Path) -> None:
    report = load_json(built / "report.json", BuildReport)
    steps = [step.step for step in report.steps]
    assert len(set(steps)) == len(steps)
    assert {"export", "speak with fp32", "compare weights-int8", "pack"} <= set(steps)
    assert all(step.cpu_seconds >= 0 and step.wall_seconds >= 0 for step in report.steps)
    assert "What each step cost" in (built / "report.md").read_text()


def test_every_variant_is_measured_and_packed_if_it_is_asked_for(
    voice: str, cache: Path, tmp_path: Path
) -> None:
    told: list[tuple[str, int, int]] = []
    wish = Wish(voice, "rpi4", every=True)
    bundle = build_bundle(wish, tmp_path / "b", cache, lambda *step: told.append(step))
    report = load_json(tmp_path / "b/report.json", BuildReport)
    assert {v.name for v in report.variants} == {v.name for v in bundle.profile.variants}
    passed = [v.name for v in report.variants if v.verdict != "refused"]
    assert [v.name for v in bundle.manifest.variants] == passed
    assert not report.skipped and not report.every
    # What takes long tells how far it is.
    for step in ("decoder int8-static", "compare int8-decoder", "time the variants"):
        parts = [done / total for name, done, total in told if name == step and total]
        assert len(parts) > 1 and parts == sorted(parts) and parts[-1] < 1


def test_a_quick_build_packs_the_first_that_passes_and_float_beside_it(
    voice: str, cache: Path, tmp_path: Path
) -> None:
    rpi4, profile = (profiles_dir() / "rpi4.yaml").read_text(), tmp_path / "rpi4.yaml"
    [small] = [f"{line}\n" for line in rpi4.splitlines() if "{name: weights-int8" in line]
    preferred = rpi4.replace(small, "").replace("variants:\n", f"variants:\n{small}")
    profile.write_text(preferred, encoding="utf-8")
    told: list[str] = []
    wish = Wish(voice, str(profile), quick=True)
    bundle = build_bundle(wish, tmp_path / "b", cache, lambda step, *_: told.append(step))
    assert [v.name for v in bundle.manifest.variants] == ["weights-int8", "fp32"]
    assert "compare weights-int8" in told and "time the variants" in told
    assert "measure memory" not in told and not (tmp_path / "b/report.html").exists()


def test_for_this_machine_its_clock_decides(
    voice: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = {"fp32": 1.0, "weights-int8": 0.5, "int8-decoder": 0.7}

    def timed(loaded: dict[str, object], *rest: object) -> dict[str, Speed]:
        return {name: Speed(slow[name] / 10, 10.0, slow[name]) for name in loaded}

    monkeypatch.setattr(trial, "time_variants", timed)
    build_bundle(Wish(voice, "rpi4", here=True), tmp_path / "b", tmp_path / "cache", quiet)
    report = load_json(tmp_path / "b/report.json", BuildReport)
    # The profile's order is not this machine's, so all of it was timed.
    assert {v.name for v in report.variants} == set(slow)
    assert report.chosen is not None
    assert report.chosen.reason == (
        "Faster on this machine than fp32, which comes before it in the profile's order: 0.50 "
        "against 1.00 of the reference's CPU time."
    )


def test_a_stage_is_not_run_twice(
    voice: str, cache: Path, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("a stage ran again")

    monkeypatch.setattr("edge.bundler.candidates.exporter", lambda family: refuse)
    monkeypatch.setattr("edge.bundler.candidates.maker", lambda recipe, large: refuse)
    again = build_bundle(Wish(voice, "rpi4", "fp32"), tmp_path / "b", cache, quiet)
    assert again.manifest.variants[0].name == "fp32"


@pytest.mark.parametrize("variant", ["fp32", "weights-int8"])
def test_the_same_inputs_give_the_same_bytes(voice: str, tmp_path: Path, variant: str) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        build_bundle(Wish(voice, "rpi4", variant), folder / "b", folder / "cache", quiet)
    one, two = ({p.name: p.read_bytes() for p in (f / "b").iterdir()} for f in folders)
    assert one == two


@pytest.mark.parametrize("moment", ["export", "decoder weights-int8", "measure loudness", "pack"])
def test_ctrl_c_leaves_no_bundle_and_a_good_cache(voice: str, tmp_path: Path, moment: str) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == moment:
            raise KeyboardInterrupt

    wish = Wish(voice, "rpi4", "weights-int8")
    with pytest.raises(KeyboardInterrupt):
        build_bundle(wish, tmp_path / "b", tmp_path / "cache", interrupt)
    assert [p.name for p in tmp_path.iterdir()] in ([], ["cache"])
    again = build_bundle(wish, tmp_path / "b", tmp_path / "cache", quiet)
    assert again.manifest.variants[0].name == "weights-int8"


def test_two_dimensional_convolutions_say_the_same(
    voice: str, cache: Path, tmp_path: Path
) -> None:
    said = []
    for variant in ("fp32", "fp32-2d"):
        bundle = build_bundle(Wish(voice, "x86-64", variant), tmp_path / variant, cache, quiet)
        loaded = synth.load(bundle, variant)
        said.append(say(loaded, loaded.plan("the train leaves at nine", Style())))
    assert snr_db(*said) > 90.0


def test_a_full_disk_is_said_and_leaves_nothing(voice: str, cache: Path, small_disk: Path) -> None:
    with pytest.raises(DiskFull, match="no room"):
        build_bundle(Wish(voice, "rpi4", "fp32"), small_disk / "b", cache, quiet)
    assert not list(small_disk.iterdir())


def test_many_boards_are_built_and_one_failure_is_only_its_own(
    voice: str, cache: Path, tmp_path: Path
) -> None:
    wishes = [Wish(voice, "rpi4", "fp32"), Wish(voice, "rpi5", "fp32"), Wish("nobody", "rpi3")]
    every = {built.wish.profile: built for built in build_all(wishes, tmp_path, cache, jobs=2)}
    assert every["rpi4"].variants == every["rpi5"].variants == ("fp32",)
    assert "nobody" in every["rpi3"].failure
    assert sorted(p.name for p in tmp_path.iterdir()) == ["random--rpi4", "random--rpi5"]


def test_a_model_that_is_none_is_refused_with_a_reason(voice: str, tmp_path: Path) -> None:
    folder = Path(voice).parent
    (tmp_path / "voice.onnx").write_bytes(b"MZ this is a program")
    (tmp_path / "voice.onnx.json").write_bytes((folder / "voice.onnx.json").read_bytes())
    (tmp_path / "random.yaml").write_text(DESCRIPTION)
    with pytest.raises(ExportFailed, match=r"voice\.onnx"):
        wish = Wish(str(tmp_path / "random.yaml"), "rpi4")
        build_bundle(wish, tmp_path / "b", tmp_path / "cache", quiet)
    assert not (tmp_path / "b").exists()
    rows = json.loads((tmp_path / "b.export-log.json").read_text())
    assert [(row["stage"], row["ok"]) for row in rows] == [("read", False)]
    assert "voice.onnx" in rows[0]["error"] and "Traceback" not in rows[0]["error"]
