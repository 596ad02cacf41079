"""How much of the beginning a sound output swallows after idle, and its latency: by listening.

A sweep is played and recorded. Its frequency rises steadily, so any stretch of it tells its place:
its last second tells when it began, and its first stretch that came through what was swallowed.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import NoSoundDevice
from edge.pcm import Samples
from edge.sound import devices
from edge.sound.sink import Sink

RATE = 48000
SWEEP_S, FROM_HZ, TO_HZ = 4.0, 400.0, 4400.0
LEVEL = 0.5
MARGIN_MS, STEP_MS = 50, 50
"""Added to what was swallowed, and what the sum is rounded up to."""
TRIES = 3
"""Measurements before what was swallowed is believed: each is some five seconds of sound."""
_TAIL_S = 1.0
_WINDOW_S, _HOP_S, _LAG_S = 0.020, 0.005, 0.002  # clocks drift 0.4 ms in a sweep (100 ppm)
_ALIKE = 0.4  # correlation of a window that came through; noise of this length gives about 0.1
_SURE = 0.2  # correlation of the tail, in a loud room
_IN_A_ROW = 3
_NOISE_MS = 15  # a swallowed beginning that is shorter is the windows' grain
_BLOCK_S = 0.01

Recording = Callable[[], tuple[Samples, float]]
"""All that was recorded, float32 (frames,) at RATE, and when it began, monotonic seconds."""


@dataclass(frozen=True)
class Heard:
    """The result of one recording of a sweep."""

    latency_s: float
    """Seconds from the first write to the recording."""
    swallowed_s: float
    """Seconds of the sweep's beginning that are missing."""


@dataclass(frozen=True)
class Calibration:
    """Sound that a device swallows after idle, and silence that should go first, milliseconds."""

    device: str
    latency_ms: int
    swallowed_ms: int
    wake_ms: int
    left_ms: int
    """Sound that was still swallowed although `wake_ms` of silence went first."""


def sweep(rate: int = RATE) -> Samples:
    """Make the sound to be played, float32 (frames,)."""
    t = np.arange(round(SWEEP_S * rate)) / rate
    phase = 2 * np.pi * (FROM_HZ * t + (TO_HZ - FROM_HZ) / (2 * SWEEP_S) * t**2)
    return (LEVEL * np.sin(phase)).astype(np.float32)


def calibrate(
    open_sink: Callable[[float], Sink],
    record: Callable[[], AbstractContextManager[Recording]],
    idle: Callable[[], None],
) -> Calibration:
    """Play and record; if the beginning was swallowed, play again behind enough silence.

    `open_sink(wake_ms)` opens the output; `idle()` leaves it alone until it sleeps.

    Raises NoSoundDevice, also if the recording does not hear the sweep.
    """
    first, name = _least(open_sink, 0, record, idle)
    swallowed_ms = round(1000 * first.swallowed_s)
    wake_ms, left_ms = 0, 0
    if swallowed_ms > _NOISE_MS:
        wake_ms = STEP_MS * math.ceil((swallowed_ms + MARGIN_MS) / STEP_MS)
        again, _ = _least(open_sink, wake_ms, record, idle)
        left_ms = round(1000 * again.swallowed_s)
    return Calibration(
        device=name,
        latency_ms=max(0, round(1000 * first.latency_s)),
        swallowed_ms=swallowed_ms if wake_ms else 0,
        wake_ms=wake_ms,
        left_ms=left_ms if left_ms > _NOISE_MS else 0,
    )


def listen(recorded: Samples, began: float, played: float) -> Heard:
    """Find the sweep in a recording: `recorded` is float32 (frames,) at RATE and began at `began`,
    the sweep was written at `played`, both monotonic seconds. Raises NoSoundDevice."""
    reference = sweep()
    tail = reference[-round(_TAIL_S * RATE) :]
    place, likeness = _find(tail, recorded)
    if likeness < _SURE:
        raise NoSoundDevice(
            f"the recording does not hear what is played: likeness {likeness:.2f} of 1, at least "
            f"{_SURE} is needed",
            "Put the microphone near the speaker, turn both up, or name another recording "
            "device: edge calibrate-audio --record NAME",
        )
    start = place - (len(reference) - len(tail))
    window, hop, lag = (round(s * RATE) for s in (_WINDOW_S, _HOP_S, _LAG_S))
    run = 0
    for offset in range(0, len(reference) - window, hop):
        low = start + offset - lag
        if low < 0:
            continue
        piece = recorded[low : low + window + 2 * lag]
        _, likeness = _find(reference[offset : offset + window], piece)
        run = run + 1 if likeness >= _ALIKE else 0
        if run == _IN_A_ROW:
            swallowed = max(0, offset - (_IN_A_ROW - 1) * hop)
            return Heard(began + start / RATE - played, swallowed / RATE)
    return Heard(began + start / RATE - played, SWEEP_S - _TAIL_S)


def _least(
    open_sink: Callable[[float], Sink],
    wake_ms: float,
    record: Callable[[], AbstractContextManager[Recording]],
    idle: Callable[[], None],
) -> tuple[Heard, str]:
    """Measure until nothing is swallowed, at most TRIES times, and keep the least: a busy machine
    can only make a hole look like more."""
    found = []
    for _ in range(TRIES):
        found.append(_measure(open_sink(wake_ms), record, idle))
        if 1000 * found[-1][0].swallowed_s <= _NOISE_MS:
            break
    return min(found, key=lambda pair: pair[0].swallowed_s)


def _measure(
    sink: Sink, record: Callable[[], AbstractContextManager[Recording]], idle: Callable[[], None]
) -> tuple[Heard, str]:
    idle()
    try:
        with record() as recording:
            sink.write(np.zeros(1, np.float32))  # opens it, which is no latency
            played = time.monotonic()
            sink.write(sweep())
            sink.finish()
            recorded, began = recording()
            return listen(recorded, began, played), sink.name
    finally:
        sink.close()


def _find(part: Samples, whole: Samples) -> tuple[int, float]:
    """Find where `part` is most alike in `whole`, in frames, and how much: 1 is equal in shape."""
    if len(whole) < len(part):
        return 0, 0.0
    size = len(whole) + len(part)
    spectrum = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size))
    products = np.fft.irfft(spectrum, size)[: len(whole) - len(part) + 1]
    energy = np.concatenate([[0.0], np.cumsum(whole.astype(np.float64) ** 2)])
    norms = np.sqrt((energy[len(part) :] - energy[: -len(part)]) * float(np.sum(part**2)))
    likeness: npt.NDArray[np.float64] = np.abs(products) / np.maximum(norms, 1e-6)
    place = int(np.argmax(likeness))
    return place, float(likeness[place])


@contextlib.contextmanager
def microphone(name: str | None) -> Iterator[Recording]:
    """Record from the input called `name` (None: the default); raises NoSoundDevice."""
    stream = devices.open_input(devices.find(name, devices.known_devices("input")), RATE)
    blocks: list[Samples] = []
    began: list[float] = []
    ended = threading.Event()
    lost: list[Exception] = []

    def read() -> None:
        frames, count = round(_BLOCK_S * RATE), 0
        try:
            while not ended.is_set():
                data, _ = stream.read(frames)
                count += frames
                blocks.append(_mono(data, stream.channels))
                began.append(time.monotonic() - count / RATE)
        except devices.sounddevice().PortAudioError as error:
            lost.append(error)

    def recording() -> tuple[Samples, float]:
        ended.set()
        thread.join()
        if lost:
            raise devices.lost(lost[0])
        return np.concatenate(blocks), min(began)  # the block that waited least for this thread

    stream.start()
    thread = threading.Thread(target=read, name="recording", daemon=True)
    thread.start()
    try:
        yield recording
    finally:
        ended.set()
        thread.join()
        stream.abort()
        devices.close_stream(stream)


def _mono(data: Any, channels: int) -> Samples:
    pcm = np.frombuffer(data, np.int16).reshape(-1, channels)
    return (pcm[:, 0] / np.float32(32768)).astype(np.float32)
