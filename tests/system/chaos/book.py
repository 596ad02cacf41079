"""Every utterance of a run: what was asked, what was told, what was heard."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.helpers.fakes import DEADLINE_S
from tests.system.chaos.voice import BEEP, RATE, UTTERANCES

WHOLE = BEEP - 24
FADED = 520
"""Frames: the block in which urgent speech cuts in, and what stands beside it."""
RECORDER_S = 0.2
"""What a recorder may be behind."""
MOMENT = round(0.08 * RATE)
"""Frames that a daemon may have played that was killed before it could tell that it began: a block
and the device's latency. Nobody is left to know of them, so a client whose `ttl` is over meanwhile
says `expired`: docs/reference/protocol.md, "Asking again"."""
AROUND_S = 0.5
"""What the device was told so long before and after an utterance is said with what is wrong."""
UNHEARD = ("expired", "replaced")
"""Reasons of an end that only those have that never began."""


@dataclass
class Entry:
    """`ends`: what it was told at last, which must be once. `heard`: words, as they came."""

    number: int
    words: int
    kind: str
    ends: list[str] = field(default_factory=list)
    heard: list[tuple[int, int]] = field(default_factory=list)  # word, frames
    given: list[tuple[float, int, int]] = field(default_factory=list)
    """Words that the daemon gave to the device: when, word, frames."""
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    unrecorded: bool = False  # the recorder was away meanwhile
    died: bool = False  # a daemon ended meanwhile
    spared: frozenset[int] = frozenset()
    """Words that the sound server lost, which the daemon had given to it."""


class Book:
    """Thread-safe. A number is in use until its utterance has ended, and the longest after that,
    since it is what the words say."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: queue.Queue[int] = queue.Queue()
        for number in range(UTTERANCES):
            self._free.put(number)
        self._current: dict[int, Entry] = {}
        self.entries: list[Entry] = []
        self.faults: Counter[str] = Counter()
        self.acts: Counter[str] = Counter()
        self.times: list[tuple[str, float, float]] = []  # of the faults
        self.calls: list[tuple[float, str]] = []  # of the device: when, what
        self.wrong: list[str] = []  # what must not be
        self.began = time.monotonic()

    def begin(self, words: int, kind: str, breaks: bool = False) -> Entry:
        number = self._free.get(timeout=DEADLINE_S)
        with self._lock:
            entry = Entry(number, words, kind + (" broken" if breaks else ""))
            self._current[number] = entry
            self.entries.append(entry)
        return entry

    def end(self, entry: Entry, how: str) -> None:
        with self._lock:
            entry.ends.append(how)
            entry.ended = time.monotonic()
            first = len(entry.ends) == 1
        if first:
            self._free.put(entry.number)

    def act(self, name: str) -> None:
        with self._lock:
            self.acts[name] += 1

    def heard(self, number: int, word: int, frames: int) -> None:
        with self._lock:
            entry = self._current.get(number)
            if entry is None:
                self.wrong.append(f"heard {number}, which nobody asked for")
            else:
                entry.heard.append((word, frames))

    def given(self, at: float, number: int, word: int, frames: int) -> None:
        with self._lock:
            if (entry := self._current.get(number)) is not None:
                entry.given.append((at, word, frames))

    def device_call(self, at: float, what: str) -> None:
        with self._lock:
            self.calls.append((at, what))

    def note(self, what: str) -> None:
        with self._lock:
            self.wrong.append(f"{time.monotonic() - self.began:.1f} s: {what}")

    def judge(
        self, deaf: Sequence[tuple[float, float]] = (), deaths: Sequence[float] = ()
    ) -> None:
        """Add what is wrong with the entries; nobody recorded between the times of `deaf`, and a
        daemon ended at each of `deaths`."""
        with self._lock:
            for entry in self.entries:
                entry.unrecorded = any(
                    start < entry.ended and entry.began < end + RECORDER_S for start, end in deaf
                )
                entry.died = any(entry.began < at < entry.ended for at in deaths)
                entry.spared = frozenset(lost_by_the_server(entry, self.calls))
                told = f"utterance {entry.number}, {entry.kind}, {entry.words} words, {entry.ends}"
                if len(entry.ends) != 1:
                    self.wrong.append(f"{told}: {len(entry.ends)} ends")
                    continue
                for fault in faults(entry):
                    self.wrong.append(f"{told}: {fault}, heard {entry.heard}, {self._when(entry)}")

    def _when(self, entry: Entry) -> str:
        """When it was, and the faults meanwhile."""
        meanwhile = [
            f"{name} {start - self.began:.2f} to {end - self.began:.2f}"
            for name, start, end in self.times
            if start < entry.ended and entry.began < end
        ]
        span = f"{entry.began - self.began:.2f} to {entry.ended - self.began:.2f} s"
        given = [f"{word} ({n}) {at - self.began:.2f}" for at, word, n in entry.given]
        first = min((at for at, _, _ in entry.given), default=entry.began)
        calls = [
            f"{what} {at - self.began:.2f}"
            for at, what in self.calls
            if first - AROUND_S < at < entry.ended + AROUND_S
        ]
        return (
            f"{span}: {', '.join(meanwhile) or 'no fault'}; "
            f"given to the device {', '.join(given)}; device: {', '.join(calls)}"
        )

    def figures(self) -> dict[str, int]:
        with self._lock:
            ends = Counter(end for entry in self.entries for end in entry.ends)
            return {
                "utterances": len(self.entries),
                "events": ends.total(),
                **{f"ended {how}": count for how, count in sorted(ends.items())},
                "not judged, for the recorder was away": sum(e.unrecorded for e in self.entries),
                "words given whole to a sound server, and not recorded": sum(
                    map(unheard, self.entries)
                ),
                "words heard": sum(len(entry.heard) for entry in self.entries),
                "said twice, a part of a word": sum(map(echoes, self.entries)),
            }


def faults(entry: Entry) -> list[str]:
    """Of one that has ended once."""
    found, end = [], entry.ends[0]
    places = [word for word, _ in entry.heard]
    for (before, begun), (word, frames) in itertools.pairwise(entry.heard):
        # After an interruption its last word comes again, which is the one before where only the
        # faded block of a new one was played; after a loss, the end of the one before may:
        # docs/reference/protocol.md and docs/use/sound.md.
        if word < before - 1 or (word == before - 1 and frames >= WHOLE and begun > FADED):
            found.append("double")
    if end == "finished" and not entry.kind.startswith("sound"):
        missing = set(range(entry.words)) - set(places) - entry.spared
        if missing and not entry.unrecorded:
            found.append(f"lost words {sorted(missing)}")
    moment = end == "expired" and entry.died and sum(n for _, n in entry.heard) <= MOMENT
    if end in UNHEARD and places and not moment:
        found.append("heard, and never begun")
    return found


def lost_by_the_server(entry: Entry, calls: Sequence[tuple[float, str]]) -> set[int]:
    """Words that the daemon gave whole to a device that took them, and kept open for them: a sound
    server that runs dry, as after it was frozen, throws away what it has rendered."""
    whole = {(word, at) for at, word, frames in entry.given if frames >= WHOLE}
    return {
        word
        for word, at in whole
        if not any(at <= when <= at + AROUND_S and what != "start" for when, what in calls)
    }


def unheard(entry: Entry) -> int:
    """Count the words of a finished utterance that the sound server lost."""
    if entry.ends != ["finished"] or entry.unrecorded or entry.kind.startswith("sound"):
        return 0
    return len((set(range(entry.words)) & entry.spared) - {word for word, _ in entry.heard})


def echoes(entry: Entry) -> int:
    places = [word for word, _ in entry.heard]
    return sum(after <= before for before, after in itertools.pairwise(places))
