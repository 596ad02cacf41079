"""What waits for the sound card, as the player keeps it; pure, the player's lock guards it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from edge.daemon.events import WordMarks
from edge.pcm import PcmChunk


@dataclass(frozen=True)
class Stretch:
    """Of the sound of one utterance; `start_s`: where in it this begins."""

    id: str
    chunk: PcmChunk
    words: WordMarks = ()
    start_s: float = 0.0

    def part(self, start: int, stop: int | None = None) -> Stretch:
        """The frames from `start` to `stop`, with the words that begin in them."""
        chunk = self.chunk.part(start, stop)
        words = tuple(
            (frame - start, word)
            for frame, word in self.words
            if 0 <= frame - start < len(chunk.samples)
        )
        return Stretch(self.id, chunk, words, self.start_s + start / chunk.rate)


@dataclass(frozen=True)
class End:
    """Behind the last stretch of an utterance."""

    id: str
    seconds: float


@dataclass(eq=False)
class Lane:
    """Utterances one after the other. `begun`: the one whose first sound was played and whose end
    has not come; `said`: what was played of it since its last word, or else its last sentence,
    began."""

    items: deque[Stretch | End] = field(default_factory=deque)
    begun: str | None = None
    said: list[Stretch] = field(default_factory=list)

    @property
    def ends(self) -> bool:
        """All of an utterance was played, and only its end is left to tell."""
        return bool(self.items) and isinstance(self.items[0], End)

    def remember(self, stretch: Stretch) -> None:
        """It was played."""
        if stretch.chunk.words:
            self.said = [stretch.part(stretch.chunk.words[-1].start)]
        elif stretch.chunk.begins:
            self.said = [stretch]
        else:
            self.said.append(stretch)

    def rewind(self) -> None:
        """What was said waits again."""
        self.items.extendleft(reversed(self.said))
        self.said = []

    def drop(self, id: str) -> None:
        self.items = deque(item for item in self.items if item.id != id)
        if self.begun == id:
            self.begun, self.said = None, []
