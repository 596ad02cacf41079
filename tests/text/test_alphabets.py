"""Phonemes as people write them, in the signs that espeak's and misaki's voices read."""

from __future__ import annotations

import pytest

from edge.text.alphabets import ALPHABETS, UnknownSign, to_ipa, to_own, unknown_sign


@pytest.mark.parametrize(
    ("ipa", "us", "gb", "heart", "british"),
    [
        ("təˈmeɪtoʊ", "təmˈeɪtoʊ", "təmˈeɪtəʊ", "təmˈAtO", "təmˈAtQ"),
        ("bɝd", "bɜːd", "bɜːd", "bɜɹd", "bɜːd"),
        ("ˈlɛtər", "lˈɛtɚ", "lˈɛtəɹ", "lˈɛtəɹ", "lˈɛtəɹ"),
        ("d͡ʒʌd͡ʒ", "dʒʌdʒ", "dʒʌdʒ", "ʤʌʤ", "ʤʌʤ"),
        ("ˈpiːkən", "pˈiːkən", "pˈiːkən", "pˈikən", "pˈiːkən"),
        ("bɔ̃ʒuʁ", "bɔːnʒuːɹ", "bɔːnʒuːɹ", "bɔnʒuɹ", "bɔːnʒuːɹ"),
        ("ˈbʌtn̩", "bˈʌtn̩", "bˈʌtn̩", "bˈʌtᵊn", "bˈʌtᵊn"),
        ("ˈɛks.trə", "ˈɛkstrə".replace("r", "ɹ"), "ˈɛkstɹə", "ˈɛkstɹə", "ˈɛkstɹə"),
    ],
)
def test_ipa_becomes_what_each_voice_reads(
    ipa: str, us: str, gb: str, heart: str, british: str
) -> None:
    assert to_own(ipa, "ipa", "espeak", "en_US") == us
    assert to_own(ipa, "ipa", "espeak", "en_GB") == gb
    assert to_own(ipa, "ipa", "misaki", "en_US") == heart
    assert to_own(ipa, "ipa", "misaki", "en_GB") == british


@pytest.mark.parametrize(
    ("x_sampa", "ipa"),
    [
        ('t@"meIt@U', "təˈmeɪtəʊ"),
        ("bO~ZuR", "bɔ̃ʒuʁ"),
        ('"dZVdZ', "ˈdʒʌdʒ"),
        ("r\\`3`5_j", "ɻɝɫʲ"),
        ('"bVtn=', "ˈbʌtn̩"),
    ],
)
def test_x_sampa_is_ipa_typed_on_a_keyboard(x_sampa: str, ipa: str) -> None:
    assert to_ipa(x_sampa, "x-sampa") == ipa


def test_misaki_is_written_in_ipa() -> None:
    assert to_ipa("təmˈATO ʤˈʌʤ", "misaki") == "təmˈeɪɾoʊ dʒˈʌdʒ"


def test_what_a_keyboard_has_is_taken_for_the_sign() -> None:
    assert to_ipa("t@".replace("@", "ə") + "'mɑ:g", "ipa") == "təˈmɑːɡ"


@pytest.mark.parametrize(
    ("sounds", "alphabet", "sign"),
    [
        ("t5", "ipa", "5"),
        ("təˈ[", "ipa", "["),
        ("ñ", "x-sampa", "ñ"),
        ("a[b", "own", "["),
        ("anything 9", "own", None),
        ("təˈmɑːtoʊ", "ipa", None),
        ("ʃ̃ˑ", "ipa", None),
    ],
)
def test_a_sign_of_no_alphabet_is_named(sounds: str, alphabet: str, sign: str | None) -> None:
    assert unknown_sign(sounds, alphabet) == sign


def test_a_voice_s_own_signs_are_taken_as_they_are_and_checked() -> None:
    assert to_own("hˈO", "own", "misaki", "en_US", frozenset("hˈO")) == "hˈO"
    with pytest.raises(UnknownSign, match="O"):
        to_own("hˈO", "own", "espeak", "en_US", frozenset("hˈo"))


def test_a_sound_that_a_voice_lacks_is_refused_and_a_colour_left_out() -> None:
    known = frozenset("paˈ")
    assert to_own("pʰa", "ipa", "espeak", "xx", known) == "pa"
    with pytest.raises(UnknownSign, match="ʘ"):
        to_own("ʘa", "ipa", "espeak", "xx", known)


def test_every_name_of_an_alphabet_is_read() -> None:
    for alphabet in ALPHABETS.values():
        assert unknown_sign("pa", alphabet) is None
