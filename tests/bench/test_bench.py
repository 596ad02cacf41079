"""edge bench on the tone voice: every row is there, and an engine that fails stops no other."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from edge.bench.measure import TEXTS, measure
from edge.bench.process import Contender, Process
from edge.bench.report import Spread, table
from edge.bundle import Bundle
from edge.cli import run
from edge.errors import ModelFailed, NoBundle, UnknownVoice
from tests.helpers.daemon_under_test import ROOT

TONE = {"engine": "edge", "modules": ["edge.synth.tone"], "variant": "fp32", "threads": 1}


def test_every_engine_and_text_has_its_row(
    tone_bundle: Bundle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["bench", "--bundle", str(tone_bundle.path), "--threads", "1", "--threads", "2"]
    monkeypatch.setattr(sys, "argv", ["edge", *asked])
    assert run([*asked, "--rounds", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["command"].startswith("edge bench --bundle")
    assert {(row["text"], row["threads"]) for row in report["rows"]} == {
        (text, threads) for text in TEXTS for threads in (1, 2)
    }
    for row in report["rows"]:
        first, enough, rtf = (
            row[f"{name}"] for name in ("first_wall_s", "enough_wall_s", "rtf_wall")
        )
        assert 0 < first["median"] <= enough["median"]
        assert enough["low"] <= rtf["high"] * row["seconds"]
        assert 0 < row["block_s"] <= row["seconds"]
    for one in report["loaded"]:
        assert 0 < one["rest_bytes"] <= one["peak_bytes"]
    assert report["failures"] == {}


def test_the_table_names_the_command_and_every_variant(tone_bundle: Bundle) -> None:
    lines = table(measure(tone_bundle, [], [1], 1, peers=False), "edge bench").splitlines()
    assert "command   edge bench" in lines
    [name] = [variant.name for variant in tone_bundle.manifest.variants]
    for text in TEXTS:
        assert any(line.split()[:2] == [text, name] for line in lines)


def test_an_unknown_variant_is_refused_before_anything_runs(tone_bundle: Bundle) -> None:
    with pytest.raises(NoBundle, match="int3"):
        measure(tone_bundle, ["int3"], [1], 1, peers=False)


def test_peers_speak_piper_voices_only(tone_bundle: Bundle) -> None:
    with pytest.raises(UnknownVoice, match="tone"):
        measure(tone_bundle, [], [1], 1, peers=True)


def test_an_engine_that_cannot_load_says_why(tone_bundle: Bundle) -> None:
    spec = TONE | {"bundle": str(tone_bundle.path / "nowhere")}
    with Process(Contender("tone", 1, spec)) as process:
        with pytest.raises(ModelFailed, match="is not a bundle"):
            process.hello()
        with pytest.raises(ModelFailed, match="ended"):
            process.speak("Hello.")


def test_what_an_engine_prints_is_no_answer(tone_bundle: Bundle) -> None:
    spec = TONE | {"bundle": str(tone_bundle.path), "modules": ["this", "edge.synth.tone"]}
    with Process(Contender("tone", 1, spec)) as process:  # `this` prints a poem
        process.hello()
        assert process.speak("One two three.")["seconds"] > 0.5


def test_memory_is_the_engines_own(tone_bundle: Bundle) -> None:
    """A parent that holds much must not be counted in its child."""
    held = bytearray(256 << 20)
    spec = TONE | {"bundle": str(tone_bundle.path)}
    with Process(Contender("tone", 1, spec)) as process:
        process.hello()
        assert process.loaded.peak_bytes < len(held)


def test_quartiles() -> None:
    assert Spread.of([4.0, 1.0, 2.0, 3.0, 5.0]) == Spread(3.0, 2.0, 4.0)
    assert Spread.of([2.0]) == Spread(2.0, 2.0, 2.0)


def test_the_measured_process_holds_nothing_but_the_engine() -> None:
    code = "import sys, edge.bench.engine; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert not {"numpy", "yaml", "onnxruntime", "onnx"} & set(done.stdout.split())
