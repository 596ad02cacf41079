"""Whose turn it is: under any interleaving nothing is lost, nothing comes twice, order holds."""

from __future__ import annotations

import itertools
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.daemon.events import Utterance
from edge.daemon.queue import MAX_REMEMBERED, PRIORITIES, SpeechQueue
from edge.errors import Busy
from edge.protocol import Priority
from edge.synth import Style
from edge.text.feed import TextFeed

LIMIT, LIMIT_PER_CLIENT, LIMIT_PER_USER, KEPT = 6, 3, 4, 1


def utterance(
    id: str,
    client: int = 1,
    priority: Priority = "normal",
    key: str | None = None,
    expires: float | None = None,
    user: int = 0,
) -> Utterance:
    return Utterance(
        id=id, text=TextFeed.words_of(""), client=client, to="speaker", voice="tone",
        style=Style(), priority=priority, key=key, expires=expires, user=user,
    )  # fmt: skip


def anything(_: Utterance) -> bool:
    return True


def taken(queue: SpeechQueue) -> list[str]:
    every = iter(lambda: queue.take(anything), None)
    return [each.id for each in every if each is not None]


def rank(each: Utterance) -> int:
    return PRIORITIES.index(each.priority)


clients = st.integers(1, 3)
priorities = st.sampled_from(PRIORITIES)


class AnyInterleaving(RuleBasedStateMachine):
    """`ends` counts how each accepted utterance left; `places` is the order that is promised."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = SpeechQueue(LIMIT, LIMIT_PER_CLIENT, LIMIT_PER_USER, KEPT)
        self.numbers = itertools.count()
        self.now = 0.0
        self.places: list[Utterance] = []
        self.accepted: list[str] = []
        self.ends: Counter[str] = Counter()
        self.passed_over: Counter[int] = Counter()

    @rule(
        client=clients,
        priority=priorities,
        key=st.sampled_from([None, None, "clock", "door"]),
        ttl=st.none() | st.floats(0.1, 3),
    )
    def put(self, client: int, priority: Priority, key: str | None, ttl: float | None) -> None:
        new = utterance(
            str(next(self.numbers)),
            client,
            priority,
            key,
            None if ttl is None else self.now + ttl,
            user=client % 2,  # two clients are one user's
        )
        same = [each for each in self.places if key and (each.key, each.user) == (key, new.user)]
        others = [each for each in self.places if each not in same]
        full = priority != "urgent" and (
            len(others) >= LIMIT
            or sum(each.priority != "urgent" for each in others) >= LIMIT - KEPT
            or sum(each.client == client for each in others) >= LIMIT_PER_CLIENT
            or sum(each.user == new.user for each in others) >= LIMIT_PER_USER
        )
        try:
            ahead, gone = self.queue.put(new)
        except Busy:
            assert full
            return
        assert not full
        pushed_out = [each for each in gone if each not in same]
        assert len(pushed_out) == (priority == "urgent" and len(others) >= LIMIT)
        assert [each for each in gone if each in same] == same
        self.accepted.append(new.id)
        for each in pushed_out:
            most = Counter(other.user for other in others)
            assert most[each.user] == max(most.values())
            assert rank(each) == max(rank(o) for o in others if o.user == each.user)
            self.places.remove(each)
        old = next(iter(same), None)
        if old is not None and old.priority == priority:
            self.places[self.places.index(old)] = new
        else:
            self.places = [*[each for each in self.places if each not in same], new]
        for each in gone:
            self.ends[each.id] += 1
        assert len(self.places) <= LIMIT
        sooner = [each for each in self.places if rank(each) < rank(new)]
        before = self.places[: self.places.index(new)]
        assert ahead == len({*sooner, *[each for each in before if rank(each) == rank(new)]})

    @rule(allowed=st.sets(priorities))
    def take(self, allowed: set[str]) -> None:
        chosen = self.queue.take(lambda each: each.priority in allowed)
        wanted = [each for each in self.places if each.priority in allowed]
        if not wanted:
            assert chosen is None
            return
        assert chosen is not None
        assert rank(chosen) == min(map(rank, wanted)), "another was more urgent"
        rivals = [each for each in wanted if rank(each) == rank(chosen)]
        mine = [each for each in rivals if each.client == chosen.client]
        assert chosen is mine[0], "not first in, first out"
        self.places.remove(chosen)
        self.ends[chosen.id] += 1
        # Whoever waits is passed over once by each other client at the most.
        self.passed_over.update({each.client for each in rivals})
        del self.passed_over[chosen.client]
        assert all(count <= 2 for count in self.passed_over.values())

    @rule(seconds=st.floats(0, 2))
    def expire(self, seconds: float) -> None:
        self.now += seconds
        for each in self.queue.remove(lambda other: other.is_stale(self.now)):
            assert each.expires is not None and each.expires <= self.now
            self.places.remove(each)
            self.ends[each.id] += 1
        assert not any(each.is_stale(self.now) for each in self.places)

    @rule(client=clients)
    def remove(self, client: int) -> None:
        for each in self.queue.remove(lambda other: other.client == client):
            self.places.remove(each)
            self.ends[each.id] += 1

    @invariant()
    def each_waits_or_has_ended_once(self) -> None:
        assert self.queue.waiting() == self.places
        left = Counter(each.id for each in self.places)
        assert self.ends + left == Counter(self.accepted)


TestAnyInterleaving = AnyInterleaving.TestCase


@given(st.lists(st.tuples(clients, priorities), max_size=40))
def test_clients_take_turns(sent: list[tuple[int, Priority]]) -> None:
    queue = SpeechQueue()
    every = {str(i): utterance(str(i), *each) for i, each in enumerate(sent)}
    for each in every.values():
        queue.put(each)
    order = [every[id] for id in taken(queue)]
    assert sorted(order, key=rank) == order
    for _, group in itertools.groupby(order, rank):
        same = [each.client for each in group]
        for client in set(same):
            turns = [i for i, other in enumerate(same) if other == client]
            # Until its last one is spoken, it never waits for more than each other one's next.
            assert all(b - a <= len(set(same)) for a, b in itertools.pairwise(turns))


def test_one_that_sends_again_and_again_does_not_pass_one_that_waits() -> None:
    queue = SpeechQueue()
    for i in range(3):
        queue.put(utterance(f"patient {i}", 1))
    order = []
    for i in range(6):
        queue.put(utterance(f"eager {i}", 2))
        chosen = queue.take(anything)
        assert chosen is not None
        order.append(chosen.id)
    assert [each for each in order if "patient" in each] == ["patient 0", "patient 1", "patient 2"]
    assert order[1:5].count("eager 1") == 1


def test_what_is_replaced_keeps_its_place() -> None:
    queue = SpeechQueue()
    queue.put(utterance("10 %", key="progress"))
    queue.put(utterance("other"))
    assert queue.put(utterance("20 %", key="progress"))[0] == 0
    assert taken(queue) == ["20 %", "other"]


def test_what_is_replaced_by_another_priority_goes_to_its_end() -> None:
    queue = SpeechQueue()
    queue.put(utterance("slow", key="door"))
    queue.put(utterance("fire", priority="urgent"))
    ahead, gone = queue.put(utterance("fast", priority="urgent", key="door"))
    assert ahead == 1 and [each.id for each in gone] == ["slow"]
    assert taken(queue) == ["fire", "fast"]


def test_a_full_queue_still_takes_what_replaces() -> None:
    queue = SpeechQueue(limit=1, kept_for_urgent=0)
    queue.put(utterance("a", key="k"))
    queue.put(utterance("b", key="k"))
    with pytest.raises(Busy, match="1 utterances in all are waiting; the limit is 1"):
        queue.put(utterance("c"))
    assert taken(queue) == ["b"]


def test_another_user_s_key_is_another_key() -> None:
    queue = SpeechQueue()
    queue.put(utterance("a", key="k", user=1))
    assert queue.put(utterance("b", key="k", user=2)) == (1, [])


def test_clients_that_are_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.daemon.queue.MAX_REMEMBERED", 3)
    queue = SpeechQueue()
    for client in range(50):
        queue.put(utterance(str(client), client))
        assert queue.take(anything) is not None
    assert len(queue._served) == 3


def test_an_urgent_text_finds_room_in_any_queue() -> None:
    """Four clients of one user fill it; the newest chatter of the user with most gives way."""
    queue = SpeechQueue()
    refused = 0
    for client in range(5):
        for n in range(64):
            try:
                queue.put(utterance(f"{client}-{n}", client, "background", user=1))
            except Busy:
                refused += 1
    assert len(queue) == 192 and refused == 5 * 64 - 192, "a user has its share, and no more"
    for n in range(48):
        queue.put(utterance(f"other {n}", 10 + n, user=2))
    with pytest.raises(Busy, match="240 utterances in all"):
        queue.put(utterance("late", 99, user=3))
    alarms = [utterance(f"fire {n}", 200, "urgent", user=3) for n in range(256)]
    gone = [each for alarm in alarms for each in queue.put(alarm)[1]]
    assert len(queue) == 256 and len(gone) == 256 - 16
    assert [each.id for each in gone[:2]] == ["2-63", "2-62"], "the newest first"
    assert [each.user for each in gone[:80]] == [1] * 80, "of whoever has most"
    left = Counter(each.user for each in queue.waiting())
    assert left[2] == 48 and left[1] > 80, "and a flood of them is of the one who has most"


def test_an_urgent_text_among_urgent_texts_pushes_one_out_of_who_has_most() -> None:
    queue = SpeechQueue(limit=3)
    for n in range(3):
        assert queue.put(utterance(f"flood {n}", 1, "urgent", user=1))[1] == []
    ahead, gone = queue.put(utterance("fire", 2, "urgent", user=2))
    assert [each.id for each in gone] == ["flood 2"] and ahead == 2


def test_a_turn_asks_for_little_memory_however_many_had_one() -> None:
    """It is looked for at each step of the synthesis thread, which ends where memory does."""
    queue = SpeechQueue()
    for client in range(MAX_REMEMBERED):
        queue.put(utterance("a", client))
        queue.take(anything)
    queue.put(utterance("b", 0))
    tracemalloc.start()
    try:
        assert queue.take(anything) is not None
        assert tracemalloc.get_traced_memory()[1] < 2048
    finally:
        tracemalloc.stop()
