"""The ends of utterances that programs gave an id, so that one who lost the connection can ask
again, and nothing is spoken twice."""

from __future__ import annotations

from collections import OrderedDict

from edge.daemon.events import Event, Utterance
from edge.errors import UnknownUtterance
from edge.protocol import Speak
from edge.sound.events import Started

MAX_REMEMBERED = 256
"""Utterances of one user: more than may wait for a client, so all that a lost connection asks for
is there."""
MAX_USERS = 64


class Outcomes:
    """Keeps, by user and id, the start and the end as they were told. Not thread-safe: the
    sockets' loop owns it."""

    def __init__(self, limit: int = MAX_REMEMBERED, users: int = MAX_USERS) -> None:
        self._limit, self._users = limit, users
        # Both with the longest ago first, which is what is forgotten.
        self._told: OrderedDict[int, OrderedDict[str, list[Event]]] = OrderedDict()
        self._live: dict[str, tuple[int, str, list[Event]]] = {}  # by ticket: user, id, told

    def begin(self, utterance: Utterance) -> None:
        """Remember an utterance that was accepted; whatever had its id before is forgotten."""
        self._told.get(utterance.user, OrderedDict()).pop(utterance.id, None)
        self._live[utterance.ticket] = (utterance.user, utterance.id, [])

    def note(self, event: Event, ends: bool) -> None:
        """Keep an event of a live utterance; others are passed over."""
        if event.id not in self._live:
            return
        user, id, told = self._live[event.id]
        if isinstance(event, Started) or ends:
            told.append(event)
        if not ends:
            return
        del self._live[event.id]
        mine = self._told.setdefault(user, OrderedDict())
        self._told.move_to_end(user)
        mine[id] = told
        if len(mine) > self._limit:
            mine.popitem(last=False)
        if len(self._told) > self._users:
            self._told.popitem(last=False)

    def of(self, user: int, message: Speak) -> list[Event] | None:
        """Find what was told so far if this message was sent before; None if it is to be spoken.

        Raises UnknownUtterance.
        """
        if message.again is None or message.id is None:
            return None
        told = self._told.get(user, OrderedDict()).get(message.id)
        ticket = self.ticket(message.id)
        if ticket is not None:
            owner, _, heard = self._live[ticket]
            told = heard if owner == user else None
        if told is None and message.again == "report":
            raise UnknownUtterance(
                f"nothing is known of an utterance {message.id!r}: the daemon was started since, "
                "or has forgotten it",
                "How much of it was heard cannot be told. Speak it anew, without `again`.",
            )
        return told

    def ticket(self, id: str) -> str | None:
        """Find the ticket of the live utterance that a client gave this id; None if there is
        none."""
        return next((t for t, (_, given, _) in self._live.items() if given == id), None)
