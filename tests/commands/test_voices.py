"""edge voices: which voices it lists, in which order, and all that it tells of one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import pytest

from edge.bundle import MANIFEST, VOICE, Bundle, open_bundle
from edge.bundler import corpus
from edge.cli import run
from edge.prediction import predict
from edge.profile import load_profile
from edge.voice import models_dir
from tests.helpers.daemon_under_test import ROOT
from tests.helpers.random_voices import VOICES, write_letters
from tools import predictions

CREDIT = "Loudness.ai technical report LA-RB-2026-003"


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert run(["voices", "--json", *words]) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def names(capsys: pytest.CaptureFixture[str], *words: str) -> set[str]:
    return {row["name"] for row in listed(capsys, *words)}


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["voices", *words]) == 0
    return capsys.readouterr().out


def test_every_voice_has_its_line_and_the_scores_their_credit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = shown(capsys)
    lines = text.splitlines()
    every = names(capsys)
    assert every >= {"en_US-heart", "tone", "cosyvoice3-0.5b", "de_DE-thorsten-medium"}
    assert len(every) == 206 and CREDIT in text
    assert {line.split()[0] for line in lines[1:207]} == every
    assert re.search(r"^sv_SE-nst-medium +Swedish \(Sweden\) +1 +86 +none +63 MB", text, re.M)


@pytest.mark.parametrize("typed", ["de", "de_DE", "de-de", "German", "deutsch"])
def test_a_language_may_be_typed_in_every_way(
    typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = listed(capsys, "--language", typed)
    german = [row for row in found if row["language_words"] == "German (Germany)"]
    assert len(german) == 10 and all(row["languages"] == ["de_DE"] for row in german)
    # Whoever types a country hears of no voice of another, nor of one that has none.
    others = {row["family"] for row in found if row not in german}
    of_a_country = typed.lower().replace("-", "_") == "de_de"
    assert others == (set() if of_a_country else {"cosyvoice3", "pocket"})


def test_for_sale_means_that_nobody_is_known_to_object(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for_sale = listed(capsys, "--licence", "sell")
    assert {row["licence_class"] for row in for_sale} == {"none", "credit"}
    assert "en_US-joe-medium" in names(capsys, "--licence", "restricted")


def test_filters_work_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert names(capsys, "--family", "hibari", "--language", "en_GB") == {
        "en_GB-emma",
        "en_GB-fable",
    }
    assert names(capsys, "--family", "kokoro", "--speakers", "8") == {
        *("en_US-kokoro", "en_GB-kokoro", "zh_CN-kokoro"),
    }
    many = listed(capsys, "--speakers", "900")
    assert {row["name"] for row in many} == {"en_US-libritts-high", "en_US-libritts_r-medium"}
    assert "No voice is left" in shown(capsys, "--language", "sv", "--family", "hibari")


def test_a_board_leaves_out_what_is_too_slow_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    fast, small = names(capsys, "--board", "rpi5"), names(capsys, "--board", "rpi-zero2w")
    assert small < fast and "en_US-heart" in small and "en_US-joe-medium" not in small
    assert not [name for name in fast if name.endswith("-high")]
    text = shown(capsys, "--board", "rpi4", "--language", "is")
    assert "predictions for Raspberry Pi 4" in text and "not measurements" in text
    assert "Left out" not in text and "~0.41" in text
    text = shown(capsys, "--board", "rpi4", "--language", "uk")
    assert "Left out: 3 that are predicted to be too slow or too large" in text


def test_only_what_is_built(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tone_bundle: Bundle,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert names(capsys, "--built") == set()
    shutil.copytree(tone_bundle.path, tmp_path / "build/bundles/tone--x86-64")
    assert names(capsys, "--built") == {"tone"}
    own = tmp_path / "build/bundles/mine--x86-64"
    shutil.copytree(tone_bundle.path, own)
    text = (own / VOICE).read_text("utf-8").replace("name: tone", "name: mine")
    (own / VOICE).write_text(text.replace("name: Apache-2.0", "name: private"), "utf-8")
    (tmp_path / "build/bundles/damaged--x86-64").mkdir()
    assert names(capsys, "--built") == {"mine", "tone"}, "one's own is a voice too"
    assert "it is private: its owner decides" in shown(capsys, "mine")
    assert "build/bundles/tone--x86-64" in shown(capsys, "tone")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "de_DE-thorsten-low",
            (
                "rhasspy/piper-voices at c10ece1aade4",
                "md5 c06eb96aceb61895fcb09ffc30eef60b",
                "77.5 of 100: natural 55.0 (UTMOS22), clear 100.0 (Whisper)",
                "restricted: its training began from en_US-ryan-low",
                "Do not sell it",
                "CC0 1.0",
                "rpi5",
                CREDIT,
                "edge build de_DE-thorsten-low",
            ),
        ),
        ("en_US-joe-medium", ("Finetuned from U.S. English lessac voice", "DNSMOS 3.28 of 5")),
        ("en_US-heart", ("hibari, copyright 2026 Maureese Williams", "credit: ")),
        ("ne_NP-google-x_low", ("must have the same licence",)),
        ("pt_PT-tugão-medium", ("pt_PT-tugao-medium",)),
        ("en_IE-jenny-medium", ('the voice be called "Jenny"', "sha256 d33f72ff")),
        ("tone", ("Test tone",)),
    ],
)
def test_one_voice_is_told_whole(
    name: str, told: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(capsys, name)
    for words in told:
        assert words in text
    assert run(["voices", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["licence_class"]


def test_a_board_without_what_builds_voices_lists_them_too() -> None:
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('onnx', 'onnxruntime', 'piper', 'hibari', 'rich')))\n"
        "from edge.cli import run; sys.exit(run(['voices', 'sl_SI-artur-medium']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "Slovenian (Slovenia)" in done.stdout, done.stderr


def test_a_mistyped_name_and_a_family_that_is_not_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["voices", "sv_SE-nst"]) == 1
    assert "Did you mean sv_SE-nst-medium" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        run(["voices", "--family", "papier"])
    assert "choose one of: piper" in capsys.readouterr().err


def test_predictions_are_made_of_the_counts_beside_the_notes() -> None:
    raw = (
        json.loads(path.read_text("utf-8")) for path in (predictions.COUNTED, predictions.SIZES)
    )
    made = predictions.make(*raw)
    assert made == (models_dir() / "predictions.json").read_text("utf-8"), (
        "make them anew: python -m tools.predictions"
    )


def test_a_prediction_grows_with_the_voice_and_shrinks_with_the_board() -> None:
    def work(board: str, quality: str, family: str = "piper", size: int = 63_201_294) -> float:
        made = predict(models_dir(), load_profile(board), family, quality, size)
        assert made is not None
        return made.real_time_factor

    sizes = [work("rpi4", quality) for quality in ("x_low", "low", "medium", "high")]
    assert sizes == sorted(sizes)
    boards = [work(board, "medium") for board in ("rpi5", "rpi4", "rpi3", "rpi-zero2w")]
    assert boards == sorted(boards)
    assert work("rpi4", "", "hibari") < work("rpi4", "x_low")
    assert predict(models_dir(), load_profile("jetson-thor"), "piper", "low", 1) is None
    assert predict(models_dir(), load_profile("rpi4"), "cosyvoice3", "", 1) is None
    alone = predict(models_dir(), load_profile("rpi4"), "piper", "medium", 63_201_294)
    many = predict(models_dir(), load_profile("rpi4"), "piper", "medium", 78_000_000)
    assert alone and many and many.memory_mb == alone.memory_mb + 14


@pytest.fixture
def silent_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to type commands in, of somebody who has no bundles and no sound card."""
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "config.yaml").write_text("audio: {device: none like this}\n", "utf-8")
    monkeypatch.setenv("EDGE_VOICE_CONFIG", str(tmp_path / "config.yaml"))
    return tmp_path


def test_a_voice_that_is_built_is_listened_to_with_its_bundle(
    silent_home: Path, tone_bundle: Bundle, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle = silent_home / "build/bundles/tone--x86-64"
    shutil.copytree(tone_bundle.path, bundle)
    before = (bundle / MANIFEST).stat()
    for typed in ("tone", str(bundle)):
        assert run(["voices", typed, "--listen"]) == 0
        told = capfd.readouterr()
        assert f"tone: {corpus.sample('en')}" in told.out
        assert "the speech is in tone.wav" in told.out and "building" not in told.err
        with wave.open("tone.wav") as written:
            assert written.getnframes() > written.getframerate() / 2
        Path("tone.wav").unlink()
    assert (bundle / MANIFEST).stat().st_mtime_ns == before.st_mtime_ns


def test_a_voice_without_a_bundle_gets_its_float_variant_to_be_listened_to(
    silent_home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, said = silent_home / "own", "the train leaves at nine, and so do we."
    monkeypatch.setattr(corpus, "sentences", lambda purpose, language: (said,))
    write_letters(VOICES["medium"], own)
    (own / "random.yaml").unlink()
    assert run(["voices", str(own / "voice.onnx"), "--listen"]) == 0
    told = capfd.readouterr()
    assert f"voice: {said}" in told.out and "the speech is in voice.wav" in told.out
    assert "export" in told.err, "a build shows its progress"
    [built] = (silent_home / "build/bundles").glob("[!.]*")
    assert [one.name for one in open_bundle(built, None).manifest.variants] == ["fp32"]
    assert run(["voices", str(own / "voice.onnx"), "--listen"]) == 0
    assert "building" not in capfd.readouterr().err, "the second time there is a bundle"


def test_listening_wants_a_voice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices", "--listen"]) == 2
    assert "--listen wants a VOICE" in capsys.readouterr().err
    assert run(["voices", "sv_SE-nst", "--listen"]) == 1
    assert "Did you mean sv_SE-nst-medium" in capsys.readouterr().err


@pytest.mark.parametrize("language", [*corpus.languages("evaluation"), "zxx", "en_GB"])
def test_a_sample_is_a_sentence_of_its_language_and_neither_a_word_nor_a_paragraph(
    language: str,
) -> None:
    said = corpus.sample(language)
    assert said in corpus.sentences("evaluation", corpus.covered(language))
    assert 8 < len(said) < 100
