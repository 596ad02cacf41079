"""The synthesis thread: takes utterances from the queue and turns them into chunks.

One loop serves everyone: the sound card first, as far ahead as its buffer allows, and in the
time that leaves, the clients that want the sound for themselves.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from edge.daemon.counters import Counters
from edge.daemon.events import Cancelled, CancelReason, Event, Notify, Sound, TextTaken, Utterance
from edge.daemon.phrase_cache import PhraseCache
from edge.daemon.queue import SpeechQueue
from edge.daemon.rendering import Job, Renderer
from edge.daemon.voices import Voices
from edge.errors import EdgeError, EmptyText, ModelFailed
from edge.pcm import PcmChunk
from edge.sound.events import Failed, Finished, Started
from edge.sound.playback import Player

log = logging.getLogger(__name__)

AHEAD_S = 4.0
"""How far synthesis runs ahead of the sound card: room for the slowest sentence of a board."""
MAX_CLIENT_JOBS = 4
"""Utterances that are made for clients at a time; one that waits, for its client to read or for
more text, is not counted."""
MAX_OPEN_JOBS = 64
"""Begun and not whole; each holds a segment's memory, 2 MB at the most."""


class Speaker(threading.Thread):
    """Owns the voices' models. Every accepted utterance ends in exactly one event."""

    def __init__(
        self,
        voices: Voices,
        player: Player,
        queue: SpeechQueue,
        notify: Notify,
        phrases: PhraseCache,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name="synthesis", daemon=True)
        self._player, self._queue, self._notify = player, queue, notify
        self._phrases, self._renderer = phrases, Renderer(voices, phrases)
        self._clock = clock
        self._changed = threading.Condition()
        self._live: dict[str, Utterance] = {}  # accepted and not ended yet
        self._unheard: dict[str, Utterance] = {}  # taken for the sound card, not begun to sound
        self._card_jobs: dict[bool, Job] = {}  # by whether it is urgent
        self._client_jobs: list[Job] = []
        self._closing = False
        self.counters = Counters()
        self.turns = 0
        """Grows whenever the thread comes round: see edge.daemon.watchdog."""

    # From the sockets' thread

    def submit(self, utterance: Utterance) -> int:
        """Returns how many wait before it. Raises Busy."""
        with self._changed:
            ahead, old = self._queue.put(utterance)
            replaced = [] if old is None else [old]
            replaced += [u for u in self._unheard.values() if utterance.replaces(u)]
            replaced = [u for u in replaced if self._drop(u, unless_begun=True)]
            self._live[utterance.id] = utterance
            self._changed.notify_all()
        for old in replaced:
            self._notify(Cancelled(old.id, "replaced"))
        return ahead

    def feed(self, id: str, text: str) -> int:
        """More text of a live utterance; returns how many characters wait to be spoken."""
        with self._changed:
            if (utterance := self._live.get(id)) is None:
                return 0
            utterance.text.add(text)
            self._changed.notify_all()
            return utterance.text.waiting

    def end_text(self, id: str) -> None:
        """The text of this utterance is whole."""
        with self._changed:
            if (utterance := self._live.get(id)) is not None:
                utterance.text.close()
                self._changed.notify_all()

    def is_live(self, id: str) -> bool:
        with self._changed:
            return id in self._live

    def cancel(
        self, client: int | None, id: str | None, reason: CancelReason = "stopped"
    ) -> list[str]:
        """End what is live of this client (None: of all), or only `id`; returns the ids."""
        with self._changed:
            ended = [
                u
                for u in self._live.values()
                if (client is None or u.client == client) and (id is None or u.id == id)
            ]
            for utterance in ended:
                self._drop(utterance)
            self._changed.notify_all()
        for utterance in ended:
            self._notify(Cancelled(utterance.id, reason))
        return [utterance.id for utterance in ended]

    def sent(self, id: str, seconds: float) -> None:
        """The client has taken this much sound: there is room for more."""
        with self._changed:
            for job in self._client_jobs:
                if job.utterance.id == id:
                    job.unsent_s -= seconds
            self._changed.notify_all()

    def waiting(self) -> int:
        with self._changed:
            return len(self._queue)

    def live(self) -> list[Utterance]:
        """All that were accepted and have not ended, in the order in which they came."""
        with self._changed:
            return list(self._live.values())

    def latencies_s(self) -> list[float]:
        """From accepted to the first sample, of the latest utterances."""
        with self._changed:
            return list(self.counters.latencies_s)

    def close(self) -> None:
        self.cancel(None, None, "shutdown")
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self.join()

    # From other threads

    def nudge(self) -> None:
        """Come round once, also where there is nothing to do."""
        with self._changed:
            self._changed.notify_all()

    def on_played(self, event: Event) -> None:
        """The player's events, passed on unless the utterance has ended otherwise meanwhile."""
        if isinstance(event, (Finished, Failed)):
            self._end(event)
            return
        with self._changed:
            utterance = self._live.get(event.id)
            if isinstance(event, Started) and utterance is not None:
                self._unheard.pop(event.id, None)
                self.counters.latencies_s.append(self._clock() - utterance.accepted)
        if utterance is not None:
            self._notify(event)

    # The thread itself

    def run(self) -> None:
        while (step := self._next_step()) is not None:
            step()
            del step  # while it waits for the next one, it would hold on to a job and its model
        while self._phrases.unsaved:
            self._phrases.save_one()

    def _next_step(self) -> Callable[[], None] | None:
        """Wait for the job whose turn it is; None when closing."""
        with self._changed:
            while not self._closing:
                self.turns += 1
                due = min((u.expires or 0.0 for u in self._may_expire()), default=None)
                if due is not None and due <= (now := self._clock()):
                    return partial(self._expire, now)
                self._fill()
                if (job := self._ready_job()) is not None:
                    return partial(self._go_on, job)
                if self._phrases.unsaved:
                    return self._phrases.save_one
                self._changed.wait(None if due is None else due - now)
            return None

    def _ready_job(self) -> Job | None:
        """Whose turn it is. The lock is held."""
        for urgent, job in sorted(self._card_jobs.items(), reverse=True):
            if job.has_text and self._player.buffered_s(urgent) < AHEAD_S:
                return job
        return next((job for job in self._client_jobs if job.can_go_on), None)

    def _go_on(self, job: Job) -> None:
        """Make the next chunk of this job, or begin its next piece of text, or end it."""
        try:
            if job.chunks is None and not self._begin_piece(job):
                self._finish(job)
                return
            assert job.chunks is not None
            chunk = next(job.chunks, None)
        except EdgeError as error:
            self._fail(job, error)
        except Exception:
            # A model or a package broke; its words could quote the text, so only the
            # kind of failure is told, and the daemon speaks on.
            log.error("utterance %s: unexpected failure in synthesis", job.utterance.id)
            log.debug("the failure", exc_info=True)
            self._fail(
                job,
                ModelFailed(
                    f"voice {job.utterance.voice} failed while speaking",
                    "The daemon goes on; edge doctor checks the voice.",
                ),
            )
        else:
            if chunk is None:
                job.chunks = None
            elif len(chunk.samples):  # an empty one is work done whose sound comes later
                self._deliver(job, chunk)

    def _fill(self) -> None:
        """Start what waits, where there is room."""
        for urgent in (True, False):
            if urgent not in self._card_jobs:
                utterance = self._queue.take(partial(self._may_sound, urgent))
                if utterance is not None:
                    self._card_jobs[urgent] = Job(utterance)
                    self._unheard[utterance.id] = utterance
        busy = sum(job.can_go_on for job in self._client_jobs)
        while busy < MAX_CLIENT_JOBS and len(self._client_jobs) < MAX_OPEN_JOBS:
            # One at a time for each client, whose answers come in the order of its requests.
            utterance = self._queue.take(lambda u: u.to == "client" and not self._serves(u.client))
            if utterance is None:
                break
            self._client_jobs.append(Job(utterance))
            busy += 1

    def _may_sound(self, urgent: bool, utterance: Utterance) -> bool:
        """Whether it may be made for the sound card now."""
        if utterance.to != "speaker" or (utterance.priority == "urgent") != urgent:
            return False
        silent = not self._card_jobs and self._player.silent
        return utterance.priority != "background" or silent

    def _serves(self, client: int) -> bool:
        return any(job.utterance.client == client for job in self._client_jobs)

    def _begin_piece(self, job: Job) -> bool:
        """False if the text is at its end."""
        text = job.utterance.text
        with self._changed:
            piece = text.take()
            waiting, closed = text.waiting, text.closed
        if piece is None:
            return False
        job.chunks = self._renderer.render(job.utterance, piece)
        if not closed:
            self._notify(TextTaken(job.utterance.id, waiting))
        return True

    def _deliver(self, job: Job, chunk: PcmChunk) -> None:
        id = job.utterance.id
        with self._changed:
            if self._live.get(id) is not job.utterance:
                return  # cancelled while this chunk was made; its id may be in use again
            words, start_s = job.marks(chunk), job.seconds
            job.seconds += chunk.seconds
            job.unsent_s += chunk.seconds
            if job.utterance.to == "speaker":
                # With the lock held, so that nothing is put behind a cancel.
                self._player.put(id, chunk, words, start_s, job.urgent)
                return
        self._notify(Sound(id, chunk, words))

    def _finish(self, job: Job) -> None:
        """All of its chunks are made."""
        id, for_card = job.utterance.id, job.utterance.to == "speaker"
        if for_card and not job.seconds:
            # To a client, the right sound for no words is none; Wyoming's expect this.
            self._fail(
                job,
                EmptyText(
                    f"nothing to speak in the text of {job.utterance.text.received} characters",
                    "Give words in the voice's own language; edge voices lists the languages.",
                ),
            )
            return
        with self._changed:
            if self._live.get(id) is not job.utterance:
                return
            self._retire(job)
            if for_card:
                self._player.end(id, job.seconds, job.urgent)
        if not for_card:
            self._end(Finished(id, job.seconds))

    def _fail(self, job: Job, error: EdgeError) -> None:
        with self._changed:
            if self._live.get(job.utterance.id) is not job.utterance:
                return
            self._retire(job)
        self._end(Failed(job.utterance.id, error))

    def _end(self, event: Finished | Failed) -> None:
        with self._changed:
            if self._live.pop(event.id, None) is None:
                return
            if isinstance(event, Finished):
                self.counters.spoken += 1
                self.counters.seconds += event.seconds
            else:
                self.counters.failed += 1
                # Before it is told: the client may use its id again at once.
                self._player.cancel(event.id)
            self._forget(event.id)  # also where the sound card failed under it
            self._changed.notify_all()
        self._notify(event)

    def _may_expire(self) -> list[Utterance]:
        """What has a limit and has not begun to sound. The lock is held."""
        return [
            u for u in (*self._queue.waiting(), *self._unheard.values()) if u.expires is not None
        ]

    def _expire(self, now: float) -> None:
        """End what is stale."""
        with self._changed:
            stale = [u for u in self._may_expire() if u.is_stale(now)]
            # One whose sound is just beginning is told as started in a moment.
            ended = [u for u in stale if self._drop(u, unless_begun=True)]
        for utterance in ended:
            self._notify(Cancelled(utterance.id, "expired"))

    def _drop(self, utterance: Utterance, unless_begun: bool = False) -> bool:
        """Forget a live utterance wherever it is; False if it is spared because it sounds
        already. The lock is held."""
        if utterance.to == "speaker" and not self._player.cancel(utterance.id, unless_begun):
            self._unheard.pop(utterance.id, None)
            return False
        del self._live[utterance.id]
        self._queue.remove(lambda u: u is utterance)
        self._forget(utterance.id)
        self.counters.cancelled += 1
        return True

    def _forget(self, id: str) -> None:
        """Whatever is under way for this utterance. The lock is held."""
        self._unheard.pop(id, None)
        self._card_jobs = {k: job for k, job in self._card_jobs.items() if job.id != id}
        self._client_jobs = [job for job in self._client_jobs if job.id != id]

    def _retire(self, job: Job) -> None:
        """All of its chunks are made. The lock is held."""
        self._card_jobs = {k: other for k, other in self._card_jobs.items() if other is not job}
        self._client_jobs = [other for other in self._client_jobs if other is not job]
