"""How far utterances were heard, and which are interrupted. Pure; the player holds the lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from edge.sound.events import Cue, Finished, Interrupted, Interruption, Resumed

HEARD = -(1 << 60)
"""A frame so long ago that the device cannot hold it any more."""


class Progress:
    """Remembers utterances from their first sample to their end."""

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._broken: set[str] = set()  # told as interrupted, and not as resumed
        # Seconds that were given to the device, and the frame at which that was.
        self._given: dict[str, tuple[float, int]] = {}
        # Told once that frame is heard.
        self._marks: deque[tuple[int, Finished | Cue]] = deque()

    @property
    def waits(self) -> bool:
        """True if there is something that was not heard yet, and is to be told then."""
        return bool(self._marks)

    def tell_at(self, frame: int, event: Finished | Cue) -> None:
        """Keep what is to be told when `frame` has been heard; frames only grow."""
        self._marks.append((frame, event))

    def next_heard(self, heard: int | None) -> Finished | Cue | None:
        """Take the next event up to the frame `heard`, or any if that is None."""
        if not self._marks or (heard is not None and self._marks[0][0] > heard):
            return None
        event = self._marks.popleft()[1]
        if isinstance(event, Finished):
            self.forget(event.id)
        return event

    def withdraw(self, id: str) -> None:
        """Forget an utterance with all that was to be told of it."""
        self.forget(id)
        self._marks = deque(mark for mark in self._marks if mark[1].id != id)

    def has_begun(self, id: str) -> bool:
        return id in self._begun

    def give(self, id: str, seconds: float, frame: int) -> None:
        """Note that an utterance was given to the device up to this second, at this frame."""
        self._begun.add(id)
        self._given[id] = seconds, frame

    def heard_s(self, id: str, now: int, rate: int, latency_s: float) -> float:
        """Tell the seconds of an utterance that were heard by frame `now`, `rate` a second."""
        seconds, frame = self._given.get(id, (0.0, HEARD))
        if not rate:
            return seconds
        return max(0.0, seconds - max(0.0, latency_s - (now - frame) / rate))

    def held(self, now: int, rate: int, latency_s: float) -> list[str]:
        """List the utterances of which the device holds sound at frame `now`."""
        heard = now - round(latency_s * rate)
        return [id for id, (_, frame) in self._given.items() if frame > heard]

    def cut_off(self, ids: Sequence[str], now: int, rate: int, latency_s: float) -> None:
        """Take what the device holds of these as lost; no more is told of them."""
        for id in ids:
            self._given[id] = self.heard_s(id, now, rate, latency_s), HEARD
        self._marks = deque(mark for mark in self._marks if mark[1].id not in ids)

    def drain(self) -> None:
        """Take all that was given as heard: the device holds nothing more."""
        self._given = {id: (seconds, HEARD) for id, (seconds, _) in self._given.items()}

    def interrupt(self, id: str | None, reason: Interruption) -> tuple[Interrupted, ...]:
        """Note that an utterance is interrupted, and return what is to be told of it."""
        if id is None or id not in self._begun or id in self._broken:
            return ()
        self._broken.add(id)
        return (Interrupted(id, reason),)

    def resume(self, id: str | None) -> tuple[Resumed, ...]:
        """Note that an utterance goes on, and return what is to be told of it."""
        if id is None or id not in self._broken:
            return ()
        self._broken.remove(id)
        return (Resumed(id),)

    def end(self, id: str) -> None:
        """Note that all of an utterance was given to the device."""
        self._begun.discard(id)

    def forget(self, id: str) -> None:
        """Forget an utterance that has ended."""
        self._begun.discard(id)
        self._broken.discard(id)
        self._given.pop(id, None)
