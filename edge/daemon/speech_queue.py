"""What waits to be spoken. Pure: no clock, no thread; the speaker guards it with its own lock."""

from __future__ import annotations

from collections.abc import Callable

from edge.daemon.events import Utterance
from edge.errors import Busy

MAX_WAITING = 256
"""In total. At 10,000 characters each, 2.5 MB of text at the most."""
MAX_WAITING_PER_CLIENT = 64
"""So that one client in a loop leaves room for the others."""


class SpeechQueue:
    """First in, first out, one line for the sound card and one for audio sent back."""

    def __init__(
        self, limit: int = MAX_WAITING, limit_per_client: int = MAX_WAITING_PER_CLIENT
    ) -> None:
        self._waiting: list[Utterance] = []
        self._limit, self._limit_per_client = limit, limit_per_client

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, utterance: Utterance) -> int:
        """Returns how many wait before it. Raises Busy."""
        mine = sum(other.client == utterance.client for other in self._waiting)
        for count, limit, whose in (
            (len(self._waiting), self._limit, "in all"),
            (mine, self._limit_per_client, "of this client"),
        ):
            if count >= limit:
                raise Busy(
                    f"{count} utterances {whose} are waiting; the limit is {limit}",
                    "Wait for some to finish, or stop them: edge stop",
                )
        ahead = sum(other.to == utterance.to for other in self._waiting)
        self._waiting.append(utterance)
        return ahead

    def take(self, wanted: Callable[[Utterance], bool]) -> Utterance | None:
        """Remove and return the first one that is wanted."""
        for i, utterance in enumerate(self._waiting):
            if wanted(utterance):
                return self._waiting.pop(i)
        return None

    def remove(self, unwanted: Callable[[Utterance], bool]) -> list[Utterance]:
        """Remove and return all that are unwanted."""
        removed = [u for u in self._waiting if unwanted(u)]
        self._waiting = [u for u in self._waiting if not unwanted(u)]
        return removed
