"""A voice whose samples say which they are, and a stage to hear them on.

Sample i of a text is 250,000 times the length of its first word, plus i + 1; each word has
WORD_FRAMES. So whatever was heard tells what is missing, what came twice and what came first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType

import numpy as np

from edge.bundle import Bundle
from edge.daemon.events import Cancelled, Event, Utterance
from edge.daemon.phrase_cache import PhraseCache
from edge.daemon.synthesis import Synthesis
from edge.daemon.voices import Voices
from edge.pcm import PcmChunk, Word
from edge.protocol import Priority
from edge.sound.events import Failed, Finished
from edge.sound.playback import Player
from edge.synth import Segment, Style
from edge.synth.word_timing import with_words
from edge.text.feed import TextFeed
from edge.text.words import WordSpan
from tests.helpers.fakes import DEADLINE_S, FakeCard

RATE = 22_050
BLOCK = 441  # frames: 20 ms
WORD_FRAMES = 500
UTTERANCE = 250_000


class CountingVoice:
    rate, provider, variant = RATE, "none", "fp32"

    def __init__(self, chunk_frames: int = 700) -> None:
        self._chunk_frames = chunk_frames

    def plan(self, text: str, style: Style, words: bool = False) -> list[Segment]:
        """One segment a sentence; `seed` of its style carries the first word's length."""
        number, place, segments = len(text.split()[0]), 0, []
        for sentence in text.split(". "):
            count = len(sentence.split())
            spans = tuple(WordSpan(place + i, place + i + 1, i, i + 1) for i in range(count))
            ids = tuple(range(number * UTTERANCE, number * UTTERANCE + count))
            at = Style(seed=place)
            segments.append(Segment(ids, at, len(segments), words=spans if words else ()))
            place += count
        return segments

    def durations(self, segment: Segment) -> tuple[int, ...]:
        return ()

    def speak(self, segment: Segment) -> Iterator[PcmChunk]:
        first = segment.ids[0] + segment.style.seed * WORD_FRAMES + 1
        count = len(segment.ids) * WORD_FRAMES
        samples = np.arange(first, first + count).astype(np.float32)
        words = [
            Word(span.text_start, span.text_end, span.first * WORD_FRAMES, WORD_FRAMES)
            for span in segment.words
        ]
        cuts = range(self._chunk_frames, count, self._chunk_frames)
        yield PcmChunk(np.zeros(0, np.float32), RATE)  # work whose sound comes later
        yield from with_words([PcmChunk(s, RATE) for s in np.split(samples, list(cuts))], words)


class Stage:
    """The synthesis and playback threads on a FakeCard, without a socket; every event is kept."""

    def __init__(self, bundle: Bundle, voice: CountingVoice | None = None) -> None:
        self.card = FakeCard()
        self.card.room = 0
        self.events: list[Event] = []
        self._changed = threading.Condition()
        voices = Voices([bundle])
        voices._loaded[bundle.voice.name] = voice or CountingVoice()
        self.player = Player(
            self.card.open,
            notify=lambda event: self.synthesis.on_played(event),
            on_room=lambda: self.synthesis.nudge(),
        )
        self.now = 0.0
        self.synthesis = Synthesis(
            voices, self.player, self._tell, PhraseCache(), clock=lambda: self.now
        )
        self._gain = bundle.manifest.gain
        self._voice = bundle.voice.name

    def _tell(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def __enter__(self) -> Stage:
        self.player.start()
        self.synthesis.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.card.give_room()
        self.synthesis.close()
        self.player.close()

    def say(
        self,
        number: int,
        words: int = 8,
        priority: Priority = "normal",
        text: str | None = None,
        tell_words: bool = False,
        **others: object,
    ) -> None:
        """An utterance whose id is its number, of so many words unless there is a text."""
        text = text or " ".join(["a" * number, *["b"] * (words - 1)])
        feed = TextFeed.whole(text)
        self.synthesis.submit(
            Utterance(
                str(number), feed, client=1, to="speaker", voice=self._voice, style=Style(),
                priority=priority, words=tell_words, accepted=self.now, **others,  # type: ignore[arg-type]
            )
        )  # fmt: skip

    def cut_in(self, number: int, words: int = 8) -> None:
        """Something urgent, and return when some of it waits for the card."""
        self.card.wait_until_held()
        self.say(number, words, priority="urgent")
        self.wait_until(lambda: self.player.buffered_s(urgent=True) > 0)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.001)  # between two looks, not instead of one

    def wait_for(self, *events: Event) -> None:
        """Until all of these have been told."""
        with self._changed:
            told = self._changed.wait_for(
                lambda: all(event in self.events for event in events), DEADLINE_S
            )
        assert told, f"told only {self.events}"

    def ends(self) -> list[tuple[str, str]]:
        kinds = (Finished, Cancelled, Failed)
        with self._changed:
            return [(e.id, type(e).__name__) for e in self.events if isinstance(e, kinds)]

    def wait_for_ends(self, count: int) -> None:
        with self._changed:
            kinds = (Finished, Cancelled, Failed)
            ended = self._changed.wait_for(
                lambda: sum(isinstance(e, kinds) for e in self.events) >= count, DEADLINE_S
            )
        assert ended, f"told only {self.events}"

    def heard(self) -> list[tuple[int, int, int]]:
        """(number, first sample, behind the last) of each stretch, in order. A block that was
        faded out, because something cut in, is checked and left out."""
        stretches: list[tuple[int, int, int]] = []
        with self.card.changed:
            blocks = list(self.card.blocks)
        for block in blocks:
            if not block.any():
                continue
            values = np.rint(block / self._gain).astype(int)
            number, first = divmod(int(values[0]) - 1, UTTERANCE)
            whole = np.arange(int(values[0]), int(values[0]) + len(values))
            if not np.array_equal(values, whole):
                fade = np.linspace(1, 0, len(block))
                np.testing.assert_allclose(values, whole * fade, atol=1)
                continue
            if stretches and stretches[-1][0] == number and stretches[-1][2] == first:
                first = stretches.pop()[1]
                stretches.append((number, first, int(values[-1]) - number * UTTERANCE))
            else:
                stretches.append((number, first, first + len(values)))
        return stretches
