"""Utterances from accepted to ended, and which of them is made next.

Pure: no lock, no thread, no clock. The time and the state of the sound card come in; the synthesis
thread holds its lock around every call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from edge.daemon.events import Utterance
from edge.daemon.queue import SpeechQueue
from edge.pcm import PcmChunk
from edge.sound.events import Cue, Cues, MarkHeard, WordHeard

AHEAD_S = 4.0
"""Seconds that synthesis runs ahead of the sound card: the slowest sentence of a board fits in."""
UNSENT_S = 20.0
"""Seconds of sound that may wait for a client that reads slowly: 1 MB at 24 kHz."""
MAX_CLIENT_JOBS = 4
"""Utterances that are made for clients at a time; one that waits, for its client to read or for
more text, is not counted."""
MAX_OPEN_JOBS = 64
"""Pieces of text for clients, begun and not whole; each holds a segment's memory, 2 MB at the
most. One that waits for more text holds nothing, and is not counted."""
STALLED_S = 5.0
"""Seconds in which a client that is behind took nothing; its place is another's then, if all are
taken. Who plays the sound as it comes takes some of it each second."""
GIVES_WAY_S = 3.0
"""Seconds of silence, for want of text, after which a stream lets others use the sound card."""


@dataclass(eq=False)
class Reader:
    """How far a client is behind with the sound that was made for it."""

    unsent_s: float = 0.0
    since: float = 0.0
    """When it took some last, on the clock of the thread."""


@dataclass(eq=False)
class Job:
    """An utterance under way."""

    utterance: Utterance
    chunks: Iterator[PcmChunk] | None = None
    """The sound of its present piece of text; None between two pieces."""
    seconds: float = 0.0
    """Sound that was made of it."""
    reader: Reader = field(default_factory=Reader)
    """Its client, which may be behind with the sound of earlier utterances too."""
    rate: int = 0
    """Samples per second of its last sound, Hz."""
    reached: tuple[str, ...] = ()
    """Marks that lie where its next sound begins."""
    dry_since: float | None = None
    """When the last sound of a stream went to the sound card, and no text was there."""

    @property
    def id(self) -> str:
        return self.utterance.ticket

    @property
    def urgent(self) -> bool:
        return self.utterance.priority == "urgent"

    @property
    def has_text(self) -> bool:
        return self.chunks is not None or self.utterance.text.ready

    @property
    def can_go_on(self) -> bool:
        """True if there is text, and its client reads."""
        return self.has_text and not self.is_behind

    @property
    def is_behind(self) -> bool:
        return self.reader.unsent_s >= UNSENT_S

    def cues(self, chunk: PcmChunk) -> Cues:
        """Tell the words and marks of its next chunk. Words that the sound card plays are told
        also if nobody asked for them: where speech ends, they say how far it was heard."""
        found: list[tuple[int, Cue]] = [
            (mark.start, MarkHeard(self.id, mark.name, self.seconds + mark.start / chunk.rate))
            for mark in chunk.bookmarks
        ]
        if self.utterance.words or self.utterance.to == "speaker":
            found += (
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
        return tuple(sorted(found, key=lambda cue: cue[0]))


class Schedule:
    """The queue, what is under way, and whose turn it is."""

    def __init__(self, queue: SpeechQueue | None = None) -> None:
        self._queue = SpeechQueue() if queue is None else queue
        self._live: dict[str, Utterance] = {}  # accepted and not ended yet
        self._unheard: dict[str, Utterance] = {}  # taken for the sound card, not begun to sound
        self._card_jobs: dict[bool, Job] = {}  # by whether it is urgent
        self._aside: list[Job] = []  # streams that gave way for want of text
        self._client_jobs: list[Job] = []
        self._readers: dict[int, Reader] = {}  # by client

    # From accepted to ended

    def accept(self, utterance: Utterance) -> tuple[int, list[Utterance]]:
        """Queue an utterance; returns how many wait before it, and those that it replaces, which
        are still live. Raises Busy, and then nothing has changed."""
        ahead, replaced = self._queue.put(utterance)
        replaced += [u for u in self._unheard.values() if utterance.replaces(u)]
        self._live[utterance.ticket] = utterance
        return ahead, replaced

    def find(self, ticket: str) -> Utterance | None:
        """Find a live utterance."""
        return self._live.get(ticket)

    def has(self, id: str) -> bool:
        """True if an utterance of this id is live."""
        return any(utterance.id == id for utterance in self._live.values())

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
        self._aside = [other for other in self._aside if other is not job]
        self._client_jobs = [other for other in self._client_jobs if other is not job]

    def end(self, id: str) -> Utterance | None:
        """Forget an utterance wherever it is; None if it had ended already."""
        if (utterance := self._live.pop(id, None)) is None:
            return None
        self._queue.remove(lambda u: u is utterance)
        self._unheard.pop(id, None)
        self._card_jobs = {k: job for k, job in self._card_jobs.items() if job.id != id}
        self._aside = [job for job in self._aside if job.id != id]
        self._client_jobs = [job for job in self._client_jobs if job.id != id]
        return utterance

    def forget_reader(self, client: int) -> None:
        """Forget how far a client was behind that is gone."""
        self._readers.pop(client, None)

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

    def fill(self, card_is_silent: bool, now: float = 0.0, buffered_s: float = 0.0) -> None:
        """Begin what waits, where there is room; `buffered_s` of speech that is not urgent wait
        for the sound card."""
        self._let_give_way(now, buffered_s)
        for urgent in (True, False):
            if urgent not in self._card_jobs:
                back = None if urgent else next((j for j in self._aside if j.has_text), None)
                if back is not None:
                    self._aside.remove(back)
                    self._card_jobs[urgent] = back
                    continue
                silent = card_is_silent and not self._card_jobs
                utterance = self._queue.take(partial(_may_sound, urgent, silent))
                if utterance is not None:
                    self._card_jobs[urgent] = Job(utterance)
                    self._unheard[utterance.ticket] = utterance
        busy = sum(job.can_go_on for job in self._client_jobs)
        while busy < MAX_CLIENT_JOBS and self._open() < MAX_OPEN_JOBS:
            # One at a time for each client, whose answers come in the order of its requests.
            utterance = self._queue.take(self._may_be_sent)
            if utterance is None:
                break
            reader = self._readers.setdefault(utterance.client, Reader(since=now))
            self._client_jobs.append(job := Job(utterance, reader=reader))
            busy += job.can_go_on

    def _let_give_way(self, now: float, buffered_s: float) -> None:
        """Set a stream aside that has been silent for long, if others wait for the sound card."""
        if (job := self._card_jobs.get(False)) is None:
            return
        if job.has_text or buffered_s:
            job.dry_since = None
            return
        job.dry_since = now if job.dry_since is None else job.dry_since
        if now >= job.dry_since + GIVES_WAY_S and self._others_wait():
            job.dry_since = None
            del self._card_jobs[False]
            self._aside.append(job)

    def gives_way_at(self) -> float | None:
        """Tell when the stream that has the sound card gives way; None if nobody waits for it."""
        job = self._card_jobs.get(False)
        if job is None or job.dry_since is None or not self._others_wait():
            return None
        return job.dry_since + GIVES_WAY_S

    def _others_wait(self) -> bool:
        may = partial(_may_sound, False, False)
        return any(job.has_text for job in self._aside) or any(map(may, self._queue.waiting()))

    def _may_be_sent(self, utterance: Utterance) -> bool:
        ready = utterance.to == "client" and utterance.text.ready
        return ready and not self._serves(utterance.client)

    def _open(self) -> int:
        """Count the jobs of clients that hold memory."""
        return sum(job.has_text for job in self._client_jobs)

    def stalled(self, now: float) -> Job | None:
        """Find the job of a client that has taken nothing for long, while others wait for its
        place; the longest first."""
        job = self._longest_behind()
        return job if job is not None and now >= job.reader.since + STALLED_S else None

    def stalls_at(self) -> float | None:
        """Tell when the first of them loses its place; None if nobody waits for one."""
        job = self._longest_behind()
        return None if job is None else job.reader.since + STALLED_S

    def _longest_behind(self) -> Job | None:
        if self._open() < MAX_OPEN_JOBS or not any(map(self._may_be_sent, self._queue.waiting())):
            return None
        behind = (job for job in self._client_jobs if job.is_behind)
        return min(behind, key=lambda job: job.reader.since, default=None)

    def _serves(self, client: int) -> bool:
        return any(job.utterance.client == client for job in self._client_jobs)

    def next_job(self, buffered_s: Callable[[bool], float]) -> Job | None:
        """Choose whose turn it is, the sound card first; `buffered_s(urgent)` tells how many
        seconds of urgent speech, or of other, wait there."""
        for urgent, job in sorted(self._card_jobs.items(), reverse=True):
            if job.has_text and buffered_s(urgent) < AHEAD_S:
                return job
        begun = sum(job.chunks is not None for job in self._client_jobs)
        return next(
            (
                job
                for job in self._client_jobs
                if job.can_go_on and (job.chunks is not None or begun < MAX_OPEN_JOBS)
            ),
            None,
        )

    def sent(self, client: int, seconds: float, now: float = 0.0) -> None:
        """Note that a client has read this much sound."""
        if (reader := self._readers.get(client)) is not None:
            reader.unsent_s -= seconds
            reader.since = now


def _may_sound(urgent: bool, silent: bool, utterance: Utterance) -> bool:
    """True if an utterance may be made for the sound card now."""
    if utterance.to != "speaker" or not utterance.text.ready:
        return False  # a stream takes the card once its first piece is there
    if (utterance.priority == "urgent") != urgent:
        return False
    return utterance.priority != "background" or silent
