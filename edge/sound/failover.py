"""A sink that outlives its device: it waits for a lost one, or goes on with another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from edge.errors import NoSoundDevice
from edge.pcm import Samples
from edge.sound.device_thread import ANSWER_S, DeviceThread
from edge.sound.devices import leave_open
from edge.sound.portaudio import PortAudioSink
from edge.sound.settings import KINDS, OnLoss, Output
from edge.sound.sink import ABORT_WAIT_S, Sink

log = logging.getLogger(__name__)

BLOCK_S = 0.02
"""Seconds of one write to a device: an abort waits for one."""
SURE_S = 0.03
"""Seconds said again after a loss, besides what the device's latency tells: a server loses its own
share. Without it 11 and 13 ms were missing in the recording, and with 20 ms up to 20 on a busy
machine (PulseAudio 16, null sink); better twice than never."""
CLOSE_S = 1.0
"""Seconds that the end of the process waits for a device to close; one that hangs is left."""


def reopen_delays() -> Iterator[float]:
    """Yield the seconds to wait before each try to open a lost device: 0.1, 0.2, ... 5, 5, ..."""
    delay = 0.1
    while True:
        yield delay
        delay = min(2 * delay, 5.0)


class SoundCard:
    """The devices of an Output, for the process's life; one sink is in use at a time."""

    def __init__(
        self, output: Output, on_loss_told: Callable[[bool], None] = lambda lost: None
    ) -> None:
        """`on_loss_told(True)` is called when a device is lost in the middle of speech, and with
        False when it goes on; from the thread that writes."""
        self.output, self._tell = output, on_loss_told
        self._devices = [self._device(output.device, output.keep_awake)]
        if output.fallback is not None:
            self._devices.append(self._device(output.fallback, keep_awake=False))

    def open(self, rate: int) -> Sink:
        """Make a sink for sound of `rate` Hz, which opens a device at its first write."""
        output = self.output
        longest = max(kind.wake_ms for kind in KINDS) if output.wake_ms is None else output.wake_ms
        answer_s = ANSWER_S + max(longest, output.usual_wake_ms) / 1000  # written at the start
        return FailoverSink(
            self._devices, rate, output.on_loss, output.wait_s, answer_s, self._tell
        )

    def close(self) -> None:
        """Let go of the devices; one that hangs is left as it is."""
        closed = [device.close(CLOSE_S) for device in self._devices]
        if not all(closed):
            leave_open()

    def _device(self, device: str | None, keep_awake: bool) -> DeviceThread:
        output = replace(self.output, device=device)
        return DeviceThread(
            device or "default", lambda rate: PortAudioSink(output, rate), keep_awake
        )


class FailoverSink:
    """Plays to the first device that works, and goes on after a loss with what was not heard.

    At the start each device is tried once. A device lost under way is waited for, and others are
    tried, as `on_loss` says, for `wait_s`; then NoSoundDevice. What is spoken twice is at most
    SURE_S and a block of BLOCK_S long, if the device's latency is what it says.
    """

    def __init__(
        self,
        devices: Sequence[DeviceThread],
        rate: int,
        on_loss: OnLoss = "wait",
        wait_s: float = 30.0,
        answer_s: float = ANSWER_S,
        tell: Callable[[bool], None] = lambda lost: None,
    ) -> None:
        self._devices, self._rate = devices, rate
        self._on_loss, self._wait_s, self._answer_s = on_loss, wait_s, answer_s
        self._device, self._tell = devices[0], tell
        self._state = threading.Lock()
        self._life = object()  # replaced by each abort: a write of an older life ends
        self._under_way = False
        self._waiting = False
        self._name: str | None = None
        self._latency_s = 0.06
        self._recent = np.zeros(0, np.float32)  # the end of what was written: what may be unheard
        self._end = 0.0  # when all that was written will have been heard, monotonic seconds

    @property
    def name(self) -> str:
        name = self._name or self._device.name
        if self._waiting:
            return f"{name} (lost)"
        return name if self._device.answering else f"{name} (not answering)"

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
            self._end_life_locked()

    def abort(self) -> None:
        with self._state:
            for device in self._devices:
                device.post(lambda sink: sink.abort())
            self._end_life_locked()
        self._device.wait_until_idle(ABORT_WAIT_S)

    def close(self) -> None:
        with self._state:
            self._end_life_locked()
        for device in self._devices:
            device.release()
        self._device = self._devices[0]

    def _end_life_locked(self) -> None:
        """Break off the writes of this life; the lock keeps the next one's out of it."""
        self._life = object()
        self._forget()
        for device in self._devices:
            device.interrupt()

    def _forget(self) -> None:
        self._under_way = False
        self._recent = self._recent[:0]

    def _play(self, block: Samples, life: object) -> bool:
        """Play one block; an empty one finishes. True after an underrun."""
        began = time.monotonic()
        unheard = self._unheard(began)
        others = [device for device in self._devices if device is not self._device]
        try:
            return self._put(self._device, block, life, self._patience_s(bool(others)))
        except NoSoundDevice as error:
            if self._life is not life:
                return False
            if not self._under_way and not others:
                raise
            lost = error
        try:
            return self._play_again([unheard, block], life, began, lost)
        except MemoryError:
            raise lost from None  # what it held is lost with it, and that is to be told

    def _play_again(
        self, unheard: Sequence[Samples], life: object, began: float, lost: NoSoundDevice
    ) -> bool:
        """Play what a lost device may not have played, and the block that found it lost."""
        finish, rest = not len(unheard[-1]), np.concatenate(unheard)
        if self._under_way and not rest.any():
            raise lost  # nothing that anybody would miss
        log.warning("sound: %s", lost.message)
        self._waiting = waiting = self._under_way
        if waiting:
            self._tell(True)
        try:
            underrun = self._go_on(rest, life, began, lost, finish)
        finally:
            self._waiting = False
        if waiting and self._life is life:
            self._tell(False)
        return underrun

    def _go_on(
        self, rest: Samples, life: object, began: float, lost: NoSoundDevice, finish: bool
    ) -> bool:
        """Play `rest` to the first device that takes it."""
        under_way = self._under_way
        for device in self._candidates(began, life):
            try:
                underrun = self._put(device, rest, life, self._answer_s + len(rest) / self._rate)
                if finish:
                    self._put(device, rest[:0], life, self._answer_s)
            except NoSoundDevice as error:
                if self._life is not life:
                    return False
                log.debug("sound: %s", error.message)
                continue
            if self._life is life and (device is not self._device or under_way):
                log.warning("sound: goes on with %s", device.name)
            self._device = device
            return underrun
        if self._life is not life:
            return False
        if under_way:
            waited = f"{lost.message}; waited for {time.monotonic() - began:.0f} s"
            raise NoSoundDevice(waited, lost.remedy)
        raise lost

    def _candidates(self, began: float, life: object) -> Iterator[DeviceThread]:
        """The devices to try, each when its turn has come; ends when there is no more hope."""
        others = [device for device in self._devices if device is not self._device]
        if not self._under_way:
            yield from others
            return
        if self._on_loss == "fallback":
            yield from others
        for delay in reopen_delays():
            left = began + self._wait_s - time.monotonic()
            if left <= 0 or self._life is not life:
                break
            self._device.pause(min(delay, left), lambda: self._life is not life)
            yield self._device
            if self._on_loss == "fallback":
                yield from others
        if self._on_loss == "wait":
            yield from others

    def _patience_s(self, others: bool) -> float:
        """Seconds that the device in use may take for one block."""
        if self._under_way and not (others and self._on_loss == "fallback"):
            return max(self._wait_s, self._answer_s)
        return self._answer_s

    def _put(
        self, device: DeviceThread, samples: Samples, life: object, patience_s: float
    ) -> bool:
        def work(sink: Sink) -> tuple[bool, float, str]:
            if len(samples):
                return sink.write(samples), sink.latency_s, sink.name
            sink.finish()
            return False, sink.latency_s, sink.name

        done = device.run(self._rate, work, patience_s, lambda: self._life is not life)
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
        """The end of what was written, as much as the device still holds by the clock."""
        frames = round((max(0.0, self._end - now) + SURE_S) * self._rate)
        return self._recent[max(0, len(self._recent) - frames) :]
