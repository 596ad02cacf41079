"""The utterances that wait, and whose turn it is. Pure: no clock, no lock, no thread."""

from __future__ import annotations

import contextlib
from collections import Counter, OrderedDict
from collections.abc import Callable

from edge.daemon.events import Utterance
from edge.errors import Busy
from edge.protocol import Priority

PRIORITIES: tuple[Priority, ...] = ("urgent", "normal", "background")

MAX_WAITING = 256
"""Utterances in all. At 10,000 characters each, 2.5 MB of text at the most."""
MAX_WAITING_PER_CLIENT = 64
"""Utterances of one client, so that one in a loop leaves room for the others."""
MAX_WAITING_PER_USER = 192
"""Utterances of one user, on all its connections: four of them cannot fill the queue."""
KEPT_FOR_URGENT = 16
"""Places that only urgent utterances take; past them, one pushes another out."""
MAX_REMEMBERED = 1024
"""Clients whose last turn is remembered; those of the longest ago are taken for new ones."""


class SpeechQueue:
    """Goes by priority; inside one, clients take turns; of one client, first in, first out."""

    def __init__(
        self,
        limit: int = MAX_WAITING,
        limit_per_client: int = MAX_WAITING_PER_CLIENT,
        limit_per_user: int = MAX_WAITING_PER_USER,
        kept_for_urgent: int = KEPT_FOR_URGENT,
    ) -> None:
        self._waiting: list[Utterance] = []
        self._limit, self._kept = limit, kept_for_urgent
        self._limit_per_client, self._limit_per_user = limit_per_client, limit_per_user
        # Who had which turn, the longest ago first, which are forgotten: all would be a slow leak.
        self._served: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._turns = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, utterance: Utterance) -> tuple[int, list[Utterance]]:
        """Queue an utterance; returns how many wait before it, and those that give way to it: the
        older one of the same user and key, and where an urgent one finds no room, one of the user
        who has most. Raises Busy, for all but urgent ones, and then nothing is replaced."""
        old = (
            None
            if utterance.key is None
            else next(filter(utterance.replaces, self._waiting), None)
        )
        gone = [] if old is None else [old]
        others = [other for other in self._waiting if other is not old]
        if utterance.priority != "urgent":
            self._check_room(utterance, others)
        elif len(others) >= self._limit:
            gone.append(least := _least_missed(others))
            others.remove(least)
        place = len(others)
        if old is not None and old.priority == utterance.priority:
            # Or what is replaced often would never be spoken.
            place = sum(other not in gone for other in self._waiting[: self._waiting.index(old)])
        others.insert(place, utterance)
        self._waiting = others
        rank = PRIORITIES.index(utterance.priority)
        ahead = sum(
            other.to == utterance.to and (PRIORITIES.index(other.priority), i) < (rank, place)
            for i, other in enumerate(others)
        )
        return ahead, gone

    def _check_room(self, utterance: Utterance, others: list[Utterance]) -> None:
        for count, limit, whose in (
            (
                sum(other.priority != "urgent" for other in others),
                self._limit - self._kept,
                "in all",
            ),
            (len(others), self._limit, "in all"),
            (
                sum(other.client == utterance.client for other in others),
                self._limit_per_client,
                "of this client",
            ),
            (
                sum(other.user == utterance.user for other in others),
                self._limit_per_user,
                "of this user",
            ),
        ):
            if count >= limit:
                raise Busy(
                    f"{count} utterances {whose} are waiting; the limit is {limit}",
                    "Wait for some to finish, or stop them: edge stop",
                )

    def take(self, wanted: Callable[[Utterance], bool]) -> Utterance | None:
        """Remove and return the one of those wanted whose turn it is."""
        chosen = min(
            filter(wanted, self._waiting),
            key=lambda u: (PRIORITIES.index(u.priority), self._served.get((u.to, u.client), 0)),
            default=None,
        )
        if chosen is not None:
            self._turns += 1
            self._waiting.remove(chosen)
            with contextlib.suppress(MemoryError):  # then its next turn comes a little sooner
                self._served[chosen.to, chosen.client] = self._turns
                self._served.move_to_end((chosen.to, chosen.client))
            while len(self._served) > MAX_REMEMBERED:
                self._served.popitem(last=False)
        return chosen

    def remove(self, unwanted: Callable[[Utterance], bool]) -> list[Utterance]:
        """Remove and return all that are unwanted."""
        removed = [u for u in self._waiting if unwanted(u)]
        self._waiting = [u for u in self._waiting if not unwanted(u)]
        return removed

    def waiting(self) -> list[Utterance]:
        """List all that wait, in the order in which they came."""
        return list(self._waiting)


def _least_missed(waiting: list[Utterance]) -> Utterance:
    """Choose who gives way to an urgent one: the newest of the lowest priority, of the user who
    has most."""
    counts = Counter(each.user for each in waiting)
    return max(
        enumerate(waiting),
        key=lambda placed: (
            counts[placed[1].user],
            PRIORITIES.index(placed[1].priority),
            placed[0],
        ),
    )[1]
