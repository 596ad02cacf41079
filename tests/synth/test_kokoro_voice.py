"""Kokoro speaks: mixes of speakers, its source and its spectra in any pieces, its readers."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from edge import synth
from edge.bundle import Bundle
from edge.errors import BadRecord, BadStyle
from edge.pcm import Samples
from edge.synth import Style
from edge.synth.kokoro.front_end import one_sign, open_front_end
from edge.synth.kokoro.settings import FRAME, PLACE, Settings, Styles, read_settings
from edge.synth.kokoro.source import Overlap, Source
from edge.synth.kokoro.synthesizer import KokoroSynthesizer, heard
from tests.helpers.small_kokoro import SPEAKERS

SETTINGS = Settings({}, ("a",), (0.5, -0.3, 0.2, 0.1, 0.1, 0.0, 0.1, 0.2, 0.1), 0.01)
PLACES = 40


@pytest.fixture(scope="module")
def voice(kokoro_bundle: Bundle) -> KokoroSynthesizer:
    loaded = synth.load(kokoro_bundle)
    assert isinstance(loaded, KokoroSynthesizer)
    return loaded


def pieces(random: np.random.Generator, count: int) -> list[int]:
    cuts = np.flatnonzero(random.random(count - 1) < 0.3) + 1
    return [0, *cuts.tolist(), count]


@pytest.mark.parametrize("seed", range(5))
def test_the_source_is_the_same_in_any_pieces(seed: int) -> None:
    random = np.random.default_rng(seed)
    f0 = np.where(random.random(PLACES) < 0.7, random.uniform(60, 400, PLACES), 3.0)
    f0 = f0.astype(np.float32)
    whole = Source(SETTINGS, np.random.default_rng(1)).spectra(f0, last=True)
    assert whole.shape == (22, PLACES * PLACE // 5 + 1)
    source, cuts = Source(SETTINGS, np.random.default_rng(1)), pieces(random, PLACES)
    parts = [source.spectra(f0[a:b], last=b == PLACES) for a, b in itertools.pairwise(cuts)]
    # numpy's transform works on several windows at once, and rounds the last ones otherwise.
    got = np.concatenate(parts, axis=1)
    turned = np.exp(1j * got[11:]) - np.exp(1j * whole[11:])
    assert np.abs(got[:11] - whole[:11]).max() < 1e-5 and np.abs(turned).max() < 1e-3


def test_the_source_of_a_steady_pitch_is_that_pitch() -> None:
    f0 = np.full(PLACES, 200, np.float32)
    plain = replace(SETTINGS, harmonics=(1.0, *[0.0] * 8), offset=0.0)
    spectra = Source(plain, np.random.default_rng(0)).spectra(f0, last=True)
    angles = np.unwrap(spectra[11 + 1])[400:1200]  # of the bin at 1,200 Hz, 5 samples apart
    turns = np.polyfit(np.arange(len(angles)), angles, 1)[0] / (2 * np.pi)
    assert turns * 24_000 / 5 == pytest.approx(200, rel=0.02)


def test_spectra_become_the_same_samples_in_any_pieces() -> None:
    random = np.random.default_rng(0)
    spectra = random.standard_normal((22, 301)).astype(np.float32)
    whole = Overlap().samples(spectra, last=True)
    assert len(whole) == 300 * 5
    overlap, cuts = Overlap(), pieces(random, 301)
    parts = [overlap.samples(spectra[:, a:b], last=b == 301) for a, b in itertools.pairwise(cuts)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_silence_at_both_ends_is_not_spoken() -> None:
    energy = np.full(100, -9.0, np.float32)
    energy[30:60] = 5
    begin, end = heard(energy)
    assert 25 <= begin <= 30 and 60 <= end <= 66
    assert heard(np.full(10, -9.0, np.float32)) == (0, 10)


def test_speakers_sound_apart_and_a_mix_lies_between(
    voice: KokoroSynthesizer, kokoro_bundle: Bundle
) -> None:
    def said(speaker: str | None) -> Samples:
        [segment] = voice.plan("The kettle is on.", Style(speaker=speaker))
        return np.concatenate([chunk.samples for chunk in voice.speak(segment)])

    assert synth.speakers(kokoro_bundle) == SPEAKERS
    first, second = (said(name) for name in SPEAKERS)
    np.testing.assert_array_equal(said(None), first)
    assert first.shape != second.shape or not np.array_equal(first, second)
    styles = Styles(kokoro_bundle, read_settings(kokoro_bundle))
    rows = [styles.row(styles.weights(name), 12) for name in SPEAKERS]
    mixed = styles.row(styles.weights(f"{SPEAKERS[0]}:3+{SPEAKERS[1]}"), 12)
    np.testing.assert_allclose(mixed, 0.75 * rows[0] + 0.25 * rows[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "speaker",
    [
        *("", "nobody", "af_one+nobody", "af_one:0", "af_one:-1+am_two", "af_one:x"),
        *("af_one:nan", "+".join(["af_one"] * 5)),
    ],
)
def test_a_mix_of_nothing_is_refused(speaker: str, voice: KokoroSynthesizer) -> None:
    with pytest.raises(BadStyle, match="speaker"):
        voice.plan("Tea.", Style(speaker=speaker))


def test_each_sound_of_the_sentence_has_its_frames(voice: KokoroSynthesizer) -> None:
    [segment] = voice.plan("The kettle is on.", Style())
    frames = voice.durations(segment)
    assert len(frames) == len(segment.ids) and min(frames) >= 1
    sound = np.concatenate([chunk.samples for chunk in voice.speak(segment)])
    assert len(sound) <= sum(frames) * FRAME
    same = replace(segment, durations=frames)
    np.testing.assert_array_equal(
        np.concatenate([chunk.samples for chunk in voice.speak(same)]), sound
    )


@pytest.mark.parametrize(
    ("language", "text", "signs"),
    [
        ("en_US", "Nine boys.", "nˈIn bˈYz."),
        ("en_GB", "Nine boats.", "nˈIn bˈQts."),
        ("es", "Mucho gusto.", "mˈuʧo ɣˈusto."),
        ("fr_FR", "Bonjour.", "bɔ̃ʒˈuʁ."),
        ("it_IT", "Grazie.", "ɡɾˈaʦje."),
        ("pt_BR", "Bom dia.", "bˈõn ʤˈiʲɐ."),
        ("hi_IN", "नमस्ते।", "nəmˈʌsteː."),
    ],
)
def test_a_language_is_read_in_the_models_own_signs(language: str, text: str, signs: str) -> None:
    front = open_front_end(language)
    [sentence] = front.sentences(text)
    assert front.phonemes(sentence) == signs


def test_sounds_of_two_signs_are_one() -> None:
    assert one_sign("ˈaɪ dʒ tʃ eɪ oʊ") == "ˈI ʤ ʧ A O"


def test_a_language_that_nobody_reads_is_refused() -> None:
    with pytest.raises(BadRecord, match="de_DE"):
        open_front_end("de_DE")
