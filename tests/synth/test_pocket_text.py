"""Texts as Pocket TTS reads them: as Kyutai's own package prepares, cuts and numbers them. 1 s."""

from __future__ import annotations

import pytest

from edge import records
from edge.bundler.export.pocket.layout import read_layout, sizes_of
from edge.bundler.export.pocket.numbers import settings_of
from edge.bundler.export.pocket.vocabulary import read_vocabulary
from edge.errors import EmptyText, TextTooLong
from edge.synth.pocket.preparation import LONGEST, MOST_TOKENS, chunks, frames_after, prepare
from edge.synth.pocket.segments import cut, most_frames
from edge.synth.pocket.settings import Preparation, Settings
from edge.synth.pocket.tokenizer import Tokenizer, Vocabulary
from tests.helpers.kept_pocket import KINDS, texts, unpack

Reader = tuple[Tokenizer, Settings]


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reader]:
    found = {}
    for kind in KINDS:
        files, _ = unpack(kind, tmp_path_factory.mktemp(kind))
        layout = read_layout(files["config"])
        sizes = sizes_of(layout, kind)
        vocabulary = read_vocabulary(files["tokenizer"], sizes.rows - 1)
        kept = records.parse_json(records.dump_json(vocabulary), Vocabulary, kind)
        found[kind] = Tokenizer(kept), settings_of(layout, sizes)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_is_read_as_the_official_package_reads_it(
    kind: str, readers: dict[str, Reader]
) -> None:
    tokenizer, settings = readers[kind]
    for text, official in texts(kind):
        if any(len(ids) > LONGEST for _, ids, _ in official):
            continue  # ours are cut between words
        ours = [
            [chunk, tokenizer.encode(chunk), frames_after(chunk, settings.text)]
            for chunk in chunks(text, tokenizer, settings.text)
        ]
        assert ours == official, text


def test_ids_are_a_text_again(readers: dict[str, Reader]) -> None:
    for tokenizer, _ in readers.values():
        for text, _ in texts("lsd"):
            assert tokenizer.decode(tokenizer.encode(text)) == text
        assert tokenizer.encode("") == []


def test_a_long_sentence_without_marks_is_cut_between_words(readers: dict[str, Reader]) -> None:
    tokenizer, settings = readers["pointwise"]
    words = "the quick brown fox jumps over the lazy dog and runs " * 5
    made = chunks(words, tokenizer, settings.text)
    assert len(made) > 1
    assert all(len(tokenizer.encode(chunk)) <= MOST_TOKENS + 8 for chunk in made)
    assert " ".join(made).replace(".", "").lower().split() == words.split()
    with pytest.raises(TextTooLong, match="one word has"):
        cut("qz" * 150, tokenizer, settings)
    with pytest.raises(EmptyText):
        cut("...", tokenizer, settings)


def test_a_checkpoint_says_how_texts_must_look() -> None:
    plain = Preparation(capital=False, end_mark=False)
    assert prepare("a; b", plain) == "a; b"
    assert prepare("a; b", Preparation(commas_for_semicolons=True)) == "A, b."
    assert prepare("hi", Preparation(spaces_before_short=8)) == " " * 8 + "Hi."
    assert prepare("“”", Preparation(replace={"“": "", "”": ""})) == ""
    assert frames_after("One two three four.", plain) == 5
    assert frames_after("One two three four five.", plain) == 3
    assert frames_after("One.", Preparation(frames_after=1)) == 1


def test_frames_are_limited_by_the_text(readers: dict[str, Reader]) -> None:
    _, settings = readers["pointwise"]
    assert most_frames(3, settings) == 38  # of 80 ms: 1 s for 3 tokens, and 2 s
    assert most_frames(50, settings) == 234


@pytest.mark.parametrize("kind", KINDS)
def test_each_word_has_its_ids(kind: str, readers: dict[str, Reader]) -> None:
    tokenizer, settings = readers[kind]
    text = "‘Well’ — the 3.5 litre kettle (it's old), is on! Who—if anybody—cares? " * 2
    pieces = cut(text, tokenizer, settings)
    named = [text[w.text_start : w.text_end] for piece in pieces for w in piece.words]
    assert named == [word for word in text.split() if any(map(str.isalnum, word))]
    for piece in pieces:
        ends = [0]
        for span in piece.words:
            assert ends[-1] <= span.first < span.last <= len(piece.ids)
            spoken = tokenizer.decode(piece.ids[span.first : span.last])
            letters = "".join(filter(str.isalnum, text[span.text_start : span.text_end]))
            assert "".join(filter(str.isalnum, spoken)).lower() == letters.lower()
            ends.append(span.last)
