"""The sentences: disjoint, speakable, and with every sound of the language. Under 1 s."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest

from edge.bundler import corpus
from edge.errors import UnknownVoice

LANGUAGES = ("de", "en", "es", "fr")
SIZES = {"calibration": 15, "evaluation": 10}
ENGLISH_SIZES = {"calibration": 60, "evaluation": 40}

# espeak-ng's American English, as the Piper voices spell it: a calibration that lacks one of these
# leaves the ranges of its activations to chance.
EN_US = """
    p b t d k ɡ f v θ ð s z ʃ ʒ h tʃ dʒ m n ŋ l ɹ j w ɾ ʔ n̩ ɪ ᵻ ɛ æ ʌ ʊ ə ɐ ɚ i iː uː ɑː ɔː ɜː
    eɪ aɪ ɔɪ aʊ oʊ ɑːɹ ɔːɹ ɛɹ ɪɹ ʊɹ əl
"""


def test_both_sets_exist_for_the_same_languages() -> None:
    assert corpus.languages("calibration") == corpus.languages("evaluation") == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", ["calibration", "evaluation"])
def test_sentences_are_clean(purpose: corpus.Purpose, language: str) -> None:
    lines = corpus.sentences(purpose, language)
    assert len(lines) == (ENGLISH_SIZES if language == "en" else SIZES)[purpose]
    for line in lines:
        assert line == " ".join(line.split()), "stray spaces"
        assert line == unicodedata.normalize("NFC", line), "accents must be one code point each"
        assert line[-1] in ".?!", line
        assert line.isascii() or language != "en", line
        # A surprise such as a soft hyphen or a curly quote reaches only some phonemizers.
        assert all(c.isalnum() or c in " .,;:?!'-¿¡" for c in line), line


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_in_both_sets_or_twice(language: str) -> None:
    both = corpus.sentences("calibration", language) + corpus.sentences("evaluation", language)
    assert [line for line, count in Counter(map(str.casefold, both)).items() if count > 1] == []


def test_lengths_spread_from_a_word_to_a_long_breath() -> None:
    for purpose in ENGLISH_SIZES:
        sizes = sorted(map(len, corpus.sentences(purpose, "en")))  # type: ignore[arg-type]
        assert sizes[0] <= 5  # half a second
        assert sizes[len(sizes) // 4] <= 45
        assert sizes[-1] >= 200  # more than ten seconds
        assert sizes[-1] <= 260


def test_the_sets_hold_numbers_questions_and_names() -> None:
    for purpose in ENGLISH_SIZES:
        lines = corpus.sentences(purpose, "en")  # type: ignore[arg-type]
        assert sum(any(c.isdigit() for c in line) for line in lines) >= 5
        assert sum(line.endswith("?") for line in lines) >= 5
        assert any(month in line for line in lines for month in ("January", "March"))


def test_english_calibration_holds_every_phoneme_of_the_voice() -> None:
    from piper.phonemize_espeak import EspeakPhonemizer

    phonemizer = EspeakPhonemizer()
    text = " ".join(
        "".join(phonemes)
        for line in corpus.sentences("calibration", "en")
        for phonemes in phonemizer.phonemize("en-us", line)
    )
    unstressed = text.replace("ˈ", "").replace("ˌ", "")
    rare = {p: unstressed.count(p) for p in EN_US.split() if unstressed.count(p) < 2}
    assert rare == {}


@pytest.mark.parametrize("written", ["en", "en_US", "en-GB", "EN"])
def test_a_locale_means_its_language(written: str) -> None:
    assert corpus.sentences("evaluation", written) == corpus.sentences("evaluation", "en")


def test_an_unknown_language_is_an_error_that_names_the_known() -> None:
    with pytest.raises(UnknownVoice, match=r"'nl_NL'; there are de, en, es, fr") as info:
        corpus.sentences("calibration", "nl_NL")
    assert "calibration.CODE.txt" in info.value.remedy
