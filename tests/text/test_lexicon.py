"""The owner's pronunciations: whole words, their case, mistakes with their place, and their way
through a daemon that speaks. 5 s, of which the real voice takes 3."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import synth
from edge.bundle import Bundle
from edge.cli import run
from edge.config import Config
from edge.daemon.reloading import read_lexicon
from edge.errors import BadRecord
from edge.protocol import (
    AudioChunk,
    AudioStop,
    AudioWord,
    ErrorReply,
    Reload,
    Reloaded,
    Status,
    StatusReport,
    Synthesize,
)
from edge.synth import Style
from edge.text.alphabets import UnknownSign, to_own
from edge.text.inline_phonemes import phonemize_given
from edge.text.lexicon import MAX_ENTRIES, Lexicon, Speller, Words, load_lexicon
from edge.text.markup import Phonemes
from edge.voice import load_voice
from tests.helpers.daemon_under_test import ThreadDaemon, Wire

SAID = {"Polish": "POLE", "us": "ass", "US": "you ess", "art": "X", "AT&T": "A T", "can": "ken",
        "C++": "see", "C": "sea", "Nguyen": "win nam", "é": "eh"}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Polish polish POLISH", "POLE polish POLISH"),
        ("us, Us. US!", "ass, ass. you ess!"),
        ("art party art's start ARTS Art-art", "X party X's start ARTS X-X"),
        ("can can't CAN’T can's", "ken can't CAN’T ken's"),
        ("AT&T, at&t; AT&TX", "A T, at&t; AT&TX"),
        ("C++ C C+ (C++)", "see sea sea+ (see)"),
        ("Nguyen", "win nam"),
        ("é e\u0301 É", "eh e\u0301 eh"),
        ("", ""),
        ("_us us_ 1us", "_us us_ 1us"),
    ],
)
def test_whole_words_and_their_case(text: str, read: str) -> None:
    assert Speller(SAID).respell(text).text == read


@given(st.lists(st.sampled_from([*SAID, "party", "x", ",", "'s", " ", "  ", "-"])))
def test_every_stretch_is_found_in_the_text_before(parts: list[str]) -> None:
    text = "".join(parts)
    read = Speller(SAID).respell(text)
    assert read.before(0, len(read.text)) == (0, len(text))
    last = 0
    for place, character in enumerate(read.text):
        start, end = read.before(place, place + 1)
        assert last <= start < end <= len(text)
        assert text[start:end] == character or end - start > 1 or text[start:end] in SAID
        last = start


def test_a_country_goes_before_its_language_and_phonemes_before_a_respelling() -> None:
    lexicon = Lexicon(
        languages={
            "en": Words(say={"z": "zed", "a": "ay"}, phonemes={"a": "ˈeɪ", "b": "bˈiː"}),
            "en_US": Words(say={"z": "zee"}),
            "de": Words(say={"z": "zett"}),
        }
    )
    assert lexicon.speller("en_US", phonemes=False).respell("z a b").text == "zee ay b"
    assert lexicon.speller("en_GB", phonemes=True).respell("z a b").text == "zed [[ˈeɪ]] [[bˈiː]]"
    assert lexicon.speller("fr_FR", phonemes=True).respell("z a b").text == "z a b"
    assert lexicon.strange("en_US", "ˈeɪbiː".__contains__) is None
    assert lexicon.strange("en_US", "ˈeɪb".__contains__) == "languages.en.phonemes.b: 'i'"


def test_ipa_serves_every_family_and_names_may_have_spaces() -> None:
    lexicon = Lexicon(
        languages={"en": Words(say={"Des Moines": "duh moin"}, ipa={"Des Moines": "dəˈmɔɪn"})}
    )
    assert lexicon.speller("en_US", phonemes=False).respell("in Des Moines").text == "in duh moin"

    def sounds(given: Phonemes) -> str:
        return to_own(given.sounds, given.alphabet, "misaki", "en_US")

    heart = lexicon.speller("en_US", phonemes=True, sounds=sounds)
    assert heart.respell("in Des Moines's").text == "in [[dəmˈYn]]'s"

    def none(given: Phonemes) -> str:
        raise UnknownSign("ɔ")

    assert lexicon.strange("en_US", str.isalpha, none) == "languages.en.ipa.Des Moines: 'ɔ'"


@pytest.mark.parametrize("language", ["en", "en_US", "es_419", "zh_Hant_TW", "gsw"])
def test_every_language_that_a_voice_may_have_may_have_words(language: str) -> None:
    assert dataclasses.replace(load_voice("en_US-joe-medium"), language=language)
    lexicon = Lexicon(languages={language: Words(say={"a": "b"})})
    assert lexicon.speller(language, phonemes=False).respell("a").text == "b"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("en: {}", "unknown key 'en'; known here: format, languages"),
        ("format: 2", "the file has format 2"),
        ("languages: {english: {}}", "languages: 'english' is not like en or en_US"),
        ("languages: {en: {says: {}}}", "languages.en: unknown key 'says'"),
        ("languages: {en: {say: {a: 1}}}", "languages.en.say.a: expected text, got 1"),
        ("languages: {en: {say: {no: now}}}", "languages.en.say: expected text, got False"),
        ("languages: {en: {say: {New  York: x}}}", "languages.en: 'New  York' is no word"),
        ("languages: {en: {ipa: {a: 'b5'}}}", "ipa.a: 1 to 100 signs of IPA; '5'"),
        ("languages: {en: {say: {'': x}}}", "languages.en: '' is no word"),
        (f"languages: {{en: {{say: {{{'x' * 65}: x}}}}}}", "is no word"),
        ("languages: {en: {say: {a: 'b. c'}}}", "say.a: a respelling is letters"),
        ("languages: {en: {say: {a: ''}}}", "say.a: a respelling is letters"),
        (f"languages: {{en: {{say: {{a: {'x' * 201}}}}}}}", "at most 200 characters"),
        ("languages: {en: {phonemes: {a: 'b]]'}}}", "phonemes.a: 1 to 100 phonemes"),
        ("languages: {en: {phonemes: {a: 'b c'}}}", "phonemes.a: 1 to 100 phonemes"),
        ("languages: {en: {say: {a: b, a: c}}}", "key 'a' again"),
        ("languages: {en: {say: {" + ", ".join(f"a{n}: b" for n in range(MAX_ENTRIES + 1)) + "}}}",
         "2,001 entries; the limit is 2,000"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "lexicon.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadRecord) as raised:
        load_lexicon(path)
    assert place in raised.value.message and str(path) in raised.value.message


# Through a daemon


class Owner:
    """Writes the lexicon; the daemon reads it."""

    def __init__(self, folder: Path, bundle: Bundle) -> None:
        self.path, self._bundle = folder / "lexicon.yaml", bundle
        self.config = Config(lexicon=str(self.path))

    def write(self, say: str) -> None:
        self.path.write_text(f"languages: {{zxx: {{say: {say}}}}}", encoding="utf-8")

    def read(self) -> tuple[list[Bundle], Config]:
        return [self._bundle], self.config


@pytest.fixture
def owner(tmp_path: Path, tone_bundle: Bundle) -> Owner:
    made = Owner(tmp_path, tone_bundle)
    made.write("{}")
    return made


@pytest.fixture
def running(tmp_path: Path, owner: Owner) -> Iterator[ThreadDaemon]:
    daemon = ThreadDaemon(tmp_path / "edge.sock", owner.read()[0], owner.read)
    yield daemon
    daemon.stop()


TEXT = "Hello Nguyen, this is us."


def heard(wire: Wire) -> tuple[bytes, list[str]]:
    """The sound of TEXT, and the words as they are told."""
    wire.send(Synthesize(TEXT, words=True))
    replies = wire.until(AudioStop)
    sound = b"".join(r.payload for r in replies if isinstance(r, AudioChunk))
    words = [TEXT[r.text_start : r.text_end] for r in replies if isinstance(r, AudioWord)]
    return sound, words


def reload(wire: Wire) -> tuple[str, ...]:
    wire.send(Reload())
    answer = wire.until(Reloaded)[-1]
    assert isinstance(answer, Reloaded), answer
    return answer.changed


def test_it_is_taken_at_a_reload_and_the_words_stay_the_clients(
    running: ThreadDaemon, owner: Owner
) -> None:
    with running.connect() as wire:
        plain = heard(wire)
        owner.write("{Nguyen: win nam trio}")
        assert reload(wire) == ("lexicon is changed", "the lexicon has 1 entries")
        respelled = heard(wire)
        assert len(respelled[0]) > len(plain[0])  # two words more
        assert respelled[1] == plain[1] == TEXT.split()
        owner.write("{Nguyen: abc}")
        assert reload(wire) == ("the lexicon has 1 entries",)
        shorter = heard(wire)  # not what was kept of before
        assert shorter[0] not in (plain[0], respelled[0]) and shorter[1] == TEXT.split()
        owner.write("{other: x}")
        reload(wire)
        assert heard(wire) == plain


def test_a_mistake_changes_nothing_and_is_told(running: ThreadDaemon, owner: Owner) -> None:
    with running.connect() as wire:
        owner.write("{us: a b c}")
        reload(wire)
        before = heard(wire)
        owner.write("{us: 1}")
        wire.send(Reload())
        answer = wire.receive()
        assert isinstance(answer, ErrorReply) and answer.code == "bad-record"
        assert f"{owner.path}: languages.zxx.say.us: expected text" in answer.text
        wire.send(Status())
        report = wire.receive()
        assert isinstance(report, StatusReport)
        assert any("changed nothing" in warning for warning in report.warnings)
        assert heard(wire) == before


def test_edge_config_counts_it_and_finds_mistakes(
    tmp_path: Path, owner: Owner, tone_bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        f"lexicon: {owner.path}\nbundles: [{tone_bundle.path}]\nany_board: true\n",
        encoding="utf-8",
    )
    owner.write("{a: b, c: d}")
    assert run(["config", "--config", str(path)]) == 0
    shown = capsys.readouterr().out
    assert f"{owner.path}: 2 entries" in shown and f"{path}:1" in shown
    owner.path.unlink()
    assert run(["config", "--config", str(path)]) == 1
    assert "lexicon.yaml: No such file" in capsys.readouterr().err


# Phonemes


def test_given_phonemes_take_the_words_place_and_no_more() -> None:
    def letters(text: str) -> list[list[str]]:
        return [list(sentence) for sentence in text.split("|")]

    assert phonemize_given("no [[ABC]], go|[[D]]'s x", letters) == [
        list("no ABC, go"),
        list("D's x"),
    ]
    said = phonemize_given("zizzag [[A]]", letters)  # a word of the text's own
    assert said == [list("zizzag A")]
    unread = phonemize_given("x [[BC]] y", lambda text: [[c for c in text if c in "xy"]])
    assert unread == [["x"], ["B", "C"], ["y"]]  # no way to read what stands in


def test_the_real_voice_says_what_was_given(joe_bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "lexicon.yaml"
    words = "{phonemes: {Leicester: wˈuːstɚ}}"
    path.write_text(f"languages: {{en: {words}}}", encoding="utf-8")
    lexicon = read_lexicon(Config(lexicon=str(path)), [joe_bundle])
    voice = synth.load(joe_bundle)
    text = "Take the road to Leicester, please. Leicester's nice!"
    read = lexicon.speller("en_US", bool(synth.phonemes(joe_bundle))).respell(text)
    given, usual = voice.plan(read.text, Style(), True), voice.plan(text, Style(), True)
    assert len(given) == len(usual) == 2
    known = voice.config.phoneme_id_map  # type: ignore[attr-defined]
    for segment, plain in zip(given, usual, strict=True):
        ids = [i for i in segment.ids if i != known["_"][0]]
        sounds = [known[p][0] for p in "wˈuːstɚ"]
        places = [n for n in range(len(ids)) if ids[n : n + len(sounds)] == sounds]
        assert len(places) == 1
        marks = {known[p][0] for p in ",.!"}
        assert [i for i in segment.ids if i in marks] == [i for i in plain.ids if i in marks]
        spans = [read.before(word.text_start, word.text_end) for word in segment.words]
        assert spans == [(word.text_start, word.text_end) for word in plain.words]
    path.write_text(f"languages: {{en: {words.replace('uː', '☃')}}}", encoding="utf-8")
    with pytest.raises(BadRecord, match=r"phonemes\.Leicester: '☃' is no phoneme of en_US-joe"):
        read_lexicon(Config(lexicon=str(path)), [joe_bundle])
