"""What a daemon makes of figures and signs, and tells of it, by the socket."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.config import Config
from edge.protocol import (
    MAX_EXPLAINED,
    AudioChunk,
    AudioStop,
    AudioWord,
    ErrorReply,
    Explain,
    Explained,
    Pronounced,
    Pronunciation,
    Pronunciations,
    Reply,
    Status,
    StatusReport,
    Synthesize,
)
from edge.protocol.requests import Normalize
from edge.synth.tone import RATE
from tests.helpers.daemon_under_test import ThreadDaemon

TEXT = "**Pay** $5 — on 3/4/2026 • or 20% more!"


def _words(daemon: ThreadDaemon, text: str, normalize: Normalize) -> list[str]:
    with daemon.connect() as wire:
        wire.send(Synthesize(text, words=True, normalize=normalize))
        replies: list[Reply] = wire.until(AudioStop)
    return [text[r.text_start : r.text_end] for r in replies if isinstance(r, AudioWord)]


@pytest.mark.parametrize("normalize", ["on", "off"])
def test_words_and_white_space_are_the_whole_text(
    daemon: ThreadDaemon, normalize: Normalize
) -> None:
    assert "".join("".join(_words(daemon, TEXT, normalize)).split()) == "".join(TEXT.split())


def test_marks_belong_to_their_words(daemon: ThreadDaemon) -> None:
    words = _words(daemon, "See [so it](https://so.org/it), **now**.", "on")
    assert words == ["See", "[so", "it](https://so.org/it),", "**now**."]


@pytest.mark.parametrize(
    ("text", "pauses"),
    [("One, two three.", 0), ("One. Two.", 1), ("- One\n- Two", 1), ("One.\n\nTwo. Three", 3)],
)
def test_sentences_and_paragraphs_are_apart_by_as_much_as_was_asked(
    daemon: ThreadDaemon, text: str, pauses: int
) -> None:
    def seconds(pause: float | None) -> float:
        with daemon.connect() as wire:
            wire.send(Synthesize(text, pause=pause))
            replies = wire.until(AudioStop)
        return sum(len(r.payload) for r in replies if isinstance(r, AudioChunk)) / 2 / RATE

    assert seconds(0.5) - seconds(None) == pytest.approx(0.5 * pauses, abs=1e-3)


def test_a_text_is_explained_without_being_spoken(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Explain(" It is **so**."))
        explained = wire.until(Explained)[-1]
        assert isinstance(explained, Explained)
        assert explained.spoken == "It is so."
        change, _ = explained.changes
        assert (change.start, change.end, change.written) == (7, 9, "**")
        assert (change.said, change.rule) == ("", "markdown")
        assert explained.sentences[0].text == "It is so."
        wire.send(Explain("It is **so**.", normalize="off"))
        explained = wire.until(Explained)[-1]
        assert isinstance(explained, Explained) and explained.spoken == "It is **so**."
        wire.send(Explain("...", voice="nobody"))
        refused = wire.until(ErrorReply)[-1]
        assert isinstance(refused, ErrorReply) and refused.code == "unknown-voice"


def test_the_longest_text_of_changes_is_one_answer(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Explain("`a` " * (MAX_EXPLAINED // 4)))
        explained = wire.until(Explained)[-1]
        assert isinstance(explained, Explained) and len(explained.changes) == MAX_EXPLAINED // 2


def test_a_long_lexicon_is_told_in_pieces(tmp_path: Path, tone_bundle: Bundle) -> None:
    lexicon = tmp_path / "words.yaml"
    words = [f"Word{n}" for n in range(250)]
    rows = "".join(f"      {word}: other {n}\n" for n, word in enumerate(words))
    lexicon.write_text(f"languages:\n  en:\n    say:\n{rows}  de_DE:\n    ipa: {{Köln: kœln}}\n")
    config = Config(lexicon=str(lexicon))
    daemon = ThreadDaemon(tmp_path / "edge.sock", [tone_bundle], config=config)
    told: list[Pronunciation] = []
    with daemon.connect() as wire:
        while True:
            wire.send(Pronunciations(first=len(told)))
            answer = wire.until(Pronounced)[-1]
            assert isinstance(answer, Pronounced) and answer.total == 251
            if not answer.entries:
                break
            told += answer.entries
    daemon.stop()
    assert [entry.word for entry in told] == [*words, "Köln"]
    assert told[7] == Pronunciation("en", "Word7", "say", "other 7")
    assert told[-1] == Pronunciation("de_DE", "Köln", "ipa", "kœln")


def test_the_status_counts_what_no_voice_could_read(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Status())
        report = wire.until(StatusReport)[-1]
        assert isinstance(report, StatusReport) and report.counters["unread"] == 0
