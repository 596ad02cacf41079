"""Where speech goes, and what happens when that place is lost: waiting, or another device."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np

from edge.daemon import devices
from edge.daemon.line import ANSWER_S, Line
from edge.daemon.sink import ABORT_WAIT_S, PortAudioSink, Sink, reopen_delays
from edge.errors import NoSoundDevice
from edge.output import KINDS, OnLoss, Output
from edge.pcm import Samples

log = logging.getLogger(__name__)

BLOCK_S = 0.02
"""What one call of a device holds: an abort waits for one."""
SURE_S = 0.03
"""Said again after a loss beside what the device's latency tells, as a server loses its own share.
Without it 11 and 13 ms were missing in the recording, and with 20 ms up to 20 on a busy machine
(PulseAudio 16, null sink); better twice than never."""
CLOSE_S = 1.0


class SoundCard:
    """The devices of an Output, for the daemon's life; `open` gives a sink for one voice's rate.

    One sink is in use at a time.
    """

    def __init__(self, output: Output) -> None:
        self.output = output
        self._lines = [self._line(output.device, output.keep_awake)]
        if output.fallback is not None:
            self._lines.append(self._line(output.fallback, keep_awake=False))

    def open(self, rate: int) -> Sink:
        output = self.output
        longest = max(kind.wake_ms for kind in KINDS) if output.wake_ms is None else output.wake_ms
        answer_s = ANSWER_S + max(longest, output.usual_wake_ms) / 1000  # written at the start
        return FailoverSink(self._lines, rate, output.on_loss, output.wait_s, answer_s)

    def close(self) -> None:
        """Let go of the devices; one that hangs is left as it is."""
        closed = [line.close(CLOSE_S) for line in self._lines]
        if not all(closed):
            devices.leave_open()

    def _line(self, device: str | None, keep_awake: bool) -> Line:
        output = self.output

        def make_sink(rate: int) -> Sink:
            return PortAudioSink(
                device,
                rate,
                output.block_ms,
                output.latency_ms,
                output.wake_ms,
                output.usual_wake_ms,
            )

        return Line(device or "default", make_sink, keep_awake)


class FailoverSink:
    """Plays to the first of `lines` that works, and goes on after a loss with what was not heard.

    At the start each line is tried once. A device lost under way is waited for, and others are
    tried, as `on_loss` says, for `wait_s`; then NoSoundDevice. What is spoken twice is at most
    SURE_S and a block of BLOCK_S long, if the device's latency is what it says.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        rate: int,
        on_loss: OnLoss = "wait",
        wait_s: float = 30.0,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._lines, self._rate = lines, rate
        self._on_loss, self._wait_s, self._answer_s = on_loss, wait_s, answer_s
        self._line = lines[0]
        self._state = threading.Lock()
        self._life = object()  # replaced by each abort: a write of an older life ends
        self._under_way = False
        self._waiting = False
        self._name: str | None = None
        self._latency_s = 0.06
        self._recent = np.zeros(0, np.float32)  # of what was written, all that may be unheard
        self._end = 0.0  # when all that was written will have been heard, monotonic seconds

    @property
    def name(self) -> str:
        name = self._name or self._line.name
        if self._waiting:
            return f"{name} (lost)"
        return name if self._line.answering else f"{name} (not answering)"

    @property
    def latency_s(self) -> float:
        return self._latency_s

    def write(self, samples: Samples) -> bool:
        with self._state:
            life = self._life
        underrun, frames = False, max(1, round(BLOCK_S * self._rate))
        for start in range(0, len(samples), frames):
            if self._life is not life:
                break
            underrun |= self._play(samples[start : start + frames], life)
        return underrun

    def finish(self) -> None:
        with self._state:
            life = self._life
        if self._under_way:
            self._play(np.zeros(0, np.float32), life)
            if self._life is life:
                self._forget()

    def interrupt(self) -> None:
        with self._state:
            self._end_life()

    def abort(self) -> None:
        with self._state:
            for line in self._lines:
                line.post(lambda sink: sink.abort())
            self._end_life()
        self._line.wait_until_idle(ABORT_WAIT_S)

    def close(self) -> None:
        with self._state:
            self._end_life()
        for line in self._lines:
            line.release()
        self._line = self._lines[0]

    def _end_life(self) -> None:
        """The state's lock is held, so that no write of the next life is interrupted."""
        self._life = object()
        self._forget()
        for line in self._lines:
            line.interrupt()

    def _forget(self) -> None:
        self._under_way = False
        self._recent = self._recent[:0]

    def _play(self, block: Samples, life: object) -> bool:
        """One block; an empty one finishes."""
        began = time.monotonic()
        unheard = self._unheard(began)
        others = [line for line in self._lines if line is not self._line]
        try:
            return self._put(self._line, block, life, self._patience_s(bool(others)))
        except NoSoundDevice as error:
            if self._life is not life:
                return False
            if not self._under_way and not others:
                raise
            lost = error
        rest = np.concatenate([unheard, block])
        if self._under_way and not rest.any():
            raise lost  # nothing that anybody would miss
        log.warning("sound: %s", lost.message)
        self._waiting = self._under_way
        try:
            return self._go_on(rest, life, began, lost, finish=not len(block))
        finally:
            self._waiting = False

    def _go_on(
        self, rest: Samples, life: object, began: float, lost: NoSoundDevice, finish: bool
    ) -> bool:
        """Play `rest` to the first line that takes it."""
        under_way = self._under_way
        for line in self._candidates(began, life):
            try:
                underrun = self._put(line, rest, life, self._answer_s + len(rest) / self._rate)
                if finish:
                    self._put(line, rest[:0], life, self._answer_s)
            except NoSoundDevice as error:
                if self._life is not life:
                    return False
                log.debug("sound: %s", error.message)
                continue
            if self._life is life and (line is not self._line or under_way):
                log.warning("sound: goes on with %s", line.name)
            self._line = line
            return underrun
        if self._life is not life:
            return False
        if under_way:
            waited = f"{lost.message}; waited for {time.monotonic() - began:.0f} s"
            raise NoSoundDevice(waited, lost.remedy)
        raise lost

    def _candidates(self, began: float, life: object) -> Iterator[Line]:
        """The lines to try, each when its turn has come; ends when there is no more hope."""
        others = [line for line in self._lines if line is not self._line]
        if not self._under_way:
            yield from others
            return
        if self._on_loss == "fallback":
            yield from others
        for delay in reopen_delays():
            left = began + self._wait_s - time.monotonic()
            if left <= 0 or self._life is not life:
                break
            self._line.pause(min(delay, left), lambda: self._life is not life)
            yield self._line
            if self._on_loss == "fallback":
                yield from others
        if self._on_loss == "wait":
            yield from others

    def _patience_s(self, others: bool) -> float:
        """How long the device in use may take for one block."""
        if self._under_way and not (others and self._on_loss == "fallback"):
            return max(self._wait_s, self._answer_s)
        return self._answer_s

    def _put(self, line: Line, samples: Samples, life: object, patience_s: float) -> bool:
        def work(sink: Sink) -> tuple[bool, float, str]:
            if len(samples):
                return sink.write(samples), sink.latency_s, sink.name
            sink.finish()
            return False, sink.latency_s, sink.name

        done = line.run(self._rate, work, patience_s, lambda: self._life is not life)
        if done is None:
            return False
        underrun, self._latency_s, self._name = done
        with self._state:
            if self._life is life:
                self._remember(samples)
        return bool(underrun)

    def _remember(self, samples: Samples) -> None:
        now = time.monotonic()
        self._under_way = True
        self._end = min(max(self._end, now) + len(samples) / self._rate, now + self._latency_s)
        held = np.concatenate([self._recent, samples])
        most = round((self._latency_s + SURE_S) * self._rate)
        self._recent = held[max(0, len(held) - most) :]

    def _unheard(self, now: float) -> Samples:
        """The end of what was written that the device still holds, as far as the clock tells."""
        frames = round((max(0.0, self._end - now) + SURE_S) * self._rate)
        return self._recent[max(0, len(self._recent) - frames) :]
