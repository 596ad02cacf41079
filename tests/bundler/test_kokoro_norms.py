"""A build learns to foresee a speaker's norms, and the voice then speaks in runs."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import yaml

from edge import synth
from edge.bundle import Bundle
from edge.bundler import corpus
from edge.bundler.export.kokoro import norms
from edge.bundler.pipeline import Wish, build_bundle, profile_path
from edge.pcm import Samples
from edge.synth import Streaming, Style
from edge.synth.kokoro.norms import NORMS
from edge.synth.kokoro.synthesizer import KokoroSynthesizer
from edge.synth.schedule import Plan
from tests.helpers import small_kokoro
from tests.helpers.packed import BOARD as PROFILE

TEXT = "The kettle is on, and the train is late."
FIRST, SECOND = small_kokoro.SPEAKERS


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Random weights are foreseen badly, so the second speaker alone is within the limit."""
    folder = tmp_path_factory.mktemp("norms")
    profile = yaml.safe_load(profile_path(PROFILE).read_text(encoding="utf-8"))
    profile["variants"] = [{"name": "fused", "encoder": "fp32", "decoder": "int8-fused"}]
    path = folder / "x86-64.yaml"
    path.write_text(yaml.safe_dump(profile), encoding="utf-8")
    voice = str(small_kokoro.write_voice(folder / "voice"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "sentences", lambda *_: ("Tea.", TEXT, "Two boats came in."))
        patch.setattr(norms, "LIMIT_DB", 1e3)
        return build_bundle(Wish(voice, str(path), "fused"), folder / "b", folder, lambda *_: None)


@pytest.fixture(scope="module")
def voice(bundle: Bundle) -> KokoroSynthesizer:
    loaded = synth.load(bundle)
    assert isinstance(loaded, KokoroSynthesizer)
    return loaded


def said(voice: KokoroSynthesizer, *lengths: int, speaker: str | None = None) -> Samples:
    """The text in runs of these lengths, the last of which is what is left."""
    [segment] = voice.plan(TEXT, Style(speaker=speaker))

    def cut(places: int) -> Plan:
        held = min(len(lengths), 1)
        return Plan((*lengths, places - sum(lengths)), held or 1)

    return np.concatenate([chunk.samples for chunk in voice.speak_in(segment, cut)])


def test_what_was_learnt_is_in_the_bundle(bundle: Bundle, voice: KokoroSynthesizer) -> None:
    assert NORMS in bundle.manifest.files
    assert isinstance(voice, Streaming)


@pytest.mark.parametrize("seed", range(4))
def test_any_runs_of_whole_granules_give_the_same_samples(
    seed: int, voice: KokoroSynthesizer
) -> None:
    random, whole = np.random.default_rng(seed), said(voice)
    places = len(whole) // 300
    step = voice.decoder.granularity
    cuts = step * np.flatnonzero(random.random(places // step) < 0.5)
    lengths = [b - a for a, b in itertools.pairwise([0, *cuts.tolist()]) if b > a]
    np.testing.assert_array_equal(said(voice, *lengths), whole)


def test_runs_sound_as_long_as_the_whole_sentence_does(voice: KokoroSynthesizer) -> None:
    [segment] = voice.plan(TEXT, Style())
    framed = voice.frame(segment)
    whole, own = voice.whole(segment, framed)
    assert own is not None
    runs = voice.in_runs(segment, framed, own, Plan((32, voice.places(framed) - 32), 1))
    made = np.concatenate([chunk.samples for chunk in runs])
    # With its own norms it is the same sentence, but for the silence that is left out.
    assert len(made) == len(whole)
    noise = np.square(made - whole).mean()
    assert noise < 1e-3 * np.square(whole).mean()


def test_a_mix_is_spoken_whole_because_nobody_learnt_it(voice: KokoroSynthesizer) -> None:
    [segment] = voice.plan(TEXT, Style(speaker=f"{FIRST}+{SECOND}"))
    assert len(list(voice.speak(segment))) == 1
    alone = replace(segment, style=Style(speaker=SECOND))
    assert len(list(voice.speak_in(alone, lambda n: Plan((32, n - 32), 1)))) == 2


def test_norms_that_follow_from_the_features_are_foreseen() -> None:
    random = np.random.default_rng(0)
    features = random.standard_normal((60, 5)).astype(np.float32)
    moved = features @ random.standard_normal((5, 8)).astype(np.float32) / 4
    taken = np.stack([moved[:, :4] + 3, np.exp(moved[:, 4:])], axis=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(norms, "_RIDGE", 1e-3)
        learnt = norms.fit(7, features, taken)
    assert learnt.norms(6, features[0]) is None
    made = learnt.norms(7, features[0])
    assert made is not None
    np.testing.assert_allclose(made, taken[0], rtol=0.02, atol=0.02)
