"""Utterances from accepted to ended, and which of them is made next.

Pure: no lock, no thread, no clock. The time and the state of the sound card come in; the synthesis
thread holds its lock around every call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from edge.daemon.events import Utterance
from edge.daemon.queue import SpeechQueue
from edge.pcm import PcmChunk
from edge.sound.events import WordHeard, WordMarks

AHEAD_S = 4.0
"""Seconds that synthesis runs ahead of the sound card: the slowest sentence of a board fits in."""
UNSENT_S = 20.0
"""Seconds of sound that may wait for a client that reads slowly: 1 MB at 24 kHz."""
MAX_CLIENT_JOBS = 4
"""Utterances that are made for clients at a time; one that waits, for its client to read or for
more text, is not counted."""
MAX_OPEN_JOBS = 64
"""Utterances for clients, begun and not whole; each holds a segment's memory, 2 MB at the most."""


@dataclass(eq=False)
class Job:
    """An utterance under way."""

    utterance: Utterance
    chunks: Iterator[PcmChunk] | None = None
    """The sound of its present piece of text; None between two pieces."""
    seconds: float = 0.0
    """Sound that was made of it."""
    unsent_s: float = 0.0
    """Seconds of this that its client has not read."""

    @property
    def id(self) -> str:
        return self.utterance.id

    @property
    def urgent(self) -> bool:
        return self.utterance.priority == "urgent"

    @property
    def has_text(self) -> bool:
        return self.chunks is not None or self.utterance.text.ready

    @property
    def can_go_on(self) -> bool:
        """True if there is text, and its client reads."""
        return self.has_text and self.unsent_s < UNSENT_S

    def marks(self, chunk: PcmChunk) -> WordMarks:
        """Tell the words of its next chunk; none if nobody asked for them."""
        if not self.utterance.words:
            return ()
        return tuple(
            (
                word.start,
                WordHeard(
                    id=self.id,
                    text_start=word.text_start,
                    text_end=word.text_end,
                    start_s=self.seconds + word.start / chunk.rate,
                    seconds=word.length / chunk.rate,
                    estimated=word.estimated,
                ),
            )
            for word in chunk.words
        )


class Schedule:
    """The queue, what is under way, and whose turn it is."""

    def __init__(self, queue: SpeechQueue | None = None) -> None:
        self._queue = SpeechQueue() if queue is None else queue
        self._live: dict[str, Utterance] = {}  # accepted and not ended yet
        self._unheard: dict[str, Utterance] = {}  # taken for the sound card, not begun to sound
        self._card_jobs: dict[bool, Job] = {}  # by whether it is urgent
        self._client_jobs: list[Job] = []

    # From accepted to ended

    def accept(self, utterance: Utterance) -> tuple[int, list[Utterance]]:
        """Queue an utterance; returns how many wait before it, and those that it replaces, which
        are still live. Raises Busy, and then nothing has changed."""
        ahead, old = self._queue.put(utterance)
        replaced = [] if old is None else [old]
        replaced += [u for u in self._unheard.values() if utterance.replaces(u)]
        self._live[utterance.id] = utterance
        return ahead, replaced

    def find(self, id: str) -> Utterance | None:
        """Find a live utterance."""
        return self._live.get(id)

    def live(self) -> list[Utterance]:
        """List all that were accepted and have not ended, in the order in which they came."""
        return list(self._live.values())

    def is_live(self, job: Job) -> bool:
        """False once the job's utterance has ended; its id may be in use again."""
        return self._live.get(job.id) is job.utterance

    def waiting(self) -> int:
        """Count what has not begun to be made."""
        return len(self._queue)

    def note_sounding(self, id: str) -> None:
        """Note that an utterance has begun to sound: it can no longer expire or be replaced."""
        self._unheard.pop(id, None)

    def retire(self, job: Job) -> None:
        """Take a job away whose chunks are all made; its utterance lives until it is heard."""
        self._card_jobs = {k: other for k, other in self._card_jobs.items() if other is not job}
        self._client_jobs = [other for other in self._client_jobs if other is not job]

    def end(self, id: str) -> Utterance | None:
        """Forget an utterance wherever it is; None if it had ended already."""
        if (utterance := self._live.pop(id, None)) is None:
            return None
        self._queue.remove(lambda u: u is utterance)
        self._unheard.pop(id, None)
        self._card_jobs = {k: job for k, job in self._card_jobs.items() if job.id != id}
        self._client_jobs = [job for job in self._client_jobs if job.id != id]
        return utterance

    # Time

    def due(self) -> float | None:
        """Tell when the next one expires that has not begun to sound, on Utterance.expires' clock;
        None if none does."""
        return min((u.expires for u in self._not_begun() if u.expires is not None), default=None)

    def stale(self, now: float) -> list[Utterance]:
        """List those whose time is over before they began to sound."""
        return [u for u in self._not_begun() if u.is_stale(now)]

    def _not_begun(self) -> list[Utterance]:
        return [*self._queue.waiting(), *self._unheard.values()]

    # Turns

    def fill(self, card_is_silent: bool) -> None:
        """Begin what waits, where there is room."""
        for urgent in (True, False):
            if urgent not in self._card_jobs:
                silent = card_is_silent and not self._card_jobs
                utterance = self._queue.take(partial(_may_sound, urgent, silent))
                if utterance is not None:
                    self._card_jobs[urgent] = Job(utterance)
                    self._unheard[utterance.id] = utterance
        busy = sum(job.can_go_on for job in self._client_jobs)
        while busy < MAX_CLIENT_JOBS and len(self._client_jobs) < MAX_OPEN_JOBS:
            # One at a time for each client, whose answers come in the order of its requests.
            utterance = self._queue.take(lambda u: u.to == "client" and not self._serves(u.client))
            if utterance is None:
                break
            self._client_jobs.append(job := Job(utterance))
            busy += job.can_go_on

    def _serves(self, client: int) -> bool:
        return any(job.utterance.client == client for job in self._client_jobs)

    def next_job(self, buffered_s: Callable[[bool], float]) -> Job | None:
        """Choose whose turn it is, the sound card first; `buffered_s(urgent)` tells how many
        seconds of urgent speech, or of other, wait there."""
        for urgent, job in sorted(self._card_jobs.items(), reverse=True):
            if job.has_text and buffered_s(urgent) < AHEAD_S:
                return job
        return next((job for job in self._client_jobs if job.can_go_on), None)

    def sent(self, id: str, seconds: float) -> None:
        """Note that a client has read this much sound."""
        for job in self._client_jobs:
            if job.id == id:
                job.unsent_s -= seconds


def _may_sound(urgent: bool, silent: bool, utterance: Utterance) -> bool:
    """True if an utterance may be made for the sound card now."""
    if utterance.to != "speaker" or (utterance.priority == "urgent") != urgent:
        return False
    return utterance.priority != "background" or silent
