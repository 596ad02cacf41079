"""A whole build, on a small random voice: what is packed and why, twice the same, interrupted."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge import synth
from edge.build import pipeline
from edge.build.bundles import build_all
from edge.build.evaluate import say
from edge.build.metrics import snr_db
from edge.build.pipeline import Wish, build_bundle
from edge.build.quality import BuildReport, Variant
from edge.build.verdict import decide, gates
from edge.bundle import open_bundle
from edge.errors import DiskFull, ExportFailed
from edge.profile import load_profile
from edge.records import load_json
from edge.synth import Style
from tests.random_voices import DESCRIPTION, VOICES, write_letters


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


def test_all_that_pass_are_packed_for_another_architecture(built: Path) -> None:
    bundle = open_bundle(built, machine=None)
    report = load_json(built / "report.json", BuildReport)
    packed = [v.name for v in report.variants if v.verdict != "refused"]
    assert [v.name for v in bundle.manifest.variants] == packed
    assert packed[0] == "fp32"  # first in the profile, and the board decides
    assert {v.name for v in report.variants} == {v.name for v in bundle.profile.variants}
    assert all(v.reason for v in report.variants)
    assert {p.stage for p in report.parity} >= {"encoder, means", "decoder, whole"}
    for page in ("report.md", "report.html"):
        assert "fp32" in (built / page).read_text()
    assert not [name for name in bundle.manifest.files if name.startswith("report")]


def test_a_stage_is_not_run_twice(
    voice: str, cache: Path, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("a stage ran again")

    monkeypatch.setattr("edge.build.candidates.EXPORTERS", {"piper": refuse})
    recipes = dict.fromkeys(("fp32", "int8-static", "weights-int8"), refuse)
    monkeypatch.setattr("edge.build.candidates.RECIPES", recipes)
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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


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


# Verdicts


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


X86 = load_profile("x86-64")
FP32 = variant("fp32", 1.0, 0.0, 60_000)
SMALL = variant("weights-int8", 1.02, 0.7, 16_000)


def decided(*measured: Variant) -> dict[str, tuple[str, str]]:
    limits = gates(X86.budget, FP32)
    found = decide(X86, measured, limits, {v.name: True for v in measured})
    assert found[0].verdict == "chosen"
    return {v.name: (v.verdict, v.reason) for v in found}


def test_the_fastest_that_passes_is_chosen_and_the_smallest_is_kept_to_fall_back_on() -> None:
    found = decided(variant("int8", 0.7, 1.4), FP32, SMALL)
    assert {name: verdict for name, (verdict, _) in found.items()} == {
        "int8": "chosen",
        "weights-int8": "packed",
        "fp32": "refused",
    }
    assert "0.70" in found["int8"][1]


def test_a_slower_variant_is_not_chosen_and_the_reason_says_so() -> None:
    found = decided(variant("int8", 1.7, 1.4), FP32, SMALL)
    assert found["fp32"][0] == "chosen"
    assert found["int8"] == ("refused", "Slower than fp32: 1.70 of fp32's CPU time here.")


def test_a_worse_sounding_variant_is_refused_with_the_limit() -> None:
    verdict, reason = decided(variant("int8", 0.5, 4.8), FP32, SMALL)["int8"]
    assert verdict == "refused" and "4.80 dB" in reason and "2.00" in reason


def test_of_two_that_are_equally_fast_the_better_sounding_is_chosen() -> None:
    found = decided(variant("int8", 0.70, 1.4), variant("int8-encoder", 0.71, 0.4), FP32, SMALL)
    assert found["int8-encoder"][0] == "chosen"


def test_opinions_are_held_against_those_of_fp32() -> None:
    judged = replace(FP32, dnsmos_ovrl=3.28, word_error_rate=0.01)
    by_name = {gate.measure: gate for gate in gates(X86.budget, judged)}
    assert by_name["dnsmos_ovrl"].limit == pytest.approx(3.28 - X86.budget.dnsmos_loss)
    assert by_name["word_error_rate"].limit == pytest.approx(0.01 + X86.budget.word_errors / 100)
