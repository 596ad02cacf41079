"""Text to ids and segments, with a small vocabulary of the released kind. 1 s."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.errors import BundleDamaged, TextTooLong
from edge.synth.cosyvoice3.punctuation import finished
from edge.synth.cosyvoice3.segments import MOST_TOKENS, cut
from edge.synth.cosyvoice3.settings import read_settings
from edge.synth.cosyvoice3.tokenizer import TextTokenizer
from tests.helpers.packed import cosyvoice3_numbers, pack, write_tokenizer


def make(folder: Path, wrong: int = 0) -> Bundle:
    special = {text: id + wrong for text, id in write_tokenizer(folder).items()}
    config = json.dumps(cosyvoice3_numbers(special))
    (folder / "config.json").write_text(config, encoding="utf-8")
    return pack(folder, "cosyvoice3", 24_000)


@pytest.fixture
def tokenizer(tmp_path: Path) -> TextTokenizer:
    bundle = make(tmp_path)
    return TextTokenizer(bundle, read_settings(bundle))


def words(tokenizer: TextTokenizer, text: str) -> list[str]:
    return [tokenizer._bpe.id_to_token(id) for id in tokenizer.encode(text)]


def test_pairs_are_merged_within_a_word_only(tokenizer: TextTokenizer) -> None:
    assert words(tokenizer, "hello hell") == ["hello", "Ġ", "hell"]
    assert words(tokenizer, "the end") == ["t", "he", "Ġ", "e", "n", "d"]


def test_every_byte_has_an_id(tokenizer: TextTokenizer) -> None:
    text = "né 漢字 \U0001f600\n"
    ids = tokenizer.encode(text)
    assert len(ids) == len(text.encode()) and max(ids) < 256


def test_digits_stand_alone_and_letters_are_normalised(tokenizer: TextTokenizer) -> None:
    assert words(tokenizer, "12") == ["1", "2"]
    assert tokenizer.encode("e\u0301") == tokenizer.encode("\u00e9")  # NFC


def test_sounds_are_one_token_and_controls_are_words(tokenizer: TextTokenizer) -> None:
    assert words(tokenizer, "a[breath]b") == ["a", "[breath]", "b"]
    said = words(tokenizer, "a<|endofprompt|>b")
    assert "<|endofprompt|>" not in said and len(said) > 3
    assert tokenizer.prefix()[-1] == 256 + 9 + 3
    assert tokenizer.prefix().count(tokenizer.prefix()[-1]) == 1


def test_ids_that_files_disagree_about_are_refused(tmp_path: Path) -> None:
    bundle = make(tmp_path, wrong=2)
    with pytest.raises(BundleDamaged, match="has the id"):
        TextTokenizer(bundle, read_settings(bundle))


def letters(text: str) -> tuple[int, ...]:
    """Stands for a tokenizer: an id for each character but spaces."""
    return tuple(ord(c) for c in text if c != " ")


def test_how_to_speak_stands_in_the_prefix(tokenizer: TextTokenizer) -> None:
    plain, told = tokenizer.prefix(), tokenizer.prefix("speak<|endofprompt|> softly")
    assert told[: len(plain) - 1] == plain[:-1] and told[-1] == plain[-1]
    assert told.count(plain[-1]) == 1 and len(told) > len(plain)


def test_short_sentences_share_a_segment_and_long_ones_stay_whole() -> None:
    text = "One two. Three four. " + "this part is rather long, " * 3 + "the end."
    pieces = cut(text, letters)
    assert [text[piece.start : piece.end] for piece in pieces] == [
        "One two. Three four.",
        text[21:],
    ]


def test_a_sentence_beyond_the_limit_is_cut_at_clauses() -> None:
    text = "this part is rather long, " * 6 + "the end"
    pieces = cut(text, letters)
    assert all(len(piece.ids) <= MOST_TOKENS + 1 for piece in pieces) and len(pieces) == 2
    assert chr(pieces[0].ids[-1]) == "," and chr(pieces[-1].ids[-1]) == "."
    assert "".join(text[p.start : p.end] for p in pieces).replace(" ", "") == text.replace(" ", "")


def test_a_script_without_spaces_is_cut_at_its_full_stops_and_else_anywhere() -> None:
    text = "\u6f22\u5b57\u3002" * 20
    assert all(text[p.end - 1] == "\u3002" and p.end - p.start <= 35 for p in cut(text, letters))
    text = "\u6f22\u5b57" * 50
    pieces = cut(text, letters)
    assert "".join(text[p.start : p.end] for p in pieces) == text and len(pieces) == 2
    assert [chr(piece.ids[-1]) for piece in pieces] == ["\uff0c", "\u3002"]


def test_one_word_beyond_the_limit_is_refused_with_its_length() -> None:
    with pytest.raises(TextTooLong, match=r"90 text tokens; the limit for one segment is 80"):
        cut("short " + "x" * 90, letters)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Hello", "Hello."),
        ("Hello, ", "Hello."),
        ("Is it?", "Is it?"),
        ('She said "yes"', 'She said "yes".'),
        ('She said "yes."', 'She said "yes."'),
        ("你好，世界", "你好，世界。"),
        ("你好 世界,", "你好世界。"),
        ("我用 Open AI（软件）3.5 版", "我用Open AI软件3.5版。"),
        ("面积5米². 好", "面积5米平方。好。"),
        ("[[j.ǐ]]予好评", "[[j.ǐ]]予好评。"),
        ("カタカナ", "カタカナ."),
    ],
)
def test_a_segment_is_written_as_the_model_was_trained(written: str, read: str) -> None:
    assert finished(written) == read


def test_words_are_where_their_ids_are() -> None:
    text = "ab cde, f."
    [piece] = cut(text, letters)
    assert [(text[w.text_start : w.text_end], w.first, w.last) for w in piece.words] == [
        ("ab", 0, 2),
        ("cde,", 2, 6),
        ("f.", 6, 8),
    ]
