"""`edge listen`: who is compared, how loud, and the page that comes of it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import subprocess
from collections.abc import Callable
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edge.bundle import Bundle
from edge.bundler.evaluate.listening import contenders, equally_loud, usual_sentences
from edge.cli import run
from edge.errors import NoBundle, UnknownVoice
from edge.pcm import PcmChunk, to_int16
from edge.synth.loudness import TARGET_LUFS, loudness_lufs
from tests.daemon.test_daemon import spoken
from tests.helpers.daemon_under_test import ROOT

SCRIPTS = ROOT / "edge/bundler/report/listening_page"
TEXTS = "One two three.\nFour </script> five {data}.\n\nSix seven.\n"


@pytest.fixture(scope="module")
def page(
    tone_bundle: Bundle, newer_tone: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., str]:
    folder = tmp_path_factory.mktemp("listening")
    (folder / "texts.txt").write_text(TEXTS)

    def make(*options: str) -> str:
        out = folder / "listen.html"
        bundles = [str(tone_bundle.path), str(newer_tone.path)]
        texts = ["--texts", str(folder / "texts.txt"), "--out", str(out)]
        assert run(["listen", *bundles, *texts, *options]) == 0
        return out.read_text(encoding="utf-8")

    return make


def data_of(page: str) -> dict[str, Any]:
    [text] = re.findall(r'<script type="application/json" id="data">(.*)</script>', page)
    data = json.loads(text)
    assert isinstance(data, dict)
    return data


def test_the_page_is_the_same_each_time_and_needs_nothing_else(
    page: Callable[..., str], tone_bundle: Bundle, newer_tone: Bundle
) -> None:
    made = page("--seed", "7")
    assert made == page("--seed", "7")
    assert not re.search(r"https?://|src=|<link", made.split('id="data"')[0])
    data = data_of(made)
    assert data["seed"] == 7 and data["abx"] and data["preference"]
    assert [system["bundle"] for system in data["systems"]] == [tone_bundle.id, newer_tone.id]
    assert len({system["name"] for system in data["systems"]}) == 2
    assert [one["text"] for one in data["sentences"]] == TEXTS.replace("\n\n", "\n").splitlines()


def test_the_policy_allows_the_script_and_style_that_are_there(page: Callable[..., str]) -> None:
    made = page("--kind", "abx", "--format", "wav")
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]+)"', made)
    [style] = re.findall(r"<style>(.*)</style>", made, re.DOTALL)
    [script] = re.findall(r"<script>(.*)</script>", made, re.DOTALL)
    for name, text in (("script", script), ("style", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy and "default-src 'none'" in policy
    assert data_of(made)["seed"] is None and not data_of(made)["preference"]
    ids = set(re.findall(r' id="([^"]+)"', made))
    used = set(re.findall(r'byId\("([^"]+)"\)', script))
    assert used <= ids and len(used) > 10


@pytest.mark.parametrize("format", ["flac", "wav"])
def test_the_sound_in_the_page_is_the_bundles_own(
    page: Callable[..., str], tone_bundle: Bundle, format: str
) -> None:
    sentence = data_of(page("--format", format))["sentences"][0]
    kind, _, data = sentence["sounds"][0].partition(";base64,")
    assert kind == f"data:audio/{format}"
    heard, rate = soundfile.read(io.BytesIO(base64.b64decode(data)), dtype="int16")
    sound = PcmChunk(spoken(tone_bundle, sentence["text"]) / tone_bundle.manifest.gain, rate)
    [expected] = equally_loud([sound])
    assert np.abs(heard - to_int16(expected.samples)).max() <= 1


def test_opus_is_smaller(page: Callable[..., str]) -> None:
    small, whole = page("--format", "opus"), page("--format", "wav")
    assert "data:audio/ogg; codecs=opus;base64,T2dnUw" in small and len(small) < len(whole)


def test_sounds_are_equally_loud_and_none_is_clipped() -> None:
    rate = 24_000
    tone = np.sin(np.arange(2 * rate) * 0.1).astype(np.float32)
    peaky = 0.01 * tone
    peaky[rate] = 0.9
    levelled = equally_loud([PcmChunk(0.01 * tone, rate), PcmChunk(0.9 * tone, rate)])
    assert [loudness_lufs(s) for s in levelled] == pytest.approx([TARGET_LUFS] * 2, abs=0.01)
    levelled = equally_loud([PcmChunk(tone, rate), PcmChunk(peaky, rate)])
    loud = [loudness_lufs(sound) for sound in levelled]
    assert loud[0] == pytest.approx(loud[1], abs=0.01) and loud[0] < TARGET_LUFS
    assert max(np.abs(sound.samples).max() for sound in levelled) <= 1
    silence = equally_loud([PcmChunk(np.zeros(rate, np.float32), rate)])
    assert not silence[0].samples.any()


def test_who_takes_part(tone_bundle: Bundle, newer_tone: Bundle, second_bundle: Bundle) -> None:
    variant = tone_bundle.manifest.variants[0].name
    both = contenders([tone_bundle, newer_tone], [variant])
    assert [one.bundle for one in both] == [tone_bundle, newer_tone]
    with pytest.raises(NoBundle, match="1 variant takes part"):
        contenders([tone_bundle], [])
    with pytest.raises(NoBundle, match="no bundle has the variant int3"):
        contenders([tone_bundle, newer_tone], ["int3"])
    with pytest.raises(UnknownVoice, match="de_DE, zxx"):
        contenders([tone_bundle, second_bundle], [])


def test_likely_mistakes_are_explained(
    tone_bundle: Bundle, newer_tone: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tone, newer = str(tone_bundle.path), str(newer_tone.path)
    (tmp_path / "file").write_text("One.\n")
    nowhere = ["--texts", str(tmp_path / "file"), "--out", str(tmp_path / "file/listen.html")]
    for typed, says in (
        ([tone], "edge build VOICE --every"),
        ([tone, tone], "takes part twice"),
        ([tone, newer, "--texts", "/dev/null"], "one a line"),
        ([str(tmp_path / "nothing"), tone], "nothing"),
        ([tone, newer], "--texts FILE"),
        ([tone, newer, *nowhere], "Choose another place: --out FILE"),
    ):
        assert run(["listen", *typed]) == 1
        assert says in capsys.readouterr().err


def test_our_own_sentences_are_of_middle_length() -> None:
    chosen = usual_sentences("en_US", 12)
    assert len(chosen) == 12 and all(40 < len(text) < 80 for text in chosen)


def test_the_statistics_are_exact() -> None:
    """Beside Python's whole numbers, and Wilson's interval from its definition."""
    cases = [(0, 1), (0, 12), (6, 12), (10, 12), (12, 12), (130, 200), (500, 1000)]
    script = (SCRIPTS / "statistics.js").read_text() + (
        f"console.log(JSON.stringify({json.dumps(cases)}.map(([k, n]) => "
        "[atLeast(k, n), signTest(k, n), wilson(k, n)])))"
    )
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    for (hits, count), (tail, two_sided, (low, high)) in zip(
        cases, json.loads(done.stdout), strict=True
    ):
        tosses = [comb(count, k) for k in range(count + 1)]
        assert tail == pytest.approx(sum(tosses[hits:]) / 2**count, rel=1e-9)
        rare = sum(toss for toss in tosses if toss <= tosses[hits])
        assert two_sided == pytest.approx(rare / 2**count, rel=1e-9)
        for bound in (low, high):
            if 0 < bound < 1:  # where the score test just rejects at 5 %
                z = (hits / count - bound) / (bound * (1 - bound) / count) ** 0.5
                assert abs(z) == pytest.approx(1.959964, rel=1e-5)


def test_the_order_is_balanced_and_the_seeds_own() -> None:
    test = {"systems": [0, 1, 2], "sentences": [0] * 10, "abx": True, "preference": True}
    script = (SCRIPTS / "trials.js").read_text() + (
        f"console.log(JSON.stringify([7, 7, 8].map(s => makeTrials({json.dumps(test)}, s))))"
    )
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    first, again, other = json.loads(done.stdout)
    assert first == again != other
    assert len(first) == 3 * 10 * 2
    for pair in ([0, 1], [0, 2], [1, 2]):
        for kind in ("abx", "preference"):
            asked = [t for t in first if t["pair"] == pair and t["kind"] == kind]
            assert sorted(t["sentence"] for t in asked) == list(range(10))
            assert sum(t["order"] == pair for t in asked) == 5
            if kind == "abx":
                assert sum(t["x"] for t in asked) == 5
