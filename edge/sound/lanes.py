"""Speech that waits for the sound card, and whose turn it is. Pure; the player holds the lock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from edge.pcm import PcmChunk
from edge.sound.events import Cues


@dataclass(frozen=True)
class Stretch:
    """Sound of one utterance."""

    id: str
    chunk: PcmChunk
    cues: Cues = ()
    start_s: float = 0.0
    """Seconds from the utterance's beginning to this."""

    def part(self, start: int, stop: int | None = None) -> Stretch:
        """The frames from `start` to `stop`, with the words and marks that begin in them."""
        chunk = self.chunk.part(start, stop)
        last = len(chunk.samples) - (stop is not None)
        cues = tuple((at - start, cue) for at, cue in self.cues if 0 <= at - start <= last)
        return Stretch(self.id, chunk, cues, self.start_s + start / chunk.rate)


@dataclass(frozen=True)
class End:
    """Follows the last stretch of an utterance."""

    id: str
    seconds: float
    """Length of the whole utterance."""


@dataclass(eq=False)
class Lane:
    """Utterances one after the other."""

    items: deque[Stretch | End] = field(default_factory=deque)
    begun: str | None = None
    """Id of the utterance whose first sound was played and whose end has not come."""
    said: list[Stretch] = field(default_factory=list)
    """Sound played since the last word of `begun` began, or else its last sentence."""

    @property
    def ends(self) -> bool:
        """True if all of an utterance was played, and only its end is left to tell."""
        return bool(self.items) and isinstance(self.items[0], End)

    def remember(self, stretch: Stretch) -> None:
        """Keep what rewind() must repeat, now that `stretch` was played."""
        if stretch.chunk.words:
            self.said = [stretch.part(stretch.chunk.words[-1].start)]
        elif stretch.chunk.begins:
            self.said = [stretch]
        else:
            self.said.append(stretch)

    def rewind(self) -> None:
        """Put what was said since the last word back in front."""
        self.items.extendleft(reversed(self.said))
        self.said = []

    def drop(self, id: str) -> None:
        """Forget an utterance, played or not."""
        self.items = deque(item for item in self.items if item.id != id)
        if self.begun == id:
            self.begun, self.said = None, []


class Lanes:
    """Urgent speech and the rest, and which of them is played now."""

    def __init__(self) -> None:
        self.urgent, self.normal = Lane(), Lane()
        self.paused = False

    def of(self, urgent: bool) -> Lane:
        return self.urgent if urgent else self.normal

    @property
    def turn(self) -> Lane:
        """The lane that is played now. An end takes no time, so it goes first."""
        return self.urgent if self.are_cut(self.normal) and not self.normal.ends else self.normal

    @property
    def waiting(self) -> bool:
        """True if there is something to play now."""
        lane = self.turn
        return bool(lane.items) and (lane.ends or not self.hold_back(lane))

    @property
    def in_the_middle(self) -> bool:
        """True if an utterance has begun and its next stretch is on its way."""
        return self.turn.begun is not None and not self.hold_back(self.turn)

    @property
    def empty(self) -> bool:
        return not any(lane.items or lane.begun for lane in (self.urgent, self.normal))

    def are_cut(self, lane: Lane) -> bool:
        """True if this lane has to wait for urgent speech."""
        return lane is self.normal and bool(self.urgent.items or self.urgent.begun)

    def hold_back(self, lane: Lane) -> bool:
        return self.paused and lane is self.normal

    def cut_in(self) -> None:
        """Let urgent speech begin, and what it interrupts go on later with its last word."""
        if self.normal.begun is not None:
            self.normal.rewind()

    def have_begun(self, id: str) -> bool:
        return id in (self.urgent.begun, self.normal.begun)

    def drop(self, id: str) -> None:
        self.urgent.drop(id)
        self.normal.drop(id)
