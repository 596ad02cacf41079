"""The synthesis thread: takes utterances from the schedule and turns them into chunks.

One loop serves everyone: the sound card first, as far ahead as its buffer allows, and in the
time that leaves, the clients that want the sound for themselves.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from edge.daemon.counters import Counters
from edge.daemon.events import (
    Answered,
    Cancelled,
    CancelReason,
    Notify,
    Sound,
    TextTaken,
    Utterance,
)
from edge.daemon.phrase_cache import PhraseCache
from edge.daemon.rendering import Renderer, tell
from edge.daemon.schedule import STALLED_S, Job, Schedule
from edge.daemon.voices import Voices
from edge.errors import Busy, EdgeError, EmptyText, ModelFailed
from edge.pcm import Bookmark, PcmChunk, silence
from edge.protocol import ErrorReply, Reply
from edge.sound.events import (
    Failed,
    Finished,
    Interrupted,
    PlaybackEvent,
    Resumed,
    Started,
    WordHeard,
)
from edge.sound.playback import Player

log = logging.getLogger(__name__)

MAX_QUESTIONS = 16
"""Questions that wait for an answer; each holds a text of 2,000 characters at most."""


class Synthesis(threading.Thread):
    """Owns the voices' models. Every accepted utterance ends in exactly one event.

    Its lock guards the schedule, the counters and the text of utterances. `notify` is called from
    any thread, without the lock; the player is called with it.
    """

    def __init__(
        self,
        voices: Voices,
        player: Player,
        notify: Notify,
        phrases: PhraseCache,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name="synthesis", daemon=True)
        self._player, self._notify, self._clock = player, notify, clock
        self._phrases, self._renderer = phrases, Renderer(voices, phrases)
        self._changed = threading.Condition()
        self._schedule = Schedule()
        self._places: dict[str, int] = {}  # in the text, behind the last word that was begun
        self._questions: deque[tuple[str, Callable[[], Reply]]] = deque()
        self._closing = False
        self.counters = Counters()
        self.turns = 0
        """Grows whenever the thread comes round: see watchdog.py."""

    # From the sockets' thread

    def submit(self, utterance: Utterance) -> int:
        """Queue an utterance; returns how many wait before it. Raises Busy."""
        with self._changed:
            ahead, replaced = self._schedule.accept(utterance)
            told = self._drop_locked(replaced, "replaced", unless_begun=True)
            self._changed.notify_all()
        for event in told:
            self._notify(event)
        return ahead

    def feed(self, id: str, text: str) -> int:
        """Add text to a live utterance; returns how many characters wait to be spoken."""
        with self._changed:
            if (utterance := self._schedule.find(id)) is None:
                return 0
            utterance.text.add(text)
            self._changed.notify_all()
            return utterance.text.waiting

    def end_text(self, id: str) -> None:
        """Say that the text of this utterance is whole."""
        with self._changed:
            if (utterance := self._schedule.find(id)) is not None:
                utterance.text.close()
                self._changed.notify_all()

    def is_live(self, id: str) -> bool:
        with self._changed:
            return self._schedule.has(id)

    def cancel(
        self, client: int | None, id: str | None, reason: CancelReason = "stopped"
    ) -> list[str]:
        """End what is live of this client (None: of all), or only `id`; returns the ids."""
        return self._cancel(
            lambda u: (client is None or u.client == client) and (id is None or u.id == id), reason
        )

    def break_off(self, ticket: str, error: EdgeError) -> None:
        """End an utterance, if it is live, whose text will not come whole."""
        self._end(Failed(ticket, error))

    def client_gone(self, client: int) -> None:
        """End what only this client would hear, and what it wished to end with its connection."""
        self._cancel(
            lambda u: u.client == client and (u.to == "client" or u.while_connected), "client-gone"
        )
        with self._changed:
            self._schedule.forget_reader(client)

    def _cancel(self, unwanted: Callable[[Utterance], bool], reason: CancelReason) -> list[str]:
        with self._changed:
            ended = [u for u in self._schedule.live() if unwanted(u)]
            told = self._drop_locked(ended, reason)
            self._changed.notify_all()
        for event in told:
            self._notify(event)
        return [utterance.id for utterance in ended]

    def sent(self, client: int, seconds: float) -> None:
        """Note that the client has taken this much sound: there is room for more."""
        with self._changed:
            self._schedule.sent(client, seconds, self._clock())
            self._changed.notify_all()

    def waiting(self) -> int:
        """Count the utterances that have not begun to be made."""
        with self._changed:
            return self._schedule.waiting()

    def live(self) -> list[Utterance]:
        """List all that were accepted and have not ended, in the order in which they came."""
        with self._changed:
            return self._schedule.live()

    def latencies_s(self) -> list[float]:
        """List the seconds from accepted to the first sample, of the latest utterances."""
        with self._changed:
            return list(self.counters.latencies_s)

    def close(self) -> None:
        """End all utterances and the thread; waits for both."""
        self.cancel(None, None, "shutdown")
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self.join()

    def ask(self, id: str, question: Callable[[], Reply]) -> None:
        """Have a question answered when nothing is to be spoken: `notify` gets Answered. Raises
        Busy."""
        with self._changed:
            if len(self._questions) >= MAX_QUESTIONS:
                raise Busy(
                    f"{len(self._questions)} questions wait; the limit is {MAX_QUESTIONS}",
                    "Wait for some of the answers.",
                )
            self._questions.append((id, question))
            self._changed.notify_all()

    # From any thread

    def nudge(self) -> None:
        """Have the thread come round once, also where there is nothing to do."""
        with self._changed:
            self._changed.notify_all()

    def on_played(self, event: PlaybackEvent) -> None:
        """Pass the player's event on, unless the utterance has ended otherwise meanwhile."""
        if isinstance(event, (Finished, Failed)):
            self._end(event)
            return
        with self._changed:
            utterance = self._schedule.find(event.id)
            if isinstance(event, Started) and utterance is not None:
                self._schedule.note_sounding(event.id)
                self.counters.latencies_s.append(self._clock() - utterance.accepted)
            if isinstance(event, WordHeard) and utterance is not None:
                self._places[event.id] = event.text_end
        if utterance is not None and _is_wanted(event, utterance):
            self._notify(event)

    # The thread itself

    def run(self) -> None:
        while (step := self._next_step()) is not None:
            step()
            del step  # while it waits for the next one, it would hold on to a job and its model

    def _next_step(self) -> Callable[[], None] | None:
        """Wait for the job whose turn it is; None when closing."""
        with self._changed:
            while not self._closing:
                self.turns += 1
                now, due = self._clock(), self._schedule.due()
                if due is not None and due <= now:
                    return partial(self._expire, now)
                buffered_s = self._player.buffered_s(False)
                self._schedule.fill(self._player.silent, now, buffered_s)
                if (job := self._schedule.next_job(self._player.buffered_s)) is not None:
                    return partial(self._go_on, job)
                if self._questions:
                    return partial(self._answer, *self._questions.popleft())
                if (job := self._schedule.stalled(now)) is not None:
                    return partial(self._fail, job, _stalled())
                times = (due, self._schedule.gives_way_at(), self._schedule.stalls_at())
                soonest = min((time for time in times if time is not None), default=None)
                self._changed.wait(None if soonest is None else max(0.0, soonest - now))
            return None

    def _go_on(self, job: Job) -> None:
        """Make the next chunk of this job, or begin its next piece of text, or end it."""
        try:
            if job.chunks is None and not self._begin_piece(job):
                self._finish(job)
                return
            assert job.chunks is not None
            chunk = next(job.chunks, None)
            if chunk is None:
                job.chunks = None
                return
            job.rate = chunk.rate
            if len(chunk.samples):
                marks = tuple(Bookmark(name, 0) for name in job.reached)
                job.reached = ()
                self._deliver(job, replace(chunk, bookmarks=marks + chunk.bookmarks))
            else:  # work was done whose sound comes later, or marks lie at an end
                job.reached += tuple(mark.name for mark in chunk.bookmarks)
        except EdgeError as error:
            self._fail(job, error)
        except Exception:
            # A model or a package broke, or there was no memory to hand the sound on; its words
            # could quote the text, so only the kind of failure is told, and the daemon speaks on.
            log.error("utterance %s: unexpected failure in synthesis", job.utterance.id)
            log.debug("the failure", exc_info=True)
            self._fail(
                job,
                ModelFailed(
                    f"voice {job.utterance.voice} failed while speaking",
                    "The daemon goes on; edge doctor checks the voice.",
                ),
            )

    def _answer(self, id: str, question: Callable[[], Reply]) -> None:
        try:
            answer = question()
        except EdgeError as error:
            answer = ErrorReply.of(error)
        except Exception as error:  # a phonemizer broke; its words could quote the text
            log.debug("the failure", exc_info=True)
            failed = ModelFailed(
                f"the text could not be explained: {type(error).__name__}",
                "The daemon goes on; edge doctor checks the voice.",
            )
            answer = ErrorReply.of(failed)
        self._notify(Answered(id, answer))

    def _begin_piece(self, job: Job) -> bool:
        """Take the next piece of text; False if there is none."""
        text = job.utterance.text
        with self._changed:
            piece = text.take()
            waiting, closed, warned = text.waiting, text.closed, text.new_warnings()
        if piece is None:
            return False
        tell(job.utterance, warned)
        job.chunks = self._renderer.render(job.utterance, piece)
        if not closed:
            self._notify(TextTaken(job.id, waiting))
        return True

    def _deliver(self, job: Job, chunk: PcmChunk) -> None:
        with self._changed:
            if not self._schedule.is_live(job):
                return  # cancelled while this chunk was made
            cues, start_s = job.cues(chunk), job.seconds
            job.seconds += chunk.seconds
            job.reader.unsent_s += chunk.seconds
            if job.utterance.to == "speaker":
                # With the lock held, so that nothing is put behind a cancel.
                self._player.put(job.id, chunk, cues, start_s, job.urgent)
                return
        self._notify(Sound(job.id, chunk, cues))

    def _finish(self, job: Job) -> None:
        """Queue the end behind the last chunk; a client's utterance ends here."""
        for_card = job.utterance.to == "speaker"
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
        if job.reached:
            marks = tuple(Bookmark(name, 0) for name in job.reached)
            self._deliver(job, replace(silence(0.0, job.rate), bookmarks=marks))
        with self._changed:
            if not self._schedule.is_live(job):
                return
            self._schedule.retire(job)
            if for_card:
                self._player.end(job.id, job.seconds, job.urgent)
        if not for_card:
            self._end(Finished(job.id, job.seconds))

    def _fail(self, job: Job, error: EdgeError) -> None:
        with self._changed:
            if not self._schedule.is_live(job):
                return
            self._schedule.retire(job)
        self._end(Failed(job.id, error))

    def _end(self, event: Finished | Failed) -> None:
        """Count an utterance's end and tell it, once."""
        with self._changed:
            if (utterance := self._schedule.find(event.id)) is None:
                return
            seconds = self._player.heard_s(event.id)
            text_end = self._places.pop(utterance.ticket, None)
            self._schedule.end(event.id)
            if isinstance(event, Finished):
                self.counters.spoken += 1
                self.counters.seconds += event.seconds
            else:
                self.counters.failed += 1
                event = replace(event, seconds=seconds, text_end=text_end)
                # Before it is told: the client may use its id again at once.
                self._player.cancel(event.id)
            self._changed.notify_all()
        self._notify(event)

    def _expire(self, now: float) -> None:
        """End what is stale."""
        with self._changed:
            # One whose sound is just beginning is told as started in a moment.
            stale = self._schedule.stale(now)
            told = self._drop_locked(stale, "expired", unless_begun=True)
        for event in told:
            self._notify(event)

    def _drop_locked(
        self, unwanted: Sequence[Utterance], reason: CancelReason, unless_begun: bool = False
    ) -> list[Cancelled]:
        """Forget live utterances wherever they are, but for those that are spared because they
        sound; returns what is to be told."""
        told = []
        for utterance in unwanted:
            ticket = utterance.ticket
            seconds = self._player.heard_s(ticket)  # which cancel() forgets
            if utterance.to == "speaker" and not self._player.cancel(ticket, unless_begun):
                self._schedule.note_sounding(ticket)
                continue
            text_end = self._places.pop(utterance.ticket, None)
            self._schedule.end(ticket)
            self.counters.cancelled += 1
            told.append(Cancelled(ticket, reason, seconds, text_end))
        return told


def _is_wanted(event: PlaybackEvent, utterance: Utterance) -> bool:
    """True if the client of an utterance asked to be told of events of this kind."""
    if isinstance(event, WordHeard):
        return utterance.words
    return utterance.interruptions or not isinstance(event, (Interrupted, Resumed))


def _stalled() -> Busy:
    return Busy(
        f"the sound was not taken for {STALLED_S:.0f} s, and others waited for the place",
        "Read the sound as it comes, and ask again.",
    )
