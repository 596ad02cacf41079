"""`edge clone`, with a tiny model of a family that needs no words. 4 s."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import edge.synth.tone
from edge.bundle import Bundle
from edge.cli import parser_of
from edge.commands.clone import CONSENT, Options, run
from edge.errors import BadClip, BadVoicePrint, NoConsent, UnknownVoice
from edge.pcm import Samples
from edge.synth.clip import MOST_S
from edge.synth.voice_print import load_print, prints_dir, read_label
from tests.helpers.kept_pocket import build
from tests.synth.test_clip_pauses import spoken

TALK = spoken((2, -15), (0.4, -60), (3, -15), (0.5, -60))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build("pointwise", tmp_path_factory.mktemp("pocket"))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write(tmp_path / "clip.flac", TALK)


def write(path: Path, samples: Samples) -> Path:
    soundfile.write(path, samples, 24_000)
    return path


def clone(clip: Path, *bundles: Bundle, name: str = "anna", **others: object) -> int:
    places = tuple(bundle.path for bundle in bundles)
    options = {"consent": True, "any_board": True, "bundle": places, **others}
    return run(Options(name, clip, **options))  # type: ignore[arg-type]


def test_help_tells_the_limits() -> None:
    said = " ".join(parser_of("clone").format_help().split())
    assert f"up to S seconds, {MOST_S:g} at most" in said


def test_a_clip_without_its_words_is_enough(
    bundle: Bundle, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clone(clip, bundle) == 0
    out, err = capsys.readouterr()
    assert out.startswith("clip: 5.9 s, -1") and "edge say --voice anna" in out and not err
    label = read_label(prints_dir() / "anna.print")
    assert (label.name, label.voice, label.consent) == ("anna", bundle.voice.name, CONSENT)
    assert label.seconds == 5.9 and -20 < label.loudness < -10


def test_a_soft_clip_makes_the_same_voice(bundle: Bundle, tmp_path: Path, clip: Path) -> None:
    soft = tmp_path / "soft.wav"
    soundfile.write(soft, TALK * np.float32(0.15), 24_000, subtype="FLOAT")
    prints = []
    for name, path in (("loud", clip), ("soft", soft)):
        assert clone(path, bundle, name=name) == 0
        prints.append(load_print(prints_dir() / f"{name}.print", bundle).arrays["latents"])
    np.testing.assert_allclose(prints[0], prints[1], atol=0.02 * np.abs(prints[0]).max())


def test_what_is_said_of_the_clip(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phrase = ((2.5, -12.0), (0.5, -60.0))
    long = write(tmp_path / "long.flac", spoken(*phrase * 9, (20.0, -12.0)))
    assert clone(long, bundle, text="Not needed.") == 0
    out, err = capsys.readouterr()
    assert "longer than 30 s: 26.9 s, to a pause, are used" in err
    assert "needs no words" in err and "clip: 26.9 s" in out
    assert clone(write(tmp_path / "short.wav", TALK[24_000:72_000]), bundle, name="bert") == 0
    assert "half a second of silence" in capsys.readouterr().err


def test_a_name_that_says_who_speaks_already_is_refused(
    bundle: Bundle, second_bundle: Bundle, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = ("carol", "dora")  # as a Piper voice may have
    monkeypatch.setattr(edge.synth.tone, "speakers", lambda bundle: several, raising=False)
    for name, why in (
        (bundle.voice.name, "the name of a voice"),
        ("carol", "is a speaker of the voice"),
        ("default", "the daemon's own voice"),
        ("../x", "cannot be a voice's name"),
    ):
        with pytest.raises(BadVoicePrint, match=why) as caught:
            clone(clip, bundle, second_bundle, name=name)
        assert caught.value.remedy.startswith("Choose")
    assert not prints_dir().exists()


def test_nothing_is_replaced_or_made_without_a_word(bundle: Bundle, clip: Path) -> None:
    with pytest.raises(NoConsent, match="nobody said") as caught:
        clone(clip, bundle, consent=False)
    assert CONSENT in caught.value.remedy and not prints_dir().exists()
    assert clone(clip, bundle) == 0
    with pytest.raises(BadVoicePrint, match="already") as again:
        clone(clip, bundle)
    assert "--replace" in again.value.remedy
    assert clone(clip, bundle, replace=True) == 0


def test_a_limit_that_is_none_and_a_voice_that_clones_nobody(
    bundle: Bundle, tone_bundle: Bundle, clip: Path
) -> None:
    with pytest.raises(BadClip, match="1 to 30 s"):
        clone(clip, bundle, max_seconds=31.0)
    with pytest.raises(UnknownVoice, match=r"no voice here clones: tone \(tone\)") as caught:
        clone(clip, tone_bundle)
    assert "cosyvoice3 or pocket" in caught.value.remedy
