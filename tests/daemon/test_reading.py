"""What a daemon makes of figures and signs, and tells of it, by the socket."""

from __future__ import annotations

import pytest

from edge.protocol import (
    MAX_EXPLAINED,
    AudioStop,
    AudioWord,
    ErrorReply,
    Explain,
    Explained,
    Reply,
    Status,
    StatusReport,
    Synthesize,
)
from edge.protocol.requests import Normalize
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


def test_what_became_several_words_is_one_word_of_the_text(daemon: ThreadDaemon) -> None:
    assert "3/4/2026 •" in _words(daemon, TEXT, "on")


def test_a_text_is_explained_without_being_spoken(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Explain(" It is $5."))
        explained = wire.until(Explained)[-1]
        assert isinstance(explained, Explained)
        assert explained.spoken == "It is five dollars."
        [change] = explained.changes
        assert (change.start, change.end, change.written) == (7, 9, "$5")
        assert (change.said, change.rule) == ("five dollars", "money")
        assert explained.sentences[0].text == "It is five dollars."
        wire.send(Explain("It is $5.", normalize="off"))
        explained = wire.until(Explained)[-1]
        assert isinstance(explained, Explained) and explained.spoken == "It is $5."
        wire.send(Explain("...", voice="nobody"))
        refused = wire.until(ErrorReply)[-1]
        assert isinstance(refused, ErrorReply) and refused.code == "unknown-voice"


def test_the_longest_text_of_changes_is_one_answer(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Explain("7 " * (MAX_EXPLAINED // 2)))
        explained = wire.until(Explained)[-1]
        assert isinstance(explained, Explained) and len(explained.changes) == MAX_EXPLAINED // 2


def test_the_status_counts_what_no_voice_could_read(daemon: ThreadDaemon) -> None:
    with daemon.connect() as wire:
        wire.send(Status())
        report = wire.until(StatusReport)[-1]
        assert isinstance(report, StatusReport) and report.counters["unread"] == 0
