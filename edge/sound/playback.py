"""The playback thread: chunks in, blocks to the sink, and a clock of what has been heard."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Literal

import numpy as np

from edge.pcm import PcmChunk, Samples
from edge.sound.events import Cues, Failed, Finished, Interrupted, Resumed, Started, Tell
from edge.sound.fader import Fader
from edge.sound.lanes import End, Lane, Lanes, Stretch
from edge.sound.progress import Progress
from edge.sound.sink import PAD_LATENCIES, PAD_S, Sink, play_out, told

log = logging.getLogger(__name__)

BLOCK_S = 0.02
"""Seconds of one write: a stop is heard one block later."""
LONGEST_WAIT_S = 660.0
"""Seconds of waiting for a device that still count as life: 600, the most that the configuration
allows (edge/sound/settings.py), and a minute for opening it."""
KEEP_OPEN_S = 0.5
"""Seconds of silence after the last sample, so that the next utterance needs no new start."""


class Player(threading.Thread):
    """Plays what it is given, in order, and tells what has been heard.

    `open_sink(rate)` opens the sound card for a voice's rate. From this thread, `notify` is told
    each event, and `on_room` is called whenever less is waiting than before. Every public method
    may be called from any thread, and waits for a lock that is held for one block at the most.
    """

    def __init__(
        self,
        open_sink: Callable[[int], Sink],
        notify: Tell,
        on_room: Callable[[], None],
    ) -> None:
        super().__init__(name="playback", daemon=True)
        self._open_sink, self._notify, self._on_room = open_sink, notify, on_room
        self._changed = threading.Condition()
        self._lanes = Lanes()
        self._fader = Fader()
        self._closing = False
        self._current: str | None = None  # whose samples the sink was given last
        self._position_s = 0.0  # in the current utterance
        self._sink: Sink | None = None
        self._rate = 0
        self._written = 0  # frames given to the sink since it was opened
        self._silenced = False  # aborted, and nothing written since
        self._progress = Progress()
        self._turns = 0
        self._writing_since: float | None = None
        self.underruns = 0  # the device ran dry
        self.gaps = 0  # silence in the middle of an utterance: synthesis or its text came late

    # From other threads

    def put(
        self,
        id: str,
        chunk: PcmChunk,
        cues: Cues = (),
        start_s: float = 0.0,
        urgent: bool = False,
    ) -> None:
        """Have a chunk played after the others of its lane.

        Urgent speech is played first; what it cuts short goes on behind it, from the beginning
        of its last word."""
        with self._changed:
            self._lanes.of(urgent).items.append(Stretch(id, chunk, cues, start_s))
            self._changed.notify_all()

    def end(self, id: str, seconds: float, urgent: bool = False) -> None:
        """Say that no more chunks of this utterance come; it lasts `seconds` in all."""
        with self._changed:
            self._lanes.of(urgent).items.append(End(id, seconds))
            self._changed.notify_all()

    def cancel(self, id: str, unless_begun: bool = False) -> bool:
        """Silence this utterance now, also what the device already holds of it; False if it is to
        be spared because it has begun. The caller sees to it that nothing more of it is put."""
        with self._changed:
            if unless_begun and (self._progress.has_begun(id) or self._lanes.have_begun(id)):
                return False
            self._progress.withdraw(id)
            self._lanes.drop(id)
            if self._current in (id, None):
                self._current = None
                # With the lock held, or it could cut the next utterance's first block. Just after
                # another's end, or its cut, the device still holds words of that one.
                sink = self._sink
                if sink and not (self._silenced or self._held_locked(sink)):
                    sink.abort()
                    self._silenced = True
            self._changed.notify_all()
            return True

    def pause(self, paused: bool) -> None:
        """Hold all but urgent speech back from the next block on; later go on with that sample."""
        with self._changed:
            self._lanes.paused = paused
            self._changed.notify_all()
            news = self._progress.interrupt(self._lanes.normal.begun, "pause") if paused else ()
        for event in news:
            self._notify(event)

    def device_lost(self, lost: bool) -> None:
        """Tell that the device in use was lost in the middle of an utterance, or that another one
        or it goes on. Called from the thread itself, by what it writes to."""
        with self._changed:
            news = (
                self._progress.interrupt(self._current, "device")
                if lost
                else self._progress.resume(self._current)
            )
        for event in news:
            self._notify(event)

    def heard_s(self, id: str) -> float:
        """Seconds of an utterance, under way, that have been heard."""
        with self._changed:
            latency_s = 0.0 if self._sink is None else self._sink.latency_s
            return self._progress.heard_s(id, self._written, self._rate, latency_s)

    @property
    def turns(self) -> float:
        """A number that grows whenever the thread comes round, for who watches over it. Waiting
        for a lost device, for LONGEST_WAIT_S at the most, is life too."""
        since = self._writing_since
        waited_s = 0.0 if since is None else time.monotonic() - since
        return self._turns + (waited_s if waited_s < LONGEST_WAIT_S else 0.0)

    def nudge(self) -> None:
        """Have the thread come round once, also where there is nothing to do."""
        with self._changed:
            self._changed.notify_all()

    @property
    def paused(self) -> bool:
        return self._lanes.paused

    @property
    def volume(self) -> float:
        """Factor of the amplitude, from 0 to 1."""
        return self._fader.wish

    @volume.setter
    def volume(self, factor: float) -> None:
        self._fader.wish = factor

    def buffered_s(self, urgent: bool) -> float:
        """Seconds of sound that wait for the sink."""
        with self._changed:
            items = self._lanes.of(urgent).items
            return sum(item.chunk.seconds for item in items if isinstance(item, Stretch))

    @property
    def sounding(self) -> tuple[str, float] | None:
        """The utterance that the sound card was given last, until its end has been heard, and how
        many seconds of it."""
        with self._changed:
            if self._current is None or not (self._lanes.turn.begun or self._progress.waits):
                return None
            return self._current, self._position_s

    @property
    def silent(self) -> bool:
        """True if nothing sounds and nothing waits to."""
        with self._changed:
            return not self._progress.waits and self._lanes.empty

    def _held_locked(self, sink: Sink) -> list[str]:
        """List the utterances of which the device holds sound."""
        return self._progress.held(self._written, self._rate, sink.latency_s)

    @property
    def device(self) -> str:
        sink = self._sink
        return "closed" if sink is None else sink.name

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._lanes = Lanes()
            self._changed.notify_all()
            sink = self._sink
        if sink is not None:
            sink.abort()
        self.join()

    # The thread itself

    def run(self) -> None:
        while not self._closing:
            item, lane, started, news = self._next()
            for event in news:
                self._notify(event)
            if isinstance(item, Stretch):
                self._play(item, lane, started)
            elif isinstance(item, End):
                self._mark(item)
            else:
                self._fall_silent()
            self._on_room()
        self._close_sink()

    def _next(
        self,
    ) -> tuple[Stretch | End | None, Lane, bool, tuple[Interrupted | Resumed, ...]]:
        """Take the next item; return it (None if none waits), its lane, whether its utterance
        has begun, and what is to be told of others."""
        with self._changed:
            self._turns += 1
            while not self._lanes.waiting and not self._closing and self._sink is None:
                self._changed.wait()
                self._turns += 1
            lane = self._lanes.turn
            if not self._lanes.waiting:
                return None, lane, False, ()
            item = lane.items.popleft()
            follows, self._current = lane.begun == item.id, item.id
            news: tuple[Interrupted | Resumed, ...] = ()
            if lane is self._lanes.urgent and not follows:
                broken = self._lanes.normal.begun
                self._lanes.cut_in()
                news = self._progress.interrupt(broken, "urgent")
            else:
                news = self._progress.resume(item.id)
                if not follows:  # what had begun is a stream that waits for its text
                    news = news or self._progress.interrupt(lane.begun, "text")
            lane.begun = item.id if isinstance(item, Stretch) else None
            if not follows or lane.begun is None:
                lane.said = []
            return item, lane, self._progress.has_begun(item.id), news

    def _play(self, piece: Stretch, lane: Lane, started: bool) -> None:
        frames = max(1, round(BLOCK_S * piece.chunk.rate))
        samples = piece.chunk.samples
        try:
            self._prepare(piece.chunk.rate)
            for start in range(0, max(1, len(samples)), frames):
                block = samples[start : start + frames]
                is_last = start + frames >= len(samples)
                verdict = self._admit(piece, lane, start, start + len(block) + is_last, started)
                if verdict == "cut":  # its last word comes again later
                    fade = np.linspace(1, 0, len(block), dtype=np.float32)
                    self._write(block * fade)
                if verdict != "play":
                    return
                if len(block):
                    self._write(block)
                with self._changed:
                    if self._current == piece.id:
                        seconds = piece.start_s + (start + len(block)) / piece.chunk.rate
                        self._progress.give(piece.id, seconds, self._written)
                if not started:
                    self._notify(Started(piece.id))
                    started = True
            lane.remember(piece)
        except Exception as error:
            self._give_up(error, piece.id)

    def _admit(
        self, piece: Stretch, lane: Lane, start: int, stop: int, started: bool
    ) -> Literal["play", "cut", "leave"]:
        """Decide whether the frames from `start` to `stop` are written next; if so, what is there
        will be told when it is heard. If not, they wait, unless the utterance was cancelled or
        the thread ends."""
        with self._changed:
            if self._current != piece.id or self._closing:
                return "leave"
            cut = self._lanes.are_cut(lane)
            if cut or self._lanes.hold_back(lane):
                if start:
                    lane.remember(piece.part(0, start))
                lane.items.appendleft(piece.part(start))
                if not started:
                    lane.begun = None
                return "cut" if cut and started else "leave"
            for frame, cue in piece.cues:
                if start <= frame < stop:
                    self._progress.tell_at(self._written + frame - start, cue)
            self._position_s = piece.start_s + start / piece.chunk.rate
            return "play"

    def _mark(self, end: End) -> None:
        finished = Finished(end.id, end.seconds)
        with self._changed:
            self._progress.end(end.id)
            if self._sink is not None:
                self._progress.tell_at(self._written, finished)
                return
        self._notify(finished)  # an utterance without a single sample

    def _fall_silent(self) -> None:
        """Write silence until the last sample has been heard, then let go of the device."""
        silent = np.zeros(max(1, round(BLOCK_S * self._rate)), np.float32)
        if self._silenced:
            self._tell_heard(everything=True)
        with self._changed:
            # In the middle of an utterance the next chunk is on its way, and what the device
            # still holds sounds until then.
            if self._lanes.in_the_middle and self._sink is not None:
                self._changed.wait_for(
                    lambda: self._lanes.waiting or self._closing or not self._lanes.in_the_middle,
                    self._sink.latency_s / 2,
                )
            if self._silenced:  # nothing sounds that silence would have to push out
                self._changed.wait_for(lambda: self._lanes.waiting or self._closing, KEEP_OPEN_S)
            if self._lanes.waiting or self._closing:
                return
            silenced = self._silenced
            self.gaps += self._lanes.in_the_middle and not silenced
        try:
            for _ in range(0 if silenced else self._keep_open_blocks()):
                with self._changed:
                    if self._lanes.waiting or self._closing:
                        return
                self._write(silent)
            self._tell_heard(everything=True)
            self._close_sink()
        except Exception as error:
            self._give_up(error)
        with self._changed:
            if not (self._lanes.waiting or self._lanes.turn.begun):
                self._current = None

    def _give_up(self, error: Exception, *ids: str) -> None:
        """Close a device that failed. What it holds is played out, if that can be; else whoever
        loses a part with it fails, besides `ids`."""
        failure = told(error)
        log.warning("sound: %s", failure.message)
        played = play_out(self._sink, error)
        self._tell_heard(everything=played)
        with self._changed:
            if not played and self._sink is not None:
                cut = self._held_locked(self._sink)
                self._progress.cut_off(cut, self._written, self._rate, self._sink.latency_s)
                ids = tuple(dict.fromkeys([*cut, *ids]))
        self._close_sink()
        for id in ids:
            self._notify(Failed(id, failure))  # whoever hears it cancels what else was put

    def _keep_open_blocks(self) -> int:
        """Count the blocks of silence after which what is thrown away with the device is silence.

        Block by block, and not by the sink's finish(), so that speech which comes meanwhile waits
        for one block only.
        """
        assert self._sink is not None
        needed = PAD_LATENCIES * self._sink.latency_s + PAD_S
        return round(max(KEEP_OPEN_S, needed) / BLOCK_S)

    def _prepare(self, rate: int) -> None:
        if self._sink is not None and self._rate != rate:
            self._sink.finish()
            self._tell_heard(everything=True)
            self._close_sink()
        if self._sink is None:
            self._sink, self._rate, self._written = self._open_sink(rate), rate, 0

    def _write(self, block: Samples) -> None:
        assert self._sink is not None
        self._silenced = False
        scaled = self._fader.fade(block, round(BLOCK_S * self._rate))
        self._writing_since = time.monotonic()
        try:
            self.underruns += self._sink.write(scaled)
        finally:
            self._writing_since = None
        self._turns += 1
        self._written += len(block)
        self._tell_heard()

    def _tell_heard(self, everything: bool = False) -> None:
        delay = 0.0 if self._sink is None else self._sink.latency_s
        heard = None if everything else self._written - round(delay * self._rate)
        while True:
            with self._changed:  # cancel() withdraws from another thread
                event = self._progress.next_heard(heard)
            if event is None:
                return
            self._notify(event)

    def _close_sink(self) -> None:
        with self._changed:  # cancel() may be about to abort it
            sink, self._sink = self._sink, None
            self._progress.drain()
        if sink is not None:
            sink.close()
