"""The playback thread: chunks in, blocks to the sink, and a clock of what has been heard."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge.daemon.events import Failed, Finished, Notify, Started, WordHeard, WordMarks
from edge.daemon.sink import PAD_LATENCIES, PAD_S, Sink
from edge.errors import EdgeError, NoSoundDevice
from edge.pcm import PcmChunk, Samples

log = logging.getLogger(__name__)

BLOCK_S = 0.02
"""What one write holds: a stop is heard one block later."""
KEEP_OPEN_S = 0.5
"""Silence written after the last sample, so that the next utterance needs no new start."""


@dataclass(frozen=True)
class _End:
    """Behind the last chunk of an utterance."""

    id: str
    seconds: float


@dataclass(frozen=True)
class _Piece:
    id: str
    chunk: PcmChunk
    words: WordMarks = ()


class Player(threading.Thread):
    """`open_sink(rate)` opens the sound card for a voice's rate; `on_room` is called from this
    thread whenever less is waiting than before, so that synthesis goes on."""

    def __init__(
        self,
        open_sink: Callable[[int], Sink],
        notify: Notify,
        on_room: Callable[[], None],
    ) -> None:
        super().__init__(name="playback", daemon=True)
        self._open_sink, self._notify, self._on_room = open_sink, notify, on_room
        self._changed = threading.Condition()
        self._items: deque[_Piece | _End] = deque()
        self._closing = False
        self._current: str | None = None  # whose samples the sink was given last
        self._begun: str | None = None  # told as started, and its end has not come yet
        self._sink: Sink | None = None
        self._rate = 0
        self._written = 0  # frames given to the sink since it was opened
        self._silenced = False  # aborted, and nothing written since
        # Told once that frame is heard.
        self._marks: deque[tuple[int, Finished | WordHeard]] = deque()
        self.underruns = 0  # the device ran dry
        self.gaps = 0  # silence in the middle of an utterance: synthesis or its text came late

    # From other threads

    def put(self, id: str, chunk: PcmChunk, words: WordMarks = ()) -> None:
        with self._changed:
            self._items.append(_Piece(id, chunk, words))
            self._changed.notify_all()

    def end(self, id: str, seconds: float) -> None:
        """No more chunks of this utterance will come; `seconds` is what it lasted in all."""
        with self._changed:
            self._items.append(_End(id, seconds))
            self._changed.notify_all()

    def cancel(self, id: str) -> None:
        """Silence this utterance now, also what the device already holds of it.

        The caller sees to it that nothing more of it is put.
        """
        with self._changed:
            self._items = deque(item for item in self._items if item.id != id)
            self._marks = deque(mark for mark in self._marks if mark[1].id != id)
            if self._begun == id:
                self._begun = None
            if self._current == id:
                self._current = None
                # With the lock held, or it could cut the next utterance's first block.
                if self._sink is not None:
                    self._sink.abort()
                    self._silenced = True
            self._changed.notify_all()

    @property
    def buffered_s(self) -> float:
        """Seconds of sound that wait for the sink."""
        with self._changed:
            return sum(item.chunk.seconds for item in self._items if isinstance(item, _Piece))

    @property
    def sounding(self) -> str | None:
        """The utterance that the sound card was given last, until its end has been heard."""
        with self._changed:
            return self._current if self._begun is not None or self._marks else None

    @property
    def device(self) -> str:
        sink = self._sink
        return "closed" if sink is None else sink.name

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._items.clear()
            self._changed.notify_all()
            sink = self._sink
        if sink is not None:
            sink.abort()
        self.join()

    # The thread itself

    def run(self) -> None:
        while not self._closing:
            item, started = self._next()
            if isinstance(item, _Piece):
                self._play(item, started)
            elif isinstance(item, _End):
                self._mark(item)
            else:
                self._fall_silent()
            self._on_room()
        self._close_sink()

    def _next(self) -> tuple[_Piece | _End | None, bool]:
        """The next item, and whether its utterance has begun; None when nothing waits."""
        with self._changed:
            while not self._items and not self._closing and self._sink is None:
                self._changed.wait()
            if not self._items:
                return None, False
            item = self._items.popleft()
            started, self._current = self._begun == item.id, item.id
            self._begun = item.id if isinstance(item, _Piece) else None
            return item, started

    def _play(self, piece: _Piece, started: bool) -> None:
        frames = max(1, round(BLOCK_S * piece.chunk.rate))
        samples = piece.chunk.samples
        try:
            self._prepare(piece.chunk.rate)
            for start in range(0, len(samples), frames):
                if not self._goes_on(piece, start, start + frames):
                    return
                self._write(piece.id, samples[start : start + frames])
                if not started:
                    self._notify(Started(piece.id))
                    started = True
        except Exception as error:
            failure = _told(error)
            log.warning("sound: %s", failure.message)
            self._tell_heard(everything=True)  # what was written before is as heard as it gets
            self._close_sink()
            self._notify(Failed(piece.id, failure))  # after this, nothing more of it is put
            self.cancel(piece.id)

    def _goes_on(self, piece: _Piece, start: int, stop: int) -> bool:
        """False if it was cancelled, or the daemon closes; else its words in these frames, which
        are written next, will be told when they are heard."""
        with self._changed:
            if self._current != piece.id or self._closing:
                return False
            self._marks.extend(
                (self._written + frame - start, word)
                for frame, word in piece.words
                if start <= frame < stop
            )
            return True

    def _mark(self, end: _End) -> None:
        if self._sink is None:  # an utterance without a single sample
            self._notify(Finished(end.id, end.seconds))
        else:
            with self._changed:
                self._marks.append((self._written, Finished(end.id, end.seconds)))

    def _fall_silent(self) -> None:
        """Write silence until the last sample has been heard, then let go of the device."""
        silent = np.zeros(max(1, round(BLOCK_S * self._rate)), np.float32)
        if self._silenced:
            self._tell_heard(everything=True)
        with self._changed:
            # In the middle of an utterance the next chunk is on its way, and what the device
            # still holds sounds until then.
            if self._begun is not None and self._sink is not None:
                self._changed.wait_for(
                    lambda: self._items or self._closing or self._begun is None,
                    self._sink.latency_s / 2,
                )
            if self._silenced:  # nothing sounds that silence would have to push out
                self._changed.wait_for(lambda: self._items or self._closing, KEEP_OPEN_S)
            if self._items or self._closing:
                return
            silenced = self._silenced
            self.gaps += self._begun is not None and not silenced
        try:
            for _ in range(0 if silenced else self._keep_open_blocks()):
                with self._changed:
                    if self._items or self._closing:
                        return
                    current = self._current
                self._write(current or "", silent)
        except Exception as error:
            log.warning("sound: %s", _told(error).message)
        self._tell_heard(everything=True)
        self._close_sink()
        with self._changed:
            if not self._items:
                self._current = None

    def _keep_open_blocks(self) -> int:
        """Enough silence that what is thrown away with the device is silence.

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

    def _write(self, id: str, block: Samples) -> None:
        assert self._sink is not None
        self._silenced = False
        self.underruns += self._sink.write(block)
        self._written += len(block)
        self._tell_heard()

    def _tell_heard(self, everything: bool = False) -> None:
        delay = 0.0 if self._sink is None else self._sink.latency_s
        heard = self._written - round(delay * self._rate)
        while (event := self._next_heard(heard, everything)) is not None:
            self._notify(event)

    def _next_heard(self, heard: int, everything: bool) -> Finished | WordHeard | None:
        with self._changed:  # cancel() takes marks away from another thread
            if self._marks and (everything or self._marks[0][0] <= heard):
                return self._marks.popleft()[1]
        return None

    def _close_sink(self) -> None:
        with self._changed:  # cancel() may be about to abort it
            sink, self._sink = self._sink, None
        if sink is not None:
            sink.close()


def _told(error: Exception) -> EdgeError:
    """The failure as clients are told it; one that nobody foresaw must not end the playback."""
    if isinstance(error, EdgeError):
        return error
    log.debug("the failure", exc_info=error)
    return NoSoundDevice(
        f"the sound device failed: {type(error).__name__}: {error}",
        "The daemon goes on; edge doctor lists the sound devices.",
    )
