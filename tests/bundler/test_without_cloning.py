"""A bundle of CosyVoice3 without what hears clips: the kept graphs of a tiny checkpoint, 5 s."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge import synth
from edge.bundle import LEFT_OUT, Bundle, file_sha256, open_bundle
from edge.bundle.safety import check_content
from edge.bundler.candidates import Candidate, Original, write_bundle
from edge.commands import clone
from edge.errors import UnknownVoice
from edge.families import COSYVOICE3
from edge.synth import Style
from edge.synth.voice_print import checkpoint_of
from tests.helpers.kept_cosyvoice3 import RATE, loaded, unpack
from tests.synth.test_clip import voice as hum
from tests.synth.test_clip import write

SAID = "Hello there."


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return unpack(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def board(whole: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("board")
    graphs = whole.variant().graphs
    original = Original(whole.path, RATE, graphs, (), (), None)
    paths = {stage: whole.path / name for stage, name in graphs.items()}
    made = [Candidate("fp32", dict.fromkeys(graphs, "fp32"), paths)]
    write_bundle(folder, original, whole.voice, whole.profile, made, 1.0, {}, COSYVOICE3.enrols)
    return open_bundle(folder, None)


def test_what_hears_clips_stays_away_and_its_checksums_stay(whole: Bundle, board: Bundle) -> None:
    lines = (board.path / LEFT_OUT).read_text(encoding="ascii").splitlines()
    encoders = sorted(COSYVOICE3.enrols)
    assert lines == [f"{file_sha256(whole.path / name)}  {name}" for name in encoders]
    assert set(whole.manifest.files) - set(board.manifest.files) == set(encoders)
    assert synth.enrolls(whole) and not synth.enrolls(board)
    check_content(board)


def test_it_speaks_with_voices_of_a_whole_one(
    whole: Bundle, board: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    clip = tmp_path / "clip.wav"
    write(clip, hum(1.5), RATE)
    options = clone.Options("anna", clip, text=SAID, consent=True, any_board=True)
    with pytest.raises(UnknownVoice, match="without the part that hears clips"):
        clone.run(replace(options, bundle=(board.path,)))
    clone.run(replace(options, bundle=(whole.path,)))
    assert checkpoint_of(board) == checkpoint_of(whole) != board.id
    voice = loaded(board)
    [segment] = voice.plan("The kettle is on.", Style(speaker="anna"))
    assert sum(len(chunk.samples) for chunk in voice.speak(segment)) > RATE / 10
