"""Who waits for whom: a stream whose text does not come, and a client that reads nothing."""

from __future__ import annotations

from typing import Literal

from edge.daemon.events import Utterance
from edge.daemon.schedule import (
    GIVES_WAY_S,
    MAX_OPEN_JOBS,
    STALLED_S,
    UNSENT_S,
    Schedule,
)
from edge.synth import Style
from edge.text.feed import TextFeed

NOW = 1000.0


def utterance(
    id: str, to: Literal["speaker", "client"], client: int = 1, text: TextFeed | None = None
) -> Utterance:
    said = TextFeed.whole("One two.") if text is None else text
    return Utterance(id=id, text=said, client=client, to=to, voice="tone", style=Style())


def nothing_waits(_: bool) -> float:
    return 0.0


def turn(schedule: Schedule, now: float, buffered_s: float = 0.0) -> str | None:
    """The id of what is made next."""
    schedule.fill(card_is_silent=False, now=now, buffered_s=buffered_s)
    job = schedule.next_job(nothing_waits)
    return None if job is None else job.utterance.id


def make_all(schedule: Schedule, now: float) -> list[str]:
    """Make whatever can be made; returns the ids, piece by piece."""
    made: list[str] = []
    while (id := turn(schedule, now)) is not None:
        job = schedule.next_job(nothing_waits)
        assert job is not None
        if job.utterance.text.take() is None:
            schedule.retire(job)
        else:
            made.append(id)
    return made


def test_a_stream_gives_way_after_its_silence_and_goes_on_behind() -> None:
    schedule, feed = Schedule(), TextFeed()
    feed.add("One two. Three")
    schedule.accept(utterance("stream", "speaker", text=feed))
    assert make_all(schedule, NOW) == ["stream"]
    schedule.accept(utterance("other", "speaker", client=2))
    assert turn(schedule, NOW, buffered_s=1.0) is None
    assert schedule.gives_way_at() is None, "it sounds still, so nobody counts"
    assert turn(schedule, NOW + 1) is None
    assert schedule.gives_way_at() == NOW + 1 + GIVES_WAY_S
    assert turn(schedule, NOW + 1 + GIVES_WAY_S - 0.01) is None
    assert turn(schedule, NOW + 1 + GIVES_WAY_S) == "other"
    feed.add(" four.")
    feed.close()
    assert make_all(schedule, NOW + 9) == ["other", "stream"], "not before the other has ended"


def test_a_stream_that_nobody_waits_for_keeps_the_card() -> None:
    schedule, feed = Schedule(), TextFeed()
    feed.add("One two. Three")
    schedule.accept(utterance("stream", "speaker", text=feed))
    assert make_all(schedule, NOW) == ["stream"]
    assert turn(schedule, NOW + 100) is None and schedule.gives_way_at() is None
    feed.add(" four. Five")
    assert turn(schedule, NOW + 200) == "stream"
    assert make_all(schedule, NOW + 200) == ["stream"]
    schedule.accept(utterance("other", "speaker", client=2))
    assert turn(schedule, NOW + 201) is None, "its silence is counted from its last sound"
    assert turn(schedule, NOW + 201 + GIVES_WAY_S) == "other"


def begun(schedule: Schedule, count: int) -> None:
    """Begin so many utterances of as many clients, each of which reads none of its sound."""
    for client in range(count):
        schedule.accept(utterance(f"deaf-{client}", "client", client, TextFeed.whole("One two.")))
        schedule.fill(card_is_silent=False, now=NOW)
        job = schedule.next_job(nothing_waits)
        assert job is not None and job.utterance.client == client
        job.chunks = iter(())
        job.reader.unsent_s = UNSENT_S


def test_who_reads_nothing_loses_its_place_when_others_need_it() -> None:
    schedule = Schedule()
    begun(schedule, MAX_OPEN_JOBS)
    assert schedule.stalled(NOW + 60) is schedule.stalls_at() is None, "nobody needs a place"
    schedule.accept(utterance("other", "client", client=1000))
    assert turn(schedule, NOW + STALLED_S - 0.01) is None
    assert schedule.stalled(NOW + STALLED_S - 0.01) is None
    assert schedule.stalls_at() == NOW + STALLED_S
    schedule.sent(0, 0.0, now=NOW + 1)  # it took something, if late
    lost = schedule.stalled(NOW + STALLED_S)
    assert lost is not None and lost.utterance.id == "deaf-1"
    schedule.end(lost.id)
    assert turn(schedule, NOW + STALLED_S) == "other"


def test_while_there_are_places_nobody_loses_one() -> None:
    schedule = Schedule()
    begun(schedule, MAX_OPEN_JOBS - 1)
    schedule.accept(utterance("other", "client", client=1000))
    assert turn(schedule, NOW + 60) == "other"
    assert schedule.stalled(NOW + 60) is None
