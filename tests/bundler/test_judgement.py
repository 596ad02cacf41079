"""`edge judge` on a bundle that speaks noise, with the real judges: the table, the page, and the
sounds. 30 s, with the quality extra only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.commands import judge
from edge.errors import NoConsent, NotComparable
from tests.bundler.test_judges import needs
from tests.helpers.official_drawn import Arrays
from tests.helpers.official_drawn import write as write_drawn
from tests.synth.test_clip import voice as hum
from tests.synth.test_clip import write

pytestmark = [
    pytest.mark.quality,
    needs("speechmos", "librosa", "faster_whisper", "resemblyzer", "soxr"),
]


def test_every_variant_and_language_has_a_row_and_its_sounds(
    cosyvoice3_bundle: Bundle,
    drawn: Arrays,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clip = write(tmp_path / "clip.wav", hum(2.5), 24_000)
    out = tmp_path / "judged"
    official = tmp_path / "official"
    official.mkdir()
    shutil.copy(clip, official / "zh-00.wav")
    write_drawn(official, "en-00", drawn)
    options = judge.Options(
        str(cosyvoice3_bundle.path),
        clip=clip,
        consent=True,
        language=("en", "zh"),
        sentences=1,
        against=official,
        out=out,
    )
    assert judge.run(options) == 0
    told = capsys.readouterr().out
    rows = [line.split() for line in told.splitlines() if "WER" in line or "CER" in line]
    assert [row[:3] for row in rows] == [
        ["fp32", "en", "WER"], ["fp32", "zh", "CER"], ["official", "zh", "CER"],
    ]  # fmt: skip
    assert rows[2][5] > "0.9"  # the clip is like itself
    told_of_tokens = [row[-6:] for row in rows]
    assert told_of_tokens[0][1:] == ["nats", "100.0", "%", "0.00", "dB"]  # its own tokens
    assert float(told_of_tokens[0][0]) < 1e-6
    assert all(row[-3:] == ["-", "-", "-"] for row in told_of_tokens[1:])
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<th>KL</th>" in page
    assert 'src="fp32/zh-00.wav"' in page and (out / "fp32/zh-00.wav").stat().st_size > 1000


def test_a_clip_is_cloned_with_consent_alone_and_a_folder_must_hold_sounds(
    cosyvoice3_bundle: Bundle, tmp_path: Path
) -> None:
    clip = write(tmp_path / "clip.wav", hum(2.5), 24_000)
    options = judge.Options(str(cosyvoice3_bundle.path), clip=clip, out=tmp_path / "judged")
    with pytest.raises(NoConsent):
        judge.run(options)
    options = judge.Options(
        str(cosyvoice3_bundle.path), against=tmp_path / "none", out=tmp_path / "judged"
    )
    with pytest.raises(NotComparable, match="holds no LANGUAGE-NN"):
        judge.run(options)
