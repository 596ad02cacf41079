"""One sound device, and the thread that alone waits for it.

A sound server that hangs holds a write, an opening or a closing for ever, and a thread in such a
call cannot be ended. So callers wait beside it, as long as they like; see
docs/design/decisions/0011-a-thread-for-each-device.md.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from edge.errors import NoSoundDevice
from edge.sound.sink import Sink

log = logging.getLogger(__name__)

HUM_HZ, HUM_LEVEL = 30.0, 0.001
"""A tone of -60 dBFS that no small speaker sounds, but that is not digital silence, which sends
Bluetooth speakers to sleep (weirdtangent/pulse-os#238)."""
HUM_BLOCK_S = 0.02

ANSWER_S = 5.0
"""Seconds after which a device hangs that is still opening or taking 20 ms of sound. Waking a
Bluetooth speaker takes a sound server two or three."""

SLICE_S = 0.25
"""Waits are counted in slices of so many seconds: a SIGSTOP, or a frozen board, costs one slice,
not the whole patience."""


class NotAnswering(NoSoundDevice):
    """The device holds a call for longer than was allowed; what it was given may yet sound."""


class _Job:
    def __init__(self, rate: int, work: Callable[[Sink], Any]) -> None:
        self.rate, self.work = rate, work
        self.done = self.dropped = False
        self.result: Any = None
        self.error: Exception | None = None


class DeviceThread:
    """Runs work on one device in a thread of its own, so that callers can stop waiting for it.

    `make_sink(rate)` makes a sink for the device, which people know as `name`. With `keep_awake` a
    released device is kept open, and hums.
    """

    def __init__(
        self, name: str, make_sink: Callable[[int], Sink], keep_awake: bool = False
    ) -> None:
        self.name = name
        self._make_sink, self._keep_awake = make_sink, keep_awake
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._running: _Job | None = None
        self._stuck_since: float | None = None
        self._late = False  # somebody waits for longer than ANSWER_S
        self._closing = False
        self._thread: threading.Thread | None = None
        # The thread's own
        self._sink: Sink | None = None
        self._rate = 0
        self._released = True
        self._hum_frames = 0

    @property
    def stuck(self) -> bool:
        """Somebody has waited in vain, and the device has not come back since."""
        return self._stuck_since is not None

    @property
    def answering(self) -> bool:
        return not self._late and not self.stuck

    def run(
        self,
        rate: int,
        work: Callable[[Sink], Any],
        patience_s: float,
        stop: Callable[[], bool] = lambda: False,
    ) -> Any:
        """Have the device's thread do `work(sink)`; None if `stop` becomes true before it has.

        Raises what the work does, and NotAnswering after `patience_s`, or at once while the
        device is stuck; its sink is closed as soon as it comes back.
        """
        job = _Job(rate, work)
        with self._changed:
            if stop():
                return None
            if self.stuck:
                raise self._not_answering()
            self._queue_locked(job)
            began = time.monotonic()
            if not self._wait_awake_locked(min(patience_s, ANSWER_S), lambda: job.done or stop()):
                self._late = patience_s > ANSWER_S
                if self._late:
                    log.warning("sound: %s does not answer; waiting for it", self.name)
                    self._wait_awake_locked(patience_s - ANSWER_S, lambda: job.done or stop())
                self._late = False
            if job.done:
                if job.error is not None:
                    raise job.error
                return job.result
            job.dropped = True
            if stop():
                return None
            self._stuck_since = began
            if self._sink is not None:
                self._sink.interrupt()  # what it has not begun must not sound when it comes back
            raise self._not_answering()

    def post(self, work: Callable[[Sink], Any]) -> None:
        """Have `work` done if the device is open, after what was asked before; never waits."""
        with self._changed:
            if self._thread is not None and not self.stuck:
                self._queue_locked(_Job(0, work))

    def release(self) -> None:
        """Give the device back for now: it is closed, or kept awake."""
        with self._changed:
            if self._thread is not None:  # else nothing is open, and none may be started for it
                self._queue_locked(_Job(0, self._released_sink))

    def interrupt(self) -> None:
        """End the write in progress soon, and ask its caller's `stop` again; never waits."""
        with self._changed:
            if self._sink is not None:
                self._sink.interrupt()
            self._changed.notify_all()

    def pause(self, seconds: float, stop: Callable[[], bool]) -> None:
        """Wait for so long, or until `stop` and an interrupt()."""
        with self._changed:
            self._changed.wait_for(stop, seconds)

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until all is done that was asked; False after so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._jobs and not self._running, seconds)

    def close(self, patience_s: float) -> bool:
        """End the thread; False if the device holds it."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(patience_s)
        return thread is None or not thread.is_alive()

    def _wait_awake_locked(self, seconds: float, until: Callable[[], bool]) -> bool:
        """Wait for `until`; False after so many seconds, not counting those in which this process
        was stopped or the board frozen: the device could not answer in them."""
        while seconds > 0:
            if self._changed.wait_for(until, min(seconds, SLICE_S)):
                return True
            seconds -= SLICE_S
        return until()

    # The thread itself

    def _queue_locked(self, job: _Job) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="sound device", daemon=True)
            thread.start()  # without memory for its stack it raises, and the next job tries again
            self._thread = thread
        self._jobs.append(job)
        self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._closing and not self._hums:
                    self._changed.wait()
                if self._closing:
                    break
                job = self._running = self._jobs.popleft() if self._jobs else None
            if job is None:
                self._hum()
            elif not job.dropped:
                self._do(job)
            if self.stuck:
                self._let_go()  # what it holds was given up, and must not sound now
                log.info("sound: %s answers again", self.name)
            with self._changed:
                self._running = self._stuck_since = None
                self._changed.notify_all()
        self._let_go()

    def _do(self, job: _Job) -> None:
        try:
            if job.rate:
                self._released = False
                if self._rate != job.rate:
                    self._let_go()
                if self._sink is None:
                    self._sink, self._rate = self._make_sink(job.rate), job.rate
            if self._sink is not None:
                job.result = job.work(self._sink)
        except Exception as error:
            job.error = error
        with self._changed:
            job.done = True

    def _released_sink(self, sink: Sink) -> None:
        self._released = True
        if not self._keep_awake:
            self._let_go()

    @property
    def _hums(self) -> bool:
        return self._keep_awake and self._released and self._sink is not None

    def _hum(self) -> None:
        assert self._sink is not None
        frames = np.arange(self._hum_frames, self._hum_frames + round(HUM_BLOCK_S * self._rate))
        self._hum_frames = int(frames[-1] + 1) % self._rate
        tone = HUM_LEVEL * np.sin(2 * np.pi * HUM_HZ * frames / self._rate)
        try:
            self._sink.write(tone.astype(np.float32))
        except NoSoundDevice as error:
            log.warning(
                "sound: %s was lost while nothing was spoken: %s", self.name, error.message
            )
            self._let_go()

    def _let_go(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.close()

    def _not_answering(self) -> NotAnswering:
        since = self._stuck_since
        waited = 0.0 if since is None else time.monotonic() - since
        return NotAnswering(
            f"{self.name} has not answered for {waited:.0f} s",
            "If a sound server runs, start it anew: systemctl --user restart pipewire-pulse "
            "(or: pulseaudio -k). The daemon goes on by itself when it answers.",
        )
