"""What the official code made is read before anything is spoken. 1 s."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.bundler.evaluate.judgement import mel_distances
from edge.bundler.evaluate.official import Official
from edge.errors import NotComparable
from tests.helpers.official_drawn import Arrays, write
from tests.synth.test_clip import voice as hum
from tests.synth.test_clip import write as write_wav

RATE = 24_000


def test_files_are_found_by_language_and_number(
    cosyvoice3_bundle: Bundle, drawn: Arrays, tmp_path: Path
) -> None:
    for name in ("en-01", "zh-00", "en-1", "notes"):
        write(tmp_path, name, drawn)
    write_wav(tmp_path / "en-01.wav", hum(0.25), RATE)  # "No." is no longer
    official = Official(tmp_path, cosyvoice3_bundle)
    assert [len(list(official.drawn("en", count))) for count in (1, 2)] == [0, 1]
    assert official.sound("en", 0) is None
    sound = official.sound("en", 1)
    assert sound is not None and (len(sound[0]), sound[1]) == (RATE // 4, RATE)


def test_a_folder_without_them_and_a_damaged_one_are_refused(
    cosyvoice3_bundle: Bundle, tmp_path: Path
) -> None:
    with pytest.raises(NotComparable, match=r"holds no LANGUAGE-NN\.wav"):
        Official(tmp_path / "none", cosyvoice3_bundle)
    (tmp_path / "en-00.wav").write_bytes(b"RIFF")
    with pytest.raises(NotComparable, match=r"en-00\.wav cannot be judged: .*not a WAV file"):
        Official(tmp_path, cosyvoice3_bundle)


def test_tokens_for_a_voice_that_draws_none_are_refused(
    tone_bundle: Bundle, drawn: Arrays, tmp_path: Path
) -> None:
    write(tmp_path, "en-00", drawn)
    with pytest.raises(NotComparable, match=r"en-00\.npz .* family tone, which draws none"):
        Official(tmp_path, tone_bundle)


def test_sounds_are_compared_where_they_are_equally_long(
    tone_bundle: Bundle, tmp_path: Path
) -> None:
    sound = hum(1.0)
    for number in range(3):
        write_wav(tmp_path / f"en-{number:02}.wav", sound, RATE)
    write_wav(tmp_path / "en-03.wav", 0 * sound, RATE)
    official = Official(tmp_path, tone_bundle)
    kept = official.sound("en", 0)
    assert kept is not None
    made = [(kept[0], RATE), (kept[0][:-1], RATE), (np.float32(0.5) * kept[0], RATE)]
    made += [(kept[0], RATE)] * 2  # one beside silence, and one beside nothing
    same, softer = mel_distances(official, "en", made)
    assert same == 0 and 1 < softer < 6.1
