"""A sink that plays through PortAudio: to a card, or to the session's sound server.

Blocking writes only: callback streams cannot run under systemd's MemoryDenyWriteExecute.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import NoSoundDevice
from edge.pcm import Samples, to_int16
from edge.sound import devices
from edge.sound.lookup import look_again
from edge.sound.pulse import ServerSink, default_sink
from edge.sound.resampler import Resampler
from edge.sound.settings import Output, kind_of
from edge.sound.sink import ABORT_WAIT_S, PAD_LATENCIES, PAD_S

DMIX_RATE = 48000
"""Hz of ALSA's dmix, which is behind `default` where no sound server runs."""

# ALSA's names for the session's sound server; `default` is it, or dmix where there is none.
_SERVERS = ("default", "pulse", "pipewire")

Pcm = npt.NDArray[np.int16]


class PortAudioSink:
    """A Sink for the first device of an Output and a voice at `rate` Hz.

    Opened at the first write. A raw card runs at the voice's rate if it can, else at its own; a
    sound server is asked for its sink's rate, because servers and ALSA resample speech worse
    than soxr does. Where the rates agree, samples reach the sink unchanged.
    """

    def __init__(self, output: Output, rate: int) -> None:
        self._output = output
        self._device = output.device
        self._rate = rate
        self._block_s = output.block_ms / 1000
        self._latency_s = output.latency_ms / 1000
        self._wake_s = 0.0  # known once the device is open
        self._lock = threading.Lock()  # held for one block at most, and while opening
        self._life = object()  # replaced by each abort: a write of an older life ends
        self._lost = False  # PortAudio must look for devices again
        self._stream: Any = None
        self._name: str | None = None
        self._resampler: Resampler | None = None
        self._started = False
        self._pending = False  # something was written since the last finish or abort

    @property
    def name(self) -> str:
        return self._name or self._device or "default"

    @property
    def latency_s(self) -> float:
        stream = self._stream
        return self._latency_s if stream is None else float(stream.latency)

    def write(self, samples: Samples) -> bool:
        life = self._life
        if not len(samples):
            return False
        with self._lock:
            if self._stream is None:
                self._open()
            self._pending = True
            if self._resampler is not None:
                samples = self._resampler.feed(samples)
        return self._play(to_int16(samples), life)

    def finish(self) -> None:
        life = self._life
        with self._lock:
            if not self._pending or self._stream is None:
                return
            rest = self._zeros(PAD_LATENCIES * self.latency_s + PAD_S)
            if self._resampler is not None:
                tail = self._resampler.feed(np.zeros(0, np.float32), last=True)
                rest = np.concatenate([to_int16(tail), rest])
        self._play(rest, life)
        with self._lock:
            if self._life is life:
                self._silence()

    def interrupt(self) -> None:
        self._life = object()

    def abort(self) -> None:
        self.interrupt()
        if self._lock.acquire(timeout=ABORT_WAIT_S):
            try:
                self._silence()
            finally:
                self._lock.release()

    def close(self) -> None:
        self._life = object()
        with self._lock:
            self._silence()
            self._close()

    def _play(self, pcm: Pcm, life: object) -> bool:
        """Write block by block, giving abort its turn between two; True after an underrun."""
        underrun, done = False, 0
        while True:
            with self._lock:
                if self._life is not life:
                    self._silence()
                    return underrun
                if not self._started:
                    self._start()
                    pcm = np.concatenate([self._zeros(self._wake_s), pcm])
                if done >= len(pcm):
                    return underrun
                block = pcm[done : done + max(1, round(self._block_s * self._stream.samplerate))]
                underrun |= self._put(block)
                done += len(block)

    def _zeros(self, seconds: float) -> Pcm:
        return np.zeros(round(seconds * self._stream.samplerate), np.int16)

    def _start(self) -> None:
        try:
            self._stream.start()
        except devices.sounddevice().PortAudioError as error:
            raise self._lose(error) from None
        self._started = True

    def _put(self, block: Pcm) -> bool:
        channels = self._stream.channels
        try:
            return bool(self._stream.write(block if channels == 1 else block.repeat(channels)))
        except devices.sounddevice().PortAudioError as error:
            raise self._lose(error) from None

    def _lose(self, error: Exception) -> NoSoundDevice:
        self._close()
        self._lost = True
        return devices.lost(error)

    def _silence(self) -> None:
        """Throw away what waits in the device and in the resampler."""
        if self._started:
            self._stream.abort()
        if self._resampler is not None:
            self._resampler.clear()
        self._started = self._pending = False

    def _close(self) -> None:
        if self._stream is not None:
            devices.close_stream(self._stream)
        self._stream = self._resampler = None
        self._started = self._pending = False

    def _open(self) -> None:
        looked = self._lost
        if looked:
            look_again(self._device)
        self._lost = True  # until it is open
        try:
            self._open_known()
        except NoSoundDevice:
            if looked:
                raise
            look_again(self._device)  # plugged in since PortAudio last looked, perhaps
            self._open_known()
        self._lost = False

    def _open_known(self) -> None:
        device = devices.find(self._device, devices.known_devices())
        server = default_sink() if device.name in _SERVERS else None
        rates = self._rates(device, server)
        stream = devices.open_output(device, rates, self._block_s, self._latency_s)
        card_rate = round(stream.samplerate)
        try:
            resampler = Resampler(self._rate, card_rate) if card_rate != self._rate else None
        except BaseException:
            devices.close_stream(stream)  # else the next write would sound at the card's rate
            raise
        self._stream, self._resampler, self._name = stream, resampler, device.name
        wake_ms = self._output.wake_ms
        if wake_ms is None:
            kind = kind_of(device.name, server.name if server else None)
            wake_ms = kind.wake_ms if kind else self._output.usual_wake_ms
        self._wake_s = wake_ms / 1000

    def _rates(self, device: devices.Device, server: ServerSink | None) -> list[int]:
        """Rates to open the device at, Hz, best first."""
        if device.place:
            return [self._rate, device.rate, 48000, 44100]
        # The rest is for ALSA plugins that take one rate only.
        return [server.rate if server else DMIX_RATE, 44100, 48000, self._rate]
