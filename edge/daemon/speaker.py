"""The synthesis thread: takes utterances from the queue and turns them into chunks.

One loop serves everyone: the sound card first, as far ahead as its buffer allows, and in the
time that leaves, the clients that want the sound for themselves.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from edge.daemon.events import (
    Cancelled,
    CancelReason,
    Event,
    Failed,
    Finished,
    Notify,
    Sound,
    TextTaken,
    Utterance,
    WordHeard,
    WordMarks,
)
from edge.daemon.phrase_cache import PhraseCache
from edge.daemon.player import Player
from edge.daemon.speech_queue import SpeechQueue
from edge.daemon.voices import Voices
from edge.errors import EdgeError, EmptyText, ModelFailed
from edge.pcm import PcmChunk
from edge.text import Piece

log = logging.getLogger(__name__)

AHEAD_S = 4.0
"""How far synthesis runs ahead of the sound card: room for the slowest sentence of a board."""
UNSENT_S = 20.0
"""How much sound may wait for a client that reads slowly: 1 MB at 24 kHz."""
MAX_CLIENT_JOBS = 4
"""Utterances that are made for clients at a time; one that waits, for its client to read or for
more text, is not counted."""
MAX_OPEN_JOBS = 64
"""Begun and not whole; each holds a segment's memory, 2 MB at the most."""


@dataclass(eq=False)
class _Job:
    """An utterance under way: the chunks of its piece of text, and what went out already."""

    utterance: Utterance
    chunks: Iterator[PcmChunk] | None = None  # None between two pieces
    seconds: float = 0.0
    unsent_s: float = 0.0

    @property
    def has_text(self) -> bool:
        return self.chunks is not None or self.utterance.text.ready

    @property
    def can_go_on(self) -> bool:
        """Of a job for a client. The lock is held."""
        return self.has_text and self.unsent_s < UNSENT_S


@dataclass
class Counters:
    """Since the daemon started."""

    spoken: int = 0
    cancelled: int = 0
    failed: int = 0
    seconds: float = field(default=0.0)


class Speaker(threading.Thread):
    """Owns the voices' models. Every accepted utterance ends in exactly one event."""

    def __init__(
        self,
        voices: Voices,
        player: Player,
        queue: SpeechQueue,
        notify: Notify,
        phrases: PhraseCache,
    ) -> None:
        super().__init__(name="synthesis", daemon=True)
        self._voices, self._player, self._queue, self._notify = voices, player, queue, notify
        self._phrases = phrases
        self._changed = threading.Condition()
        self._live: dict[str, Utterance] = {}  # accepted and not ended yet
        self._card_job: _Job | None = None
        self._client_jobs: list[_Job] = []
        self._closing = False
        self.counters = Counters()

    # From the sockets' thread

    def submit(self, utterance: Utterance) -> int:
        """Returns how many wait before it. Raises Busy."""
        with self._changed:
            ahead = self._queue.put(utterance)
            self._live[utterance.id] = utterance
            self._changed.notify_all()
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
            self.counters.cancelled += len(ended)
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
        with self._changed:
            return list(self._live.values())

    def close(self) -> None:
        self.cancel(None, None, "shutdown")
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self.join()

    # From the playback thread

    def on_room(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def on_played(self, event: Event) -> None:
        """The player's events, passed on unless the utterance has ended otherwise meanwhile."""
        if isinstance(event, (Finished, Failed)):
            self._end(event)
        elif self.is_live(event.id):
            self._notify(event)

    # The thread itself

    def run(self) -> None:
        while (step := self._next_step()) is not None:
            step()
        while self._phrases.unsaved:
            self._phrases.save_one()

    def _next_step(self) -> Callable[[], None] | None:
        """Wait for the job whose turn it is; None when closing."""
        with self._changed:
            while not self._closing:
                self._fill()
                card = self._card_job
                if card is not None and card.has_text and self._player.buffered_s < AHEAD_S:
                    return partial(self._go_on, card)
                for job in self._client_jobs:
                    if job.can_go_on:
                        return partial(self._go_on, job)
                if self._phrases.unsaved:
                    return self._phrases.save_one
                self._changed.wait()
            return None

    def _go_on(self, job: _Job) -> None:
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
        if self._card_job is None:
            utterance = self._queue.take(lambda u: u.to == "speaker")
            if utterance is not None:
                self._card_job = _Job(utterance)
        busy = sum(job.can_go_on for job in self._client_jobs)
        while busy < MAX_CLIENT_JOBS and len(self._client_jobs) < MAX_OPEN_JOBS:
            # One at a time for each client, whose answers come in the order of its requests.
            utterance = self._queue.take(lambda u: u.to == "client" and not self._serves(u.client))
            if utterance is None:
                break
            self._client_jobs.append(_Job(utterance))
            busy += 1

    def _serves(self, client: int) -> bool:
        return any(job.utterance.client == client for job in self._client_jobs)

    def _begin_piece(self, job: _Job) -> bool:
        """False if the text is at its end."""
        text = job.utterance.text
        with self._changed:
            piece = text.take()
            waiting, closed = text.waiting, text.closed
        if piece is None:
            return False
        job.chunks = self._render(job.utterance, piece)
        if not closed:
            self._notify(TextTaken(job.utterance.id, waiting))
        return True

    def _render(self, utterance: Utterance, piece: Piece) -> Iterator[PcmChunk]:
        bundle = self._voices.bundle(utterance.voice)
        gain = bundle.manifest.gain * utterance.volume
        variant = self._voices.variant(utterance.voice)
        voice = self._voices.identity(utterance.voice, utterance.style.speaker)
        key = self._phrases.key(piece.text, voice, variant, utterance.style, utterance.words)
        for chunk in self._phrases.speak(key, lambda: self._synthesize(utterance, piece.text)):
            words = tuple(word.later(piece.start) for word in chunk.words)
            yield PcmChunk(chunk.samples * gain, chunk.rate, words)

    def _synthesize(self, utterance: Utterance, text: str) -> Iterator[PcmChunk]:
        synthesizer = self._voices.synthesizer(utterance.voice)
        try:
            segments = synthesizer.plan(text, utterance.style, utterance.words)
        except EmptyText:
            return  # no words in this language; _finish() sees whether there were others
        for segment in segments:
            yield from synthesizer.speak(segment)

    def _deliver(self, job: _Job, chunk: PcmChunk) -> None:
        id = job.utterance.id
        with self._changed:
            if self._live.get(id) is not job.utterance:
                return  # cancelled while this chunk was made; its id may be in use again
            words = _marks(id, chunk, job.seconds)
            job.seconds += chunk.seconds
            job.unsent_s += chunk.seconds
            if job.utterance.to == "speaker":
                # With the lock held, so that nothing is put behind a cancel.
                self._player.put(id, chunk, words)
                return
        self._notify(Sound(id, chunk, words))

    def _finish(self, job: _Job) -> None:
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
                self._player.end(id, job.seconds)
        if not for_card:
            self._end(Finished(id, job.seconds))

    def _fail(self, job: _Job, error: EdgeError) -> None:
        with self._changed:
            if self._live.get(job.utterance.id) is not job.utterance:
                return
            self._retire(job)
        self._end(Failed(job.utterance.id, error))
        if job.utterance.to == "speaker":
            self._player.cancel(job.utterance.id)

    def _end(self, event: Finished | Failed) -> None:
        with self._changed:
            if self._live.pop(event.id, None) is None:
                return
            if isinstance(event, Finished):
                self.counters.spoken += 1
                self.counters.seconds += event.seconds
            else:
                self.counters.failed += 1
                if self._card_job is not None and self._card_job.utterance.id == event.id:
                    self._card_job = None  # the sound card failed under it
            self._changed.notify_all()
        self._notify(event)

    def _drop(self, utterance: Utterance) -> None:
        """Forget a live utterance wherever it is. The lock is held."""
        del self._live[utterance.id]
        self._queue.remove(lambda u: u.id == utterance.id)
        self._client_jobs = [j for j in self._client_jobs if j.utterance.id != utterance.id]
        if self._card_job is not None and self._card_job.utterance.id == utterance.id:
            self._card_job = None
        if utterance.to == "speaker":
            self._player.cancel(utterance.id)

    def _retire(self, job: _Job) -> None:
        """All of its chunks are made. The lock is held."""
        if self._card_job is job:
            self._card_job = None
        else:
            self._client_jobs = [other for other in self._client_jobs if other is not job]


def _marks(id: str, chunk: PcmChunk, before_s: float) -> WordMarks:
    """The chunk's words as they are told; `before_s` of the utterance came before it."""
    return tuple(
        (
            word.start,
            WordHeard(
                id=id,
                text_start=word.text_start,
                text_end=word.text_end,
                start_s=before_s + word.start / chunk.rate,
                seconds=word.length / chunk.rate,
                estimated=word.estimated,
            ),
        )
        for word in chunk.words
    )
