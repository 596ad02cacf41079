"""Pocket TTS speaks frame by frame, and clones; a tiny random checkpoint says noise. 20 s.

What every family owes is in tests/contracts/test_families.py.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge import records, synth
from edge.bundle import Bundle
from edge.bundle.install import install
from edge.bundler.export.pocket.trial import TriedGraph
from edge.bundler.quantize import fused_codec
from edge.config import TextKeys
from edge.errors import BadStyle, BadVoicePrint, EmptyText, MissingPackage
from edge.pcm import PcmChunk, Samples
from edge.synth import Style, Synthesizer
from edge.synth.pocket import runtime
from edge.synth.pocket.caches import RowCache, turns
from edge.synth.pocket.codec import SoundStream
from edge.synth.pocket.lead import Lead, Pace
from edge.synth.pocket.settings import Settings, Watched, read_settings
from edge.synth.pocket.speaker import FAMILY, from_print
from edge.synth.pocket.word_times import WordClock, WordPlacer
from edge.synth.self_test import try_in_child
from edge.synth.text_reader import make_reader
from edge.synth.voice_print import FORMAT, Label, VoicePrint, checkpoint_of, load_print, save_print
from edge.text.cleaning import Piece
from edge.text.lexicon import Lexicon
from edge.text.words import WordSpan
from tests.helpers import kept_pocket
from tests.synth.test_clip import voice as hum

RATE, FRAME = 24_000, 1920
TEXT = "The kettle is on, and the toast is done. Who would like some tea?"
ALWAYS, NEVER = -1e9, 1e9
"""Thresholds of the end of speech."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def speak(voice: Synthesizer, text: str, style: Style | None = None) -> list[Samples]:
    segments = voice.plan(text, style or Style())
    return [c.samples for s in segments for c in voice.speak(s) if len(c.samples)]


def clone(bundle: Bundle, name: str) -> Path:
    made = synth.enroll(bundle, PcmChunk(hum(2.5, 44_100), 44_100), None)
    assert made.family == FAMILY and made.arrays["latents"].dtype == np.float32
    told = (bundle.voice.name, checkpoint_of(bundle), "en", "2026-01-01", "The speaker agreed.")
    return save_print(made, Label(FORMAT, name, made.family, *told))


@pytest.mark.parametrize("kind", kept_pocket.KINDS)
def test_sound_comes_in_whole_frames_the_first_alone(kind: str, tmp_path: Path) -> None:
    voice = synth.load(kept_pocket.build(kind, tmp_path, eos_threshold=NEVER))
    chunks = speak(voice, TEXT)
    assert all(len(chunk) % FRAME == 0 for chunk in chunks)
    [segment] = voice.plan(TEXT, Style())
    assert sum(map(len, chunks)) // FRAME == segment.frames  # type: ignore[attr-defined]
    assert chunks[0][0] == 0.0 and np.abs(chunks[0][120:]).max() > 1e-3  # it fades in


def test_speech_ends_as_the_model_says_but_not_before_the_sixth_step(tmp_path: Path) -> None:
    voice = synth.load(kept_pocket.build("drifting", tmp_path, eos_threshold=ALWAYS))
    for text, after in ((TEXT, 3), ("Who would like tea?", 5), ("Yes.", 5)):
        assert sum(map(len, speak(voice, text))) == (6 + after) * FRAME, text


def test_a_short_text_that_does_not_end_is_drawn_anew(tmp_path: Path) -> None:
    """Three draws are compared; a draw that ended is taken before one that went on for ever."""
    bundle = kept_pocket.build("drifting", tmp_path)
    settings = read_settings(bundle)
    voice = synth.load(bundle)
    [segment] = voice.plan("Yes.", Style(seed=0))
    ends = {seed: sum(map(len, speak(voice, "Yes.", Style(seed=seed)))) for seed in range(4)}
    assert max(ends.values()) <= segment.frames * FRAME  # type: ignore[attr-defined]
    assert min(ends.values()) >= (settings.text.frames_after or 5) * FRAME


def test_numbers_reach_the_model_as_words(pocket_bundle: Bundle) -> None:
    reader = make_reader(pocket_bundle, TextKeys(), Lexicon())
    said = reader.read(Piece("Call 0800 123456 at 7:30, gate 12, 3.5 km.")).text
    assert not any(map(str.isdigit, said)), said


def test_without_a_voice_it_asks_for_a_clip_and_still_can_be_installed(tmp_path: Path) -> None:
    bundle = kept_pocket.build("pointwise", tmp_path, voiced=False)
    voice = synth.load(bundle)
    with pytest.raises(BadStyle, match="the voice of a clip") as caught:
        voice.plan(TEXT, Style())
    assert "edge clone NAME CLIP.wav" in caught.value.remedy
    install(bundle.path, tmp_path / "bundles", None, try_in_child)


def test_a_clone_speaks_with_its_own_latents(pocket_bundle: Bundle) -> None:
    path = clone(pocket_bundle, "anna")
    latents = load_print(path, pocket_bundle).arrays["latents"]
    assert latents.shape == (1 + -(-int(2.5 * RATE) // FRAME), 32)  # with a pause behind it
    voice = synth.load(pocket_bundle)
    anna, usual = (np.concatenate(speak(voice, TEXT, Style(speaker=n))) for n in ("anna", None))
    assert anna.shape != usual.shape or not np.array_equal(anna, usual)
    again = np.concatenate(speak(voice, TEXT, Style(speaker="anna")))  # from the kept rows
    np.testing.assert_array_equal(anna, again)
    with pytest.raises(BadVoicePrint):
        from_print(VoicePrint(FAMILY, {"latents": latents[:, :31].copy()}), 32)
    with pytest.raises(BadVoicePrint):
        from_print(VoicePrint("cosyvoice3", {"latents": latents}), 32)


def test_two_at_a_time_keep_their_states_apart(pocket_bundle: Bundle) -> None:
    voice = synth.load(pocket_bundle)
    segments = [voice.plan(text, Style())[0] for text in (TEXT, "Who would like some tea?")]
    alone = [[c.samples for c in voice.speak(segment)] for segment in segments]
    mixed: list[list[Samples]] = [[], []]
    for pair in itertools.zip_longest(*map(voice.speak, segments)):
        for heard, chunk in zip(mixed, pair, strict=True):
            heard += [] if chunk is None else [chunk.samples]
    for heard, expected in zip(mixed, alone, strict=True):
        np.testing.assert_array_equal(np.concatenate(heard), np.concatenate(expected))
    with pytest.raises(EmptyText):
        voice.plan("...", Style())


def test_rows_that_are_moved_are_turned_back() -> None:
    cache = RowCache(1, 2, 10, 8, counted=True)
    keys = np.random.default_rng(0).standard_normal((1, 2, 9, 8)).astype(np.float32)
    turned = (keys.view(np.complex64) * turns(8, np.arange(9))).view(np.float32)
    cache.put(np.stack([turned, keys])[:, None])
    cache.keep_last(4)
    wanted = (keys[:, :, 5:].view(np.complex64) * turns(8, np.arange(4))).view(np.float32)
    np.testing.assert_allclose(cache.arrays["keys_0"][:, :, :4], wanted, atol=1e-6)
    np.testing.assert_array_equal(cache.arrays["values_0"][:, :, :4], keys[:, :, 5:])


def made(pace_s: float, tokens: int) -> list[int]:
    """Frames that each of the first runs lets out, on a machine of this pace."""
    lead, heard = Lead(Pace(pace_s), 0.08, 1.2, tokens), []
    for frames, coming in ((1, 2), (2, 4), (4, 4), (4, 4), (4, 4)):
        chunk = PcmChunk(np.zeros(frames * FRAME, np.float32), RATE)
        ready = lead.take(chunk, frames, coming, last=False)
        heard.append(sum(len(c.samples) for c in ready) // FRAME)
    return heard


def test_playback_never_waits_once_it_has_begun() -> None:
    assert made(0.02, 30) == [1, 2, 4, 4, 4]  # a Pi 5
    assert made(0.06, 30) == [0, 0, 7, 4, 4]  # 4 frames take 0.24 s: so much is there first
    assert made(0.10, 30) == [0] * 5  # slower than speech: most of it is made before
    assert made(0.08, 6) == [0, 0, 7, 4, 4]


SPANS = tuple(WordSpan(4 * i, 4 * i + 3, 2 * i, 2 * i + 2) for i in range(3))


def test_a_word_is_over_when_a_later_one_has_more_of_the_attention() -> None:
    clock = WordClock(SPANS)
    shares = [
        [0.9, 0, 0.1, 0, 0, 0],
        [0.5, 0, 0, 0.4, 0.1, 0],
        [0.1, 0, 0.6, 0, 0.3, 0],
        [0.8, 0, 0.1, 0, 0.1, 0],  # it never goes back
        [0.5, 0, 0, 0, 0.2, 0.3],
    ]
    assert [clock.hear(np.array(row)) for row in shares] == [0, 0, 1, 1, 2]


def test_words_stand_where_their_sound_begins(pocket_bundle: Bundle) -> None:
    known = read_settings(pocket_bundle)
    settings = replace(known, watched=(Watched(0, 0),), watched_known=True)
    placer = WordPlacer(SPANS, settings)
    silent, loud = np.zeros(FRAME, np.float32), np.full(FRAME, 0.1, np.float32)
    first = placer.place(silent, [0], last=False)
    second = placer.place(np.concatenate([silent, loud, loud]), [0, 0, 1], last=False)
    third = placer.place(np.concatenate([loud, loud]), [1, 1], last=True)
    assert not first.words
    assert [(w.start // FRAME, w.length // FRAME, w.estimated) for w in second.words] == [
        (1, 1, False),
        (2, 1, False),
    ]
    [last] = third.words  # the model never came to it
    assert last.start == FRAME and last.estimated


@pytest.mark.parametrize("kind", kept_pocket.KINDS)
def test_int8_sound_has_the_same_bits_however_frames_are_cut(
    kind: str, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the cache is moved, which it is after 6 frames and then after every 4."""
    monkeypatch.setenv("EDGE_KERNELS", str(library))
    folder = kept_pocket.exported(kind, tmp_path)
    settings = records.load_json(folder / "config.json", Settings)
    fused_codec.int8_fused(folder / "codec.onnx", folder / "fused.onnx", None)
    latents = np.random.default_rng(0).standard_normal((21, 32)).astype(np.float32)
    sounds = {}
    cuts = {"ones": [1] * 21, "grown": [1, 2, 4, 4, 4, 4, 2], "odd": [5, 7, 9]}
    for name, lengths in cuts.items():
        stream = SoundStream(TriedGraph(folder / "fused.onnx"), settings)
        cut = np.split(latents, np.cumsum(lengths)[:-1])
        sounds[name] = np.concatenate([stream.push(part) for part in cut])
    np.testing.assert_array_equal(sounds["grown"], sounds["ones"])
    np.testing.assert_array_equal(sounds["odd"], sounds["ones"])
    exact = SoundStream(TriedGraph(folder / "codec.onnx"), settings).push(latents)
    apart = np.linalg.norm(sounds["ones"] - exact) / np.linalg.norm(exact)
    assert 0 < apart < 0.1


@pytest.mark.parametrize(("version", "new"), [("1.23.2", False), ("1.24.1", True), ("2.0", True)])
def test_an_onnxruntime_that_computes_something_else_is_refused(
    version: str, new: bool, pocket_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "versions", lambda: {"onnxruntime": version})
    if new:
        assert synth.load(pocket_bundle)
        return
    with pytest.raises(MissingPackage, match=r"1\.24 or newer, here is 1\.23\.2"):
        synth.load(pocket_bundle)
