"""Text to ids and segments, with a small vocabulary of the released kind. 1 s."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.errors import BundleDamaged, TextTooLong
from edge.synth.cosyvoice3.segments import cut, most_tokens
from edge.synth.cosyvoice3.settings import read_settings
from edge.synth.cosyvoice3.tokenizer import TextTokenizer
from edge.text.cutting import MAX_TOKENS
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
    assert tokenizer.prefix[-1] == 256 + 9 + 3
    assert tokenizer.prefix.count(tokenizer.prefix[-1]) == 1


def test_ids_that_files_disagree_about_are_refused(tmp_path: Path) -> None:
    bundle = make(tmp_path, wrong=2)
    with pytest.raises(BundleDamaged, match="has the id"):
        TextTokenizer(bundle, read_settings(bundle))


def letters(text: str) -> tuple[int, ...]:
    """Stands for a tokenizer: an id for each character but spaces."""
    return tuple(ord(c) for c in text if c != " ")


def test_a_segment_is_as_long_as_its_sound_may_be() -> None:
    assert most_tokens(25, 1.0) == 35 and most_tokens(25, 2.0) == 71
    assert most_tokens(200, 3.0) == MAX_TOKENS  # a model that speaks slowly in tokens


def test_short_sentences_share_a_segment_and_long_ones_are_cut_at_clauses() -> None:
    text = "One two. Three four. " + "this part is rather long, " * 3 + "the end."
    pieces = cut(text, letters, 25, 1.0)
    assert text[pieces[0].start : pieces[0].end] == "One two. Three four."
    assert all(len(piece.ids) <= 35 for piece in pieces)
    assert all(text[piece.end - 1] in ",." for piece in pieces)
    assert "".join(text[p.start : p.end] for p in pieces).replace(" ", "") == text.replace(" ", "")


def test_a_script_without_spaces_is_cut_too() -> None:
    text = "\u6f22\u5b57" * 50
    pieces = cut(text, letters, 25, 1.0)
    assert "".join(text[p.start : p.end] for p in pieces) == text and len(pieces) == 3


def test_one_word_beyond_the_limit_is_refused_with_its_length() -> None:
    with pytest.raises(TextTooLong, match=r"40 text tokens, about 11 s.* 35 tokens, 10 s"):
        cut("short " + "x" * 40, letters, 25, 1.0)
    with pytest.raises(TextTooLong, match="22 s"):
        cut("x" * 40, letters, 25, 0.5)


def test_words_are_where_their_ids_are() -> None:
    text = "ab cde, f."
    [piece] = cut(text, letters, 25, 1.0)
    assert [(text[w.text_start : w.text_end], w.first, w.last) for w in piece.words] == [
        ("ab", 0, 2),
        ("cde,", 2, 6),
        ("f.", 6, 8),
    ]
