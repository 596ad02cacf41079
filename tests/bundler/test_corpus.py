"""The sentences: disjoint, speakable, and with every sound of the language. Under 1 s."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from edge.bundler import corpus
from edge.errors import BadRecord, MissingPackage, UnknownVoice
from edge.synth.piper.foreign import espeak_name
from edge.synth.piper.phonemizers import open_phonemizer

REPOSITORY = Path(__file__).parents[2]
WRITTEN = ("de", "en", "es", "fr")
"""All of their sentences were written for this; the others' are mostly the Declaration's."""
CATALOGUE = """
    ar bg bn ca cs cy da de el en es et eu fa fi fr he hi hu hy id is it ja ka kk ko ku lb lv ml mr
    ne nl no pl pt ro ru sk sl sq sr sv sw te th tr uk ur vi zh
"""
LANGUAGES = tuple(CATALOGUE.split())
SIZES = {"calibration": 15, "evaluation": 10}
NOT_ESPEAK = {"zh": "pinyin", "ja": "japanese", "th": "thai", "he": "hebrew"}
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
        assert line[-1] in ".?!;؟۔।։。！？" or language == "th", line
        assert line.isascii() or language != "en", line
        # A surprise such as a soft hyphen or a curly quote reaches only some phonemizers.
        strange = [c for c in line if not (c.isalnum() or unicodedata.category(c)[0] == "M")]
        marks = (
            " .,;:?!'-¿¡" if language in WRITTEN else " .,;:?!'’-–؟،؛۔।։՝՞՜՛՚、。，；！？・\u200c·"
        )
        assert set(strange) <= set(marks), line


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_in_both_sets_or_twice(language: str) -> None:
    both = corpus.sentences("calibration", language) + corpus.sentences("evaluation", language)
    assert [line for line, count in Counter(map(str.casefold, both)).items() if count > 1] == []


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each not in NOT_ESPEAK])
def test_espeak_reads_every_sentence_in_its_own_language(language: str) -> None:
    from piper.phonemize_espeak import EspeakPhonemizer

    phonemizer = EspeakPhonemizer()
    for purpose in SIZES:
        for line in corpus.sentences(purpose, language):  # type: ignore[arg-type]
            sounds = "".join(map("".join, phonemizer.phonemize(espeak_name(language), line)))
            letters = sum(c.isalpha() for c in sounds)
            assert letters >= sum(c.isalpha() for c in line) / 4, (line, sounds)
            # espeak names letters of a script that it does not know, in English.
            assert "lˈɛtə" not in sounds or language == "en", (line, sounds)


@pytest.mark.parametrize("language", NOT_ESPEAK)
def test_another_phonemizer_reads_every_sentence_or_says_what_it_needs(language: str) -> None:
    from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

    config = {
        "audio": {"sample_rate": 22050}, "num_symbols": 256, "num_speakers": 1, "inference": {},
        "phoneme_id_map": DEFAULT_PHONEME_ID_MAP, "espeak": {"voice": language},
        "phoneme_type": NOT_ESPEAK[language],
    }  # fmt: skip
    try:
        phonemizer = open_phonemizer(config)
    except MissingPackage as missing:
        assert language != "he", "piper-tts brings all that Hebrew needs"
        assert f"phonemizer ({NOT_ESPEAK[language]}) needs" in missing.message
        assert f"[piper-{language}]" in missing.remedy or "Unpack there" in missing.remedy
        return
    for purpose in SIZES:
        for line in corpus.sentences(purpose, language):  # type: ignore[arg-type]
            assert sum(map(len, phonemizer.phonemize(line))) >= len(line) / 2, line


def test_a_phonemizer_that_piper_does_not_know_is_named() -> None:
    with pytest.raises(BadRecord, match="phoneme_type is 'runes'; there are espeak, text"):
        open_phonemizer({"phoneme_type": "runes"})


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
    with pytest.raises(UnknownVoice, match=r"'eo_XX'; there are ar, bg, .*, zh") as info:
        corpus.sentences("calibration", "eo_XX")
    assert "calibration.CODE.txt" in info.value.remedy


def test_the_page_has_a_row_for_each_language_with_its_phonemizer_and_its_sentences() -> None:
    page = (REPOSITORY / "docs/use/languages.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    table = {row[0]: (row[3].split()[0], row[4]) for row in rows if len(row[0]) == 2}
    sizes = {"en": "60 + 40"}
    assert table == {
        language: (NOT_ESPEAK.get(language, "espeak"), sizes.get(language, "15 + 10"))
        for language in LANGUAGES
    }
