"""The pure half of the synthesis thread: what is under way, what expires, and whose turn it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.daemon.events import Utterance
from edge.daemon.schedule import AHEAD_S, MAX_CLIENT_JOBS, UNSENT_S, Job, Schedule
from edge.pcm import PcmChunk, Word
from edge.synth import Style
from edge.text.feed import TextFeed


def utterance(
    id: str, to: str = "speaker", text: str | None = "One.", **others: object
) -> Utterance:
    feed = TextFeed() if text is None else TextFeed.whole(text)
    given = {"client": 1, "voice": "tone", "style": Style(), **others}
    return Utterance(id, feed, to=to, **given)  # type: ignore[arg-type]


def scheduled(*accepted: Utterance, silent: bool = True) -> Schedule:
    schedule = Schedule()
    for each in accepted:
        schedule.accept(each)
    schedule.fill(silent)
    return schedule


def buffered(urgent: float = 0.0, other: float = 0.0) -> Callable[[bool], float]:
    return lambda is_urgent: urgent if is_urgent else other


def turn(schedule: Schedule, **seconds: float) -> str | None:
    job = schedule.next_job(buffered(**seconds))
    return None if job is None else job.id


def test_the_sound_card_comes_first_and_urgent_speech_before_the_rest() -> None:
    schedule = scheduled(
        utterance("c", "client"), utterance("n"), utterance("u", priority="urgent")
    )
    assert turn(schedule) == "u"
    assert turn(schedule, urgent=AHEAD_S) == "n"
    assert turn(schedule, urgent=AHEAD_S, other=AHEAD_S) == "c"


def test_background_speech_waits_for_silence() -> None:
    quiet = utterance("b", priority="background")
    assert turn(scheduled(quiet, silent=False)) is None
    assert turn(scheduled(quiet)) == "b"


def test_background_speech_waits_for_urgent_speech_that_makes_no_sound_yet() -> None:
    schedule = scheduled(utterance("b", priority="background"), utterance("u", priority="urgent"))
    assert turn(schedule, urgent=AHEAD_S) is None
    assert schedule.waiting() == 1


def test_who_does_not_read_waits_and_does_not_hold_up_others() -> None:
    schedule = scheduled(utterance("a", "client", client=1), utterance("b", "client", client=2))
    first = schedule.next_job(buffered())
    assert first is not None
    first.reader.unsent_s = UNSENT_S
    assert turn(schedule) == "b"
    schedule.sent(first.utterance.client, 1.0)
    assert turn(schedule) == "a"


def test_a_text_that_is_still_to_come_is_not_counted_as_work() -> None:
    streams = [utterance(str(i), "client", text=None, client=i) for i in range(MAX_CLIENT_JOBS)]
    whole = utterance("whole", "client", client=99)
    assert turn(scheduled(*streams, whole)) == "whole"


def test_a_client_is_served_one_utterance_at_a_time() -> None:
    schedule = scheduled(utterance("a", "client"), utterance("b", "client"))
    assert (turn(schedule), schedule.waiting()) == ("a", 1)
    schedule.end("a")
    schedule.fill(card_is_silent=True)
    assert (turn(schedule), schedule.waiting()) == ("b", 0)


def test_it_may_expire_until_it_sounds() -> None:
    schedule = scheduled(utterance("a", expires=5.0), utterance("b", expires=3.0))
    assert schedule.due() == 3.0
    assert [each.id for each in schedule.stale(9.0)] == ["b", "a"]
    schedule.note_sounding("a")
    assert [each.id for each in schedule.stale(9.0)] == ["b"]
    schedule.end("b")
    assert schedule.due() is None


def test_it_may_be_replaced_until_it_sounds() -> None:
    schedule = scheduled(utterance("a", key="clock"))
    assert [old.id for old in schedule.accept(utterance("b", key="clock"))[1]] == ["a"]
    schedule.note_sounding("a")
    assert [old.id for old in schedule.accept(utterance("c", key="clock"))[1]] == ["b"]


def test_an_id_that_is_used_again_is_another_utterance() -> None:
    schedule = scheduled(utterance("a"))
    before = schedule.next_job(buffered())
    assert before is not None and schedule.is_live(before)
    schedule.end("a")
    schedule.accept(utterance("a"))
    schedule.fill(card_is_silent=True)
    assert not schedule.is_live(before)
    assert schedule.next_job(buffered()) is not before


def test_what_is_made_lives_until_it_is_heard() -> None:
    schedule = scheduled(utterance("a"), utterance("b"))
    job = schedule.next_job(buffered())
    assert job is not None
    schedule.retire(job)
    schedule.fill(card_is_silent=False)
    assert schedule.is_live(job) and turn(schedule) == "b"
    assert [each.id for each in schedule.live()] == ["a", "b"]
    assert schedule.end("a") is job.utterance
    assert schedule.end("a") is None


def test_words_are_told_by_their_place_in_the_whole_utterance() -> None:
    chunk = PcmChunk(np.zeros(1000, np.float32), 1000, (Word(4, 7, 500, 250),))
    [(frame, heard)] = Job(utterance("a", words=True), seconds=2.0).cues(chunk)
    assert (frame, heard.text_start, heard.text_end) == (500, 4, 7)
    assert (heard.start_s, heard.seconds) == (2.5, 0.25)
    assert Job(utterance("a")).cues(chunk), "they tell how far it was heard"
    assert Job(utterance("a", "client")).cues(chunk) == ()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["accept", "end", "turn", "sound"]),
            st.integers(0, 9),
            st.sampled_from(["speaker", "client"]),
            st.sampled_from(["urgent", "normal", "background"]),
        ),
        max_size=60,
    )
)
def test_all_that_is_accepted_lives_until_it_is_ended(
    steps: list[tuple[str, int, str, str]],
) -> None:
    schedule, live = Schedule(), dict[str, Utterance]()
    for what, number, to, priority in steps:
        id = str(number)
        if what == "accept" and id not in live:
            live[id] = utterance(id, to, client=number % 3, priority=priority)
            assert schedule.accept(live[id])[1] == []
        elif what == "end":
            assert schedule.end(id) is live.pop(id, None)
        elif what == "turn":
            schedule.fill(card_is_silent=True)
            if (job := schedule.next_job(buffered())) is not None:
                assert schedule.is_live(job)
                schedule.retire(job)
        elif what == "sound" and id in live:
            schedule.note_sounding(id)
        assert schedule.live() == list(live.values())
        assert schedule.waiting() <= len(live)
